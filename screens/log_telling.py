"""What is said of one log: in the line above it, where lines are missing, and why there is nothing to see."""

from typing import TYPE_CHECKING

from textual.containers import Vertical

from screens.frame import Setup
from screens.log_bar import BarState
from screens.log_feed import LogFeed
from screens.log_filter import Filters, Pattern
from screens.log_further import Sifted
from screens.log_lineview import LogLineView
from screens.log_names import Names
from screens.log_request import BEFORE_FAILURE_MS, LogRequest
from statusdesk.text import counted, local, span

if TYPE_CHECKING:
    from screens.app import DeskApp

DAY = "%Y-%m-%d"


class LogTelling(Vertical):
    """The part of one log in a screen that says how it goes."""

    app: "DeskApp"
    setup: Setup
    feed: LogFeed
    view: LogLineView
    filters: Filters
    draft: Filters | None
    search: Pattern | None
    busy: str
    titled: bool
    _names: Names
    _new: int
    gone_to_ms: int | None

    @property
    def request(self) -> LogRequest:
        return self.feed.request

    @property
    def current_filters(self) -> Filters:
        """What filters now: with what is being typed."""
        return self.draft if self.draft is not None else self.filters

    def _bar(self) -> BarState:
        request, feed = self.request, self.feed
        since = f"last {counted(request.tail, 'line')} of each"
        if request.since_s is not None:
            since = f"since {span(request.since_s * 1000)}" if request.since_s else "all there is"
        elif request.at_ms is not None:
            # at the end nothing is around that moment any more: what stays true is where reading began
            gone_to_ms = request.at_ms if self.gone_to_ms is None else self.gone_to_ms
            at_ms = request.at_ms - BEFORE_FAILURE_MS if self.view.following else gone_to_ms
            moment = f"{self._moment(at_ms)} {local(at_ms, self.setup.zone, '%Z')}"
            since = f"since {moment}" if self.view.following else f"around {moment}"
        since = "" if request.job else since
        if feed.ring.lines_before and not since.startswith("around"):
            since = f"only {counted(len(feed.ring), 'line')} held"  # the others had to make room
        return BarState(
            title=self._title() if self.titled else (),
            names=self._names_words(),
            since=since,
            following=self.view.following,
            new=self._new,
            missed=feed.ring.missed_ever,
            opening=feed.opening,
            previous=request.previous,
            redacted=request.redact,
            failing=request.failing.words if request.failing is not None else "",
            widened=request.widened,
            filters=self.current_filters,
            searching=self.search.words if self.search is not None else "",
            busy=self.busy or ("" if feed.shown.complete else "looking"),
            status=feed.status,
        )

    def _names_words(self) -> str:
        """Say what is read: how many pods, or which build."""
        if self.request.job:
            # the line at the top names the job, and may have no room for its end
            return "".join(f"build #{origin.build}" for origin in self.feed.origins[:1] if origin.build is not None)
        if self.filters.pod:  # which is named
            return ""
        return self._names.words(self.feed.status.pods) if self._names.pods else ""

    def _title(self) -> tuple[str, ...]:
        """Say which of two logs this is, the name of a pod first."""
        return self.filters.names or self.request.where[1:]

    def _notes(self) -> tuple[str, ...]:
        """Say why there is nothing to see."""
        feed, status = self.feed, self.feed.status
        if len(feed.shown):
            return ()
        if len(feed.ring):
            said = "The filters let none of the lines through" if feed.shown.complete else "Looking through the lines"
            return ("", f"{said}: {len(feed.ring):,} are here. backspace: without the last filter   o: further back")
        if feed.opening:
            return ("", "Opening the log")
        if feed.is_anew:
            return ("", "Reading the log anew: lines that are here stay.")
        if status.problems or status.waiting_for:
            return ("", *self._before(), *status.problems, *(f"Waiting for {what}" for what in status.waiting_for))
        if status.ended and (status.found or not self.request.previous):
            return ("", "The run before has written nothing." if self.request.previous else "It has written nothing.")
        if gone := self._gone():
            return ("", gone)
        if status.listed and not status.found:
            return ("", "There is no pod to follow; one that comes will be followed.")
        return ("", "No line yet")

    def _gone(self) -> str:
        """Say, where only what fails is read, that nothing of it is there."""
        status = self.feed.status
        if self.request.narrow is None or not status.listed or status.found:
            return ""
        others = f"; {counted(status.others, 'pod')} of which nothing fails" if status.others else ""
        more = f"{others} {'is' if status.others == 1 else 'are'} there" if status.others else ""
        return f"What failed has gone{more}. One that takes its place will be followed.   a: all pods"

    def _before(self) -> tuple[str, ...]:
        """Say of the run before whether there was one; what keeps it from being read says nothing about that."""
        status = self.feed.status
        if not self.request.previous:
            return ()
        if status.unrestarted:
            return ("There is no run before.",)
        return ("The run before cannot be read:",) if status.problems else ()

    def _holes(self) -> str:
        """Say which of the lines that the filters let through now were not asked for."""
        sifted = self.feed.further.sifted
        if sifted is None or sifted.covers(self.current_filters, self.feed.ring.revealed):
            return self._begin_in_sight()
        return f"{self._sifted_words(sifted)}: o asks for the rest"

    def _begin_in_sight(self) -> str:
        """Say from where on all origins are here, where lines from before that are in sight."""
        feed, shown = self.feed, self.feed.shown
        latest = feed.further.latest_begin(self.current_filters)
        if latest is None or not len(shown):
            return ""
        origin, begin_ns = latest
        place = shown.place(feed.ring.place_of_time(begin_ns))
        # at the end the room counts that there is with this line and without it, so that it does not come and go
        in_sight = self.view.in_sight()
        top = len(shown) - self.size.height if self.view.following or not in_sight else shown.place(in_sight[0])
        if place <= max(0, top):
            return ""
        before = self._moment(begin_ns // 1_000_000)
        return f"before {before} lines of {feed.origins[origin].short} are missing: o asks for them"

    def _sifted_words(self, sifted: Sifted) -> str:
        """Say what is missing before a line."""
        if self.request.job:
            return f"before this {sifted.words}"
        return f"before {self._moment(sifted.before // 1_000_000)} {sifted.words}"

    def _moment(self, at_ms: int) -> str:
        """Return a moment, with its date where that is not today."""
        zone = self.setup.zone
        today = local(at_ms, zone, DAY) == local(self.app.now_ms, zone, DAY)
        return local(at_ms, zone, "%H:%M:%S" if today else "%d %b %Y %H:%M:%S")
