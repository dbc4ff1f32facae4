"""Asks the sources of a log again: for lines before those that were read, and for the whole of a line that was cut."""

import datetime
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from urllib.parse import quote

import msgspec

from collectors.kubernetes_api import KubernetesApi
from collectors.kubernetes_problems import ApiProblem
from collectors.log_lines import (
    MAX_LINE_BYTES,
    MISSING,
    LineKind,
    LogLine,
    Manner,
    NotOpenError,
    NotWholeError,
    Origin,
    PartlyReadError,
    Wanted,
)
from collectors.log_reading import Position, Reading
from collectors.log_text import SECOND_NS, Redactor, Stamps, harmless
from collectors.log_track import Track

WINDOWS_S = (60, 600, 3600, 6 * 3600, 0)  # how far back to look, in turn; 0: to the beginning
MAX_BYTES = 256 << 20
_NOT_THERE = (400, 404)  # a log that has not begun or is not kept any more, a pod that has gone
_CUT = f"{MISSING} here: there are more than can be looked through"
MAX_WHOLE_BYTES = 16 << 20


class _Budget:
    """How many bytes may still be read of one log."""

    def __init__(self, size: int) -> None:
        self.left = size

    @property
    def is_spent(self) -> bool:
        return self.left < 0


class Place(msgspec.Struct, frozen=True):
    """Where to ask: the origin of lines, with its index, and the API that has it."""

    api: KubernetesApi
    origin: Origin
    index: int
    run_before: bool = False
    """Whether lines of the run before are among those that were read."""


def askable(tracks: Iterable[Track], origins: Iterable[int], *, looked: bool) -> dict[int, bool]:
    """Return which of some origins to ask, with whether lines of the run before are among those that were read of each.

    ``looked``: it is known what there is to follow. Raises: NotOpenError.
    """
    there, coming, asked = dict[int, bool](), set[int](), sorted(set(origins))
    for track in tracks:
        if track.tried and (track.read_of or not track.unread):
            there[track.origin] = track.reads_before
        else:  # its beginning is still to come, and would come twice
            coming.add(track.origin)
    opened = [index for index in asked if index in there]
    if not opened and (not looked or not coming.isdisjoint(asked)):
        raise NotOpenError("What is asked for is not open yet; it can be asked for in a moment.")
    # the pods that have gone since are many after months, and have no log any more
    return {index: there.get(index, False) for index in opened or asked[-1:]}


def older_lines(
    places: Sequence[Place], before_ns: int, limit: int, wanted: Wanted | None, manner: Manner
) -> list[LogLine]:
    """Return the last ``limit`` lines before a moment that are wanted, of all places, in the order of their times.

    Raises: ApiProblem when no place can be asked; PartlyReadError when some cannot, though they may be there still;
    TooLongError.
    """
    found, unread = list[LogLine](), set[int]()
    gone: ApiProblem | None = None
    failed: ApiProblem | None = None
    asked = 0
    for place in places:
        try:
            lines = _older(place, before_ns, limit, wanted, manner)
            if place.run_before and not place.origin.previous and len(lines) < limit:
                lines = [*_older_of_run_before(place, before_ns, limit - len(lines), wanted, manner), *lines]
            found += lines
            asked += 1
        except ApiProblem as error:
            if error.status in _NOT_THERE:
                gone = error
            else:
                failed = error
                unread.add(place.index)
    if not asked and (problem := failed or gone) is not None:
        raise problem
    found.sort(key=attrgetter("at_ns"))
    if failed is not None:
        raise PartlyReadError(failed.message, found[-limit:], frozenset(unread))
    return found[-limit:]


def _older_of_run_before(
    place: Place, before_ns: int, limit: int, wanted: Wanted | None, manner: Manner
) -> list[LogLine]:
    """Look back in the log of the run before; none where it is not kept."""
    origin = msgspec.structs.replace(place.origin, previous=True)
    try:
        return _older(Place(place.api, origin, place.index), before_ns, limit, wanted, manner)
    except ApiProblem as problem:
        if problem.status in _NOT_THERE:
            return []
        raise


def _older(place: Place, before_ns: int, limit: int, wanted: Wanted | None, manner: Manner) -> list[LogLine]:
    """Look back window by window, each as far as the one after it, until there are enough lines, or too many bytes."""
    found: list[LogLine] = []
    until_ns, budget = before_ns, _Budget(MAX_BYTES)
    for window_s in WINDOWS_S:
        since_s = max(0, before_ns // SECOND_NS - window_s) if window_s else 0
        from_ns = newest_ns = since_s * SECOND_NS
        matches: deque[LogLine] = deque(maxlen=limit - len(found))
        is_wanted = wanted.of_one() if wanted is not None else None
        for line in _lines(place, since_s, until_ns, manner, budget):
            newest_ns = line.at_ns
            # before the window too: a line there may begin a trace that goes on in it
            if newest_ns < until_ns and (is_wanted is None or is_wanted(line)) and from_ns <= newest_ns:
                matches.append(line)
        if budget.is_spent and newest_ns < until_ns:
            # the rest of this window was not read, and those before it are no smaller
            return [*matches, LogLine(newest_ns, place.index, _CUT, LineKind.MARK), *found]
        found = [*matches, *found]
        if len(found) >= limit:
            break
        until_ns = from_ns
    return found


def _lines(place: Place, since_s: int, before_ns: int, manner: Manner, budget: _Budget) -> Iterator[LogLine]:
    """Yield the lines of a log from a second on (0: its beginning) until a moment is passed. Raises: ApiProblem."""
    reading = Reading(place.index, Position(), manner)
    stream = place.api.stream(_path(place.origin), _query(place.origin, since_s), "*/*")
    try:
        for chunk in stream.chunks():
            budget.left -= len(chunk)
            lines = reading.feed(chunk)
            yield from lines
            if budget.is_spent or (lines and lines[-1].at_ns > before_ns + 2 * SECOND_NS):
                return
        yield from reading.last()
    finally:
        stream.close()
        stream.dispose()


def whole_line(place: Place, line: LogLine, manner: Manner) -> str:
    """Return all of a line that was cut, by reading it again, if need be in the run before. Raises: NotWholeError."""
    start = line.text[: MAX_LINE_BYTES // 8]
    runs = [place]
    if not place.origin.previous:
        before = msgspec.structs.replace(place.origin, previous=True)
        runs.append(Place(place.api, before, place.index))
    for run in runs:
        try:
            if text := _whole(run, line.at_ns, start, manner):
                return text
        except ApiProblem as problem:
            if problem.status == 404:
                raise NotWholeError("the pod has gone, and its log with it") from problem
            if problem.status != 400:
                raise NotWholeError(problem.message) from problem
    raise NotWholeError("the log does not hold this line any more")


def _whole(place: Place, at_ns: int, start: str, manner: Manner) -> str:
    """Return the line of a moment that begins as ``start``, empty where there is none. Raises: ApiProblem."""
    stamps = Stamps()
    stream = place.api.stream(_path(place.origin), _query(place.origin, at_ns // SECOND_NS), "*/*")
    try:
        for raw in whole_lines(_bounded(stream.chunks())):
            if text := _told_as(raw, stamps, at_ns, start, manner):
                return text
            if stamps.last_ns > at_ns + 2 * SECOND_NS:
                return ""
        return ""
    finally:
        stream.close()
        stream.dispose()


def whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends, each as far as ``MAX_WHOLE_BYTES``; what comes after that is passed over."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        *lines, rest = chunk.split(b"\n")
        for ending in lines:
            parts.append(ending[: max(0, MAX_WHOLE_BYTES - size)])
            yield b"".join(parts)
            parts, size = [], 0
        parts.append(rest[: max(0, MAX_WHOLE_BYTES - size)])
        size += len(parts[-1])
    if size:
        yield b"".join(parts)


def _bounded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        yield chunk
        size += len(chunk)
        if size > MAX_BYTES:
            return


def _told_as(raw: bytes, stamps: Stamps, at_ns: int, start: str, manner: Manner) -> str:
    """Return the text of a line if it is the one that is looked for."""
    times, texts = stamps.take([raw.decode("utf-8", "replace")])
    if times[0] != at_ns:
        return ""
    text = harmless(texts[0], manner.colours, MAX_WHOLE_BYTES)
    if manner.redact:
        text = Redactor().lines(text, [text])[0]
    return text if text.startswith(start) else ""


def _path(origin: Origin) -> str:
    return f"/api/v1/namespaces/{quote(origin.namespace, safe='')}/pods/{quote(origin.pod, safe='')}/log"


def _query(origin: Origin, since_s: int) -> list[tuple[str, str]]:
    query = [("container", origin.container), ("timestamps", "true")]
    if origin.previous:
        query.append(("previous", "true"))
    if since_s > 0:
        since = datetime.datetime.fromtimestamp(since_s, tz=datetime.UTC)
        query.append(("sinceTime", since.strftime("%Y-%m-%dT%H:%M:%SZ")))
    return query
