"""An update that is held back, as ``status`` and ``gate`` tell it of a store."""

import json

from tests.cli.conftest import rollout

HELD = {"held_by": "OnDelete", "held_version": "1.4.2"}


def test_status_says_what_runs_what_is_asked_for_and_how_many_pods_have_it(run, put):
    put(
        rollout("orders", "staging", version="1.5.0", updated=0, **HELD),
        rollout("orders", "production", version="1.5.0", updated=1, **HELD),
    )
    whole, partial = json.loads(run("status", "--format", "json").stdout)["apps"][0]["stages"][-2:]
    assert (whole["version"], whole["mark"], whole["level"]) == ("1.4.2", "held-back", "ok")
    assert (partial["version"], partial["mark"]) == ("1.5.0", "held-back")
    counts = {"by": "OnDelete", "runs": "1.4.2", "desired": 2}
    assert [each["rollouts"][0]["held_back"] for each in (whole, partial)] == [
        {**counts, "updated": 0},
        {**counts, "updated": 1},
    ]
    assert [each["rollouts"][0]["version"] for each in (whole, partial)] == ["1.5.0", "1.5.0"]
    assert whole["notes"] == ["orders runs 1.4.2: 1.5.0 is asked for and held back by OnDelete"]
    told = run("status").stdout
    assert "held back 1.4.2 \u2192 1.5.0 0/2" in told and "held back 1.4.2 \u2192 1.5.0 1/2" in told
