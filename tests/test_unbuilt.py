"""What is said of a rollout that no build made."""

from typing import Any

import pytest

from statusdesk.unbuilt import unbuilt
from tests.judge.test_join import T0, H, rollout


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version_since_ms": T0}, "orders changed to 1.5.0 without a build"),
        ({"version_since_ms": None}, "orders changed to 1.5.0 without a build"),
        ({"version": ""}, "orders changed without a build"),
        ({"version_since_ms": T0 - H}, "orders changed without a build, and is 1.5.0 as before"),
        (
            {"version_since_ms": T0, "build_job": "deploy-orders", "build_number": 7},
            "orders changed to 1.5.0 without a build, back to what deploy-orders #7 built",
        ),
    ],
)
def test_what_is_said_of_a_change_without_a_build(changes: dict[str, Any], said: str) -> None:
    assert unbuilt(rollout(**{"version": "1.5.0", "build_rule": "none", **changes})) == said
