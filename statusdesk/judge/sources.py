"""Sources: whether a Jenkins, a cluster or a Vault answers, and since when it does not."""

import msgspec

from statusdesk.facts import Visited
from statusdesk.judge.jobs import Doubt, sentence
from statusdesk.states import NO_ACCESS, Level, SourceState, source_key

SKEWED = "SkewedClock"
_SENTENCES = {
    "Unreachable": "it cannot be reached",
    "Timeout": "it does not answer in time",
    "Unauthorized": "it does not know us: the token or password is wrong or has expired",
    "Forbidden": "it knows us and refuses: rights are missing",
    "ServerError": "it answers with an error of its own",
    "RateLimited": "it asks for fewer requests",
    "NotJson": "it answers with something that is not its API",
    "Sealed": "it is sealed",
    "Empty": "it shows us nothing at all: rights are missing, or everything is gone",
    "Gone": "what was there has gone",
    "Misconfigured": "the settings for it are wrong",
    NO_ACCESS: "we may not read it",
}


def judge_source(
    visited: Visited, before: SourceState | None, doubt: Doubt | None = None, *, read_ms: int | None = None
) -> SourceState:
    """Judge a visit; when it failed, the last good one stays known.

    A scope that we may not read is unknown, not failing: nothing is broken, and nothing may be called well. A source
    that shows nothing (``Empty``) or lets us read nothing at all is failing: it would look the same as all well.
    ``doubt`` is about what was shown. ``read_ms`` is until when a scope was read with the whole of its source: what is
    refused from now on is as old as that.
    """
    if visited.ok and not visited.scope and doubt is not None:
        visited = msgspec.structs.replace(visited, ok=False, problem="Empty", message=sentence(doubt, visited.who))
    level = Level.OK
    reason, message = "Live" if visited.live else "Answers", visited.message
    if not visited.ok:
        level = Level.UNKNOWN if visited.problem == NO_ACCESS and visited.scope else Level.FAILING
        if visited.problem == SKEWED:  # what it tells is corrected for
            level = Level.WARNING
        reason = visited.problem or "Unreachable"
        message = visited.message or _SENTENCES.get(reason, "it does not answer as it should")
    last_ok_ms = before.last_ok_ms if before is not None else None
    if read_ms is not None and _was_well(before):
        last_ok_ms = max(read_ms, last_ok_ms or 0)
    detail = visited.detail or (before.detail if before is not None else "")
    return SourceState(
        key=source_key(visited.source, visited.scope),
        source=visited.source,
        scope=visited.scope,
        level=level,
        reason=reason,
        message=message,
        detail=detail,
        last_ok_ms=max(visited.at_ms, last_ok_ms or 0) if visited.ok else last_ok_ms,
        heard_ms=_heard_ms(visited, before.heard_ms if before is not None else None),
        last_try_ms=max(visited.at_ms, before.last_try_ms or 0) if before is not None else visited.at_ms,
        next_try_ms=visited.next_try_ms,
        took_ms=visited.took_ms,
        live=visited.live and visited.ok,
    )


def _heard_ms(visited: Visited, before_ms: int | None) -> int | None:
    """Return until when all has been told; a visit that failed told nothing."""
    if not visited.ok:
        return before_ms
    return max(visited.at_ms if visited.heard_ms is None else visited.heard_ms, before_ms or 0)


def _was_well(before: SourceState | None) -> bool:
    """Whether nothing was wrong until now: a scope is told by itself only when something is."""
    return before is None or before.until_ms is not None or before.level is Level.OK
