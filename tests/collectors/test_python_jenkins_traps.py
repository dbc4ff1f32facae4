"""Each trap of python-jenkins, sprung by its plain use, and what our connection makes of the same answers."""

import json
import socket

import jenkins
import pytest
import requests

from collectors.jenkins_api import JenkinsApi
from collectors.jenkins_facts import path_of
from collectors.jenkins_queries import one_build, tick
from collectors.jenkins_wire import BuildWire, Root
from collectors.transport import VisitFailed
from statusdesk.config import JenkinsSettings
from tests.collectors.stage import DATA, Answer, Asked, staged

HTML = (("Content-Type", "text/html"),)
TICK = (DATA / "jenkins" / "tick.json").read_bytes()


def naive(url: str) -> jenkins.Jenkins:
    return jenkins.Jenkins(url, "monitor", "a-token", timeout=5)


def ours(url: str) -> JenkinsApi:
    return JenkinsApi(JenkinsSettings(url=url, user="monitor", timeout_s=5.0), "a-token")


def failure(url: str) -> VisitFailed:
    with pytest.raises(VisitFailed) as raised:
        ours(url).get(tick(1), Root)
    return raised.value


@pytest.mark.parametrize("status", [502, 503, 504, 429])
def test_a_restart_is_no_deleted_job(status):
    with staged(lambda asked: Answer(status, b"<html>Starting Jenkins</html>", HTML)) as stage:
        with pytest.raises(jenkins.JenkinsException, match="does not exist"):
            naive(stage.url).get_job_info("deploy")
        told = failure(stage.url)
        assert (told.problem, told.status) == ("ServerError", status)


def test_retries_are_not_made_by_the_library_and_not_counted_on():
    client = jenkins.Jenkins("http://127.0.0.1:9", retries=3)
    assert client._session.get_adapter("http://127.0.0.1:9/").max_retries.total == 0, "set to 3, and without effect"


def test_a_refused_connection_is_one_sentence():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(requests.exceptions.ConnectionError) as raised:
        naive(url).get_job_info("deploy")
    assert not isinstance(raised.value, jenkins.JenkinsException)
    assert failure(url).problem == "Unreachable"


def test_a_crumb_that_is_refused_does_not_fail_what_is_only_read():
    def answer(asked: Asked) -> Answer:
        return Answer(403, b"no", HTML) if "crumbIssuer" in asked.path else Answer(200, TICK)

    with staged(answer) as stage:
        with pytest.raises(jenkins.JenkinsException):
            naive(stage.url).get_all_jobs()
        asked = len(stage.asked)
        assert ours(stage.url).get(tick(1), Root).jobs
        assert stage.paths()[asked:] == ["/api/json"]


@pytest.mark.parametrize(("status", "problem"), [(401, "Unauthorized"), (403, "Forbidden"), (500, "ServerError")])
def test_three_refusals_are_three_problems_and_no_page_is_in_their_text(status, problem):
    page = b"<html>" + b"secret page " * 500 + b"</html>"
    with staged(lambda asked: Answer(status, page, HTML)) as stage:
        client = naive(stage.url)
        client.crumb = False
        with pytest.raises(jenkins.JenkinsException, match="Possibly authentication failed") as raised:
            client.get_info()
        assert "secret page" in str(raised.value)
        told = failure(stage.url)
        assert told.problem == problem
        assert "secret page" not in told.message


def test_a_login_page_is_named_as_one():
    with staged(lambda asked: Answer(200, b"<html>Sign in</html>", HTML)) as stage:
        with pytest.raises(ValueError):
            naive(stage.url).get_queue_info()
        told = failure(stage.url)
        assert told.problem == "NotJson"
        assert "login page" in told.message


def test_a_version_is_read_from_any_answer_and_not_asked_without_credentials():
    def answer(asked: Asked) -> Answer:
        if "Authorization" not in asked.headers:
            return Answer(403, b"", HTML)
        return Answer(200, TICK, (("Content-Type", "application/json"), ("X-Jenkins", "2.541.1")))

    with staged(answer) as stage:
        with pytest.raises(jenkins.BadHTTPException):
            naive(stage.url).get_version()
        api = ours(stage.url)
        api.get(tick(1), Root)
        assert api.version == "2.541.1"


def test_a_branch_with_a_slash_is_asked_by_the_url_that_jenkins_gave():
    url = "http://elsewhere/job/mb/job/feature%252Flogin/"

    def answer(asked: Asked) -> Answer:
        found = asked.path == "/job/mb/job/feature%252Flogin/3/api/json" or "%252F" in asked.path
        return Answer(200, json.dumps({"number": 3}).encode()) if found else Answer(404, b"", HTML)

    with staged(answer) as stage:
        client = naive(stage.url)
        client.crumb = False
        with pytest.raises(jenkins.JenkinsException, match="does not exist"):
            client.get_build_info("mb/feature/login", 3)
        assert ours(stage.url).get(one_build(path_of(url), 3), BuildWire).number == 3


def test_a_job_whose_colour_is_blue_may_have_failed_for_a_namespace():
    """The naive picture of the same answers: two builds of one job, the newer for another namespace."""
    builds = [
        {"number": 1, "result": "FAILURE", "actions": [{"parameters": [{"name": "NAMESPACE", "value": "production"}]}]},
        {"number": 2, "result": "SUCCESS", "actions": [{"parameters": [{"name": "NAMESPACE", "value": "dev-a"}]}]},
    ]
    job = {"_class": "x", "color": "blue", "lastBuild": builds[1], "builds": builds}
    with staged(lambda asked: Answer(200, json.dumps(job).encode())) as stage:
        client = naive(stage.url)
        client.crumb = False
        info = client.get_job_info("deploy")
        assert info["color"] == "blue"
        assert info["lastBuild"]["result"] == "SUCCESS"
        newest = {a["parameters"][0]["value"]: b["result"] for b in info["builds"] for a in b["actions"]}
        assert newest["production"] == "FAILURE", "what test_fleet shows right for 500 jobs"
