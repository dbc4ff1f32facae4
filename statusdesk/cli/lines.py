"""One line for each change of level, and for each thing that is not well: JSON for machines, words for people."""

import json
from collections.abc import Iterator

from statusdesk.board import Board, Mark
from statusdesk.states import (
    CALM,
    BuildState,
    EnvironmentState,
    PlatformState,
    RolloutState,
    SourceState,
    TokenState,
)
from statusdesk.store.kinds import Lasting
from statusdesk.store.periods import Transition
from statusdesk.text import clean, iso

_KINDS = {
    RolloutState: "rollout",
    BuildState: "build",
    TokenState: "token",
    SourceState: "source",
    PlatformState: "platform",
    EnvironmentState: "environment",
}


def place(state: Lasting) -> dict[str, str]:
    """Return what a state is about, in the words of the configuration; parts that are empty are left out."""
    if isinstance(state, RolloutState):
        parts = {"cluster": state.cluster, "namespace": state.namespace, "app": state.app, "workload": state.name}
    elif isinstance(state, BuildState):
        parts = {"namespace": state.namespace, "job": state.job}
    elif isinstance(state, TokenState):
        parts = {"token": state.name}
    elif isinstance(state, PlatformState):
        parts = {"job": state.job}
    elif isinstance(state, EnvironmentState):
        parts = {"cluster": state.cluster, "namespace": state.namespace}
    else:
        parts = {"source": state.source, "namespace": state.scope}
    return {name: value for name, value in parts.items() if value}


def transition_line(transition: Transition, *, as_json: bool) -> str:
    """Return the line of a change, empty when the level is the same or what comes or goes is well."""
    before, after = transition.before, transition.after
    was = before.level.value if before is not None and before.until_ms is None else None
    now = after.level.value if after.until_ms is None else None
    if was == now or (was is None or now is None) and after.level in CALM:
        return ""
    if as_json:
        return _json_line("level", after, {"before": was, "level": now})
    return _text_line(after, f"{was or 'new'} -> {now or 'gone'}")


def board_lines(board: Board, *, as_json: bool) -> Iterator[str]:
    """Yield a line for each rollout, build, token and source of the board that is not well; words end with a count."""
    for state in not_well(board):
        yield (
            _json_line("state", state, {"level": state.level.value})
            if as_json
            else _text_line(state, state.level.value)
        )
    if not as_json:
        yield counts_line(board)


def not_well(board: Board) -> Iterator[Lasting]:
    """Yield the states that are neither well nor idle: rollouts, worst apps first, then builds, tokens, sources."""
    for row in board.rows:
        for rollout in (rollout for cell in row.cells if cell is not None for rollout in cell.rollouts):
            if rollout.level not in CALM:
                yield rollout
    for build in board.builds:
        if build.level not in CALM:
            yield build
    for token in board.tokens:
        if token.level not in CALM:
            yield token
    for view in board.sources:
        if view.level not in CALM:
            yield view.state


def counts_line(board: Board) -> str:
    """Return the counts of the board in words."""
    counts = board.counts
    parts = (
        (counts.failing, "failing"),
        (counts.on_its_way, Mark.ON_ITS_WAY.value.replace("-", " ")),
        (counts.warning, "warning"),
        (counts.moving, "moving"),
        (counts.unknown, "unknown"),
        (counts.ok, "ok"),
    )
    return "now: " + ", ".join(f"{number} {word}" for number, word in parts)


def _json_line(event: str, state: Lasting, levels: dict[str, str | None]) -> str:
    line: dict[str, object] = {"ts": iso(state.until_ms or state.seen_ms), "event": event}
    line |= {"kind": _KINDS[type(state)], "key": state.key, **place(state), **levels}
    line |= {"reason": state.reason, "message": state.message}
    version = getattr(state, "version", "")
    if version:
        line["version"] = version
    line["since"] = iso(state.level_since_ms)
    # ASCII only: escapes, direction marks and the like arrive as \\uXXXX and can do nothing to a terminal.
    return json.dumps(line, ensure_ascii=True)


def _text_line(state: Lasting, level: str) -> str:
    version = getattr(state, "version", "")
    where = "/".join(dict.fromkeys(place(state).values()))
    words = (iso(state.level_since_ms), level, _KINDS[type(state)], where, version, state.reason, state.message)
    return "  ".join(clean(word) for word in words if word)
