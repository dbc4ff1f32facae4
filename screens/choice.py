"""A list to choose one thing from; and one whose entries are text to copy."""

from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from screens.dialog import Dialog


class Entry(msgspec.Struct, frozen=True):
    """One entry: a line; or what it is for, and below it the matter itself."""

    line: str
    below: str = ""

    @property
    def content(self) -> Content:
        if not self.below:
            return Content(self.line)
        return Content(f"{self.line}\n").stylize("dim") + Content(f"  {self.below}")


class Entries(OptionList):
    """The entries of a choice; the keys that move through any other list move through them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "up", id="cursor.up", tooltip="One entry up", show=False),
        Binding("down,j", "cursor_down", "down", id="cursor.down", tooltip="One entry down", show=False),
        Binding("home,g", "first", "first", id="cursor.first", tooltip="The first entry", show=False),
        Binding("end,G", "last", "last", id="cursor.last", tooltip="The last entry", show=False),
    ]


class Choice(Dialog[int | None]):
    """Answers with the index of the entry that was chosen, or None.

    With ``copied`` it stays open: each chosen entry is given to it, and the hint says so.
    """

    BINDINGS = [Binding("escape,q", "leave", "back", id="choice.leave", tooltip="Close")]

    def __init__(
        self,
        title: str,
        entries: Sequence[Entry],
        hint: str,
        *,
        chosen: int = 0,
        copied: Callable[[int], str] | None = None,
    ) -> None:
        """``copied`` gets the index of a chosen entry and returns what to say about it."""
        super().__init__()
        self._title_text, self._entries, self._hint = title, entries, hint
        self._chosen, self._copied = chosen, copied

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(Content(self._title_text), classes="dialog-title")
            yield Entries(*(Option(entry.content) for entry in self._entries), markup=False)
            yield Static(Content(self._hint), id="choice-hint", classes="dialog-hint")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = min(self._chosen, len(self._entries) - 1) if self._entries else None
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if self._copied is None:
            self.dismiss(event.option_index)
        else:
            self.query_one("#choice-hint", Static).update(Content(self._copied(event.option_index)))

    def action_leave(self) -> None:
        self.dismiss(None)
