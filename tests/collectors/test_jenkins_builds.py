"""The collector against a small Jenkins over HTTP: what it asks, how often, and what it tells."""

import threading

import pytest

from statusdesk.facts import Build, Changed, Executors, Job, QueueItem, Visited
from tests.collectors.small_jenkins import build
from tests.collectors.stage import Answer, eventually, staged
from tests.collectors.watched_jenkins import FAR_S, TICK, Watched, small_jenkins  # noqa: F401  (the fixture jenkins)


def test_three_requests_per_visit_after_the_start(jenkins):
    for number in range(30):
        jenkins.add(f"deploy-{number}", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        assert stage.paths() == ["/whoAmI/api/json", "/api/json", *TICK]
        assert watched.visit() == TICK
        assert watched.visit() == TICK
        assert [len(sweep.facts) for sweep in watched.sweeps(Job)] == [30, 30, 30]
        assert len(watched.sweeps(QueueItem)) == len(watched.sweeps(Executors)) == 3
        assert len(watched.heard.of(Changed)) == 1
        assert len(watched.builds()) == 30
        assert watched.visits()[0].ok
        assert watched.visits()[0].detail == "Jenkins 2.541.1 as monitor"
        assert watched.visits()[0].next_try_ms - watched.visits()[0].at_ms > 0.8 * FAR_S * 1000


def test_a_visit_that_says_what_the_last_one_said_tells_it_again_and_what_is_new_after_it(jenkins):
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.visit()
        first, again = (sweep.facts for sweep in watched.sweeps(Job))
        assert first[0].name == again[0].name == "deploy"
        jenkins.add("deploy", build(2))
        watched.visit()
        assert ("deploy", 2) in watched.builds()
        del jenkins.jobs["deploy"]
        watched.visit()
        assert watched.sweeps(Job)[-1].facts == ()


def test_no_request_ranges_over_the_builds_of_all_jobs_or_asks_for_a_depth(jenkins):
    jenkins.add("team/deploy", build(1), build(2))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("team/deploy", 1))
        root = [asked.query for asked in stage.asked if asked.path == "/api/json"]
        assert root
        assert not any("builds[" in query or "depth" in query or "{" in query for query in root)
        assert all(asked.method == "GET" for asked in stage.asked)
        assert all(asked.headers.get("Authorization", "").startswith("Basic ") for asked in stage.asked)


def test_backfill_asks_jobs_with_older_builds_once_newest_active_first(jenkins):
    jenkins.add("once", build(1))
    jenkins.add("never")
    for index, job in enumerate(("old", "new", "middle")):
        time = 1_700_000_000_000 + {"old": 0, "middle": 1, "new": 2}[job] * 1_000_000
        jenkins.add(job, *(build(number, timestamp=time + number) for number in range(1, 8 + index)))
    with staged(jenkins) as stage, Watched(stage, backfill_parallel=1, backfill_builds=5) as watched:
        watched.wait_builds(("old", 3), ("new", 4), ("middle", 6), ("once", 1))
        asked = [path for path in stage.paths() if path.startswith("/job/")]
        assert asked == ["/job/new/api/json", "/job/middle/api/json", "/job/old/api/json"]
        assert watched.visit() == TICK


def test_backfill_is_never_more_parallel_than_the_settings_say(jenkins):
    for number in range(12):
        jenkins.add(f"deploy-{number}", build(1), build(2))
    entered = threading.Semaphore(0)
    go = threading.Event()

    def slow(asked):
        if asked.path.startswith("/job/"):
            entered.release()
            go.wait(15)
        return None

    jenkins.fault = slow
    with staged(jenkins) as stage, Watched(stage, backfill_parallel=3) as watched:
        for _ in range(3):
            assert entered.acquire(timeout=15)
        assert not entered.acquire(timeout=0.3)
        assert watched.visit() == TICK  # the visit itself does not wait for the backfill
        go.set()
        watched.wait_builds(*((f"deploy-{number}", 1) for number in range(12)))
        assert stage.most_at_once <= 4


def known(job, number, **more):
    more = {"result": "SUCCESS", "started_ms": 1_700_000_000_000 + number} | more
    return Build(source="jenkins", job=job, number=number, url=f"http://x/job/{job}/{number}/", **more)


def test_jobs_with_known_builds_are_not_backfilled(jenkins):
    jenkins.add("deploy", *(build(number) for number in range(1, 6)))
    with staged(jenkins) as stage, Watched(stage, [known("deploy", 5)]) as watched:
        watched.visit()
        assert not [path for path in stage.paths() if path.startswith("/job/")]
        assert watched.builds() == {}


def test_gaps_are_filled_by_number_and_a_missing_number_is_asked_once(jenkins):
    jenkins.add("deploy", *(build(number) for number in (1, 2, 4, 6)))
    with staged(jenkins) as stage, Watched(stage, [known("deploy", 2)]) as watched:
        watched.wait_builds(("deploy", 4), ("deploy", 6))
        eventually(lambda: len([path for path in stage.paths() if path.startswith("/job/")]) == 4)
        assert {path for path in stage.paths() if path.startswith("/job/")} == {
            f"/job/deploy/{number}/api/json"
            for number in (2, 3, 4, 5)  # 2 is known: is it the same job still?
        }
        assert watched.visit() == TICK


def test_a_large_gap_is_one_request(jenkins):
    jenkins.add("deploy", *(build(number) for number in range(1, 101)))
    with staged(jenkins) as stage, Watched(stage, [known("deploy", 2)], backfill_builds=30) as watched:
        watched.wait_builds(("deploy", 71), ("deploy", 100))
        asked = ["/job/deploy/2/api/json", "/job/deploy/api/json"]
        eventually(lambda: sorted(path for path in stage.paths() if path.startswith("/job/")) == asked)


def test_an_open_build_is_asked_until_it_has_ended(jenkins):
    jenkins.add("deploy", build(1, None))
    with staged(jenkins) as stage, Watched(stage) as watched:
        assert watched.builds()[("deploy", 1)].building
        assert watched.visit() == TICK  # it is the last build: the visit itself tells of it
        jenkins.add("deploy", build(2))
        jenkins.running = [jenkins.url("deploy") + "1/"]
        assert watched.visit() == TICK  # it is still on an executor
        jenkins.running = []
        watched.visit()
        eventually(lambda: "/job/deploy/1/api/json" in stage.paths())
        jenkins.add("deploy", build(1, "FAILURE"))
        watched.visit()
        watched.heard.wait_for(lambda _: watched.builds()[("deploy", 1)].result == "FAILURE")
        assert watched.visit() == TICK


def test_an_open_build_known_from_the_store_is_asked_after_a_restart(jenkins):
    jenkins.add("deploy", build(1, "ABORTED"), build(2))
    before = [known("deploy", 1, building=True, result=None), known("deploy", 2)]
    with staged(jenkins) as stage, Watched(stage, before) as watched:
        watched.wait_builds(("deploy", 1))
        assert watched.builds()[("deploy", 1)].result == "ABORTED"
        assert "/job/deploy/1/api/json" in stage.paths()


def test_an_open_build_that_vanished_ends_without_a_result(jenkins):
    jenkins.add("deploy", build(1, None))
    with staged(jenkins) as stage, Watched(stage) as watched:
        jenkins.jobs["deploy"] = {2: build(2)}
        watched.visit()
        watched.heard.wait_for(lambda _: not watched.builds()[("deploy", 1)].building)
        assert watched.builds()[("deploy", 1)].result is None


def test_the_build_that_started_it_is_fetched_to_attribute_a_child(jenkins):
    jenkins.add("release", build(1, namespace="prod"), build(2, namespace="qa"))
    jenkins.add("child", build(1, namespace=None, upstream=("release", 1)), default=None)
    before = [known("release", 2)]
    with staged(jenkins) as stage, Watched(stage, before) as watched:
        watched.heard.wait_for(lambda _: watched.builds().get(("child", 1), known("x", 1)).namespace == "prod")
        assert watched.builds()[("child", 1)].attributed_by == "upstream"


def test_an_upstream_job_that_we_may_not_see_leaves_the_default(jenkins):
    jenkins.add("child", build(1, namespace=None, upstream=("hidden", 1)), default="staging")
    with staged(jenkins) as stage, Watched(stage) as watched:
        assert watched.builds()[("child", 1)].attributed_by == "default"


def test_a_job_made_again_replaces_its_builds(jenkins):
    jenkins.add("deploy", build(1), build(2), build(3))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1), ("deploy", 2), ("deploy", 3))
        jenkins.jobs["deploy"] = {1: build(1, "FAILURE", timestamp=1_800_000_000_000)}
        watched.visit()
        assert {key: each.result for key, each in watched.builds().items()} == {("deploy", 1): "FAILURE"}


def test_no_jobs_are_told_with_who_saw_none_and_nothing_is_forgotten(jenkins):
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        jenkins.jobs.clear()
        assert watched.visit() == ["/api/json", "/whoAmI/api/json", "/computer/api/json", "/queue/api/json"]
        watched.visit()
        watched.visit()
        assert (watched.visits()[-1].shown, watched.visits()[-1].who) == (0, "monitor")
        assert [len(each.facts) for each in watched.sweeps(Job)] == [1, 0, 0, 0]
        jenkins.add("deploy", build(1))
        assert "/job/deploy/api/json" not in watched.visit()
        assert watched.visits()[-1].shown == 1


def test_anonymous_is_told_as_who_sees_no_jobs(jenkins):
    jenkins.user = "anonymous"
    with staged(jenkins) as stage, Watched(stage, user="") as watched:
        assert (watched.visits()[0].shown, watched.visits()[0].who) == (0, "anonymous")
        assert not any("Authorization" in asked.headers for asked in stage.asked)


def test_the_builds_of_a_job_are_forgotten_when_two_visits_missed_it(jenkins):
    jenkins.add("deploy-0", build(1))
    with staged(jenkins) as stage, Watched(stage, [known(f"deploy-{n}", 1) for n in range(9)]) as watched:
        assert len(watched.collector._ledger.newest()) == 9
        watched.visit()
        assert list(watched.collector._ledger.newest()) == ["deploy-0"]


def test_a_backfill_that_was_cut_short_is_done_after_a_restart_and_once(jenkins):
    jenkins.add("deploy", *(build(number) for number in range(1, 6)))
    with staged(jenkins) as stage, Watched(stage, [known("deploy", 5)], complete=()) as watched:
        watched.heard.wait_for(lambda _: len(watched.builds()) == 4)
        watched.visit()
        assert watched.sweeps(Job)[-1].facts[0].complete
        assert watched.visit() == ["/api/json", "/computer/api/json", "/queue/api/json"]


@pytest.mark.parametrize("numbers", [(), (1,)])
def test_of_a_job_that_was_never_built_nothing_older_is_to_be_read(jenkins, numbers):
    jenkins.add("deploy", *map(build, numbers))
    with staged(jenkins) as stage, Watched(stage) as watched:
        assert watched.sweeps(Job)[0].facts[0].complete
        assert not [path for path in stage.paths() if path.startswith("/job/")]


@pytest.mark.parametrize("restarted", [False, True])
def test_what_a_job_built_first_while_nobody_looked_is_read(jenkins, restarted):
    jenkins.add("deploy")
    with staged(jenkins) as stage, Watched(stage) as watched:
        if not restarted:
            for number in (1, 2, 3):
                jenkins.add("deploy", build(number))
            watched.visit()
            assert not watched.sweeps(Job)[-1].facts[0].complete
            watched.wait_builds(("deploy", 1), ("deploy", 2))
    if restarted:
        jenkins.add("deploy", *map(build, (1, 2, 3)))
        with staged(jenkins) as stage, Watched(stage, complete=("deploy",)) as watched:
            watched.wait_builds(("deploy", 1), ("deploy", 2))


def test_a_renamed_job_keeps_its_builds_and_their_attribution_without_a_request(jenkins):
    jenkins.add("deploy-old", build(1), build(2), default="staging")
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.heard.wait_for(lambda _: len(watched.builds()) == 2)
        jenkins.jobs["deploy-new"] = jenkins.jobs.pop("deploy-old")
        jenkins.defaults = {"deploy-new": "production"}
        asked = watched.visit()
        assert not [path for path in asked if path.startswith("/job/")]
        renamed = {number: each for (job, number), each in watched.builds().items() if job == "deploy-new"}
        assert {number: each.namespace for number, each in renamed.items()} == {1: "staging", 2: "staging"}
        assert renamed[1].url.endswith("/job/deploy-new/1/")


def test_a_restart_is_told(jenkins):
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        jenkins.session = "s2"
        watched.visit()
        watched.visit()
        assert [each.detail.endswith("restarted") for each in watched.visits()] == [False, True, False]


def test_what_may_not_be_read_beside_the_jobs_is_told_and_the_rest_goes_on(jenkins):
    jenkins.add("deploy", build(1))
    jenkins.fault = lambda asked: Answer(403, b"<html>no") if asked.path.startswith("/computer") else None
    with staged(jenkins) as stage, Watched(stage) as watched:
        parts = [each for each in watched.heard.of(Visited) if each.scope]
        assert [(each.scope, each.ok, each.problem) for each in parts] == [("executors", False, "Forbidden")]
        assert watched.visits()[0].ok
        assert watched.sweeps(QueueItem)
        jenkins.fault = lambda asked: None
        watched.visit()
        parts = [each for each in watched.heard.of(Visited) if each.scope]
        assert [(each.scope, each.ok) for each in parts][-1] == ("executors", True)


def test_builds_that_cannot_be_read_are_told_and_tried_again(jenkins):
    jenkins.add("good", build(1), build(2))
    jenkins.add("bad", build(1), build(2))
    jenkins.fault = lambda asked: Answer(403, b"no") if asked.path == "/job/bad/api/json" else None
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("good", 1))
        eventually(lambda: watched.collector._errands.given_up())
        watched.visit()
        part = [each for each in watched.heard.of(Visited) if each.scope == "builds"][-1]
        assert not part.ok
        assert part.problem == "Forbidden"
        assert "builds of 1 job could not be read, such as bad" in part.message
        jenkins.fault = lambda asked: None
        watched.collector._scan_due_s = 0.0
        watched.visit()
        watched.wait_builds(("bad", 1))
        eventually(lambda: not watched.collector._errands.given_up())
        watched.visit()
        assert [each for each in watched.heard.of(Visited) if each.scope == "builds"][-1].ok


def test_errands_rest_while_jenkins_is_away_and_end_when_it_is_back(jenkins):
    for number in range(6):
        jenkins.add(f"deploy-{number}", build(1), build(2))
    away = threading.Event()
    away.set()
    jenkins.fault = lambda asked: Answer(503, b"") if away.is_set() and asked.path.startswith("/job/") else None
    with staged(jenkins) as stage, Watched(stage, backfill_parallel=2) as watched:
        eventually(lambda: watched.collector._errands._resting)
        asked = len([path for path in stage.paths() if path.startswith("/job/")])
        assert asked <= 4  # two threads, before and after the first visit's end; without rest all six five times
        away.clear()
        watched.visit()
        watched.wait_builds(*((f"deploy-{number}", 1) for number in range(6)))


def test_errands_rest_for_as_long_as_jenkins_asks_for(jenkins):
    jenkins.add("deploy", build(1), build(2))
    slow_down = Answer(429, b"", (("Retry-After", "1000"),))
    jenkins.fault = lambda asked: slow_down if asked.path.startswith("/job/") else None
    with staged(jenkins) as stage, Watched(stage) as watched:
        errands = watched.collector._errands
        eventually(lambda: errands._resting)
        for _ in range(3):
            watched.visit()
        assert len([path for path in stage.paths() if path.startswith("/job/")]) == 1
        jenkins.fault = lambda asked: None
        errands._not_before_s = 0.0
        watched.visit()
        watched.wait_builds(("deploy", 1))
