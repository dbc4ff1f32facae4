"""Where an alert leads: to the screen of what it is about, and to the logs of its pods."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from screens.frame import Frame, Setup
from screens.ink import Ink
from statusdesk.board import Board, Cell
from statusdesk.states import PodState
from statusdesk.states_alerts import AlertState

if TYPE_CHECKING:
    from screens.log_request import LogRequest

MAX_DIGITS = 18
LONGEST_BEFORE_MS = 3_600_000
"""Of what ended longer before an alert the last lines tell more than hours of all others."""


def screen_of(alert: AlertState, board: Board, setup: Setup, ink: Ink, past: Board | None) -> Frame | None:
    """Return the screen of what an alert is about; None when there is none."""
    if key := rollout_of(alert, board):
        from screens.rollout import RolloutScreen

        return RolloutScreen(setup, ink, key, alert.app_name, past)
    if alert.token:
        return _token(alert, board, setup, ink, past)
    kind = alert.subject.partition(":")[0]
    if kind == "EnvironmentState":
        from screens.environments import EnvironmentsScreen

        return EnvironmentsScreen(setup, ink, past)
    if kind in ("BuildState", "PlatformState"):
        from screens.build_rows import Scope
        from screens.builds import BuildsScreen

        return BuildsScreen(setup, ink, Scope(job=alert.app), past)
    return None


def logs_of(alert: AlertState, board: Board, pods: Sequence[PodState] = ()) -> "LogRequest | None":
    """Return the logs that an alert is about; None when there are none.

    Of an app those from the moment on when it began, or when the container failed that is to blame, if that was before:
    an outage is seen by who begins to look during it. Where that was long before, the last lines. ``pods`` are those of
    the rollout. Of a build its console.
    """
    from screens.log_request import of_cell, of_console

    if alert.subject.startswith("BuildState:") and (job := _job_of(alert)):
        return of_console(job, _number_of(alert.build_url))

    found = _cell_of(alert, board)
    if found is None:
        return None
    app, cell = found
    began_ms = alert.started_ms or alert.fired_ms or 0
    at_ms = min((began_ms, *_failures(rollout_of(alert, board), cell, pods, began_ms)))
    is_near = began_ms and at_ms >= began_ms - LONGEST_BEFORE_MS
    return msgspec.structs.replace(of_cell(app, cell.stage, cell.rollouts), at_ms=at_ms if is_near else None)


def _failures(key: str, cell: Cell, pods: Sequence[PodState], began_ms: int) -> Iterable[int]:
    """Yield when the container ended last that a rollout names, while it is in trouble."""
    from screens.log_request import failed_ms

    blamed = {rollout.pod: rollout.container for rollout in cell.rollouts if rollout.key == key and rollout.pod}
    for pod in pods:
        if pod.name in blamed and (at_ms := failed_ms(pod, blamed[pod.name], began_ms)) is not None:
            yield at_ms


def _job_of(alert: AlertState) -> str:
    """Return the name of the job; the subject holds the key of a build state: ``source/job@namespace``."""
    return alert.subject.partition(":")[2].partition("/")[2].rpartition("@")[0]


def _number_of(build_url: str) -> int | None:
    """Return the number of a build, with which its address ends."""
    number = build_url.rstrip("/").rpartition("/")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS else None


def _token(alert: AlertState, board: Board, setup: Setup, ink: Ink, past: Board | None) -> Frame:
    from screens.tokens import TokenScreen, TokensScreen

    known = [token for token in board.tokens if (token.source, token.name) == (alert.source, alert.token)]
    if known:
        return TokenScreen(setup, ink, known[0].key, past)
    return TokensScreen(setup, ink, past)


def _cell_of(alert: AlertState, board: Board) -> tuple[str, Cell] | None:
    key = rollout_of(alert, board)
    for row in board.rows:
        for cell in row.cells:
            if cell is not None and any(rollout.key == key for rollout in cell.rollouts):
                return row.app, cell
    return None


def rollout_of(alert: AlertState, board: Board) -> str:
    """Return the key of the rollout that an alert is about, as the board has it; nothing when there is none."""
    kind, _, key = alert.subject.partition(":")
    rollouts = [
        rollout
        for row in board.rows
        if row.app == alert.app_name
        for cell in row.cells
        if cell is not None
        for rollout in cell.rollouts
    ]
    if kind == "RolloutState" and any(rollout.key == key for rollout in rollouts):
        return key
    there = [each for each in rollouts if alert.namespace and each.namespace == alert.namespace]
    same = [each for each in there if not alert.cluster or each.cluster == alert.cluster]
    return same[0].key if same and kind != "BuildState" else ""
