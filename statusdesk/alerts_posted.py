"""What the Alertmanagers of a sink have taken of an alert, in words for the screen of alerts."""

from collections.abc import Sequence

from statusdesk.board import Board
from statusdesk.config_alerts import SinkSettings
from statusdesk.states_alerts import AlertState, PostedThere
from statusdesk.text import clean, span

MOST_CHARS = 80
REFUSED, NOT_TAKEN = "refused", "not taken"


def is_taken(alert: AlertState, sink: SinkSettings, board: Board) -> bool:
    """Whether one of the sink's Alertmanagers has taken an alert, as far as is known."""
    return board.posts is None or any(row.took(alert) for row in board.posts if row.sink == sink.name)


def posted_words(alert: AlertState, sink: SinkSettings, board: Board) -> str:
    """Return whether an alert that fires was taken, when last, and by whom it was not, with why: ``posted 3s ago``."""
    if board.posts is None:
        return "what it has taken is not kept of the past"
    rows = [row for row in board.posts if row.sink == sink.name]
    taken_ms = [row.ok_ms for row in rows if row.took(alert) and row.ok_ms is not None]
    troubles = [(row, each) for row in rows if (each := _trouble(alert, row)) is not None]
    parts = ["not told yet"]
    if taken_ms:
        again = f", every {span(round(sink.resend_s * 1000))}"
        goes_on = board.collector_lost_ms is None and len(troubles) < len(rows)
        parts = [f"posted {span(max(0, board.at_ms - max(taken_ms)))} ago{again if goes_on else ''}"]
    elif rows and len(troubles) == len(rows) and all(what == REFUSED for _, (what, _) in troubles):
        parts = []  # it was told, and will not have it
    return ", ".join([*parts, *_named(troubles, len(rows), board.at_ms)])


def _trouble(alert: AlertState, row: PostedThere) -> tuple[str, str] | None:
    """Return that an Alertmanager does not take an alert, and why; None where it does, or has not been asked yet."""
    if row.problem:
        return NOT_TAKEN, clean(row.problem, MOST_CHARS)
    said = next((said for fingerprint, said in row.refused if fingerprint == alert.fingerprint), None)
    return (REFUSED, clean(said, MOST_CHARS)) if said is not None else None


def _named(troubles: Sequence[tuple[PostedThere, tuple[str, str]]], peers: int, now_ms: int) -> list[str]:
    """Return the troubles in words, each once, with who has them unless all have the same, and for how long all do."""
    alike: dict[tuple[str, str], list[PostedThere]] = {}
    for row, trouble in troubles:
        alike.setdefault(trouble, []).append(row)
    found = []
    for (what, why), rows in alike.items():
        by = "" if len(rows) == peers else f" by {' and '.join(row.peer for row in rows)}"
        since_ms = max(row.problem_ms or 0 for row in rows) if what == NOT_TAKEN else 0
        age = f" for {span(max(0, now_ms - since_ms))}" if since_ms else ""
        found.append(f"{'but ' if by else ''}{what}{by}{age}: {why}")
    return found
