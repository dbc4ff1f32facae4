"""Stamps told the short way: nothing else comes of it than of looking at each of them."""

import random

import msgspec
import pytest

from statusdesk.facts import Condition, Container, ContainerRole, Pod, Workload
from statusdesk.pipeline.stamps import Seeing, Stamps

NOW_MS = 1_800_000_000_000
AROUND_MS = (None, -400_000, -6_000, -5_000, -3_000, 0, 1, 2_000, 400_000)


class Whole(Stamps):
    """Looks at each stamp of everything."""

    def _may_be_plain(self, *_: object) -> bool:
        return False


def moment(choose: random.Random, now_ms: int) -> int | None:
    off_ms = choose.choice(AROUND_MS)
    return None if off_ms is None else now_ms + off_ms


def changed(choose: random.Random, fact, now_ms: int):
    """Return a fact of which some stamps are others, or all of them as where a clock was set."""
    names = [name for name in ("created_ms", "deleting_ms", "ready_changed_ms", "started_ms") if hasattr(fact, name)]
    fields = {name: moment(choose, now_ms) for name in names if choose.random() < 0.25}
    if isinstance(fact, Pod):
        made = [
            msgspec.structs.replace(one, since_ms=moment(choose, now_ms), last_finished_ms=moment(choose, now_ms))
            if choose.random() < 0.3
            else one
            for one in fact.containers
        ]
        fields |= {"containers": tuple([*made, made[-1]][: choose.choice((1, 2, 2, 2))])}
    elif choose.random() < 0.4:
        fields |= {"conditions": (Condition(type="Progressing", status="True", updated_ms=moment(choose, now_ms)),)}
    if choose.random() < 0.1:
        fields |= {"uid": choose.choice("uv")}
    return msgspec.structs.replace(fact, **fields)


def first(choose: random.Random, kind: type):
    if kind is Workload:
        return Workload(cluster="eu", namespace="a", kind="Deployment", name="web", uid="u", app="web")
    containers = tuple([Container(name=name, role=ContainerRole.APP) for name in ("one", "two")])
    grace_s = choose.choice((None, 30))
    return Pod(cluster="eu", namespace="a", name="web-1", uid="u", grace_s=grace_s, containers=containers)


@pytest.mark.parametrize("kind", [Pod, Workload])
def test_the_short_way_tells_what_the_long_one_tells(kind):
    choose = random.Random(7)
    short_ways = 0
    for _ in range(400):
        short, long = Stamps(), Whole()
        fact, before, now_ms = first(choose, kind), None, NOW_MS
        for _ in range(6):
            fact, now_ms = changed(choose, fact, now_ms), now_ms + choose.choice((0, 2_000, 60_000))
            looked_ms = None if before is None and choose.random() < 0.7 else now_ms - choose.choice((0, 1_000, 90_000))
            seeing = Seeing(now_ms, looked_ms)
            tell = (short.pod, long.pod) if kind is Pod else (short.workload, long.workload)
            told = tell[0](fact, before, seeing)
            assert told == tell[1](fact, before, seeing)
            short_ways += told is fact
            before = told
    assert 400 < short_ways < 2_000
