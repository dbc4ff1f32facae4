"""Where screens get the board from: a small protocol, so that a screen knows neither store nor file."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from statusdesk.board import Board
from statusdesk.build_view import BuildKey, BuildReading, Pair, UnattributedJob
from statusdesk.facts import Build
from statusdesk.rollout_view import RolloutView
from statusdesk.states import Grant, PodState, RolloutState
from statusdesk.states_alerts import AlertState, Notification

if TYPE_CHECKING:
    from statusdesk.console_requests import Request  # the first paint does not wait for it


class FeedError(Exception):
    """The board cannot be read; the text is one sentence for the person in front of the screen."""


class AlertsReading(msgspec.Struct, frozen=True, kw_only=True):
    """What the store holds of alerts that a board does not: those that are over, and messages, newest first."""

    recent: tuple[AlertState, ...] = ()
    notifications: tuple[Notification, ...] = ()


class Feed(Protocol):
    """Gives boards. ``poll`` is called about ten times a second, one call at a time, but on any thread; the other
    methods on worker threads beside it, one call at a time. Each raises ``FeedError`` when it cannot read; it is asked
    again later. ``close`` may come while a poll goes on.
    """

    def poll(self, now_ms: int) -> Board | None:
        """Return the new board, or None when nothing has changed since the last call (the passing of time included)."""
        ...

    def pods(self, rollout_key: str) -> Sequence[PodState]:
        """Return the pods of a rollout, old and new."""
        ...

    def history(self, app: str) -> Sequence[RolloutState]:
        """Return the closed periods of the app's rollouts, newest first."""
        ...

    def rollout(self, view: RolloutView, board: Board) -> RolloutView:
        """Return the view as this board has it, with pods, events, evidence, periods and builds (see ``Reading``)."""
        ...

    def histories(self, pairs: Sequence[Pair], until_ms: int | None = None) -> Mapping[Pair, tuple[Build, ...]]:
        """Return the last builds of each pair, newest first; of those that had begun by a moment."""
        ...

    def build(self, key: BuildKey, until_ms: int | None = None) -> BuildReading:
        """Return what is known about one build."""
        ...

    def unattributed(self) -> Sequence[UnattributedJob]:
        """Return the jobs with builds that could not be attributed to a namespace, those with the most first."""
        ...

    def grants(self, token_key: str, until_ms: int | None = None) -> Sequence[Grant]:
        """Return the last grants of a token, newest first, in the server's clock."""
        ...

    def alerts(self, board: Board) -> AlertsReading:
        """Return what the board does not have of alerts: those that are over, and what was told to whom."""
        ...

    def request(self, request: "Request") -> None:
        """Ask the collector to take or silence alerts; it answers by the board."""
        ...

    def at(self, ms: int) -> Board:
        """Return the board as of a moment in the past."""
        ...

    def close(self) -> None:
        """Let go of whatever is open."""
        ...
