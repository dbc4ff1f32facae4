"""What a console reads about builds and tokens: each answer is a few seeks in an index."""

from collections.abc import Iterable

from statusdesk.build_view import HISTORY, BuildKey, BuildReading, Pair, UnattributedJob
from statusdesk.facts import Build
from statusdesk.states import Grant
from statusdesk.store.reader import Reader

PAST_BUILDS = 400  # as many newer ones than those of a past moment may have come since
MAX_JOB_EVENTS = 500
MAX_GRANTS = 40


def read_histories(reader: Reader, pairs: Iterable[Pair], until_ms: int | None) -> dict[Pair, tuple[Build, ...]]:
    """Return the last builds of each pair that had begun by a moment, newest first."""
    return {pair: _history(reader, pair, until_ms) for pair in pairs}


def _history(reader: Reader, pair: Pair, until_ms: int | None) -> tuple[Build, ...]:
    source, job, namespace = pair
    if until_ms is None:
        return tuple(reader.builds(job, namespace, HISTORY, source))
    builds = reader.builds(job, namespace, PAST_BUILDS, source)
    return tuple(build for build in builds if build.started_ms <= until_ms)[:HISTORY]


def read_build(reader: Reader, key: BuildKey, until_ms: int | None) -> BuildReading:
    """Return what the store holds about one build."""
    build = reader.build(key.source, key.job, key.number)
    namespace = (build.namespace or "") if build is not None else ""
    history = _history(reader, (key.source, key.job, namespace), until_ms)
    since_ms = build.started_ms if build is not None else None
    events = reader.job_events(since_ms, MAX_JOB_EVENTS) if since_ms is not None else []
    return BuildReading(
        build=build,
        details=reader.build_details(key.source, key.job, key.number),
        history=history,
        job_events=tuple(
            event
            for event in events
            if (event.source, event.seed_job, event.seed_number) == (key.source, key.job, key.number)
        ),
    )


def read_unattributed(reader: Reader) -> tuple[UnattributedJob, ...]:
    """Return the jobs with builds that could not be attributed, those with the most first."""
    return tuple(UnattributedJob(each.source, each.job, each.builds, each.newest) for each in reader.unattributed())


def read_grants(reader: Reader, token_key: str, until_ms: int | None) -> tuple[Grant, ...]:
    """Return the last grants of the newest token of a name, newest first."""
    grants = reader.grants(token_key, MAX_GRANTS)
    shown = [grant for grant in grants if until_ms is None or grant.renewed_ms <= until_ms]
    return tuple(grant for grant in shown if grant.issue_ms == shown[0].issue_ms)
