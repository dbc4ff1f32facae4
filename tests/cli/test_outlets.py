"""What a message says of how it stands now: read from the store, and unknown is never ok."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from statusdesk.cli.outlets import Stored, warnings_of
from statusdesk.clock import system_clock
from statusdesk.config_alerts import HaSettings
from statusdesk.states import Level
from tests.alerts.make import config
from tests.cli.conftest import rollout, source
from tests.sinks.make import sink

MINUTE = 60_000
ROWS = (rollout("orders", "staging"), rollout("carts", "staging"), rollout("orders", "production"))
CLOSED = source("kubernetes/eu#production", Level.UNKNOWN, reason="NoAccess")


def tally(put, tmp_path, *rows):
    put(*rows, sources=())
    store = replace(config().store, state_dir=str(tmp_path / "state"))
    return str(Stored(replace(config(), store=store)).tally())


@pytest.mark.parametrize(
    ("level", "age_ms", "words"),
    [(Level.OK, 0, "3 ok"), (Level.FAILING, 0, "0 ok, 3 unknown"), (Level.OK, 60 * MINUTE, "0 ok, 3 unknown")],
    ids=["well", "down", "silent"],
)
def test_what_a_source_that_is_down_has_shown_is_unknown(put, tmp_path, level, age_ms, words):
    cluster = source("kubernetes/eu", level, at_ms=system_clock() - age_ms)
    assert tally(put, tmp_path, cluster, *ROWS) == f"now: 0 firing, 0 pending, {words}"


def test_a_namespace_that_may_not_be_read_and_a_row_of_which_nothing_is_known(put, tmp_path):
    closed = replace(CLOSED, source="kubernetes/eu", scope="production")
    well = source("kubernetes/eu", at_ms=system_clock())
    strange = rollout("tool", "staging", Level.UNKNOWN)
    assert tally(put, tmp_path, well, closed, *ROWS, strange) == "now: 0 firing, 0 pending, 2 ok, 2 unknown"


def test_a_store_that_cannot_be_read_says_nothing(tmp_path):
    store = replace(config().store, state_dir=str(Path(tmp_path) / "gone"))
    assert Stored(replace(config(), store=store)).tally() is None


def test_a_pair_that_would_tell_people_twice_says_so_at_its_start():
    kinds = ("alertmanager", "webhook", "pagerduty", "slack", "email", "desktop", "command")
    sinks = tuple(replace(sink(kind), name=f"my-{kind}") for kind in kinds)
    assert warnings_of(config(sinks=sinks)) == []
    (warning,) = warnings_of(replace(config(sinks=sinks), ha=HaSettings(mode="pair")))
    assert "tells my-slack, my-email, my-desktop, my-command, so everybody there is told twice" in warning
    assert "through an Alertmanager" in warning
