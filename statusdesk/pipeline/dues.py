"""When workloads are due to be judged though nothing new is told of them; due is what is known as of that moment."""

import heapq
from collections.abc import Callable, Iterable
from typing import NamedTuple

WorkloadKey = tuple[str, str, str, str]


class _Due(NamedTuple):
    at_ms: int
    key: WorkloadKey


class Dues:
    """Keeps the next due moment of each workload; ``as_of_ms`` says until when one is known, given the moment now.

    One that is not known as of the moment at which it is due waits for that, however late it is.
    """

    def __init__(self, as_of_ms: Callable[[WorkloadKey, int], int]) -> None:
        self._as_of_ms = as_of_ms
        self._heap: list[_Due] = []
        self._due_of: dict[WorkloadKey, int] = {}  # the earliest that is in the heap; what else is there of it is void
        self._waiting: dict[WorkloadKey, int] = {}

    @property
    def next_ms(self) -> int | None:
        """The first moment at which time alone may change a verdict."""
        return self._heap[0].at_ms if self._heap else None

    def put(self, key: WorkloadKey, due_ms: int) -> None:
        """Have a workload judged anew then, unless it is to be earlier, which says when it is due after that."""
        earlier_ms = self._due_of.get(key)
        if earlier_ms is None or due_ms < earlier_ms:
            self._due_of[key] = due_ms
            heapq.heappush(self._heap, _Due(due_ms, key))

    def judged(self, key: WorkloadKey, again_ms: int | None, now_ms: int) -> None:
        """Take note that a workload was judged, and when it is due after that."""
        self._waiting.pop(key, None)
        if again_ms is not None and again_ms <= now_ms:
            self._waiting[key] = again_ms
        elif again_ms is not None:
            self.put(key, again_ms)

    def forget(self, key: WorkloadKey) -> None:
        """Take note that a workload has gone."""
        self._due_of.pop(key, None)
        self._waiting.pop(key, None)

    def clear(self) -> None:
        """Forget all of them: everything is about to be judged."""
        for kept in (self._heap, self._due_of, self._waiting):
            kept.clear()

    def take(self, now_ms: int, *, is_news: bool) -> Iterable[WorkloadKey]:
        """Return what is due and known as of then; ``is_news``: something has changed about what is known."""
        due: list[WorkloadKey] = []
        if is_news and self._waiting:
            waiting, self._waiting = self._waiting, {}
            for key, due_ms in waiting.items():
                self._come(key, due_ms, now_ms, due)
        while self._heap and self._heap[0].at_ms <= now_ms:
            due_ms, key = heapq.heappop(self._heap)
            if self._due_of.get(key) == due_ms:
                del self._due_of[key]
                self._come(key, due_ms, now_ms, due)
        return due

    def _come(self, key: WorkloadKey, due_ms: int, now_ms: int, due: list[WorkloadKey]) -> None:
        if self._as_of_ms(key, now_ms) >= due_ms:
            due.append(key)
        else:
            self._waiting[key] = min(due_ms, self._waiting.get(key, due_ms))
