"""What a Jenkins says of itself, in sentences: that it gives no news, what waits, and for what. Pure."""

from collections.abc import Sequence

from screens.pen import Pen
from statusdesk.board import Board
from statusdesk.facts import QueueItem
from statusdesk.states import Level
from statusdesk.text import counted


def silence(board: Board) -> list[str]:
    """Say so where a Jenkins gives no news: what stands below is then as it was."""
    return [
        f"No news from {view.state.source}: {view.words or view.state.reason}. What stands here is as it was then."
        for view in board.sources
        if view.state.source.startswith("jenkins") and view.level is not Level.OK
    ]


def waiting(board: Board, queue: Sequence[QueueItem], pen: Pen) -> list[str]:
    """Return what waits for which reason, and how many executors there are for it."""
    words = []
    for item in queue:
        stuck = "stuck: " if item.stuck else ""
        where = f" for {item.namespace}" if item.namespace else ""
        since = f" {pen.since(item.since_ms)}" if item.since_ms else ""
        words.append(f"{item.job}{where}{since}   {stuck}{item.why}")
    for each in board.executors:
        offline = f"; offline: {', '.join(each.offline)}" if each.offline else ""
        closing = "; it prepares for shutdown" if each.quieting_down else ""
        if offline or closing or words:
            words.append(f"{each.source}: {each.busy} of {counted(each.total, 'executor')} busy{offline}{closing}")
    return words
