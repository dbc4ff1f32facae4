"""A Jenkins whose clock is off: its builds are told in our clock, and still recognized by their own."""

import datetime
import email.utils
import time

import msgspec
import pytest

from collectors.jenkins_probe import probe_jenkins
from collectors.jenkins_skew import ServerClock, as_stamped, in_ours
from statusdesk.clock import ClockSteps, system_clock
from statusdesk.config import JenkinsSettings
from statusdesk.facts import Changed, Job, QueueItem, Visited
from tests.collectors.small_jenkins import SmallJenkins, build
from tests.collectors.stage import staged
from tests.collectors.test_jenkins_history import all_read, told
from tests.collectors.watched_jenkins import TICK, Watched

NOW_MS = 1_800_000_000_300
MINUTE_MS = 60_000


def heard(clock, *off_ms, took_ms=50):
    """Let answers come from a server whose clock is so far ahead; the header is cut to whole seconds."""
    for each in off_ms:
        said = email.utils.formatdate((NOW_MS + each) // 1000, usegmt=True)
        clock.heard({"Date": said}, datetime.timedelta(milliseconds=took_ms))
    return clock


@pytest.mark.parametrize(
    ("off_ms", "skew_ms"),
    [
        ((600_000,), 0),  # one answer may be one that a proxy has kept
        ((600_000, 600_000), 599_700),
        ((-600_000, -600_000), -599_251),
        ((600_000, 600_000, 0, 600_000), 599_700),
        ((0, 0, -600_000), 0),
        ((4_900, 4_900, 4_900), 0),
        ((600_000, 600_000, 603_000, 603_000, 603_000), 599_700),  # it moves by steps
        ((600_000, 600_000, 0, 0, 0), 0),
        ((600_000, 600_000, 700_000, 700_000, 700_000), 699_700),
    ],
)
def test_a_clock_is_off_by_what_the_newest_answers_agree_on(off_ms, skew_ms):
    assert heard(ServerClock(lambda: NOW_MS), *off_ms).ms == skew_ms


def test_our_own_clock_that_is_set_is_known_at_the_first_answer_to_be_off():
    even, set_by = [0], [0]
    clock = ServerClock(lambda: NOW_MS + even[0] + set_by[0], ClockSteps(lambda: even[0]))
    for set_ms in (0, 600_000, -600_000, 0):
        set_by[0] = set_ms
        for _ in range(3):
            heard(clock, even[0])
            assert clock.ms == -set_ms
            even[0] += 10_000


def test_the_clock_that_a_collector_is_given_is_the_one_that_jenkins_is_held_against():
    set_by = [7_200_000]
    jenkins = SmallJenkins()
    jenkins.add("deploy", build(1))
    clocks = {"clock": lambda: system_clock() + set_by[0], "steps": ClockSteps(system_clock)}
    with staged(jenkins) as stage, Watched(stage, **clocks) as watched:
        assert watched.visits()[-1].detail.endswith(", its clock 2h behind ours")
        set_by[0] = 14_400_000
        watched.visit()
        assert watched.visits()[-1].detail.endswith(", its clock 4h behind ours")


def test_what_takes_long_to_answer_is_not_off():
    assert heard(ServerClock(lambda: NOW_MS), *[-30_000] * 3, took_ms=31_000).ms == 0
    assert heard(ServerClock(lambda: NOW_MS), *[-60_000] * 3, took_ms=31_000).ms == -28_301


@pytest.mark.parametrize("said", ["", "yesterday", "Tue, 99 Nov 2026 00:00:00 GMT", "0"])
def test_a_header_that_says_nothing_is_ignored(said):
    clock = heard(ServerClock(lambda: NOW_MS), 600_000, 600_000)
    for _ in range(5):
        clock.heard({"Date": said}, datetime.timedelta())
    assert clock.ms == 599_700


@pytest.mark.parametrize("zone", ["", " -0000"])
def test_a_date_without_a_zone_makes_no_clock_be_off(monkeypatch, zone):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        said = email.utils.formatdate(NOW_MS // 1000, usegmt=True).removesuffix(" GMT") + zone
        clock = ServerClock(lambda: NOW_MS)
        for _ in range(3):
            clock.heard({"Date": said}, datetime.timedelta())
    finally:
        monkeypatch.undo()
        time.tzset()
    assert clock.ms == 0


def test_a_clock_is_told_from_a_minute_on():
    little = heard(ServerClock(lambda: NOW_MS), *[-59_000] * 2)
    assert little.ms == -58_251 and (little.words, little.problem("J")) == ("", None)
    much = heard(ServerClock(lambda: NOW_MS), *[-600_000] * 2)
    assert much.words == "its clock 10m behind ours"
    assert much.problem("Jenkins at x").message.startswith("Jenkins at x has its clock 10m behind ours, which is")


@pytest.fixture
def jenkins():
    return SmallJenkins()


@pytest.mark.parametrize("ahead_s", [600.0, -600.0])
def test_builds_are_told_in_our_clock_and_recognized_by_that_of_jenkins(jenkins, ahead_s):
    ahead_ms, now_ms = round(ahead_s * 1000), system_clock()
    starts = [now_ms + ahead_ms - ago * MINUTE_MS for ago in (9, 6, 3)]
    jenkins.add("deploy", *(build(n, timestamp=start) for n, start in enumerate(starts, 1)))
    with staged(jenkins) as stage:
        stage.ahead_s = ahead_s
        with Watched(stage) as watched:
            told = watched.wait_builds(("deploy", 1), ("deploy", 2), ("deploy", 3))
            for number, ago in enumerate((9, 6, 3), 1):
                assert abs(told["deploy", number].started_ms - (now_ms - ago * MINUTE_MS)) < 2500
            [job] = watched.sweeps(Job)[-1].facts
            assert abs(job.last_ms - (now_ms - 3 * MINUTE_MS)) < 2500
            [clock] = [each for each in watched.heard.of(Visited) if each.scope == "clock"]
            assert clock.problem == "SkewedClock" and f"10m {'ahead' if ahead_s > 0 else 'behind'}" in clock.message
            assert "its clock 10m" in watched.visits()[-1].detail
        with Watched(stage, known=tuple(told.values())) as again:
            assert again.visit() == TICK
            assert again.heard.of(Changed) == [], "no build is another, though its start is told otherwise"
            stage.ahead_s = 0.0
            for _ in range(2):
                again.visit()
            jenkins.add("deploy", build(4, timestamp=(last_ms := system_clock())))
            again.visit()
            assert again.builds()["deploy", 4].started_ms == last_ms
            assert set(again.builds()) == {("deploy", 4)}
            assert [each.ok for each in again.heard.of(Visited) if each.scope == "clock"][-1]


@pytest.mark.parametrize("ahead_s", [600.0, -600.0])
def test_when_the_oldest_build_read_began_is_the_same_after_each_restart(jenkins, ahead_s):
    ahead_ms, now_ms, day_ms = round(ahead_s * 1000), system_clock(), 86_400_000
    kept = {"keep_s": 90 * 86_400.0, "backfill_builds": 50}
    jenkins.add("deploy", *(build(n, timestamp=now_ms + ahead_ms - (80 - n) * day_ms) for n in range(1, 80)))
    with staged(jenkins) as stage:
        stage.ahead_s = ahead_s
        with Watched(stage, **kept) as watched:
            all_read(watched)
            job, last = told(watched), watched.builds()["deploy", 79]
        assert abs(job.read_from_ms - (now_ms - 50 * day_ms)) < 2500
        read = [(job.read_from_ms, job.complete, job.cut)]
        for _ in range(3):
            with Watched(stage, [last], stored=[job], **kept) as watched:
                watched.visit()
                job = told(watched)
                read.append((job.read_from_ms, job.complete, job.cut))
        assert len(set(read)) == 1


@pytest.mark.parametrize(("after_s", "complete"), [(-300, False), (300, True)])
def test_what_is_not_kept_is_held_against_our_clock(jenkins, after_s, complete):
    now_ms, clock = system_clock(), [system_clock()]
    jenkins.add("deploy", *(build(n, timestamp=now_ms + 600_000 - (80 - n) * 86_400_000) for n in range(1, 80)))
    with staged(jenkins) as stage:
        stage.ahead_s = 600.0
        kept = {"keep_s": 60 * 86_400.0, "backfill_builds": 50}
        with Watched(stage, clock=lambda: clock[0], **kept) as watched:
            all_read(watched)
            clock[0] += 10 * 86_400_000 + after_s * 1000
            stage.ahead_s = 600.0 + (clock[0] - now_ms) / 1000
            watched.visit()
            assert (told(watched).complete, told(watched).cut) == (complete, True)


def test_what_is_told_is_what_was_known(jenkins):
    with staged(jenkins) as stage, Watched(stage) as watched:
        jenkins.add("deploy", build(1))
        watched.visit()
        one = msgspec.structs.replace(watched.builds()["deploy", 1], skew_ms=600_000)
    assert in_ours(one).started_ms == one.started_ms - 600_000
    assert as_stamped(in_ours(one)) == one


def test_what_waits_is_told_in_our_clock(jenkins, monkeypatch):
    now_ms = system_clock()
    find = jenkins._find
    item = {"id": 1, "why": "x", "inQueueSince": now_ms + 600_000 - MINUTE_MS, "task": {"name": "deploy", "url": ""}}
    monkeypatch.setattr(jenkins, "_find", lambda asked: {"items": [item]} if "queue" in asked.path else find(asked))
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage:
        stage.ahead_s = 600.0
        with Watched(stage) as watched:
            [waiting] = watched.sweeps(QueueItem)[-1].facts
            assert abs(waiting.since_ms - (now_ms - MINUTE_MS)) < 2500


@pytest.mark.parametrize(("ahead_s", "said"), [(600.0, "10m ahead of ours"), (20.0, "")])
def test_check_warns_of_a_clock(jenkins, ahead_s, said):
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage:
        stage.ahead_s = ahead_s
        found = probe_jenkins(JenkinsSettings(url=stage.url, user="monitor"), None)
    clocks = [each for each in found if each.what == "jenkins clock"]
    assert [(each.ok, each.warns) for each in clocks] == [(False, True)] * bool(said)
    assert all(said in each.message for each in clocks)
