"""Where the lines of a sink go: told before the first run as that run will find it."""

import pytest
from msgspec.structs import replace

from statusdesk.config import StoreSettings
from statusdesk.sinks.trying import reach
from tests.alerts.make import config
from tests.sinks.make import sink


@pytest.mark.parametrize(
    ("path", "made", "well"),
    [
        ("log.jsonl", "", True),  # the first run makes the state directory
        ("log.jsonl", "state", True),
        ("sub/log.jsonl", "", False),  # nobody makes that
        ("sub/log.jsonl", "state/sub", True),
        ("../log.jsonl", "state", True),
    ],
)
def test_a_file_of_lines_before_and_after_the_first_run(tmp_path, path, made, well):
    (tmp_path / made).mkdir(parents=True, exist_ok=True)
    settings = replace(config(), store=StoreSettings(state_dir=str(tmp_path / "state")))
    (tried,) = reach(settings, sink("jsonl", path=path))
    assert tried.ok is well, tried.message
    assert not (tmp_path / "state").exists() or made, "looking makes nothing"


def test_a_parent_that_may_not_be_written_is_told(tmp_path):
    (tmp_path / "state").write_text("a file is in the way")
    settings = replace(config(), store=StoreSettings(state_dir=str(tmp_path / "state" / "x")))
    (tried,) = reach(settings, sink("jsonl", path="log.jsonl"))
    assert not tried.ok and "cannot be written" in tried.message
