"""Loud logs: lines that are made together are those that are made one by one."""

import pytest

from statusdesk.demo.kube_lograte import LoudLog
from tests.demo.kube_support import START_MS, stepped


@pytest.mark.parametrize("ended_ms", [None, START_MS + 3_000])
@pytest.mark.parametrize("stamped", [False, True])
def test_lines_made_together(ended_ms, stamped):
    made = stepped()
    made.apply("testing", "loud", "1.0", settled=True)
    pod = made.model_of_pod("testing", made.pods("testing", "loud")[0])
    assert pod is not None and pod.mains[0].run is not None
    run = pod.mains[0].run
    run.started_ms, run.ended_ms = START_MS, ended_ms
    log = LoudLog(pod, pod.mains[0], run, 300.0)
    count = log.length(START_MS + 3_000)
    before = [f"{log.stamp(index)} " if stamped else "" for index in range(count)]
    expected = [f"{stamp}{log.line(index)}\n" for index, stamp in enumerate(before)]
    assert count in (900, 901) and "INFO line 00000007 of " in expected[7]
    assert log.lines(0, count, stamped=stamped) == "".join(expected)
    assert log.lines(5, 7, stamped=stamped) == "".join(expected[5:7])
