"""What the store tells of alerts, silences, messages, and what Alertmanagers have and mute."""

from pathlib import Path

from msgspec.structs import replace

from statusdesk.states_alerts import Matcher, Muted, MutedThere, Notification, PostedThere, Silence
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.store.rows import alert


def test_what_is_muted_elsewhere_is_written_when_it_is_another_and_read_with_the_changes(writer, reader) -> None:
    rows = writer.alert_rows
    held = MutedThere(sink="am", muted=(Muted(fingerprint="f", by="sam", until_ms=9_000),))
    rows.put_muted(held)
    writer.commit()
    change = reader.changes(0).change
    rows.put_muted(replace(held))
    writer.commit()
    assert reader.changes(change).muted == (), "the same again is not written"
    failed = replace(held, problem="no connection", problem_ms=61_000)
    rows.put_muted(failed)
    writer.commit()
    (found,) = reader.changes(change).muted
    assert replace(found, change=0) == failed
    assert reader.changes(0).muted == (found,)
    change = found.change
    rows.put_muted(failed)
    rows.put_muted(held)
    writer.commit()
    assert [each.problem for each in reader.changes(change).muted] == [""]


def test_alerts_silences_and_messages(writer: Writer, reader: Reader) -> None:
    writer.put_alerts(
        [
            alert("open", 5_000),
            alert("over", 1_000, "resolved", fired_ms=2_000, resolved_ms=6_000),
            alert("long over", 1_000, "resolved", fired_ms=2_000, resolved_ms=3_000),
            alert("never fired", 1_000, "resolved", pending_ms=1_000, resolved_ms=6_000),
        ]
    )
    holds = Silence(id="s", matchers=(Matcher("app", "x"),), starts_ms=1, ends_ms=9_000, created_by="kim", created_ms=1)
    writer.alert_rows.put_silences([holds, replace(holds, id="ended", expired_ms=2_000)])
    message = Notification(id=1, sink="s", group_key="g", what="firing", why="new", created_ms=4_000, due_ms=5_000)
    writer.alert_rows.put_notifications([replace(message, alerts=(alert("open", 5_000),)), replace(message, id=2)])
    writer.commit()
    assert [each.fingerprint for each in reader.alerts()] == ["open"]
    assert [each.fingerprint for each in reader.alerts(since_ms=5_000)] == ["open", "over"]
    assert {each.id for each in reader.silences()} == {"s", "ended"}
    assert [each.id for each in reader.silences(8_000)] == ["s"] and reader.silences(9_000) == []
    assert reader.silences(8_000)[0].matchers == holds.matchers
    assert [each.id for each in reader.notifications()] == [2, 1] and reader.notifications(4_001) == []
    assert reader.notifications()[1].alerts == (alert("open", 5_000),)
    assert [each.id for each in reader.changes(0).silences] == ["s"]


def test_the_last_message_about_each_alert(writer: Writer, reader: Reader) -> None:
    first = Notification(
        id=1, sink="s", group_key="g", what="firing", why="new", created_ms=4_000, due_ms=5_000, state="sent",
        sent_ms=5_000, fingerprints=("a", "b"), alerts=(alert("a", 5_000), alert("b", 5_000)),
    )  # fmt: skip

    def about(*names: str, **fields: object) -> dict[str, object]:
        return {"fingerprints": names, "alerts": tuple(alert(name, 5_000, **fields) for name in names)}

    writer.alert_rows.put_notifications(
        [
            first,
            replace(first, id=2, created_ms=6_000, **about("b", "c")),
            replace(first, id=3, created_ms=7_000, state="dropped", **about("a", "b", "c")),
            replace(first, id=4, created_ms=8_000, sink="other"),
            replace(first, id=5, created_ms=8_000, group_key="h"),
            replace(first, id=6, created_ms=9_000),
            replace(first, id=7, created_ms=10_000, **about("a", "b", acked_by="kim")),
            replace(first, id=8, created_ms=11_000, **about("a", state="resolved", acked_by="kim")),
            replace(first, id=9, created_ms=12_000, fingerprints=("a",), alerts=(alert("a", 30_000),)),
        ]
    )
    writer.commit()

    def told(until_ms: int, **started: int) -> dict[str, tuple[int, str]]:
        asked = {name: {each} for name, each in started.items()}
        found = reader.last_of_alerts({("s", "g"): asked}, until_ms)
        return {each.fingerprint: (row.id, each.state) for row in found for each in row.alerts}

    everything = told(8_000, a=5_000, b=5_000, c=5_000, d=5_000)
    assert everything == {"a": (1, "firing"), "b": (2, "firing"), "c": (2, "firing")}, "queued before they fired"
    assert told(9_000, a=5_000, b=5_000) == {"a": (6, "firing"), "b": (6, "firing")}
    assert told(10_000, a=5_000) == {"a": (6, "firing")}, "one that is taken is only remembered in a message"
    assert told(11_000, a=5_000) == {"a": (8, "resolved")}
    assert told(8_000, a=6_000, b=4_000) == {}, "what was told of it when it fired before is not about it now"
    assert told(12_000, a=5_000) == {"a": (8, "resolved")} and told(12_000, a=30_000) == {"a": (9, "firing")}
    both = reader.last_of_alerts({("s", "g"): {"a": {5_000, 30_000}}}, 12_000)
    assert [(row.id, row.alerts[0].started_ms) for row in both] == [(9, 30_000), (8, 5_000)]


def test_what_was_refused_says_nothing_of_what_had_been_told(writer: Writer, reader: Reader) -> None:
    told = Notification(
        id=1, sink="s", group_key="g", what="firing", why="new", created_ms=4_000, due_ms=5_000, state="sent",
        attempts=1, sent_ms=5_000, fingerprints=("a",), alerts=(alert("a", 4_000),),
    )  # fmt: skip
    both = {"fingerprints": ("a", "b"), "alerts": (alert("a", 4_000), alert("b", 5_000))}
    lost = replace(told, id=2, state="quarantined", sent_ms=None, last_error="it answered 400", **both)
    again = replace(lost, id=3, state="queued", attempts=2, last_error="it answered 404")
    over = replace(again, id=4, what="resolved", fingerprints=("a",), alerts=(alert("a", 4_000, state="resolved"),))

    def last() -> dict[str, tuple[int, str]]:
        found = reader.last_of_alerts({("s", "g"): {"a": {4_000}, "b": {5_000}}}, 90_000)
        return {each.fingerprint: (row.id, each.state) for row in found for each in row.alerts}

    for rows, known in (
        ([told], {"a": (1, "firing")}),
        ([lost], {"a": (1, "firing"), "b": (2, "firing")}),
        ([again], {"a": (1, "firing"), "b": (3, "firing")}),
        ([over], {"a": (4, "resolved"), "b": (3, "firing")}),
    ):
        writer.alert_rows.put_notifications(rows)
        writer.commit()
        assert last() == known
    message, taken_ms = reader.last_not_taken("s")
    assert (message.id, message.last_error, taken_ms) == (4, "it answered 404", 5_000)
    assert reader.last_not_taken("other") is None


def test_the_messages_of_a_group_are_found_by_an_index(tmp_path: Path) -> None:
    from statusdesk.store.alerts import _OF_GROUP

    with Writer(tmp_path / "s.db", 1e9, lambda: 1) as made:
        plan = made._db.execute(f"EXPLAIN QUERY PLAN {_OF_GROUP}", ("s", "g")).fetchall()
    assert [step[3] for step in plan] == [
        "SEARCH notifications USING INDEX notifications_sink_group_key_id (sink=? AND group_key=?)"
    ]


def test_an_alert_of_the_past_knows_nothing_of_later(writer: Writer, reader: Reader) -> None:
    later = {"acked_by": "kim", "acked_ms": 5_000, "stale_since_ms": 6_000, "silenced_by": "s", "flapping": True}
    writer.put_alerts([alert("a", 1_000, fired_ms=2_000, **later)])
    writer.commit()
    (then,) = reader.as_of(3_000).alerts
    assert (then.acked_by, then.acked_ms, then.stale_since_ms, then.silenced_by, then.flapping) == (
        "",
        None,
        None,
        "",
        0,
    )
    (then,) = reader.as_of(5_500).alerts
    assert (then.acked_by, then.stale_since_ms) == ("kim", None)


def test_what_alertmanagers_have_taken_outlives_a_collector_that_could_not_post_yet(writer, reader) -> None:
    rows = writer.alert_rows
    taken = PostedThere(sink="am", number=1, peer="am2:9093", ok_ms=5_000, taken=("g",), refused=(("f", "no"),))
    rows.put_posted(taken)
    writer.commit()
    change = reader.changes(0).change
    rows.put_posted(replace(taken))
    writer.commit()
    assert not reader.changes(change).posts, "the same again is not written"
    away = PostedThere(sink="am", number=1, peer="am2:9093", problem="no connection", problem_ms=9_000)
    rows.put_posted(away)
    rows.put_posted(replace(away, problem="no answer", problem_ms=10_000))
    writer.commit()
    (found,) = reader.changes(change).posts
    assert (found.ok_ms, found.taken, found.refused) == (5_000, ("g",), (("f", "no"),))
    assert (found.problem, found.problem_ms) == ("no answer", 9_000)
    rows.put_posted(replace(away, peer="another:9093"))
    writer.commit()
    assert reader.changes(found.change).posts[0].ok_ms is None, "that was another one"
    assert reader.as_of(9_000).posts is None, "what was taken then is not kept"
