"""The board as an aligned table: the level of each cell in a word, reasons below, then tokens, sources and counts."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from statusdesk.alerts_view import Outlook, muted_at
from statusdesk.board import Board, Cell, Mark, Row
from statusdesk.cli.alert_lines import words_of
from statusdesk.cli.lines import counts_line
from statusdesk.last_build import last_build
from statusdesk.marks import GLYPHS
from statusdesk.states import CALM, Level, TokenState
from statusdesk.text import age, clean, span

_SGR = {
    Mark.FAILING: "1;31",
    Mark.ON_ITS_WAY: "1;31",
    Mark.WARNING: "33",
    Mark.BLOCKED: "33",
    Mark.PROGRESSING: "34",
    Mark.SOAKING: "36",
    Mark.HELD: "36",
    Mark.SKEW: "35",
    Mark.UNKNOWN: "2;3",
    Mark.NO_ACCESS: "2;3",
    Mark.ABSENT: "2",
}
_LEVEL_SGR = {Level.FAILING: "1;31", Level.WARNING: "33", Level.UNKNOWN: "2;3", Level.PROGRESSING: "34"}
_SEVERITY_SGR = {"critical": "1;31", "warning": "33"}
_NAME_WIDTH = 40
# Signs of our own, each one column wide as what stands for it, so that columns stay aligned.
_PLAIN = str.maketrans({"\u00b7": "-", "\u2013": "-", "\u2026": "~", "\ufffd": "?", "\u2019": "'", "\u2192": ">"})
_CELL_WIDTH = 36

Styled = tuple[str, str]
"""A text and its SGR codes (none: as it is)."""


def board_table(
    board: Board,
    outlook: Outlook,
    *,
    colour: bool,
    everything: bool = True,
    all_sources: bool = True,
    ascii_only: bool = False,
    left_out: int = 0,
) -> Iterator[str]:
    """Yield the lines of the board.

    Without ``everything`` only tokens and sources that are not well, without ``all_sources`` only such sources.
    ``left_out``: how many rows are counted and not in it.
    """
    lines = _lines(board, outlook, colour, everything, everything and all_sources, left_out)
    yield from lines if not ascii_only else (line.translate(_PLAIN) for line in lines)


def _lines(
    board: Board, outlook: Outlook, colour: bool, everything: bool, all_sources: bool, left_out: int
) -> Iterator[str]:
    if board.rows:
        header: list[Styled] = [(name, "1") for name in ("APPLICATION", *map(str.upper, board.stages), "LAST BUILD")]
        rows = [[(clean(row.app, _NAME_WIDTH), _SGR.get(row.mark, "")), *_cells(board, row)] for row in board.rows]
        lines = list(_aligned([header, *rows], colour))
        yield lines[0]
        for row, line in zip(board.rows, lines[1:], strict=True):
            yield line
            if row.words:
                yield f"    {clean(row.words)}"
    elif everything:
        yield "no application is known yet"
    yield from _nodes(board, colour)
    yield from _tokens(board, colour, everything)
    yield from _sources(board, colour, all_sources)
    yield from _alerts(board, outlook, colour)
    yield f"{counts_line(board)}; {_shown(board, left_out)}{_freshness(board)}"


def _shown(board: Board, left_out: int) -> str:
    """Say how many of the applications that are counted stand above, where some do not."""
    return f"{len(board.rows)} of {len(board.rows) + left_out} applications shown; " if left_out else ""


def _cells(board: Board, row: Row) -> Iterator[Styled]:
    for cell in row.cells:
        yield ("", "") if cell is None else (_cell(board, cell), _SGR.get(cell.mark, ""))
    last = last_build(row.build) if row.build is not None else None
    if last is None:
        yield ("", "")
    else:
        words = (f"#{last.number}", last.word, last.namespace)
        yield (clean(" ".join(word for word in words if word), _CELL_WIDTH), _LEVEL_SGR.get(last.level, ""))


def _cell(board: Board, cell: Cell) -> str:
    word = GLYPHS[cell.mark].word
    if cell.mark is Mark.ABSENT:
        return word
    if cell.mark is Mark.PROGRESSING and cell.desired:
        word = f"{word} {cell.ready}/{cell.desired}"
    old = age(board.at_ms - cell.since_ms) if cell.since_ms is not None else ""
    return clean(" ".join(part for part in (word, _version(cell), old) if part), _CELL_WIDTH)


def _version(cell: Cell) -> str:
    """Return the version that runs; of an update that is held back, from which to which, and how many pods have it."""
    held = cell.held
    if held is None:
        return cell.version
    return f"{held.held_version or '?'} \u2192 {held.version} {held.updated}/{held.desired}"


def _nodes(board: Board, colour: bool) -> Iterator[str]:
    table: list[list[Styled]] = []
    for each in board.lost_nodes:
        name = clean(f"{each.cluster} {each.node}", _NAME_WIDTH)
        lost = f"lost for {age(board.at_ms - each.since_ms)}"
        table.append([("node", ""), (name, ""), ("unknown", _LEVEL_SGR[Level.UNKNOWN]), (lost, ""), (each.words, "")])
    yield from _aligned(table, colour)


def _tokens(board: Board, colour: bool, everything: bool) -> Iterator[str]:
    shown = [token for token in board.tokens if everything or token.level not in CALM]
    table: list[list[Styled]] = []
    for token in shown:
        left = _left(token, board.at_ms)
        style = _LEVEL_SGR.get(token.level, "")
        table.append([("token", ""), (clean(token.name, _NAME_WIDTH), ""), (token.level.value, style), (left, "")])
        table[-1].append((clean(token.message or token.reason), ""))
    yield from _aligned(table, colour)


def _left(token: TokenState, now_ms: int) -> str:
    """Say how long a token will live, where it has an end of its own."""
    if token.is_dead:
        return "lapsed" if token.reason == "Lapsed" else "gone"
    left_ms = token.left_ms(now_ms) if token.reason != "ParentLapses" else None
    return span(left_ms) if left_ms is not None else ""


def _sources(board: Board, colour: bool, everything: bool) -> Iterator[str]:
    table: list[list[Styled]] = []
    for view in board.sources:
        if not everything and view.level in CALM:
            continue
        name = f"{view.state.source} {view.state.scope}" if view.state.scope else view.state.source
        seen = f"{age(view.age_ms)} ago" if view.age_ms is not None else "never"
        style = _LEVEL_SGR.get(view.level, "")
        table.append([("source", ""), (clean(name, _NAME_WIDTH), ""), (view.level.value, style), (seen, "")])
        table[-1].append((clean(view.state.message or view.words), ""))
    yield from _aligned(table, colour)


def _alerts(board: Board, outlook: Outlook, colour: bool) -> Iterator[str]:
    table: list[list[Styled]] = []
    for alert in (*board.firing, *board.pending):
        style = _SEVERITY_SGR.get(alert.severity, "") if alert.state == "firing" else ""
        muted, still_told = muted_at(board, alert.fingerprint), outlook.still_told(alert, board)
        words = ", ".join(words_of(alert, board.at_ms, board.firing, muted, still_told))
        table.append([("alert", ""), (alert.severity, style), (alert.alertname, ""), (alert.fingerprint, "2")])
        table[-1] += [(clean(alert.place, _NAME_WIDTH), ""), (clean(words), ""), (clean(alert.words), "")]
    yield from _aligned(table, colour)


def _freshness(board: Board) -> str:
    if board.collector_lost_ms is not None:
        since = f" for {span(board.collector_lost_ms)}" if board.collector is not None else ""
        return f"no collector is running{since}"
    return f"data {age(board.data_age_ms)} old" if board.data_age_ms is not None else "no data yet"


def _aligned(table: Sequence[Sequence[Styled]], colour: bool) -> Iterator[str]:
    """Yield the rows with columns of equal width, two blanks apart, without blanks at the end."""
    widths = [max(map(_width, column)) for column in zip(*(_texts(row) for row in table), strict=True)]
    for row in table:
        line = ""
        for (text, sgr), width in zip(row, widths, strict=True):
            painted = f"\x1b[{sgr}m{text}\x1b[0m" if colour and sgr and text else text
            line += painted + " " * (width - _width(text) + 2)
        yield line.rstrip()


def _texts(row: Iterable[Styled]) -> list[str]:
    return [text for text, _ in row]


def _width(text: str) -> int:
    """Return how many cells of a terminal the text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) != 0 for char in text)
