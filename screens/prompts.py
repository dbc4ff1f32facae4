"""One-line questions: a modal with an input, and the filter line that filters while one types."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from screens.dialog import Dialog
from screens.line_input import LineInput


class Prompt(Dialog[str | None]):
    """Asks for one line; ``check`` returns a sentence when the answer will not do, empty when it will."""

    TYPES = True

    BINDINGS = [Binding("escape", "leave", "back", id="prompt.leave", tooltip="Close without an answer")]

    def __init__(self, title: str, hint: str, check: Callable[[str], str], *, value: str = "") -> None:
        """``value`` is the answer to begin with."""
        super().__init__()
        self._question, self._hint, self._check, self._value = title, hint, check, value

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(self._question), classes="dialog-title")
            yield LineInput(self._value, placeholder=self._hint, compact=True, select_on_focus=False)
            yield Static(Content(self._hint), id="prompt-hint", classes="dialog-hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        problem = self._check(event.value)
        if problem:
            self.query_one("#prompt-hint", Static).update(Content(problem))
        else:
            self.dismiss(event.value)

    def action_leave(self) -> None:
        self.dismiss(None)


class FilterInput(LineInput):
    """The filter at the foot of the board; every key press filters, enter keeps the filter, escape clears it."""

    DEFAULT_CSS = "FilterInput { height: 1; border: none; padding: 0 1; background: $surface; }"
    BINDINGS = [
        Binding("escape", "clear_filter", "show all", id="filter.clear", tooltip="Clear the filter and show all"),
        Binding(
            "down,up,tab", "keep_filter", "to the board", show=False, id="filter.keep", tooltip="Back to the board"
        ),
    ]

    class Done(Message):
        """The reader has left the filter line; the filter stays or is empty."""

        def __init__(self, box: "FilterInput") -> None:
            super().__init__()
            self.box = box

    def __init__(self, text: str, apply: Callable[[str], None], id: str | None = "filter") -> None:
        """``apply`` filters by a text."""
        super().__init__(text, placeholder="words in name, version, reason", id=id, compact=True, select_on_focus=False)
        self._apply = apply

    def action_clear_filter(self) -> None:
        self.value = ""
        self.action_keep_filter()

    def action_keep_filter(self) -> None:
        # At once, not by message: the next key may be there already, and it is meant for what this leaves on the board.
        self._apply(self.value)
        self.screen.set_focus(self.screen.query_one(str(self.screen.AUTO_FOCUS)))
        self.post_message(self.Done(self))

    async def action_submit(self) -> None:
        self.action_keep_filter()
