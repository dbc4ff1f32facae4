"""The workload list: everything that runs in one stage, worst first."""

from textual.binding import Binding
from textual.strip import Strip

from screens.evicted import evicted_by_namespace
from screens.frame import Setup, filter_key
from screens.ink import Ink
from screens.lens import Lens
from screens.lineview import KeyedLines
from screens.list_screen import ListScreen
from screens.lost_node_lines import draw_lost_node, lines_of
from screens.pen import Pen
from screens.strips import ASCII_DOTS, DOTS, Line, fit
from screens.workload_lines import Chosen, Item, ListColumns, choose, draw_item, draw_titles, share_out
from statusdesk.board import Board, LostNodeSum, Mark
from statusdesk.lost_nodes import lost_nodes
from statusdesk.rollout_view import in_stage

NOTE, TAIL, LOST_NODE = -1, -2, -3
HELP = """
**The workloads of a stage**: Deployments, StatefulSets, DaemonSets and Jobs, worst first. What is not well says why on
its second line. `READY` counts pods; `SINCE` is since when it is so, of what is well since when the version is there.
"""


class WorkloadLines(KeyedLines):
    """One or two lines per workload; drawn only when in sight."""

    BINDING_GROUP_TITLE = "Workloads"

    def __init__(self, ink: Ink, ascii_only: bool) -> None:
        super().__init__(ink, ascii_only, id="workloads", titles=1)
        self._chosen = Chosen(())
        self._notes: tuple[str, ...] = ()
        self._lost_nodes: tuple[LostNodeSum, ...] = ()
        self._tail = ""
        self._lines: list[tuple[int, int]] = []
        self._columns = ListColumns(name=8, version=7, reason=6)
        self._pen: Pen | None = None
        self._drawn: dict[str, tuple[Item, str, tuple[Strip, ...]]] = {}

    def show_items(
        self, chosen: Chosen, lost_nodes: tuple[LostNodeSum, ...], notes: tuple[str, ...], tail: str, pen: Pen
    ) -> None:
        """Take the workloads, the nodes that are lost and what else to say above them, and what below."""
        columns = share_out(chosen.items, pen.width)
        if self._pen is None or (columns, pen.width, pen.ink) != (self._columns, self._pen.width, self._pen.ink):
            self._drawn.clear()
        self._chosen, self._lost_nodes, self._notes, self._tail = chosen, lost_nodes, notes, tail
        self._columns, self._pen = columns, pen
        start = 1 + len(pen.glyph(Mark.OK))
        self.cursor_span = (start, start + columns.name + 2)
        self._lines = [(LOST_NODE, index) for index in range(lines_of(lost_nodes))]
        self._lines += [(NOTE, index) for index in range(len(notes))]
        for index, item in enumerate(chosen.items):
            self._lines += [(index, part) for part in range(item.height)]
        self._lines += [(TAIL, 0)] if tail else []
        items = chosen.items
        self.lay_out([items[index].rollout.key if index >= 0 else "" for index, _ in self._lines])
        self.repaint_changed()

    @property
    def items(self) -> tuple[Item, ...]:
        return self._chosen.items

    def tick(self, pen: Pen) -> None:
        """Let time pass."""
        self._pen = pen
        self.repaint_changed()

    def draw_title(self, index: int) -> Strip:
        if self._pen is None:
            return Strip.blank(self.size.width, self.ink.plain)
        return draw_titles(self._columns, self._pen)

    def draw_line(self, index: int) -> Strip:
        item_index, part = self._lines[index]
        if item_index == LOST_NODE and self._pen is not None:
            width = self._pen.width
            line = draw_lost_node(self._lost_nodes, part, self._pen.ago, width - 1, self.ink, self.ascii)
            return Line().put(" ", self.ink.plain).add(line).strip(width, self.ink.plain)
        if item_index in (NOTE, TAIL) or self._pen is None:
            text = self._tail if item_index == TAIL else self._notes[part]
            style = self.ink.quiet if item_index == TAIL else self.ink.plain
            said = fit(f"   {text}", self.size.width - 1, ASCII_DOTS if self.ascii else DOTS).rstrip()
            return Line().put(said, style).strip(self.size.width, self.ink.plain)
        item = self._chosen.items[item_index]
        key, aged = item.rollout.key, self._pen.ago(item.rollout.version_since_ms or item.rollout.since_ms)
        aged += self._pen.ago(item.rollout.level_since_ms)
        known = self._drawn.get(key)
        if known is None or known[0] is not item and known[0] != item or known[1] != aged:
            known = self._drawn[key] = (item, aged, draw_item(item, self._columns, self._pen))
        return known[2][part]


class WorkloadsScreen(ListScreen[WorkloadLines]):
    """All workloads of one stage, from the board."""

    AUTO_FOCUS = "#workloads"
    HELP = HELP
    BINDINGS = [
        Binding("enter", "open", "look", id="workloads.open", tooltip="Open the rollout of the selected workload"),
        Binding("l", "logs", "logs", id="workloads.logs", tooltip="Logs of all pods of the selected workload"),
        Binding("p", "logs(True)", "previous", id="workloads.previous", tooltip="Of the runs before", show=False),
        filter_key("workloads", "workloads"),
        Binding("exclamation_mark", "only_bad", "not well", id="workloads.only_bad", tooltip="Only what is not well"),
        Binding("left", "stage(-1)", "stage before", id="workloads.before", tooltip="The stage before", show=False),
        Binding("right", "stage(1)", "next stage", id="workloads.next", tooltip="The next stage", show=False),
        Binding("v", "stages", "stages", id="workloads.stages", tooltip="Choose another stage"),
        Binding("T", "times", "times", id="workloads.times", tooltip="Ages or times of day", show=False),
        Binding("escape", "back", "back", id="workloads.back", tooltip="Show all; back to where you came from"),
        Binding("question_mark", "help", "help", id="workloads.help", tooltip="This help"),
    ]

    def __init__(self, setup: Setup, ink: Ink, stage: str, past: Board | None = None) -> None:
        super().__init__(setup, ink, past)
        self.stage = stage
        self.list = WorkloadLines(ink, setup.ascii)

    # -- what is shown ------------------------------------------------------------------------------------------

    def draw(self, board: Board | None) -> None:
        """Draw the workloads of the stage."""
        if board is not None and self.list.size.width:
            chosen = choose(board, self.stage, self.lens)
            notes = _notes(board, self.stage, chosen, self.lens)
            lost = lost_nodes(in_stage(board, self.stage))
            self.list.show_items(chosen, lost, notes, _tail(chosen, self.ascii), self.pen())

    def draw_time(self) -> None:
        self.list.tick(self.pen())

    def show_lines(self, board: Board | None) -> None:
        self.header_line.where = (self.stage, "workloads")
        super().show_lines(board)

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        item = next((item for item in self.list.items if item.rollout.key == self.list.cursor), None)
        if item is not None:
            from screens.rollout import RolloutScreen

            self.app.push_screen(RolloutScreen(self.setup, self.ink, item.rollout.key, item.rollout.app, self.past))

    def action_logs(self, previous: bool = False) -> None:
        """Open the logs of all pods of the selected workload."""
        item = next((item for item in self.list.items if item.rollout.key == self.list.cursor), None)
        board = self.shown_board
        if item is not None and board is not None:
            from screens.log_request import of_rollout

            siblings = [each for _, each in in_stage(board, self.stage) if each.app == item.rollout.app]
            self.app.open_logs(of_rollout(item.rollout, siblings, self.stage, previous=previous))

    def action_stage(self, step: int) -> None:
        """Show the stage beside this one."""
        stages = self.shown_board.stages if self.shown_board is not None else ()
        if self.stage in stages:
            self.go_to(stages[max(0, min(stages.index(self.stage) + step, len(stages) - 1))])

    def go_to(self, stage: str) -> None:
        """Show another stage."""
        if stage != self.stage:
            self.stage = stage
            self.list.cursor = ""
            self.list.scroll_to(y=0, animate=False)
            self.show_lines(self.shown_board)
            self.draw(self.shown_board)

    def action_stages(self) -> None:
        from screens.choice import Choice, Entry

        board = self.shown_board
        if board is None:
            return
        stages = board.stages

        def chosen(index: int | None) -> None:
            if index is not None:
                self.go_to(stages[index])

        at = stages.index(self.stage) if self.stage in stages else 0
        hint = "enter: show it. esc: back"
        self.app.push_screen(Choice("Stages", [Entry(name) for name in stages], hint, chosen=at), chosen)


def _notes(board: Board, stage: str, chosen: Chosen, lens: Lens) -> tuple[str, ...]:
    """Say why nothing is shown, and what may not be read; else which pods were evicted, and where."""
    index = board.stages.index(stage) if stage in board.stages else -1
    cells = [row.cells[index] for row in board.rows] if index >= 0 else []
    closed = sum(cell is not None and cell.mark is Mark.NO_ACCESS for cell in cells)
    if index < 0:
        return ("", f"There is no stage '{stage}' any more.")
    if closed and not chosen.items:
        return ("", f"No access: what runs in {stage} may not be read.")
    if not chosen.items and chosen.filtered:
        return ("", f"Nothing matches /{lens.text}")
    if not chosen.items and chosen.well_hidden:
        return ("", f"No workload is unwell in {stage} ({chosen.well_hidden} are well)")
    if not chosen.items:
        return ("", f"No workload is known in {stage}.")
    return evicted_by_namespace([rollout for _, rollout in in_stage(board, stage)])


def _tail(chosen: Chosen, ascii_only: bool) -> str:
    dots = "..." if ascii_only else "\u2026"
    words = [f"{dots} {chosen.well_hidden} more, all well"] if chosen.well_hidden else []
    words += [f"{dots} {chosen.filtered} more, filtered out"] if chosen.filtered else []
    return "    ".join([*words, "esc shows all"]) if words else ""
