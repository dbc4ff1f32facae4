"""What dialogs look like. The rules are read when the first dialog opens: the first paint does not wait for them."""

from typing import TypeVar

from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A box in the middle, with a title, over the board."""

    CSS = """
    Dialog { align: center middle; }
    .dialog {
        width: 72; max-width: 96%; height: auto; max-height: 90%;
        padding: 1 2; border: round $primary; background: $surface;
    }
    .dialog.tall { height: 90%; }
    .dialog.wide { width: 110; }
    .dialog.wide OptionList { max-height: 24; }
    .dialog-title { text-style: bold; height: 1; margin-bottom: 1; }
    .dialog-body { height: auto; max-height: 1fr; scrollbar-size-vertical: 1; }
    .dialog.tall .dialog-body { height: 1fr; }
    .dialog-hint { color: $text-muted; height: auto; margin-top: 1; }
    .dialog OptionList { height: auto; max-height: 14; border: none; background: $surface; padding: 0; }
    #help-keys, #help-signs { margin-bottom: 1; }
    .-ascii .dialog { border: ascii $primary; }
    .-ascii .dialog-body { scrollbar-size-vertical: 0; }
    """
