"""What the detail pane says about a cell. Pure: from a row, its cell and what the feed knows to styled text."""

import datetime
from collections.abc import Mapping, Sequence
from textwrap import wrap

import msgspec
from rich.style import Style
from rich.text import Text

from screens.ink import Ink
from statusdesk.board import Cell, Mark, Row
from statusdesk.job_names import shown_build
from statusdesk.marks import GLYPHS, LEVEL_MARKS
from statusdesk.rollout_view import effective_level
from statusdesk.states import BuildRule, BuildState, Level, PodState, RolloutState
from statusdesk.text import age, counted, local, span

LABEL = 10
MAX_PODS, MAX_PERIODS = 30, 12
TOLD_BY: Mapping[str, str] = {
    BuildRule.ANNOTATION: "told by its annotation",
    BuildRule.VERSION: "told by version and time",
    BuildRule.TIME: "told by the time alone",
    BuildRule.NAMESPACE: "perhaps: no other may have made it",
}


class CellTold(msgspec.Struct, frozen=True, kw_only=True):
    """What the feed told about the cell's rollout; ``problem`` when it could not. Of the ``past`` no pods are kept."""

    pods: tuple[PodState, ...] = ()
    periods: tuple[RolloutState, ...] = ()
    read: bool = False
    past: bool = False
    problem: str = ""


class Scribe:
    """Writes the pane: labelled lines, then pods and history."""

    def __init__(self, ink: Ink, ascii_only: bool, zone: datetime.tzinfo, now_ms: int, width: int = 10_000) -> None:
        """``width`` is where labelled lines are folded, in cells."""
        self.ink, self.ascii, self.zone, self.now_ms = ink, ascii_only, zone, now_ms
        self.room = max(16, width - LABEL)
        self.text = Text()

    def write(self, row: Row, cell: Cell | None, stage: str, known: CellTold) -> Text:
        """Return the whole pane for a cell."""
        self._say(row.app, self.ink.strong)._say(f"  {stage}\n", self.ink.quiet)
        if cell is None:
            return self._say(f"{row.app} never reaches {stage}.\n", self.ink.quiet).text
        self._verdict(cell)
        if cell.rollouts:
            self._rollout(cell, cell.rollouts[0], known.pods)
        for fault in cell.faults:
            self._line("build", fault, self.ink.words[Mark.WARNING])
        for note in cell.notes:
            self._line("note", note)
        self._build(_build_for(row, cell), cell.rollouts[0] if cell.rollouts else None)
        for other in cell.rollouts[1:]:
            self._line(
                "also here",
                f"{effective_level(cell, other)} {other.namespace}/{other.name} {other.runs} {other.reason}",
            )
        if known.problem:
            self._say(f"\n{known.problem}\n", self.ink.words[Mark.WARNING])
        elif cell.rollouts and not known.read:
            self._say("\nreading pods and history\n", self.ink.quiet)
        if known.read:
            if not known.past:
                self._pods(known.pods)
            self._history(known.periods)
        return self.text

    def _verdict(self, cell: Cell) -> None:
        """Say how it stands in words, since when, and why."""
        glyph = GLYPHS[cell.mark][1 if self.ascii else 0]
        word = GLYPHS[cell.mark][2]
        style = self.ink.badges[cell.mark]
        self._say(f"{glyph} {word}", style)
        if cell.reason:
            self._say(f" {cell.reason}", style)
        if cell.since_ms is not None:
            self._say(f" for {age(self.now_ms - cell.since_ms)}", self.ink.plain)
        self._say("\n", self.ink.plain)
        if cell.level is Level.UNKNOWN and cell.last_level is not Level.UNKNOWN:
            self._say(f"last known: {cell.last_level}\n", self.ink.quiet)
        if cell.message:
            self._say(f"{cell.message}\n", self.ink.plain)
        if cell.since_ms is not None:
            self._line("since", local(cell.since_ms, self.zone, "%a %d %b %H:%M:%S %Z"))

    def _rollout(self, cell: Cell, rollout: RolloutState, pods: Sequence[PodState]) -> None:
        if rollout.cause:
            since_ms = rollout.cause_ms
            when = f", since {local(since_ms, self.zone, '%a %d %b %H:%M:%S %Z')}" if since_ms is not None else ""
            self._line("cause", f"{rollout.cause}{when}", self.ink.strong)
        if rollout.look:
            self._line("look at", rollout.look, self.ink.strong)
        before = f"  {_beside(rollout)}" if rollout.held_by or rollout.previous_version else ""
        behind = f"  {cell.drift} behind the stage before" if cell.drift else ""
        digest = "  another digest than the stage before" if cell.digest_differs else ""
        self._line("version", f"{cell.version or '-'}{before}{behind}{digest}")
        self._line("revision", rollout.revision)
        self._line("ready", _ready(rollout, pods))
        if rollout.fails_ms is not None and rollout.fails_ms > self.now_ms:
            self._line("failing", f"in {span(rollout.fails_ms - self.now_ms)} if nothing changes")
        if rollout.deadline_ms is not None and rollout.level in (Level.PROGRESSING, Level.WARNING):
            left = rollout.deadline_ms - self.now_ms
            self._line("deadline", f"in {span(left)}" if left > 0 else f"passed {age(-left)} ago")
        if rollout.exit_code is not None:
            self._line("exit code", f"{rollout.exit_code} of {rollout.container} in {rollout.pod}")
        self._line("workload", f"{rollout.kind} {rollout.namespace}/{rollout.name} in {rollout.cluster}")
        self._line("image", rollout.image)
        self._line("digest", rollout.digest)

    def _build(self, build: BuildState | None, rollout: RolloutState | None) -> None:
        """Say which build made the rollout and how that is told, then the newest build of the namespace if another."""
        named = rollout is not None and rollout.build_number is not None
        rule = TOLD_BY.get(rollout.build_rule, "") if rollout is not None and named else ""
        made_by = (rollout.build_job, rollout.build_number) if rollout is not None and rule else ("", None)
        newest = (build.job, build.number) if build is not None else ("", None)
        if rollout is not None and rule and made_by != newest:
            self._line("made by", f"{shown_build(rollout.build_job, rollout.build_number)}, {rule}".strip())
            self._line("", rollout.build_url, self.ink.key)
        if build is None or build.number is None:
            return
        when = f" {age(self.now_ms - build.started_ms)} ago" if build.started_ms else ""
        outcome = build.result or "running"
        cause = f", {build.cause}" if build.cause else ""
        self._line("build", f"{shown_build(build.job, build.number)} {outcome}{when}{cause}")
        self._line("", build.url, self.ink.key)
        if rule and made_by == newest:
            self._line("", f"made this rollout, {rule}")
        if build.other_number is not None:
            self._line("", f"#{build.other_number} {build.other_result or 'running'}")

    def _pods(self, pods: Sequence[PodState]) -> None:
        self._title("PODS")
        if not pods:
            self._say("none\n", self.ink.quiet)
        ordered = sorted(pods, key=lambda pod: (bool(pod.leftover), not pod.new, pod.is_ready, pod.name))
        for pod in ordered[:MAX_PODS]:
            well = pod.is_ready or bool(pod.leftover)
            style = self.ink.quiet if well else self.ink.plain
            held = " not ready" if pod.is_held else ""
            old = "" if pod.new else "  old revision"
            restarts = f"  {counted(pod.restarts, 'restart')}" if pod.restarts else ""
            aged = f"  {age(self.now_ms - pod.created_ms)}" if pod.created_ms else ""
            self._say(f"{pod.name}\n", style)
            self._say(f"  {pod.ready}/{pod.total}  ", style)
            self._say(f"{pod.leftover or pod.status}{held}", style if well else self.ink.strong)
            self._say(f"{restarts}{aged}  {pod.node}{old}\n", self.ink.quiet)
        if len(ordered) > MAX_PODS:
            self._say(f"and {len(ordered) - MAX_PODS} more\n", self.ink.quiet)

    def _history(self, periods: Sequence[RolloutState]) -> None:
        self._title("BEFORE")
        if not periods:
            self._say("nothing is known from before\n", self.ink.quiet)
        for period in periods[:MAX_PERIODS]:
            mark = LEVEL_MARKS[period.level]
            glyph = GLYPHS[mark][1 if self.ascii else 0]
            self._say(f"{local(period.since_ms, self.zone, '%d %b %H:%M')}  ", self.ink.quiet)
            self._say(f"{glyph} ", self.ink.well_glyph if mark is Mark.OK else self.ink.badges[mark])
            lasted = span((period.until_ms or self.now_ms) - period.since_ms)
            self._say(f"{period.version}  {period.reason or period.level}", self.ink.plain)
            self._say(f"  for {lasted}\n", self.ink.quiet)

    def _title(self, title: str) -> None:
        self._say(f"\n{title}\n", self.ink.quiet)

    def _line(self, label: str, words: str, style: Style | None = None) -> None:
        folded = wrap(words, self.room, break_on_hyphens=False)
        for index, part in enumerate(folded):
            self._say(f"{'' if index else label:<{LABEL}}", self.ink.quiet)._say(f"{part}\n", style or self.ink.plain)

    def _say(self, words: str, style: Style) -> "Scribe":
        self.text.append(words, style)
        return self


def _beside(rollout: RolloutState) -> str:
    """Return what is told beside the version that runs: what is asked for and held back, or what ran before."""
    if rollout.is_held_whole:
        return f"{rollout.version} is asked for, held back by {rollout.held_by}"
    if rollout.held_by:
        return f"in {rollout.updated} of {rollout.desired} pods, {rollout.held_version or '?'} held"
    return f"was {rollout.previous_version}"


def _ready(rollout: RolloutState, pods: Sequence[PodState]) -> str:
    """Say how many pods are ready: of the new revision, as the verdict counts, where the pods have been read."""
    if rollout.level is Level.OK:
        return f"{rollout.come} of {rollout.desired}"
    if not pods:
        return f"{min(rollout.ready, rollout.desired)} of {rollout.desired}, new and old together"
    ready = [pod for pod in pods if pod.is_ready]
    new = sum(pod.new for pod in ready)
    old = f", {len(ready) - new} of the old revision" if len(ready) > new else ""
    return f"{min(new, rollout.desired)} of {counted(rollout.desired, 'new pod')} ready{old}"


def _build_for(row: Row, cell: Cell) -> BuildState | None:
    """Return the newest build that deployed into a namespace of the cell; the row has deploys first, newest first."""
    namespaces = {rollout.namespace for rollout in cell.rollouts}
    return next((build for build in row.builds if build.namespace in namespaces), None)


def build_of(row: Row, cell: Cell | None) -> BuildState | None:
    """Return the build to show for a cell: the one of its namespace, else the newest of the row."""
    return (_build_for(row, cell) if cell is not None else None) or row.build
