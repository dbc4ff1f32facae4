"""The dead man's switch: asked for after each round, not while nothing is collected, and told when all fails."""

import pytest
from msgspec.structs import replace

from statusdesk.sinks.heartbeat import Heartbeat, interval_of, round_done
from statusdesk.states import Level
from tests.alerts.make import config, source
from tests.e2e.world import wait_for
from tests.sinks.make import secret


@pytest.fixture
def beating(tmp_path, receiver, monkeypatch):
    monkeypatch.setattr("statusdesk.sinks.heartbeat.LOOK_EVERY_S", 0.01)
    made = []

    def start(sources):
        said = []
        url = secret(tmp_path, f"{receiver.url}/ping/s3cr3t")
        steady = iter(range(0, 10**9, 100))
        made.append(Heartbeat(url, tmp_path, sources, interval_s=0.05, clock=lambda: 0, steady=lambda: next(steady),
                              narrate=said.append))  # fmt: skip
        return said

    yield start
    for each in made:
        each.stop()
        each.join(5)


def test_once_per_round_and_never_without_one(beating, receiver):
    rows = [source(Level.OK, last_try_ms=1)]
    beating(lambda: rows)
    wait_for(lambda: receiver.got)
    looked = len(receiver.got)
    rows[0] = replace(rows[0], last_try_ms=2)
    wait_for(lambda: len(receiver.got) == 2)
    assert looked == 1 and {got.path for got in receiver.got} == {"/ping/s3cr3t"}


def test_all_sources_fail(beating, receiver):
    beating(lambda: [source(last_try_ms=1), source(name="jenkins", last_try_ms=1)])
    wait_for(lambda: receiver.got)
    assert receiver.got[0].path == "/ping/s3cr3t/fail"


def test_one_of_them_fails(beating, receiver):
    beating(lambda: [source(last_try_ms=1), source(Level.OK, name="jenkins", last_try_ms=1)])
    wait_for(lambda: receiver.got)
    assert receiver.got[0].path == "/ping/s3cr3t"


def test_a_collector_that_hangs_is_silent(beating, receiver):
    asked = []
    beating(lambda: asked.append(1))
    wait_for(lambda: len(asked) > 3)
    assert receiver.got == []


def test_a_failure_is_told_once_without_the_address_and_the_next_round_tries_again(beating, receiver):
    receiver.fail(3, 500, said=b"/ping/s3cr3t")
    said = beating(lambda: [source(Level.OK, last_try_ms=len(receiver.got) + 1)])
    wait_for(lambda: len(said) >= 2)
    assert said[:2] == [
        "statusdesk: heartbeat: it answered 500: /[hidden]; trying again",
        "statusdesk: heartbeat: its address answers again",
    ]


def test_rounds_and_intervals():
    live, jenkins = source(Level.OK, live=True, last_try_ms=5), source(Level.OK, name="jenkins", last_try_ms=9)
    assert round_done([live, jenkins], {})
    assert not round_done([live, jenkins], {live.key: 5, "jenkins": 9})
    assert round_done([live, jenkins], {live.key: 5, "jenkins": 8})
    assert interval_of(config()) == 30.0
