"""The board as a console reads it: from the store, following the collector that writes it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from statusdesk.board import Board
from statusdesk.board_feed import AlertsReading, FeedError
from statusdesk.build_view import BuildKey, BuildReading, Pair, UnattributedJob
from statusdesk.collecting import Supervision, lost_ms
from statusdesk.config import Config
from statusdesk.facts import Build
from statusdesk.feed_builds import read_build, read_grants, read_histories, read_unattributed
from statusdesk.picture import Picture
from statusdesk.rollout_view import Reading, RolloutView, on_board
from statusdesk.states import Grant, PodState, RolloutState
from statusdesk.store.errors import StoreError
from statusdesk.store.reader import Reader

if TYPE_CHECKING:
    from statusdesk.console_requests import Request

LOOK_EVERY_MS = 1000
HISTORY_MS = 30 * 86_400_000
MAX_PERIODS = 200
MAX_BUILDS = 12
RECENT_MS = 86_400_000
MAX_ALERTS = 200
FAR_MS = 2**62

Narrow = Callable[[Board], Board]
Answer = TypeVar("Answer")


def _whole(board: Board) -> Board:
    return board


class StoreFeed:
    """Gives a new board when the store has changed, and one a second because time goes by."""

    def __init__(self, config: Config, path: Path, supervision: Supervision, narrow: Narrow = _whole) -> None:
        """``narrow`` leaves out of each board what the command line does not want to see."""
        self._config = config
        self._path = path
        self._supervision = supervision
        self._narrow = narrow
        self._picture = Picture(config)
        self._reader: Reader | None = None
        self._version = -1
        self._change = 0
        self._lost_ms: int | None = 0
        self._looked_ms: int | None = None
        self._board: Board | None = None
        self._polling = threading.Lock()
        self._closed = False

    def poll(self, now_ms: int) -> Board | None:
        """Return the new board, or None when there is none; called often, one call at a time, on any thread.

        Raises: FeedError while there is no store to read.
        """
        with self._polling:
            if self._closed:
                return None
            try:
                return self._poll(now_ms)
            except StoreError as error:
                self._drop()
                raise FeedError(self._why(str(error))) from None

    def pods(self, rollout_key: str) -> Sequence[PodState]:
        """Return the pods of a rollout, old and new."""
        return self._ask(lambda reader: reader.pods(rollout_key))

    def history(self, app: str) -> Sequence[RolloutState]:
        """Return the closed periods of the app's rollouts in the last 30 days, newest first."""
        return self.history_of(app, self._board)

    def history_of(self, app: str, board: Board | None) -> Sequence[RolloutState]:
        """Return the closed periods of the rollouts that the app has on this board, as of its moment."""
        rows = [row for row in board.rows if row.app == app] if board is not None else []
        keys = [rollout.key for row in rows for cell in row.cells if cell is not None for rollout in cell.rollouts]
        if board is None or not keys:
            return []

        def read(reader: Reader) -> list[RolloutState]:
            since_ms = board.at_ms - HISTORY_MS
            return [period for key in keys for period in reader.periods(RolloutState, key, since_ms, board.at_ms)]

        closed = [period for period in self._ask(read) if period.until_ms is not None]
        return sorted(closed, key=lambda period: period.since_ms, reverse=True)[:MAX_PERIODS]

    def rollout(self, view: RolloutView, board: Board) -> RolloutView:
        """Return the view as this board has it, with what the store holds beside it."""
        now = on_board(view, board, past=view.past)
        return msgspec.structs.replace(now, reading=self._ask(lambda reader: _read(reader, now, board.at_ms)))

    def histories(self, pairs: Sequence[Pair], until_ms: int | None = None) -> Mapping[Pair, tuple[Build, ...]]:
        """Return the last builds of each pair, newest first; of those that had begun by a moment."""
        return self._ask(lambda reader: read_histories(reader, pairs, until_ms))

    def build(self, key: BuildKey, until_ms: int | None = None) -> BuildReading:
        """Return what is known about one build."""
        return self._ask(lambda reader: read_build(reader, key, until_ms))

    def unattributed(self) -> Sequence[UnattributedJob]:
        """Return the jobs with builds that could not be attributed to a namespace, those with the most first."""
        return self._ask(read_unattributed)

    def grants(self, token_key: str, until_ms: int | None = None) -> Sequence[Grant]:
        """Return the last grants of a token, newest first, in the server's clock."""
        return self._ask(lambda reader: read_grants(reader, token_key, until_ms))

    def alerts(self, board: Board) -> AlertsReading:
        """Return the alerts that were over within the day before the board, and the last message about each shown."""
        from statusdesk.alerts_view import groups_about  # it judges who is told, which no first picture needs

        since_ms = board.at_ms - RECENT_MS

        def read(reader: Reader) -> AlertsReading:
            over = [alert for alert in reader.alerts(since_ms, MAX_ALERTS) if alert.state == "resolved"]
            recent = tuple(alert for alert in over if (alert.resolved_ms or 0) <= board.at_ms)
            asked = groups_about(self._config, (*board.firing, *recent))
            return AlertsReading(recent=recent, notifications=tuple(reader.last_of_alerts(asked, board.at_ms)))

        return self._ask(read)

    def request(self, request: "Request") -> None:
        """Put a request where the collector of this store finds it."""
        from statusdesk.console_requests import RequestError, submit

        try:
            submit(self._path.parent, request)
        except RequestError as error:
            raise FeedError(str(error)) from None

    def at(self, ms: int) -> Board:
        """Return the board as of a moment in the past."""
        picture = Picture(self._config)
        picture.apply(self._ask(lambda reader: reader.as_of(ms)))
        return self._narrow(picture.board(ms))

    def close(self) -> None:
        """Close the store once a poll that goes on has ended, and end the collector if this console started it."""
        with self._polling:
            self._closed = True
            self._drop()
            self._supervision.close()

    def _poll(self, now_ms: int) -> Board | None:
        look = self._looked_ms is None or not 0 <= now_ms - self._looked_ms < LOOK_EVERY_MS
        if look:
            self._looked_ms = now_ms
            self._look(now_ms)
        if self._reader is None:
            return None
        changed = self._read(self._reader)
        if not changed and not look:
            return None
        board = self._narrow(self._picture.board(now_ms, self._lost_ms))
        if self._lost_ms is not None and self._supervision.problem:
            board = msgspec.structs.replace(board, collector_problem=self._supervision.problem)
        self._board = board
        return board

    def _look(self, now_ms: int) -> None:
        """Open the store if need be, and see whether its collector still beats."""
        try:
            if self._reader is None:
                self._reader = Reader(self._path)
            elif self._reader.reopen_if_needed():
                self._begin_again()
            collector = self._reader.collector()
            if self._reader.live and lost_ms(collector, now_ms) is not None:
                # it may be this console that has lost the store: a look with other eyes costs little
                self._reader.reopen()
                collector = self._reader.collector()
        except StoreError:
            # No store yet, or one that cannot be read: a collector makes it, or says why it cannot.
            self._lost_ms = self._supervision.tick(now_ms, None)
            raise
        self._lost_ms = self._supervision.tick(now_ms, collector)

    def _read(self, reader: Reader) -> bool:
        """Apply what is new in the store; tell whether anything was."""
        version = reader.data_version()
        if version == self._version:
            return False
        changes = reader.changes(self._change)
        if changes.change < self._change:
            self._begin_again()
            changes = reader.changes(0)
        self._picture.apply(changes)
        self._change = changes.change
        self._version = version
        return True

    def _begin_again(self) -> None:
        """Forget what was read: another store may stand where ours was, with change numbers of its own."""
        self._picture = Picture(self._config)
        self._change = 0
        self._version = -1

    def _ask(self, question: Callable[[Reader], Answer]) -> Answer:
        """Ask the store something on the caller's thread, over a connection of its own."""
        try:
            with Reader(self._path) as reader:
                return question(reader)
        except StoreError as error:
            raise FeedError(str(error)) from None

    def _why(self, problem: str) -> str:
        if self._supervision.problem:
            return self._supervision.problem
        return "no data yet: the collector is starting" if self._supervision.starting else problem

    def _drop(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
            self._begin_again()


class PastFeed:
    """Gives the board as of one moment in the past, once."""

    def __init__(self, config: Config, path: Path, at_ms: int, narrow: Narrow = _whole) -> None:
        self._store = StoreFeed(config, path, Supervision(None), narrow)
        self._at_ms = at_ms
        self._board: Board | None = None

    def poll(self, now_ms: int) -> Board | None:
        """Return the board at the first call, None afterwards: the past does not change."""
        if self._board is not None:
            return None
        self._board = self._store.at(self._at_ms)
        return self._board

    def pods(self, rollout_key: str) -> Sequence[PodState]:
        """Return nothing: pods are kept as they are now only."""
        return ()

    def history(self, app: str) -> Sequence[RolloutState]:
        """Return the closed periods of the app's rollouts up to that moment, newest first."""
        return self._store.history_of(app, self._board)

    def rollout(self, view: RolloutView, board: Board) -> RolloutView:
        """Return the view as this board has it, with what was known then."""
        return self._store.rollout(view, board)

    def histories(self, pairs: Sequence[Pair], until_ms: int | None = None) -> Mapping[Pair, tuple[Build, ...]]:
        """Return the last builds of each pair, newest first; of those that had begun by a moment."""
        return self._store.histories(pairs, until_ms or self._at_ms)

    def build(self, key: BuildKey, until_ms: int | None = None) -> BuildReading:
        """Return what is known about one build."""
        return self._store.build(key, until_ms or self._at_ms)

    def unattributed(self) -> Sequence[UnattributedJob]:
        """Return the jobs with builds that could not be attributed to a namespace, those with the most first."""
        return self._store.unattributed()

    def grants(self, token_key: str, until_ms: int | None = None) -> Sequence[Grant]:
        """Return the last grants of a token, newest first, in the server's clock."""
        return self._store.grants(token_key, until_ms or self._at_ms)

    def alerts(self, board: Board) -> AlertsReading:
        """Return what was over by that moment."""
        return self._store.alerts(board)

    def request(self, request: "Request") -> None:
        """Refuse: the past cannot be changed."""
        raise FeedError("this is the past: nothing can be taken or silenced in it")

    def at(self, ms: int) -> Board:
        """Return the board as of another moment."""
        return self._store.at(ms)

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()


def _read(reader: Reader, view: RolloutView, at_ms: int) -> Reading:
    """Read what belongs to a rollout up to a moment; of what is kept as it is now only, the past has nothing."""
    key, state = view.key, view.state
    job = (state.build_job if state is not None else "") or (view.build.job if view.build is not None else "")
    builds: list[Build] = []
    if job and state is not None:
        source = view.build.source if view.build is not None else "jenkins"
        builds = reader.builds(job, state.namespace, MAX_BUILDS, source)
    until_ms = at_ms + 1 if view.past else FAR_MS
    known = Reading(
        evidence=tuple(reader.evidence(key, until_ms=until_ms - 1)),
        periods=tuple(reader.periods(RolloutState, key, at_ms - HISTORY_MS, until_ms)[-MAX_PERIODS:]),
        builds=tuple(build for build in builds if build.started_ms < until_ms),
    )
    if view.past:
        return known
    return msgspec.structs.replace(
        known,
        pods=tuple(reader.pods(key)),
        events=tuple(reader.events(key)),
        revisions=tuple(reader.revisions(key)),
    )
