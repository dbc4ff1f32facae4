"""The line of a node of which nothing is heard: it speaks for all workloads that are unknown because of it. Pure."""

from collections.abc import Callable, Sequence

from screens.ink import Ink
from screens.strips import ASCII_DOTS, DOTS, Line, cells, fit
from statusdesk.board import LostNodeSum, Mark
from statusdesk.marks import GLYPHS
from statusdesk.text import counted

MOST_LINES = 4  # where more nodes are lost than that, what matters is how many
LEAST_NAME = 8


def lines_of(lost_nodes: Sequence[LostNodeSum]) -> int:
    """Return how many lines the nodes take."""
    return min(len(lost_nodes), MOST_LINES)


def draw_lost_node(
    lost_nodes: Sequence[LostNodeSum], index: int, stamp: Callable[[int], str], width: int, ink: Ink, ascii_only: bool
) -> Line:
    """Return one of the lines: a node, and in the last one how many more where they are not all told."""
    dots = ASCII_DOTS if ascii_only else DOTS
    line = Line().put(GLYPHS[Mark.UNKNOWN][1 if ascii_only else 0], ink.badges[Mark.UNKNOWN]).put(" ", ink.plain)
    rest = lost_nodes[index:]
    if index == MOST_LINES - 1 and len(rest) > 1:
        pods, names = sum(lost.pods for lost in rest), ", ".join(lost.node for lost in rest)
        words = f"{len(rest)} more nodes lost: nothing is known of {counted(pods, 'pod')} ({names})"
        return line.put(fit(words, max(1, width - line.x - 1), dots).rstrip(), ink.plain)
    lost = lost_nodes[index]
    room = width - line.x - 1 - cells("node ")
    tails = (
        f" of {lost.cluster} lost for {stamp(lost.since_ms)}: {lost.words}",
        f" of {lost.cluster} lost for {stamp(lost.since_ms)}: {counted(lost.pods, 'pod')} unknown",
        f" lost: {counted(lost.pods, 'pod')} unknown",
    )
    least = min(cells(lost.node), LEAST_NAME)
    tail = next((each for each in tails if cells(each) + least <= room), tails[-1])
    name = fit(lost.node, max(1, min(cells(lost.node), room - cells(tail))), dots)
    line.put("node ", ink.plain).put(name, ink.strong)
    return line.put(fit(tail, max(1, width - line.x - 1), dots).rstrip(), ink.plain)
