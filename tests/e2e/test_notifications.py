"""A rollout that fails and is mended in a living world is told once and resolved once, through a real Alertmanager.

What else may happen meanwhile is in ``test_told_once.py``, which takes minutes.
"""

import json
import re
import signal
from pathlib import Path

import pytest

from tests.e2e.office import Office, heard, sinks, told_there
from tests.e2e.world import serving, wait_for
from tests.sinks.alertmanagers import MISSING, PROGRAM, one
from tests.sinks.receiver import Receiver

APP = "fresh"
FIRING, RESOLVED = ("RolloutFailing", "firing"), ("RolloutFailing", "resolved")


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
@pytest.mark.timeout(120)
def test_a_crash_loop_is_one_firing_and_one_resolved_at_the_receiver_over_kills(tmp_path):
    """Killed between the commit and the sending of the first, when nobody was told yet, and after it was told."""
    options = ("--speed", "5", "--scenario", "calm", "--apps", "6")
    with one(tmp_path / "am") as (manager, receiver), serving(tmp_path / "truth.json", *options) as world:
        office = Office(world, tmp_path / "office", manager.url, hook=receiver.url)

        def deploy(behaviour):
            order = {"namespace": "testing", "app": APP, "version": "1.0.0", "replicas": 1, "behaviour": behaviour}
            world.control("/apply", order)

        def are_told(what):
            return all(heard(receiver, APP, path) == what for path in ("/", "/direct"))

        with office.watch("commit", APP, "firing") as dying:
            deploy("crash")
            assert dying.wait(30) == -signal.SIGKILL
        assert are_told([])
        with office.watch() as first:
            wait_for(lambda: are_told([FIRING]), 30, "the alert")
            first.kill()
            first.wait()
        with office.watch():
            deploy("good")
            wait_for(lambda: are_told([FIRING, RESOLVED]), 40, "its end")
        assert are_told([FIRING, RESOLVED])
        said, alert = told_there(receiver, APP, "/direct")[0]
        explained = alert["annotations"]
        assert "statusdesk logs fresh -n testing" in explained["logs_command"]
        assert explained["summary"].startswith("fresh 1.0.0 in testing: ") and explained["hits"].startswith("stage ")
        # others may fire as well: an environment that is up after hours does, when this is run after hours
        assert re.match(r"now: [1-9]\d* firing, ", said["commonAnnotations"]["now"])


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(tmp_path, receiver):
    options = ("--speed", "5", "--scenario", "calm", "--apps", "6")
    with serving(tmp_path / "truth.json", *options) as world:
        config = Path(world.ready.config)
        config.write_text(config.read_text() + sinks(receiver.url, hook=receiver.url))
        order = {"namespace": "testing", "app": APP, "version": "1.0.0", "replicas": 1, "behaviour": "config-missing"}
        world.control("/apply", order)
        shown = tmp_path / "shown"
        with shown.open("w") as out, world.watch("--dry-run", "--format", "jsonl", stdout=out):

            def would():
                lines = [json.loads(line) for line in shown.read_text().splitlines(keepends=True) if line[-1:] == "\n"]
                about = [line for line in lines if line["event"] == "dry-run" and f'"app": "{APP}"' in json.dumps(line)]
                return {line["sink"] for line in about}

            wait_for(lambda: would() == {"am", "hook"}, 30, "what would be sent")
        assert receiver.got == []
        queued = world.rows("select sink, state from notifications")
        assert queued and all(sink.startswith("dry-run-") and sink.endswith("hook") for sink, _ in queued)
