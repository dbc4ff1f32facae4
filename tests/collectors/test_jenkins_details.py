"""A build's page: stages as recorded, change sets, parameters without secrets; asked only when it is opened."""

import json

from collectors.jenkins_details import NO_STAGES, JenkinsDetails
from statusdesk.config import JenkinsSettings
from statusdesk.text import MAX_CHARS
from tests.collectors.stage import DATA, Answer, Asked, staged

URL = "http://elsewhere/job/team/job/pipe/7/"
COMMIT = {"commitId": "ab" * 20, "msg": "Fix \x1b[31mit", "author": {"fullName": "Alice"}, "timestamp": -1}
PARAMETERS = [
    {"name": "NAMESPACE", "value": "staging"},
    {"name": "DRY_RUN", "value": False},
    {"name": "DB_PASSWORD"},
    {"name": "API_TOKEN", "value": "abc"},
    {"name": "NOTE", "value": "hvs.CAESIJ1234567890abcdefghijklmnop"},
]
PAGE = {
    "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
    "number": 7,
    "result": "FAILURE",
    "building": False,
    "displayName": "#7",
    "actions": [{}, {"causes": [{"shortDescription": "Started by timer"}]}, {"parameters": PARAMETERS}],
    "changeSets": [{"items": [COMMIT] * 40}, {"items": [COMMIT] * 20}],
}


class Jenkins:
    def __init__(self, page: dict, stages: str = "") -> None:
        self.page = page
        self.stages = (DATA / "jenkins" / stages).read_bytes() if stages else None

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/job/team/job/pipe/7/api/json":
            return Answer(200, json.dumps(self.page).encode())
        if asked.path == "/job/team/job/pipe/7/wfapi/describe" and self.stages is not None:
            return Answer(200, self.stages)
        return Answer(404, b"<html>Not found</html>", (("Content-Type", "text/html"),))


class Clock:
    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


def looked_up(jenkins: Jenkins, times: int = 1):
    with staged(jenkins) as stage:
        details = JenkinsDetails(JenkinsSettings(url=stage.url), None, Clock())
        return [details.of("team/pipe", 7, URL) for _ in range(times)][-1], stage.paths()


def test_stages_as_recorded():
    found, _ = looked_up(Jenkins(PAGE, "wfapi_describe.json"))
    assert [(stage.name, stage.status) for stage in found.stages] == [
        ("Checkout", "SUCCESS"),
        ("Deploy", "SUCCESS"),
        ("Verify", "FAILED"),
    ]
    assert "script returned exit code" in found.stages[2].error
    assert (found.stages_problem, found.waits_for_input) == ("", False)


def test_a_build_that_waits_for_a_person_says_so():
    found, _ = looked_up(Jenkins(PAGE | {"building": True, "result": None}, "wfapi_input_describe.json"))
    assert found.waits_for_input and found.building
    assert "PAUSED_PENDING_INPUT" in [stage.status for stage in found.stages]


def test_commits_causes_and_parameters_without_secrets():
    found, _ = looked_up(Jenkins(PAGE, "wfapi_describe.json"))
    assert (len(found.commits), found.more_commits) == (50, 10)
    assert (found.commits[0].author, found.commits[0].at_ms) == ("Alice", None)
    assert "\x1b" not in found.commits[0].message
    assert found.causes == ("Started by timer",)
    assert found.parameters == (("NAMESPACE", "staging"), ("DRY_RUN", "false"))


def test_without_the_stage_view_the_rest_is_there():
    found, _ = looked_up(Jenkins(PAGE))
    assert (found.stages, found.stages_problem, found.problem) == ((), NO_STAGES, "")
    assert found.commits


def test_what_is_no_pipeline_is_not_asked_for_stages_and_old_runs_of_a_matrix_are_left_out():
    runs = [{"number": 7, "url": "http://x/REGION=eu/7/", "result": "SUCCESS"}, {"number": 3, "url": "http://x/old/3/"}]
    found, asked = looked_up(Jenkins(PAGE | {"_class": "hudson.matrix.MatrixBuild", "runs": runs}))
    assert asked == ["/job/team/job/pipe/7/api/json"]
    assert found.runs == (("http://x/REGION=eu/7/", "SUCCESS"),)


def test_one_that_has_ended_is_asked_once_and_one_that_has_gone_says_so():
    _, asked = looked_up(Jenkins(PAGE, "wfapi_describe.json"), times=3)
    assert len(asked) == 2
    with staged(lambda asked: Answer(404, b"")) as stage:
        gone = JenkinsDetails(JenkinsSettings(url=stage.url), None, Clock()).of("team/pipe", 7, URL)
    assert "does not have this build any more" in gone.problem


def test_a_token_that_is_cut_in_two_by_the_longest_text_is_hidden():
    token = "hvs." + "A1b2" * 24
    long = "x" * (MAX_CHARS - 12) + " " + token
    page = PAGE | {"description": long, "displayName": long, "result": "FAILURE"}
    found, _ = looked_up(Jenkins(page, "wfapi_describe.json"))
    assert "hvs.A1" not in found.description + found.display_name
