"""What the keys of the logs screen do to one log: where to look, which lines, what to see beside it."""

from typing import TYPE_CHECKING

import msgspec
from textual import on
from textual.containers import Horizontal

from collectors.log_lines import Origin
from screens.log_filter import Filters
from screens.log_pane import LogPane, Wish
from screens.log_taking import LogTaking

if TYPE_CHECKING:
    from screens.log_request import Doors, LogRequest


class LogDeeds(LogTaking):
    """The part of the logs screen that looks elsewhere."""

    request: "LogRequest"
    doors: "Doors"
    wish: Wish
    panes: list[LogPane]
    active_index = 0
    _picks = Filters(), Filters()
    """What was picked of the first log before there was another beside it, and with that."""

    # -- where to look ----------------------------------------------------------------------------------------------

    def action_follow(self) -> None:
        view = self.pane.view
        if view.following:
            view.pause()
            view.redraw()
        else:
            view.follow()
        self.draw_time()

    def action_next(self, step: int) -> None:
        pane = self.pane
        if pane.search is None:
            self.say("Nothing is searched for: / searches.")
            return
        self.say(pane.seek(pane.feed.shown.finder(pane.search), step, f"/{pane.search.words}"))
        self.hurry()

    def action_mark(self) -> None:
        view = self.pane.view
        view.pause()
        if view.cursor is not None:
            view.marked.symmetric_difference_update({view.cursor})
        self.draw_time()

    def action_to_mark(self) -> None:
        marked = self.pane.view.marked
        if not marked:
            self.say("No line is marked: m marks one.")
        else:
            self.say(self.pane.seek(marked.__contains__, -1, "a mark"))

    def action_jump(self) -> None:
        self.ask_moment("Go to the lines of", self.jump_to)

    def jump_to(self, at_ms: int) -> None:
        """Go to the lines of a moment; where they are not here, read the log from there on."""
        pane, at_ns = self.pane, at_ms * 1_000_000
        pane.set_in_order(at_ns)
        if pane.feed.further.holds(at_ns, pane.filters):
            pane.view.stand_on(pane.feed.ring.place_of_time(at_ns))
            pane.gone_to_ms = at_ms
        else:
            pane.reopen(at_ms=at_ms, since_s=None)
        self.draw_time()

    def action_older(self) -> None:
        self.pane.ask_older()

    @on(LogPane.OlderRead)
    def _older_read(self, message: LogPane.OlderRead) -> None:
        self.say(message.pane.take_older(message))
        self.hurry()

    # -- which lines ------------------------------------------------------------------------------------------------

    def set_filters(self, filters: Filters) -> None:
        self.pane.set_filters(filters)
        self.hurry()

    def action_only_bad(self) -> None:
        self.set_filters(msgspec.structs.replace(self.pane.filters, grave=not self.pane.filters.grave))

    def action_everything(self) -> None:
        self.set_filters(self.pane.filters.only())

    def action_widen(self) -> None:
        """Read the logs of all pods, or again only of what fails."""
        request = self.pane.request
        if request.failing is None:
            self.say("All pods that were chosen are here; nothing of them was left out for a failure.")
            return
        self.pane.reopen(widened=not request.widened)
        self.hurry()

    def action_drop(self, kind: str, index: int) -> None:
        """Take one filter away."""
        field = "includes" if kind == "include" else "excludes"
        kept = [each for at, each in enumerate(getattr(self.pane.filters, field)) if at != index]
        self.set_filters(msgspec.structs.replace(self.pane.filters, **{field: tuple(kept)}))

    def action_drop_last(self) -> None:
        self.set_filters(self.pane.filters.without_last())

    def action_containers(self) -> None:
        from screens.log_dialogs import container_choice

        pane = self.pane
        dialog, picked = container_choice(pane.feed.origins, pane.request, pane.filters)

        def chosen(index: int | None) -> None:
            if index is None:
                return
            choice = picked[index]
            if choice.filters is not None:
                pane.set_filters(choice.filters)
            elif choice.init is not None:
                pane.reopen(init=choice.init)
            self.hurry()

        self.app.push_screen(dialog, chosen)

    def action_since(self) -> None:
        from screens.log_dialogs import SINCE, since_choice

        pane = self.pane

        def chosen(index: int | None) -> None:
            if index is not None:
                pane.reopen(since_s=SINCE[index][1], at_ms=None)
                self.hurry()

        self.app.push_screen(since_choice(pane.request), chosen)

    def action_previous(self) -> None:
        pane = self.pane
        if not pane.request.previous and pane.only_resting:
            self.say("This is the run before already: the next one has not begun, and no older one is kept.")
            return
        pane.reopen(previous=not pane.request.previous, at_ms=None)
        self.hurry()

    def action_redact(self) -> None:
        self.pane.reveal(self.pane.request.redact)
        self.hurry()

    # -- side by side -----------------------------------------------------------------------------------------------

    def origin(self) -> Origin | None:
        """Return where the line under the cursor comes from, else the newest one, as far as that is picked."""
        line, origins = self.line(), self.pane.feed.origins
        picked = [each for each in origins if self.pane.filters.are_of(each)]
        here = origins[line.origin] if line is not None and line.origin < len(origins) else None
        return here if here in picked else next(iter(picked), None)

    def action_side(self) -> None:
        from screens.log_dialogs import side_choice

        if len(self.panes) > 1:
            self.alone()
            return
        origin, pane = self.origin(), self.pane
        if origin is None or origin.job:
            self.say("There is nothing to put beside it yet.")
            return
        single = [pane.feed.origins[index] for index in pane.feed.status.single if index < len(pane.feed.origins)]
        dialog, pairs = side_choice(pane.feed.origins, origin, pane.request, single)
        if not pairs:
            why = (
                "the next run has not begun, and no older one is kept" if pane.only_resting else "no other run is kept"
            )
            self.say(f"There is nothing to put beside it: {why}.")
            return

        def chosen(index: int | None) -> None:
            if index is not None:
                before, pair = pane.filters, pairs[index].narrowed(pane.feed.origins, pane.filters.container)
                pane.set_filters(before.only(pair.left, pair.container))
                self._picks = before, pane.filters
                self.beside(pair.right)

        self.app.push_screen(dialog, chosen)

    def beside(self, request: "LogRequest") -> None:
        """Show another log at the right."""
        pane = LogPane(self.setup, self.ink, request, self.doors, self.wish, index=1)
        pane.filters = self.pane.filters.only()
        self.panes.append(pane)
        for each in self.panes:
            each.titled = True
        self.query_one("#logs", Horizontal).mount(pane)
        pane.reopen()
        self.hurry()

    def alone(self) -> None:
        """Show the first log alone again, of it what was picked before."""
        pane = self.panes.pop()
        pane.close()
        pane.remove()
        self.active_index = 0
        self.panes[0].titled = False
        self.panes[0].view.focus()
        before, beside = self._picks
        if self.pane.filters.same_pick(beside):  # else the reader has picked anew
            self.set_filters(self.pane.filters.picked(before))

    def action_other(self) -> None:
        self.active_index = (self.panes.index(self.pane) + 1) % len(self.panes)
        self.panes[self.active_index].view.focus()

    def action_back(self) -> None:
        """Undo one thing: wide lines, the search, the second log; then go back."""
        pane = self.pane
        if self.wish.wide:
            self.action_wide()
        elif pane.search is not None:
            pane.search = None
            pane.redraw()
        elif len(self.panes) > 1:
            self.alone()
        else:
            self.dismiss(None)

    def action_wide(self) -> None:
        raise NotImplementedError
