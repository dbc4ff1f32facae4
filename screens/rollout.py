"""The rollout screen: why it is as it is, old and new side by side, every pod, what happened, and the proof."""

from collections.abc import Iterable
from functools import partial

import msgspec
from textual import on
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from screens.frame import Frame, Setup
from screens.ink import Ink
from screens.lineview import KeyedLines
from screens.pen import Pen
from screens.rollout_lines import Asked, draw_rollout
from screens.rollout_pods import KEY_PREFIX, name_span
from screens.tabs import TabsLine
from statusdesk.board import Board
from statusdesk.rollout_view import RolloutView, on_board
from statusdesk.states import PodState

READ_AGAIN_MS = 1000
HELP = """
**A rollout** is one revision of a workload being made real. The top says in words how it stands, since when and why,
what to look at next, and how long Kubernetes will still wait (a StatefulSet or DaemonSet waits for ever).

Below are the new revision and the old one, and every pod, worst first: what its init containers and its containers do,
how often they were restarted, and how they last ended. `READY 0/2`: none of two containers is ready. A pod of which
all are may still not be: a readiness gate is closed, or nothing is heard from its node.

**What happened** tells periods, builds, warnings and ends of containers in the order of time. The likely cause is
marked where there is one. Beside it stand the last lines of the failing container, as they were saved when it failed.

Nothing here changes a cluster: `y` lists commands to copy.
"""


class RolloutBody(KeyedLines):
    """The lines of the screen; the cursor is on a pod, and stays with it."""

    BINDING_GROUP_TITLE = "Rollout"

    def __init__(self, ink: Ink, ascii_only: bool) -> None:
        super().__init__(ink, ascii_only, id="rollout")
        self._lines: list[Strip] = []

    def draw_line(self, index: int) -> Strip:
        return self._lines[index]

    def show_lines(self, lines: list[tuple[str, Strip]]) -> None:
        """Take lines with their keys; those that look the same are not repainted."""
        self._lines = [strip for _, strip in lines]
        self.lay_out([key for key, _ in lines])
        self.repaint_changed()


class RolloutScreen(Frame):
    """Shows one rollout of the board; reads pods, events, evidence and history of it on a thread."""

    AUTO_FOCUS = "#rollout"
    HELP = HELP
    BINDINGS = [
        Binding("l", "logs", "logs", id="rollout.logs", tooltip="Logs of this pod, at the moment of its failure"),
        Binding("L", "container", "container", id="rollout.container", tooltip="Logs of one container, now or before"),
        Binding("p", "proof", "last lines", id="rollout.proof", tooltip="All last lines saved of its failures"),
        Binding("e", "events", "events", id="rollout.events", tooltip="What happened, or all events of Kubernetes"),
        Binding("y", "commands", "kubectl", id="rollout.commands", tooltip="kubectl commands to copy; none is run"),
        Binding("v", "stages", "stages", id="rollout.stages", tooltip="The same application in the other stages"),
        Binding("escape", "back", "back", id="rollout.back", tooltip="Back to where you came from"),
        Binding("b", "build", "build", id="rollout.build", tooltip="The build that made it, or the last one here"),
        Binding("w", "workloads", "workloads", id="rollout.workloads", tooltip="All workloads of this stage"),
        Binding("tab", "sibling(1)", "next", id="rollout.next", tooltip="Next workload of this cell", show=False),
        Binding("shift+tab", "sibling(-1)", "previous", id="rollout.previous", tooltip="Previous one", show=False),
        Binding("a", "all_pods", "all pods", id="rollout.all_pods", tooltip="All pods of a long list", show=False),
        Binding("T", "times", "times", id="rollout.times", tooltip="Ages or times of day", show=False),
        Binding("question_mark", "help", "help", id="rollout.help", tooltip="This help"),
    ]

    class Read(Message):
        """What belongs to a rollout has been read, or could not be."""

        def __init__(self, view: RolloutView, problem: str = "") -> None:
            super().__init__()
            self.view, self.problem = view, problem

    def __init__(self, setup: Setup, ink: Ink, key: str, app_name: str, past: Board | None = None) -> None:
        super().__init__(setup, ink, past)
        self.view = RolloutView(key=key, app=app_name)
        self.body = RolloutBody(ink, setup.ascii)
        self.tabs = TabsLine(ink, setup.ascii)
        self._asked = Asked()
        self._reading = self._read_again = False
        self._read_change = self._read_board = -1
        self._read_ms = 0
        self._problem = ""

    def compose_matter(self) -> Iterable[Widget]:
        return (self.tabs, self.body)

    # -- what is shown ------------------------------------------------------------------------------------------

    def draw(self, board: Board | None) -> None:
        """Draw the rollout as this board has it, and read what belongs to it if that may be another now."""
        if board is not None:
            self._read_if_due(board)
        self.draw_time()

    def draw_time(self) -> None:
        """Draw all lines; only those that differ are painted."""
        width = self.body.scrollable_content_region.width
        if not width:
            return
        if self.shown_board is not None:
            self._read_if_due(self.shown_board)
        self.tabs.show_siblings(self.view)
        pen = Pen(
            ink=self.ink,
            ascii=self.ascii,
            zone=self.zone,
            now_ms=self.now_ms,
            width=width,
            absolute=self.lens.absolute,
        )
        asked = msgspec.structs.replace(self._asked, cursor=self.body.cursor)
        lines = draw_rollout(self.view, asked, pen, self._problem)
        first = next((key for key, _ in lines if key), "")
        if first and not self.body.cursor:
            lines = draw_rollout(self.view, msgspec.structs.replace(asked, cursor=first), pen, self._problem)
        self.body.cursor_span = name_span(self.view, pen, self._asked.all_pods)
        self.body.show_lines(lines)

    def show_lines(self, board: Board | None) -> None:
        if board is not None:
            self.view = on_board(self.view, board, past=self.past_ms is not None)
        self.header_line.where = tuple(filter(None, (self.view.stage, self.view.app)))
        super().show_lines(board)

    def set_ink(self, ink: Ink) -> None:
        super().set_ink(ink)
        self.tabs.set_ink(ink)
        self.body.set_ink(ink)
        self.draw_time()

    @on(KeyedLines.Selected)
    @on(KeyedLines.Sized)
    def _draw_again(self) -> None:
        self.draw_time()

    # -- reading ------------------------------------------------------------------------------------------------

    def _read_if_due(self, board: Board) -> None:
        """Read at once when the rollout's own row has changed, and soon when anything else in the store has."""
        change = self.view.state.change if self.view.state is not None and not self.view.gone else -2
        if change == self._read_change and board.change == self._read_board:
            return
        recent = 0 <= self.app.now_ms - self._read_ms < READ_AGAIN_MS
        if change == self._read_change and recent:
            return
        if self._reading:
            self._read_again = True
            return
        self._reading, self._read_again = True, False
        self._read_change, self._read_board, self._read_ms = change, board.change, self.app.now_ms
        work = partial(self._read_on_thread, self.view, board)
        self.run_worker(work, thread=True, group="rollout", exit_on_error=False)

    def _read_on_thread(self, view: RolloutView, board: Board) -> None:
        read, problem = self.asked(lambda: self.feed.rollout(view, board))
        self.post_message(self.Read(read or view, problem))

    def on_rollout_screen_read(self, message: Read) -> None:
        self._reading = False
        if message.view.key == self.view.key:
            self._problem = message.problem
            if not message.problem:
                self.view = msgspec.structs.replace(self.view, reading=message.view.reading)
        if self._read_again and self.shown_board is not None:
            self._read_if_due(self.shown_board)
        self.draw_time()

    # -- keys ---------------------------------------------------------------------------------------------------

    @property
    def pod(self) -> PodState | None:
        """The pod under the cursor."""
        return next((pod for pod in self.view.pods if KEY_PREFIX + pod.key == self.body.cursor), None)

    def action_back(self) -> None:
        self.dismiss(None)

    def action_events(self) -> None:
        self._ask(events=not self._asked.events)

    def action_all_pods(self) -> None:
        self._ask(all_pods=not self._asked.all_pods)

    def _ask(self, **changes: bool) -> None:
        self._asked = msgspec.structs.replace(self._asked, **changes)
        self.draw_time()

    def action_sibling(self, step: int) -> None:
        """Show the next workload of this cell."""
        keys = [sibling.key for sibling in self.view.siblings]
        if len(keys) > 1:
            place = keys.index(self.view.key) if self.view.key in keys else 0
            self.go_to(keys[(place + step) % len(keys)])

    def action_go(self, index: int) -> None:
        """Show a workload of this cell by its place."""
        if index < len(self.view.siblings):
            self.go_to(self.view.siblings[index].key)

    def go_to(self, key: str) -> None:
        """Show another rollout in place of this one."""
        if key == self.view.key:
            return
        self.view = RolloutView(key=key, app=self.view.app)
        self.body.cursor, self._problem = "", ""
        self._read_change = self._read_board = -1
        self.body.scroll_to(y=0, animate=False)
        self.show_lines(self.shown_board)
        self.draw(self.shown_board)

    def action_stages(self) -> None:
        from screens.rollout_dialogs import stage_choice

        dialog, keys = stage_choice(self.view, self.ascii, self.now_ms)
        if not keys:
            self.app.notify(f"{self.view.app} is in no other stage.", markup=False)
            return

        def chosen(index: int | None) -> None:
            if index is not None:
                self.go_to(keys[index])

        self.app.push_screen(dialog, chosen)

    def action_workloads(self) -> None:
        if self.view.stage:
            from screens.workloads import WorkloadsScreen

            self.app.push_screen(WorkloadsScreen(self.setup, self.ink, self.view.stage, self.past))

    def action_logs(self) -> None:
        """Open the logs of the pod under the cursor; without a pod those of the workload."""
        from screens.log_request import of_pod, of_rollout

        if self.pod is not None:
            self.app.open_logs(of_pod(self.pod, self.view.stage, now_ms=self.now_ms))
        elif self.view.state is not None:
            self.app.open_logs(of_rollout(self.view.state, self.view.siblings, self.view.stage))

    def action_container(self) -> None:
        """Ask which container of the pod, and open its logs."""
        from screens.log_request import of_pod
        from screens.rollout_dialogs import log_choice

        pod, stage = self.pod, self.view.stage
        if pod is None or not pod.containers:
            self.app.notify("No container is known here.", markup=False)
            return
        dialog, runs = log_choice(pod)

        def chosen(index: int | None) -> None:
            if index is not None:
                container, previous = runs[index]
                self.app.open_logs(of_pod(pod, stage, container, now_ms=self.now_ms, previous=previous))

        self.app.push_screen(dialog, chosen)

    def action_commands(self) -> None:
        if self.view.state is not None:
            from screens.rollout_dialogs import command_choice

            dialog = command_choice(self.view.state, self.pod, self.setup.config.clusters, self.app.copy_to_clipboard)
            self.app.push_screen(dialog)

    def action_build(self) -> None:
        from statusdesk.build_view import BuildKey

        state, row = self.view.state, self.view.build
        source = row.source if row is not None else "jenkins"
        key = None
        if state is not None and state.build_job and state.build_number is not None:
            key = BuildKey(source, state.build_job, state.build_number)
        elif row is not None and row.number is not None:
            key = BuildKey(source, row.job, row.number)
        if key is None:
            self.app.notify("No build is known for this rollout.", markup=False)
            return
        from screens.build_page import BuildScreen

        self.app.push_screen(BuildScreen(self.setup, self.ink, key, self.past))

    def action_proof(self) -> None:
        from screens.rollout_dialogs import ProofScreen

        saved = self.view.reading.evidence if self.view.reading is not None else ()
        if saved:
            self.app.push_screen(ProofScreen(saved, self.zone))
        else:
            self.app.notify("No last lines have been saved: that is done when a rollout begins to fail.", markup=False)
