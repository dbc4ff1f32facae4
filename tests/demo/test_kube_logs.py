"""The logs of simulated containers: who follows a run sees what is read of it later."""

import pytest

from statusdesk.demo.kube_logs import RunLog
from statusdesk.demo.kube_model import Run
from tests.demo.kube_support import START_MS, stepped


@pytest.mark.parametrize("exit_code", [0, 1, 137])
@pytest.mark.parametrize("name", ["app", "vault-agent", "migrate"])
@pytest.mark.parametrize("lasts_ms", [300, 4_000])
def test_a_run_that_is_followed_to_its_end_reads_the_same_later(name, exit_code, lasts_ms):
    made = stepped()
    made.apply("testing", "stock", "9.0.0", settled=True)
    pod = made.model_of_pod("testing", made.pods("testing", "stock")[0])
    assert pod is not None and pod.mains[0].run is not None
    run = Run("containerd://1", START_MS, pod.mains[0].run.behaviour)
    container = next((each for each in pod.containers if each.name == name), pod.containers[0])
    container.name = name
    followed, heard = RunLog(pod, container, run, 1.0, " <"), ""
    taken = followed.length(START_MS + lasts_ms)
    heard = followed.lines(0, taken, stamped=True)
    run.ended_ms, run.exit_code = START_MS + lasts_ms, exit_code
    later = RunLog(pod, container, run, 1.0, " <")
    end = followed.length(run.ended_ms + 1)
    heard += followed.lines(taken, end, stamped=True)
    assert heard == later.lines(0, later.length(run.ended_ms + 1), stamped=True)
    assert ("SIGTERM" in heard) is (name == "app" and exit_code == 0)
    assert ("ERROR" in heard or "[ERR]" in heard) is (exit_code == 1 or (exit_code > 0 and name != "app"))
