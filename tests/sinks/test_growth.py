"""Sinks of a process that runs for years keep nothing of alerts and secrets that came and went."""

import itertools

import pytest
from msgspec.structs import replace

from statusdesk.alerts.telling import News, Refusal
from statusdesk.sinks import http
from statusdesk.sinks.http import Http
from statusdesk.sinks.peers import Standing
from statusdesk.sinks.rehearsal import Rehearsal, rehearsed
from tests.sinks.make import ALERT, T0, secret, sink
from tests.sinks.office import alertmanager, config_of

MANY = [replace(ALERT, fingerprint=f"{number:016x}", app=f"app-{number}") for number in range(30)]


def test_what_was_refused_is_remembered_as_long_as_the_alert_stands():
    steady = itertools.count(0, 1_000)
    standing = Standing(lambda: next(steady))
    for alert in MANY:
        standing.put((alert,))
        for _ in range(2):
            standing.refuse(Refusal(sink="am", alert=alert, error="no", at_ms=T0), "mark")
    assert len(standing.refusals()) == len(MANY), "once for each"
    assert len(standing._refused) == 1


def test_of_secrets_that_are_issued_anew_the_last_ones_are_hidden(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "SECRETS_KEPT", 3)
    asking = Http(sink("webhook"), tmp_path)
    for number in range(10):
        asking.secret(secret(tmp_path, f"secret-{number % 9}"))
    assert asking.hidden() == ["secret-7", "secret-8", "secret-0"]


@pytest.mark.parametrize("as_json", [True, False])
def test_a_dry_run_shows_each_once_and_remembers_those_that_stand(tmp_path, as_json):
    shown = []
    config = rehearsed(config_of(tmp_path, alertmanager("http://am")), "1")
    run = Rehearsal(config, ask=lambda: None, show=shown.append, as_json=as_json, clock=lambda: T0)
    for alert in MANY:
        run.tell(News(standing=(alert,)))
        run.tell(News(standing=(alert,)))
    run.stop(1.0)
    assert len(shown) == len(MANY) and len(run._marks) == 1
