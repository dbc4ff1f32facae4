"""What is queued for sinks: groups, waiting, repeats, what is over; restarts and failures between any two steps."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts.outbox import Outbox
from statusdesk.alerts.telling import Outcome, Refusal
from statusdesk.alerts.tuning import Tuning
from statusdesk.config_alerts import AlertsSettings, SinkSettings
from statusdesk.sinks.message import Message
from statusdesk.states_alerts import AlertState, Notification
from tests.alerts.make import HOUR, MINUTE, SECOND, T0, config


def alert(name: str = "a", state: str = "firing", **fields) -> AlertState:
    given = {"alertname": "RolloutFailing", "severity": "warning", "cluster": "eu", "namespace": "staging"} | fields
    return AlertState(fingerprint=name, app=name, started_ms=T0, fired_ms=T0, state=state, **given)


class Post:
    """An outbox, what it has written, and a clock."""

    def __init__(self, *sinks: SinkSettings, **settings) -> None:
        self.settings = AlertsSettings(**settings)
        self.sinks = sinks or (SinkSettings(name="desk", type="jsonl"),)
        self.now_ms = T0
        self.rows: dict[int, Notification] = {}
        self.active: dict[str, AlertState] = {}
        self.ended: dict[str, AlertState] = {}
        self.open()

    def open(self) -> None:
        last = {}
        for row in sorted(self.rows.values(), key=lambda row: row.id):
            if row.state == "sent":
                last[row.sink, row.group_key] = row
        self.outbox = Outbox(
            self.settings,
            self.sinks,
            Tuning(config(sinks=self.sinks)),
            active=list(self.active.values()),
            queued=[row for row in self.rows.values() if row.state == "queued"],
            last_of_groups=list(last.values()),
            ended=self.ended.values(),
            last_id=max(self.rows, default=0),
        )

    def step(self, *alerts: AlertState) -> list[Notification]:
        for each in alerts:
            self.active[each.fingerprint] = each
            if each.state == "resolved":
                self.ended[each.fingerprint] = self.active.pop(each.fingerprint)
                self.ended[each.fingerprint] = each
        return self._keep(self.outbox.step(alerts, self.now_ms))

    def told(self, ms: int) -> list[tuple[str, list[str]]]:
        """Let time pass; the title of each message, and what a webhook hears."""
        before = {row.id for row in self.rows.values() if row.state == "sent"}
        self.later(ms)
        sent = [Message(row) for row in self.rows.values() if row.state == "sent" and row.id not in before]
        return [(each.title, [f"{a['fingerprint']} {a['status']}" for a in each.webhook()["alerts"]]) for each in sent]

    def _keep(self, written: list[Notification]) -> list[Notification]:
        self.rows.update((row.id, row) for row in written)
        return written

    def outcome(self, row: Notification, state: str = "sent", **fields) -> None:
        self._keep(self.outbox.settle([Outcome(id=row.id, state=state, at_ms=self.now_ms, attempts=1, **fields)]))

    def send_all(self) -> list[tuple[str, str, list[str]]]:
        """Send what is due, and say what was told."""
        told = []
        for row in sorted(self.rows.values(), key=lambda row: row.id):
            if row.state == "queued" and row.due_ms <= self.now_ms:
                told.append((row.what, row.why, [f"{each.fingerprint} {each.state}" for each in row.alerts]))
                self.outcome(row)
        return told

    def later(self, ms: int) -> list[tuple[str, str, list[str]]]:
        self.now_ms += ms
        self.step()
        return self.send_all()


A, B, OVER_A, OVER_B = alert("a"), alert("b"), alert("a", "resolved"), alert("b", "resolved")


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_one_alert_is_told_once_and_once_that_it_is_over(restarts):
    post = Post()

    def again() -> None:
        if restarts:
            post.open()
            post.step()

    (row,) = post.step(A)
    assert (row.what, row.why, row.due_ms, row.state) == ("firing", "new", T0 + 30 * SECOND, "queued")
    again()
    assert post.later(29 * SECOND) == []
    again()
    assert post.later(SECOND) == [("firing", "new", ["a firing"])]
    again()
    assert post.later(HOUR) == []
    post.step(OVER_A)
    again()
    assert post.later(30 * SECOND) == [("resolved", "resolved", ["a resolved"])]
    again()
    assert post.later(9 * HOUR) == []
    keys = [row.idempotency_key for row in post.rows.values()]
    assert len(keys) == len(set(keys)) == 2


@pytest.mark.parametrize(("wait_s", "most"), [(1.0, 16), (0.5, 33)])
def test_a_short_wait_groups_as_well(wait_s, most):
    post = Post(group_wait_s=wait_s)
    told = []
    for number in range(64):  # four a second
        post.step(alert(f"app-{number}"))
        told += post.later(250)
    told += post.later(2 * SECOND)
    assert len(told) <= most
    assert set(told[-1][2]) == {f"app-{number} firing" for number in range(64)}


def test_what_stands_behind_another_message_takes_in_what_comes():
    post = Post(group_wait_s=0.0)
    (first,) = post.step(A)
    post.outcome(first, "queued", due_ms=T0 + MINUTE)  # the sink is down
    for number in range(20):
        post.now_ms += SECOND
        post.step(alert(f"app-{number}"))
    assert [row.id for row in post.rows.values() if row.state == "queued"] == [1, 2]
    post.now_ms += MINUTE
    assert [len(names) for _, _, names in post.send_all()] == [1, 21]


def test_what_comes_while_it_waits_goes_into_the_same_message():
    post = Post()
    (first,) = post.step(A)
    post.now_ms += 10 * SECOND
    (again,) = post.step(B, replace(A, summary="more is known"))
    assert (again.id, again.due_ms) == (first.id, first.due_ms)
    assert again.idempotency_key != first.idempotency_key, "who has had the first would not hear of the rest"
    assert post.later(20 * SECOND) == [("firing", "new", ["a firing", "b firing"])]
    assert [each.summary for each in post.rows[1].alerts] == ["more is known", ""]


def test_what_is_over_before_it_is_told_is_not_told():
    post = Post()
    post.step(A)
    (dropped,) = post.step(OVER_A)
    assert dropped.state == "dropped"
    assert post.later(HOUR) == []
    assert post.step(replace(A, started_ms=T0 + 5))[0].id == 2


def test_what_is_over_and_comes_again_before_anybody_heard_is_no_news():
    post = Post()
    post.step(A)
    post.later(MINUTE)
    post.step(OVER_A)
    post.step(A)
    assert post.later(HOUR) == []


def test_a_message_that_is_nearly_due_is_left_alone():
    post = Post()
    post.step(A)
    post.now_ms += 29_500
    (second,) = post.step(B)
    assert second.id == 2 and [each.fingerprint for each in second.alerts] == ["b", "a"]
    assert post.later(MINUTE) == [("firing", "new", ["a firing"]), ("firing", "changed", ["b firing", "a firing"])]


def test_others_in_the_group_are_named_and_what_is_over_goes_with_what_fires():
    post = Post()
    post.step(A)
    post.later(MINUTE)
    post.step(B)
    assert post.later(MINUTE) == [("firing", "changed", ["b firing", "a firing"])], "what is new stands first"
    post.step(OVER_A)
    assert post.later(MINUTE) == [("firing", "resolved", ["a resolved", "b firing"])]
    post.step(OVER_B)
    assert post.later(MINUTE) == [("resolved", "resolved", ["b resolved"])]


def test_repeats_stop_when_somebody_has_it_and_begin_again_when_it_is_given_back():
    post = Post()
    post.step(A)
    post.later(MINUTE)
    assert post.later(4 * HOUR) == [("firing", "repeat", ["a firing"])]
    post.step(replace(A, acked_by="kim"))
    assert post.later(9 * HOUR) == []
    post.open()
    assert post.later(9 * HOUR) == []
    post.step(A)
    assert post.later(SECOND) == [("firing", "repeat", ["a firing"])]
    post.step(replace(A, acked_by="kim"))
    post.step(OVER_A)
    assert post.later(MINUTE) == [("resolved", "resolved", ["a resolved"])]


STALE_A = alert("a", stale_since_ms=T0 + MINUTE)


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_what_cannot_be_read_is_not_repeated_before_it_is_known_to_hold(restarts):
    post = Post(repeat_s=25.0)
    post.step(A)
    assert post.later(30 * SECOND) == [("firing", "new", ["a firing"])]
    post.step(STALE_A)
    if restarts:
        post.open()
    assert post.later(25 * SECOND) == post.later(HOUR) == []
    post.step(A)
    assert post.send_all() == [("firing", "repeat", ["a firing"])]
    assert post.later(25 * SECOND) == [("firing", "repeat", ["a firing"])]
    post.step(STALE_A)
    assert post.later(HOUR) == []
    post.step(OVER_A)
    assert post.later(30 * SECOND) == [("resolved", "resolved", ["a resolved"])]


def test_a_sink_that_is_new_hears_of_what_cannot_be_read_when_it_is_known_to_hold():
    post = Post()
    post.active["a"] = STALE_A
    post.open()
    assert post.later(HOUR) == post.later(HOUR) == []
    post.step(A)
    assert post.later(30 * SECOND) == [("firing", "new", ["a firing"])]


def test_what_was_to_be_told_before_its_source_failed_is_told():
    post = Post()
    post.step(A)
    assert post.later(5 * SECOND) == []
    post.step(STALE_A)
    assert post.later(25 * SECOND) == [("firing", "new", ["a firing"])]


def test_one_that_is_taken_is_named_beside_a_new_one():
    post = Post()
    post.step(A)
    post.later(MINUTE)
    post.step(replace(A, acked_by="kim"), B)
    assert post.later(MINUTE) == [("firing", "changed", ["b firing", "a firing"])]
    post.open()
    post.step(OVER_A)
    assert post.later(MINUTE) == [("firing", "resolved", ["a resolved", "b firing"])]


def test_what_is_silenced_is_told_when_the_silence_ends():
    post = Post()
    post.step(replace(A, silenced_by="s1"))
    assert post.rows == {}
    post.later(HOUR)
    post.step(A)
    assert post.later(MINUTE) == [("firing", "new", ["a firing"])]


def test_one_that_is_taken_while_it_waits_is_not_told():
    post = Post()
    post.step(A)
    post.step(replace(A, acked_by="kim"))
    assert post.rows[1].state == "dropped" and post.later(HOUR) == []


def test_each_sink_has_its_own_way():
    page = SinkSettings(name="page", type="webhook", min_severity="critical", group_wait_s=0.0, repeat_s=0.0)
    chat = SinkSettings(name="chat", type="slack", send_resolved=False)
    am = SinkSettings(name="am", type="alertmanager", urls=("http://am",))
    post = Post(page, chat, am)
    worse = alert("c", severity="critical", namespace="shop")
    post.step(A, worse)
    assert {(row.sink, row.due_ms - T0) for row in post.rows.values()} == {("page", 0), ("chat", 30_000)}
    post.later(MINUTE)
    post.step(OVER_A, replace(worse, state="resolved"))
    post.later(MINUTE)
    assert [row.sink for row in post.rows.values() if row.what == "resolved"] == ["page"]
    post.step(A)
    assert post.later(MINUTE) == [("firing", "new", ["a firing"])], "again, though nobody was told that it was over"
    post.step(OVER_A)
    post.later(MINUTE)
    post.open()
    post.step(A)
    assert post.later(MINUTE) == [("firing", "new", ["a firing"])]


def test_a_message_that_is_tried_again_keeps_its_place_and_what_follows_waits_behind_it():
    post = Post()
    (row,) = post.step(A)
    post.now_ms += MINUTE
    post.outcome(row, "queued", last_error="500", due_ms=post.now_ms + 5_000)
    (over,) = post.step(OVER_A)
    assert (over.id, over.what) == (2, "resolved")
    assert post.rows[1].last_error == "500"
    post.open()
    assert [each.id for each in post.outbox.unsent] == [1, 2]
    assert [told[0] for told in post.later(MINUTE)] == ["firing", "resolved"]


@pytest.mark.parametrize("state", ["failed", "quarantined"])
def test_what_was_given_up_is_not_resolved_and_tried_again_when_it_would_be_repeated(state):
    post = Post()
    (row,) = post.step(A)
    post.now_ms += MINUTE
    post.outcome(row, "queued", due_ms=post.now_ms)
    post.step(B)
    post.outcome(row, state, last_error="404")
    assert post.rows[2].state == "dropped", "it spoke of one that nobody was told of"
    post.step()
    assert post.later(MINUTE)[0][2] == ["b firing", "a firing"], "the other one is told"
    post.step(OVER_B)
    post.later(MINUTE)
    post.step(OVER_A)
    post.later(MINUTE)
    lonely = Post()
    (row,) = lonely.step(A)
    lonely.now_ms += MINUTE
    lonely.outcome(row, state)
    assert lonely.later(HOUR) == []
    assert lonely.later(3 * HOUR) == [] and lonely.later(MINUTE) == [("firing", "new", ["a firing"])]
    other = Post()
    (row,) = other.step(A)
    other.now_ms += MINUTE
    other.outcome(row, state)
    other.step(OVER_A)
    assert other.later(9 * HOUR) == []


def test_five_hundred_at_once_are_a_handful_of_messages():
    post = Post()
    alerts = [alert(f"app-{n}", namespace=("staging", "testing", "shop")[n % 3]) for n in range(500)]
    post.step(*alerts)
    told = post.later(MINUTE)
    assert sorted(len(each) for _, _, each in told) == [166, 167, 167]
    post.step(*(replace(each, state="resolved") for each in alerts))
    assert len(post.later(MINUTE)) == 3
    assert post.later(9 * HOUR) == []


def test_what_fired_while_nobody_was_to_be_told_is_told_by_the_next_who_tells():
    post = Post()
    post.active = {"a": A}
    post.open()
    assert post.later(0) == [] and post.later(MINUTE) == [("firing", "new", ["a firing"])]
    post.active = {}
    post.open()
    post.step()
    assert post.later(MINUTE) == [("resolved", "resolved", ["a resolved"])]


def test_a_sink_that_has_left_the_configuration_gets_nothing_more():
    post = Post()
    post.step(A)
    post.sinks = (SinkSettings(name="new", type="jsonl"),)
    post.open()
    post.step()
    assert post.rows[1].state == "dropped"
    assert post.later(MINUTE) == [("firing", "new", ["a firing"])] and post.rows[2].sink == "new"


def test_one_alert_that_is_refused_is_kept_in_quarantine():
    post = Post(SinkSettings(name="am", type="alertmanager", urls=("http://am",)))
    post.step(A)
    (row,) = post.outbox.settle([Refusal(sink="am", alert=A, error="400: invalid label set", at_ms=T0)])
    assert (row.id, row.state, row.last_error, row.alerts) == (1, "quarantined", "400: invalid label set", (A,))
    assert post.later(9 * HOUR) == [] and post.outbox.unsent == []


def test_pending_alerts_are_nobodys_business():
    post = Post()
    assert post.step(alert("p", "pending")) == []


@pytest.mark.parametrize("state", ["failed", "quarantined"])
def test_that_something_is_over_is_not_told_again_for_ever_when_it_is_refused(state):
    post = Post()
    post.step(A)
    assert len(post.later(30 * SECOND)) == 1
    (over,) = post.step(OVER_A)
    post.now_ms += 30 * SECOND
    post.outcome(over, state)
    assert post.later(SECOND) == post.later(MINUTE) == post.later(9 * HOUR) == []
    post.step(replace(A, started_ms=post.now_ms))
    assert post.later(30 * SECOND) == [("firing", "new", ["a firing"])]


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_what_comes_into_a_message_while_it_is_sent_is_told_by_the_next(restarts):
    post = Post()
    (sent,) = post.step(A)
    post.now_ms += SECOND
    (amended,) = post.step(B)
    assert amended.id == sent.id
    post.outcome(amended, sent=sent)
    assert post.rows[sent.id].fingerprints == ("a",)
    assert post.rows[sent.id].idempotency_key == sent.idempotency_key != amended.idempotency_key
    if restarts:
        post.open()
    assert post.later(SECOND) == []
    assert post.later(30 * SECOND) == [("firing", "changed", ["b firing", "a firing"])]


def test_what_went_out_though_it_was_dropped_is_told_to_be_over():
    post = Post()
    (sent,) = post.step(A)
    (dropped,) = post.step(OVER_A)
    assert dropped.state == "dropped"
    post.outcome(sent, sent=sent)
    assert post.rows[sent.id].state == "sent"
    post.step()
    assert post.later(30 * SECOND) == [("resolved", "resolved", ["a resolved"])]
    assert post.later(9 * HOUR) == []


def test_what_was_dropped_and_not_sent_is_no_matter():
    post = Post()
    (sent,) = post.step(A)
    post.step(OVER_A)
    post.outcome(sent, "queued", sent=sent, due_ms=post.now_ms + 1)
    post.outcome(sent, "failed", sent=sent)
    assert post.rows[sent.id].state == "dropped" and post.later(HOUR) == []


def test_a_dry_run_leaves_the_messages_of_the_real_sinks_and_drops_those_of_dry_runs_before():
    post = Post()
    (real,) = post.step(A)
    old = replace(real, id=2, sink="dry-run-1-desk")
    post.rows[2] = old
    post.sinks = (SinkSettings(name="dry-run-2-desk", type="jsonl"),)
    post.open()
    post.step()
    assert post.rows[real.id].state == "queued" and post.rows[2].state == "dropped"
    post.sinks = (SinkSettings(name="desk", type="jsonl"),)
    post.open()
    assert post.later(30 * SECOND) == [("firing", "new", ["a firing"])]
    assert [row.state for row in post.rows.values()] == ["sent", "dropped", "dropped"]
