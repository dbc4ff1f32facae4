"""A build that Jenkins never tells: it is named, hides no other, and a restart makes no difference to that."""

import threading

import pytest

from collectors.jenkins_history import History
from statusdesk.clock import system_clock
from statusdesk.facts import Job, Visited
from tests.collectors.small_jenkins import build
from tests.collectors.stage import Answer, eventually, staged
from tests.collectors.test_jenkins_builds import known
from tests.collectors.test_jenkins_history import DAY_MS, all_read, numbers, pages, told
from tests.collectors.watched_jenkins import TICK, Watched, small_jenkins  # noqa: F401  (the fixture jenkins)

REFUSED = [
    Answer(500),
    Answer(403, b"no"),
    Answer(200, b"<html>", (("Content-Type", "text/html"),)),
]


def refusing(answer, job="broken", number=2):
    """A fault: one build is never told by itself, and no page that holds it."""

    def fault(asked):
        of_job = asked.path == f"/job/{job}/api/json"
        return answer if of_job or asked.path == f"/job/{job}/{number}/api/json" else None

    return fault


def given_up(watched):
    """Visit until nothing is asked any more, and once more: what was given up is told by the visit after."""
    eventually(lambda: watched.visit() == TICK and not watched.collector.busy())
    watched.visit()


@pytest.mark.parametrize("answer", REFUSED, ids=["500", "403", "no JSON"])
def test_one_that_was_given_up_is_named_and_is_no_gap(jenkins, answer):
    jenkins.add("broken", *map(build, range(1, 21)))
    jenkins.add("gone", *map(build, (1, 3)))
    jenkins.fault = refusing(answer)
    with staged(jenkins) as stage, Watched(stage, [known("broken", 1), known("gone", 1)]) as watched:
        assert told(watched, "broken").gap_after == 1
        given_up(watched)
        job = told(watched, "broken")
        assert (job.complete, job.gap_after, job.gaps, job.unreadable) == (True, None, (), (2,))
        assert not job.is_whole and job.is_read
        assert numbers(watched, "broken") == set(range(3, 21))
        assert told(watched, "gone").is_whole and told(watched, "gone").unreadable == ()
        part = [each for each in watched.heard.of(Visited) if each.scope == "builds"][-1]
        assert not part.ok and "builds of 1 job could not be read, such as broken #2: " in part.message


def test_a_restart_says_the_same_and_reads_nothing_anew(jenkins):
    jenkins.add("broken", *map(build, range(1, 21)))
    jenkins.fault = refusing(REFUSED[0])
    with staged(jenkins) as stage, Watched(stage, [known("broken", 1)]) as watched:
        given_up(watched)
        before, last = told(watched, "broken"), watched.builds()["broken", 20]
    with staged(jenkins) as stage, Watched(stage, [last], stored=[before]) as watched:
        assert told(watched, "broken").unreadable == before.unreadable == (2,), "from the first visit on"
        given_up(watched)
        after = told(watched, "broken")
        assert (after.complete, after.gap_after, after.unreadable) == (True, None, (2,))
        assert (after.read_builds, after.read_from) == (before.read_builds, before.read_from)
        assert (numbers(watched, "broken"), pages(stage, "broken")) == (set(), [])


def test_a_restart_before_it_is_given_up_asks_for_it_alone_and_comes_to_the_same(jenkins):
    jenkins.add("broken", *(build(number, namespace=None) for number in range(1, 301)))
    with staged(jenkins) as stage, Watched(stage) as watched:
        all_read(watched)
        read, last = told(watched, "broken"), watched.builds()["broken", 300]
    jenkins.add("broken", *map(build, range(301, 304)))
    jenkins.fault = refusing(REFUSED[0], number=301)
    with staged(jenkins) as stage, Watched(stage, [last], stored=[read]) as watched:
        watched.wait_builds(("broken", 302))
        watched.visit()
        halfway, newest = told(watched, "broken"), watched.builds()["broken", 303]
        assert (halfway.gap_after, halfway.gaps, halfway.unreadable) == (300, ((300, 302),), ())
        assert halfway.complete and not halfway.is_read, "its older builds are; newer ones are not"
    jenkins.defaults["broken"] = "production"
    with staged(jenkins) as stage, Watched(stage, [newest], stored=[halfway]) as watched:
        assert told(watched, "broken").gap_after == 300
        given_up(watched)
        job = told(watched, "broken")
        assert (job.complete, job.gap_after, job.unreadable) == (True, None, (301,))
        assert (job.read_builds, job.read_from) == (300, 1)
        assert (numbers(watched, "broken"), pages(stage, "broken")) == (set(), [])


@pytest.mark.parametrize("gone", [False, True])
def test_one_that_can_be_read_at_last_or_was_deleted_is_settled(jenkins, gone):
    jenkins.add("broken", *map(build, (1, 2, 3)))
    jenkins.fault = refusing(REFUSED[0])
    with staged(jenkins) as stage, Watched(stage, [known("broken", 1)]) as watched:
        given_up(watched)
        assert told(watched, "broken").unreadable == (2,)
        jenkins.fault = lambda asked: None
        if gone:
            del jenkins.jobs["broken"][2]
        watched.collector._scan_due_s = 0.0
        watched.visit()
        eventually(lambda: not watched.collector._errands.given_up())
        watched.visit()
        assert told(watched, "broken").is_whole
        assert numbers(watched, "broken") == ({3} if gone else {2, 3})
        assert [each for each in watched.heard.of(Visited) if each.scope == "builds"][-1].ok


def test_a_job_that_is_renamed_takes_it_along(jenkins):
    jenkins.add("broken", *map(build, (1, 2, 3)))
    jenkins.fault = lambda asked: Answer(500) if asked.path.endswith("/2/api/json") else None
    with staged(jenkins) as stage, Watched(stage, [known("broken", 1)]) as watched:
        given_up(watched)
        jenkins.jobs["renamed"] = jenkins.jobs.pop("broken")
        watched.visit()
        assert told(watched, "renamed").unreadable == (2,)
        given_up(watched)
        assert told(watched, "renamed").unreadable == (2,)
        jenkins.jobs["renamed"] = {1: build(1, timestamp=1_900_000_000_000)}
        watched.visit()
        eventually(lambda: watched.visit() == TICK)
        assert told(watched, "renamed").unreadable == (), "it was one of another job"


def test_a_page_that_brings_it_tells_it_and_settles_it(jenkins):
    jenkins.add("broken", *map(build, range(1, 41)))
    with staged(jenkins) as stage, Watched(stage, backfill_builds=10) as watched:
        all_read(watched)
        cut, last = told(watched, "broken"), watched.builds()["broken", 40]
    jenkins.add("broken", *map(build, (41, 42)))
    jenkins.fault = lambda asked: Answer(500) if asked.path == "/job/broken/41/api/json" else None
    more = {"stored": [cut], "backfill_builds": 10}
    with staged(jenkins) as stage, Watched(stage, [last], **more) as watched:
        given_up(watched)
        job, newest = told(watched, "broken"), watched.builds()["broken", 42]
        assert (job.cut, job.unreadable, numbers(watched, "broken")) == (True, (41,), {42})
    for number in range(31, 41):
        del jenkins.jobs["broken"][number]  # all that are older move up
    with staged(jenkins) as stage, Watched(stage, [newest], stored=[job], backfill_builds=100) as watched:
        eventually(lambda: ("broken", 41) in watched.builds())
        eventually(lambda: watched.visit() and not told(watched, "broken").unreadable)


def test_one_that_a_page_brought_before_it_was_missed_is_not_asked_for_and_not_named(jenkins):
    jenkins.add("broken", *map(build, range(1, 31)))
    more = threading.Event()

    def fault(asked):
        if asked.path == "/job/broken/api/json":
            assert more.wait(5)  # the first page is answered when there are builds that no visit has seen
        return Answer(500) if asked.path == "/job/broken/33/api/json" else None

    jenkins.fault = fault
    with staged(jenkins) as stage, Watched(stage) as watched:
        jenkins.add("broken", *map(build, range(31, 35)))
        more.set()
        all_read(watched)
        assert watched.visit() == TICK, "none of them is asked for once more"
        given_up(watched)
        assert numbers(watched, "broken") == set(range(1, 35))
        assert told(watched, "broken").is_whole
        assert not [each for each in watched.heard.of(Visited) if each.scope == "builds"]


def test_one_that_is_older_than_what_is_kept_is_not_named_or_asked_for_any_more(jenkins):
    now_ms = system_clock()
    days_ago = {1: 9, 2: 8, 3: 4, 4: 3, 5: 0}
    jenkins.add("broken", *(build(number, timestamp=now_ms - ago * DAY_MS) for number, ago in days_ago.items()))
    refused = [f"/job/broken/{number}/api/json" for number in (2, 4)]
    jenkins.fault = lambda asked: Answer(500) if asked.path in refused else None
    clock = [now_ms]
    first = known("broken", 1, started_ms=now_ms - 9 * DAY_MS)
    with staged(jenkins) as stage, Watched(stage, [first], clock=lambda: clock[0], keep_s=10 * 86_400.0) as watched:
        given_up(watched)
        assert told(watched, "broken").unreadable == (2, 4)
        clock[0] += 7 * DAY_MS
        watched.visit()
        assert told(watched, "broken").unreadable == (4,), "the third one is not kept any more, and is later"
        watched.collector._scan_due_s = 0.0
        given_up(watched)
        assert [stage.paths().count(path) for path in refused] == [5, 10]
        part = [each for each in watched.heard.of(Visited) if each.scope == "builds"][-1]
        assert "such as broken #4: " in part.message
        clock[0] += 4 * DAY_MS
        watched.visit()
        assert told(watched, "broken").is_whole
        assert [each for each in watched.heard.of(Visited) if each.scope == "builds"][-1].ok


@pytest.mark.parametrize(("ago", "left"), [(11, ()), (9, (2,))])
def test_a_restart_forgets_one_by_the_next_build_that_is_stored(jenkins, ago, left):
    now_ms = system_clock()
    jenkins.add("broken", *(build(number, timestamp=now_ms - (ago - number + 3) * DAY_MS) for number in range(1, 10)))
    jenkins.fault = refusing(REFUSED[0])
    stored = Job(source="jenkins", name="broken", url="u", complete=True, read_builds=9, read_from=1, unreadable=(2,))
    there = [known("broken", number, started_ms=now_ms - (ago - number + 3) * DAY_MS) for number in (3, 8, 9)]
    with staged(jenkins) as stage, Watched(stage, there, stored=[stored], keep_s=10 * 86_400.0) as watched:
        assert told(watched, "broken").unreadable == left
        given_up(watched)
        assert told(watched, "broken").unreadable == left
        assert ("/job/broken/2/api/json" in stage.paths()) is bool(left)


def test_an_older_one_that_is_given_up_later_is_no_gap_and_not_named():
    day = [100]
    began = {1: 1, 5: 50, 9: 99}

    def next_ms(job, number):
        return min((on * DAY_MS for each, on in began.items() if each > number), default=None)

    history = History(50, 60 * DAY_MS, lambda: day[0] * DAY_MS, lambda at_ms: at_ms, {}, next_ms)
    history.missed("broken", 1, 5)
    history.gave_up("broken", 3)
    assert history.told()["broken"].unreadable == (3,)
    day[0] = 111
    history.age({"broken"})
    assert history.told()["broken"].gaps == ((1, 3), (3, 5)), "two are still asked for"
    assert (history.is_old("broken", 3), history.is_old("broken", 2)) == (True, False)
    del began[5]
    for number in (2, 4):
        history.gave_up("broken", number)
    assert history.told()["broken"].unreadable == (4,) and history.is_old("broken", 2)
