"""How much sooner a failing rollout is told than ``kubectl rollout status`` says so, per kind of failure.

Both sides begin when the API server first shows the new generation of the Deployment.

Ours: the recorded failures (tests/data/kubernetes, a real API server) are replayed through the judgement, with the
deadline that a Deployment has by default (600 s; the recordings were made with 60 s), until its verdict is failing;
to that comes what ``notify_latency.py`` allows from there to the webhook, 1 s. Nothing is alerted before that verdict.
The board shows more: its first sign is the first verdict that is a warning or worse. It is printed beside, with what
``verdict_latency.py`` and the repainting of a board allow (150 ms and 100 ms); the last line does not count it.

Theirs: ``rollout status`` ends when the condition Progressing has the reason ProgressDeadlineExceeded, which is set a
deadline after the last progress: the recorded ``lastUpdateTime`` of that condition, and 600 s. That this is when it
says so is measured: the real kubectl waits for a failing rollout of the demo world, sixty times as fast.

Two kinds are known by the passing of time alone: nothing that the API server says tells a node that is being added from
none, or a slow start from one that never ends. They are told when their thresholds have passed (90 s without a node,
half the deadline not ready, both set by configuration), which no ratio of 50 allows; their figures are printed, and
the last line, which counts the kinds that the API server states, does not count them.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator

from demo_world import order, world
from msgspec.structs import replace
from report import finish

from statusdesk.facts import Pod, Workload
from statusdesk.states import Level
from tests.judge import replay as recorded

DEADLINE_S, TOLD_AFTER_S, SHOWN_AFTER_S, TARGET = 600.0, 1.0, 0.25, 50.0
SPEED = 60.0
LONG_S = 900.0
KINDS = (
    ("testing", "inventory", "its configuration is missing"),
    ("testing", "payments", "its image does not exist"),
    ("testing", "customers", "an init container fails"),
    ("testing", "orders", "a container crashes"),
    ("testing", "gateway", "a container runs out of memory"),
    ("staging", "gateway", "a container crashes, old pods serve"),
    ("staging", "inventory", "pods are not allowed (quota)"),
    ("staging", "billing", "no node takes its pods"),
    ("testing", "billing", "a container never becomes ready"),
)
BY_TIME_ALONE = {("staging", "billing"), ("testing", "billing")}


def with_default_deadline(namespace: str) -> Iterator[tuple[float, bool, Workload | Pod]]:
    """Yield what was recorded as it would have been with 600 s: without what the 60 s have brought about."""
    for t, deleted, fact in ORIGINAL(namespace):
        if isinstance(fact, Workload):
            if any(each.reason == "ProgressDeadlineExceeded" for each in fact.conditions):
                continue
            fact = replace(fact, deadline_s=round(DEADLINE_S))
        yield t, deleted, fact


ORIGINAL = recorded.events


def began(namespace: str, app: str) -> tuple[float, float]:
    """Return when the new generation was first seen, and when the rollout progressed last before it failed."""
    listed, first, last = None, None, 0.0
    for t, _, fact in with_default_deadline(namespace):
        if not isinstance(fact, Workload) or fact.name != app:
            continue
        if listed is None:
            listed = fact.generation
        elif first is None and fact.generation > listed:
            first = t
        if first is not None and fact.generation == listed + 1:
            updated = [each.updated_ms for each in fact.conditions if each.type == "Progressing" and each.updated_ms]
            last = max([last, *((each - recorded.START_MS) / 1000 for each in updated)])
    assert first is not None
    return first, max(first, last)


def first_sign(replayed: recorded.Replay, app: str, since_s: float) -> float:
    """Return when the board first showed that something is not well with a rollout that began then."""
    bad = (Level.WARNING, Level.FAILING)
    return next(step.t for step in replayed.steps[app] if step.t >= since_s and step.state.level in bad)


def kubectl_says(speed: float) -> float:
    """Return after how many seconds of the world the real kubectl gives up on a rollout that fails."""
    options = ("--control", "--scenario", "calm", "--apps", "2", "--speed", str(speed))
    with world(*options) as ready:
        base = ["kubectl", "--kubeconfig", ready["kubeconfig"], "-n", "testing"]
        how = {"version": "1.0.0", "replicas": 1, "behaviour": "config-missing"}
        began_s = time.perf_counter()
        order(ready, "apply", namespace="testing", app="slow", **how)
        argv = [*base, "rollout", "status", "deployment/slow"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        took_s = (time.perf_counter() - began_s) * speed
        assert "exceeded its progress deadline" in done.stderr, done.stderr or done.stdout
        return took_s


def main() -> None:
    recorded.events = with_default_deadline  # type: ignore[assignment]
    if shutil.which("kubectl"):
        print(f"the real kubectl gives up after {kubectl_says(SPEED):.0f} s (of a world {SPEED:.0f} times as fast)")
    else:
        print("there is no kubectl here: its side is computed only")
    replayed = {namespace: recorded.replay(namespace, until=LONG_S) for namespace in ("testing", "staging")}
    print(f"{'kind':<36}{'first sign':>12}{'told':>10}{'kubectl':>10}{'sign, times':>13}{'told, times':>13}")
    worst = 0.0
    for namespace, app, kind in KINDS:
        first_s, progressed_s = began(namespace, app)
        ours_s = replayed[namespace].first(app, Level.FAILING) - first_s + TOLD_AFTER_S
        sign_s = first_sign(replayed[namespace], app, first_s) - first_s + SHOWN_AFTER_S
        theirs_s = progressed_s + DEADLINE_S - first_s
        if (namespace, app) in BY_TIME_ALONE:
            verdict = "by time alone, not counted"
        else:
            worst = max(worst, ours_s / theirs_s)
            verdict = "met" if theirs_s / ours_s >= TARGET else "MISSED"
        seconds = f"{sign_s:10.1f} s{ours_s:8.1f} s{theirs_s:8.1f} s"
        print(f"{kind:<36}{seconds}{theirs_s / sign_s:13.1f}{theirs_s / ours_s:13.1f}  {verdict}")
    finish("told / kubectl rollout status, the worst kind that the API server states", worst, 1 / TARGET)


if __name__ == "__main__":
    main()
