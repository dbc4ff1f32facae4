"""The line in which one types, wherever there is one: its keys work in the order in which they were pressed."""

from textual.events import Key
from textual.widgets import Input

EDITING = {"enter", "backspace", "delete", "home", "end", "left", "right"} | {f"ctrl+{letter}" for letter in "adekuw"}
"""Keys that a line may be given before it is there."""


class LineInput(Input):
    """Is given its keys by the app itself, one after the other: ``DeskApp.on_event``."""

    async def take_key(self, key: Key) -> bool:
        """Do what a key does in this line; return whether it does anything here."""
        self._restart_blink()
        if key.is_printable and key.character is not None:
            self.replace(key.character, *self.selection)
            return True
        bound = self.screen.active_bindings.get(key.key)
        if bound is None or bound.node is not self or bound.binding.priority:
            return False
        return await self.app.run_action(bound.binding.action, self)
