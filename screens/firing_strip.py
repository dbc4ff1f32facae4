"""The strip at the bottom: what fires, worst and oldest first; without alerts, what fails."""

import msgspec

from screens.ink import Ink
from screens.linewidget import LineWidget
from screens.strips import ASCII_DOTS, DOTS, Line, cells, fit
from screens.token_words import token_words
from statusdesk.board import Board, Mark
from statusdesk.states import AlertState, Level
from statusdesk.text import age

SEVERITIES = {"critical": Mark.FAILING, "warning": Mark.WARNING}
MORE_CELLS = len("   +99 more")
ORDER = (Mark.FAILING, Mark.WARNING, Mark.UNKNOWN)


class Entry(msgspec.Struct, frozen=True):
    """One thing that fires. ``where`` is an app in a stage, a token or a source; ``since_ms`` 0 when not known."""

    mark: Mark
    severity: str
    what: str
    where: str
    since_ms: int


class FiringStrip(LineWidget):
    """``FIRING critical TokenLapsing payments 2h   warning RolloutFailing staging/orders 4m``."""

    def __init__(self, ink: Ink, ascii_only: bool) -> None:
        super().__init__(ink, id="firing")
        self._dots = ASCII_DOTS if ascii_only else DOTS
        self.board: Board | None = None
        self.now_ms = 0

    def draw(self, width: int) -> Line:
        line = Line()
        if self.board is None:
            return line
        alerts = [alert for alert in self.board.firing if _is_told(alert)]
        entries = firing(self.board) if alerts else failing(self.board, self.now_ms)
        title = " FIRING " if alerts else " FAILING "
        if not entries:
            return line.put(" nothing is failing", self.ink.quiet)
        line.put(title, self.ink.badges[Mark.FAILING]).put(" ", self.ink.plain)
        for index, entry in enumerate(entries):
            words = f"{entry.what} {entry.where}".strip()
            aged = f" {age(self.now_ms - entry.since_ms)}" if entry.since_ms else ""
            more = MORE_CELLS if index + 1 < len(entries) else 0
            room = width - line.x - more - len(entry.severity) - 2 - len(aged)
            if index and room < cells(words):
                return line.put(f"+{len(entries) - index} more", self.ink.quiet)
            line.put(entry.severity, self.ink.badges[entry.mark]).put(" ", self.ink.plain)
            line.put(fit(words, min(cells(words), max(8, room)), self._dots), self.ink.plain)
            line.put(aged + "   ", self.ink.quiet)
        return line


def _is_told(alert: AlertState) -> bool:
    """Whether an alert is of its own: no other one says more about the same."""
    return alert.state == "firing" and not alert.inhibited_by


def firing(board: Board) -> list[Entry]:
    """Return the alerts that fire, critical ones first, then the oldest."""
    entries = []
    for alert in board.firing:
        if _is_told(alert):
            where = alert.token or "/".join(filter(None, (alert.namespace, alert.app))) or alert.source
            mark = SEVERITIES.get(alert.severity, Mark.UNKNOWN)
            entries.append(Entry(mark, alert.severity, alert.alertname, where, alert.started_ms or alert.fired_ms or 0))
    return sorted(entries, key=lambda entry: (ORDER.index(entry.mark), entry.since_ms))


def failing(board: Board, now_ms: int) -> list[Entry]:
    """Return what is failing by its level: sources, tokens, and of each row the cell nearest to production."""
    entries = []
    for source in board.sources:
        if source.level == Level.FAILING:
            entries.append(
                Entry(Mark.FAILING, "source", source.state.reason, source.state.key, source.state.level_since_ms)
            )
    for token in board.tokens:
        if token.level == Level.FAILING:
            entries.append(Entry(Mark.FAILING, "token", "", token_words(token, now_ms), 0))
    for row in sorted(board.rows, key=lambda row: row.rank):
        bad = [cell for cell in row.cells if cell is not None and cell.level == Level.FAILING]
        if bad:
            nearest = bad[-1]
            entries.append(
                Entry(Mark.FAILING, "rollout", nearest.reason, f"{nearest.stage}/{row.app}", nearest.since_ms or 0)
            )
    return entries
