"""Every way in which Jenkins may fail to answer becomes a problem and one sentence, without HTML or secrets."""

import logging
import socket
import threading
import time

import pytest

from collectors.authorities import authorities
from collectors.jenkins_api import JenkinsApi
from collectors.jenkins_probe import probe_jenkins
from collectors.jenkins_queries import tick
from collectors.jenkins_wire import Root
from collectors.pace import Pace
from collectors.transport import VisitFailed, plain_url, retry_after_s
from statusdesk.config import JenkinsSettings
from statusdesk.facts import Visited
from tests.collectors.small_jenkins import SmallJenkins, build
from tests.collectors.stage import DATA, Answer, eventually, staged
from tests.collectors.watched_jenkins import Watched

HTML = (("Content-Type", "text/html"),)
SECRET = "11aa22bb33cc44dd55ee66ff"


def page(name):
    return (DATA / "jenkins" / name).read_bytes()


def settings(url, **more):
    return JenkinsSettings(url=url, **({"user": "monitor", "timeout_s": 0.4} | more))


def failed(url, **more):
    """Ask once; returns the failure after looking whether it is fit to be shown."""
    with pytest.raises(VisitFailed) as caught:
        JenkinsApi(settings(url, **more), SECRET).get(tick(1), Root)
    error = caught.value
    assert error.message.startswith("Jenkins at http")
    assert error.message.isprintable()
    assert len(error.message) < 300
    for hidden in ("<", SECRET, "Traceback", "HTTPConnectionPool", "Basic "):
        assert hidden not in error.message
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return error


ANSWERS = {
    "401": (Answer(401, page("bad_token_401.html"), HTML), "Unauthorized", "refuses the user monitor (401)"),
    "403": (
        Answer(
            403,
            page("anonymous_403.html"),
            (*HTML, ("X-You-Are-Authenticated-As", "anonymous"), ("X-Required-Permission", "hudson.model.Hudson.Read")),
        ),
        "Forbidden",
        "grant hudson.model.Hudson.Read to anonymous",
    ),
    "403 of a proxy": (Answer(403, b"", HTML), "Forbidden", "grant Overall/Read and Job/Read to monitor"),
    "404": (Answer(404, page("missing_404.html"), HTML), "Misconfigured", "check [jenkins] url"),
    "429": (Answer(429, b"", (("Retry-After", "17"),)), "RateLimited", "asks for fewer requests (429)"),
    "500": (Answer(500, b"<html>" + b"x" * 30_000, HTML), "ServerError", "fails with an error page (500)"),
    "502": (Answer(502, b"<html>Bad Gateway", HTML), "ServerError", "proxy before it"),
    "503 starting": (Answer(503, page("starting_503.html"), HTML), "ServerError", "is starting (503)"),
    "503": (Answer(503, b"", HTML), "ServerError", "overloaded (503)"),
    "504": (Answer(504, b"", HTML), "ServerError", "overloaded (504)"),
    "302": (
        Answer(302, b"", (("Location", "https://sso.example.org/in?x=1"),)),
        "Misconfigured",
        "sso.example.org/in ",
    ),
    "418": (Answer(418, b"", HTML), "Misconfigured", "answers 418"),
    "login page": (Answer(200, b"\n<!DOCTYPE html><html>Sign in", HTML), "NotJson", "a login page?"),
    "text": (Answer(200, b"OK", HTML), "NotJson", "does not answer JSON"),
    "empty": (Answer(200, b""), "NotJson", "nothing at all"),
    "cut off": (Answer(200, b'{"jobs":[{"fullName":"dep'), "NotJson", "cut off"),
    "other shape": (Answer(200, b'{"jobs":{"a":1}}'), "NotJson", "another shape"),
    "deep": (Answer(200, b'{"jobs":[' * 50_000), "NotJson", "cut off or of another shape"),
    "shorter than told": (Answer(200, b'{"jobs":[', length=500), "Unreachable", "broke the connection"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_each_answer_is_a_problem_with_a_sentence(case):
    answer, problem, says = ANSWERS[case]
    with staged(lambda asked: answer) as stage:
        error = failed(stage.url)
        assert len(stage.asked) == 1
    assert error.problem == problem
    assert says in error.message
    assert error.retry_after_s == (17.0 if case == "429" else None)


def test_a_refused_connection():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = failed(f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert (error.problem, "refuses the connection" in error.message) == ("Unreachable", True)


def test_an_unknown_host():
    error = failed("http://jenkins.invalid")
    assert (error.problem, "host name has no address" in error.message) == ("Unreachable", True)


def test_no_tls_where_it_is_expected():
    with staged(lambda asked: Answer()) as stage:
        error = failed(stage.url.replace("http://", "https://"))
    assert (error.problem, "TLS fails" in error.message) == ("Unreachable", True)


def test_a_ca_file_that_is_not_there():
    error = failed("https://127.0.0.1:1", ca_file="/no/such/file.pem")
    assert (error.problem, "ca_file does not exist" in error.message) == ("Misconfigured", True)


@pytest.mark.parametrize("url", ["http://", "http://[bad", "nonsense://x"])
def test_an_address_that_is_none(url):
    with pytest.raises(VisitFailed) as caught:
        JenkinsApi(settings(url), SECRET).get(tick(1), Root)
    assert caught.value.problem == "Misconfigured"


def test_accepting_and_never_answering_times_out():
    with staged(lambda asked: Answer(hold=threading.Event())) as stage:
        began = time.monotonic()
        error = failed(stage.url)
        assert time.monotonic() - began < 3
    assert (error.problem, "does not answer in time" in error.message) == ("Timeout", True)


def test_an_answer_that_drips_is_bounded_as_a_whole():
    with staged(lambda asked: Answer(200, b'{"jobs":[' + b" " * 4000, drip_s=0.05)) as stage:
        began = time.monotonic()
        error = failed(stage.url)
        assert time.monotonic() - began < 5
    assert error.problem == "Timeout"


def test_a_connection_that_nobody_accepts_times_out():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        error = failed(f"http://127.0.0.1:{full.getsockname()[1]}")
        for filler in fillers:
            filler.close()
    assert error.problem == "Timeout"


def test_no_redirect_is_followed_with_the_credentials():
    with staged(lambda asked: Answer()) as other:
        with staged(lambda asked: Answer(302, b"", (("Location", other.url + "/login"),))) as stage:
            assert failed(stage.url).problem == "Misconfigured"
        assert other.asked == []


def test_nobody_elses_credentials_are_used(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with staged(SmallJenkins()) as stage:
        JenkinsApi(settings(stage.url, user=""), "").get(tick(1), Root)
        assert "Authorization" not in stage.asked[0].headers
        user_in_url = stage.url.replace("http://", "http://u:p@")
        JenkinsApi(settings(user_in_url, user=""), "").get(tick(1), Root)
        assert "Authorization" not in stage.asked[1].headers
        assert not any("crumb" in path for path in stage.paths())


def test_verification_stays_on_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    api = JenkinsApi(settings("https://127.0.0.1:1", ca_file=""), SECRET)
    assert api._open()._session.verify == authorities("") is not False
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/of/the/environment.pem")
    assert api._open()._session.verify == "/of/the/environment.pem"
    api = JenkinsApi(settings("https://127.0.0.1:1", ca_file="/of/the/settings.pem"), SECRET)
    assert api._open()._session.verify == "/of/the/settings.pem"


def test_the_proxy_of_the_environment_is_used(monkeypatch):
    with staged(SmallJenkins()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        JenkinsApi(settings("http://jenkins.invalid"), SECRET).get(tick(1), Root)
        assert [asked.headers["Host"] for asked in proxy.asked] == ["jenkins.invalid"]
        monkeypatch.setenv("no_proxy", ".invalid")
        assert failed("http://jenkins.invalid").problem == "Unreachable"


def test_extra_headers_are_not_logged(monkeypatch, caplog):
    monkeypatch.setenv("JENKINS_API_EXTRA_HEADERS", "Cookie: very-secret")
    with caplog.at_level(logging.DEBUG), staged(SmallJenkins()) as stage:
        JenkinsApi(settings(stage.url), SECRET).get(tick(1), Root)
        assert stage.asked[0].headers["Cookie"] == "very-secret"
    assert "very-secret" not in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("bad", ["two\nlines", "né", "tab\there"])
def test_a_token_that_cannot_be_sent_is_not_shown(bad):
    with pytest.raises(VisitFailed) as caught:
        JenkinsApi.connect(settings("http://x"), lambda: bad)
    assert caught.value.problem == "Misconfigured"
    assert bad not in str(caught.value)


def test_a_token_that_cannot_be_read_is_a_visit_that_failed():
    def read():
        raise OSError("file is missing")

    with pytest.raises(VisitFailed) as caught:
        JenkinsApi.connect(settings("http://x"), read)
    assert caught.value.message == "the Jenkins token: file is missing"


@pytest.mark.parametrize("case", ["401", "500", "login page", "cut off", "302"])
def test_the_collector_tells_keeps_what_it_knew_and_recovers(case):
    answer, problem, says = ANSWERS[case]
    jenkins = SmallJenkins()
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        told = len(watched.heard)
        jenkins.fault = lambda asked: answer
        assert watched.visit() == ["/api/json"]
        (visit,) = watched.heard[told:]
        assert (visit.ok, visit.problem) == (False, problem)
        assert says in visit.message
        jenkins.fault = lambda asked: None
        watched.visit()
        assert watched.visits()[-1].ok


def test_a_replaced_token_is_taken_without_a_failed_visit():
    jenkins = SmallJenkins()
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        wanted = {"header": None}
        stage.answer = lambda asked: (
            Answer(401) if asked.headers["Authorization"] != wanted["header"] else jenkins(asked)
        )
        watched.token = "a-new-token"
        wanted["header"] = "Basic bW9uaXRvcjphLW5ldy10b2tlbg=="
        watched.visit()
        assert watched.visits()[-1].ok


def test_a_fault_of_our_own_is_told_by_its_place_only(monkeypatch):
    jenkins = SmallJenkins()
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:

        def broken(*_):
            raise KeyError("secret text")

        monkeypatch.setattr("collectors.jenkins_jobs.jobs_in", broken)
        jenkins.add("deploy", build(2))
        watched.visit()
        visit = watched.visits()[-1]
        assert (visit.ok, visit.problem) == (False, "Internal")
        assert "KeyError (test_jenkins_faults.py:" in visit.message
        assert "secret text" not in visit.message


def test_stopping_does_not_wait_for_the_interval():
    with staged(SmallJenkins()) as stage:
        with Watched(stage):
            began = time.monotonic()
        assert time.monotonic() - began < 2


def test_back_off_doubles_to_its_limit_and_keeps_what_the_server_asks():
    pace = Pace(10.0, threading.Event())
    assert 9 <= pace.next_delay_s(True) <= 11
    delays = [pace.next_delay_s(False) for _ in range(6)]
    for delay, expected in zip(delays, (10, 20, 40, 60, 60, 60), strict=True):
        assert 0.9 * expected <= delay <= 1.1 * expected
    assert pace.next_delay_s(False, retry_after_s=100.0) == 100.0
    assert pace.next_delay_s(False, retry_after_s=1e9) == 300.0
    assert 9 <= pace.next_delay_s(True) <= 11


@pytest.mark.parametrize(("interval_s", "longest_s"), [(2.0, 12.0), (30.0, 60.0), (120.0, 120.0)])
def test_back_off_is_no_longer_than_a_few_intervals(interval_s, longest_s):
    pace = Pace(interval_s, threading.Event())
    delay_s = [pace.next_delay_s(False) for _ in range(9)][-1]
    assert 0.9 * longest_s <= delay_s <= 1.1 * longest_s


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("-3", 0.0), ("soon", None), (None, None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)
def test_retry_after(value, seconds):
    assert retry_after_s(value) == seconds


def test_addresses_are_shown_without_user_password_and_query():
    assert plain_url("https://u:p@ci.example.org:8443/jenkins/?token=x#y") == "https://ci.example.org:8443/jenkins"


def test_probes_say_what_works_and_what_to_grant():
    jenkins = SmallJenkins()
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage:
        assert all(probe.ok for probe in probe_jenkins(settings(stage.url), lambda: "t"))
        jenkins.jobs.clear()
        jenkins.fault = lambda asked: Answer(403) if asked.path.startswith("/queue") else None
        probes = {probe.what: probe for probe in probe_jenkins(settings(stage.url), lambda: "t")}
        assert not probes["jenkins jobs"].ok
        assert "grant Job/Read" in probes["jenkins jobs"].message
        assert not probes["jenkins queue"].ok
        assert probes["jenkins executors"].ok
    (probe,) = probe_jenkins(settings(stage.url), lambda: "t")
    assert not probe.ok
    assert "refuses the connection" in probe.message


def test_clients_made_at_once_log_no_headers(monkeypatch, caplog):
    """python-jenkins logs its environment variable, which may hold credentials, whenever a client is made."""
    monkeypatch.setenv("JENKINS_API_EXTRA_HEADERS", "Authorization: Basic c2VjcmV0")
    caplog.set_level(logging.DEBUG)
    apis = [JenkinsApi(JenkinsSettings(url="http://127.0.0.1:1"), "") for _ in range(16)]
    begin = threading.Barrier(len(apis))

    def make(api) -> None:
        begin.wait()
        api._open()

    threads = [threading.Thread(target=make, args=(api,)) for api in apis]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "c2VjcmV0" not in caplog.text
    assert not logging.getLogger().filters


def test_a_fault_in_taking_an_answer_ends_no_thread(monkeypatch):
    def broken(*_):
        raise KeyError("secret text")

    monkeypatch.setattr("collectors.jenkins_builds.JenkinsBuilds._missing", broken)
    jenkins = SmallJenkins()
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        jenkins.add("deploy", build(3))  # the one between is not there
        watched.visit()
        eventually(lambda: not watched.collector.busy())
        watched.visit()
        (part, *_) = [each for each in watched.heard.of(Visited) if each.scope == "builds" and not each.ok]
        assert part.problem == "Internal" and "secret text" not in part.message


def test_hostile_names_and_values_reach_nobody():
    jenkins = SmallJenkins()
    evil = "\x1b]0;x\x07[/x]\u202e"
    jenkins.add("evil", build(1, namespace="prod"), build(2, namespace=evil))
    jenkins.jobs["evil"][2]["actions"].append({"causes": [{"shortDescription": evil * 50}]})
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("evil", 1), ("evil", 2))
        told = watched.builds()[("evil", 2)]
        assert told.namespace == "[/x]"
        assert told.cause.isprintable()
        assert len(told.cause) <= 300
