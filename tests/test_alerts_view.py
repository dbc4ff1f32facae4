"""What comes next for an alert, in one sentence; and what the feed reads for it."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts_view import Outlook, groups_about, last_messages, unread_words
from statusdesk.board_feed import FeedError
from statusdesk.cli.alert_lines import words_of
from statusdesk.collecting import Supervision
from statusdesk.config_alerts import AlertRuleSettings, AlertsSettings
from statusdesk.console_requests import Ack
from statusdesk.feed import PastFeed, StoreFeed
from statusdesk.states import Collector
from statusdesk.states_alerts import Matcher, Muted, MutedThere, Silence
from statusdesk.store.writer import Writer
from tests.screens import alerts
from tests.screens.alerts import FAILING, NOW, SINKS, STUCK, message
from tests.screens.boards import HOUR, MINUTE
from tests.screens.desk import config

CONFIG = config(sinks=SINKS[1:])


def said(alert, *messages, settings=CONFIG):
    return Outlook(settings).words(alert, alerts.board(), last_messages(messages))


@pytest.mark.parametrize(
    ("alert", "messages", "words"),
    [
        (FAILING, [], "desk: not told yet"),
        (FAILING, [message(FAILING)], "desk: told 5m ago, again in 3h 55m"),
        (FAILING, [message(FAILING, "queued", due_ms=NOW + 20_000)], "desk: told in 20s"),
        (FAILING, [message(FAILING, "queued", due_ms=NOW - 2_000)], "desk: told now"),
        (FAILING, [message(FAILING, "queued")], "desk: not told yet, waits its turn for 5m"),
        (FAILING, [message(FAILING, "queued", attempts=2, last_error="500")], "desk: told now (try 3: 500)"),
        (FAILING, [message(FAILING, "failed", last_error="refused")], "desk: not told (failed: refused)"),
        (FAILING, [message(FAILING, "queued", due_ms=NOW), message(FAILING)], "desk: told now"),
        (replace(FAILING, severity="info"), [], "no sink takes it: nobody is told"),
        (replace(FAILING, inhibited_by="x"), [], "another alert says more about it; nobody is told of this one"),
        (
            replace(FAILING, inhibited_by="x", cause_key="token:vault/t", cause_over_ms=NOW - MINUTE),
            [],
            "its cause was told in its place, and is over; told in 9m if this goes on",
        ),
        (replace(FAILING, flapping=True), [], "flapping: told once, then nothing until it has held for 15m"),
        (
            replace(FAILING, stale_since_ms=NOW, acked_by="kim"),
            [],
            "its source cannot be read: it stays as it is until it can",
        ),
        (
            replace(FAILING, acked_by="kim", acked_ms=NOW - MINUTE, ack_until_ms=NOW + HOUR),
            [],
            "taken by kim 1m ago, for 1h more; not told again",
        ),
        (replace(FAILING, silenced_by="gone"), [], "silenced; nobody is told"),
        (replace(STUCK, started_ms=NOW - HOUR), [], "fires when it is seen bad once more; then told to desk"),
        (alerts.OVER, [message(alerts.OVER)], "over; desk was told 5m ago"),
        (alerts.OVER, [message(replace(alerts.OVER, state="firing"))], "over"),
        (FAILING, [message(FAILING, age_ms=10 * MINUTE)], "desk: told 10m ago, again in 3h 50m"),
        (FAILING, [message(replace(FAILING, started_ms=1))], "desk: not told yet"),
        (FAILING, [message(replace(FAILING, state="resolved"))], "desk: not told yet"),
    ],
)
def test_one_sentence(alert, messages, words):
    assert said(alert, *messages) == words


def test_a_text_that_others_are_over_has_only_counted_what_still_fires():
    """Of what is sent as data it is told all the same; and when it is told again counts from the last message."""
    ended = message(FAILING, age_ms=MINUTE, why="resolved")
    older = message(FAILING, age_ms=20 * MINUTE)
    for kind, words in (("webhook", "desk: told 1m ago"), ("slack", "desk: told 20m ago")):
        settings = replace(CONFIG, sinks=tuple(replace(sink, type=kind) for sink in CONFIG.sinks))
        assert said(FAILING, ended, older, settings=settings) == f"{words}, again in 3h 59m"
    alone = said(FAILING, ended, settings=settings)
    assert alone == "desk: counted 1m ago, when others were over, again in 3h 59m"
    over = message(replace(FAILING, state="resolved"), age_ms=MINUTE, why="resolved")
    assert (
        said(replace(FAILING, state="resolved", resolved_ms=NOW), over, settings=settings)
        == "over; desk was told 1m ago"
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"alertname": "TokenGone", "token": "payments"}, "inhibited by TokenGone payments, its cause, which is told"),
        ({"alertname": "BadVersionAhead"}, "inhibited by BadVersionAhead orders, which says more about it; nobody"),
    ],
)
def test_the_alert_that_inhibits_another_is_named(more, words):
    other = replace(FAILING, fingerprint="x", app="" if "token" in more else "orders", **more)
    muted = replace(FAILING, inhibited_by="x", cause_key="token:vault/payments" if other.token else "")
    board = replace(alerts.board(), firing=(muted, other))
    assert Outlook(CONFIG).words(muted, board, {}).startswith(words)
    assert words.startswith(words_of(muted, NOW, board.firing)[-1] + ",")


def test_a_pending_alert_fires_so_long_after_it_was_known_and_not_after_it_was_bad():
    began = replace(STUCK, alertname="RolloutFailing", started_ms=NOW - HOUR, pending_ms=NOW - MINUTE)
    rules = AlertsSettings(rules=(AlertRuleSettings(name="RolloutFailing", for_s=600.0),))
    settings = replace(CONFIG, alerts=rules)
    assert said(began, settings=settings).startswith("fires in 9m if it stays")
    assert said(replace(began, pending_ms=NOW + HOUR), settings=settings).startswith("fires in 10m"), "set back since"
    stuck = replace(began, alertname="RolloutStuck")
    rules = AlertsSettings(rules=(AlertRuleSettings(name="RolloutStuck", for_s=4200.0),))
    assert said(stuck, settings=replace(CONFIG, alerts=rules)).startswith("fires in 10m"), "counted from its beginning"


def test_where_an_inhibited_alert_is_told_all_the_same_is_said():
    other = replace(FAILING, fingerprint="x", alertname="BadVersionAhead")
    muted = replace(FAILING, inhibited_by="x", still_told_to=("stag",))
    words = Outlook(CONFIG).words(muted, replace(alerts.board(), firing=(muted, other)), {})
    assert words == "inhibited by BadVersionAhead orders, but not at stag, which is told of this one only"


@pytest.mark.parametrize(
    ("fields", "heard"),
    [
        ({"severity": "critical", "kept_back": True}, "only am is told of this one too"),
        ({"severity": "warning", "kept_back": False}, "only am is told of this one too"),
        ({"severity": "warning", "kept_back": True}, "nobody is told of this one"),
        ({"severity": "critical", "state": "pending"}, "nobody is told of this one"),
    ],
)
def test_an_alertmanager_hears_of_an_inhibited_alert_that_is_critical_or_was_told(fields, heard):
    muted = replace(FAILING, inhibited_by="x", **fields)
    assert not muted.still_told_to
    assert said(muted, settings=config(sinks=SINKS)).endswith(f"; {heard}")


def test_the_settings_of_rules_and_sinks_count():
    nobody = AlertsSettings(rules=(AlertRuleSettings(name="RolloutFailing", notify=()),))
    assert said(FAILING, settings=replace(CONFIG, alerts=nobody)) == "no sink takes it: nobody is told"
    once = replace(CONFIG, alerts=AlertsSettings(repeat_s=0))
    assert said(FAILING, message(FAILING), settings=once) == "desk: told 5m ago, once only"
    often = replace(CONFIG, sinks=(replace(SINKS[1], repeat_s=600.0),))
    assert said(FAILING, message(FAILING), settings=often) == "desk: told 5m ago, again in 5m"


@pytest.mark.parametrize(
    ("alert", "words"),
    [
        (FAILING, "nobody is told while a board's own collector works"),
        (replace(FAILING, flapping=True), "nobody is told while a board's own collector works"),
        (STUCK, "fires in 20m if it stays; nobody is told while a board's own collector works"),
        (replace(FAILING, inhibited_by="x"), "another alert says more about it; nobody is told of this one"),
        (alerts.OVER, "over"),
    ],
)
def test_under_the_collector_of_a_board_nobody_is_told(alert, words):
    board = alerts.board(collector=Collector(pid=1, owner="board", started_ms=1, beat_ms=1))
    assert Outlook(config(sinks=SINKS)).words(alert, board, {}) == words


SILENCED = Muted(fingerprint=FAILING.fingerprint, by="sam", comment="moving", until_ms=NOW + 2 * HOUR)


@pytest.mark.parametrize(
    ("muted", "words"),
    [
        (SILENCED, "am: silenced there by sam for 2h more: moving; desk: not told yet"),
        (replace(SILENCED, by="", comment="", until_ms=None), "am: silenced there; desk: not told yet"),
        (replace(SILENCED, inhibited=True, comment=""), "am: held back there by another alert; desk: not told yet"),
        (replace(SILENCED, fingerprint="another"), "am: posted 5s ago, every 1m; desk: not told yet"),
    ],
)
def test_what_an_alertmanager_mutes_itself_is_said_of_that_sink_only(muted, words):
    board = alerts.board(muted=(MutedThere(sink="am", muted=(muted,)),))
    outlook = Outlook(config(sinks=SINKS))
    assert outlook.words(FAILING, board, {}) == words
    assert outlook.words(FAILING, alerts.board(), {}) == "am: posted 5s ago, every 1m; desk: not told yet"


def test_an_alertmanager_that_tells_all_the_same_is_named():
    board = alerts.board(muted=(MutedThere(sink="am", lacking=((FAILING.fingerprint,),)), MutedThere(sink="b")))
    outlook = Outlook(config(sinks=SINKS))
    elsewhere = replace(FAILING, inhibited_by="x", still_told_to=("stag",))
    taken = replace(elsewhere, acked_by="kim")
    assert [outlook.still_told(each, board) for each in (FAILING, elsewhere, taken)] == [(), ("stag",), ("am",)]
    assert outlook.words(replace(FAILING, acked_by="kim"), board, {}) == f"taken by kim; not told again{TOLD}"
    assert not outlook.words(replace(STUCK, acked_by="kim"), board, {}).endswith(TOLD)


TOLD = "; but told by am: its silence there was ended by somebody, or refused"
IN_CLUSTER = replace(FAILING, silenced_by="s1")
AS_A_WHOLE = replace(IN_CLUSTER, alertname="BadVersionAhead", cluster="")
FAILED_BUILD = replace(IN_CLUSTER, alertname="BuildFailed", cluster="", app="deploy-x", job_app=FAILING.app)
OF_THE_APP = Silence(
    id="s1", matchers=(Matcher("app", FAILING.app),), starts_ms=NOW, ends_ms=NOW + HOUR, created_by="kim"
)
ALL_OF_IT = ("s1", "s1 elsewhere", f"s1 {FAILING.fingerprint}")
BESIDE = replace(OF_THE_APP, id="s2", matchers=(Matcher("alertname", FAILING.alertname),))


@pytest.mark.parametrize(
    ("alert", "part"), [(IN_CLUSTER, "s1"), (AS_A_WHOLE, "s1 elsewhere"), (FAILED_BUILD, ALL_OF_IT[2])]
)
def test_an_alertmanager_that_lacks_a_part_of_a_silence_tells_only_what_that_part_is_about(alert, part):
    outlook = Outlook(config(sinks=SINKS))
    for gone, told in (((part,), True), (tuple(each for each in ALL_OF_IT if each != part), False), (ALL_OF_IT, True)):
        board = alerts.board(muted=(MutedThere(sink="am", lacking=(gone,)),), silences=(OF_THE_APP,))
        assert outlook.words(alert, board, {}).endswith(TOLD) is told


@pytest.mark.parametrize(
    ("beside", "told"), [(BESIDE, False), (replace(BESIDE, expired_ms=NOW), True), (OF_THE_APP, True)]
)
def test_what_another_silence_keeps_quiet_there_is_not_said_to_be_told(beside, told):
    board = alerts.board(muted=(MutedThere(sink="am", lacking=(("s1",),)),), silences=(OF_THE_APP, beside))
    assert Outlook(config(sinks=SINKS)).words(IN_CLUSTER, board, {}).endswith(TOLD) is told


@pytest.mark.parametrize(
    ("lacking", "told"), [((("s1",), ("s2",)), False), ((("s1", "s2"),), True), ((("s1",), ("s1", "s2")), True)]
)
def test_an_alertmanager_that_holds_another_part_keeps_quiet_whatever_its_neighbour_lacks(lacking, told):
    board = alerts.board(muted=(MutedThere(sink="am", lacking=lacking),), silences=(OF_THE_APP, BESIDE))
    assert Outlook(config(sinks=SINKS)).words(IN_CLUSTER, board, {}).endswith(TOLD) is told


@pytest.mark.parametrize("kept", [{"kept_back": True, "severity": "warning"}, {"state": "pending"}, {"stage": "none"}])
def test_an_alertmanager_that_never_heard_of_an_alert_is_not_said_to_tell_it(kept):
    board = alerts.board(muted=(MutedThere(sink="am", lacking=(ALL_OF_IT,)),), silences=(OF_THE_APP,))
    sinks = tuple(replace(sink, stages=("staging",)) for sink in SINKS)
    outlook = Outlook(config(sinks=sinks))
    assert outlook.words(replace(IN_CLUSTER, stage="staging"), board, {}).endswith(TOLD)
    assert TOLD not in outlook.words(replace(IN_CLUSTER, **({"stage": "staging"} | kept)), board, {})


OTHER = replace(alerts.POSTED, number=1, peer="am2:9093")
AWAY = {"problem": "no connection", "problem_ms": NOW - 2 * MINUTE}
DENIED = AWAY | {"problem": "it answered 401"}
WILL_NOT = {"refused": ((FAILING.fingerprint, "bad label"),)}


@pytest.mark.parametrize(
    ("posts", "words"),
    [
        ((), "not told yet"),
        ((replace(alerts.POSTED, ok_ms=None, taken=()),), "not told yet"),
        ((replace(alerts.POSTED, taken=()),), "not told yet"),
        ((replace(alerts.POSTED, ok_ms=None, taken=(), **AWAY),), "not told yet, not taken for 2m: no connection"),
        ((replace(alerts.POSTED, ok_ms=NOW - HOUR, **AWAY),), "not told yet, not taken for 2m: no connection"),
        (
            (replace(alerts.POSTED, taken=("another",), **AWAY),),
            "not told yet, not taken for 2m: no connection",
        ),
        (
            (replace(alerts.POSTED, ok_ms=NOW - 3 * MINUTE, **AWAY),),
            "posted 3m ago, not taken for 2m: no connection",
        ),
        ((alerts.POSTED, OTHER), "posted 5s ago, every 1m"),
        (
            (alerts.POSTED, replace(OTHER, **AWAY)),
            "posted 5s ago, every 1m, but not taken by am2:9093 for 2m: no connection",
        ),
        (
            (replace(alerts.POSTED, taken=(), **AWAY), replace(OTHER, **AWAY | {"problem_ms": 1, "taken": ()})),
            "not told yet, not taken for 2m: no connection",
        ),
        ((replace(alerts.POSTED, **WILL_NOT),), "refused: bad label"),
        ((replace(alerts.POSTED, **WILL_NOT), OTHER), "posted 5s ago, every 1m, but refused by am:9093: bad label"),
        (
            (replace(alerts.POSTED, **WILL_NOT), replace(OTHER, taken=(), **AWAY)),
            "not told yet, none takes it now: refused by am:9093: bad label, "
            "and not taken by am2:9093 for 2m: no connection",
        ),
        (
            (replace(alerts.POSTED, **DENIED), replace(OTHER, **AWAY)),
            "posted 5s ago, none takes it now: not taken by am:9093 for 2m: it answered 401, "
            "and not taken by am2:9093 for 2m: no connection",
        ),
        (
            (replace(alerts.POSTED, **DENIED), replace(OTHER, **AWAY), replace(OTHER, number=2, peer="am3:9093")),
            "posted 5s ago, every 1m, but not taken by am:9093 for 2m: it answered 401, "
            "and not taken by am2:9093 for 2m: no connection",
        ),
        ((replace(alerts.POSTED, sink="another"),), "not told yet"),
        (None, "what it has taken is not kept of the past"),
    ],
)
def test_of_an_alertmanager_is_said_what_it_has_taken(posts, words):
    outlook = Outlook(config(sinks=SINKS[:1]))
    assert outlook.words(FAILING, alerts.board(posts=posts), {}) == f"am: {words}"


def test_while_no_collector_works_nothing_is_posted_again():
    outlook = Outlook(config(sinks=SINKS[:1]))
    lost = alerts.board(collector_lost_ms=5_000)
    assert outlook.words(FAILING, lost, {}) == "am: posted 5s ago"


def test_an_inhibited_alert_that_no_alertmanager_has_taken_is_not_said_to_be_told():
    muted = replace(FAILING, inhibited_by="x", severity="critical", kept_back=True)
    board = alerts.board(posts=(replace(alerts.POSTED, taken=(), **AWAY),))
    words = Outlook(config(sinks=SINKS[:1])).words(muted, board, {})
    assert words.endswith("; nobody is told of this one; am: not told yet, not taken for 2m: no connection")


def test_what_was_taken_at_another_collector_is_said_so():
    taken = replace(SILENCED, until_ms=None, taken=True)
    board = alerts.board(muted=(MutedThere(sink="am", muted=(taken,)),))
    words = Outlook(config(sinks=SINKS)).words(FAILING, board, {})
    assert words == "am: taken by sam at another collector: moving; desk: not told yet"


def test_that_it_could_not_be_read_is_said_with_its_age():
    away = MutedThere(sink="am", problem="no connection", problem_ms=NOW - 5 * MINUTE)
    board = alerts.board(muted=(away, MutedThere(sink="other")))
    assert unread_words(board) == ["What is silenced in am itself could not be read for 5m: no connection"]


def told_to_its_group():
    ((_, group_key),) = groups_about(CONFIG, [FAILING])
    return replace(message(FAILING), group_key=group_key)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "statusdesk.db"
    with Writer(path, 1e9, lambda: NOW) as writer:
        writer.put_alerts([FAILING, alerts.OVER, replace(alerts.OVER, fingerprint="old", resolved_ms=NOW - 30 * HOUR)])
        writer.alert_rows.put_notifications([told_to_its_group()])
        writer.beat(Collector(pid=1, owner="watch", started_ms=NOW, beat_ms=NOW))
        writer.commit()
    return path


def test_the_feed_reads_what_was_over_within_a_day_and_what_was_told(path):
    feed = StoreFeed(CONFIG, path, Supervision(None))
    board = feed.poll(NOW)
    reading = feed.alerts(board)
    assert [alert.fingerprint for alert in reading.recent] == [alerts.OVER.fingerprint]
    assert [each.fingerprints for each in reading.notifications] == [(FAILING.fingerprint,)]
    with pytest.raises(FeedError, match="no collector works on"):
        feed.request(Ack(fingerprints=("x",)))
    feed.close()


def test_the_past_takes_no_requests(path):
    feed = PastFeed(CONFIG, path, NOW)
    assert feed.alerts(feed.poll(NOW)).recent
    with pytest.raises(FeedError, match="this is the past"):
        feed.request(Ack(fingerprints=("x",)))
    feed.close()


def test_what_was_told_is_found_however_much_was_told_since(path):
    """Two hundred newer messages about others hide nothing."""
    others = [
        replace(message(FAILING), id=number, fingerprints=(f"{number}",), group_key=f"{{{number}}}")
        for number in range(1_000, 1_300)
    ]
    with Writer(path, 1e9, lambda: NOW) as writer:
        writer.alert_rows.put_notifications(others)
        writer.commit()
    feed = StoreFeed(CONFIG, path, Supervision(None))
    board = feed.poll(NOW)
    words = Outlook(CONFIG).words(FAILING, board, last_messages(feed.alerts(board).notifications))
    assert words == "desk: told 5m ago, again in 3h 55m"
    feed.close()
