"""``demo COMMAND``: commands that only read a store find a complete one; options of every command are handed on."""

import pytest

from statusdesk.cli import demo_store
from statusdesk.config_file import load
from statusdesk.store.errors import StoreError

WORLD = ("demo", "--apps", "6")


def test_status_waits_for_a_complete_picture_and_ascii_is_handed_on(run, tmp_path):
    done = run(*WORLD, "--ascii", "--dir", str(tmp_path / "world"), "status", configured=False)
    assert done.returncode == 1 and done.stderr == ""
    assert done.stdout.startswith("APPLICATION") and done.stdout.isascii()
    assert " - next stop " in done.stdout
    sources = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("source ")]
    assert {words[0].partition("/")[0] for words in sources} == {"jenkins", "kubernetes", "vault"}
    assert all(words[1] == "ok" for words in sources)
    assert "no collector" not in done.stdout


def test_options_may_stand_after_the_command_as_well(run):
    assert run(*WORLD, "status", "--ascii", "--scenario", "calm", configured=False).stdout.isascii()


def test_export_finds_the_history_of_the_world(run):
    done = run(*WORLD, "export", "rollouts", "--format", "jsonl", configured=False)
    assert done.returncode == 0 and len(done.stdout.splitlines()) >= 6


class Child:
    def __init__(self, code):
        self.code = code

    def exit_code(self):
        return self.code

    def last_words(self):
        return "no room"


def test_a_collector_that_ends_is_told(config):
    with pytest.raises(StoreError, match="the collector of the demo ended with exit code 70: no room"):
        demo_store._wait(load(config, {}), Child(70))


def test_a_world_that_does_not_answer_is_waited_for_within_bounds(config, monkeypatch):
    monkeypatch.setattr(demo_store, "COMPLETE_WITHIN_S", 0.05)
    monkeypatch.setattr(demo_store, "LOOK_EVERY_S", 0.01)
    with pytest.raises(StoreError, match="did not all answer within"):
        demo_store._wait(load(config, {}), Child(None))
