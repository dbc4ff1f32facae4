"""When a row opens a period, when it is rewritten in place, and when it says nothing new."""

import pytest
from msgspec.structs import replace

from statusdesk.states import Level, RolloutState, SourceState
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.store.conftest import Clock
from tests.store.rows import outcome, rollout, source, token

KEY = rollout().key
FOREVER = 10**15


def periods(reader: Reader) -> list[tuple[int, int | None, str, str]]:
    rows = reader.periods(RolloutState, KEY, 0, FOREVER)
    return [(row.since_ms, row.until_ms, str(row.level), row.reason) for row in rows]


def test_a_new_key_opens_a_period_at_its_time(writer: Writer, reader: Reader) -> None:
    (transition,) = writer.put([rollout(message="3 of 3")], 5_000)
    assert transition.before is None
    assert writer.commit() == 1
    (row,) = reader.changes(0).rollouts
    assert row == transition.after
    assert (row.since_ms, row.level_since_ms, row.seen_ms, row.until_ms, row.change) == (5_000, 5_000, 5_000, None, 1)
    assert row.level is Level.OK
    assert row.message == "3 of 3"


def test_the_same_state_again_is_no_change_and_no_transaction(writer: Writer, reader: Reader) -> None:
    writer.put([rollout()], 5_000)
    writer.commit()
    version = reader.data_version()
    assert writer.put([rollout()], 9_000) == []
    assert writer.commit() == 1
    assert reader.data_version() == version


@pytest.mark.parametrize("before_is", ["as judged", "as stamped"])
def test_what_the_judge_leaves_in_the_stamped_fields_does_not_matter(writer: Writer, before_is: str) -> None:
    (transition,) = writer.put([rollout()], 5_000)
    writer.commit()
    row = transition.after if before_is == "as stamped" else rollout()
    assert writer.put([row], 9_000) == []
    assert writer.commit() == 1


def test_counts_and_messages_change_in_place_with_a_new_number(writer: Writer, reader: Reader) -> None:
    writer.put([rollout(ready=1)], 5_000)
    writer.commit()
    assert writer.put([rollout(ready=2, message="2 of 3")], 6_000) == []
    assert writer.commit() == 2
    (row,) = reader.changes(1).rollouts
    assert (row.ready, row.message, row.since_ms, row.seen_ms, row.change) == (2, "2 of 3", 5_000, 6_000, 2)
    assert periods(reader) == [(5_000, None, "ok", "")]


@pytest.mark.parametrize(
    "change", [{"level": Level.FAILING}, {"reason": "CrashLoop"}, {"version": "2"}, {"revision": "8"}], ids=str
)
def test_level_reason_version_and_revision_each_close_a_period(
    writer: Writer, reader: Reader, change: dict[str, object]
) -> None:
    first = rollout(version="1", revision="7")
    writer.put([first], 5_000)
    writer.commit()
    (transition,) = writer.put([replace(first, **change)], 8_000)
    writer.commit()
    assert transition.before is not None
    assert transition.before.since_ms == 5_000
    assert transition.after.since_ms == 8_000
    assert [row[:2] for row in periods(reader)] == [(5_000, 8_000), (8_000, None)]


def test_the_closed_period_keeps_its_last_counts(writer: Writer, reader: Reader) -> None:
    for at_ms, state in ((1_000, rollout(ready=1)), (2_000, rollout(ready=3)), (3_000, rollout(level=Level.FAILING))):
        writer.put([state], at_ms)
        writer.commit()
    closed, _ = reader.periods(RolloutState, KEY, 0, FOREVER)
    assert (closed.ready, closed.since_ms, closed.until_ms) == (3, 1_000, 3_000)


def test_level_since_survives_another_reason_and_not_another_level(writer: Writer) -> None:
    writer.put([rollout(level=Level.FAILING, reason="ImagePull")], 1_000)
    (other_reason,) = writer.put([rollout(level=Level.FAILING, reason="CrashLoop")], 2_000)
    assert (other_reason.after.since_ms, other_reason.after.level_since_ms) == (2_000, 1_000)
    (other_level,) = writer.put([rollout(reason="CrashLoop")], 3_000)
    assert other_level.after.level_since_ms == 3_000


def test_gone_is_a_row_with_until_and_a_closed_period(writer: Writer, reader: Reader) -> None:
    writer.put([rollout()], 1_000)
    writer.commit()
    (transition,) = writer.gone(RolloutState, [KEY, "no/such/key/known"], 4_000)
    assert transition.after.until_ms == 4_000
    assert writer.gone(RolloutState, [KEY], 5_000) == []
    assert writer.commit() == 2
    (row,) = reader.changes(1).rollouts
    assert (row.until_ms, row.change) == (4_000, 2)
    assert reader.changes(0).rollouts == ()
    assert periods(reader) == [(1_000, 4_000, "ok", "")]


def test_what_comes_back_opens_a_new_period_though_nothing_else_changed(writer: Writer, reader: Reader) -> None:
    writer.put([rollout()], 1_000)
    writer.gone(RolloutState, [KEY], 4_000)
    (transition,) = writer.put([rollout()], 6_000)
    writer.commit()
    assert transition.before is not None
    assert transition.before.until_ms == 4_000
    assert (transition.after.since_ms, transition.after.level_since_ms) == (6_000, 6_000)
    assert periods(reader) == [(1_000, 4_000, "ok", ""), (6_000, None, "ok", "")]


def test_replaced_in_one_message_is_two_periods_that_meet(writer: Writer, reader: Reader) -> None:
    writer.put([rollout()], 1_000)
    writer.gone(RolloutState, [KEY], 4_000)
    writer.put([rollout()], 4_000)
    writer.commit()
    assert periods(reader) == [(1_000, 4_000, "ok", ""), (4_000, None, "ok", "")]


def test_several_changes_in_one_batch_are_all_kept(writer: Writer, reader: Reader) -> None:
    for at_ms, level in ((1, Level.OK), (2, Level.PROGRESSING), (3, Level.FAILING), (4, Level.OK)):
        writer.put([rollout(level=level)], at_ms)
    assert writer.commit() == 1
    levels = [level for _, _, level, _ in periods(reader)]
    assert levels == ["ok", "progressing", "failing", "ok"]


def test_a_clock_set_back_makes_no_period_end_before_it_began(writer: Writer, reader: Reader) -> None:
    writer.put([rollout()], 10_000)
    writer.put([rollout(level=Level.FAILING)], 4_000)
    writer.gone(RolloutState, [KEY], 3_000)
    writer.put([rollout()], 2_000)
    writer.commit()
    (row,) = reader.changes(0).rollouts
    assert row.since_ms == 10_000
    assert all(until is None or until > since for since, until, _, _ in periods(reader))


def test_a_reopened_writer_goes_on_where_the_last_one_stopped(path, clock: Clock) -> None:
    with Writer(path, 1e6, clock) as first:
        first.put([rollout(level=Level.FAILING), outcome(), token()], 1_000)
        first.commit()
    with Writer(path, 1e6, clock) as second:
        assert second.put([rollout(level=Level.FAILING), outcome(), token()], 9_000) == []
        assert second.commit() == 1
        (transition,) = second.put([rollout()], 9_500)
        assert transition.before is not None
        assert transition.before.since_ms == 1_000
        assert second.commit() == 2


class TestSources:
    """A visit that says "still the same" is written at most once a second."""

    def test_visits_are_written_once_a_second(self, writer: Writer, reader: Reader, clock: Clock) -> None:
        writer.put([source(last_ok_ms=1_000)], 1_000)
        writer.commit()
        for clock.ms in range(1_100, 2_000, 100):
            assert writer.put([source(last_ok_ms=clock.ms, took_ms=clock.ms % 7)], clock.ms) == []
            assert writer.commit() == 1
        assert writer.current(SourceState)["jenkins"].last_ok_ms == 1_900
        clock.ms = 2_000
        assert writer.commit() == 2
        (row,) = reader.changes(1).sources
        assert (row.last_ok_ms, row.change, row.since_ms) == (1_900, 2, 1_000)

    @pytest.mark.parametrize("change", [{"level": Level.FAILING}, {"message": "answers 500"}, {"live": True}], ids=str)
    def test_anything_else_is_written_at_once(
        self, writer: Writer, reader: Reader, clock: Clock, change: dict[str, object]
    ) -> None:
        writer.put([source(last_ok_ms=1_000)], 1_000)
        writer.commit()
        clock.ms = 1_100
        writer.put([source(last_ok_ms=1_100)], 1_100)
        writer.put([replace(source(last_ok_ms=1_200), **change)], 1_200)
        assert writer.commit() == 2
        assert reader.changes(1).sources[0].last_ok_ms == 1_200

    def test_the_last_visit_is_written_at_the_end(self, path, clock: Clock) -> None:
        with Writer(path, 1e6, clock) as writer:
            writer.put([source(last_ok_ms=1_000)], 1_000)
            writer.commit()
            writer.put([source(last_ok_ms=1_400)], 1_400)
        with Reader(path) as reader:
            assert reader.changes(0).sources[0].last_ok_ms == 1_400
