"""Follows the console log of a build: progressively, as it grows, to its end.

Source: ``GET job/NAME/NUMBER/logText/progressiveText?start=OFFSET``. Its lines end in CR LF and the length of a body is
not the offset of the next one: only the header ``X-Text-Size`` is. An answer without it is not Jenkins' own.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec.structs import replace

from collectors.jenkins_api import JenkinsApi
from collectors.jenkins_wire import Wire
from collectors.log_lines import (
    MASKED,
    MAX_LINE_BYTES,
    FollowStatus,
    LogLine,
    Manner,
    NotWholeError,
    Origin,
    Unhidden,
    Wanted,
)
from collectors.log_merge import Merge
from collectors.log_older import MAX_BYTES, whole_lines
from collectors.log_reading import Position, Reading
from collectors.masking import Mask
from collectors.transport import VisitFailed, fault
from statusdesk.backoff import doubled
from statusdesk.config import JenkinsSettings
from statusdesk.job_names import shown_build, shown_job
from statusdesk.redact import safe
from statusdesk.text import counted

if TYPE_CHECKING:
    import requests

POLL_S = 1.0
LONGEST_WAIT_S = 15.0
PIECE_BYTES = 65_536
MAX_DIGITS = 18
HOPELESS = (401, 403, 404)
REFUSED = (401, 403)
REFUSED_WAIT_S = 30.0  # whoever asks more often with what is refused may be locked out
ONCE_TRIES = 4  # without a whole answer in between, where nothing is followed: some 14 s


class _LastBuild(Wire, frozen=True):
    number: int = 0


class JenkinsConsole:
    """A ``LogFollower`` of one build; without a number the last one, as it is when this starts."""

    def __init__(
        self,
        settings: JenkinsSettings,
        token: Callable[[], str] | None,
        job: str,
        build: int | None = None,
        *,
        manner: Manner = MASKED,
        follow: bool = True,
        poll_s: float = POLL_S,
        refused_wait_s: float = REFUSED_WAIT_S,
    ) -> None:
        self._settings = settings
        self._token = token
        self._job = job
        self._manner, self._follow = manner, follow
        self._poll_s, self._refused_wait_s = poll_s, refused_wait_s
        # Patient whoever reads: Jenkins keeps the log, so that what is not taken yet need not be lost.
        self._merge = Merge(patient=True, hold_s=0.0)
        self._lane = self._merge.lane(0)
        self._origins = [Origin(job=job, build=build)]
        self._number = build
        self._offset = 0
        self._begun = self._reading().within()  # what a line has so far at the offset
        self._given = 0  # lines since the offset that were given on
        self._repeated = 0  # of these, those that come once more in the present answer
        self._pushed = 0  # lines since the beginning of the log, or since it was written anew
        self._lost = 0  # lines that were given on of a log that was written anew since
        self._answers: list[requests.Response] = []  # those that are being read
        self._over = threading.Event()
        self._done = False
        self._found = False
        self._problem = ""
        self._api: JenkinsApi | None = None
        self._mask = Mask("")

    @property
    def origins(self) -> Sequence[Origin]:
        return self._origins

    def start(self) -> None:
        threading.Thread(target=self._run, name="jenkins-console", daemon=True).start()

    def take(self, limit: int) -> list[LogLine]:
        return self._merge.take(limit)

    def wait(self, timeout_s: float) -> None:
        self._merge.wait(timeout_s)

    def status(self) -> FollowStatus:
        ended = self._done or self._over.is_set()
        return FollowStatus(
            open=0 if ended or self._problem else 1,
            skipped=self._merge.skipped,
            problems=(self._problem,) if self._problem else (),
            ended=ended and self._merge.is_empty,
            found=self._found,
            listed=self._found or self._done,
        )

    def close(self) -> None:
        self._over.set()
        self._merge.close()
        for answer in tuple(self._answers):
            # ends a read that another thread waits in, which closing alone does not; no matter if it has ended
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                answer.raw.shutdown()

    def older(
        self, before: int, origins: Collection[int], limit: int, wanted: Wanted | None = None, /
    ) -> list[LogLine]:
        """Return the last wanted of the first ``before`` lines; those of a log that was written anew have gone.

        Raises: VisitFailed, TooLongError.
        """
        is_wanted = wanted.of_one() if wanted is not None else None
        lines = islice(self._all(), max(0, before - self._lost))
        return list(deque((line for line in lines if is_wanted is None or is_wanted(line)), maxlen=limit))

    def whole(self, line: LogLine, *, redact: bool = True) -> str:
        """Return all of a line that was cut, as far as its beginning tells it from others. Raises: NotWholeError."""
        # nothing was kept of it but its beginning: this costs a second reading of the log, for one line
        start = line.text[: MAX_LINE_BYTES // 8]
        try:
            for raw in whole_lines(self._pieces()):
                if text := self._told_as(raw, start, redact):
                    return text
        except VisitFailed as error:
            raise NotWholeError(self._told(error)) from error
        raise NotWholeError("the console does not hold this line any more")

    def _told_as(self, raw: bytes, start: str, redact: bool) -> str:
        from collectors.log_text import Redactor, harmless

        text = harmless(raw.decode("utf-8", "replace"), self._manner.colours, len(raw))
        text = self._mask.text(Redactor().lines(text, [text])[0] if redact else text)
        return text if text.startswith(start) else ""

    def _all(self) -> Iterator[LogLine]:
        reading = self._reading()
        for piece in self._pieces():
            yield from self._masked(reading.feed(piece))
        yield from self._masked(reading.last())

    def _pieces(self) -> Iterator[bytes]:
        """Yield the log from its beginning, ``MAX_BYTES`` of it, as long as it is asked for. Raises: VisitFailed."""
        size = 0
        with self._answer(self._connect(), 0) as (response, _):
            while size < MAX_BYTES and not self._over.is_set():
                piece = response.raw.read1(PIECE_BYTES, decode_content=True)
                if not piece:
                    return
                size += len(piece)
                yield piece

    def _reading(self) -> Reading:
        return Reading(0, Position(), self._manner, stamped=False)

    def _connect(self) -> JenkinsApi:
        api = JenkinsApi.connect(self._settings, self._token)
        self._mask = api.mask
        return api

    def _masked(self, lines: list[LogLine]) -> list[LogLine]:
        """Return lines without our own secret, which a build may have written down."""
        mask, masked = self._mask.text, list[LogLine]()
        for line in lines:
            text, unhidden = mask(line.text), line.unhidden
            if unhidden is not None:
                line = replace(line, unhidden=Unhidden(mask(unhidden.text), unhidden.cut_bytes))
            masked.append(line if text is line.text else replace(line, text=text))
        return masked

    def _path(self, start: int) -> str:
        return f"{self._job_path()}{self._number}/logText/progressiveText?start={start}"

    def _job_path(self) -> str:
        return "".join(f"job/{quote(part, safe='')}/" for part in self._job.split("/"))

    def _run(self) -> None:
        try:
            self._keep_up()
        except Exception as error:  # the edge of this thread: a fault of ours must not look like a quiet build
            self._problem = fault(error, "Jenkins").message
        finally:
            self._done = True
            self._merge.close()

    def _keep_up(self) -> None:
        failures = 0
        reading = self._reading()
        while not self._over.is_set():
            self._begun, self._repeated = reading.within(), self._given
            try:
                more = self._visit(reading)
            except VisitFailed as error:
                # what came of a broken answer comes again: from the same offset, the same lines
                reading.return_to(self._begun)
                self._problem = self._told(error)
                failures += 1
                if self._is_hopeless(error) or (not self._follow and failures >= ONCE_TRIES):
                    break
                self._over.wait(self._wait_s(error, failures))
                continue
            self._problem, failures, self._given = "", 0, 0
            if not more or not self._follow:
                self._push(reading.last())
                break
            self._over.wait(self._poll_s)

    def _is_hopeless(self, error: VisitFailed) -> bool:
        """Say whether it is no use to ask again: of a log that was there already, a login page or a refusal passes."""
        if self._found and self._follow:
            return error.status == 404
        return error.status in HOPELESS or error.problem in ("Misconfigured", "Unauthorized")

    def _wait_s(self, error: VisitFailed, failures: int) -> float:
        wait_s = doubled(2 * self._poll_s, failures, LONGEST_WAIT_S)
        return max(wait_s, error.retry_after_s or 0.0, self._refused_wait_s if error.status in REFUSED else 0.0)

    def _told(self, error: VisitFailed) -> str:
        if error.status != 404:
            return error.message
        build = f"build {self._number}" if self._number is not None else "build"
        what = f"{build} of {shown_job(self._job)}"
        return f"Jenkins knows no {what}, or {self._settings.user or 'anonymous'} may not see it (404)"

    def _visit(self, reading: Reading) -> bool:
        """Read what is new; return whether the build goes on. Raises: VisitFailed."""
        if self._api is None:
            self._api = self._connect()
        if self._number is None:
            self._number = self._api.get(f"{self._job_path()}lastBuild/api/json?tree=number", _LastBuild).number
            self._origins[0] = Origin(job=self._job, build=self._number)
        start = self._offset
        with self._answer(self._api, start) as (response, size):
            self._found = True
            if size < start:
                # asked beyond its end, Jenkins sends the whole log again
                self._written_anew(reading)
            came = 0
            while piece := response.raw.read1(PIECE_BYTES, decode_content=True):
                came += len(piece)
                self._push(reading.feed(piece))
                if self._over.is_set():
                    return False
            if size > start and not came:
                # how much it is cannot be held against the size: notes that stand in the log are not sent
                told = f"sends nothing of {counted(size - start, 'byte')} that it tells of"
                raise VisitFailed("ServerError", f"{self._where}: Jenkins {told}: look at the proxy before it")
            self._offset = size
            return response.headers.get("X-More-Data") == "true"

    def _written_anew(self, reading: Reading) -> None:
        """Tell that what was read so far is not of the log that is there now."""
        self._push(reading.last())
        self._merge.mark(self._lane, "the log was written anew")
        self._lost += self._pushed
        self._pushed = self._given = self._repeated = self._offset = 0
        self._begun = reading.within()

    @property
    def _where(self) -> str:
        return shown_build(self._job, self._number)

    @contextlib.contextmanager
    def _answer(self, api: JenkinsApi, start: int) -> "Iterator[tuple[requests.Response, int]]":
        """Open the log from an offset on; yield it with its whole size. Raises: VisitFailed where it is no log."""
        with api.answer(self._path(start), self._settings.timeout_s) as response:
            size = _size(self._where, response)
            self._answers.append(response)
            try:
                yield response, size
            finally:
                self._answers.remove(response)

    def _push(self, lines: list[LogLine]) -> None:
        if self._repeated:
            count = min(self._repeated, len(lines))
            self._repeated -= count
            lines = lines[count:]
        if lines:
            lines = self._masked(lines)
            self._given += len(lines)
            self._pushed += len(lines)
            self._merge.push(self._lane, lines, sum(len(line.full_text) for line in lines))


def _size(where: str, response: "requests.Response") -> int:
    """Return the size of the log that an answer tells. Raises: VisitFailed where it is not the log that answers."""
    kind, told = response.headers.get("Content-Type") or "", response.headers.get("X-Text-Size")
    if not kind.startswith("text/plain"):
        what = "a web page, a login page?" if "html" in kind else f"{safe(kind, 40) or 'something'}, no text."
        raise VisitFailed("NotText", f"{where}: instead of the log comes {what} Check [jenkins] url and its proxy")
    if told is None:
        said = "the log comes without X-Text-Size, so that its end is not known"
        raise VisitFailed("ServerError", f"{where}: {said}: look at the proxy before Jenkins")
    if not (told.isascii() and told.isdigit() and len(told) <= MAX_DIGITS):
        # as twice the same, by a proxy
        raise VisitFailed("ServerError", f"Jenkins tells {safe(told, 40)!r} as the size of a log: look at its proxy")
    return int(told)
