"""The line at the foot of the logs in which one types what to look for; every key press shows what it finds."""

from collections.abc import Callable

from textual.binding import Binding

from screens.log_filter import Pattern
from screens.prompts import FilterInput

HINTS = {
    "search": "go to lines with this; n and N go on",
    "include": "show only lines with this",
    "exclude": "leave out lines with this",
}


class LogInput(FilterInput):
    """Takes a regular expression, or plain text; ``kind`` is what it is for."""

    BINDINGS = [
        Binding("escape", "clear_filter", "drop it", id="logs.drop_typed", tooltip="Leave without it"),
        Binding("enter", "submit", "keep it", id="logs.keep_typed", tooltip="Keep it"),
        Binding("ctrl+r", "plain", "text or expression", id="logs.plain", tooltip="Regular expression, or plain text"),
    ]

    def __init__(self, kind: str, taken: Callable[["LogInput"], None]) -> None:
        """``taken`` takes what was typed when one leaves the line."""
        super().__init__("", lambda _: taken(self), id=None)  # the one before may still be going
        self.kind, self.plain = kind, False
        self._made: Pattern | None = None
        self._made_of = ("", False)
        self._hint()

    @property
    def pattern(self) -> Pattern | None:
        """What was typed, compiled once; None while that is nothing."""
        made_of = (self.value, self.plain)
        if made_of != self._made_of:
            self._made = Pattern(self.value, plain=self.plain) if self.value else None
            self._made_of = made_of
        elif self._made is not None and self._made.too_long:
            self._made = self._made.instead()
        return self._made

    def action_plain(self) -> None:
        self.plain = not self.plain
        self._hint()
        self.post_message(self.Changed(self, self.value))

    def _hint(self) -> None:
        form = "plain text" if self.plain else "regular expression or text"
        self.placeholder = f"{self.kind}: {HINTS[self.kind]} ({form}, ctrl+r: {'expression' if self.plain else 'text'})"
