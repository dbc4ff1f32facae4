"""What systemd is told of a service: ready, alive, how it stands, stopping. Nothing where systemd does not ask.

Source: sd_notify(3), sd_watchdog_enabled(3).
"""

import contextlib
import os
import socket
from collections.abc import Mapping

MOST_PER_S = 1.0


class Notifier:
    """Sends lines to ``$NOTIFY_SOCKET``; a socket that does not answer is nothing to stop for.

    ``alive`` is called from the loop that does the work, never from a timer: a loop that hangs must be seen.
    """

    def __init__(self, environment: Mapping[str, str], pid: int | None = None) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        own = environment.get("WATCHDOG_PID", "") in ("", str(os.getpid() if pid is None else pid))
        usec = environment.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(usec) / 1e6 if own and usec.isdigit() else 0.0
        self._ready = False
        self._status = ""
        self._barked_s: float | None = None

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return bool(self._address)

    def ready(self) -> None:
        """Tell once that the service has done its first round."""
        if self.wanted and not self._ready:
            self._ready = self._send("READY=1")

    def alive(self, now_s: float, status: str = "") -> None:
        """Tell that the loop goes round (at most every quarter of the time allowed), and how it stands if that is new.

        ``now_s``: of a steady clock.
        """
        if not self.wanted:
            return
        lines = []
        every_s = min(MOST_PER_S, self.watchdog_s / 4)
        if self.watchdog_s and (self._barked_s is None or now_s - self._barked_s >= every_s):
            self._barked_s = now_s
            lines.append("WATCHDOG=1")
        if status and status != self._status:
            self._status = status
            lines.append(f"STATUS={' '.join(status.split())}")
        if lines:
            self._send("\n".join(lines))

    def stopping(self) -> None:
        """Tell that the service is about to end."""
        if self.wanted:
            self._send("STOPPING=1")

    def _send(self, text: str) -> bool:
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
            to.setblocking(False)
            to.sendto(text.encode(), address)
            return True
        return False
