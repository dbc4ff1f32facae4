"""Each trap of python-jenkins, sprung by its plain use, and what our connection makes of the same answers."""

import json
import logging
import socket
import threading
import time

import jenkins
import pytest
import requests

from collectors import transport
from collectors.jenkins_api import JenkinsApi
from collectors.jenkins_details import NO_STAGES, JenkinsDetails
from collectors.jenkins_errands import Errand, JenkinsErrands
from collectors.jenkins_facts import executors_of, path_of
from collectors.jenkins_queries import RUNNING, one_build, tick
from collectors.jenkins_wire import BuildWire, Computers, Root
from collectors.transport import VisitFailed
from statusdesk.config import JenkinsSettings
from tests.collectors.stage import DATA, Answer, Asked, eventually, staged

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
        assert (told.problem, told.status) == ("RateLimited" if status == 429 else "ServerError", status)


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


def test_a_silent_jenkins_is_given_up():
    """The library's own patience has no end, if none is given."""
    released = threading.Event()
    with staged(lambda asked: Answer(200, TICK, hold=released)) as stage:
        client = jenkins.Jenkins(stage.url)
        client.crumb = False
        waiting = threading.Thread(target=client.get_info, daemon=True)
        waiting.start()
        began = time.monotonic()
        with pytest.raises(VisitFailed) as raised:
            JenkinsApi(JenkinsSettings(url=stage.url, timeout_s=0.3), "").get(tick(1), Root)
        assert raised.value.problem == "Timeout"
        assert time.monotonic() - began < 3
        assert waiting.is_alive()
        released.set()
        waiting.join(10)


ONE_RUNS = {
    "busyExecutors": 1,
    "totalExecutors": 2,
    "computer": [
        {
            "displayName": "agent-1",
            "offline": False,
            "executors": [
                {
                    "number": 0,
                    "progress": 40,
                    "currentExecutable": {"number": 7, "url": "http://elsewhere/job/team/job/deploy/7/"},
                },
                {"number": 1, "progress": -1, "currentExecutable": None},
            ],
        }
    ],
}


def test_a_running_build_is_named_by_its_whole_path_and_with_one_request():
    def answer(asked: Asked) -> Answer:
        told = ONE_RUNS if asked.path == "/computer/api/json" else ONE_RUNS["computer"][0]
        return Answer(200, json.dumps(told).encode())

    with staged(answer) as stage:
        client = naive(stage.url)
        client.crumb = False
        [build] = client.get_running_builds()
        assert build["name"] == "team", "of team/deploy"
        assert len(stage.asked) == 2, "and one more for each node"
        found = executors_of(ours(stage.url).get(RUNNING, Computers), False, JenkinsSettings(url=stage.url))
        assert found.running == ((f"{stage.url}/job/team/job/deploy/7/", 40),)
        assert len(stage.asked) == 3


def test_a_build_without_stages_says_so():
    page = {"_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "number": 7, "result": "SUCCESS"}

    def answer(asked: Asked) -> Answer:
        return Answer(404, b"", HTML) if "wfapi" in asked.path else Answer(200, json.dumps(page).encode())

    with staged(answer) as stage:
        client = naive(stage.url)
        client.crumb = False
        assert client.get_build_stages("deploy", 7) is None
        details = JenkinsDetails(JenkinsSettings(url=stage.url), None, lambda: 1)
        assert details.of("deploy", 7, f"{stage.url}/job/deploy/7/").stages_problem == NO_STAGES


def test_an_endless_text_is_not_taken_into_memory(monkeypatch):
    """A console text is taken whole by the library; whatever answers us may not be larger than an answer can be."""
    monkeypatch.setattr(transport.read_body, "__defaults__", (100_000,))
    endless = b"x" * 1_000_000
    with staged(lambda asked: Answer(200, endless, HTML)) as stage:
        client = naive(stage.url)
        client.crumb = False
        assert len(client.get_build_console_output("deploy", 7)) == 1_000_000
        assert failure(stage.url).problem in ("NotJson", "ServerError")


def test_each_thread_has_a_connection_of_its_own():
    made, done = [], []

    def connect() -> JenkinsApi:
        made.append(JenkinsApi(JenkinsSettings(url=stage.url, timeout_s=5.0), ""))
        return made[-1]

    with staged(lambda asked: Answer(200, b'{"number": 1}')) as stage:
        errands = JenkinsErrands(connect, 3, lambda errand, builds: done.append(errand), done.append, done.append)
        errands.start()
        errands.ask([Errand("deploy", "job/deploy/", number) for number in range(30)])
        eventually(lambda: len(done) == 30)
        errands.close()
    used = [api for api in made if api._client is not None]
    assert 1 <= len(made) <= 3
    assert len({id(api._client._session) for api in used}) == len(used)


def test_the_environment_gives_no_credentials_and_nothing_of_it_is_logged(monkeypatch, tmp_path, caplog):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("JENKINS_API_EXTRA_HEADERS", "X-Proxy-Pass: very-secret")
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    for bundle in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(bundle, raising=False)
    with staged(lambda asked: Answer(200, TICK)) as stage, caplog.at_level(logging.WARNING):
        client = jenkins.Jenkins(stage.url, timeout=5)
        client.crumb = False
        client.get_info()
        assert "very-secret" in caplog.text
        assert "Authorization" in stage.asked[-1].headers, "of somebody else"
        assert client._session.verify is False
        caplog.clear()
        api = JenkinsApi(JenkinsSettings(url=stage.url, timeout_s=5.0), "")
        api.get(tick(1), Root)
        assert "very-secret" not in caplog.text
        assert "Authorization" not in stage.asked[-1].headers
        assert api._client._session.verify is not False
