"""One thing done again and again on a thread of its own; a problem is told once, until it is another one or over."""

import threading
from collections.abc import Callable

from statusdesk import faults
from statusdesk.sinks.sending import SendError


class Repeating:
    """Calls ``do`` every ``every_s`` seconds until told to stop, then ``close``.

    ``do`` tells whether it has reached whom it is for, and raises SendError when it could not. ``failed`` is told a new
    problem, ``works`` that it is over. ``soon``: set by whoever wants it done at once.
    """

    def __init__(
        self,
        name: str,
        every_s: float,
        do: Callable[[], bool],
        *,
        failed: Callable[[str], None],
        works: Callable[[], None] = lambda: None,
        close: Callable[[], None],
        soon: threading.Event | None = None,
    ) -> None:
        self._every_s = every_s
        self._do, self._failed, self._works, self._close = do, failed, works, close
        self._problem = ""
        self._soon = soon if soon is not None else threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is being done now."""
        self._stopped = True
        self._soon.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._thread.join(timeout_s)

    def once(self) -> None:
        """Do it now, on the thread of who asks."""
        try:
            reached = self._do()
        except SendError as error:
            self._tell(str(error))
        except Exception as error:  # the edge of one sink: a fault of ours must not end it
            self._tell(faults.told(error))
        else:
            if reached and self._problem:
                self._problem = ""
                self._works()

    def _run(self) -> None:
        while True:
            self._soon.wait(self._every_s)
            self._soon.clear()  # before all else: what is wanted meanwhile is done after this
            if self._stopped:
                break
            self.once()
        self._close()

    def _tell(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self._failed(problem)
