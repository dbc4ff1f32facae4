"""The matrix app × stage: a Line-API widget that draws only what is in sight, and repaints only what changed."""

from collections.abc import Callable

from rich.style import Style
from textual.binding import Binding
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from screens import rowlines
from screens.columns import LIST_BELOW, Columns, natural_widths, share_out
from screens.ink import Ink
from screens.lens import WELL, Shown
from screens.lineview import LineView
from screens.lost_node_lines import draw_lost_node, lines_of
from screens.rowlines import Drawing
from screens.strips import Line, cells, overlay, overlay_ground
from statusdesk.board import Cell, LostNodeSum, Row

CACHE_ROWS = 600
TITLE_LINES = 1
NOTE, TAIL, LOST_NODE = -1, -2, -3  # lines that are of no row


class Matrix(LineView):
    """Rows of applications, columns of stages. The cursor is on a cell and stays with its application and stage."""

    BINDING_GROUP_TITLE = "Board"
    BINDINGS = [
        Binding("up,k", "cursor(-1, 0)", "up", id="cursor.up", tooltip="One application up", show=False),
        Binding("down,j", "cursor(1, 0)", "down", id="cursor.down", tooltip="One application down", show=False),
        Binding("left", "cursor(0, -1)", "left", id="cursor.left", tooltip="One stage left", show=False),
        Binding("right", "cursor(0, 1)", "right", id="cursor.right", tooltip="One stage right", show=False),
        Binding("pageup", "page(-1)", "page up", id="cursor.page_up", tooltip="One screen up", show=False),
        Binding("pagedown", "page(1)", "page down", id="cursor.page_down", tooltip="One screen down", show=False),
        Binding("home,g", "edge(-1)", "first", id="cursor.first", tooltip="The first application", show=False),
        Binding("end,G", "edge(1)", "last", id="cursor.last", tooltip="The last application", show=False),
    ]

    class Selected(Message):
        """The cursor has moved to another cell. ``opened``: by a double click."""

        def __init__(self, app_name: str, stage: str, opened: bool = False) -> None:
            super().__init__()
            self.app_name, self.stage, self.opened = app_name, stage, opened

    def __init__(self, ink: Ink, ascii_only: bool) -> None:
        super().__init__(ink, ascii_only, id="matrix")
        self.stages: tuple[str, ...] = ()
        self.rows: tuple[Row, ...] = ()
        self.row_index = 0
        self.stage_index = 0
        self.held = False  # whether the reader has put the cursor where it is; until then it is on what is worst
        self.notes: tuple[str, ...] = ()  # lines in the middle, above the rows: all is well, or why nothing is here
        self.notes_good = False
        self.tail = ""
        self.lost_nodes: tuple[LostNodeSum, ...] = ()
        self._stamp: Callable[[int], str] = str
        self._age_cells = 4
        self._natural = (0, 0)
        self._drawing = Drawing(Columns(width=0, glyph=1, name=0), ink, ascii_only, ())
        self._spans: list[tuple[int, int]] = []  # line -> (row index, line of the row)
        self._tops: list[int] = []  # row index -> its first line
        self._drawn: dict[str, tuple[Row, tuple[str, ...], Drawing, tuple[Strip, ...]]] = {}

    # -- what is shown ------------------------------------------------------------------------------------------

    @property
    def selected(self) -> tuple[Row, Cell | None] | None:
        """The row under the cursor and its cell (None where the app never reaches)."""
        if not self.rows:
            return None
        row = self.rows[self.row_index]
        stage = self._stage_of(row)
        return row, row.cells[stage] if stage < len(row.cells) else None

    @property
    def selected_stage(self) -> str:
        selected = self.selected
        return self.stages[self._stage_of(selected[0])] if selected and self.stages else ""

    def show_rows(self, shown: Shown, stages: tuple[str, ...], stamp: Callable[[int], str], age_cells: int) -> None:
        """Take new rows: the cursor stays on its application, and lines that look the same are not repainted."""
        before = self.rows[self.row_index].app if self.rows else ""
        stages_changed = stages != self.stages
        keeping = self.held and bool(self.rows) and not stages_changed
        offset = self._tops[self.row_index] - self.scroll_offset.y if self.rows else 0
        at_top = self.scroll_offset.y == 0
        self._stamp = stamp
        self.stages, self.rows = stages, shown.rows
        natural = natural_widths(self.rows)
        if stages_changed or natural != self._natural or age_cells != self._age_cells:
            self._natural, self._age_cells = natural, age_cells
        self._lay_out()
        if keeping:
            places = {row.app: index for index, row in enumerate(self.rows)}
            self.row_index = places.get(before, min(self.row_index, max(0, len(self.rows) - 1)))
        else:
            self._go_to_worst()
        if self.rows and keeping:
            if not at_top:
                self.scroll_to(y=self._tops[self.row_index] - offset, animate=False)
            self._keep_in_sight()
        elif at_top:  # else the reader looks at something else
            self._keep_in_sight()
        self.repaint_changed()

    def tick(self, stamp: Callable[[int], str]) -> None:
        """Let time pass: repaint the lines in sight whose age text is another one."""
        self._stamp = stamp
        self.repaint_changed()

    def set_notes(
        self, notes: tuple[str, ...], good: bool, tail: str, lost_nodes: tuple[LostNodeSum, ...] = ()
    ) -> None:
        """Say something in the middle above the rows, and below them; above all, which nodes are lost."""
        if (notes, good, tail, lost_nodes) != (self.notes, self.notes_good, self.tail, self.lost_nodes):
            self.notes, self.notes_good, self.tail, self.lost_nodes = notes, good, tail, lost_nodes
            self._lay_out()
            self.repaint_changed()

    def set_ink(self, ink: Ink) -> None:
        self.ink = ink
        self._drawn.clear()
        self._lay_out()
        self.repaint_all()

    def select(self, app_name: str, stage: str = "") -> bool:
        """Move the cursor to an application, and to a stage of it; False when it is not shown."""
        for index, row in enumerate(self.rows):
            if row.app == app_name:
                column = self.stages.index(stage) if stage in self.stages else self.stage_index
                self._move(index, column)
                return True
        return False

    # -- keys and mouse -----------------------------------------------------------------------------------------

    def action_cursor(self, rows: int, stages: int) -> None:
        self._move(self.row_index + rows, self.stage_index + stages)

    def action_page(self, pages: int) -> None:
        lines = max(1, self.size.height - TITLE_LINES - 2)
        if self.rows:
            line = self._tops[self.row_index] + pages * lines
            self._move(self._row_at(line), self.stage_index)

    def action_edge(self, edge: int) -> None:
        self._move(0 if edge < 0 else len(self.rows) - 1, self.stage_index)

    def on_click(self, event: Click) -> None:
        line = event.y - TITLE_LINES + self.scroll_offset.y
        if event.y < TITLE_LINES or not 0 <= line < len(self._spans) or self._spans[line][0] < 0:
            return
        stage = self._drawing.columns.stage_at(event.x)
        self._move(self._spans[line][0], self.stage_index if stage is None else stage, opened=event.chain == 2)

    def on_resize(self, _event: Resize) -> None:
        self._lay_out()
        self._keep_in_sight()
        self.repaint_all()

    def _move(self, row: int, stage: int, opened: bool = False) -> None:
        if not self.rows:
            return
        self.held = True
        before = (self.row_index, self.stage_index)
        self.row_index = max(0, min(row, len(self.rows) - 1))
        self.stage_index = max(0, min(stage, len(self.stages) - 1))
        if before[1] != self.stage_index:
            self._lay_out()
        self._keep_in_sight()
        self.repaint_changed()
        if opened or before != (self.row_index, self.stage_index):
            self.post_message(self.Selected(self.rows[self.row_index].app, self.selected_stage, opened))

    # -- lines --------------------------------------------------------------------------------------------------

    @property
    def _width(self) -> int:
        """Cells to draw on: the scroll bar takes some of the widget's."""
        return self.scrollable_content_region.width

    def _lay_out(self) -> None:
        """Share out the width and number the lines."""
        width = self._width
        columns = share_out(
            width,
            len(self.stages),
            self._natural,
            glyph=2 if self.ascii else 1,
            age=self._age_cells,
            shown_stage=self.stage_index,
            listed=self.outer_size.width < LIST_BELOW,  # as the board does: a scroll bar makes no narrow terminal
        )
        drawing = Drawing(columns, self.ink, self.ascii, self.stages)
        if drawing != self._drawing:
            self._drawing = drawing
            self._drawn.clear()
        spans: list[tuple[int, int]] = [(LOST_NODE, index) for index in range(lines_of(self.lost_nodes))]
        spans += [(NOTE, index) for index in range(len(self.notes))]
        tops: list[int] = []
        for index, row in enumerate(self.rows):
            tops.append(len(spans))
            spans.extend((index, part) for part in range(rowlines.height(row)))
        if self.tail:
            spans.append((TAIL, 0))
        self._spans, self._tops = spans, tops
        size = Size(width, len(spans) + TITLE_LINES)
        if size != self.virtual_size:
            self.virtual_size = size

    def _keep_in_sight(self) -> None:
        """Scroll just so far that the row under the cursor is in sight, with its reason."""
        if not self._tops or not self.size.height:
            return
        lines = self.size.height - TITLE_LINES
        top = self._tops[self.row_index] if self.row_index else 0
        bottom = self._tops[self.row_index] + rowlines.height(self.rows[self.row_index])
        offset = self.scroll_offset.y
        if top < offset:
            self.scroll_to(y=top, animate=False)
        elif bottom > offset + lines:
            self.scroll_to(y=bottom - lines, animate=False)

    def strip_at(self, y: int) -> Strip:
        """Return a line of the viewport: the titles stay, the rest scrolls."""
        if y < TITLE_LINES:
            return rowlines.draw_titles(self._drawing)
        line = y - TITLE_LINES + self.scroll_offset.y
        if line >= len(self._spans):
            return Strip.blank(self._width, self.ink.plain)
        row, part = self._spans[line]
        if row == LOST_NODE:
            line_of = draw_lost_node(self.lost_nodes, part, self._stamp, self._width, self.ink, self.ascii)
            return line_of.strip(self._width, self.ink.plain)
        if row == NOTE:
            return self._note(self.notes[part], self.ink.good if self.notes_good else self.ink.plain)
        if row == TAIL:
            return Line().put(f"  {self.tail}", self.ink.quiet).strip(self._width, self.ink.plain)
        strip = self._row_strips(self.rows[row])[part]
        return self._under_cursor(strip, part) if row == self.row_index else strip

    def _note(self, text: str, style: Style) -> Strip:
        width = self._width
        return (
            Line().to(max(0, (width - cells(text)) // 2), self.ink.plain).put(text, style).strip(width, self.ink.plain)
        )

    def _row_strips(self, row: Row) -> tuple[Strip, ...]:
        """Return a row's lines, drawn anew only when the row, its ages or the way of drawing are other ones."""
        ages = rowlines.ages(row, self._stamp)
        known = self._drawn.get(row.app)
        if known is not None and known[0] is row and known[1] == ages and known[2] is self._drawing:
            return known[3]
        if len(self._drawn) >= CACHE_ROWS:
            self._drawn.clear()
        strips = rowlines.draw_row(row, ages, self._drawing)
        self._drawn[row.app] = (row, ages, self._drawing, strips)
        return strips

    def _under_cursor(self, strip: Strip, part: int) -> Strip:
        columns = self._drawing.columns
        style = self.ink.well_cell if self.rows[self.row_index].mark in WELL else self.ink.cell
        # The glyph of the row and cells that shout keep their own ground: they are what the eye looks for.
        strip = overlay_ground(strip, columns.glyph, self.ink.plain, self.ink.row)
        if part or columns.listed:
            return strip if part else overlay(strip, columns.glyph, columns.left, style)
        start = columns.start(self.stage_index)
        return overlay(strip, max(0, start - 1), start + columns.cell + 1, style)

    def _stage_of(self, row: Row) -> int:
        """Return the stage that is selected: in the list of a narrow terminal it is the worst one."""
        if self._drawing.columns.listed and row.worst_stage in self.stages:
            return self.stages.index(row.worst_stage)
        return min(self.stage_index, max(0, len(self.stages) - 1))

    def _go_to_worst(self) -> None:
        """Put the cursor on the worst cell of the worst row, whatever the order of the rows."""
        self.row_index = min(range(len(self.rows)), key=lambda index: self.rows[index].rank, default=0)
        worst = self.rows[self.row_index].worst_stage if self.rows else ""
        before, self.stage_index = self.stage_index, self.stages.index(worst) if worst in self.stages else 0
        if before != self.stage_index:
            self._lay_out()

    def _row_at(self, line: int) -> int:
        rows = [row for row, _ in self._spans[max(0, min(line, len(self._spans) - 1)) :: -1] if row >= 0]
        return rows[0] if rows else 0
