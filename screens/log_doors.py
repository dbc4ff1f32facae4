"""The doors to the logs: a follower is opened on a thread, and closed whether or not anybody still waits for it."""

import contextlib
import threading
from collections.abc import Callable

from collectors.log_lines import LogFollower, Selection
from statusdesk.config import Config
from statusdesk.redact import safe


class LogDoors:
    """Opens followers as the configuration says; the clients of the sources are imported by the first one."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def pods(self, selection: Selection) -> LogFollower:
        from collectors.log_opening import open_pod_logs

        return open_pod_logs(self._config, selection)

    def console(self, job: str, build: int | None) -> LogFollower:
        from collectors.log_opening import open_console

        return open_console(self._config, job, build, revealable=True)


class Opening:
    """A follower that is being opened on a thread; ``follower`` is None until it is there."""

    def __init__(self, make: Callable[[], LogFollower]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._closed = False
        self.follower: LogFollower | None = None
        self.problem = ""

    def open(self) -> None:
        """Open and start it; runs on a thread, and touches nothing but this."""
        try:
            follower = self._make()
        except Exception as error:  # whatever a kubeconfig, a credential or a client can raise is shown, not raised
            self.problem = safe(str(error)) or type(error).__name__
            return
        with self._lock:
            if self._closed:
                follower.close()
                return
            follower.start()
            self.follower = follower

    def close(self) -> None:
        """Close it, now or as soon as it has been opened."""
        with self._lock:
            self._closed = True
            if self.follower is not None:
                self.follower.close()


def in_background(work: Callable[[], object]) -> None:
    """Run something that may wait for a network, on a thread that does not keep the program from ending."""

    def run() -> None:
        # A screen that has gone takes no messages, and a loop that has ended none at all.
        with contextlib.suppress(RuntimeError):
            work()

    threading.Thread(target=run, name="log", daemon=True).start()
