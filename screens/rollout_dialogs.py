"""What opens over the rollout screen: commands to copy, the other stages, all last lines that were saved."""

import datetime
from collections.abc import Callable, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from screens.choice import Choice, Entry
from screens.dialog import Dialog
from screens.kubectl import commands
from screens.rollout_lines import evidence_title, why_no_lines
from statusdesk.config import ClusterSettings
from statusdesk.marks import GLYPHS, LEVEL_MARKS
from statusdesk.rollout_view import RolloutView
from statusdesk.states import Evidence, PodState, RolloutState
from statusdesk.text import age, local

COMMANDS_HINT = "enter copies one; nothing is run here. Hold shift to select text. esc: back"


def command_choice(
    state: RolloutState, pod: PodState | None, clusters: Sequence[ClusterSettings], copy: Callable[[str], None]
) -> Choice:
    """Return the list of kubectl commands; a chosen one is copied."""
    found = commands(state, pod, clusters)

    def copied(index: int) -> str:
        copy(found[index].text)
        return f"Copied, if the terminal allows it: {found[index].text}"

    entries = [Entry(command.purpose, command.text) for command in found]
    return Choice("kubectl commands to copy", entries, COMMANDS_HINT, copied=copied)


def stage_choice(view: RolloutView, ascii_only: bool, now_ms: int) -> tuple[Choice, list[str]]:
    """Return the list of the app's other stages, and the key of the rollout that each entry leads to."""
    entries, keys = [], []
    width = max((len(cell.stage) for cell in view.elsewhere), default=0)
    for cell in view.elsewhere:
        glyph = GLYPHS[LEVEL_MARKS[cell.level]][1 if ascii_only else 0]
        aged = f"  {age(now_ms - cell.since_ms)}" if cell.since_ms is not None else ""
        same = view.state is not None and bool(cell.version) and cell.version == view.state.runs
        said = "  the same version" if same else ""
        entries.append(Entry(f"{cell.stage:<{width}}  {glyph} {cell.version}{aged}{said}"))
        keys.append(_counterpart(view, cell.rollouts))
    return Choice(f"{view.app} in the other stages", entries, "enter: look there. esc: back"), keys


def log_choice(pod: PodState) -> tuple[Choice, list[tuple[str, bool]]]:
    """Return the list of the logs of a pod, and of each entry the container and whether it is of the run before."""
    entries, runs = [], []
    for container in pod.containers:
        ended = f", exit {container.last_exit_code}" if container.last_exit_code is not None else ""
        entries.append(Entry(f"{container.role} {container.name}: {container.state or 'not begun'}"))
        runs.append((container.name, False))
        if container.restarts:
            entries.append(Entry(f"{container.role} {container.name}: the run before{ended}"))
            runs.append((container.name, True))
    return Choice(f"Logs of {pod.name}", entries, "enter: open. esc: back"), runs


def _counterpart(view: RolloutView, rollouts: Sequence[RolloutState]) -> str:
    """Return the key of the workload of the same kind and name, else of the worst."""
    state = view.state
    ours = (r for r in rollouts if state is not None and (r.kind, r.name) == (state.kind, state.name))
    return next(ours, rollouts[0]).key


class ProofScreen(Dialog[None]):
    """All evidence of a rollout, newest failure first: container, run, and its last lines."""

    BINDINGS = [Binding("escape,q,p", "leave", "back", id="proof.leave", tooltip="Close")]

    def __init__(self, saved: Sequence[Evidence], zone: datetime.tzinfo) -> None:
        super().__init__()
        self._saved, self._zone = saved, zone

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall wide"):
            yield Static(Content("Last lines, as they were saved when it failed"), classes="dialog-title")
            with VerticalScroll(classes="dialog-body"):
                yield Static(self._text(), id="proof")
            yield Static(
                Content("Token-shaped text is left out. Hold shift to select. esc: back"), classes="dialog-hint"
            )

    def action_leave(self) -> None:
        self.dismiss(None)

    def _text(self) -> Text:
        text = Text()
        for each in self._saved:
            at = local(each.at_ms or each.since_ms, self._zone, "%a %d %b %H:%M:%S %Z")
            text.append(f"{evidence_title(each)}  {each.pod}  {at}\n", "bold")
            text.append(f"{each.reason}\n" if each.reason else "", "dim")
            text.append("\n".join(each.lines) if each.lines else why_no_lines(each))
            text.append("\n\n")
        return text
