"""The sentences in the middle of the board: that all is well, or why there is nothing to see. Pure."""

import datetime

from screens.lens import BAD_LEVELS, Lens, Shown
from statusdesk.board import Board
from statusdesk.text import age, counted, local


def notes(board: Board, shown: Shown, lens: Lens, now_ms: int, zone: datetime.tzinfo) -> tuple[tuple[str, ...], bool]:
    """Return the lines to put in the middle, and whether they are good news."""
    if not board.rows:
        return ("", *_why_empty(board), ""), False
    if board.all_well:
        return ("", _all_well(board, now_ms, zone), ""), True
    if not shown.rows and shown.filtered:
        count = shown.filtered + shown.well_hidden
        hidden = f"{counted(count, 'application')} {'is' if count == 1 else 'are'} hidden; esc shows all"
        return ("", f"Nothing matches /{lens.text}", hidden), False
    if not shown.rows:
        return (
            "",
            f"No application is unwell ({shown.well_hidden} are well)",
            "but not every source or token is",
        ), False
    return (), False


def tail(shown: Shown, ascii_only: bool) -> str:
    """Return the line below the rows: what is left out, so that a short board is never taken for all of it."""
    dots = "..." if ascii_only else "\u2026"
    words = []
    if shown.well_hidden:
        words.append(f"{dots} {shown.well_hidden} more, all well")
    if shown.filtered:
        words.append(f"{dots} {shown.filtered} more, filtered out")
    return "    ".join([*words, "esc shows all"]) if words else ""


def _all_well(board: Board, now_ms: int, zone: datetime.tzinfo) -> str:
    number = len(board.rows)
    words = f"All well: {counted(number, 'application')}"
    if board.counts.moving:
        words += f", {board.counts.moving} moving"
    since_ms = board.quiet_since_ms
    if since_ms is None:
        return words
    pattern = "%H:%M %Z" if now_ms - since_ms < 20 * 3_600_000 else "%a %d %b %H:%M %Z"
    return f"{words}, since {local(since_ms, zone, pattern)} ({age(now_ms - since_ms)})"


def _why_empty(board: Board) -> list[str]:
    """Say why there are no rows: sources that fail, or that nothing was found where we look."""
    bad = [source for source in board.sources if source.level in BAD_LEVELS]
    if bad:
        lines = ["No application can be shown: what would tell of them does not answer.", ""]
        for source in bad:
            words = source.words or source.state.message
            lines.append(f"{source.state.source}: {source.state.reason} {words}".strip())
        return lines
    if not board.sources:
        return ["No source has been visited yet."]
    stages = ", ".join(board.stages)
    return [
        "No application has been found.",
        f"Looked for workloads in the stages {stages}: are their namespaces right?",
    ]
