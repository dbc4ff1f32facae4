"""How far back builds are read: page by page, to the end, to what is kept, or to as many as the settings allow."""

import re
import threading

import pytest
from msgspec.structs import replace

from collectors.jenkins_history import read_of
from statusdesk.clock import system_clock
from statusdesk.facts import Job
from tests.collectors.small_jenkins import build
from tests.collectors.stage import Answer, eventually, staged
from tests.collectors.test_jenkins_builds import known
from tests.collectors.watched_jenkins import TICK, Watched, small_jenkins  # noqa: F401  (the fixture jenkins)

DAY_MS = 86_400_000


def pages(stage, job="deploy"):
    """Return the pages of a job's builds that were asked for, in their order."""
    found = [
        re.search(r"(builds|allBuilds)\[.*\](\{\d+,\d+\})", asked.query)
        for asked in stage.asked
        if asked.path == f"/job/{job}/api/json"
    ]
    return [f"{each[1]}{each[2]}" for each in found]


def numbers(watched, job="deploy"):
    return {number for of_job, number in watched.builds() if of_job == job}


def told(watched, job="deploy"):
    """Return the job as the last visit told it."""
    return next(fact for fact in watched.sweeps(Job)[-1].facts if fact.name == job)


def all_read(watched):
    eventually(lambda: not watched.collector.busy())
    watched.visit()


@pytest.mark.parametrize(
    ("count", "asked"),
    [
        (49, ["builds{0,50}"]),
        (50, ["builds{0,50}"]),
        (51, ["builds{0,50}", "builds{49,100}"]),
        (100, ["builds{0,50}", "builds{49,100}"]),
        (120, ["builds{0,50}", "builds{49,100}", "allBuilds{99,199}"]),
        (299, ["builds{0,50}", "builds{49,100}", "allBuilds{99,199}", "allBuilds{198,298}", "allBuilds{297,397}"]),
    ],
)
def test_all_that_a_job_has_is_read_page_by_page_and_then_it_is_complete(jenkins, count, asked):
    jenkins.add("deploy", *map(build, range(11, 11 + count)))  # the first ten were rotated away
    with staged(jenkins) as stage, Watched(stage) as watched:
        assert not told(watched).complete
        all_read(watched)
        assert numbers(watched) == set(range(11, 11 + count))
        assert pages(stage) == asked
        assert (told(watched).complete, told(watched).cut) == (True, False)
        assert (told(watched).read_builds, told(watched).read_from) == (count, 11)
        assert watched.visit() == TICK


def test_of_a_job_with_too_many_builds_as_many_are_read_as_the_settings_say(jenkins):
    jenkins.add("deploy", *map(build, range(1, 401)))
    with staged(jenkins) as stage, Watched(stage, backfill_builds=230) as watched:
        all_read(watched)
        assert numbers(watched) == set(range(171, 401))
        assert pages(stage)[-1] == "allBuilds{198,230}"
        assert (told(watched).complete, told(watched).cut, told(watched).read_builds) == (False, True, 230)
        jenkins.add("deploy", build(401))
        assert not [path for path in watched.visit() if path.startswith("/job/")]


def test_no_build_is_read_that_is_older_than_what_is_kept(jenkins):
    now_ms = system_clock()
    jenkins.add("deploy", *(build(number, timestamp=now_ms - (300 - number) * DAY_MS) for number in range(1, 301)))
    jenkins.add("seldom", *(build(number, timestamp=now_ms - (60 - number) * 3 * DAY_MS) for number in range(1, 61)))
    with staged(jenkins) as stage, Watched(stage, keep_s=90 * 86_400.0) as watched:
        all_read(watched)
        assert pages(stage) == ["builds{0,50}", "builds{49,100}"]
        assert pages(stage, "seldom") == ["builds{0,50}"]
        assert told(watched).complete
        assert told(watched, "seldom").complete


def test_a_job_is_complete_as_soon_as_all_that_was_not_read_of_it_is_older_than_what_is_kept(jenkins):
    now_ms = system_clock()
    jenkins.add("deploy", *(build(number, timestamp=now_ms - (80 - number) * DAY_MS) for number in range(1, 80)))
    with staged(jenkins) as stage, Watched(stage, keep_s=90 * 86_400.0, backfill_builds=50) as watched:
        all_read(watched)
        cut, last = told(watched), watched.builds()["deploy", 79]
        assert (cut.complete, cut.cut, cut.read_from, cut.read_from_ms) == (False, True, 30, now_ms - 50 * DAY_MS)
    settings = {"stored": [cut], "backfill_builds": 50}
    with staged(jenkins) as stage, Watched(stage, [last], keep_s=40 * 86_400.0, **settings) as watched:
        old = told(watched)
        assert (old.complete, old.cut) == (True, True)
    with staged(jenkins) as stage, Watched(stage, [last], keep_s=90 * 86_400.0, stored=[old]) as watched:
        all_read(watched)  # both settings raised
        assert (told(watched).complete, told(watched).cut, told(watched).read_from) == (True, False, 1)
    clock = [now_ms]
    with (
        staged(jenkins) as stage,
        Watched(stage, [last], keep_s=90 * 86_400.0, clock=lambda: clock[0], **settings) as watched,
    ):
        assert told(watched).cut
        clock[0] += 41 * DAY_MS
        assert not [path for path in watched.visit() if path.startswith("/job/")]
        assert (told(watched).complete, told(watched).cut) == (True, True)


def test_older_pages_come_after_the_first_of_all_and_those_of_environments_before_others(jenkins):
    start_ms = 1_700_000_000_000
    for index, job in enumerate(("env-create", "few", "deploy", "newest")):
        count = 20 if job == "few" else 120
        jenkins.add(
            job, *(build(number, timestamp=start_ms + index * 1_000_000 + number) for number in range(1, count))
        )
    with staged(jenkins) as stage, Watched(stage, backfill_parallel=1) as watched:
        all_read(watched)
        asked = [path.split("/")[2] for path in stage.paths() if path.startswith("/job/")]
        assert asked[:4] == ["newest", "deploy", "few", "env-create"]
        assert asked[4:] == ["env-create", "env-create", "newest", "deploy", "newest", "deploy"]
        assert all(told(watched, job).complete for job in jenkins.jobs)


def test_urgent_errands_go_before_older_pages(jenkins):
    jenkins.add("deploy", *map(build, range(1, 301)))
    jenkins.add("other", *map(build, range(1, 4)))
    second, go = threading.Event(), threading.Event()

    def slow(asked):
        if "{49,100}" in asked.query:
            second.set()
            assert go.wait(15)
        return None

    jenkins.fault = slow
    with staged(jenkins) as stage, Watched(stage, [known("other", 3)], backfill_parallel=1) as watched:
        assert second.wait(15)
        jenkins.add("other", *map(build, (4, 5, 6, 7)))
        watched.visit()
        go.set()
        all_read(watched)
        asked = [path for path in stage.paths() if path.startswith("/job/")]
        last_of_other = max(index for index, path in enumerate(asked) if path.startswith("/job/other/"))
        assert asked[last_of_other + 1 :] == ["/job/deploy/api/json"] * 3


def test_builds_that_come_and_go_between_two_pages_leave_none_out(jenkins):
    jenkins.add("deploy", *map(build, range(1, 301)))

    def meanwhile(asked):
        if "{99,199}" in asked.query and 290 in jenkins.jobs["deploy"]:
            for number in range(270, 291):
                del jenkins.jobs["deploy"][number]  # all that are older move up
        if "{198,298}" in asked.query and 301 not in jenkins.jobs["deploy"]:
            jenkins.add("deploy", *map(build, range(301, 310)))  # and down again
        return None

    jenkins.fault = meanwhile
    with staged(jenkins) as stage, Watched(stage) as watched:
        all_read(watched)
        assert set(range(1, 270)) <= numbers(watched)
        assert told(watched).gap_after == 300
        jenkins.fault = lambda asked: None
        all_read(watched)
        assert told(watched).complete
        assert set(range(301, 310)) <= numbers(watched)


def test_a_restart_goes_on_where_reading_ended_and_attributes_nothing_anew(jenkins):
    jenkins.add("deploy", *(build(number, namespace=None) for number in range(1, 401)), default="staging")
    with staged(jenkins) as stage, Watched(stage, backfill_builds=200) as watched:
        all_read(watched)
        half, seen = told(watched), [watched.builds()["deploy", number] for number in range(371, 401)]
    jenkins.defaults["deploy"] = "production"
    with staged(jenkins) as stage, Watched(stage, seen, stored=[half], backfill_builds=1000) as watched:
        all_read(watched)
        assert pages(stage) == ["allBuilds{199,299}", "allBuilds{298,398}", "allBuilds{397,497}"]
        assert numbers(watched) == set(range(1, 201))  # the others are stored as they were attributed
        assert (told(watched).complete, told(watched).read_from) == (True, 1)
    with staged(jenkins) as stage, Watched(stage, seen, stored=[half], backfill_builds=200) as watched:
        assert watched.visit() == TICK
        assert (told(watched).complete, told(watched).cut) == (False, True)


def test_that_a_job_is_complete_is_not_believed_of_a_store_that_does_not_say_how_much_was_read():
    old, new = (Job(source="jenkins", name=name, url="u", complete=True) for name in ("old", "new"))
    assert read_of([old, replace(new, read_builds=3)], {}, {"old", "new"}).keys() == {"new"}
    assert (old.unread, replace(new, read_builds=3).unread) == (((0, None),), ())


def test_an_answer_without_a_list_of_builds_is_not_taken_for_a_job_without_older_ones(jenkins):
    jenkins.add("deploy", *map(build, range(1, 131)))
    find = jenkins._find_builds
    jenkins._find_builds = lambda asked: {} if "allBuilds" in asked.query else find(asked)
    with staged(jenkins) as stage, Watched(stage) as watched:
        eventually(lambda: len(pages(stage)) >= 3)
        watched.visit()
        assert not told(watched).complete
        assert numbers(watched) == set(range(31, 131))


def test_a_job_that_is_renamed_while_it_is_read_is_read_to_its_end(jenkins):
    jenkins.add("deploy", *map(build, range(1, 251)))
    third, go = threading.Event(), threading.Event()

    def slow(asked):
        if asked.path == "/job/deploy/api/json" and "{99,199}" in asked.query:
            third.set()
            assert go.wait(15)
        return None

    jenkins.fault = slow
    with staged(jenkins) as stage, Watched(stage, backfill_parallel=1) as watched:
        assert third.wait(15)
        jenkins.jobs["deploy-new"] = jenkins.jobs.pop("deploy")
        watched.visit()
        go.set()
        all_read(watched)
        assert pages(stage, "deploy-new") == ["allBuilds{99,199}", "allBuilds{198,298}"]
        assert set(range(1, 152)) <= numbers(watched, "deploy-new")
        assert told(watched, "deploy-new").complete


def test_builds_that_older_ones_have_started_are_attributed_by_them_once(jenkins):
    jenkins.add("release", *(build(number, namespace="prod") for number in range(1, 301)))
    child = (build(number, namespace=None, upstream=("release", number)) for number in range(1, 301))
    jenkins.add("child", *child, default=None)
    with staged(jenkins) as stage, Watched(stage) as watched:
        all_read(watched)
        of_child = {number: each.namespace for (job, number), each in watched.builds().items() if job == "child"}
        assert of_child == dict.fromkeys(range(1, 301), "prod")
        single = [
            path for path in stage.paths() if path.startswith("/job/release/") and path != "/job/release/api/json"
        ]
        assert len(single) == len(set(single))


class AwayOnce:
    """A Jenkins that does not find a job once, when a page of its builds is asked for."""

    def __init__(self, jenkins, page):
        self._jenkins, self._page = jenkins, page

    def __getattr__(self, name):
        return getattr(self._jenkins, name)

    def __call__(self, asked):
        if self._page and self._page in asked.query and asked.path == "/job/deploy/api/json":
            self._page = ""
            return Answer(404, b"gone")
        return self._jenkins(asked)


@pytest.mark.parametrize(("page", "stored"), [("{49,100}", 0), ("{0,50}", 0), ("{0,100}", 10)])
def test_a_page_that_was_not_there_once_is_asked_for_again(jenkins, page, stored):
    jenkins.add("deploy", *map(build, range(1, 81)))
    builds = [known("deploy", number, started_ms=build(number)["timestamp"]) for number in range(1, stored + 1)]
    read = [Job(source="jenkins", name="deploy", url="u", complete=True, read_builds=stored, read_from=1)] * bool(
        stored
    )
    with staged(AwayOnce(jenkins, page)) as stage, Watched(stage, known=builds, stored=read) as watched:
        eventually(lambda: watched.visit() and not watched.collector.busy())
        watched.visit()
        assert numbers(watched) == set(range(stored + 1, 81)) and told(watched).complete
        assert pages(stage).count(f"builds{page}") == 2
