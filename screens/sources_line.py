"""The second line: every source with how it is, since when, and what is wrong with it."""

from screens.ink import Ink
from screens.linewidget import LineWidget
from screens.strips import ASCII_DOTS, DOTS, Line, cells, fit
from screens.token_words import bad_tokens, words_of_all
from statusdesk.board import Board, Mark, SourceView
from statusdesk.marks import GLYPHS
from statusdesk.states import Level
from statusdesk.text import age

MARKS = {
    Level.OK: Mark.OK,
    Level.PROGRESSING: Mark.PROGRESSING,
    Level.WARNING: Mark.WARNING,
    Level.FAILING: Mark.FAILING,
    Level.UNKNOWN: Mark.UNKNOWN,
}
SAID_BY_IT = ("Sealed", "Standby", "Unauthorized", "Forbidden")
"""Faults that a source tells itself: one lasts since it was told, whatever was wrong before."""
MORE_CELLS = len("+99 more ")
GAP = 4
LEAST_WORDS = 12  # fewer cells than this tell nothing
Piece = tuple[str, Mark, str]
WORST_FIRST = (Mark.FAILING, Mark.WARNING, Mark.UNKNOWN, Mark.NO_ACCESS)


class SourcesLine(LineWidget):
    """``jenkins ✓ 3s   kubernetes eu ✓ live   vault ✗ Sealed for 4m: …``; bad ones first if not all fit."""

    def __init__(self, ink: Ink, ascii_only: bool) -> None:
        super().__init__(ink, id="sources")
        self.ascii = ascii_only
        self.board: Board | None = None
        self.now_ms = 0

    def draw(self, width: int) -> Line:
        line = Line().put(" ", self.ink.plain)
        if self.board is None:
            return line.put("waiting for the first picture", self.ink.quiet)
        pieces = [self._words(self.board, source) for source in self.board.sources]
        if self.board.collector_problem:
            pieces.insert(0, ("collector", Mark.FAILING, self.board.collector_problem))
            if _width(pieces) > width:
                return self._collector_alone(line, pieces[0], len(pieces) - 1, width)
        if not pieces:
            return line.put("no source has been visited yet", self.ink.quiet)
        rooms = [cells(words) for _, _, words in pieces]
        if _width(pieces) > width:
            pieces = _shortened(pieces)
            rooms = self._rooms(pieces, width - line.x)
        for (name, mark, words), room in zip(pieces, rooms, strict=False):
            self._put(line, name, mark, fit(words, room, ASCII_DOTS if self.ascii else DOTS))
        if len(rooms) < len(pieces):
            line.put(f"+{len(pieces) - len(rooms)} more", self.ink.quiet)
        return line

    def _collector_alone(self, line: Line, piece: Piece, others: int, width: int) -> Line:
        """Give the line to what is wrong with the collector: without one, nothing else is news."""
        name, mark, words = piece
        more = f"+{others} more" if others else ""
        room = width - line.x - cells(name) - (4 if self.ascii else 3) - (GAP + len(more) if more else 0)
        self._put(line, name, mark, fit(words, min(room, cells(words)), ASCII_DOTS if self.ascii else DOTS))
        return line.put(more, self.ink.quiet)

    def _rooms(self, pieces: list[Piece], width: int) -> list[int]:
        """Return how many cells the words of each piece get, for as many pieces as there is room for.

        Every source's name and mark come before anybody's words: one long sentence must not hide another source.
        """
        bare = [cells(name) + 1 + (2 if self.ascii else 1) + GAP for name, _, _ in pieces]
        shown = len(pieces)
        while shown > 1 and sum(bare[:shown]) + (MORE_CELLS if shown < len(pieces) else GAP * -1) > width:
            shown -= 1
        left = width - sum(bare[:shown]) + (GAP if shown == len(pieces) else -MORE_CELLS)
        wanted = [1 + cells(words) if words else 0 for _, _, words in pieces[:shown]]
        rooms = []
        for index, want in enumerate(wanted):
            asking = sum(1 for other in wanted[index:] if other)
            small = sum(min(other, LEAST_WORDS) for other in wanted[index + 1 :])
            given = min(want, left, max(left - small, left // asking if asking else 0, LEAST_WORDS + 1))
            rooms.append(given - 1 if given > LEAST_WORDS or given == want > 0 else 0)
            left -= rooms[-1] + 1 if rooms[-1] else 0
        return rooms

    def _put(self, line: Line, name: str, mark: Mark, words: str) -> None:
        ink = self.ink
        well = mark is Mark.OK
        line.put(name, ink.quiet if well else ink.strong).put(" ", ink.plain)
        line.put(GLYPHS[mark][1 if self.ascii else 0], ink.well_glyph if well else ink.badges[mark])
        line.put(f" {words}" if words else "", ink.quiet if well else ink.plain).put(" " * GAP, ink.plain)

    def _words(self, board: Board, source: SourceView) -> tuple[str, Mark, str]:
        """Return name, mark and words of a source; a token that runs out speaks for its Vault."""
        state = source.state
        name = state.source.replace("/", " ") + (f" {state.scope}" if state.scope else "")
        later = max(0, self.now_ms - board.at_ms)
        if source.level == Level.OK:
            if bad := bad_tokens(board, state.source):
                return name, MARKS[bad[0].level], words_of_all(bad, self.now_ms)
            aged = "" if source.age_ms is None else age(source.age_ms + later)
            return name, Mark.OK, "live" if state.live else aged
        if state.level is Level.OK:
            return (
                name,
                Mark.UNKNOWN,
                source.words if source.age_ms is None else f"no news for {age(source.age_ms + later)}",
            )
        since_ms = (state.since_ms if state.reason in SAID_BY_IT else 0) or state.level_since_ms
        since = f" for {age(self.now_ms - since_ms)}" if since_ms else ""
        said = source.words or state.message
        words = f"{state.reason}{since}: {said}" if state.reason and said != state.reason else f"{said}{since}"
        mark = Mark.NO_ACCESS if state.reason == "NoAccess" else MARKS.get(source.level, Mark.UNKNOWN)
        return name, mark, words


def _width(pieces: list[Piece]) -> int:
    return sum(cells(name) + cells(words) + 7 for name, _, words in pieces)


def _shortened(pieces: list[Piece]) -> list[Piece]:
    """Return what is not well first and in full, what is well by its last name alone."""
    bad = sorted((piece for piece in _together(pieces) if piece[1] is not Mark.OK), key=_badness)
    well = [(name.rpartition(" ")[2], mark, "") for name, mark, _ in pieces if mark is Mark.OK]
    return bad + well


def _badness(piece: Piece) -> int:
    return WORST_FIRST.index(piece[1]) if piece[1] in WORST_FIRST else len(WORST_FIRST)


def _together(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces with what may not be read of one source as a single one, after the source itself."""
    refused = [piece for piece in pieces if piece[1] is Mark.NO_ACCESS]
    if len(refused) < 2:
        return pieces
    together, told = list[Piece](), set[str]()
    for piece in pieces:
        if piece[1] is not Mark.NO_ACCESS:
            together.append(piece)
            continue
        source = piece[0].rpartition(" ")[0]
        if source not in told:
            told.add(source)
            others = sum(1 for name, _, _ in refused if name.rpartition(" ")[0] == source) - 1
            together.append((f"{piece[0]} +{others}" if others else piece[0], piece[1], piece[2]))
    return together
