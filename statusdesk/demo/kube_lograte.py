"""Logs of containers that write many lines a second, numbered, for tests and measurements of those who follow them."""

import time

from statusdesk.demo.kube_logs import RunLog
from statusdesk.demo.kube_model import ContainerModel, PodModel, Run

_KEPT = 2_000_000
_PADDING = "GET /api/items/1042?page=2 200 and what else a line of ordinary length says"


class LoudLog(RunLog):
    """The log of a run that writes ``per_s`` lines a second: ``line 00000042 of 9f3a…``, counted from 0.

    One that has ended has one more, its ``last line``.
    """

    kept = _KEPT

    def __init__(self, pod: PodModel, container: ContainerModel, run: Run, per_s: float) -> None:
        super().__init__(pod, container, run, 1.0)
        self._begin_ms = run.started_ms
        self._gap_ms = 1000.0 / per_s
        self._name = run.container_id[-8:]
        self._second = (-1, "")

    def length(self, now_ms: int) -> int:
        end_ms = now_ms if self._run.ended_ms is None else self._run.ended_ms
        return max(0, int((end_ms - self._begin_ms) / self._gap_ms)) + self.ended

    def at_ms(self, index: int) -> int:
        return self._at_us(index) // 1000

    def _at_us(self, index: int) -> int:
        end_ms = self._run.ended_ms
        at_ms = self._begin_ms + (index + 1) * self._gap_ms
        return int((at_ms if end_ms is None else min(at_ms, end_ms)) * 1000)

    def line(self, index: int) -> str:
        last = "last " if self._run.ended_ms is not None and index == self.length(0) - 1 else ""
        return f"{self.stamp(index)} INFO {last}line {index:08d} of {self._name} {_PADDING}"

    def lines(self, start: int, end: int, *, stamped: bool) -> str:
        if self._run.ended_ms is not None or not stamped:
            return super().lines(start, end, stamped=stamped)
        made = []
        for index in range(start, end):
            stamp = self.stamp(index)
            made.append(f"{stamp} {stamp} INFO line {index:08d} of {self._name} {_PADDING}\n")
        return "".join(made)

    def stamp(self, index: int) -> str:
        second, rest = divmod(self._at_us(index), 1_000_000)
        if second != self._second[0]:
            self._second = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
        return f"{self._second[1]}.{rest:06d}000Z"
