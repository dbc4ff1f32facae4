"""The line of a node of which nothing is heard: it speaks for all workloads that are unknown because of it. Pure."""

from collections.abc import Callable, Sequence

from screens.ink import Ink
from screens.strips import ASCII_DOTS, DOTS, Line, cells, fit
from statusdesk.board import Mark, NodeLoss
from statusdesk.marks import GLYPHS
from statusdesk.text import counted

MOST_LINES = 4  # where more nodes are lost than that, what matters is how many
LEAST_NAME = 8


def lines_of(losses: Sequence[NodeLoss]) -> int:
    """Return how many lines the nodes take."""
    return min(len(losses), MOST_LINES)


def draw_loss(
    losses: Sequence[NodeLoss], index: int, stamp: Callable[[int], str], width: int, ink: Ink, ascii_only: bool
) -> Line:
    """Return one of the lines: a node, and in the last one how many more where they are not all told."""
    dots = ASCII_DOTS if ascii_only else DOTS
    line = Line().put(GLYPHS[Mark.UNKNOWN][1 if ascii_only else 0], ink.badges[Mark.UNKNOWN]).put(" ", ink.plain)
    rest = losses[index:]
    if index == MOST_LINES - 1 and len(rest) > 1:
        pods, names = sum(loss.pods for loss in rest), ", ".join(loss.node for loss in rest)
        words = f"{len(rest)} more nodes lost: nothing is known of {counted(pods, 'pod')} ({names})"
        return line.put(fit(words, max(1, width - line.x - 1), dots).rstrip(), ink.plain)
    loss = losses[index]
    room = width - line.x - 1 - cells("node ")
    tails = (
        f" of {loss.cluster} lost for {stamp(loss.since_ms)}: {loss.words}",
        f" of {loss.cluster} lost for {stamp(loss.since_ms)}: {counted(loss.pods, 'pod')} unknown",
        f" lost: {counted(loss.pods, 'pod')} unknown",
    )
    least = min(cells(loss.node), LEAST_NAME)
    tail = next((each for each in tails if cells(each) + least <= room), tails[-1])
    name = fit(loss.node, max(1, min(cells(loss.node), room - cells(tail))), dots)
    line.put("node ", ink.plain).put(name, ink.strong)
    return line.put(fit(tail, max(1, width - line.x - 1), dots).rstrip(), ink.plain)
