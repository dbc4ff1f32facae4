"""Until when Jenkins was heard: what hangs on it is judged as of then, so that its silence makes nothing worse.

Time goes on with each good visit. In ``cluster_hearing``, for what is watched, it goes on by itself until that is not
seen.
"""

from statusdesk.facts import Visited


class JenkinsHearing:
    """Takes how each visit went; time goes on only with the good ones.

    Tokens stand still in the same way while Vault gives no news. After visits that failed time goes on with the second
    good one: what was built meanwhile, for other namespaces than the last build of a job, is being read till then.
    """

    def __init__(self) -> None:
        self._as_of_ms: int | None = None
        self._good_ms: int | None = None
        self._is_broken = False
        self._queue_ms: int | None = None

    def visited(self, visited: Visited, *, doubted: bool = False) -> None:
        """Take how a source as a whole answered; ``doubted``: what it answered is not believed."""
        if not visited.ok or doubted:
            self._is_broken = True
            return
        before_ms = self._good_ms if self._is_broken else None
        self._as_of_ms = visited.at_ms if before_ms is None else before_ms
        self._good_ms, self._is_broken = visited.at_ms, False

    def told_queue(self, at_ms: int) -> None:
        """Take note that it was told what waits; that part may fail alone."""
        self._queue_ms = at_ms

    def as_of_ms(self, now_ms: int) -> int:
        """Return as of when to judge what builds tell; now, before a first visit was good."""
        return now_ms if self._as_of_ms is None else min(now_ms, self._as_of_ms)

    def queue_ms(self, now_ms: int) -> int:
        """Return as of when to judge what waits."""
        return now_ms if self._queue_ms is None else min(now_ms, self._queue_ms)

    def restamp(self, step_ms: int) -> None:
        """Move what was heard with our clock, which was set."""
        for name in ("_as_of_ms", "_good_ms", "_queue_ms"):
            at_ms = getattr(self, name)
            setattr(self, name, None if at_ms is None else at_ms + step_ms)
