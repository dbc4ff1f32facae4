"""What a Jenkins says of itself, in sentences: what of it gives no news, what waits, and for what. Pure."""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from screens.build_unread import unread_parts
from screens.pen import Pen
from statusdesk.board import Board, SourceView
from statusdesk.facts import JobClass, QueueItem
from statusdesk.job_names import shown_build, shown_job
from statusdesk.source_names import JENKINS
from statusdesk.states import Level
from statusdesk.text import MOST_NAMED, counted

_LACKS = {
    "builds": "What they built is not known.",
    "definitions": "Which jobs deploy, and where by default, is as it was when they were last read.",
    "executors": "What runs where now, and which nodes are offline, is not known.",
    "queue": "What waits now is not known.",
}
"""What is not known while a part of a Jenkins does not answer; all else is."""


def silence(board: Board, parts: Collection[str] = tuple(_LACKS)) -> list[str]:
    """Say so where a Jenkins gives no news: what stands below is then as it was; else what a part of it does not tell.

    A part is told by what is wrong with it and what is not known therefore: the rest of the rows is as it is now.
    ``parts``: those that matter here, of the ones that have words for this.
    """
    views = [view for view in board.sources if view.state.source.startswith(JENKINS) and view.level is not Level.OK]
    silent = {view.state.source for view in views if not view.state.scope}
    said = []
    for view in views:
        source, scope, words = view.state.source, view.state.scope, (view.words or view.state.reason).rstrip(".")
        if not scope:
            said.append(f"No news from {source}: {words}. What stands here is as it was then.")
        elif source not in silent and (scope in parts or scope not in _LACKS):
            said.append(f"{source} {scope}: {words}. {_LACKS.get(scope, '')}".rstrip())
    return said


def as_it_was(board: Board, pen: Pen) -> Pen:
    """Return a pen as of when Jenkins was heard, where it gives no news: nothing grows worse while nobody tells."""
    heard_ms = min((at_ms for at_ms in map(_silent_since, board.sources) if at_ms is not None), default=None)
    return pen if heard_ms is None else replace(pen, now_ms=min(pen.now_ms, heard_ms))


def _silent_since(view: SourceView) -> int | None:
    is_jenkins = view.state.source.startswith(JENKINS) and not view.state.scope
    return view.state.last_ok_ms if is_jenkins and view.level is not Level.OK else None


def unknown_environments(board: Board) -> list[str]:
    """Say so where it cannot be known which environments are up: jobs, or what they built, are not read."""
    begin = "This is not sure" if board.environments else "Which environments are up is not known"
    if not board.jobs:
        begin = begin if board.environments else f"{begin} yet"
        return [f"{begin}: Jenkins has shown no job."] if _has_jenkins(board) else []
    if not board.incomplete_jobs:
        return []
    makers = [job for job in board.unread.values() if job.name in board.incomplete_jobs]
    if not board.environments and not all(job.is_read for job in makers):
        begin = f"{begin} yet"
    what = f"{begin}: {'; '.join(unread_parts(makers))}"
    faults = [
        view.state.message for view in board.sources if view.state.key == f"{JENKINS}#builds" and view.state.message
    ]
    return [f"{what}: {faults[0]}" if faults else f"{what}."]


def unattributed_environments(board: Board, pen: Pen) -> list[str]:
    """Name the jobs that make or destroy environments with builds for no namespace: what these did is not in a row."""
    rows = [row for row in board.builds if row.key in board.unattributed and row.job_class == JobClass.ENVIRONMENT]
    said = []
    for row in rows:
        number, at_ms = (row.other_number, row.other_started_ms) if row.number is None else (row.number, row.started_ms)
        when = f" {pen.since(at_ms)}" if at_ms else ""
        said.append(f"{shown_build(row.job, number)} ran{when} for no namespace that is known")
    if len(said) > MOST_NAMED:
        said[MOST_NAMED - 1 :] = [f"{counted(len(said) - MOST_NAMED + 1, 'more job')} did so"]
    those = "they" if len(rows) > 1 else "it"
    if not said:
        return []
    return [f"{', '.join(said)}: what {those} made or destroyed is not told here; u among the builds counts them"]


def _has_jenkins(board: Board) -> bool:
    return any(view.state.source.startswith(JENKINS) for view in board.sources)


def waiting(board: Board, queue: Sequence[QueueItem], pen: Pen) -> list[str]:
    """Return what waits for which reason, and how many executors there are for it."""
    words = []
    for item in queue:
        stuck = "stuck: " if item.stuck else ""
        where = f" for {item.namespace}" if item.namespace else ""
        since = f" {pen.since(item.since_ms)}" if item.since_ms else ""
        words.append(f"{shown_job(item.job)}{where}{since}   {stuck}{item.why}")
    for each in board.executors:
        offline = f"; offline: {', '.join(each.offline)}" if each.offline else ""
        closing = "; it prepares for shutdown" if each.quieting_down else ""
        if offline or closing or words:
            words.append(f"{each.source}: {each.busy} of {counted(each.total, 'executor')} busy{offline}{closing}")
    return words
