"""Everything that was recorded of a real Jenkins and that we would ask for, file by file, and the facts that it is.

``data/jenkins/captured.json`` holds each answer with its status and the headers that matter, under the name of its
recording. Left out are answers to what is never asked: crumbs and other POSTs, console texts, RSS, pages of other
rights, and the answers without ``tree`` of which another one with it is here. ``tick.json``, ``slow_scan.json`` and
their like are read by ``test_jenkins_recorded``.
"""

import json

import msgspec
import pytest

from collectors.jenkins_api import JenkinsApi
from collectors.jenkins_details import NO_STAGES, JenkinsDetails
from collectors.jenkins_facts import definitions_in, executors_of, queue_items
from collectors.jenkins_jobs import JobFacts
from collectors.jenkins_ledger import BuildLedger
from collectors.jenkins_probe import probe_jenkins
from collectors.jenkins_queries import tick
from collectors.jenkins_wire import Builds, Computers, Definitions, Queue, Root
from collectors.transport import VisitFailed
from statusdesk.config import JenkinsSettings
from tests.collectors.stage import DATA, Answer, eventually, staged
from tests.collectors.watched_jenkins import Watched

CAPTURED = json.loads((DATA / "jenkins" / "captured.json").read_text())
SETTINGS = JenkinsSettings(url="https://ci.example.org/jenkins/")
HTML = (("Content-Type", "text/html"),)

BUILDS = {
    # number, result, building, namespace, rule, what started it; parameters come first, second or third of the actions
    "job_deploy-api_tree": [
        (1, "SUCCESS", False, "staging", "parameter", "user"),
        (2, "SUCCESS", False, "dev-bob", "parameter", "upstream"),
        (3, "SUCCESS", False, "staging", "parameter", "user"),
        (4, "SUCCESS", False, "prod", "parameter", "user"),
        (5, "SUCCESS", False, "dev-alice", "parameter", "user"),
    ],
    "job_deploy-child_tree": [(1, "SUCCESS", False, "staging", "parameter", "upstream")],
    "job_deploy-disabled_tree": [],
    "job_deploy-neverbuilt_tree": [],
    "job_deploy-web_tree": [
        (1, "FAILURE", False, "staging", "parameter", "user"),
        (2, "FAILURE", False, "staging", "parameter", "upstream"),
        (3, "FAILURE", False, "staging", "parameter", "user"),
        (4, "FAILURE", False, "prod", "parameter", "user"),
        (5, "FAILURE", False, "dev-alice", "parameter", "user"),
    ],
    "job_deploy-worker_tree": [
        (1, "UNSTABLE", False, "dev-alice", "parameter", "user"),
        (2, "UNSTABLE", False, "staging", "parameter", "user"),
        (3, "UNSTABLE", False, "prod", "parameter", "user"),
        (4, "UNSTABLE", False, "dev-alice", "parameter", "user"),
    ],
    "job_git-deploy_tree": [(1, "SUCCESS", False, "staging", "parameter", "user")],
    "job_matrix-deploy_tree": [(1, "FAILURE", False, "staging", "parameter", "user")],
    "job_pipe-calls-deploy_tree": [
        (1, "FAILURE", False, "staging", "parameter", "user"),
        (2, "SUCCESS", False, "staging", "parameter", "user"),
    ],
    "job_pipe-decl_tree": [  # the first ones of a Jenkinsfile have no parameters and ran with the default
        (1, "FAILURE", False, "dev-alice", "default", "user"),
        (2, "FAILURE", False, "dev-alice", "default", "user"),
        (3, "SUCCESS", False, "dev-alice", "default", "user"),
        (4, "SUCCESS", False, "dev-alice", "parameter", "user"),
    ],
    "job_pipe-deploy_tree": [
        (1, "FAILURE", False, "staging", "parameter", "user"),
        (2, "FAILURE", False, "staging", "parameter", "user"),
    ],
    "job_pipe-input_tree": [
        (1, "FAILURE", False, "prod", "parameter", "user"),
        (2, None, True, "prod", "parameter", "user"),
    ],
    "job_pipe-notbuilt_tree": [
        (1, "FAILURE", False, "qa", "parameter", "user"),
        (2, "NOT_BUILT", False, "qa", "parameter", "user"),
    ],
    "job_pipe-unstable_tree": [
        (1, "FAILURE", False, "qa", "parameter", "user"),
        (2, "UNSTABLE", False, "qa", "parameter", "user"),
    ],
    "job_seed-all-jobs_tree": [(1, "FAILURE", False, None, "", "user")],  # its box was emptied
    "job_vault-renew-payments_tree": [
        (number, "SUCCESS", False, "staging", "parameter", "timer") for number in range(1, 9)
    ],
    "folder_job_tree": [
        (1, "SUCCESS", False, "team-a", "parameter", "user"),
        (2, "SUCCESS", False, "team-a", "parameter", "user"),
    ],
    "job_deploy-slow_running": [(1, None, True, "prod", "parameter", "")],  # a CauseAction without causes
    "job_aborted": [(2, "ABORTED", False, None, "", ""), (3, None, True, None, "", "")],  # without any actions
}


def body(name):
    return CAPTURED[name]["body"]


def ledger_of(job, answer):
    """Return what is told of the builds of a recorded job, with its own parameter's default."""
    definitions = definitions_in(msgspec.convert({"jobs": [answer]}, Definitions), SETTINGS)
    default = definitions[job].namespace_default if job in definitions else None
    builds = msgspec.convert(answer, Builds).builds
    return BuildLedger(SETTINGS, ()).take(job, f"job/{job}/", default, builds).news


@pytest.mark.parametrize("name", BUILDS)
def test_builds_of_a_job(name):
    answer = body(name)
    told = ledger_of(answer.get("fullName") or answer["name"], answer)
    seen = [(b.number, b.result, b.building, b.namespace, b.attributed_by, b.trigger) for b in told]
    assert seen == BUILDS[name]
    for build in told:
        assert build.duration_ms == 0 if build.building else build.duration_ms > 0
        assert all(name != "API_TOKEN" for name, _ in build.parameters), "a password has no value"


def test_every_recorded_job_is_in_the_table():
    assert {name for name, each in CAPTURED.items() if "builds" in (each.get("body") or ())} == set(BUILDS)


def test_a_build_that_runs_with_a_result_is_running():
    """A Pipeline after its ``unstable()``; that recording was not kept, so another one is made to run again."""
    answer = json.loads(json.dumps(body("job_pipe-unstable_tree")))
    answer["builds"][0] |= {"building": True, "duration": 0}
    newest = ledger_of("pipe-unstable", answer)[-1]
    assert (newest.number, newest.building, newest.result) == (2, True, "UNSTABLE")


def test_branches_of_a_multibranch_project_with_their_url_and_commit():
    project = body("mb_service_tree")
    branches = {}
    for job in project["jobs"]:
        [build] = ledger_of(job["fullName"], job)[-1:]
        branches[job["fullName"]] = build
    feature = branches["mb-service/feature%2Flogin"]
    assert feature.url == "https://ci.example.org/jenkins/job/mb-service/job/feature%252Flogin/1/"
    assert (feature.git_branch, feature.git_revision) == ("feature/login", "21258ecf25f48244138737d8935a367dd4894642")
    assert feature.trigger == "branch"
    assert {build.attributed_by for build in branches.values()} == {"default"}


def test_all_jobs_of_a_root_with_a_folder_a_matrix_and_branches():
    root = body("root_monitor_tree")
    seen = {job.name: job for job in JobFacts(SETTINGS).seen(msgspec.convert(root, Root))}
    assert len(seen) == 25
    assert {"team-a/deploy-orders", "mb-service/main", "matrix-deploy", "deploy-neverbuilt"} <= seen.keys()
    definitions = definitions_in(msgspec.convert(root, Definitions), SETTINGS)
    assert definitions["deploy-api"].parameters == ("NAMESPACE", "API_TOKEN", "REGION", "DRY_RUN")
    for name in ("root_default", "root_tree_names", "view_all", "quieting_root", "sec_mon_api"):
        known = JobFacts(SETTINGS).seen(msgspec.convert(body(name), Root))
        assert {job.name for job in known} <= seen.keys(), name
    assert msgspec.convert(body("quieting_root"), Root).quietingDown is True
    assert JobFacts(SETTINGS).seen(msgspec.convert(body("folder_team-a"), Root)) != []


def test_executors_of_a_running_pipeline_and_of_an_idle_node():
    told = {
        name: executors_of(msgspec.convert(body(name), Computers), False, SETTINGS)
        for name in ("computer", "computer_tree", "computer_running_pipeline", "sec_mon_computer")
    }
    assert all(each.total == 2 and not each.offline for each in told.values())
    running = {name: [url.rpartition("/job/")[2] for url, _ in each.running] for name, each in told.items()}
    assert running["computer_running_pipeline"] == ["pipe-input/2/"]


def test_what_waits_is_attributed_by_what_it_will_run_with():
    items = [
        (item.job, item.namespace, item.blocked)
        for name in ("queue", "quieting_queue")
        for item in queue_items(msgspec.convert(body(name), Queue), {}, SETTINGS)
    ]
    assert items[-1] == ("deploy-api", "qa", False)
    assert all(namespace for _, namespace, _ in items)


PAGES = {
    "err_404_build": ("Misconfigured", "404"),
    "err_404_job": ("Misconfigured", "404"),
    "lastBuild_never": ("Misconfigured", "404"),
    "wfapi_on_freestyle": ("Misconfigured", "404"),
    "err_bad_tree": ("ServerError", "error page (500)"),
    "err_503_starting": ("ServerError", "is starting (503)"),
    "sec_anon_api": ("Forbidden", "grant hudson.model.Hudson.Read to anonymous"),
    "sec_anon_crumb": ("Forbidden", "grant hudson.model.Hudson.Read to anonymous"),
    "sec_anon_job": ("Forbidden", "grant hudson.model.Hudson.Read to anonymous"),
    "sec_lim_job": ("Forbidden", "grant Overall/Read and Job/Read"),
    "sec_badtoken": ("Unauthorized", "refuses the user monitor (401)"),
}


def answer_of(name):
    known = CAPTURED[name]
    content = known["page"].encode() if "page" in known else json.dumps(known["body"]).encode()
    return Answer(known["status"], content, tuple(known["headers"].items()))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_a_problem_with_a_sentence_and_nothing_of_the_page(name):
    problem, says = PAGES[name]
    with staged(lambda asked: answer_of(name)) as stage, pytest.raises(VisitFailed) as caught:
        JenkinsApi(JenkinsSettings(url=stage.url, user="monitor", timeout_s=5.0), "a-token").get(tick(1), Root)
    assert (caught.value.problem, caught.value.status) == (problem, CAPTURED[name]["status"])
    assert says in caught.value.message
    assert "<" not in caught.value.message and "JSESSIONID" not in caught.value.message


def test_every_recorded_page_is_in_the_table():
    assert {name for name, each in CAPTURED.items() if "page" in each} == set(PAGES)


def test_an_account_without_rights_sees_no_jobs_and_is_named():
    """200 and no jobs: never a Jenkins in which all is well."""

    def answer(asked):
        return answer_of("whoAmI" if "whoAmI" in asked.path else "sec_lim_api")

    with staged(answer) as stage:
        with Watched(stage) as watched:
            visit = eventually(lambda: watched.visits() and watched.visits()[-1])
            assert visit.shown == 0
            assert visit.who == body("whoAmI")["name"] == "anonymous"
        settings = JenkinsSettings(url=stage.url, user="monitor")
        told = probe_jenkins(settings, lambda: "a-token")
        assert any(not each.ok for each in told)


def looked_up(page, stages=None):
    def answer(asked):
        if "wfapi" in asked.path:
            return answer_of(stages) if stages else answer_of("wfapi_on_freestyle")
        return answer_of(page)

    with staged(answer) as stage:
        details = JenkinsDetails(JenkinsSettings(url=stage.url), None, lambda: 1_000_000)
        return details.of("a-job", body(page)["number"], body(page)["url"])


def test_a_page_of_a_matrix_build_shows_its_runs():
    found = looked_up("job_matrix_build1")
    assert [url.rpartition("REGION=")[2] for url, _ in found.runs] == ["eu/1/", "us/1/"]
    assert (found.result, found.stages_problem) == ("FAILURE", NO_STAGES)
    assert found.parameters == (("NAMESPACE", "staging"),)


def test_pages_of_builds_and_stages():
    pipeline = looked_up("job_pipe-deploy_last", "wfapi_decl_describe")
    assert [stage.name for stage in pipeline.stages] == [each["name"] for each in body("wfapi_decl_describe")["stages"]]
    assert pipeline.stages and {stage.status for stage in pipeline.stages} <= {"SUCCESS", "FAILED", "NOT_EXECUTED"}
    freestyle = looked_up("job_deploy-api_build1")
    assert dict(freestyle.parameters)["NAMESPACE"] == "staging"
    assert dict(freestyle.parameters).get("API_TOKEN", "") == ""
    child = looked_up("job_deploy-child_build1")
    assert child.causes and "release-train" in child.causes[0]
    git = looked_up("git_build1")
    assert (git.problem, git.result) == ("", "SUCCESS")
