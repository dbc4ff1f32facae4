"""A service that goes down while nobody has looked at its new version: told in its time, of the version before."""

from collections.abc import Callable
from functools import partial

import msgspec
import pytest

from statusdesk.facts import Workload
from statusdesk.judge.rollout_counts import blames_version
from statusdesk.states import Level
from tests.judge.make import available, container, daemonset, deployment, pod, progressing, statefulset, unready
from tests.judge.sequence import Seen, at, follow

RECREATE = partial(deployment, strategy="Recreate")
KINDS = pytest.mark.parametrize("make", [deployment, statefulset, daemonset, RECREATE])
AGED = {"created_ms": at(-10_000), "ready_changed_ms": at(-10_000)}
WELL = [pod(name=name, **AGED) for name in ("x", "y")]
LOST = [unready(container(ready=False), name=name, **AGED | {"ready_changed_ms": at(10)}) for name in ("x", "y")]
FIXED = {"generation": 3, "version": "1.6.0", "image": "x:1.6.0", "images": (("app", "x:1.6.0"),)}


def down(workload: Workload) -> Workload:
    """Return it with nothing available, since 10 s."""
    if workload.kind != "Deployment":
        return msgspec.structs.replace(workload, ready=0, available=0)
    conditions = (progressing("NewReplicaSetAvailable"), available(False, at_ms=at(10)))
    return msgspec.structs.replace(workload, ready=0, available=0, conditions=conditions)


@KINDS
def test_an_outage_is_told_in_its_time_though_its_new_version_is_not_looked_at(make: Callable[..., Workload]) -> None:
    times = (11, 39, 40, 63, 99, 100, 200)
    seen = [Seen(0, make(), WELL, Level.OK, ""), Seen(2, make(**FIXED), WELL, Level.PROGRESSING, "")]
    seen += [Seen(t, down(make(**FIXED)), LOST, Level.FAILING, "") for t in times]
    told = [verdict.state for verdict in follow(seen)[1:]]
    assert [state.level for state in told] == [Level.PROGRESSING] * 3 + [Level.WARNING] * 3 + [Level.FAILING] * 2
    assert told[-1].version == "1.6.0"
    assert not blames_version(told[-1].reason)


@KINDS
def test_what_is_to_mend_an_outage_is_awaited_for_a_minute_only(make: Callable[..., Workload]) -> None:
    """It is judged alike however often, and is not said to be the outage."""
    seen = [Seen(0, make(), WELL, Level.OK, "")]
    seen += [Seen(t, down(make()), LOST, Level.FAILING, "") for t in (11, 50, 111)]
    seen += [Seen(t, down(make(**FIXED)), LOST, Level.FAILING, "") for t in (112, 113, 150, 171, 172, 300)]
    told = [verdict.state for verdict in follow(seen)[3:]]
    awaited = [(Level.PROGRESSING, "Observing")] * 3
    assert told[0].level is Level.FAILING
    assert [(state.level, state.reason) for state in told[1:4]] == awaited
    assert not [state.reason for state in told[5:] if state.level is not Level.FAILING or blames_version(state.reason)]


@KINDS
def test_no_rollout_has_taken_the_pods_that_are_gone_before_it_is_looked_at(make: Callable[..., Workload]) -> None:
    seen = [Seen(0, make(), WELL, Level.OK, ""), Seen(2, make(**FIXED), WELL, Level.PROGRESSING, "")]
    seen += [Seen(t, down(make(**FIXED, replicas=0)), (), Level.FAILING, "") for t in (11, 102)]
    assert follow(seen)[-1].state.level is Level.FAILING
