"""What is not said as a fact while builds of jobs are not read, or cannot be, and how that is told. Pure."""

from collections.abc import Collection, Sequence

from screens.build_rows import Scope
from statusdesk.board import Board
from statusdesk.facts import Job, JobClass
from statusdesk.job_names import shown_build, shown_job
from statusdesk.states import BuildState
from statusdesk.text import few

_PLATFORM = (JobClass.SEED, JobClass.RENEWAL)
AS_READ = "as far as is read"
Key = tuple[str, str]


def unread_in(board: Board, scope: Scope) -> list[Job]:
    """Return the jobs with builds that are not read and may have been for what is shown."""
    if not board.unread:
        return []
    if scope.job:
        return [job for job in board.unread.values() if job.name == scope.job]
    unread = [job for job in board.unread.values() if job.job_class not in _PLATFORM]
    if scope.app:
        keys = {(build.source, build.job) for row in board.rows if row.app == scope.app for build in row.builds}
        return [job for job in unread if job.key in keys] if keys else unread
    return unread


def unread_words(jobs: Collection[Job]) -> list[str]:
    """Say of which jobs newer or older builds are not read; of one that is read no further, how far it was.

    A single build that cannot be read is named: all others are.
    """
    newer = sorted((job for job in jobs if job.gap_after is not None), key=lambda job: job.key)
    said = []
    if newer:
        others = f", and newer ones of {len(newer) - 1:,} more" if len(newer) > 1 else ""
        said = [
            f"Builds of {shown_job(newer[0].name)} after #{newer[0].gap_after}{others} are not read yet: "
            "what stands here may be over."
        ]
    hidden = sorted((job for job in jobs if job.unreadable), key=lambda job: job.key)
    if hidden:
        said.append(f"{unreadable_words(hidden)}: where no newer build has ended, what stands here may be over.")
    return said + _older_words([job for job in jobs if not job.complete])


def unread_parts(jobs: Collection[Job]) -> list[str]:
    """Say of which jobs builds are not read, or cannot be, each kind in a part of a sentence: what will be comes first.

    Where those after another one are not read it says so of its builds, whatever of the older ones is.
    """
    ordered = sorted(jobs, key=lambda job: job.key)
    newer = [job for job in ordered if job.gap_after is not None]
    older = [job for job in ordered if job.gap_after is None and not job.is_read_back]
    parts = [
        f"{which} of {few([shown_job(job.name) for job in some], 1)} are not read yet"
        for which, some in (("builds", newer), ("the older builds", older))
        if some
    ]
    if newest := [job for job in ordered if job.has_only_newest]:
        names = few([shown_job(job.name) for job in newest], 1)
        parts.append(f"only the newest {newest[0].read_builds:,} builds of {names} are read")
    hidden = [job for job in ordered if job.unreadable]
    return [*parts, unreadable_words(hidden)] if hidden else parts


def unreadable_words(jobs: Sequence[Job]) -> str:
    """Name the newest build that cannot be read of the first job, and say how many more there are."""
    more = sum(len(job.unreadable) for job in jobs) - 1
    others = f" and {more:,} more" if more else ""
    return f"{shown_build(jobs[0].name, max(jobs[0].unreadable))}{others} cannot be read"


def _older_words(jobs: Collection[Job]) -> list[str]:
    if not jobs:
        return []
    ordered = sorted(jobs, key=lambda job: (job.is_read_back, job.key))
    first, more = ordered[0], len(ordered) - 1
    many = f" and {more:,} more" if more else ""
    if first.is_read_back:
        newest = f"only the newest {first.read_builds:,} builds are read"
        further = f"no builds {f'before #{first.read_from}' if first.read_from else 'further back'} are read"
        what = newest if first.has_only_newest else further  # those in a gap are not read either
        return [f"Of {shown_job(first.name)}{many} {what}: what older ones did is not known."]
    return [f"The older builds of {shown_job(first.name)}{many} are not read yet: what only they tell is missing."]


def in_doubt(name: str, unread: Sequence[Job], builds: Sequence[BuildState], *, by_job: bool) -> bool:
    """Tell whether a group may have lost something to builds that are not read.

    Of a job these may have been for namespaces that no newer one was for; in a namespace older ones matter where a job
    has no newer one that came to a result, and those in a gap wherever they may have been for. A single one that cannot
    be read matters to what its job has done in a group, where nothing newer came to a result. A job that has named no
    namespace in as many builds as are read of it is not one that deploys.
    """
    hidden = [job for job in unread if job.unreadable and (job.name == name or not by_job)]
    if hidden:
        mine = [row for row in builds if (row.job if by_job else row.namespace) == name]
        if any(_may_be_over(job, mine) for job in hidden):
            return True
    unread = [job for job in unread if job.gap_after is not None or not job.complete]
    if by_job:
        return any(job.name == name for job in unread)
    if not unread:
        return False
    known = {(row.source, row.job) for row in builds if row.namespace == name and row.number is not None}
    doubtful = [job for job in unread if job.gap_after is not None or job.key not in known]
    if not doubtful:
        return False
    seen = {(row.source, row.job) for row in builds}
    named = {(row.source, row.job) for row in builds if row.namespace}
    return any(_may_name(job, seen, named) for job in doubtful)


def _may_be_over(job: Job, rows: Sequence[BuildState]) -> bool:
    """Tell whether a build that cannot be read may be newer than what one of these rows says of its job."""
    return any(max(job.unreadable) > (row.number or 0) for row in rows if (row.source, row.job) == job.key)


def _may_name(job: Job, seen: Collection[Key], named: Collection[Key]) -> bool:
    """Tell whether builds of a job that are not read may have been for a namespace.

    Not where none was of those that are, and these are as many as will be read of the older ones.
    """
    return job.key in named or job.key not in seen or not job.is_read_back


def never_well(job: Job | None) -> str:
    """Say that no build of a job succeeded for a namespace, as far as that is known; ``job``: it is not read whole."""
    if job is None:
        return "no success here is known"
    return (
        f"no success here in the newest {job.read_builds:,} builds"
        if job.has_only_newest
        else f"no success here {AS_READ}"
    )
