"""What is remembered of alerts that were: their firings and starts, each for as long as it may count."""

from statusdesk.alerts.past import Past
from statusdesk.states import AlertState

DAY_MS = 86_400_000
NOW_MS = 1_800_000_000_000


def alert(started_ms):
    return AlertState(
        fingerprint="f1", state="firing", alertname="RolloutFailing", severity="warning", started_ms=started_ms
    )


def past(starts=()):
    return Past((), starts, within_ms=1_800_000, keep_ms=90 * DAY_MS, t=0, now_ms=NOW_MS)


def test_the_same_alert_begins_at_another_moment_each_time():
    was = past()
    row = alert(started_ms=NOW_MS)
    was.began(row)
    assert was.distinct(row, NOW_MS).started_ms == NOW_MS + 1
    assert past([(row.fingerprint, NOW_MS)]).distinct(row, NOW_MS + 5).started_ms == NOW_MS + 5
    assert past().distinct(row, NOW_MS + 5).started_ms == NOW_MS


def test_starts_are_forgotten_with_the_rows_of_the_store():
    row = alert(started_ms=NOW_MS)
    was = past([(row.fingerprint, NOW_MS)])
    was.fired("another", (row.fingerprint,), 100 * DAY_MS, NOW_MS + 100 * DAY_MS)
    assert was.distinct(row, NOW_MS).started_ms > NOW_MS, "it still is"
    was.fired("another", (), 200 * DAY_MS, NOW_MS + 200 * DAY_MS)
    assert was.distinct(row, NOW_MS).started_ms == NOW_MS


def test_a_firing_counts_while_it_may_make_the_next_one_flapping():
    was = past()
    for minute in (0, 20, 40):
        was.fired("a", (), minute * 60_000, NOW_MS)
    assert list(was.firings("a")) == [20 * 60_000, 40 * 60_000]
    was.fired("b", (), 80 * 60_000, NOW_MS)
    assert not was.firings("a")
