"""The logs of simulated containers: made when they are read, the same each time, however long the container runs."""

import zlib
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from statusdesk.demo.kube_model import Behaviour, ContainerModel, PodModel, Run
from statusdesk.text import iso

_PATHS = ("/health", "/metrics", "/api/{app}", "/api/{app}/1042", "/api/{app}?page=2", "/ready")


@dataclass(frozen=True, slots=True)
class _Voice:
    """What a run says: lines at its beginning, then one line every ``every_ms``."""

    first: list[str]
    step_ms: float
    every_ms: int


class RunLog:
    """The log of one run, as a sequence of lines with times.

    ``scale`` is the speed of the world: lives are shorter by it, and so are the first lines.
    """

    kept = 20_000
    """Lines before those were rotated away."""

    def __init__(self, pod: PodModel, container: ContainerModel, run: Run, scale: float, flourish: str = "") -> None:
        self._app = pod.workload.app
        self._pod, self._container, self._run, self._flourish = pod, container, run, flourish
        self._seed = zlib.crc32(run.container_id.encode())
        voice = _init_voice(pod, container) if container.init else _app_voice(pod)
        self._voice = voice
        self._step_ms = voice.step_ms / scale
        self._steady_ms = run.started_ms + self._step_ms * len(voice.first)
        self._every_ms = voice.every_ms + self._seed % 400

    @cached_property
    def _last(self) -> list[str]:
        """The last words of a run that has ended; nobody knows them before: who follows it and who reads it later."""
        pod, container, run = self._pod, self._container, self._run
        said = _init_end(pod, container, run) if container.init else _app_end(pod, run)
        return [line + self._flourish for line in said]

    @property
    def ended(self) -> bool:
        """Whether nothing will be added."""
        return self._run.ended_ms is not None

    def length(self, now_ms: int) -> int:
        """Return how many lines there are by now."""
        end_ms = now_ms if self._run.ended_ms is None else self._run.ended_ms
        first = len(self._voice.first)
        if end_ms < self._steady_ms:
            said = max(0, int((end_ms - self._run.started_ms) // self._step_ms) + 1)
            count = min(first, said)
        else:
            steady = int((end_ms - self._steady_ms) // self._every_ms) if self._voice.every_ms else 0
            count = first + steady
        return count + (len(self._last) if self.ended else 0)

    def oldest(self, now_ms: int) -> int:
        """Return the first line that has not been rotated away."""
        return max(0, self.length(now_ms) - self.kept)

    def at_ms(self, index: int) -> int:
        """Return when a line was written."""
        spoken = self.length(self._run.ended_ms) - len(self._last) if self._run.ended_ms is not None else None
        if spoken is not None and index >= spoken and self._run.ended_ms is not None:
            return self._run.ended_ms
        first = len(self._voice.first)
        if index < first:
            return int(self._run.started_ms + index * self._step_ms)
        return int(self._steady_ms + (index - first + 1) * self._every_ms)

    def line(self, index: int) -> str:
        """Return the text of a line."""
        at_ms = self.at_ms(index)
        if self._run.ended_ms is not None:
            spoken = self.length(self._run.ended_ms) - len(self._last)
            if index >= spoken:
                return self._last[index - spoken].replace("{at}", iso(at_ms))
        if index < len(self._voice.first):
            return self._voice.first[index].replace("{at}", iso(at_ms))
        return self._steady(index, at_ms)

    def lines(self, start: int, end: int, *, stamped: bool) -> str:
        """Return some lines, each with its newline and, ``stamped``, with its time before it."""
        if not stamped:
            return "".join(f"{self.line(index)}\n" for index in range(start, end))
        return "".join(f"{self.stamp(index)} {self.line(index)}\n" for index in range(start, end))

    def _steady(self, index: int, at_ms: int) -> str:
        dice = zlib.crc32(index.to_bytes(8, "little"), self._seed)
        said = f"{iso(at_ms)} "
        if self._run.behaviour is Behaviour.NEVER_READY and dice % 3 == 0:
            return f"{said}WARN  [{self._app}] not ready: waiting for the first heartbeat of queue {self._app}-events"
        if dice % 29 == 0:
            return f"{said}WARN  [{self._app}] slow query on {self._app}_items took {200 + dice % 900}ms"
        path = _PATHS[dice % len(_PATHS)].format(app=self._app)
        return f"{said}INFO  [{self._app}] GET {path} {200 if dice % 17 else 404} {dice % 120 + 1}ms"

    def since(self, since_ms: float, now_ms: int) -> int:
        """Return the first line that is not older than ``since_ms``."""
        return bisect_left(range(self.length(now_ms)), since_ms, key=self.at_ms)

    def stamp(self, index: int) -> str:
        """Return the time of a line as the kubelet writes it, to the nanosecond."""
        at_ms = self.at_ms(index)
        micro = 100 + index % 100 * 7
        return f"{iso(at_ms)[:-1]}{micro:03d}000Z"


def _app_voice(pod: PodModel) -> _Voice:
    app, version = pod.workload.app, pod.revision.template.version
    said = f"{{at}} INFO  [{app}] "
    first = [
        f"{said}Starting application {app} version {version}",
        f"{said}Active profile: {pod.namespace}",
        f"{said}Initialising connection pool to db.{pod.namespace}.svc:5432",
        f"{said}Listening on 0.0.0.0:8080",
        f"{said}Started {app} in 1.84 seconds",
    ]
    return _Voice(first, 200, 900)


def _app_end(pod: PodModel, run: Run) -> list[str]:
    app = pod.workload.app
    said, failed = f"{{at}} INFO  [{app}] ", f"{{at}} ERROR [{app}] "
    if run.exit_code in (0, 137):
        return [] if run.exit_code else [f"{said}Received SIGTERM, draining", f"{said}Stopped"]
    return [
        f"{failed}Unhandled exception in main thread",
        f"java.net.ConnectException: Connection refused: db.{pod.namespace}.svc:5432",
        f"\tat com.example.{app}.Db.connect(Db.java:42)",
        f"\tat com.example.{app}.Main.main(Main.java:17)",
        f"{{at}} FATAL [{app}] Shutting down with exit code {run.exit_code}",
    ]


def _init_voice(pod: PodModel, container: ContainerModel) -> _Voice:
    app = pod.workload.app
    if container.name == "migrate":
        first = [f"{{at}} INFO  [{app}] migration step {step} applied" for step in range(1, 4)]
        return _Voice(first, 200, 0)
    first = [
        "{at} [INFO] consul-template v0.41.2 (1a2b3c4)",
        "{at} [INFO] (runner) creating new runner (dry: false, once: true)",
        "{at} [INFO] (runner) creating watcher",
        "{at} [INFO] (runner) starting",
    ]
    return _Voice(first, 150, 0)


def _init_end(pod: PodModel, container: ContainerModel, run: Run) -> list[str]:
    app = pod.workload.app
    if container.name == "migrate":
        if not run.exit_code:
            return [f"{{at}} INFO  [{app}] schema is up to date"]
        return [
            f"{{at}} INFO  [{app}] Running migration V17__add_index.sql",
            f'{{at}} ERROR [{app}] migration failed: relation "{app}" does not exist',
            f"{{at}} ERROR [{app}] exit code {run.exit_code}",
        ]
    if not run.exit_code:
        rendered = '{at} [INFO] (runner) rendered "/templates/%s.ctmpl" => "/secrets/%s"'
        return [rendered % ("app", "app.env"), rendered % ("tls", "tls.pem"), "{at} [INFO] (runner) once mode, exiting"]
    secret = f"secret/data/{pod.namespace}/{app}"
    asked = f"vault.read({secret}): vault.read({secret}): Error making API request."
    refused = ["", f"URL: GET http://vault:8200/v1/{secret}", "Code: 403. Errors:", ""]
    return [
        f"{{at}} [WARN] (view) {asked}",
        *refused,
        '* permission denied (retry attempt 1 after "250ms")',
        f"{{at}} [ERR] (view) {asked}",
        *refused,
        "* permission denied (exceeded maximum retries)",
        "{at} [ERR] (runner) watcher reported error: permission denied",
        "{at} [ERR] (cli) permission denied",
    ]
