"""What dialogs look like. The rules are read when the first dialog opens: the first paint does not wait for them."""

from typing import TypeVar

from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A box in the middle, with a title, over the board."""

    TYPES = False  # whether it is a line in which one types
    DEFAULT_CSS = "Dialog { align: center middle; }"
    CSS = """
    .dialog {
        width: 72; max-width: 96%; height: auto; max-height: 90%;
        padding: 1 2; border: round $primary; background: $background;
    }
    .dialog.tall { height: 90%; }
    .dialog.wide { width: 110; }
    .dialog.wide OptionList { max-height: 24; }
    .dialog-title { text-style: bold; height: auto; margin-bottom: 1; }
    .dialog-body {
        height: auto; max-height: 1fr; scrollbar-size-vertical: 1; scrollbar-color: $panel;
        scrollbar-background: $background; scrollbar-background-hover: $background;
    }
    .dialog.tall .dialog-body { height: 1fr; }
    .dialog-hint { color: $text-muted; height: auto; margin-top: 1; }
    .dialog Input { background: $panel; margin-bottom: 1; padding: 0 1; }
    .dialog OptionList { height: auto; max-height: 14; border: none; background: $background; padding: 0; }
    #help-keys, #help-signs { margin-bottom: 1; }
    .dialog.-ascii { border: ascii $primary; }
    .dialog.-ascii .dialog-body { scrollbar-size-vertical: 0; }
    """

    def on_key(self, event: Key) -> None:
        """Type what comes before the line has the focus: who types fast has not waited for the dialog."""
        if self.TYPES and (event.is_printable or event.key == "enter"):
            event.stop()
            self.call_after_refresh(self._type, event.character if event.is_printable else None)

    async def _type(self, letter: str | None) -> None:
        box = self.query_one(Input)
        if letter is None:
            await box.action_submit()
        else:
            box.insert_text_at_cursor(letter)

    def on_mount(self) -> None:
        # A screen's rules reach no further up than the screen, so what the app knows is told to the box.
        self.query(".dialog").set_class(self.app.has_class("-ascii"), "-ascii")
