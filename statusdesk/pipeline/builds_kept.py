"""Which builds of a (job, namespace) pair are kept in memory."""

from collections.abc import Callable

from statusdesk.facts import CONCLUSIVE, Build

KEPT_PER_PAIR = 30
LASTING_MS = 8 * 86_400_000  # beyond these, of the jobs whose builds count for as long as that: hours up of a week


def counts(build: Build) -> bool:
    """Tell whether a build says something about what was built, and stands."""
    return build.result in CONCLUSIVE and not (build.building or build.deleted)


def trim(known: list[Build], is_lasting: Callable[[tuple[str, str]], bool]) -> None:
    """Keep the newest, what runs, and what says something: the last success and the last conclusive one.

    ``is_lasting``: tells of which jobs (source, name) builds count for as long as it did something.
    """
    if len(known) <= KEPT_PER_PAIR:
        return
    kept = KEPT_PER_PAIR
    if is_lasting((known[0].source, known[0].job)):
        # with the last from before that time: what it did held on when it began
        since_ms = known[0].started_ms - LASTING_MS
        kept = max(kept, 1 + sum(build.started_ms >= since_ms for build in known))
    counting = list(filter(counts, known))
    success = next((build for build in counting if build.result == "SUCCESS"), None)
    conclusive = next(iter(counting), None)
    older = (conclusive, success, *(build for build in known if build.building))
    del known[kept:]
    known += [build for build in dict.fromkeys(older) if build is not None and build not in known]
