"""The board read once, narrowed to what the command line asks for, and what it means as an exit code."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from statusdesk import exit_codes
from statusdesk.board import Board, Mark, Row
from statusdesk.cli.opening import now_ms
from statusdesk.collecting import lost_ms
from statusdesk.config import Config
from statusdesk.judge.apps import match_job
from statusdesk.lost_nodes import lost_nodes_of_rows
from statusdesk.picture import Picture
from statusdesk.picture_apps import count_rows
from statusdesk.states import BLIND, AlertState, Level
from statusdesk.store.reader import Reader

_FAILING = (Mark.FAILING, Mark.ON_ITS_WAY)
_WELL = (Mark.OK, Mark.IDLE, Mark.SOAKING)


def read_board(config: Config, path: Path, *, collector_expected: bool = True, as_of_ms: int | None = None) -> Board:
    """Return the board of this moment, or as of a moment in the past.

    Without ``collector_expected``, that nobody collects is no reason to doubt the data.

    Raises: StoreError.
    """
    picture = Picture(config)
    with Reader(path) as reader:
        if as_of_ms is not None:
            picture.apply(reader.as_of(as_of_ms))
            return picture.board(as_of_ms)
        picture.apply(reader.changes(0))
        now = now_ms()
        return picture.board(now, lost_ms(reader.collector(), now) if collector_expected else None)


def exit_code_of(board: Board) -> int:
    """Return 1 when something is failing, 3 when that cannot be told of everything, 0 otherwise.

    What is known to be failing is told even if a source is silent; without a collector nothing is known.
    """
    if board.collector_lost_ms is not None or board.data_age_ms is None:
        return exit_codes.CANNOT_TELL
    tokens = [token.level for token in board.tokens]
    if any(row.mark in _FAILING for row in board.rows) or Level.FAILING in tokens:
        return exit_codes.NO
    sources = [view.level for view in board.sources]
    doubtful = board.counts.unknown or Level.UNKNOWN in tokens or not board.rows
    if doubtful or any(level in BLIND for level in sources):
        return exit_codes.CANNOT_TELL
    return exit_codes.OK


def narrow(board: Board, apps: Sequence[str] = (), namespaces: Sequence[str] = (), *, only_bad: bool = False) -> Board:
    """Return the board with only the rows asked for, counted anew: apps by glob, in a namespace, not well."""
    if not (apps or namespaces or only_bad):
        return board
    rows = tuple(row for row in board.rows if _wanted(row, apps, namespaces, only_bad))
    return msgspec.structs.replace(board, rows=rows, counts=count_rows(rows), lost_nodes=lost_nodes_of_rows(rows))


def without_well(board: Board) -> Board:
    """Return the board without the rows that are well; its counts are still those of all."""
    return msgspec.structs.replace(narrow(board, only_bad=True), counts=board.counts)


def with_tokens_of(board: Board, config: Config) -> Board:
    """Return the board with only the tokens that belong to its rows: by ``apps`` of the token, or by their name."""
    apps = [row.app for row in board.rows]
    globs = {token.name: (token.name, *token.apps) for token in (config.vault.tokens if config.vault else ())}
    mine = tuple(
        token
        for token in board.tokens
        if any(fnmatchcase(app, glob) for app in apps for glob in globs.get(token.name, (token.name,)))
    )
    return msgspec.structs.replace(board, tokens=mine)


def with_alerts_of(board: Board, whole: Board, config: Config) -> Board:
    """Return the board with only the alerts about its rows, their jobs, its tokens, and sources.

    What inhibits one of them is told too. ``whole`` has all rows: a job belongs to the one that it names best.
    """
    apps, known = {row.app for row in board.rows}, {row.app for row in whole.rows}
    tokens = {(token.source, token.name) for token in board.tokens}

    def is_mine(alert: AlertState) -> bool:
        if alert.token:
            return (alert.source, alert.token) in tokens
        if alert.source:
            return not alert.app or match_job(alert.app, known, config.apps) in apps
        return alert.app_name in apps

    mine = [alert for alert in (*board.firing, *board.pending) if is_mine(alert)]
    shown = {alert.fingerprint for alert in mine} | {alert.inhibited_by for alert in mine}
    firing, pending = (
        tuple(alert for alert in alerts if alert.fingerprint in shown) for alerts in (board.firing, board.pending)
    )
    return msgspec.structs.replace(board, firing=firing, pending=pending)


def _wanted(row: Row, apps: Sequence[str], namespaces: Sequence[str], only_bad: bool) -> bool:
    if apps and not any(fnmatchcase(row.app, pattern) for pattern in apps):
        return False
    if only_bad and row.mark in _WELL:
        return False
    if not namespaces:
        return True
    here = {rollout.namespace for cell in row.cells if cell is not None for rollout in cell.rollouts}
    return bool(here & set(namespaces)) or any(build.namespace in namespaces for build in row.builds)
