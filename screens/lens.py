"""What of the board is shown, and in which order: pure functions of the board and what the reader asked for."""

from collections.abc import Mapping, Sequence

import msgspec

from statusdesk.board import Board, Cell, Mark, Row

WELL = frozenset({Mark.OK, Mark.IDLE, Mark.ABSENT})


class Lens(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader asked for. ``text`` filters; ``by_name`` is the configured order, then by name."""

    text: str = ""
    only_bad: bool = False
    by_name: bool = False
    absolute: bool = False


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Rows in the order of the screen; ``well_hidden`` and ``filtered`` count those that are left out."""

    rows: tuple[Row, ...]
    well_hidden: int = 0
    filtered: int = 0


def select(board: Board, lens: Lens, order: Mapping[str, int]) -> Shown:
    """Return the rows to show. ``order`` gives the configured place of an app."""
    rows: Sequence[Row] = board.rows
    matching = [row for row in rows if matches(row, lens.text)] if lens.text else rows
    bad = [row for row in matching if row.mark not in WELL] if lens.only_bad else matching
    if lens.by_name:
        ordered = sorted(bad, key=lambda row: (order.get(row.app, len(order)), row.app))
    else:
        ordered = sorted(bad, key=lambda row: (row.rank, row.app))
    return Shown(rows=tuple(ordered), well_hidden=len(matching) - len(bad), filtered=len(rows) - len(matching))


def matches(row: Row, text: str) -> bool:
    """Say whether every word of the text is in the app's name, a version, a reason or the message."""
    words = text.casefold().split()
    cells = " ".join(_words(cell) for cell in row.cells if cell is not None)
    hay = f"{row.app} {row.message} {row.note} {row.mark} {cells}".casefold()
    return all(word in hay for word in words)


def _words(cell: Cell) -> str:
    """Return what is sought in of a cell: also lost nodes and versions held back, which the row may not name."""
    nodes = (lost.node for rollout in cell.rollouts for lost in rollout.lost)
    asked = (rollout.version for rollout in cell.rollouts if rollout.held_by)
    return " ".join((cell.version, cell.reason, cell.mark, *nodes, *asked))


BAD_LEVELS = frozenset({"warning", "failing", "unknown"})
