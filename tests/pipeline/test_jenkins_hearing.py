"""While Jenkins gives no news, what hangs on it stands still: no level and no sentence is worse by time alone."""

import pytest

from statusdesk.facts import Job, QueueItem
from statusdesk.pipeline.jenkins_hearing import JenkinsHearing
from statusdesk.states import EnvironmentState, PlatformState
from tests.pipeline.desk_bench import swept
from tests.pipeline.platform_bench import HOUR_MS, MINUTE_MS, PlatformBench, jobs, ran, visited

RENEWAL = "vault-renew-orders"
NAMES = ("seed", RENEWAL, "env-create", "env-destroy", "deploy-a")


@pytest.fixture
def bench(tmp_path):
    made = PlatformBench(tmp_path)
    yield made
    made.writer.close()


def queue(bench):
    item = QueueItem(source="jenkins", id=1, job="vault-renew-b", why="quiet period", since_ms=bench.now_ms - 1000)
    return swept(QueueItem, item, started_ms=bench.now_ms, source="jenkins")


def begin(bench):
    """Everything is well, at noon on a working day."""
    seeds = [ran("seed", n, bench.now_ms - (6 - n) * HOUR_MS, trigger="timer") for n in range(1, 6)]
    runs = (ran(RENEWAL, 1, bench.now_ms - MINUTE_MS), ran("vault-renew-b", 1, bench.now_ms - MINUTE_MS))
    made = ran("env-create", 5, bench.now_ms - HOUR_MS, namespace="dev-bob", user="bob")
    bench.see(jobs(bench, *NAMES, "vault-renew-b"), *seeds, *runs, made, queue(bench), visited(bench.now_ms))


def told(bench):
    rows = [*bench.writer.current(PlatformState).values(), *bench.writer.current(EnvironmentState).values()]
    return {row.key: (row.level, row.reason, row.message) for row in rows}


def test_nothing_is_worse_by_time_alone_while_jenkins_does_not_answer(bench):
    begin(bench)
    before = told(bench)
    assert {reason for _, reason, _ in before.values()} == {"Succeeded", "NoResult", "Up"}
    bench.stay_silent_ms(10 * HOUR_MS)  # overdue, old, waiting for long, up after hours, for all that is known
    assert told(bench) == before
    bench.see(visited(bench.now_ms))
    assert told(bench) == before, "what was built meanwhile is being read"
    bench.pass_ms(10_000)
    now = {key.rpartition("/")[2]: reason for key, (_, reason, _) in told(bench).items()}
    assert (now["seed"], now[RENEWAL], now["dev-bob"]) == ("SeedStale", "RenewalOverdue", "LeftUp")
    assert now["vault-renew-b"] == "Succeeded", "what waits was not told anew"


def test_what_was_built_meanwhile_counts_at_once_when_jenkins_is_back(bench):
    begin(bench)
    bench.stay_silent_ms(10 * HOUR_MS)
    bench.see(
        jobs(bench, *NAMES, "vault-renew-b"),
        ran("seed", 6, bench.now_ms - MINUTE_MS),
        ran(RENEWAL, 9, bench.now_ms - MINUTE_MS, "FAILURE"),
        ran("env-destroy", 3, bench.now_ms - MINUTE_MS, namespace="dev-bob"),
        visited(bench.now_ms),
    )
    assert bench.environment().until_ms is not None
    assert (bench.row("seed").number, bench.row("seed").reason) == (6, "Succeeded")
    assert bench.row(RENEWAL).reason == "RenewalFailed"


@pytest.mark.parametrize("whole", [True, False])
def test_what_waits_has_not_waited_longer_while_the_queue_is_not_told(bench, whole):
    begin(bench)
    before = bench.row("vault-renew-b")
    bench.stay_silent_ms(20 * MINUTE_MS) if whole else [bench.pass_ms(5 * MINUTE_MS) for _ in range(4)]
    assert bench.row("vault-renew-b") == before
    bench.see(swept(QueueItem, started_ms=bench.now_ms, source="jenkins"), visited(bench.now_ms))
    assert bench.row("vault-renew-b").queued_since_ms is None


def test_jenkins_does_not_answer_where_it_shows_none_of_its_jobs(bench):
    begin(bench)
    before = told(bench)
    for _ in range(3):
        bench.now_ms += 4 * HOUR_MS
        bench.see(swept(Job, started_ms=bench.now_ms, source="jenkins"), visited(bench.now_ms))
    assert told(bench) == before


@pytest.mark.parametrize("restarted", [False, True])
def test_nothing_is_worse_since_the_clock_was_set_while_jenkins_does_not_answer(bench, restarted):
    begin(bench)
    if restarted:
        bench.restart()
    bench.see(visited(bench.now_ms, ok=False))
    before = {key: each[:2] for key, each in told(bench).items()}
    for set_ms in (HOUR_MS, -3 * HOUR_MS):
        bench.set_ms += set_ms
        bench.now_ms += set_ms
        bench.stay_silent_ms(4 * HOUR_MS)
        assert {key: each[:2] for key, each in told(bench).items()} == before


def test_time_goes_on_with_the_good_visits():
    hearing = JenkinsHearing()
    assert hearing.as_of_ms(70) == 70
    for ok, at_ms, as_of_ms in [
        (True, 100, 100),
        (False, 110, 100),
        (True, 120, 100),  # after one that failed: with the second good one
        (True, 130, 130),
        (False, 140, 130),
        (True, 150, 130),
        (False, 160, 130),
        (True, 170, 150),  # and not never where each second one fails
    ]:
        hearing.visited(visited(at_ms, ok=ok))
        assert hearing.as_of_ms(1000) == as_of_ms
    hearing.visited(visited(180), doubted=True)
    assert hearing.as_of_ms(1000) == 150
    hearing.restamp(-20)
    assert (hearing.as_of_ms(1000), hearing.as_of_ms(90), hearing.queue_ms(90)) == (130, 90, 90)
