"""The environments: which development namespaces are up, who made them, and which were left up."""

from collections.abc import Sequence
from functools import partial

from textual.binding import Binding

from screens.build_news import as_it_was, silence, unattributed_environments, unknown_environments
from screens.entries import Entry, EntryScreen, blank, heading, sentence
from screens.frame import Setup, filter_key
from screens.ink import Ink
from screens.pen import Pen
from screens.platform_lines import draw_environment, environment_title
from screens.strips import Line
from statusdesk.board import Board
from statusdesk.build_view import BuildKey
from statusdesk.job_names import sought_job
from statusdesk.states import TROUBLED, EnvironmentHours, EnvironmentState

HELP = """
**Environments** are development namespaces that Jenkins makes and destroys: those that are up, that are being made, and
that were made or destroyed by half. What is wrong comes first, then what has been up for longest.

`LAST 7 DAYS` are the hours that one was up within the last seven days, `AFTER HOURS` those of them outside of the
working day of the configuration; those of what is down now are counted below. `MADE BY` is who made it; who renewed it
last stands below it, where that is another. It ends with a build that destroys it, not with the job that made it.
`enter` opens the build that changed it last.
"""

PARTS = ("definitions",)
"""The parts of a Jenkins that are told here when they fail; older builds are by which environments are not sure."""
_HOW = {
    "HalfMade": "half made",
    "HalfDestroyed": "destroyed by half",
    "Making": "being made",
    "Destroying": "being destroyed",
}


class EnvironmentsScreen(EntryScreen):
    """Lists the environments that are up."""

    HELP = HELP
    BINDINGS = [
        Binding("enter", "open", "look", id="environments.open", tooltip="Open the build that made or changed it last"),
        Binding("b", "builds", "builds", id="environments.builds", tooltip="The builds for the selected environment"),
        Binding("exclamation_mark", "only_bad", "not well", id="environments.only_bad", tooltip="Only what is wrong"),
        filter_key("environments", "those"),
        Binding("T", "times", "times", id="environments.times", tooltip="Ages or times of day", show=False),
        Binding("escape", "back", "back", id="environments.back", tooltip="Show all; back to where you came from"),
        Binding("question_mark", "help", "help", id="environments.help", tooltip="This help"),
    ]

    def __init__(self, setup: Setup, ink: Ink, past: Board | None = None) -> None:
        super().__init__(setup, ink, past)
        self._shown: dict[str, EnvironmentState] = {}

    def where(self) -> tuple[str, ...]:
        return ("environments",)

    def column_titles(self, pen: Pen) -> Line | None:
        return environment_title(pen) if self._shown else None

    def entries(self, board: Board, pen: Pen) -> list[Entry]:
        """Return the environments, and what all of them come to."""
        words = self.lens.text.casefold().split()
        matching = [each for each in board.environments if all(word in _hay(each) for word in words)]
        shown = [each for each in matching if not self.lens.only_bad or each.level in TROUBLED]
        self._shown = {each.key: each for each in shown}
        entries = [Entry(partial(_drawn, each, board), each.key, height=0) for each in shown]
        news = silence(board, PARTS) + unattributed_environments(board, pen)
        unsure = [] if self.past is not None else unknown_environments(board)
        if not board.environments:
            hours = [] if unsure or not board.environment_hours else [blank(), heading("0 up", _week(board))]
            return [blank(), *map(sentence, [*news, *(unsure or ["No environment is up."])]), *hours]
        entries = [*map(sentence, news), *entries, *map(sentence, unsure)]
        if not shown:
            all_of = "the environment" if len(matching) == 1 else f"all of the {len(matching)} environments"
            hidden = f"Nothing is wrong with {all_of} here."
            hidden = hidden if matching else f"Nothing matches /{self.lens.text}"
            return [blank(), *map(sentence, (*news, hidden, *unsure))]
        left = sum(each.reason == "LeftUp" for each in board.environments)
        said = f"{left} still up after hours; {'last 7 days: not known' if unsure else _week(board)}"
        return [*entries, blank(), heading(_counts(board.environments), said)]

    def action_open(self) -> None:
        state = self._shown.get(self.list.cursor)
        if state is None:
            return
        job, number = (state.last_job, state.last_number) if state.last_number else (state.job, state.number)
        if not job or number is None:
            self.app.notify("No build that made it is known.", markup=False)
            return
        from screens.build_page import BuildScreen

        source = self._source(job)
        self.app.push_screen(BuildScreen(self.setup, self.ink, BuildKey(source, job, number), self.past))

    def _source(self, job: str) -> str:
        """Return the Jenkins that has a job."""
        platform = self.shown_board.platform if self.shown_board is not None else ()
        return next((each.source for each in platform if each.job == job), "jenkins")

    def action_builds(self) -> None:
        state = self._shown.get(self.list.cursor)
        if state is not None:
            from screens.build_rows import Scope
            from screens.builds import BuildsScreen

            self.app.push_screen(BuildsScreen(self.setup, self.ink, Scope(place=state.namespace), self.past))


def _drawn(state: EnvironmentState, board: Board, pen: Pen) -> list[Line]:
    return draw_environment(state, as_it_was(board, pen))


def _week(board: Board) -> str:
    """Say for how long environments were up in the last seven days, those that are down now too."""
    weeks: list[EnvironmentState | EnvironmentHours] = [*board.environments, *board.environment_hours]
    hours = sum(each.week_up_min for each in weeks) / 60
    after = sum(each.week_after_hours_min for each in weeks) / 60
    down = sum(each.namespaces for each in board.environment_hours)
    too = f", with {down} that {'are' if down > 1 else 'is'} down now" if down else ""
    return f"last 7 days: {hours:.0f} h up, {after:.0f} h of them after hours{too}"


def _counts(environments: Sequence[EnvironmentState]) -> str:
    """Say how many are up, and how many are not quite: ``2 up, 1 half made``."""
    how = [_HOW.get(each.reason, "up") for each in environments]
    return ", ".join(f"{how.count(words)} {words}" for words in dict.fromkeys(("up", *_HOW.values())) if words in how)


def _hay(state: EnvironmentState) -> str:
    people = f"{state.made_by} {state.renewed_by}"
    jobs = " ".join(map(sought_job, (state.job, state.renewed_job, state.last_job)))
    return f"{state.namespace} {state.cluster} {people} {state.reason} {state.message} {jobs}".casefold()
