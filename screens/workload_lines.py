"""The lines of the workload list: titles, one workload, its reason. Pure."""

from collections.abc import Sequence

import msgspec
from textual.strip import Strip

from screens.lens import WELL, Lens
from screens.pen import Pen
from screens.strips import Line, cells, fit, right
from statusdesk.board import STALE, Board, Cell, Mark
from statusdesk.marks import GLYPHS, LEVEL_MARKS
from statusdesk.rollout_view import effective_level, in_stage, silence_of
from statusdesk.states import NO_ACCESS, Level, RolloutState

_WORST_FIRST = (
    Level.FAILING,
    Level.WARNING,
    Level.UNKNOWN,
    Level.PROGRESSING,
    Level.SCALING,
    Level.PAUSED,
    Level.OK,
    Level.IDLE,
)
RANKS = {level: rank for rank, level in enumerate(_WORST_FIRST)}
KIND_FROM, REVISION_FROM, APP_FROM = 90, 110, 130
NAME_MOST, VERSION_MOST, REASON_MOST, PLACE_MOST, APP_MOST = 40, 18, 22, 24, 24
READY, AGE, REVISION, KIND = 9, 7, 12, 11


class Item(msgspec.Struct, frozen=True):
    """One workload with its effective level; ``silence``: why it is unknown where its source does not say so."""

    rollout: RolloutState
    level: Level
    silence: str = STALE

    @property
    def mark(self) -> Mark:
        return LEVEL_MARKS[self.level]

    @property
    def height(self) -> int:
        return 2 if self.rollout.message and self.mark not in WELL and not self.is_told_by_node else 1

    @property
    def is_told_by_node(self) -> bool:
        """Whether the line of a lost node says all that there is to say of it."""
        return self.level is self.rollout.level and self.rollout.is_only_lost


class Chosen(msgspec.Struct, frozen=True):
    """The workloads to show, and how many are left out."""

    items: tuple[Item, ...]
    well_hidden: int = 0
    filtered: int = 0


def choose(board: Board, stage: str, lens: Lens) -> Chosen:
    """Return the workloads of a stage as the reader wants them: worst first, then by name."""
    everything = [
        Item(rollout, effective_level(cell, rollout), _silence(cell, rollout))
        for cell, rollout in in_stage(board, stage)
    ]
    matching = [item for item in everything if matches(item, lens.text)] if lens.text else everything
    shown = [item for item in matching if not lens.only_bad or item.mark not in WELL]
    shown.sort(key=lambda item: (RANKS[item.level], item.rollout.name, item.rollout.key))
    return Chosen(tuple(shown), len(matching) - len(shown), len(everything) - len(matching))


def _silence(cell: Cell, rollout: RolloutState) -> str:
    silent = silence_of(cell, rollout)
    return NO_ACCESS if silent is not None and silent.closed else STALE


def matches(item: Item, text: str) -> bool:
    """Say whether every word is in what the line shows."""
    rollout = item.rollout
    hay = (
        f"{rollout.name} {rollout.app} {rollout.kind} {rollout.version} {rollout.held_version}"
        f" {rollout.reason} {rollout.message} {rollout.namespace} {rollout.cluster} {item.level}"
        f" {GLYPHS[item.mark].word} {' '.join(lost.node for lost in rollout.lost)}"
    ).casefold()
    return all(word in hay for word in text.casefold().split())


class ListColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Widths in cells; 0 for what is not shown."""

    name: int
    version: int
    reason: int
    place: int = 0
    kind: int = 0
    app: int = 0
    revision: int = 0


def share_out(items: Sequence[Item], width: int) -> ListColumns:
    """Return the columns for a width: first app goes, then revision, then kind; names and reasons shrink last."""
    rollouts = [item.rollout for item in items]

    def widest(texts: Sequence[str], least: int, most: int) -> int:
        return min(most, max([least, *map(cells, texts)]))

    several = len({(r.cluster, r.namespace) for r in rollouts}) > 1
    columns = ListColumns(
        name=widest([r.name for r in rollouts], 8, NAME_MOST),
        version=widest([r.runs for r in rollouts], 7, VERSION_MOST),
        reason=widest([_reason(item) for item in items], 6, REASON_MOST),
        place=widest([place_of(r) for r in rollouts], 5, PLACE_MOST) if several and width >= KIND_FROM else 0,
        kind=KIND if width >= KIND_FROM else 0,
        app=widest([r.app for r in rollouts], 3, APP_MOST) if width >= APP_FROM else 0,
        revision=REVISION if width >= REVISION_FROM else 0,
    )
    over = _size(columns) - width
    if over > 0:
        name = max(8, columns.name - over)
        over -= columns.name - name
        reason = max(6, columns.reason - max(0, over))
        columns = msgspec.structs.replace(columns, name=name, reason=reason)
    return columns


def _size(columns: ListColumns) -> int:
    optional = (columns.place, columns.kind, columns.app, columns.revision)
    fixed = 4 + columns.name + 2 + columns.version + 2 + READY + 2 + columns.reason + 2 + AGE
    return fixed + sum(size + 2 for size in optional if size)


def place_of(rollout: RolloutState) -> str:
    return f"{rollout.cluster}/{rollout.namespace}"


def _reason(item: Item) -> str:
    words = item.silence if item.level is not item.rollout.level else item.rollout.reason
    return "" if item.mark is Mark.OK else words or str(item.level)


def draw_titles(columns: ListColumns, pen: Pen) -> Strip:
    """Return the line of column titles."""
    style = pen.ink.title
    line = Line().put(" " * (2 + len(pen.glyph(Mark.OK))), style)
    for title, size in _ordered(columns, "WORKLOAD", "KIND", "APP", "WHERE", "VERSION", "READY", "REASON"):
        line.put(fit(title, size) + "  ", style)
    if columns.revision:
        line.put(fit("REVISION", columns.revision) + "  ", style)
    return line.put(right("SINCE", AGE), style).strip(pen.width, pen.ink.plain)


def _ordered(columns: ListColumns, *values: str) -> list[tuple[str, int]]:
    """Return the values with their widths, in the order of the screen, without those that are not shown."""
    widths = (columns.name, columns.kind, columns.app, columns.place, columns.version, READY, columns.reason)
    return [(value, size) for value, size in zip(values, widths, strict=True) if size]


def draw_item(item: Item, columns: ListColumns, pen: Pen) -> tuple[Strip, ...]:
    """Return the one or two lines of a workload: one that is not well carries its sentence."""
    rollout, ink, mark = item.rollout, pen.ink, item.mark
    well = mark in WELL
    line = pen.put_mark(Line().put(" ", ink.plain), mark)
    reason = _reason(item)
    values = _ordered(
        columns,
        rollout.name,
        rollout.kind,
        rollout.app,
        place_of(rollout),
        rollout.runs or "-",
        f"{rollout.come}/{rollout.desired}",
        reason,
    )
    styles = dict.fromkeys(range(len(values)), ink.quiet)
    if not well:
        styles |= {0: ink.strong, len(values) - 3: ink.plain, len(values) - 2: ink.plain}
        styles[len(values) - 1] = ink.words.get(mark, ink.plain)
    for index, (value, size) in enumerate(values):
        text = fit(value, size, pen.dots)
        line.put(text.rstrip(), styles[index]).put(" " * (size - cells(text.rstrip()) + 2), ink.plain)
    if columns.revision:
        line.put(fit(rollout.revision, columns.revision, pen.dots) + "  ", ink.quiet)
    since_ms = rollout.runs_since_ms if item.level is Level.OK else rollout.level_since_ms
    line.put(right(pen.ago(since_ms or rollout.since_ms) if since_ms or rollout.since_ms else "", AGE), ink.quiet)
    strips = [line.strip(pen.width, ink.plain)]
    if item.height == 2:
        below = Line().put(" " * (4 + len(pen.glyph(mark))), ink.plain)
        said = fit(rollout.message, pen.width - below.x - 1, pen.dots).rstrip()
        strips.append(below.put(said, ink.plain).strip(pen.width, ink.plain))
    return tuple(strips)
