import msgspec
import pytest

from statusdesk.facts import Visited
from statusdesk.judge.sources import judge_source
from statusdesk.states import Level
from tests.judge.make import T0


def visit(problem: str = "", at_ms: int = T0, scope: str = "", live: bool = False, message: str = "") -> Visited:
    return Visited(
        source="jenkins", ok=not problem, at_ms=at_ms, problem=problem, scope=scope, live=live, message=message
    )


@pytest.mark.parametrize(
    ("visited", "level", "reason"),
    [
        (visit(), Level.OK, "Answers"),
        (visit(live=True), Level.OK, "Live"),
        (visit("Unreachable"), Level.FAILING, "Unreachable"),
        (visit("Empty"), Level.FAILING, "Empty"),
        (visit("Sealed"), Level.FAILING, "Sealed"),
        (visit("NoAccess", scope="audit"), Level.UNKNOWN, "NoAccess"),
        (visit("Forbidden"), Level.FAILING, "Forbidden"),
    ],
)
def test_level(visited: Visited, level: Level, reason: str) -> None:
    state = judge_source(visited, None)
    assert (state.level, state.reason) == (level, reason)
    assert visited.ok or state.message
    assert state.key == ("jenkins#audit" if visited.scope else "jenkins")


def test_the_last_good_answer_is_kept_while_it_fails_and_moves_when_it_answers() -> None:
    good = judge_source(visit(), None)
    bad = judge_source(visit("Timeout", T0 + 5000), good)
    worse = judge_source(visit("Timeout", T0 + 9000), bad)
    well = judge_source(visit(at_ms=T0 + 12_000), worse)
    assert (bad.last_ok_ms, worse.last_ok_ms, well.last_ok_ms) == (T0, T0, T0 + 12_000)
    assert (worse.last_try_ms, worse.live) == (T0 + 9000, False)


def test_an_older_answer_that_comes_late_does_not_make_it_younger() -> None:
    state = judge_source(visit(at_ms=T0), judge_source(visit(at_ms=T0 + 9000), None))
    assert (state.last_ok_ms, state.last_try_ms) == (T0 + 9000, T0 + 9000)


def test_what_was_told_for_sure_is_older_than_an_open_stream_and_stays_while_it_fails() -> None:
    asked = judge_source(visit(at_ms=T0), None)
    assert asked.heard_ms == T0, "an answer tells all"
    live = judge_source(msgspec.structs.replace(visit(at_ms=T0 + 60_000, live=True), heard_ms=T0 + 9_000), asked)
    lost = judge_source(visit("Timeout", T0 + 70_000), live)
    assert (live.last_ok_ms, live.heard_ms, lost.heard_ms) == (T0 + 60_000, T0 + 9_000, T0 + 9_000)
    assert judge_source(visit("Timeout", T0), None).heard_ms is None


def test_who_we_are_is_remembered_while_it_fails() -> None:
    good = judge_source(Visited(source="jenkins", ok=True, at_ms=T0, detail="2.541 as desk"), None)
    assert judge_source(visit("Timeout"), good).detail == "2.541 as desk"


def test_a_scope_that_is_refused_from_now_on_was_read_until_its_source_last_answered() -> None:
    closed = judge_source(visit("NoAccess", T0 + 5000, scope="audit"), None, read_ms=T0 + 4000)
    assert (closed.last_ok_ms, closed.level) == (T0 + 4000, Level.UNKNOWN)
    more = judge_source(visit("NoAccess", T0 + 9000, scope="audit"), closed, read_ms=T0 + 8000)
    assert more.last_ok_ms == T0 + 4000, "the source goes on, what is refused does not"
    opened = judge_source(visit(at_ms=T0 + 10_000, scope="audit"), more)
    again = judge_source(visit("NoAccess", T0 + 90_000, scope="audit"), opened, read_ms=T0 + 89_000)
    assert (opened.last_ok_ms, again.last_ok_ms) == (T0 + 10_000, T0 + 89_000)


def test_a_scope_that_was_never_read_has_no_last_good_answer() -> None:
    assert judge_source(visit("NoAccess", scope="audit"), None).last_ok_ms is None
