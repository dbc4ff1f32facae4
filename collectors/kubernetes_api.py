"""The connection to one API server: kubeconfig, credentials, GET, and streams that another thread can end.

The client's models are never used: they cost seconds and gigabytes.
"""

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from collectors.chunked import BrokenChunks, dechunk
from collectors.kubernetes_connection import JSON, Prepared, Query
from collectors.kubernetes_credentials import Login, log_in
from collectors.kubernetes_problems import ApiProblem, problem_of
from collectors.kubernetes_skew import Skew
from statusdesk.clock import Clock, ClockSteps, system_clock
from statusdesk.config import ClusterSettings
from statusdesk.text import clean

if TYPE_CHECKING:
    from urllib3 import HTTPResponse

ERROR_BODY_BYTES = 65_536
STREAM_BYTES = 65_536
WHOLE_ANSWER_TIMEOUTS = 6  # a whole answer may take this many times the timeout of one read


class Stream:
    """An open watch; ``close`` may be called by another thread and ends a read that waits."""

    def __init__(self, response: "HTTPResponse", host: str, patient: bool) -> None:
        self._response = response
        self._host = host
        self.patient = patient
        """False when the connection keeps the short timeout of a request: then silence is no sign of anything."""

    def chunks(self) -> Iterator[bytes]:
        """Yield bytes as they come until the server ends the answer.

        Raises: ApiProblem when the connection breaks or is silent for too long.
        """
        with _as_problem(self._host, passing=True):
            read1 = _frames_and_all(self._response)
            whole = self._response.stream(STREAM_BYTES, decode_content=True) if read1 is None else dechunk(read1)
            yield from whole

    def close(self) -> None:
        _shut(self._response)

    def dispose(self) -> None:
        """Give the connection up; for the thread that reads."""
        with contextlib.suppress(OSError, ValueError):
            self._response.close()


class _Reading:
    """An answer that is being read, to be complete at ``end_s`` of the monotonic clock."""

    def __init__(self, response: "HTTPResponse", end_s: float) -> None:
        self.response = response
        self.end_s = end_s
        self.is_late = False


class KubernetesApi:
    """GET on one API server, by the settings of a cluster. All methods may be called by several threads."""

    def __init__(
        self,
        settings: ClusterSettings,
        silence_s: float = 150.0,
        clock: Clock = system_clock,
        steps: ClockSteps | None = None,
    ) -> None:
        self._settings = settings
        self._silence_s = silence_s
        self._login: Login | None = None
        self._generation = 0
        self._lock = threading.Lock()
        self._readings: set[_Reading] = set()
        self._streams: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._readings_lock = threading.Lock()  # never held while a credentials plugin runs
        self._is_closed = False
        self.host = ""
        self._clock = clock
        self.skew = Skew(clock, steps)

    @property
    def now_ns(self) -> int:
        """Now by the server's clock, as far as that is known to be off; in nanoseconds of UTC."""
        return (self._clock() + self.skew.ms) * 1_000_000

    def get(self, path: str, query: Query = (), accept: str = JSON) -> bytes:
        """Return the body of a 200 answer. Raises: ApiProblem."""
        return self._read(self._open("GET", path, query, accept=accept))

    def ask(self, path: str, body: dict[str, object]) -> bytes:
        """Return the answer to a review: a POST that changes nothing, and that only ``check`` makes.

        Raises: ApiProblem.
        """
        return self._read(self._open("POST", path, (), body))

    def _read(self, response: "HTTPResponse") -> bytes:
        """Read all of an answer in one piece, which costs a third of the memory traffic of reading it in parts."""
        limit_s = self._settings.request_timeout_s * WHOLE_ANSWER_TIMEOUTS
        reading = _Reading(response, time.monotonic() + limit_s)
        with self._readings_lock:
            self._readings.add(reading)
            if self._is_closed:
                _shut(response)
        try:
            with _as_problem(self.host):
                return response.read()
        except ApiProblem as problem:
            if reading.is_late:
                raise ApiProblem("Timeout", f"{self.host} did not end its answer within {limit_s:.0f} s") from problem
            raise
        finally:
            with self._readings_lock:
                self._readings.discard(reading)
            response.release_conn()

    def cut_late(self) -> None:
        """End answers that come byte by byte, for ever: each read is in time, the whole is not."""
        now_s = time.monotonic()
        with self._readings_lock:
            late = [reading for reading in self._readings if now_s > reading.end_s]
        for reading in late:
            reading.is_late = True
            _shut(reading.response)

    def stream(
        self,
        path: str,
        query: Query,
        accept: str = JSON,
        head_s: float | None = None,
        silence_s: float | None = None,
    ) -> Stream:
        """Open a watch or a log, whose head may take ``head_s`` (default: as any request), its body ``silence_s``.

        Raises: ApiProblem.
        """
        response = self._open("GET", path, query, accept=accept, head_s=head_s)
        connection = response.connection
        socket = connection.sock if connection is not None else None
        if socket is not None:
            # The answer's head has to come within the timeout of a request; its body may pause between bookmarks.
            socket.settimeout(silence_s or self._silence_s)
        stream = Stream(response, self.host, patient=socket is not None)
        with self._readings_lock:
            self._streams.add(stream)
            if self._is_closed:
                stream.close()
        return stream

    def close_idle(self) -> None:
        """Close connections that wait for a request: what comes next makes new ones."""
        if (login := self._login) is not None:
            login.connection.close()

    def close(self) -> None:
        """End what is being read and close idle connections."""
        with self._readings_lock:
            self._is_closed = True
            for reading in self._readings:
                _shut(reading.response)
            for stream in self._streams:
                stream.close()
        self.close_idle()

    def _open(
        self,
        method: str,
        path: str,
        query: Query,
        body: dict[str, object] | None = None,
        accept: str = JSON,
        head_s: float | None = None,
    ) -> "HTTPResponse":
        timeout_s = self._settings.request_timeout_s
        for last in (False, True):
            request, generation = self._prepared(method, path, query, body, accept)
            with _as_problem(self.host):
                response = request.send(timeout_s, head_s or timeout_s)
            if 200 <= response.status < 300:
                self.skew.heard(response.headers.get("Date"))
                return response
            with _as_problem(self.host):
                said = response.read(ERROR_BODY_BYTES)
            response.close()
            if response.status != 401 or last:
                break
            self._renew(generation)
        headers = {name.lower(): value for name, value in response.headers.items()}
        raise problem_of(response.status, said, headers, self.host)

    def _prepared(
        self, method: str, path: str, query: Query, body: dict[str, object] | None, accept: str
    ) -> tuple[Prepared, int]:
        # Under the lock, because an expired token is renewed in here: a credentials plugin runs once, not per thread.
        with self._lock:
            connection = self._current().connection
            with _as_problem(self.host):
                return connection.prepare(method, path, query, accept, body), self._generation

    def _current(self) -> Login:
        """Return the login, made anew when its files have changed; the old one stays while the new ones are no use."""
        login = self._login
        if login is None:
            login = self._take(log_in(self._settings))
        elif login.is_stale():
            with contextlib.suppress(ApiProblem):
                login = self._take(log_in(self._settings))
        return login

    def _take(self, login: Login) -> Login:
        if self._login is not None:
            self._login.connection.close()
            self._generation += 1
        self._login = login
        self.host = clean(login.connection.host)
        return login

    def _renew(self, generation: int) -> None:
        """Load the credentials again, unless another thread has done so since ``generation``."""
        with self._lock:
            if generation == self._generation:
                self._take(log_in(self._settings))


def _frames_and_all(response: "HTTPResponse") -> "Callable[[int], bytes] | None":
    """Return what reads a plain chunked body with its chunks' frames; None where the library has to do it.

    urllib3 gives no public way below its own reading of chunks, so that all of this may be missing in another version.
    """
    headers = response.headers
    plain = headers.get("Content-Encoding", "identity").lower() == "identity"
    if not plain or headers.get("Transfer-Encoding", "").lower() != "chunked":
        return None
    below = getattr(getattr(response, "_fp", None), "fp", None)
    read1: Callable[[int], bytes] | None = getattr(below, "read1", None)
    return read1


def _shut(response: "HTTPResponse") -> None:
    """End a read that another thread waits in, which closing alone does not; no matter if the answer has ended."""
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        response.shutdown()


@contextlib.contextmanager
def _as_problem(host: str, passing: bool = False) -> Iterator[None]:
    """Turn what the HTTP library raises into an ``ApiProblem``."""
    from urllib3 import exceptions as http

    try:
        yield
    except http.NewConnectionError as error:
        raise ApiProblem("Unreachable", f"cannot reach {host}: {_short(error)}", passing=passing) from error
    except (http.ConnectTimeoutError, http.ReadTimeoutError, TimeoutError) as error:
        raise ApiProblem("Timeout", f"{host} does not answer in time", passing=passing) from error
    except http.SSLError as error:
        raise ApiProblem("Unreachable", f"no trusted connection to {host}: {error}") from error
    except (http.ProtocolError, http.DecodeError, BrokenChunks) as error:
        raise ApiProblem("Unreachable", f"the connection to {host} broke off", passing=True) from error
    except (http.HTTPError, OSError) as error:
        raise ApiProblem("Unreachable", f"cannot reach {host}: {_short(error)}", passing=passing) from error
    except (ValueError, AttributeError) as error:
        # what a read says whose socket another thread has shut down
        raise ApiProblem("Unreachable", f"the connection to {host} was closed", passing=True) from error


def _short(error: Exception) -> str:
    """Return the last clause of a chained message: ``[Errno 111] Connection refused``."""
    return str(error).rpartition(": ")[2] or type(error).__name__
