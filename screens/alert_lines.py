"""The lines of the screen of alerts: sections, one alert, one silence. Pure."""

from collections.abc import Sequence

import msgspec
from textual.strip import Strip

from screens.pen import ROW_LINES, Pen
from screens.strips import Line, cells, fit, fold
from statusdesk.board import Board, Mark
from statusdesk.states_alerts import AlertState, Silence, listed

MARKS = {"critical": Mark.FAILING, "warning": Mark.WARNING, "info": Mark.OK}
SEVERITY, NAME_MOST = 8, 24
SILENCE = "silence:"


class AlertItem(msgspec.Struct, frozen=True):
    """One alert with what comes next."""

    alert: AlertState
    outlook: str

    @property
    def key(self) -> str:
        return f"{self.alert.fingerprint}@{self.alert.started_ms}"

    def below(self, pen: Pen) -> list[list[str]]:
        """Return the sentences below its line, folded: what is bad, whom it hits, and last what comes next."""
        alert, room = self.alert, max(1, pen.width - 4 - cells(pen.glyph(Mark.OK)))
        told = () if alert.state == "resolved" or not alert.summary else (alert.summary,)
        hits = (f"hits {listed(alert.hits)}",) if told and alert.hits else ()
        outlook = fold(self.outlook, max(1, room - cells(pen.arrow) - 1), ROW_LINES, pen.dots)
        return [*(fold(each, room, ROW_LINES, pen.dots) for each in (*told, *hits)), outlook]

    def height(self, pen: Pen) -> int:
        """Return how many lines it takes."""
        return 1 + sum(map(len, self.below(pen)))


class SilenceItem(msgspec.Struct, frozen=True):
    """One silence that holds or will."""

    silence: Silence
    words: str
    mutes: int

    @property
    def key(self) -> str:
        return SILENCE + self.silence.id

    def height(self, _pen: Pen) -> int:
        """Return how many lines it takes."""
        return 1


Item = AlertItem | SilenceItem


class Section(msgspec.Struct, frozen=True):
    """A title and what stands under it."""

    title: str
    items: tuple[Item, ...]


def split(board: Board) -> tuple[list[AlertState], list[AlertState], list[AlertState]]:
    """Return the alerts that fire, those that are pending, and those of which a silence lets nobody be told."""
    firing = [alert for alert in board.firing if not alert.silenced_by]
    pending = [alert for alert in board.pending if not alert.silenced_by]
    return firing, pending, [alert for alert in (*board.firing, *board.pending) if alert.silenced_by]


def name_width(items: Sequence[Item]) -> int:
    """Return how wide the names of rules are."""
    return min(
        NAME_MOST, max((cells(item.alert.alertname) for item in items if isinstance(item, AlertItem)), default=8)
    )


def draw_title(section: Section, pen: Pen) -> Strip:
    """Return the title of a section."""
    line = Line().put(f" {section.title} ", pen.ink.title).put(f" {len(section.items)}", pen.ink.quiet)
    return line.strip(pen.width, pen.ink.plain)


def draw_item(item: Item, name: int, pen: Pen) -> tuple[Strip, ...]:
    """Return the lines of an item."""
    return (_silence_line(item, pen),) if isinstance(item, SilenceItem) else _alert_lines(item, name, pen)


def _alert_lines(item: AlertItem, name: int, pen: Pen) -> tuple[Strip, ...]:
    alert, ink = item.alert, pen.ink
    over = alert.state == "resolved"
    mark = Mark.OK if over else MARKS.get(alert.severity, Mark.UNKNOWN)
    word = ink.quiet if over or alert.muted else ink.words.get(mark, ink.plain)
    line = pen.put_mark(Line().put(" ", ink.plain), mark)
    line.put(fit(alert.severity, SEVERITY, pen.dots) + " ", word)
    line.put(fit(alert.alertname, name, pen.dots) + "  ", ink.quiet if over else ink.strong)
    aged = _aged(alert, pen)
    room = max(4, pen.width - line.x - cells(aged) - 3)
    line.put(fit(alert.place_by_stage, room, pen.dots) + "  ", ink.quiet if over else ink.plain).put(aged, ink.quiet)
    indent = " " * (3 + cells(pen.glyph(mark)))
    quiet = ink.quiet if alert.muted else ink.plain
    *said, outlook = item.below(pen)
    lines = [line, *(Line().put(indent, ink.quiet).put(part, quiet) for parts in said for part in parts)]
    for index, part in enumerate(outlook):
        lead = " " * cells(pen.arrow) if index else pen.arrow
        lines.append(Line().put(f"{indent}{lead} ", ink.quiet).put(part, ink.quiet))
    return tuple(each.strip(pen.width, ink.plain) for each in lines)


def _aged(alert: AlertState, pen: Pen) -> str:
    if alert.state == "resolved":
        return pen.since(alert.resolved_ms or alert.started_ms)
    return pen.ago(alert.fired_ms or alert.pending_ms or alert.started_ms)


def _silence_line(item: SilenceItem, pen: Pen) -> Strip:
    silence, ink = item.silence, pen.ink
    line = Line().put(" silence  ", ink.quiet).put(fit(item.words, max(8, pen.width // 3), pen.dots) + "  ", ink.plain)
    said = f"until {pen.when(silence.ends_ms)} by {silence.created_by}, mutes {item.mutes}"
    said += f": {silence.comment}" if silence.comment else ""
    return line.put(fit(said, pen.width - line.x - 1, pen.dots).rstrip(), ink.quiet).strip(pen.width, ink.plain)
