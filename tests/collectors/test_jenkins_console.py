"""The console log of a build: only ``X-Text-Size`` is an offset, and nothing is shown twice."""

import re
import time

import pytest

from collectors.jenkins_console import JenkinsConsole
from collectors.log_lines import LineKind, NotWholeError
from collectors.transport import VisitFailed
from statusdesk.config import JenkinsSettings
from tests.collectors.kubernetes_server import wait_for
from tests.collectors.log_sought import sought
from tests.collectors.stage import Answer, Asked, staged

PLAIN = ("Content-Type", "text/plain;charset=utf-8")
LOGIN = Answer(200, b"<!DOCTYPE html><title>Sign in</title>", (("Content-Type", "text/html; charset=utf-8"),))
HALF = Answer(200, b"one\r\nt", (PLAIN,))


class Console:
    """A build's log. ``ends`` says that the build is over; ``fault`` may answer in its place, once."""

    def __init__(self) -> None:
        self.log = b""
        self.ends = False
        self.starts: list[int] = []
        self.faults: list[Answer] = []
        self.sizes_grow = 7
        """What the log on the disk is longer than what is sent: its lines there carry notes."""

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/job/team/job/deploy%20it/lastBuild/api/json":
            return Answer(200, b'{"number": 42}', (("Content-Type", "application/json"),))
        if asked.path != "/job/team/job/deploy%20it/42/logText/progressiveText":
            return Answer(404, b"no such thing")
        if self.faults:
            return self.faults.pop(0)
        start = int(re.search(r"start=(\d+)", asked.query)[1])
        self.starts.append(start)
        size = len(self.log) * self.sizes_grow
        body = self.log if start > size else self.log[start // self.sizes_grow :]
        headers = (("X-Text-Size", str(size)), ("Content-Type", "text/plain"))
        return Answer(200, body, headers if self.ends else (*headers, ("X-More-Data", "true")))


@pytest.fixture
def console():
    return Console()


@pytest.fixture
def follow(console):
    made = []
    with staged(console) as stage:

        def start(job="team/deploy it", build=None, **how):
            settings = JenkinsSettings(url=stage.url, timeout_s=2.0)
            made.append(JenkinsConsole(settings, None, job, build, poll_s=0.02, **how))
            made[-1].start()
            return made[-1]

        yield start
        for one in made:
            one.close()


def gather(source, count, lines):
    wait_for(lambda: lines.extend(source.take(100)) or len(lines) >= count, str(lines))
    return [line.text for line in lines]


def test_a_running_build_is_followed_by_the_sizes_that_jenkins_tells(console, follow):
    console.log = b"Started by user\r\n[Pipeline] sta"
    source, lines = follow(), []
    assert gather(source, 1, lines) == ["Started by user"]
    console.log += b"ge\r\nFinished: SUCCESS"
    gather(source, 2, lines)
    console.ends = True
    assert gather(source, 3, lines) == ["Started by user", "[Pipeline] stage", "Finished: SUCCESS"]
    wait_for(lambda: source.status().ended)
    assert source.origins[0].short == "team/deploy it #42"
    assert all(start % console.sizes_grow == 0 for start in console.starts) and 31 * 7 in console.starts


def test_an_answer_that_breaks_off_is_read_again_without_repetition(console, follow):
    console.log, console.ends = b"one\r\ntwo\r\nthree\r\n", True
    broken = Answer(200, b"one\r\ntw", (("X-Text-Size", "999"), PLAIN), length=60)
    console.faults = [broken, broken, Answer(503, b"Starting Jenkins")]
    source, lines = follow(build=42), []
    assert gather(source, 3, lines) == ["one", "two", "three"]
    wait_for(lambda: source.status().ended and not source.status().problems)


def test_a_log_that_has_become_shorter_is_told(console, follow):
    console.log = b"one\r\ntwo\r\n"
    source, lines = follow(), []
    gather(source, 2, lines)
    console.log, console.ends = b"new\r\n", True
    assert gather(source, 4, lines) == ["one", "two", "the log was written anew", "new"]
    assert lines[2].kind == LineKind.MARK


def test_a_build_that_is_not_there_is_told(follow):
    source = follow(build=7)
    wait_for(lambda: source.status().ended)
    status = source.status()
    assert "404" in status.problems[0] and not status.found


def test_secrets_are_hidden_and_all_of_it_can_be_searched(console, follow):
    console.log = b"login s." + b"A" * 24 + b"\r\nERROR one\r\nfine\r\nERROR two\r\n"
    console.ends = True
    source, lines = follow(), []
    assert gather(source, 4, lines)[0] == "login [hidden]"
    assert [line.text for line in source.older(4, (), 1, sought("ERROR"))] == ["ERROR two"]


def test_a_long_line_is_had_whole(console, follow):
    console.log, console.ends = b"a" * 100_000 + b"\r\nend\r\n", True
    source, lines = follow(), []
    gather(source, 2, lines)
    assert lines[0].cut_bytes > 80_000
    assert source.whole(lines[0]) == "a" * 100_000


def test_a_size_that_is_none_is_told_and_asked_again(console, follow):
    console.log, console.ends = b"one\r\n", True
    console.faults = [Answer(200, b"one\r\n", (("X-Text-Size", "12, 12"), PLAIN))] * 2
    source, lines = follow(build=42), []
    wait_for(lambda: any("'12, 12'" in each for each in source.status().problems) or source.status().ended)
    assert gather(source, 1, lines) == ["one"]
    wait_for(lambda: source.status().ended and not source.status().problems)


def test_a_fault_of_ours_is_told_and_ends_the_following(console, follow, monkeypatch):
    console.log = b"one\r\n"
    monkeypatch.setattr(JenkinsConsole, "_push", lambda *_: {}["fault"])
    source = follow(build=42)
    wait_for(lambda: source.status().ended)
    assert "statusdesk itself" in source.status().problems[0]


def test_all_of_a_log_is_read_no_further_than_its_bound_and_not_after_closing(console, follow, monkeypatch):
    console.log, console.ends = b"line\r\n" * 60_000, True
    source, lines = follow(build=42, follow=False), []
    monkeypatch.setattr("collectors.jenkins_console.MAX_BYTES", 100_000)
    assert 0 < len(source.older(60_000, (), 100_000)) < 30_000
    source.close()
    assert source.older(60_000, (), 100_000) == [] and lines == []


@pytest.mark.parametrize(("answer", "told"), [(LOGIN, "a web page, a login page?"), (HALF, "without X-Text-Size")])
def test_what_is_no_log_of_jenkins_is_told_and_asked_again(console, follow, answer, told):
    console.log = b"one\r\n"
    source, lines = follow(build=42), []
    gather(source, 1, lines)
    console.faults = [answer] * 3
    wait_for(lambda: any(told in each for each in source.status().problems))
    assert source.status().open == 0 and not source.status().ended
    console.log, console.ends = b"one\r\ntwo\r\nFinished: SUCCESS\r\n", True
    assert gather(source, 3, lines) == ["one", "two", "Finished: SUCCESS"]
    wait_for(lambda: source.status().ended and not source.status().problems)
    assert not console.faults


@pytest.mark.parametrize(
    ("answer", "told"),
    [(Answer(302, b"", (("Location", "/login?from=x"),)), "redirects"), (Answer(403, b"no"), "403")],
)
def test_a_refusal_while_a_build_is_followed_is_told_and_asked_again(console, follow, answer, told):
    console.log = b"one\r\n"
    source, lines = follow(build=42, refused_wait_s=0.05), []
    gather(source, 1, lines)
    console.faults = [answer] * 2
    wait_for(lambda: any(told in each for each in source.status().problems))
    assert source.status().open == 0 and not source.status().ended
    console.log, console.ends = b"one\r\ntwo\r\n", True
    assert gather(source, 2, lines) == ["one", "two"]
    wait_for(lambda: source.status().ended and not source.status().problems)


def test_a_refusal_is_not_asked_again_at_once(console, follow):
    console.log = b"one\r\n"
    source = follow(build=42)
    gather(source, 1, [])
    error = VisitFailed("Forbidden", "no", status=403)
    assert not source._is_hopeless(error) and source._wait_s(error, 1) == 30.0
    assert source._is_hopeless(VisitFailed("NotFound", "gone", status=404))


@pytest.mark.parametrize("answer", [LOGIN, HALF, Answer(200, b"", (PLAIN, ("X-Text-Size", "9")))])
def test_what_is_no_log_of_jenkins_ends_as_a_problem_where_nothing_is_followed(console, follow, answer):
    console.faults = [answer] * 10
    source = follow(build=42, follow=False)
    wait_for(lambda: source.status().ended)
    assert source.status().problems and source.take(10) == []


def test_what_is_no_log_of_jenkins_is_no_older_line_and_no_whole_one(console, follow):
    console.log, console.ends = b"a" * 100_000 + b"\r\n", True
    source, lines = follow(build=42), []
    gather(source, 1, lines)
    console.faults = [LOGIN, LOGIN]
    with pytest.raises(VisitFailed, match="login page"):
        source.older(5, (), 10)
    with pytest.raises(NotWholeError, match="login page"):
        source.whole(lines[0])
    console.log = b"b" * 100_000 + b"\r\n"
    with pytest.raises(NotWholeError, match="does not hold this line"):
        source.whole(lines[0])


def test_only_lines_before_those_that_are_there_are_older(console, follow):
    console.log, console.ends = b"".join(b"line %d\r\n" % n for n in range(10)), True
    source, lines = follow(build=42), []
    gather(source, 10, lines)
    assert [line.text for line in source.older(0, (), 5)] == []
    assert [line.text for line in source.older(4, (), 3)] == ["line 1", "line 2", "line 3"]


def test_what_was_written_anew_is_counted_from_its_own_beginning(console, follow):
    console.log = b"one\r\ntwo\r\nthr"
    source, lines = follow(), []
    gather(source, 2, lines)
    wait_for(lambda: source._offset)
    console.faults = [Answer(200, b"new\r\n", (("X-Text-Size", "10"), PLAIN, ("X-More-Data", "true")), length=60)]
    console.log, console.ends = b"new\r\nend\r\n", True
    assert gather(source, 6, lines) == ["one", "two", "thr", "the log was written anew", "new", "end"]
    assert [line.text for line in source.older(4, (), 5)] == ["new"]
    assert source.older(3, (), 5) == []


def test_closing_ends_an_answer_that_is_being_read(console, follow):
    head = (PLAIN, ("X-Text-Size", "1000"), ("X-More-Data", "true"))
    console.faults = [Answer(200, b"\n" + b"x" * 9, head, drip_s=1.5)]
    source = follow(build=42)
    gather(source, 1, [])
    source.close()
    began_s = time.monotonic()
    wait_for(lambda: source._done)
    assert time.monotonic() - began_s < 1.0, "the next letter comes after a second and a half"
