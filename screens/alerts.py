"""The alerts: what fires, what is about to, what is silenced, what is over; who is told next; taken with one key."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip

from screens.alert_lines import (
    AlertItem,
    Item,
    Section,
    SilenceItem,
    draw_item,
    draw_title,
    name_width,
    split,
)
from screens.alert_ways import logs_of, rollout_of, screen_of
from screens.frame import Setup, filter_key
from screens.ink import Ink
from screens.lineview import KeyedLines
from screens.list_screen import ListScreen
from screens.pen import Pen
from screens.strips import Line, fold
from statusdesk.alerts_view import Outlook, last_messages, matcher_words, unread_words
from statusdesk.board import Board
from statusdesk.board_feed import AlertsReading
from statusdesk.console_requests import Ack, AddSilence, ExpireSilence, MatcherAsked, Request, new_id
from statusdesk.states_alerts import AlertState
from statusdesk.text import span

if TYPE_CHECKING:
    from screens.log_request import LogRequest

TITLE, NOTE = -1, -2
HOUR_MS = 3_600_000
SILENCES = (("30 minutes", HOUR_MS // 2), ("1 hour", HOUR_MS), ("2 hours", 2 * HOUR_MS), ("4 hours", 4 * HOUR_MS)) + (
    ("8 hours", 8 * HOUR_MS),
    ("1 day", 24 * HOUR_MS),
)
HELP = """
**The alerts**: what fires, worst first; what is *pending*, bad for less than its rule asks; what is silenced; what was
over within the last day. The last line of each says what comes next: who is told, when again, or why nobody is; which
Alertmanagers have taken it, since when one takes nothing, and why; also what was silenced in an Alertmanager itself, by
whom and for how long, and if that cannot be read, since when.

`enter` opens the cause, `l` the logs at the moment when it began. `a` takes an alert: everybody sees who has it, and it
is not told again before it is over, by Alertmanagers neither; `A` asks why and until when; `u` gives it back. `s` lets
nobody be told of it for a while, and asks why; on a silence, `x` ends it. A collector does it within a second.
"""


class AlertLines(KeyedLines):
    """Sections of alerts; drawn only when in sight."""

    BINDING_GROUP_TITLE = "Alerts"

    def __init__(self, ink: Ink, ascii_only: bool) -> None:
        super().__init__(ink, ascii_only, id="alerts")
        self._notes: tuple[str, ...] = ()
        self._sections: tuple[Section, ...] = ()
        self._lines: list[tuple[int, int, int]] = []
        self._pen: Pen | None = None
        self._rule_width = 8
        self._drawn: dict[str, tuple[Item, tuple[Strip, ...]]] = {}
        self._heights: dict[str, tuple[Item, int]] = {}

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for section in self._sections for item in section.items)

    @property
    def chosen(self) -> Item | None:
        """The item under the cursor."""
        return next((item for item in self.items if item.key == self.cursor), None)

    def show_sections(self, sections: tuple[Section, ...], notes: tuple[str, ...], pen: Pen) -> None:
        """Take what to show, and what to say above it."""
        name = max((name_width(section.items) for section in sections), default=8)
        if self._pen is None or self._rule_width != name or self._pen != pen:
            self._drawn.clear()
        if self._pen is None or (self._pen.width, self._pen.ascii) != (pen.width, pen.ascii):
            self._heights.clear()
        heights: dict[str, tuple[Item, int]] = {}
        self._sections, self._notes, self._pen, self._rule_width = sections, notes, pen, name
        self.cursor_span = (0, 1)
        self._lines = [(NOTE, index, 0) for index in range(len(notes))]
        for number, section in enumerate(sections):
            self._lines.append((TITLE, number, 0))
            for index, item in enumerate(section.items):
                known = self._heights.get(item.key)
                if known is None or known[0] != item:
                    known = (item, item.height(pen))
                heights[item.key] = known
                self._lines += [(number, index, part) for part in range(known[1])]
            self._lines.append((NOTE, -1, 0))
        self._heights = heights
        self.lay_out([sections[n].items[index].key if n >= 0 else "" for n, index, _ in self._lines])
        self.repaint_changed()

    def draw_title(self, index: int) -> Strip:
        return Strip.blank(self.size.width, self.ink.plain)

    def draw_line(self, index: int) -> Strip:
        number, place, part = self._lines[index]
        if self._pen is None or (number == NOTE and place < 0):
            return Strip.blank(self.size.width, self.ink.plain)
        if number == NOTE:
            return Line().put(f" {self._notes[place]}", self.ink.plain).strip(self.size.width, self.ink.plain)
        if number == TITLE:
            return draw_title(self._sections[place], self._pen)
        item = self._sections[number].items[place]
        known = self._drawn.get(item.key)
        if known is None or known[0] != item:
            known = self._drawn[item.key] = (item, draw_item(item, self._rule_width, self._pen))
        return known[1][part]


class AlertsScreen(ListScreen[AlertLines]):
    """All alerts, from the board, with what the store holds of messages."""

    AUTO_FOCUS = "#alerts"
    HELP = HELP
    BINDINGS = [
        Binding("enter", "open", "look", id="alerts.open", tooltip="Open the cause of the selected alert"),
        Binding("l", "logs", "logs", id="alerts.logs", tooltip="Logs of its pods, at the moment when it began"),
        Binding("a", "take", "take", id="alerts.take", tooltip="Take it: everybody sees who has it"),
        Binding("A", "comment", "take, say why", id="alerts.comment", tooltip="Take it with a comment", show=False),
        Binding("u", "give_back", "give back", id="alerts.give_back", tooltip="Give back what was taken"),
        Binding("s", "silence", "silence", id="alerts.silence", tooltip="Let nobody be told of it for a while"),
        Binding("x", "expire", "end silence", id="alerts.expire", tooltip="End the selected silence", show=False),
        filter_key("alerts", "alerts"),
        Binding("T", "times", "times", id="alerts.times", tooltip="Ages or times of day", show=False),
        Binding("escape", "back", "back", id="alerts.back", tooltip="Show all; back to where you came from"),
        Binding("question_mark", "help", "help", id="alerts.help", tooltip="This help"),
    ]

    class Read(Message):
        """What the store holds of alerts has been read, or could not be."""

        def __init__(self, reading: AlertsReading | None, problem: str = "") -> None:
            super().__init__()
            self.reading, self.problem = reading, problem

    class Found(Message):
        """The logs that an alert is about are known."""

        def __init__(self, request: "LogRequest | None") -> None:
            super().__init__()
            self.request = request

    class Asked(Message):
        """A request was made, or why it could not be."""

        def __init__(self, said: str, problem: str = "") -> None:
            super().__init__()
            self.said, self.problem = said, problem

    def __init__(self, setup: Setup, ink: Ink, past: Board | None = None) -> None:
        super().__init__(setup, ink, past)
        self.list = AlertLines(ink, setup.ascii)
        self._outlook = Outlook(setup.config)
        self._reading = AlertsReading()
        self._messages = last_messages(())
        self._read_at: tuple[int, int] | None = None
        self._is_reading = False

    # -- what is shown ------------------------------------------------------------------------------------------

    def draw(self, board: Board | None) -> None:
        """Draw the alerts of a board, and read what belongs to it if that is new."""
        if board is None or not self.list.size.width:
            return
        sections = self._sections(board)
        self.list.show_sections(sections, self._notes(board, anything=bool(sections)), self.pen())
        at = (board.change, board.at_ms // 10_000)
        if at != self._read_at and not self._is_reading:
            self._read_at, self._is_reading = at, True
            # no partial: Textual writes out what it is given, here a board with all its alerts
            self.run_worker(lambda: self._read(board), thread=True, group="alerts", exit_on_error=False)

    def draw_time(self) -> None:
        self.draw(self.shown_board)

    def _read(self, board: Board) -> None:
        """Read what the store holds beside the board; runs on a thread."""
        self.post_message(self.Read(*self.asked(lambda: self.feed.alerts(board))))

    def on_alerts_screen_read(self, message: Read) -> None:
        self._is_reading = False
        if message.reading is not None:
            self._reading = message.reading
            self._messages = last_messages(message.reading.notifications)
            self.draw(self.shown_board)

    def _sections(self, board: Board) -> tuple[Section, ...]:
        board = msgspec.structs.replace(board, at_ms=self.now_ms)
        firing, pending, silenced = split(board)
        mutes: dict[str, int] = {}
        for alert in silenced:
            mutes[alert.silenced_by] = mutes.get(alert.silenced_by, 0) + 1
        silences = tuple(
            SilenceItem(silence, matcher_words(silence), mutes.get(silence.id, 0))
            for silence in board.silences
            if not self.lens.text or self.lens.text.lower() in matcher_words(silence).lower()
        )
        sections = (
            Section("FIRING", self._items(firing, board)),
            Section("PENDING", self._items(pending, board)),
            Section("SILENCED", (*silences, *self._items(silenced, board))),
            Section("OVER", self._items(self._reading.recent, board)),
        )
        return tuple(section for section in sections if section.items)

    def _items(self, alerts: Iterable[AlertState], board: Board) -> tuple[Item, ...]:
        text = self.lens.text.lower()
        return tuple(
            AlertItem(alert, self._outlook.words(alert, board, self._messages))
            for alert in alerts
            if not text or any(text in word.lower() for word in (alert.alertname, alert.place_by_stage, alert.summary))
        )

    def _notes(self, board: Board, *, anything: bool) -> tuple[str, ...]:
        """Say why nothing is shown, and why nobody would be told."""
        notes: list[str] = []
        if self.past_ms is None and board.collector_lost_ms is not None:
            notes.append(
                f"No collector has worked for {span(board.collector_lost_ms)}: nothing new fires, nobody is told."
            )
        elif self.past_ms is None and board.collector is not None and board.collector.owner == "board":
            notes.append("A board's own collector works: it keeps alerts and tells nobody; `statusdesk watch` does.")
        if self.past_ms is None:
            notes += unread_words(board)
        if not anything:
            notes += ["", f"Nothing matches /{self.lens.text}" if self.lens.text else "Nothing fires."]
        width = max(20, self.pen().width - 2)
        folded = [line for note in notes for line in (fold(note, width) or [""])]
        return (*folded, "") if folded else ()

    def show_lines(self, board: Board | None) -> None:
        self.header_line.where = ("alerts",)
        super().show_lines(board)

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Open what an alert is about: its rollout, builds, token or environments; else say what to look at."""
        item, board = self.list.chosen, self.shown_board
        if not isinstance(item, AlertItem) or board is None:
            return
        screen = screen_of(item.alert, board, self.setup, self.ink, self.past)
        if screen is not None:
            self.app.push_screen(screen)
        else:
            self.app.notify(item.alert.look or item.alert.summary or "Nothing more is known of it.", markup=False)

    def action_logs(self) -> None:
        """Open the logs of the rollout that an alert is about, at the moment when it began."""
        item, board = self.list.chosen, self.shown_board
        alert = item.alert if isinstance(item, AlertItem) else None
        if alert is None or board is None or logs_of(alert, board) is None:
            self.app.notify("No pods belong to this alert.")
            return
        self.run_worker(lambda: self._look(alert, board), thread=True, group="pods", exit_on_error=False)

    def _look(self, alert: AlertState, board: Board) -> None:
        """Find out when the pods failed that an alert is about; runs on a thread."""
        key = rollout_of(alert, board) if self.past_ms is None else ""  # of the past no pods are kept
        pods, _ = self.asked(lambda: self.feed.pods(key)) if key else ((), "")
        self.post_message(self.Found(logs_of(alert, board, pods or ())))

    def on_alerts_screen_found(self, message: Found) -> None:
        if message.request is not None and self.is_current:  # else one has gone elsewhere, or asked twice
            self.app.open_logs(message.request)

    def action_take(self) -> None:
        item = self.list.chosen
        if isinstance(item, AlertItem) and item.alert.state != "resolved" and self.list.shows_cursor():
            self._take(item.alert)

    def action_comment(self) -> None:
        """Ask why and until when, then take the alert that was chosen."""
        item = self.list.chosen
        if not isinstance(item, AlertItem) or item.alert.state == "resolved":
            return
        alert = item.alert

        def because(text: str) -> None:
            self._ask_how_long(
                "Take it", ("until it is over",), 0, lambda words, ms: self._take(alert, text, words, ms)
            )

        self._ask_why(f"Take {alert.alertname} {alert.place_by_stage}, because", because)

    def _take(self, alert: AlertState, comment: str = "", words: str = "", ms: int = 0) -> None:
        said = f"{alert.alertname} {alert.place_by_stage} is taken" + (f" for {words}" if ms else "")
        until_ms = self.app.now_ms + ms if ms else None
        self._request(Ack(fingerprints=(alert.fingerprint,), comment=comment, until_ms=until_ms), said)

    def _ask_why(self, title: str, then: Callable[[str], None]) -> None:
        from screens.prompts import Prompt

        def answered(text: str | None) -> None:
            if text is not None:
                then(text)

        self.app.push_screen(Prompt(title, "a few words for the others", lambda _: ""), answered)

    def _ask_how_long(self, title: str, before: tuple[str, ...], chosen: int, then: Callable[[str, int], None]) -> None:
        """Have one of the lengths chosen, or of what stands ``before`` them, which is no length."""
        from screens.choice import Choice, Entry

        lengths = (*((words, 0) for words in before), *SILENCES)

        def answered(index: int | None) -> None:
            if index is not None:
                then(*lengths[index])

        hint = "enter: for so long. esc: back"
        self.app.push_screen(Choice(title, [Entry(words) for words, _ in lengths], hint, chosen=chosen), answered)

    def action_give_back(self) -> None:
        item = self.list.chosen
        if isinstance(item, AlertItem) and item.alert.acked_by:
            said = f"{item.alert.alertname} {item.alert.place_by_stage} is given back"
            self._request(Ack(fingerprints=(item.alert.fingerprint,), withdraw=True), said)

    def action_silence(self) -> None:
        """Ask for how long and why, then silence all that has the labels of the alert that was chosen."""
        item = self.list.chosen
        if not isinstance(item, AlertItem) or item.alert.state == "resolved" or not self.list.shows_cursor():
            return
        labels = {name: value for name, value in item.alert.labels.items() if name != "severity"}
        title = "Silence " + " ".join(f"{name}={value}" for name, value in labels.items())

        def silence(words: str, ms: int, comment: str) -> None:
            matchers = tuple(MatcherAsked(name, value) for name, value in labels.items())
            request = AddSilence(id=new_id(), matchers=matchers, ends_ms=self.app.now_ms + ms, comment=comment)
            self._request(request, f"silenced for {words}")
            self.list.step_on(item.key)  # that one goes to the silenced ones, out of sight

        def because(words: str, ms: int) -> None:
            self._ask_why(f"Silence it for {words}, because", lambda comment: silence(words, ms, comment))

        self._ask_how_long(title, (), 1, because)

    def action_expire(self) -> None:
        item = self.list.chosen
        if isinstance(item, SilenceItem):
            self._request(ExpireSilence(id=item.silence.id), "the silence is ended")

    def _request(self, request: Request, said: str) -> None:
        if self.past_ms is not None:
            self.app.notify("This is the past: nothing can be taken or silenced in it.", markup=False)
            return
        self.run_worker(partial(self._ask, request, said), thread=True, group="requests", exit_on_error=False)

    def _ask(self, request: Request, said: str) -> None:
        """Put the request where the collector finds it; runs on a thread."""
        _, problem = self.asked(lambda: self.feed.request(request))
        self.post_message(self.Asked("" if problem else said, problem))

    def on_alerts_screen_asked(self, message: Asked) -> None:
        if message.problem:
            self.app.notify(message.problem, severity="error", markup=False)
        else:
            self.app.notify(f"Asked for: {message.said}.", markup=False)
