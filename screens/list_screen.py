"""A screen whose matter is one list of lines: its pen, its filter, and the way back."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

from textual import on
from textual.widget import Widget

from screens.frame import Frame
from screens.ink import Ink
from screens.lineview import KeyedLines
from screens.pen import Pen

if TYPE_CHECKING:
    from textual.widgets import Input

    from screens.prompts import FilterInput


L = TypeVar("L", bound=KeyedLines)


class ListScreen(Frame, Generic[L]):
    """Shows ``list``, which subclasses make; they draw it, and open what is selected."""

    list: L

    def compose_matter(self) -> Iterable[Widget]:
        return (self.list,)

    def set_ink(self, ink: Ink) -> None:
        super().set_ink(ink)
        self.list.set_ink(ink)
        self.draw(self.shown_board)

    def pen(self) -> Pen:
        """Return what the lines are written with now."""
        return Pen(
            ink=self.ink,
            ascii=self.ascii,
            zone=self.zone,
            now_ms=self.now_ms,
            width=self.list.scrollable_content_region.width,
            absolute=self.lens.absolute,
        )

    def action_open(self) -> None:
        """Open what is under the cursor."""

    def action_back(self) -> None:
        """Undo what hides lines, then go back."""
        if self.lens.text or self.lens.only_bad:
            self.set_lens(text="", only_bad=False)
        else:
            self.dismiss(None)

    @on(KeyedLines.Sized)
    def _sized(self) -> None:
        self.draw(self.shown_board)

    @on(KeyedLines.Selected)
    def _selected(self, message: KeyedLines.Selected) -> None:
        if message.opened:
            self.action_open()

    def on_input_changed(self, event: "Input.Changed") -> None:
        self.filter_by(event.value)

    def on_filter_input_done(self, event: "FilterInput.Done") -> None:
        if event.box is not self.focused:  # else one types in it again
            event.box.remove()
