"""The middle of the board: the matrix, and beside or below it the detail of the cell under the cursor."""

import datetime
import threading
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Resize
from textual.message import Message

from screens.ink import Ink
from screens.matrix import Matrix
from statusdesk.board import Cell, Row
from statusdesk.board_feed import Feed

if TYPE_CHECKING:
    from screens.detail import DetailPane
    from screens.detail_text import CellTold

SIDE_FROM = 130


class CellRead(Message):
    """Pods and history of a place have been read on a thread."""

    def __init__(self, place: tuple[str, str], known: "CellTold") -> None:
        super().__init__()
        self.place, self.known = place, known


class Matter(Container):
    """Opens and fills the detail pane; pods and history are read on a thread, one cell at a time."""

    def __init__(
        self, matrix: Matrix, feed: Feed, ink: Ink, *, zone: datetime.tzinfo, ascii_only: bool, asking: threading.Lock
    ) -> None:
        """``asking`` is held while the feed is asked on a thread."""
        super().__init__(id="matter")
        self.ink = ink
        self._matrix, self._feed, self._zone, self._ascii, self._asking = matrix, feed, zone, ascii_only, asking
        self._detail: DetailPane | None = None
        self._now_ms = 0
        self.past_ms: int | None = None  # the moment that is shown, None for now
        self._reading = self._read_again = False

    @property
    def is_open(self) -> bool:
        """Whether the detail pane is open."""
        return self._detail is not None

    def known(self, place: tuple[str, str]) -> "CellTold | None":
        """Return what has been read for a place, None when nothing was."""
        pane = self._detail
        return pane.known if pane is not None and pane.place == place and pane.known.read else None

    def compose(self) -> ComposeResult:
        yield self._matrix

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= SIDE_FROM, "-side")
        if self._detail is not None:
            self._detail.set_class(self.has_class("-side"), "-side")

    async def toggle_detail(self, now_ms: int) -> None:
        """Open the detail pane, or close it."""
        if self._detail is not None:
            pane, self._detail = self._detail, None
            await pane.remove()
            return
        # Imported here: most starts never open it, and the first paint does not wait for it.
        from screens.detail import DetailPane

        self._detail = DetailPane(self.ink, self._ascii, self._zone)
        self._detail.set_class(self.has_class("-side"), "-side")
        await self.mount(self._detail)
        self.show_detail(now_ms, read=True)

    def show_detail(self, now_ms: int, *, read: bool) -> None:
        """Draw the cell under the cursor; ``read`` asks the feed for its pods and history too."""
        self._now_ms = now_ms
        if self._detail is None:
            return
        self._detail.ink = self.ink
        selected = self._matrix.selected
        row, cell = selected if selected is not None else (None, None)
        self._detail.show_cell(row, cell, self._matrix.selected_stage, now_ms)
        if read and cell is not None:
            self._read()

    def _read(self) -> None:
        """Start to read the cell under the cursor, or remember to when the reading that goes on has ended."""
        self._read_again = self._reading
        selected = self._matrix.selected
        if self._reading or self._detail is None or selected is None or selected[1] is None:
            return
        self._reading = True
        work = partial(self._read_on_thread, self._detail.place, selected[0], selected[1])
        self.run_worker(work, thread=True, group="detail", exit_on_error=False)

    def _read_on_thread(self, place: tuple[str, str], row: Row, cell: Cell) -> None:
        from screens.detail import read_cell

        with self._asking:
            known = read_cell(self._feed, row, cell, self.past_ms)
        self.post_message(CellRead(place, known))

    def on_cell_read(self, message: CellRead) -> None:
        self._reading = False
        if self._detail is not None:
            self._detail.take(message.place, message.known)
            self.show_detail(self._now_ms, read=self._read_again)

    @on(Matrix.Selected)
    def _selected(self) -> None:
        self.show_detail(self._now_ms, read=True)
