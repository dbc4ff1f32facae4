"""The gate asks about what runs: an update that is held back has not come through."""

import pytest
from msgspec.structs import replace

from tests.judge.test_gate import ASKED, MINUTE, NOW, answer, rollout

HELD = {"held_version": "1.3", "held_by": "OnDelete", "version": "1.4", "held_since_ms": NOW - 60 * MINUTE}
SEVERAL = rollout(updated=0, **HELD | {"held_version": ""})
WHOLE, PARTIAL = rollout(updated=0, **HELD), rollout(updated=1, **HELD)
SAID = "orders runs 1.3: 1.4 is asked for and held back by OnDelete"


@pytest.mark.parametrize(
    ("row", "version", "words"),
    [
        (WHOLE, "", f"staging runs 1.3; say with --version which is to go on; {SAID}"),
        (WHOLE, "1.4", f"1.4 does not run in staging; 1.3 does; {SAID}"),
        (SEVERAL, "1.4", "1.4 is not known to run in staging; orders runs"),
        (PARTIAL, "", "staging runs several versions (1.3, 1.4); say which with --version; orders runs 1.4 in 1 of 2"),
        (PARTIAL, "1.4", "1.4 is not everywhere in staging: eu/staging runs 1.3; orders runs 1.4 in 1 of 2 pods"),
        (PARTIAL, "1.3", "1.3 is not everywhere in staging: eu/staging runs 1.4; orders"),
    ],
)
def test_what_is_held_back_is_a_doubt_that_names_it(row, version, words):
    decision, checks = answer(replace(ASKED, version=version), rollouts=(row,))
    assert decision.decision == "unknown"
    assert checks["version"].detail.startswith(words)


def test_what_may_be_what_nobody_knows_is_not_said_not_to_run():
    said = answer(replace(ASKED, version="1.2"), rollouts=(SEVERAL, rollout(cluster="us")))[1]["version"].detail
    assert said.startswith("1.2 is not known to run in staging; 1.4 does; orders runs")


def test_what_runs_may_go_on_where_it_is_named():
    asked = replace(ASKED, version="1.3", require=frozenset({"rollout-healthy", "digest-match", "soak"}))
    decision, checks = answer(asked, rollouts=(WHOLE, rollout("testing", version="1.3")))
    assert (decision.decision, decision.version) == ("go", "1.3")
    other = rollout("testing", version="1.3", digest="sha256:bb")
    assert answer(asked, rollouts=(WHOLE, other))[1]["digest-match"].result == "blocked"


def test_a_workload_beside_it_that_is_held_back_keeps_no_version_from_going_on():
    beside = rollout(name="orders-db", held_version="15", held_by="OnDelete", version="16", updated=0)
    assert answer(rollouts=(rollout(), beside))[0].decision == "go"
