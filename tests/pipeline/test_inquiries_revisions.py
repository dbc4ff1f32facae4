"""Which pods a DaemonSet's newest revision has: told by revisions that were asked for since it has that revision."""

import pytest
from msgspec.structs import replace

from statusdesk.facts import Changed, Pod, Revision, Swept, Workload
from statusdesk.states import Level, RolloutState
from statusdesk.wants import RevisionsWanted
from tests.judge import make
from tests.pipeline.inquiring import SOURCE, T0, World, empty_world  # noqa: F401  (the fixture world)

OWNED = {"workload_kind": "DaemonSet", "owner_kind": "DaemonSet"}
OLD = make.old_pod(name="orders-old", **OWNED)
BAD = make.unready(make.looping(), name="orders-bad", **OWNED)
MENDED = "57fcffc99"


def daemonset(number: int, version: str, **changes: object) -> Workload:
    image = f"registry.local/orders:{version}"
    given = {"revision": str(number), "version": version, "image": image, "images": (("app", image),)}
    seen = {"generation": number, "observed_generation": number, "updated": 1, "ready": 1, "available": 1}
    return make.daemonset(**(given | seen | changes))


def answered(world: World, *hashes: str) -> None:
    facts = [
        Revision(
            cluster="eu",
            namespace="staging",
            kind="ControllerRevision",
            name=f"orders-{one}",
            uid=f"orders-{one}",
            owner_uid="u1",
            hash=one,
            revision=number,
        )
        for number, one in enumerate(hashes, 1)
    ]
    world.lists(*facts, kind=Revision, scope="staging", subkind="DaemonSet/orders")


def row(world: World) -> RolloutState:
    return world.writer.current(RolloutState)["eu/staging/DaemonSet/orders"]


@pytest.fixture(name="failed")
def failed_world(world):
    """A world in which the second revision of a DaemonSet fails, as its revisions have told."""
    world.desk.take(Swept(source=SOURCE, kind=Pod, facts=(OLD, BAD), started_ms=T0, at_ms=T0))
    facts = (daemonset(2, "1.5.0"),)
    world.take(Swept(source=SOURCE, kind=Workload, facts=facts, started_ms=T0, at_ms=T0, subkind="DaemonSet"))
    world.passes(10)
    assert world.asked_for(RevisionsWanted)
    answered(world, make.OLD, make.NEW)
    assert (row(world).level, row(world).pod) == (Level.FAILING, "orders-bad")
    return world


def test_what_is_undone_is_not_blamed_for_the_pods_of_what_failed(failed):
    failed.sees(daemonset(3, "1.4.2"), kind=Workload, after_s=1)
    assert (row(failed).level, row(failed).version, row(failed).pod) == (Level.PROGRESSING, "1.4.2", "")
    failed.passes(2)
    assert failed.asked_for(RevisionsWanted)
    answered(failed, "", make.NEW, make.OLD)  # the same one again, by a new number
    assert (row(failed).level, row(failed).pod) == (Level.PROGRESSING, "")
    again = make.pod(make.container(image="registry.local/orders:1.4.2"), name="orders-c", revision=make.OLD, **OWNED)
    failed.desk.take(Changed(source=SOURCE, kind=Pod, at_ms=failed.now_ms, seen=(again,), gone=(BAD.key,)))
    failed.sees(daemonset(3, "1.4.2", updated=2, ready=2, available=2), kind=Workload, after_s=40)
    failed.passes(1)
    assert row(failed).level is Level.OK


def test_what_mends_it_is_not_blamed_either_and_its_own_failure_is_told(failed):
    failed.sees(daemonset(3, "1.5.1", updated=0), kind=Workload, after_s=1)
    assert (row(failed).level, row(failed).version, row(failed).pod) == (Level.PROGRESSING, "1.5.1", "")
    broken = make.unready(
        replace(make.looping(), image="registry.local/orders:1.5.1"), name="orders-worse", revision=MENDED, **OWNED
    )
    failed.desk.take(Changed(source=SOURCE, kind=Pod, at_ms=failed.now_ms, seen=(broken,), gone=(BAD.key,)))
    failed.sees(daemonset(3, "1.5.1"), kind=Workload, after_s=2)
    answered(failed, make.OLD, make.NEW, MENDED)
    failed.passes(1)
    assert (row(failed).level, row(failed).version, row(failed).pod) == (Level.FAILING, "1.5.1", "orders-worse")


def test_an_answer_to_what_was_asked_before_it_is_not_that_of_the_newest(failed):
    failed.sees(daemonset(3, "1.5.1", updated=0), kind=Workload, after_s=3)
    assert len(failed.asked_for(RevisionsWanted)) == 1
    failed.sees(daemonset(4, "1.5.2", updated=0), kind=Workload, after_s=3)
    assert len(failed.asked_for(RevisionsWanted)) == 1
    answered(failed, make.OLD, make.NEW)  # which of the two is answered nobody knows
    assert (row(failed).level, row(failed).pod) == (Level.PROGRESSING, "")
    failed.passes(3)
    assert len(failed.asked_for(RevisionsWanted)) == 1
    answered(failed, make.OLD, make.NEW, MENDED, "fourth")
    failed.passes(20)
    assert not failed.asked_for(RevisionsWanted) and row(failed).level is Level.PROGRESSING


def test_what_its_controller_has_not_looked_at_has_no_revisions_yet(failed):
    failed.sees(daemonset(3, "1.5.1", observed_generation=2), kind=Workload, after_s=3)
    failed.passes(10)
    assert not failed.asked_for(RevisionsWanted)
