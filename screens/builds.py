"""The builds: what Jenkins really did for each namespace, what runs now, and the jobs that others rely on."""

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
from textual.binding import Binding
from textual.message import Message

from screens.build_lines import BuildColumns, draw_build, draw_running, draw_titles, height_of, share_out
from screens.build_news import as_it_was, silence, waiting
from screens.build_rows import Chosen, Group, Scope, choose
from screens.build_unread import AS_READ, in_doubt, unread_in, unread_words
from screens.entries import Entry, EntryScreen, blank, heading, sentence
from screens.frame import Setup, filter_key
from screens.ink import Ink
from screens.pen import Pen
from screens.platform_lines import draw_platform, platform_title
from screens.strips import Line
from statusdesk.board import Board
from statusdesk.build_view import BuildKey, Pair, UnattributedJob, pair_of
from statusdesk.facts import Build, Job, QueueItem
from statusdesk.job_names import shown_job, sought_job
from statusdesk.states import TROUBLED, BuildState, PlatformState
from statusdesk.text import counted, stamp

HELP = """
**Builds** are told per job and namespace: the colour of a Jenkins job is that of its newest build for *any* namespace.
`RESULT` is that of the newest build that came to a result; an aborted one says nothing about the version.

What runs stands on top, with how far it is by how long the last ones took that succeeded. `USUAL` is the median of
these; a build that took much longer says how many times as long. The strip has one sign for each of the last builds,
the newest at the right: low is well, half is unstable, full has failed, a bar in the middle runs, a dot was aborted.
One that is dim and half as wide was deleted in Jenkins since: it is history, and nothing is judged by it.

**Platform** are the jobs that others rely on: seeds make the jobs, renewals keep tokens alive, others make and destroy
environments. Each says what its silence means. One that is run for namespaces is judged for each: the line is that of
the worst, and what failed is listed in its namespace too. `EVERY` with a `<` is the longest that usually lies between
two runs of a timer that is not even. Builds without a namespace are counted at the end; `u` lists them.
"""


class BuildsScreen(EntryScreen):
    """Lists builds by namespace or by job; reads the strips of those in sight on a thread."""

    HELP = HELP
    BINDINGS = [
        Binding("enter", "open", "look", id="builds.open", tooltip="Open the selected build"),
        Binding("l", "console", "console", id="builds.console", tooltip="The console log of the selected build"),
        Binding("v", "by_job", "by job", id="builds.by_job", tooltip="By namespace, or by job"),
        Binding("exclamation_mark", "only_bad", "failing", id="builds.only_bad", tooltip="Only what failed"),
        filter_key("builds", "builds"),
        Binding("a", "all", "all", id="builds.all", tooltip="The builds of all applications and namespaces"),
        Binding("u", "unattributed", "unknown", id="builds.unattributed", tooltip="Only those without a namespace"),
        Binding("y", "copy", "copy", id="builds.copy", tooltip="Copy and show the link of the selected build"),
        Binding("T", "times", "times", id="builds.times", tooltip="Ages or times of day", show=False),
        Binding("escape", "back", "back", id="builds.back", tooltip="Show all; back to where you came from"),
        Binding("question_mark", "help", "help", id="builds.help", tooltip="This help"),
    ]

    class Read(Message):
        """The last builds of some pairs have been read, or could not be."""

        def __init__(
            self, histories: Mapping[Pair, Sequence[Build]], jobs: Sequence[UnattributedJob], problem: str = ""
        ) -> None:
            super().__init__()
            self.histories, self.jobs, self.problem = histories, jobs, problem

    def __init__(self, setup: Setup, ink: Ink, scope: Scope, past: Board | None = None, *, begin: str = "") -> None:
        """``begin``: the stage or namespace on whose first build the cursor is put."""
        super().__init__(setup, ink, past)
        self.scope = scope
        self._stages = {stage.name: stage.namespaces for stage in setup.config.stages}
        self._keys: dict[str, BuildKey] = {}
        self._urls: dict[str, str] = {}
        self._states: dict[str, BuildState] = {}
        self._histories: dict[Pair, tuple[Build, ...]] = {}
        self._read_for: dict[Pair, int] = {}
        self._unattributed: dict[tuple[str, str], UnattributedJob] = {}
        self._reading = False
        self._unread: Sequence[Job] = ()
        self._begin = begin

    def where(self) -> tuple[str, ...]:
        return self.scope.words

    # -- what is shown ------------------------------------------------------------------------------------------

    def entries(self, board: Board, pen: Pen) -> list[Entry]:
        """Return what runs, the platform, then the groups."""
        chosen = choose(board, self.scope, self.lens, self._stages)
        if self._begin:
            self.list.cursor = self._first_of(chosen, self._begin)
            self._begin = ""
        self._keys, self._urls, self._states = {}, {}, {}
        self._unread = unread_in(board, self.scope)
        entries = [sentence(words) for words in (*silence(board), *unread_words(self._unread))]
        said = len(entries)
        entries += self._going_on(chosen, pen) + self._platform(chosen, board) + self._waiting(board)
        groups = list(self._groups(chosen, board, pen))
        if not groups and (not entries or (self._unread and len(entries) == said)):
            entries += [blank(), sentence(self._nothing(chosen))]
        entries += groups
        if chosen.filtered:
            entries += [blank(), sentence(f"{chosen.filtered} more, filtered out    esc shows all")]
        return entries

    def _first_of(self, chosen: Chosen, place: str) -> str:
        names = self._stages.get(place) or (place,)
        rows = (row for group in chosen.groups for row in group.rows if row.namespace in names)
        return next((row.key for row in rows), "")

    def _going_on(self, chosen: Chosen, pen: Pen) -> list[Entry]:
        entries = []
        for state, run in chosen.running:
            key = self._note(f"run:{state.key}#{run.number}", state, run.number, run.url)
            entries.append(Entry(partial(draw_running, state, run), key))
        return [heading("RUNNING", f"{len(entries)} now"), *entries, blank()] if entries else []

    def _platform(self, chosen: Chosen, board: Board) -> list[Entry]:
        entries: list[Entry] = []
        before = ""
        for state in chosen.platform:
            key = f"platform:{state.key}"
            number = state.number if state.number is not None else state.running_number
            if number is not None:
                self._keys[key] = BuildKey(state.source, state.job, number)
            self._urls[key] = state.url
            told = state.job_class == before
            entries.append(Entry(partial(_drawn, state, told, board), key, height=0))
            before = state.job_class if state.level not in TROUBLED else ""
        if not entries:
            return []
        bad = sum(state.level in TROUBLED for state in chosen.platform)
        said = f"{bad} of {chosen.platform_jobs} not well" if bad else "all as they should be"
        title = Entry(lambda pen: [platform_title(pen)])
        return [heading("PLATFORM", said, good=not bad), title, *entries, blank()]

    def _waiting(self, board: Board) -> list[Entry]:
        """Say what waits for an executor, and why; nothing when nothing does."""
        if self.scope.app or self.scope.job or self.scope.unattributed or self.scope.place:
            return []
        words = self.lens.text.casefold().split()
        queue = [item for item in board.queue if all(word in _hay(item) for word in words)]
        entries = (
            [sentence(text) for text in waiting(board, queue, as_it_was(board, self.pen()))]
            if queue or not words
            else []
        )
        return [heading("WAITING", f"{len(queue)} in the queue"), *entries, blank()] if entries else []

    def _groups(self, chosen: Chosen, board: Board, pen: Pen) -> list[Entry]:
        rows = [row for group in chosen.groups for row in group.rows]
        by_job = self.scope.by_job or bool(self.scope.job)
        columns = share_out(rows, by_job, pen.width)
        entries: list[Entry] = []
        for group in chosen.groups:
            doubt = in_doubt(group.name, self._unread, board.builds, by_job=by_job)
            words, good = self._group_words(group, pen, doubt=doubt)
            title = shown_job(group.name) if group.name or by_job else "without a namespace"
            entries.append(heading(title, words, good))
            if group.rows and not any(entry.key for entry in entries):
                entries.append(Entry(lambda pen: [draw_titles(columns, pen)]))
            for state in group.rows:
                number = state.number if state.number is not None else state.other_number
                key = self._note(state.key, state, number, state.url)
                unread = board.unread.get((state.source, state.job))
                entries.append(Entry(partial(self._draw_build, state, columns, unread), key, height_of(state)))
                entries += self._counted(state)
            entries.append(blank())
        return entries

    def _draw_build(self, state: BuildState, columns: BuildColumns, unread: Job | None, pen: Pen) -> list[Line]:
        return draw_build(state, columns, self._histories.get(pair_of(state)), pen, unread)

    def _counted(self, state: BuildState) -> list[Entry]:
        """Say how many builds of a job could not be attributed, where these are listed."""
        found = self._unattributed.get((state.source, state.job))
        if not self.scope.unattributed or state.namespace or found is None:
            return []
        return [sentence(f"  {counted(found.builds, 'build')} without a namespace, the newest #{found.newest}")]

    def _group_words(self, group: Group, pen: Pen, *, doubt: bool) -> tuple[str, bool]:
        """Say how a group is: what is bad is counted, and that all is well is said in words, with since when.

        ``doubt``: builds that are not read may tell otherwise.
        """
        noun = "namespace" if self.scope.by_job or self.scope.job else "job"
        where = f" in {group.name}" if group.name and noun == "job" else ""
        jobs = counted(group.count, noun)
        if not group.name and noun == "job":
            more = "" if self.scope.unattributed else "; u counts them"
            return f"builds of {jobs} that could not be attributed{more}", False
        silent = f", {group.silent} without a result" if group.silent else ""
        if group.bad:
            hidden = f"    {group.hidden} more, well" if group.hidden else ""
            return f"{group.bad} of {jobs} not green{silent}{hidden}", False
        if group.green_ms is None and group.history:
            gone = "made or destroyed" if any(row.reason == "Made" for row in group.rows) else "destroyed"
            return f"builds of {counted(group.history, noun)} from before the environment was {gone}{silent}", False
        if group.green_ms is None:
            return f"no result {AS_READ if doubt else 'yet'} of {jobs}", False
        if doubt:
            return f"green{where} {AS_READ}{silent}", False
        return f"all green{where} since {stamp(group.green_ms, self.zone, pen.now_ms)}{silent}", True

    def _nothing(self, chosen: Chosen) -> str:
        if chosen.filtered:
            return f"Nothing matches /{self.lens.text}"
        if self.scope.unattributed and self.shown_board is not None and self.shown_board.builds:
            return "Every build of a job that deploys could be attributed to a namespace."
        narrow = self.scope.app or self.scope.place or shown_job(self.scope.job)
        if self._unread:
            return f"No build{f' of {narrow}' if narrow else ''} is among those that are read."
        return f"No build of {narrow} is known." if narrow else "No build is known."

    def _note(self, key: str, state: BuildState, number: int | None, url: str) -> str:
        """Remember what the cursor stands for at a key."""
        self._states[key], self._urls[key] = state, url
        if number is not None:
            self._keys[key] = BuildKey(state.source, state.job, number)
        return key

    # -- reading ------------------------------------------------------------------------------------------------

    def read_more(self) -> None:
        """Read the strips of the builds in sight that have changed since they were read."""
        if self._reading:
            return
        states = [self._states[key] for key in self.list.keys_in_sight() if key in self._states]
        due = {pair_of(state): state.change for state in states if self._read_for.get(pair_of(state)) != state.change}
        if due:
            self._reading = True
            self._read_for |= due
            self.run_worker(partial(self._read, tuple(due)), thread=True, group="builds", exit_on_error=False)

    def _read(self, pairs: Sequence[Pair]) -> None:
        """Ask the feed; runs on a thread."""
        histories, problem = self.asked(lambda: self.feed.histories(pairs, self.past_ms))
        jobs = None
        if not problem and self.scope.unattributed:
            jobs, problem = self.asked(self.feed.unattributed)
        self.post_message(self.Read(histories if histories and not problem else {}, jobs or (), problem))

    def on_builds_screen_read(self, message: Read) -> None:
        self._reading = False
        self._histories |= {pair: tuple(builds) for pair, builds in message.histories.items()}
        self._unattributed |= {(each.source, each.job): each for each in message.jobs}
        if message.problem:
            self._read_for.clear()
        if message.problem != self.problem or message.jobs:
            self.problem = message.problem
            self.draw_again()
        else:
            self.list.tick(self.pen())
            if not message.problem:
                self.read_more()

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        key = self._keys.get(self.list.cursor)
        if key is None:
            self.app.notify("No build of it is known.", markup=False)
            return
        from screens.build_page import BuildScreen

        self.app.push_screen(BuildScreen(self.setup, self.ink, key, self.past))

    def action_console(self) -> None:
        from screens.build_page import open_console

        key = self._keys.get(self.list.cursor)
        if key is not None:
            open_console(self.app, key)

    def action_copy(self) -> None:
        url = self._urls.get(self.list.cursor, "")
        if url:
            self.app.copy(str(self._keys.get(self.list.cursor, "the job")), url)

    def action_by_job(self) -> None:
        self.look_at(msgspec.structs.replace(self.scope, by_job=not self.scope.by_job))

    def action_all(self) -> None:
        self.look_at(Scope(by_job=self.scope.by_job))

    def action_unattributed(self) -> None:
        self.look_at(Scope(unattributed=not self.scope.unattributed))

    def look_at(self, scope: Scope) -> None:
        """Show other builds in place of these."""
        self.scope = scope
        self._read_for.clear()
        self.show_lines(self.shown_board)
        self.draw_again()


def _hay(item: QueueItem) -> str:
    return f"{sought_job(item.job)} {item.namespace}".casefold()


def _drawn(state: PlatformState, told: bool, board: Board, pen: Pen) -> list[Line]:
    whole = (state.source, state.job) not in board.unread
    return draw_platform(state, told, as_it_was(board, pen), whole=whole)
