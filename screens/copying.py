"""Shows a text that was copied. Many terminals ignore a program's copying, so the text can also be selected here."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from screens.dialog import Dialog

HINT = "Copied, if the terminal allows it; if not, select it here (hold shift). esc: back"


class CopyScreen(Dialog[None]):
    """The copied text, plain and selectable."""

    BINDINGS = [Binding("escape,enter,q,y", "leave", "back", id="copy.leave", tooltip="Close")]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._heading, self._text = title, text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(self._heading), classes="dialog-title")
            with VerticalScroll(classes="dialog-body"):
                yield Static(Content(self._text), id="copied")
            yield Static(Content(HINT), classes="dialog-hint")

    def action_leave(self) -> None:
        self.dismiss(None)
