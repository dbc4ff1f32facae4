"""Whatever happens in whatever order, the past can be asked for exactly."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from statusdesk.states import Level, RolloutState
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.store.rows import rollout

NAMES = ("a", "b", "c")
LEVELS = (Level.OK, Level.FAILING, Level.PROGRESSING)

seen = st.tuples(
    st.just("seen"),
    st.sampled_from(NAMES),
    st.sampled_from(LEVELS),
    st.sampled_from(("", "CrashLoop")),
    st.sampled_from(("1", "2")),
    st.integers(0, 3),
)
gone = st.tuples(st.just("gone"), st.sampled_from(NAMES))
commit = st.tuples(st.just("commit"))
reopen = st.tuples(st.just("reopen"))
steps = st.lists(st.tuples(st.integers(0, 3), st.one_of(seen, seen, gone, commit, reopen)), max_size=40)

Opinion = tuple[str, str, str]


def apply(writer: Writer, model: dict[str, list[tuple[int, Opinion | None]]], at_ms: int, step: tuple) -> None:
    """Do a step to the store and to the model: a list of (time, what was thought from then on) per key."""
    if step[0] == "seen":
        _, name, level, reason, version, ready = step
        state = rollout(name, level, reason=reason, version=version, ready=ready)
        writer.put([state], at_ms)
        model.setdefault(state.key, []).append((at_ms, (str(level), reason, version)))
    elif step[0] == "gone":
        key = rollout(step[1]).key
        writer.gone(RolloutState, [key], at_ms)
        if key in model:
            model[key].append((at_ms, None))


def expected(model: dict[str, list[tuple[int, Opinion | None]]], at_ms: int) -> dict[str, Opinion]:
    found = {}
    for key, events in model.items():
        past = [opinion for when, opinion in events if when <= at_ms]
        if past and past[-1] is not None:
            found[key] = past[-1]
    return found


@settings(max_examples=60, deadline=None)
@given(steps)
def test_as_of_any_moment_is_what_a_naive_model_says(history: list) -> None:
    model: dict[str, list[tuple[int, Opinion | None]]] = {}
    at_ms = 1_000
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "statusdesk.db"
        writer = Writer(path, 1e6, lambda: 0)
        for passes_ms, step in history:
            at_ms += passes_ms
            if step[0] == "reopen":
                writer.close()
                writer = Writer(path, 1e6, lambda: 0)
            elif step[0] == "commit":
                writer.commit()
            else:
                apply(writer, model, at_ms, step)
        writer.commit()
        with Reader(path) as reader:
            for moment in range(999, at_ms + 2):
                rows = reader.as_of(moment).rollouts
                assert len({row.key for row in rows}) == len(rows)
                assert {row.key: (str(row.level), row.reason, row.version) for row in rows} == expected(model, moment)
            alive = {row.key: (str(row.level), row.reason, row.version) for row in reader.changes(0).rollouts}
            assert alive == expected(model, at_ms)
            check_periods(reader, model)
        writer.close()


def check_periods(reader: Reader, model: dict[str, list[tuple[int, Opinion | None]]]) -> None:
    """Periods of a key follow each other without overlap, and the rows changed since 0 are followed exactly."""
    for key in model:
        rows = reader.periods(RolloutState, key, 0, 10**9)
        for before, after in zip(rows, rows[1:], strict=False):
            assert before.until_ms is not None
            assert before.since_ms < before.until_ms <= after.since_ms


@settings(max_examples=40, deadline=None)
@given(steps)
def test_a_reader_that_follows_changes_sees_what_a_new_reader_sees(history: list) -> None:
    model: dict[str, list[tuple[int, Opinion | None]]] = {}
    at_ms, followed, change = 1_000, {}, 0
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "statusdesk.db"
        with Writer(path, 1e6, lambda: 0) as writer, Reader(path) as reader:
            for passes_ms, step in history:
                at_ms += passes_ms
                apply(writer, model, at_ms, step)
                if step[0] == "commit":
                    writer.commit()
                    changes = reader.changes(change)
                    assert changes.change >= change
                    change = changes.change
                    followed.update({row.key: row for row in changes.rollouts})
            writer.commit()
            followed.update({row.key: row for row in reader.changes(change).rollouts})
            alive = {key: row for key, row in followed.items() if row.until_ms is None}
            assert alive == {row.key: row for row in reader.changes(0).rollouts}
