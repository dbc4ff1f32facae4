"""Platform jobs, environments, jobs that come and go, and what is looked up, as messages of Jenkins tell them."""

import msgspec
import pytest

from statusdesk.facts import BuildDetails, Changed, Executors, JobClass, QueueItem, Visited
from statusdesk.states import BuildState, Level, PlatformState, SourceState
from statusdesk.store.reader import Reader
from tests.pipeline.desk_bench import swept
from tests.pipeline.platform_bench import HOUR_MS, MINUTE_MS, NOON_MS, job, jobs, open_bench, ran  # noqa: F401  (the fixture bench)


def test_a_renewal_that_does_not_come_is_overdue_though_its_last_run_was_green(bench):
    bench.see(jobs(bench, "vault-renew-orders", "deploy-a"), ran("vault-renew-orders", 1, bench.now_ms - MINUTE_MS))
    row = bench.row("vault-renew-orders")
    assert (row.level, row.reason, row.period_s, row.period_rule) == (Level.OK, "Succeeded", 3600, "configured")
    assert row.next_expected_ms == NOON_MS - MINUTE_MS + HOUR_MS
    bench.pass_ms(HOUR_MS + HOUR_MS // 2)
    assert (bench.row("vault-renew-orders").level, bench.row("vault-renew-orders").reason) == (
        Level.WARNING,
        "RenewalOverdue",
    )
    bench.pass_ms(HOUR_MS // 2)
    assert bench.row("vault-renew-orders").level is Level.FAILING
    bench.see(ran("vault-renew-orders", 2, bench.now_ms - MINUTE_MS))
    assert bench.row("vault-renew-orders").level is Level.OK
    assert "jenkins/deploy-a" not in bench.writer.current(PlatformState)


@pytest.mark.parametrize(
    "every",
    [
        (("vault-renew-a", 3600.0), ("vault-renew-a", None)),
        (("vault-renew-a", None), ("vault-renew-a", 3600.0)),
        (("vault-renew-a", 3600.0), ("vault-renew-a", 86_400.0)),
        (("vault-renew-a", 86_400.0), ("vault-renew-a", 3600.0), ("vault-renew-b", 60.0)),
        (("team-vault-renew-a", 3600.0),),
    ],
)
def test_the_shortest_period_of_the_tokens_that_a_job_renews_counts(bench, every):
    name = "team/vault-renew-a" if len(every) == 1 else "vault-renew-a"
    bench.every = every
    bench.restart()
    renewal = msgspec.structs.replace(job(name), job_class=JobClass.RENEWAL)
    bench.see(jobs(bench, renewal, "deploy-a"), ran(name, 1, bench.now_ms - 8 * HOUR_MS))
    row = bench.row(name)
    assert (row.period_s, row.period_rule, row.level) == (3600, "configured", Level.FAILING)


def test_that_a_job_has_no_result_is_told_at_once_where_no_older_builds_will_be_read(bench):
    unread = job("env-create", last_number=1400, complete=False, cut=True, read_builds=1000)
    aborted = ran("env-create", 4, bench.now_ms - 4, "ABORTED")
    bench.see(jobs(bench, unread, "deploy-a"), aborted)
    row = bench.writer.current(PlatformState)["jenkins/env-create"]
    assert row.message.endswith("has no conclusive build among the newest 1,000")


@pytest.mark.parametrize("read", [True, False])
def test_that_a_job_has_no_result_is_told_when_its_older_builds_are_read(bench, read):
    def seen():
        rows = bench.writer.current(PlatformState)
        return rows["jenkins/env-create"].reason if "jenkins/env-create" in rows else ""

    aborted, older = (ran("env-create", n, bench.now_ms - n, result) for n, result in ((4, "ABORTED"), (3, "SUCCESS")))
    unread = job("env-create", complete=False)
    bench.see(jobs(bench, unread, "deploy-a"), aborted)
    assert seen() == ""
    if read:
        bench.see(jobs(bench, "env-create", "deploy-a"), older)
        assert seen() == "Succeeded"
    else:
        bench.pass_ms(6 * MINUTE_MS)
        assert seen() == "NoResult", "they may never be"


@pytest.mark.parametrize("turned", [False, True])
def test_of_what_waits_of_a_job_the_one_that_has_waited_longest_counts_and_one_that_is_stuck_first(bench, turned):
    def queued(*items):
        listed = items[::-1] if turned else items
        return swept(QueueItem, *listed, started_ms=bench.now_ms, source="jenkins")

    name = "vault-renew-orders"
    older = QueueItem(source="jenkins", id=1 + turned, job=name, why="old", since_ms=NOON_MS - 40 * MINUTE_MS)
    newer = QueueItem(source="jenkins", id=2 - turned, job=name, why="new", since_ms=NOON_MS - 3000)
    bench.see(jobs(bench, name, "deploy-a"), ran(name, 1, bench.now_ms - MINUTE_MS), queued(older, newer))
    row = bench.row(name)
    assert (row.level, row.reason, row.queued_why) == (Level.WARNING, "Queued", "old")
    assert row.queued_since_ms == older.since_ms
    bench.now_ms += 1
    bench.see(queued(older, msgspec.structs.replace(newer, stuck=True)))
    assert (bench.row(name).reason, bench.row(name).queued_why) == ("Stuck", "new")


def test_why_a_renewal_does_not_run_is_told_before_it_is_missed(bench):
    green = ran("vault-renew-orders", 1, bench.now_ms - MINUTE_MS)
    bench.see(jobs(bench, job("vault-renew-orders", disabled=True)), green)
    assert bench.row("vault-renew-orders").reason == "Disabled"
    bench.now_ms += 1
    item = QueueItem(
        source="jenkins", id=7, job="vault-renew-orders", why="Waiting for an executor", since_ms=NOON_MS - 700_000
    )
    bench.see(
        jobs(bench, "vault-renew-orders"),
        swept(QueueItem, item, started_ms=bench.now_ms, source="jenkins"),
    )
    row = bench.row("vault-renew-orders")
    assert (row.reason, row.queued_why) == ("Queued", "Waiting for an executor")
    bench.now_ms += 1
    running = ran("vault-renew-orders", 2, bench.now_ms, None)
    stuck = Executors(source="jenkins", busy=1, total=1, stuck=("http://jenkins/job/vault-renew-orders/2/",))
    bench.see(
        running,
        swept(QueueItem, started_ms=bench.now_ms, source="jenkins"),
        swept(Executors, stuck, started_ms=bench.now_ms, source="jenkins"),
    )
    row = bench.row("vault-renew-orders")
    assert (row.reason, row.running_number) == ("Stuck", 2)


def test_a_seed_job_tells_as_of_when_definitions_are_and_what_it_has_made_and_taken(bench):
    bench.see(jobs(bench, "seed-all", "deploy-a", "deploy-b"), ran("seed-all", 1, bench.now_ms - HOUR_MS))
    started_ms = bench.now_ms
    bench.now_ms += MINUTE_MS
    # the list of jobs comes before the build that made them is told
    seed = job("seed-all", last_number=2, last_ms=started_ms)
    bench.see(jobs(bench, seed, "deploy-a", "deploy-c", "deploy-d"), ran("seed-all", 2, started_ms))
    row = bench.row("seed-all")
    assert (row.level, row.jobs_added, row.jobs_removed) == (Level.OK, 2, 1)
    assert bench.events() == [
        ("appeared", "deploy-c", "", 2),
        ("appeared", "deploy-d", "", 2),
        ("vanished", "deploy-b", "", 2),
    ]
    bench.restart()
    bench.see(ran("seed-all", 3, bench.now_ms, "FAILURE"))
    row = bench.row("seed-all")
    assert (row.reason, row.last_success_number) == ("SeedFailed", 2)
    assert (row.jobs_added, row.jobs_removed) == (2, 1), "events are remembered over a restart"
    bench.see(ran("seed-all", 4, bench.now_ms + MINUTE_MS))
    bench.pass_ms(25 * HOUR_MS)
    assert bench.row("seed-all").reason == "SeedStale"


def test_jobs_that_are_renamed_disabled_and_enabled_are_events_of_no_seed_run(bench):
    old = job("deploy-old", last_number=9, last_ms=NOON_MS - HOUR_MS)
    bench.see(jobs(bench, old, "deploy-b", "deploy-c"))
    assert bench.events() == [], "what is there when one begins has not appeared"
    bench.now_ms += 1
    new = msgspec.structs.replace(old, name="deploy-new")
    bench.see(jobs(bench, new, job("deploy-b", disabled=True), "deploy-c"))
    bench.now_ms += 1
    bench.see(jobs(bench, new, "deploy-b", "deploy-c"))
    assert bench.events() == [
        ("disabled", "deploy-b", "", None),
        ("enabled", "deploy-b", "", None),
        ("renamed", "deploy-old", "deploy-new", None),
    ]


def test_a_platform_job_that_is_gone_ends_and_no_list_at_all_ends_none(bench):
    bench.see(jobs(bench, "seed-all", "deploy-a", "deploy-b"), ran("seed-all", 1, bench.now_ms))
    bench.restart()
    bench.see()
    assert bench.row("seed-all").until_ms is None
    bench.now_ms += 1
    bench.see(jobs(bench, "deploy-a", "deploy-b"))
    assert bench.row("seed-all").until_ms is not None


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("told_anew", [False, True])
def test_a_job_that_is_back_shows_what_it_showed_before(bench, restarted, told_anew):
    listed = ("deploy-a", "deploy-b", "deploy-c")
    old = ran("deploy-a", 1, bench.now_ms - HOUR_MS, "FAILURE", namespace="production")
    well = [ran("deploy-a", number, bench.now_ms + number, namespace="staging") for number in range(2, 50)]
    last = ran("deploy-a", 50, bench.now_ms + 50, "FAILURE", namespace="staging")
    bench.see(jobs(bench, *listed), old, *well, last)
    keys = ("jenkins/deploy-a@production", "jenkins/deploy-a@staging")
    before = [bench.writer.current(BuildState)[key] for key in keys]
    assert [(row.number, row.level) for row in before] == [(1, Level.FAILING), (50, Level.FAILING)]
    bench.pass_ms(MINUTE_MS)
    bench.see(jobs(bench, *listed[1:]))
    assert all(bench.writer.current(BuildState)[key].until_ms is not None for key in keys)
    if restarted:
        bench.restart()
        bench.see(jobs(bench, *listed[1:]))
    bench.pass_ms(MINUTE_MS)
    bench.see(jobs(bench, *listed), *(well if told_anew else ()))
    rows = [bench.writer.current(BuildState)[key] for key in keys]
    assert [(row.number, row.level, row.until_ms) for row in rows] == [
        (1, Level.FAILING, None),
        (50, Level.FAILING, None),
    ]
    assert [row.message for row in rows] == [row.message for row in before]


def test_a_job_that_is_another_when_it_is_back_shows_nothing_of_the_one_before(bench):
    listed = ("deploy-a", "deploy-b", "deploy-c")
    bench.see(jobs(bench, *listed), ran("deploy-a", 7, bench.now_ms, "FAILURE", namespace="staging"))
    bench.pass_ms(MINUTE_MS)
    bench.see(jobs(bench, *listed[1:]))
    bench.pass_ms(MINUTE_MS)
    new = ran("deploy-a", 1, bench.now_ms, namespace="staging")
    bench.see(jobs(bench, *listed), msgspec.structs.replace(new, gone=(("jenkins", "deploy-a"),)))
    row = bench.writer.current(BuildState)["jenkins/deploy-a@staging"]
    assert (row.number, row.level) == (1, Level.OK)


def test_an_environment_is_made_left_up_and_destroyed(bench):
    listed = jobs(bench, "env-create", "env-destroy", "deploy-a")
    create = ran("env-create", 5, bench.now_ms - HOUR_MS, None, namespace="dev-bob", user="bob")
    bench.see(listed, create)
    assert (bench.environment().level, bench.environment().reason) == (Level.PROGRESSING, "Making")
    made_ms = bench.now_ms - HOUR_MS
    bench.see(ran("env-create", 5, made_ms, namespace="dev-bob", user="bob"))
    row = bench.environment()
    assert (row.reason, row.made_by, row.number) == ("Up", "bob", 5)
    assert row.up_since_ms == made_ms + MINUTE_MS
    bench.pass_ms(9 * HOUR_MS)  # nine in the evening
    assert (bench.environment().level, bench.environment().reason) == (Level.WARNING, "LeftUp")
    assert bench.environment().left_up_ms == NOON_MS + 8 * HOUR_MS
    assert bench.environment().week_after_hours_min in range(50, 61)
    bench.restart()
    bench.see(listed)
    assert bench.environment().reason == "LeftUp"
    bench.see(ran("env-destroy", 3, bench.now_ms, "FAILURE", namespace="dev-bob"))
    assert (bench.environment().level, bench.environment().reason) == (Level.FAILING, "HalfDestroyed")
    bench.see(ran("env-destroy", 4, bench.now_ms + MINUTE_MS, namespace="dev-bob"))
    assert bench.environment().until_ms is not None


def test_environments_are_judged_when_all_their_older_builds_are_told(bench):
    create = ran("env-create", 5, bench.now_ms - HOUR_MS, namespace="dev-bob", user="bob")
    bench.see(jobs(bench, job("env-create", complete=False), "env-destroy"), create)
    assert bench.environment() is None
    bench.see(jobs(bench, "env-create", "env-destroy"))
    assert bench.environment().number == 5


def test_an_environment_that_could_not_be_made_is_half_made_and_its_builds_are_history_once_it_is_destroyed(bench):
    bench.see(
        jobs(bench, "env-create", "env-destroy", "deploy-a"),
        ran("env-create", 5, bench.now_ms - HOUR_MS, "FAILURE", namespace="dev-bob"),
        ran("deploy-a", 1, bench.now_ms - HOUR_MS // 2, "FAILURE", namespace="dev-bob"),
    )
    assert (bench.environment().level, bench.environment().reason) == (Level.FAILING, "HalfMade")
    key = "jenkins/deploy-a@dev-bob"
    assert bench.writer.current(BuildState)[key].level is Level.FAILING
    bench.see(ran("env-destroy", 6, bench.now_ms, namespace="dev-bob"))
    bench.pass_ms(MINUTE_MS)
    assert bench.environment().until_ms is not None
    assert bench.writer.current(BuildState)[key].level is not Level.FAILING


def test_what_has_failed_is_looked_up_once_and_what_is_found_is_kept(bench):
    bench.see(jobs(bench, "deploy-a"), ran("deploy-a", 1, bench.now_ms, namespace="staging"))
    assert bench.wanted == []
    bench.see(ran("deploy-a", 2, bench.now_ms + 1, "FAILURE", namespace="staging"))
    bench.see(ran("deploy-a", 2, bench.now_ms + 1, "FAILURE", namespace="staging"))
    [wanted] = bench.wanted
    assert (wanted.job, wanted.number, wanted.url) == ("deploy-a", 2, "http://jenkins/job/deploy-a/2/")
    details = BuildDetails(source="jenkins", job="deploy-a", number=2, at_ms=bench.now_ms, causes=("Started by bob",))
    bench.see(Changed(source="jenkins", kind=BuildDetails, at_ms=bench.now_ms, seen=(details,)))
    with Reader(bench.directory / "statusdesk.db") as reader:
        assert reader.build_details("jenkins", "deploy-a", 2) == details


def test_what_failed_long_ago_is_looked_up_by_nobody(bench):
    bench.see(jobs(bench, "deploy-a"), ran("deploy-a", 1, bench.now_ms - 30 * HOUR_MS, "FAILURE", namespace="staging"))
    assert bench.wanted == []


def test_a_clock_of_vault_that_is_off_is_a_source_that_is_warned_of_and_mended(bench):
    said = "Vault at http://v has its clock 1m ahead of ours, which is corrected for: set both by NTP"
    off = Visited(source="vault", scope="clock", ok=False, at_ms=bench.now_ms, problem="SkewedClock", message=said)
    bench.see(Visited(source="vault", ok=True, at_ms=bench.now_ms), off)
    rows = bench.writer.current(SourceState)
    assert (rows["vault#clock"].reason, rows["vault#clock"].message) == ("SkewedClock", said)
    assert rows["vault#clock"].level is not Level.OK
    assert rows["vault"].level is Level.OK, "its tokens are known all the same"
    bench.see(Visited(source="vault", scope="clock", ok=True, at_ms=bench.now_ms + 1))
    row = bench.writer.current(SourceState)["vault#clock"]
    assert row.until_ms is not None or row.level is Level.OK


def test_an_alert_says_what_is_so_now_and_nobody_is_told_again(bench):
    bench.see(*(Visited(source=each, ok=True, at_ms=bench.now_ms) for each in ("jenkins", "kubernetes/eu")))
    create = ran("env-create", 5, bench.now_ms - HOUR_MS, namespace="dev-bob", user="bob")
    bench.see(jobs(bench, "env-create", "env-destroy"), create)
    bench.pass_ms(9 * HOUR_MS)
    [first] = [each for each in bench.writer.firing() if each.alertname == "EnvironmentLeftUp"]
    assert first.state == "firing" and first.summary.startswith("dev-bob: ")
    history = "SELECT count(*) FROM environment_history"
    periods = bench.writer._db.execute(history).fetchone()
    bench.desk.take_events()
    bench.pass_ms(2 * HOUR_MS)
    [now] = [each for each in bench.writer.firing() if each.alertname == "EnvironmentLeftUp"]
    assert now.summary == f"dev-bob: {bench.environment().message}" != first.summary
    assert (now.fingerprint, now.started_ms, now.fired_ms) == (first.fingerprint, first.started_ms, first.fired_ms)
    assert bench.writer._db.execute(history).fetchone() == periods
    assert bench.desk.take_events() == []
    again = ran("env-create", 6, bench.now_ms, "UNSTABLE", namespace="dev-bob", user="eve")
    bench.see(again)
    bench.pass_ms(MINUTE_MS)
    [now] = [each for each in bench.writer.firing() if each.alertname == "EnvironmentLeftUp"]
    assert (now.build_url, now.summary) == (bench.environment().url, f"dev-bob: {bench.environment().message}")
    with Reader(bench.directory / "statusdesk.db") as reader:
        assert len(reader.alerts(0)) == 1
