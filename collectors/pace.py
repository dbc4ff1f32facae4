"""When to visit a source next: jittered intervals, back-off to a limit, at once when asked."""

import random
import threading

from statusdesk.backoff import doubled

JITTER = 0.1
BACKOFF_LIMIT_S = 60.0
BACKOFF_INTERVALS = 6
"""What is visited often is soon seen to be well again: no back-off is longer than so many intervals."""
RETRY_AFTER_LIMIT_S = 300.0


class Pace:
    """The rhythm of one collector; ``wait`` ends at the next visit's time, at ``hurry`` or when ``stop`` is set."""

    def __init__(self, interval_s: float, stop: threading.Event) -> None:
        self._interval_s = interval_s
        self._stop = stop
        self._hurry = threading.Event()
        self._failures = 0
        self._random = random.Random()

    def follow(self) -> None:
        """Begin to watch ``stop``, so that it ends a wait at once without anybody asking for it again and again."""
        threading.Thread(target=self._hurry_at_stop, name="pace", daemon=True).start()

    def _hurry_at_stop(self) -> None:
        self._stop.wait()
        self._hurry.set()

    def hurry(self) -> None:
        """End the present or the next wait at once."""
        self._hurry.set()

    def next_delay_s(self, ok: bool, retry_after_s: float | None = None) -> float:
        """Return the seconds until the next visit: the interval, doubled per failure up to a limit, with jitter.

        ``retry_after_s`` is what the server asked for; it is honoured up to its own limit.
        """
        self._failures = 0 if ok else self._failures + 1
        longest_s = max(self._interval_s, min(BACKOFF_LIMIT_S, BACKOFF_INTERVALS * self._interval_s))
        delay_s = doubled(self._interval_s, self._failures, longest_s) * self._random.uniform(1 - JITTER, 1 + JITTER)
        if not ok and retry_after_s is not None:
            delay_s = max(delay_s, min(retry_after_s, RETRY_AFTER_LIMIT_S))
        return delay_s

    def wait(self, delay_s: float) -> None:
        """Wait until the next visit is due."""
        self._hurry.wait(delay_s)
        self._hurry.clear()
