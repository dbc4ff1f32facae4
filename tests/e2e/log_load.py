"""Many pods that write numbered lines while connections are cut, containers die and pods are replaced."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.world import World, wait_for

NAMESPACE, APP = "load", "loud"
PODS_PATH = f"/api/v1/namespaces/{NAMESPACE}/pods"
LINE = re.compile(r"\[(?:pod/)?([^/]+)/app\] (\S+ INFO (last )?line (\d{8}) of ([0-9a-f]{8}) [^\[]* says)\n")


@dataclass
class Trouble:
    """What happens while the logs are followed."""

    pods: int
    per_s: float
    seconds: float
    restarts: int
    replaced: int
    cuts: int
    away: int = 0
    """Of so many pods the container dies while all streams are cut and the API server refuses everything."""

    @property
    def all_runs(self) -> int:
        return self.pods + self.restarts + self.replaced + self.away


@dataclass
class Followed:
    """The lines of one program, by run of a container: (number, text) in the order in which they came."""

    runs: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    turns: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The runs of each pod, in the order in which their lines came; more than once where they alternate."""
    ended: set[str] = field(default_factory=set)
    other: list[str] = field(default_factory=list)

    def take(self, path: Path) -> "Followed":
        with path.open(newline="") as lines:
            for line in lines:
                found = LINE.fullmatch(line)
                if found is None:
                    self.other.append(line)
                    continue
                self.runs[found[5]].append((int(found[4]), found[2]))
                if self.turns[found[1]][-1:] != [found[5]]:
                    self.turns[found[1]].append(found[5])
                if found[3]:
                    self.ended.add(found[5])
        return self


def running(world: World) -> list[str]:
    return [
        pod["metadata"]["name"]
        for pod in world.listed(PODS_PATH)
        if pod["status"]["phase"] == "Running" and not pod["metadata"].get("deletionTimestamp")
    ]


def kubectl(world: World, *argv: str) -> list[str]:
    return [
        "kubectl", f"--kubeconfig={world.ready.kubeconfig}", "logs", "-n", NAMESPACE, "--prefix", "-c", "app",
        "-l", f"app.kubernetes.io/name={APP}", "--max-log-requests=60", *argv,
    ]  # fmt: skip


def follow_through(world: World, trouble: Trouble, directory: Path) -> tuple[Followed, Followed, Path]:
    """Follow with both programs while it happens; return our lines, kubectl's, and the file of our narration."""
    world.control("/logs", {"namespace": NAMESPACE, "app": APP, "per_s": trouble.per_s})
    world.control("/apply", {"namespace": NAMESPACE, "app": APP, "version": "1", "replicas": trouble.pods})
    wait_for(lambda: len(running(world)) == trouble.pods, what="all pods run")
    ours, theirs, told = directory / "ours", directory / "theirs", directory / "told"
    argv = world.command("logs", APP, "-n", NAMESPACE, "--container", "app", "--tail", "all", "--max-streams", "60")
    environment = {**os.environ, "NO_COLOR": "1"}
    beside = []
    with ours.open("wb") as out, told.open("wb") as narration, theirs.open("wb") as other:
        mine = subprocess.Popen(argv, stdout=out, stderr=narration, env=environment)
        try:
            if shutil.which("kubectl"):
                follow = kubectl(world, "-f", "--ignore-errors", "--tail=-1")
                beside.append(subprocess.Popen(follow, stdout=other, stderr=subprocess.DEVNULL))
            wait_for(lambda: len(Followed().take(ours).runs) == trouble.pods, what="all pods are followed")
            _happen(world, trouble)
            wait_for(lambda: len(running(world)) == trouble.pods, what="all pods run again")
            for one in beside:
                one.send_signal(signal.SIGTERM)
                one.wait(20)
            if trouble.away:  # beyond what kubectl bears
                _be_away(world, trouble)
                wait_for(lambda: len(Followed().take(ours).runs) == trouble.all_runs, what="the new runs are followed")
            time.sleep(1.0)  # what kubectl has, we have after the hold-back of a merge
            mine.send_signal(signal.SIGINT)
            assert mine.wait(20) == 130
        finally:
            for one in (mine, *beside):
                if one.poll() is None:
                    one.kill()
                    one.wait()
    return Followed().take(ours), Followed().take(theirs), told


def _happen(world: World, trouble: Trouble) -> None:
    """Let it happen, evenly over the time."""
    orders = [("/cut-logs", {"count": 1, "mid_line": number % 2 == 0}) for number in range(trouble.cuts)]
    names = sorted(running(world))
    killed, gone = names[: trouble.restarts], names[trouble.restarts :][: trouble.replaced]
    orders += [("/kill", {"namespace": NAMESPACE, "pod": name}) for name in killed]
    orders += [("/replace", {"namespace": NAMESPACE, "pod": name}) for name in gone]
    random.Random(4).shuffle(orders)  # each kind in the midst of the others
    step_s = trouble.seconds / (len(orders) + 1)
    begun_s = time.monotonic()
    for number, (path, order) in enumerate(orders, 1):
        time.sleep(max(0.0, begun_s + number * step_s - time.monotonic()))
        world.control(path, order)
    time.sleep(max(0.0, begun_s + trouble.seconds - time.monotonic()))


def _be_away(world: World, trouble: Trouble) -> None:
    """Let containers die while the API server refuses everything, and no stream is open that could tell of it."""
    spared = trouble.restarts + trouble.replaced
    names = sorted(running(world))[spared:][: trouble.away]
    world.fault("kubernetes", 503)
    world.control("/cut-logs", {"count": 2 * trouble.pods, "mid_line": False})
    time.sleep(0.5)  # lines that nobody reads
    for name in names:
        world.control("/kill", {"namespace": NAMESPACE, "pod": name})
    time.sleep(2.0)  # they run again
    world.fault("kubernetes", None)


def check(ours: Followed, trouble: Trouble) -> None:
    """Hold our lines against what must have been written."""
    # what a pod that joins waits for is told by its init container
    assert all("/vault-agent] " in line for line in ours.other)
    assert len(ours.runs) == trouble.all_runs
    assert len(ours.ended) == trouble.all_runs - trouble.pods
    for pod, turns in ours.turns.items():
        assert len(turns) == len(set(turns)), f"the runs of {pod} alternate: {turns}"
    for run, lines in ours.runs.items():
        numbers = [number for number, _ in lines]
        assert numbers == list(range(len(numbers))), f"run {run}: {_first_fault(numbers)}"


def _first_fault(numbers: list[int]) -> str:
    at = next(index for index, number in enumerate(numbers) if number != index)
    return f"after {numbers[max(0, at - 3) : at]} comes {numbers[at : at + 3]}; {len(numbers)} lines"


def check_against(ours: Followed, theirs: Followed) -> int:
    """Hold our lines against kubectl's of the same runs, byte for byte; return how many there are."""
    held = 0
    for run, lines in theirs.runs.items():
        mine = dict(ours.runs[run])
        for number, text in lines:
            assert mine[number] == text
        held += len(lines)
    return held
