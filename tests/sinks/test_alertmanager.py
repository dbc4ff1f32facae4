"""What an Alertmanager is posted, by what stands and by the clocks."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts.tuning import Tuning
from statusdesk.alerts_posted import Taker
from statusdesk.clock import steady_clock, system_clock
from statusdesk.config_alerts import HaSettings, SinkSettings
from statusdesk.sinks import peers
from statusdesk.sinks.alertmanager import batches, content_mark, posted, rfc3339, terms_of, told
from statusdesk.sinks.peers import Peer, Standing
from tests.alerts.make import config
from tests.e2e.world import wait_for
from tests.sinks.make import ALERT, OVER, T0

AM = SinkSettings(name="am", type="alertmanager", urls=("http://am:9093",))
TERMS = terms_of(config(sinks=(AM,)), AM)
NOW = T0 + 3_600_000
HOUR_MS = 3_600_000


def test_what_fires_ends_after_four_rounds_that_fail():
    body = posted(ALERT, TERMS, NOW, 0)
    assert body["startsAt"] == rfc3339(T0) and body["endsAt"] == rfc3339(NOW + 4 * 60_000)
    assert body["generatorURL"] == ALERT.build_url
    assert set(body["labels"]) == {"alertname", "severity", "cluster", "namespace", "app"}


def test_what_is_over_ends_when_it_did_however_often_it_is_posted():
    first, later = posted(OVER, TERMS, NOW, 0), posted(OVER, TERMS, NOW + 600_000, 0)
    assert first == later and first["endsAt"] == rfc3339(OVER.resolved_ms)


@pytest.mark.parametrize("alert", [ALERT, OVER], ids=["fires", "over"])
@pytest.mark.parametrize("ahead_ms", [-600_000, 0, 600_000])
@pytest.mark.parametrize("set_by_ms", [-86_400_000, -600_000, 0, 600_000])
def test_no_clock_makes_a_post_that_is_refused(alert, ahead_ms, set_by_ms):
    now_ms = T0 + set_by_ms
    body = posted(alert, TERMS, now_ms, ahead_ms)
    assert body["startsAt"] <= body["endsAt"] and body["startsAt"] <= rfc3339(now_ms - ahead_ms)
    assert (body["endsAt"] <= rfc3339(now_ms - ahead_ms)) == (alert is OVER)


@pytest.mark.parametrize("url", ["", "ci.example/1", "https://", "http://[x", "https://ci/ü", "https://ci/a b"])
def test_an_address_that_would_spoil_the_post_is_left_out(url):
    assert "generatorURL" not in posted(replace(ALERT, build_url=url), TERMS, NOW, 0)


def test_one_of_a_pair_never_says_that_anything_is_over():
    pair = terms_of(replace(config(sinks=(AM,)), ha=HaSettings(mode="pair", site="fra")), AM)
    tuning = Tuning(config(sinks=(AM,)))
    assert told([ALERT, OVER], pair, tuning, NOW) == [ALERT]
    assert told([ALERT, OVER], TERMS, tuning, NOW) == [ALERT, OVER]
    assert posted(ALERT, pair, NOW, 0)["labels"]["site"] == "fra"


def test_what_nobody_has_seen_for_long_is_held_up_for_an_hour():
    tuning = Tuning(config(sinks=(AM,)))
    stale = replace(ALERT, stale_since_ms=NOW)
    assert told([stale], TERMS, tuning, NOW + HOUR_MS) == [stale]
    assert told([stale], TERMS, tuning, NOW + HOUR_MS + 1) == []
    assert "stale_since" in posted(stale, TERMS, NOW, 0)["annotations"]


def test_muted_ones_are_posted_and_those_that_the_sink_does_not_take_are_not():
    tuning = Tuning(config(sinks=(AM,)))
    taken, mild = replace(ALERT, acked_by="kim"), replace(ALERT, severity="warning")
    watchdog = replace(ALERT, alertname="Watchdog", severity="info")
    critical = terms_of(config(), replace(AM, min_severity="critical"))
    assert told([taken, mild, watchdog], critical, tuning, NOW) == [taken, watchdog]


def test_posts_of_64_and_a_mark_that_times_do_not_change():
    bodies = [posted(replace(ALERT, app=str(n)), TERMS, NOW, 0) for n in range(130)]
    assert [len(batch) for batch in batches(bodies)] == [64, 64, 2]
    assert content_mark(bodies[0]) == content_mark(posted(replace(ALERT, app="0"), TERMS, NOW + 99_999, 0))
    assert content_mark(bodies[0]) != content_mark(posted(replace(ALERT, app="0", summary="x"), TERMS, NOW, 0))


def test_what_is_over_is_posted_for_a_quarter_of_an_hour_whatever_the_clock_says():
    steady = [0]
    standing = Standing(lambda: steady[0])
    assert standing.alerts() is None
    standing.put((ALERT, OVER))
    steady[0] = 14 * 60_000
    standing.put((ALERT, OVER))
    assert standing.alerts() == (ALERT, OVER)
    steady[0] = 15 * 60_000
    assert standing.alerts() == (ALERT,)


def test_what_its_cause_mutes_elsewhere_is_posted_where_the_cause_is_not_told():
    tuning = Tuning(config(sinks=(AM,)))
    muted = replace(ALERT, severity="warning", inhibited_by="cause", kept_back=True, still_told_to=("am",))
    elsewhere = replace(muted, still_told_to=("other",))
    critical = replace(elsewhere, severity="critical")
    assert told([muted, elsewhere, critical], TERMS, tuning, NOW) == [muted, critical]


def test_of_a_clock_that_is_set_and_set_right_again_nothing_is_left(tmp_path):
    even, set_by, narrated = [0], [0], []
    standing = Standing(lambda: even[0])
    clocks = {"clock": lambda: T0 + even[0] + set_by[0], "steady": lambda: even[0]}
    tuning = Tuning(config(sinks=(AM,)))
    peer = Peer("http://127.0.0.1:9", TERMS, tuning, standing, tmp_path, narrate=narrated.append, **clocks)
    try:
        for set_ms in (600_400, 0, -600_400, 300):
            set_by[0] = set_ms
            peer._note_step()
    finally:
        standing.stop()
        peer.join(3.0)
    ahead, agrees, behind, again = narrated
    assert "our clock is 600 s ahead of that of" in ahead and "our clock is 600 s behind that of" in behind
    assert agrees == again and "agrees with" in agrees


def test_what_one_has_taken_is_reported_with_what_it_has_not(tmp_path, receiver):
    """One that was told before, refuses a second alert, then goes away while a third one comes that fired long ago."""
    standing, narrated = Standing(steady_clock), []
    even = {"clock": system_clock, "steady": steady_clock}
    sink = replace(AM, urls=(receiver.url,), resend_s=0.2)
    terms, tuning = replace(TERMS, sink=sink), Tuning(config(sinks=(sink,)))
    peer = Peer(receiver.url, terms, tuning, standing, tmp_path, narrate=narrated.append, number=1, **even)
    reports = []

    def report(holds):
        wait_for(lambda: reports.extend(filter(None, [peer.report()])) or (reports and holds(reports[-1])), 10.0)
        return reports[-1]

    first = replace(ALERT, started_ms=1, fired_ms=1)
    bad, late = replace(first, fingerprint="bad", app="bad"), replace(first, fingerprint="late", app="late")
    try:
        standing.put((first,))
        taken = report(lambda each: each.ok_ms)
        assert (taken.sink, taken.number, taken.peer) == (sink.name, 1, receiver.url.removeprefix("http://"))
        assert Taker(taken).took(first) and not Taker(taken).took(bad)
        receiver.answer = lambda body: (400 if any(each["labels"]["app"] == "bad" for each in body) else 200, {}, b"no")
        standing.put((first, bad))
        refused = report(lambda each: each.refused)
        assert refused.refused == (("bad", "no"),) and Taker(refused).took(first) and not Taker(refused).took(bad)
        receiver.answer = lambda body: (503, {}, b"")
        standing.put((first, bad, late))
        away = report(lambda each: each.problem)
        assert away.taken == (first.fingerprint,) and Taker(away).took(first) and not Taker(away).took(late)
        assert not Taker(away).took(replace(first, started_ms=away.ok_ms + 1)), "it was over since, and fires again"
        standing.put((replace(first, started_ms=2), late))
        report(lambda each: not each.taken)
        assert away.problem == "it answered 503" and away.problem_ms >= taken.ok_ms
    finally:
        standing.stop()
        peer.join(3.0)


def test_a_fault_of_ours_is_told_and_does_not_end_the_thread(tmp_path, receiver, monkeypatch):
    """It is met again where the failure is counted, if that asks the same."""
    standing, narrated = Standing(steady_clock), []
    sink = replace(AM, urls=(receiver.url,), resend_s=0.2)
    terms, tuning = replace(TERMS, sink=sink), Tuning(config(sinks=(sink,)))

    def fault(*_):
        raise ValueError("a fault of ours")

    even = {"clock": system_clock, "steady": steady_clock}
    with monkeypatch.context() as broken:
        broken.setattr(peers, "told", fault)
        peer = Peer(receiver.url, terms, tuning, standing, tmp_path, narrate=narrated.append, **even)
        standing.put((ALERT,))
        wait_for(lambda: peer.stats.failed or not peer._thread.is_alive(), 10.0)
    try:
        wait_for(lambda: peer.stats.sent or not peer._thread.is_alive(), 10.0)
        assert peer.stats.sent and "ValueError" in narrated[0] and "is told again" in narrated[-1]
    finally:
        standing.stop()
        peer.join(3.0)
