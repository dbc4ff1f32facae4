"""The line in which one types, wherever there is one: keys and pastes work in the order in which they came."""

from textual.events import Key, Paste
from textual.widgets import Input

Typed = Key | Paste
EDITING = {"enter", "backspace", "delete", "home", "end", "left", "right"} | {f"ctrl+{letter}" for letter in "adekuw"}
"""Keys that a line may be given before it is there."""


def is_for_line(typed: Typed) -> bool:
    """Whether something is for a line that is not there yet."""
    return isinstance(typed, Paste) or typed.is_printable or typed.key in EDITING


class LineInput(Input):
    """Is given what is typed and pasted by the app itself, one after the other: ``DeskApp.on_event``."""

    async def take(self, typed: Typed) -> bool:
        """Do what a key does in this line, or put in what is pasted; return whether it does anything here."""
        self._restart_blink()
        if isinstance(typed, Paste):
            self.replace("".join(typed.text.splitlines()[:1]), *self.selection)  # of several lines the first
            return True
        if typed.is_printable and typed.character is not None:
            self.replace(typed.character, *self.selection)
            return True
        bound = self.screen.active_bindings.get(typed.key)
        if bound is None or bound.node is not self or bound.binding.priority:
            return False
        return await self.app.run_action(bound.binding.action, self)
