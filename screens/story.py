"""What happened to a rollout, in time order: periods, builds, events, ends of containers, tokens. Pure."""

from collections.abc import Iterable

import msgspec

from statusdesk.board import Mark
from statusdesk.facts import ContainerRole, Event
from statusdesk.job_names import shown_build
from statusdesk.marks import LEVEL_MARKS
from statusdesk.rollout_view import RolloutView
from statusdesk.states import TROUBLED, Level, RolloutState

BEFORE_MS = 15 * 60_000
FEWEST, MOST = 6, 60
RESULT_MARKS = {"SUCCESS": Mark.OK, "FAILURE": Mark.FAILING, "UNSTABLE": Mark.WARNING}
ECHOES = ("Error: ErrImagePull", "Error: ImagePullBackOff")
"""Messages of events that only repeat what another one has said; so does each BackOff."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the story. ``mark`` is what it made of the rollout; ``cause``: likely what all came from."""

    ms: int
    words: str
    mark: Mark | None = None
    cause: bool = False


def tell(view: RolloutView) -> list[Entry]:
    """Return the story of the newest revision, with a little of what was before, oldest first."""
    if view.reading is None:
        return []
    entries = [*_builds(view), *_periods(view), *_warnings(view), *_exits(view)]
    entries.sort(key=lambda entry: entry.ms)
    begun_ms = view.state.started_ms if view.state is not None else None
    first = 0
    if begun_ms is not None:
        first = sum(entry.ms < begun_ms - BEFORE_MS for entry in entries)
    first = max(0, min(first, len(entries) - FEWEST), len(entries) - MOST)
    told = [*_tokens(view), *entries[first:]]
    return _with_cause(sorted(told, key=lambda entry: entry.ms), view)


def tell_events(view: RolloutView) -> list[Entry]:
    """Return all that Kubernetes told, oldest first: normal events too."""
    events = view.reading.events if view.reading is not None else ()
    entries = [
        Entry(
            ms=event.first_ms or event.last_ms or 0,
            words=f"{event.reason}: {event.message}{_often(event.count)} {event.object_kind} {event.object_name}",
            mark=Mark.WARNING if event.type == "Warning" else None,
        )
        for event in events
    ]
    return sorted(entries, key=lambda entry: entry.ms)


def _periods(view: RolloutView) -> Iterable[Entry]:
    """Tell when the version changed and when the level did."""
    assert view.reading is not None
    before: RolloutState | None = None
    for period in view.reading.periods:
        begins = before is None or (before.version, before.revision) != (period.version, period.revision)
        said = period.message or period.reason
        if begins and period.version:
            was = f", it was {before.version}" if before is not None and before.version != period.version else ""
            revision = f", revision {period.revision}" if period.revision and len(period.revision) < 8 else ""
            said = f"{period.version}{revision}{was}" + (f": {said}" if period.level in TROUBLED and said else "")
        yield Entry(ms=period.since_ms, words=f"{period.level}: {said}" if said else period.level, mark=_mark(period))
        before = period
    if before is not None and before.until_ms is not None and view.gone:
        yield Entry(ms=before.until_ms, words="it has gone", mark=Mark.ABSENT)


def _mark(period: RolloutState) -> Mark:
    return LEVEL_MARKS[period.level]


def _builds(view: RolloutView) -> Iterable[Entry]:
    assert view.reading is not None
    begun_ms = view.state.started_ms or 0 if view.state is not None else 0
    for build in view.reading.builds:
        if build.started_ms < begun_ms - BEFORE_MS:
            continue
        name = f"build {shown_build(build.job, build.number)}"
        if build.building or not build.result:
            yield Entry(ms=build.started_ms, words=f"{name} runs{_by(build.cause)}", mark=Mark.PROGRESSING)
            continue
        version = f", {build.version}" if build.version else ""
        ended_ms = build.started_ms + build.duration_ms
        mark = RESULT_MARKS.get(build.result, Mark.ABSENT)
        yield Entry(ms=ended_ms, words=f"{name} {build.result}{version}{_by(build.cause)}", mark=mark)


def _by(cause: str) -> str:
    return f", {cause[:1].lower()}{cause[1:]}" if cause else ""


def _warnings(view: RolloutView) -> Iterable[Entry]:
    """Tell the warnings of Kubernetes; equal ones of several pods are one."""
    assert view.reading is not None
    alike: dict[tuple[str, str], list[Event]] = {}
    for event in view.reading.events:
        if event.type == "Warning" and event.reason != "BackOff" and event.message not in ECHOES:
            message = event.message.replace(event.object_name, "")
            alike.setdefault((event.reason, message), []).append(event)
    for (reason, _), events in alike.items():
        first = min(events, key=lambda event: event.first_ms or event.last_ms or 0)
        at_ms = first.first_ms or first.last_ms
        if at_ms is not None:
            often = _often(sum(max(1, event.count) for event in events))
            yield Entry(ms=at_ms, words=f"event {reason}: {first.message}{often}", mark=None)


def _often(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


def _exits(view: RolloutView) -> Iterable[Entry]:
    """Tell the last end of each container of the new revision: of equal ones of several pods the newest."""
    newest: dict[str, Entry] = {}
    for pod in view.pods:
        if not pod.new:
            continue
        for container in pod.containers:
            if container.last_exit_code is None or container.last_exit_code == 0 or not container.last_finished_ms:
                continue
            init = "" if container.role is ContainerRole.APP else f"{container.role} "
            reason = f" {container.last_reason}" if container.last_reason not in ("", "Error") else ""
            again = f", restarted {container.restarts} times" if container.restarts > 1 else ""
            words = f"{init}{container.name} exit {container.last_exit_code}{reason} in {pod.name}{again}"
            entry = Entry(ms=container.last_finished_ms, words=words, mark=None)
            if container.name not in newest or newest[container.name].ms < entry.ms:
                newest[container.name] = entry
    return newest.values()


def _tokens(view: RolloutView) -> Iterable[Entry]:
    """Tell of the token that explains the trouble, and of others that run out and are named like the app."""
    state = view.state
    if state is None or view.level not in TROUBLED:
        return
    if state.cause:
        seen_ms = state.cause_ms if state.cause_ms is not None else state.level_since_ms
        yield Entry(ms=seen_ms, words=state.cause, mark=Mark.FAILING, cause=True)
    for token in view.tokens:
        if state.cause_key == f"token:{token.key}":
            continue  # told already
        if token.name == view.app or view.app in token.name.split("-"):
            since_ms = token.level_since_ms
            if token.level is Level.FAILING:  # one that lives on, or was revoked early, has its end in the future
                since_ms = token.dead_ms or min(token.expire_ms or since_ms, since_ms)
            said = token.message or token.reason
            yield Entry(ms=since_ms, words=f"token '{token.name}': {said}", mark=LEVEL_MARKS[token.level])


def _with_cause(entries: list[Entry], view: RolloutView) -> list[Entry]:
    """Mark the likely cause: a dying token before it failed, else the first warning of Kubernetes.

    A collector that has just begun sees all that is bad at the same time, so a token is taken for the cause as well
    when it was seen a little later.
    """
    if view.state is None or view.level not in TROUBLED or view.gone or any(entry.cause for entry in entries):
        return entries
    bad_ms = view.state.level_since_ms
    tokens = [e for e in entries if e.words.startswith("token '") and e.ms <= bad_ms + BEFORE_MS]
    begun_ms = view.state.started_ms or 0
    warnings = [e for e in entries if e.words.startswith("event ") and begun_ms <= e.ms <= bad_ms + BEFORE_MS]
    causes = tokens or warnings
    if not causes:
        return entries
    cause = causes[-1] if tokens else causes[0]
    return [msgspec.structs.replace(e, cause=True) if e is cause else e for e in entries]
