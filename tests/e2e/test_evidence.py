"""Why a rollout fails is in the store with it: the log of the run before, what Kubernetes told, no secret."""

import pytest

from statusdesk.store.errors import StoreError
from tests.e2e.world import serving, wait_for

ORDERS = "demo/staging/Deployment/orders"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("truth") / "truth.json", "--speed", "5") as served, served.watch():
        yield served


def _ask(world, question):
    try:
        with world.reader() as reader:
            return question(reader)
    except StoreError:
        return None  # the store is being made


def test_the_failing_rollout_has_evidence_of_its_init_container(world):
    def evidence():
        rows = _ask(world, lambda reader: reader.evidence(ORDERS))
        return next((row for row in rows or () if row.previous and row.lines and row.events), None)

    found = wait_for(evidence, 40, "evidence of orders")
    assert found.container == "vault-agent" and found.pod.startswith("orders-")
    assert any("permission denied" in line for line in found.lines)
    assert any(event.type == "Warning" and event.reason == "BackOff" for event in found.events)
    assert {event.object_name for event in found.events} == {found.pod}
    assert found.state[0].name == "vault-agent" and found.state[0].last_exit_code


def test_the_evidence_lies_within_the_failing_period(world):
    def periods_with_evidence():
        with world.reader() as reader:
            for row in reader.changes(0).rollouts:
                if row.key == ORDERS and row.level == "failing":
                    return reader.evidence(ORDERS, row.level_since_ms, row.since_ms)
        return None

    assert wait_for(periods_with_evidence, 40, "evidence within the period")


def test_the_failing_rollout_has_its_revisions(world):
    def revisions():
        return _ask(world, lambda reader: reader.revisions(ORDERS))

    found = wait_for(revisions, 40, "revisions of orders")
    assert len(found) >= 2 and found[0].revision > found[1].revision
    pods = _ask(world, lambda reader: reader.pods(ORDERS))
    assert {pod.revision for pod in pods} <= {one.hash for one in found}


def test_a_rollout_that_is_well_has_neither(world):
    def checked():
        with world.reader() as reader:
            well = [row.key for row in reader.changes(0).rollouts if row.level == "ok"]
            return well and all(not reader.evidence(key, row_since(reader, key)) for key in well)

    def row_since(reader, key):
        return next(row.level_since_ms for row in reader.changes(0).rollouts if row.key == key)

    assert wait_for(checked, 20, "nothing kept of what is well")
