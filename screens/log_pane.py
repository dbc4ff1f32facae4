"""One log in a screen: the line above it, what keeps it from coming, and its lines."""

from collections.abc import Callable
from functools import partial

import msgspec
from textual.app import ComposeResult
from textual.message import Message

from collectors.log_lines import LogFollower
from screens.frame import Setup
from screens.ink import Ink
from screens.log_aside import Aside
from screens.log_asking import Asking, Older, read_older
from screens.log_bar import LogBar, LogChips, LogNote
from screens.log_doors import in_background
from screens.log_feed import LogFeed
from screens.log_filter import Filters, Pattern
from screens.log_further import Placed, Sifted
from screens.log_lineview import LogLineView
from screens.log_names import Names, make_names
from screens.log_request import Doors, LogRequest
from screens.log_rows import How
from screens.log_telling import DAY, LogTelling
from statusdesk.expression import TooLongError
from statusdesk.redact import safe
from statusdesk.text import counted, local

TAKE_S, WORK_S = 0.010, 0.004
AROUND_MS = 1000
FLOOD_LINES = 200  # at one tick
MOST_ASKED = 3  # times in a row, where lines come meanwhile that would be asked for


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How the reader wants lines to look; the same for both logs of a screen."""

    times: str = "local"
    wrap: bool = False
    wide: bool = False
    raw: bool = False
    folded: bool = True


class LogPane(LogTelling):
    """Shows one log. ``tick`` takes what has come; nothing else brings lines into it."""

    DEFAULT_CSS = """
    LogPane { width: 1fr; height: 1fr; }
    LogPane LogLineView { height: 1fr; width: 1fr; overflow: hidden; }
    """

    class OlderRead(Message):
        """Lines from further back have been read, or could not be."""

        def __init__(
            self,
            pane: "LogPane",
            follower: LogFollower,
            asking: Asking,
            older: Older,
        ) -> None:
            super().__init__()
            self.pane, self.follower, self.asking, self.older = pane, follower, asking, older

    def __init__(self, setup: Setup, ink: Ink, request: LogRequest, doors: Doors, wish: Wish, *, index: int) -> None:
        super().__init__(id=f"log-pane-{index}")
        self.setup, self.ink, self.doors, self.wish = setup, ink, doors, wish
        self.filters = Filters()
        self.draft: Filters | None = None  # while a filter is typed
        self.search: Pattern | None = None
        self.busy = ""
        self.titled = False  # whether the bar names the log: where there are two
        self.feed = LogFeed(request, doors, setup.config.board.log_lines)
        self._aside = Aside(setup.config.board.log_lines)
        self._names = Names()
        self._new = 0
        self._paused_ns = self._asked_often = 0
        self._asked_at = (0, 0, 0)  # how often lines had been put among others, the first one, and the next
        self.gone_to_ms: int | None = None  # the moment that was gone to last, where its lines were here
        self._skipped_last = False
        how = How(ink=ink, ascii=setup.ascii, zone=setup.zone, width=0, names=self._names)
        self.bar = LogBar(ink, setup.ascii, id=f"log-bar-{index}")
        self.chips = LogChips(ink, setup.ascii, id=f"log-chips-{index}")
        self.note = LogNote(ink, setup.ascii, id=f"log-note-{index}")
        self.view = LogLineView(ink, setup.ascii, self.feed.ring, self.feed.shown, how, id=f"log-{index}")

    def compose(self) -> ComposeResult:
        yield self.bar
        yield self.chips
        yield self.note
        yield self.view

    @property
    def only_resting(self) -> bool:
        """Whether all that is read are runs after which no other has begun yet."""
        origins = range(len(self.feed.origins))
        return bool(origins) and self.feed.status.resting.issuperset(origins)

    # -- opening and closing ----------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to follow what is requested, on a thread: it may read credentials and import a client."""
        in_background(self.feed.open(self.app.now_ms).open)

    def reopen(self, **changes: object) -> None:
        """Follow something else; filters stay, and lines that it wants too and cannot have any more."""
        self._replace(msgspec.structs.replace(self.request, **changes))

    def reveal(self, secrets: bool) -> None:
        """Show what looks like secrets, or hide it: the lines are those that are here, and no source is asked."""
        filters = self.current_filters
        self.feed.reveal(secrets)
        if filters.patterns or filters.grave:
            self._filter_anew()
        else:
            self.redraw()

    def _replace(self, request: LogRequest) -> None:
        so_far = self.feed.status.so_far
        if request.failing is not None and so_far is not None:
            request = msgspec.structs.replace(request, failing=msgspec.structs.replace(request.failing, so_far=so_far))
        self.feed.close()
        self.feed.put_back()
        staying = self._aside.part(self.feed, request, self.app.now_ms)
        anything = staying if staying.lines or staying.aside else None
        self.feed = LogFeed(request, self.doors, self.setup.config.board.log_lines, anything)
        self._names, self.busy, self._new = Names(), "", 0
        self.gone_to_ms = None
        self.view.show(self.feed.ring, self.feed.shown)
        self.open()
        self._filter_anew()

    def close(self) -> None:
        """Stop following; returns at once."""
        self.feed.close()

    # -- the pace ---------------------------------------------------------------------------------------------------

    def tick(self) -> str:
        """Take what has come, look on through older lines, and show it; return what to say about a search.

        Bounded, so that no key waits long.
        """
        new = self.feed.take(TAKE_S)
        self._stand_as_before()
        self._count_new(new)
        if len(self._names.names) != len(self.feed.origins):
            self._names = make_names(self.feed.origins, self.ink)
        said = self._stand_aimed() or (self._seek_on() if self.feed.shown.complete else "")
        # In a flood nobody reads each picture, and a key waits less when there are half as many.
        self._skipped_last = self.view.following and new > FLOOD_LINES and not self._skipped_last
        if not self._skipped_last:
            self.redraw()
        return said

    def _stand_aimed(self) -> str:
        """Go to the line that was asked for, once it is here; return what to say where the moment itself is not."""
        place, request, ring = self.feed.aimed(), self.request, self.feed.ring
        self._stand_as_before()
        if place is None:
            return ""
        self.view.stand_on(place)
        first_ms = ring.at_ns(ring.first) // 1_000_000
        if request.at_ms is None or first_ms <= request.at_ms + AROUND_MS:
            return ""
        wanted, first = self._moment(request.at_ms), self._moment(first_ms)
        return f"No line is as early as {wanted}: the first one here is of {first}."

    def _stand_as_before(self) -> None:
        """Where lines have other numbers now, show them, and let the cursor stand on its line."""
        if (back := self.feed.came_back()) is None:
            return
        view, cursor, shown = self.view, self.view.cursor, self.feed.shown
        view.renumber(back.before, back.numbers)
        shown.opened = {number for each in shown.opened if (number := back.now_at(each)) is not None}
        self._look_anew()
        if not view.following and cursor is not None:
            place = back.now_at(cursor)
            view.stand_on(place if place is not None else self.feed.ring.first)

    def _count_new(self, came: int) -> None:
        """Count what has come since the view stands still; what still comes of what was there before is not new."""
        if self.view.following:
            self._new, self._paused_ns = 0, 0
            return
        shown, ring = self.feed.shown, self.feed.ring
        if not self._paused_ns:
            # when all is here that there was, clocks do not matter: what comes is new
            self._paused_ns = 1 if self.feed.caught_up else self.app.now_ms * 1_000_000
        places = range(max(0, len(shown) - came), len(shown))
        if self._paused_ns == 1:
            self._new += len(places)
            return
        times = (ring.at_ns(shown[place]) for place in places)
        self._new += sum(1 for at_ns in times if not at_ns or at_ns >= self._paused_ns)

    @property
    def working(self) -> bool:
        """Whether it looks through lines that are here."""
        return not self.feed.shown.complete or self.feed.seeking is not None

    def work(self) -> str:
        """Look on through the lines for a moment; return what to say about a search."""
        self.feed.shown.work(WORK_S)
        if not self.feed.shown.complete:
            return ""
        said = self._seek_on()
        self.redraw()
        return said

    @property
    def hurried(self) -> bool:
        """Whether there is something that the reader waits for."""
        return self.working or (not len(self.feed.ring) and not self.feed.status.ended)

    # -- what is shown ----------------------------------------------------------------------------------------------

    def redraw(self) -> None:
        """Show what there is to show; only what differs is painted."""
        self._in_time()
        self.view.set_how(self._how())
        self.view.notes = self._notes()
        self.view.redraw()
        self.note.show(self.feed.status, self._holes(), self._gone() if len(self.feed.ring) else "")
        self.bar.show(self._bar(), active=self.view.has_focus or not self.titled)
        self.chips.show(self.bar.below)

    def _how(self) -> How:
        wish, ring, zone, now_ms = self.wish, self.feed.ring, self.setup.zone, self.app.now_ms
        first_ns = ring[ring.first].at_ns if len(ring) else 0
        return How(
            ink=self.ink,
            ascii=self.setup.ascii,
            zone=zone,
            width=max(0, self.view.size.width - 1),
            names=self._names,
            times="off" if self.request.job else wish.times,  # lines of a console have no time
            dated=bool(first_ns) and local(first_ns // 1_000_000, zone, DAY) != local(now_ms, zone, DAY),
            now_ms=now_ms if wish.times == "age" else 0,
            wrap=wish.wrap,
            wide=wish.wide,
            left=0 if wish.wrap else self.view.how.left,
            raw=wish.raw,
            folded=wish.folded,
            redacted=self.request.redact,
            named=not (self.filters.pod and (self.filters.container or self._names.containers < 2)),
            others=(self.feed.status.pods or 0) > self._names.pods,
            search=self.search,
            includes=self.current_filters.includes,
        )

    def set_ink(self, ink: Ink) -> None:
        self.ink = ink
        self._names = make_names(self.feed.origins, ink)
        for widget in (self.bar, self.chips, self.note, self.view):
            widget.set_ink(ink)
        self.redraw()

    # -- filters ----------------------------------------------------------------------------------------------------

    def set_filters(self, filters: Filters, *, draft: bool = False) -> None:
        """Show only what these let through; a ``draft`` is one that is being typed."""
        before = self.current_filters
        self.draft = filters if draft else None
        if not draft:
            self.filters = filters
        if filters != before:
            self._filter_anew()
        elif self.is_attached:
            self.redraw()

    def set_wish(self, wish: Wish) -> None:
        """Show lines in another way."""
        folded, self.wish = wish.folded != self.wish.folded, wish
        if folded:
            self.feed.shown.opened.clear()
            self._filter_anew()
        self.redraw()

    def toggle_trace(self, number: int) -> bool:
        """Open or close the stack trace of a line; False when it has none."""
        ring, shown = self.feed.ring, self.feed.shown
        head = ring.head(number)
        if head not in ring.traces or not shown.folded:
            return False
        shown.opened.symmetric_difference_update({head})
        self.view.cursor = head
        self._filter_anew()
        return True

    def _filter_anew(self) -> None:
        """Begin to look through all lines; the newest come first, and what is in sight is there at once."""
        self._look_anew()
        if self.is_attached:
            self.redraw()

    def _look_anew(self) -> None:
        self.feed.seeking = None
        self.feed.shown.show(self.current_filters, folded=self.wish.folded)
        self.feed.shown.work(WORK_S / 2)

    def _in_time(self) -> None:
        """Put text in the place of what was found to take too long; the line above says so."""
        if self.search is not None and self.search.too_long:
            self.search = self.search.instead()
        before = self.current_filters
        self.filters = self.filters.in_time()
        if self.draft is not None:
            self.draft = self.draft.in_time()
        if self.current_filters is not before:
            self._look_anew()

    # -- looking for something --------------------------------------------------------------------------------------

    def seek(self, wanted: Callable[[int], object], step: int, what: str, *, here: bool = False) -> str:
        """Go to the next line that is wanted, upwards with ``step`` -1; ``here``: the one under the cursor counts."""
        cursor, shown = self.view.cursor, self.feed.shown
        place = len(shown) - 1 if cursor is None else shown.place(cursor) + (0 if here else step)
        self.feed.seek(wanted, step, what, place)
        return self._seek_on()

    def _seek_on(self) -> str:
        found = self.feed.seek_on(WORK_S)
        if found is not None and found.number is not None:
            self.view.stand_on(found.number)
        return found.words if found is not None else ""

    def ask_older(self) -> None:
        """Read lines from before the first one, those that the filters look for; on a thread."""
        if not self.busy:
            self._ask_older(1)

    def _ask_older(self, often: int) -> None:
        feed, follower = self.feed, self.feed.follower
        if follower is None:
            return
        self.view.pause()
        self.set_in_order()
        self.busy, self._asked_often = "asking further back", often
        self._asked_at = feed.placed, feed.ring.first, feed.ring.end
        asking = feed.further.asking(self.filters, self.app.now_ms * 1_000_000)
        in_background(partial(self._older_on_thread, follower, asking))

    def set_in_order(self, at_ns: int | None = None) -> None:
        """Put lines that came late in their places, before a place is looked for by its time."""
        self.feed.set_in_order(at_ns)
        self._stand_as_before()

    def _older_on_thread(self, follower: LogFollower, asking: Asking) -> None:
        try:
            older = read_older(follower, asking)
        except TooLongError:
            older = Older(problem="What the filters look for takes too long to look further back.")
        except Exception as error:  # whatever the network raises is told; the log that is here stays
            older = Older(problem=safe(str(error)) or type(error).__name__)
        self.post_message(self.OlderRead(self, follower, asking, older))

    def take_older(self, message: OlderRead) -> str:
        """Put older lines where they belong; return what to say about it."""
        if message.follower is not self.feed.follower:
            return ""
        self.busy = ""
        feed, asking, older = self.feed, message.asking, message.older
        how_often, first, end = self._asked_at
        if feed.placed != how_often or feed.ring.first != first or feed.came_since(end, asking):
            # some of it may be here by now, and some of what was here may have gone
            if self._asked_often >= MOST_ASKED:
                return "Lines come faster than older ones are read: o asks again."
            self._ask_older(self._asked_often + 1)
            return ""
        if not older.lines:
            if not older.problem and not asking.filters.any:
                self._put(asking, older)
            sought = " that the filters look for" if asking.filters.any else ""
            return older.problem or f"There is nothing further back{sought}."
        placed = self._put(asking, older)
        feed.shown.work(WORK_S)
        if placed.last is not None:
            self.view.stand_on(placed.last)
        said = f"{counted(placed.count, 'older line')}."
        said += f" No room for {placed.left:,} more." if placed.left else ""
        return f"{said} {older.problem}".rstrip()

    def _put(self, asking: Asking, older: Older) -> Placed:
        """Put what was asked for where it belongs; the marks stay on their lines."""
        told = self._sifted_words(Sifted(asking.latest, 0, asking.filters, asking.revealed))
        placed = self.feed.further.put(asking, older, told)
        self.feed.are_fetched(older.lines)
        if placed.renumbered_before is not None:
            self.view.renumber(placed.renumbered_before, placed.numbers)
        return placed
