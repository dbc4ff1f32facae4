"""What the Alertmanagers of a sink have taken of an alert, in words for the screen of alerts."""

from collections.abc import Sequence

from statusdesk.board import Board
from statusdesk.config_alerts import SinkSettings
from statusdesk.states_alerts import AlertState, PostedThere
from statusdesk.text import clean, span

MOST_CHARS = 80
REFUSED, NOT_TAKEN = "refused", "not taken"


class Taker:
    """One Alertmanager, by what it has taken."""

    def __init__(self, row: PostedThere) -> None:
        self.row = row
        self._taken = frozenset(row.taken)
        self._refused = dict(row.refused)

    def took(self, alert: AlertState) -> bool:
        """Whether it has taken this alert since it fired."""
        if alert.fingerprint not in self._taken or alert.fingerprint in self._refused:
            return False
        # after a start nobody knows whether what was taken has ended meanwhile and is bad again
        again = bool(self.row.problem) and self.row.ok_ms is not None and self.row.ok_ms < alert.started_ms
        return not again

    def trouble(self, alert: AlertState) -> tuple[str, str] | None:
        """Return that it does not take an alert, and why; None where it does, or has not been asked yet."""
        if self.row.problem:
            return NOT_TAKEN, clean(self.row.problem, MOST_CHARS)
        said = self._refused.get(alert.fingerprint)
        return (REFUSED, clean(said, MOST_CHARS)) if said is not None else None


class Posts:
    """What all Alertmanagers have taken by the moment of one board."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._known = board.posts is not None
        self._of_sink: dict[str, list[Taker]] = {}
        for row in board.posts or ():
            self._of_sink.setdefault(row.sink, []).append(Taker(row))

    def took(self, alert: AlertState, sink: SinkSettings) -> bool:
        """Whether one of the sink's Alertmanagers has taken an alert, as far as is known."""
        return not self._known or any(taker.took(alert) for taker in self._of_sink.get(sink.name, ()))

    def words(self, alert: AlertState, sink: SinkSettings) -> str:
        """Return whether an alert that fires was taken, when last, and by whom it is not, with why."""
        if not self._known:
            return "what it has taken is not kept of the past"
        takers, now_ms = self._of_sink.get(sink.name, []), self.board.at_ms
        taken_ms = [each.row.ok_ms for each in takers if each.took(alert) and each.row.ok_ms is not None]
        troubles = [(each.row, trouble) for each in takers if (trouble := each.trouble(alert)) is not None]
        all_troubled = len(troubles) == len(takers)
        parts = ["not told yet"]
        if taken_ms:
            goes_on = self.board.collector_lost_ms is None and not all_troubled
            again = f", every {span(round(sink.resend_s * 1000))}" if goes_on else ""
            parts = [f"posted {span(max(0, now_ms - max(taken_ms)))} ago{again}"]
        elif troubles and all_troubled and all(what == REFUSED for _, (what, _) in troubles):
            parts = []  # it was told, and will not have it
        return ", ".join([*parts, *([_named(troubles, len(takers), now_ms)] if troubles else [])])


def _named(troubles: Sequence[tuple[PostedThere, tuple[str, str]]], peers: int, now_ms: int) -> str:
    """Return the troubles in words, each once, with who has them unless all have the same, and for how long all do."""
    alike: dict[tuple[str, str], list[PostedThere]] = {}
    for row, trouble in troubles:
        alike.setdefault(trouble, []).append(row)
    found = []
    for (what, why), rows in alike.items():
        by = "" if len(rows) == peers else f" by {' and '.join(row.peer for row in rows)}"
        since_ms = max(row.problem_ms or 0 for row in rows) if what == NOT_TAKEN else 0
        age = f" for {span(max(0, now_ms - since_ms))}" if since_ms else ""
        found.append(f"{what}{by}{age}: {why}")
    if len(troubles) < peers:
        return f"but {', and '.join(found)}"
    return found[0] if len(found) == 1 else f"none takes it now: {', and '.join(found)}"
