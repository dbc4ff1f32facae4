"""What dialogs look like. The rules are read when the first dialog opens: the first paint does not wait for them."""

from typing import TypeVar

from textual.screen import ModalScreen

from screens.line_input import LineInput, Typed, is_for_line

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

    def __init__(self) -> None:
        super().__init__()
        self._early: list[Typed] | None = [] if self.TYPES else None
        """What is typed and pasted before the line is there: who is fast has not waited for it. None when it is."""

    async def take(self, typed: Typed) -> bool:
        """Give a key or a paste to the line, as soon as it is there; return whether it is for the line."""
        if self._early is None:
            return isinstance(self.focused, LineInput) and await self.focused.take(typed)
        if is_for_line(typed):
            self._early.append(typed)
            return True
        return False

    async def _begin(self) -> None:
        line, early = self.query_one(LineInput), self._early or []
        self.set_focus(line)
        while early:
            await line.take(early[0])
            del early[0]  # not before it has worked: what comes meanwhile waits behind it
        self._early = None

    def on_mount(self) -> None:
        # A screen's rules reach no further up than the screen, so what the app knows is told to the box.
        self.query(".dialog").set_class(self.app.has_class("-ascii"), "-ascii")
        if self.TYPES:
            self.call_after_refresh(self._begin)
