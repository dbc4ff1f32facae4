"""An Alertmanager that keeps silences, and who keeps them there."""

import datetime
import json

import pytest
from msgspec.structs import replace

from statusdesk.alerts.tuning import Tuning
from statusdesk.sinks.alertmanager import Terms
from statusdesk.sinks.alertmanager_api import AlertmanagerApi
from statusdesk.sinks.message import labels_of
from statusdesk.sinks.sending import SendError
from statusdesk.sinks.silencing import Silencing
from statusdesk.sinks.wishes import Takings
from statusdesk.states_alerts import Matcher, Silence
from tests.sinks.make import ALERT, T0, sink
from tests.sinks.office import config_of
from tests.sinks.receiver import Receiver

HOUR = 3_600_000
TAKEN = replace(ALERT, acked_by="root", acked_ms=T0 + 1_000, ack_comment="on it")
LABELS = labels_of(ALERT, "")


def silence(name, ends_ms=T0 + HOUR):
    matchers = (Matcher("namespace", name),)
    return Silence(id=name, matchers=matchers, starts_ms=T0, ends_ms=ends_ms, created_by="kim")


def iso(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC).isoformat()


class Alertmanager(Receiver):
    """Keeps silences as the real one does, at ``at_ms``; refuses those of the namespace ``bad``, and strangers.

    ``denied``: which methods are answered with which status; ``token``: what it lets in, empty for everybody.
    """

    def __init__(self):
        super().__init__()
        self.denied, self.token = {}, ""
        self.kept = {}
        self.at_ms = T0
        self.alerts = []

    def answer(self, body):
        path = self.got[-1].path
        method = "DELETE" if "/silence/" in path else "GET" if body is None else "POST"
        if method in self.denied:
            return self.denied[method], {}, b"not for you"
        if self.token and self.got[-1].headers.get("authorization") != f"Bearer {self.token}":
            return 401, {}, b"who are you"
        if "/silence/" in path:
            self.end(path.rpartition("/")[2])
        elif body is not None:
            if any(each["value"] == "bad" for each in body["matchers"]):
                return 400, {}, b"bad matcher"
            name = body.get("id") or f"id-{len(self.kept)}"
            self.kept[name] = body | {"id": name, "updatedAt": iso(self.at_ms)}
        elif "/alerts?" in path:
            return 200, {}, json.dumps(self.alerts).encode()
        else:
            listed = [each | {"status": {"state": "expired" if self.is_over(each) else "active"}}
                      for each in self.kept.values()]  # fmt: skip
            return 200, {}, json.dumps(listed).encode()
        return 200, {}, b"{}"

    def is_over(self, each):
        return self.ends_ms(each) <= self.at_ms

    def ends_ms(self, each):
        return round(datetime.datetime.fromisoformat(each["endsAt"]).timestamp() * 1000)

    def end(self, name):
        self.kept[name] |= {"endsAt": iso(self.at_ms), "updatedAt": iso(self.at_ms)}

    @property
    def holding(self):
        return [each for each in self.kept.values() if not self.is_over(each)]

    @property
    def asked_for(self):
        return [got.body["matchers"][0]["value"] for got in self.got if got.body]


@pytest.fixture(name="there")
def an_alertmanager():
    made = Alertmanager()
    yield made
    made.close()


@pytest.fixture(name="other")
def another_alertmanager():
    made = Alertmanager()
    yield made
    made.close()


class Keeping:
    """Silencing with its wishes and its time in the hands of the test."""

    def __init__(self, directory, *peers, expire=False, token=None):
        self.peers, self.silences, self.alerts, self.narrated, self.now_ms = peers, [], (), [], T0
        self.problems = []
        settings = sink("alertmanager", resend_s=60.0, token=token)
        terms = Terms(settings, 4 * 60_000, HOUR, expire=expire)
        api = AlertmanagerApi(settings, [each.url for each in peers], directory)
        takings = Takings(lambda: self.alerts, terms, Tuning(config_of(directory)), lambda: self.silences)
        self.made = Silencing(
            api, lambda: self.silences, takings, expire=expire, clock=lambda: self.now_ms,
            steady=lambda: self.now_ms,
            narrate=self.narrated.append, look_every_s=3600.0,
        )  # fmt: skip

    def __call__(self, after_ms=5_000):
        self.now_ms += after_ms
        for each in self.peers:
            each.at_ms = self.now_ms
        self.made.keep()

    def second(self):
        """Let a second pass, at the end of which it looks when it is time."""
        self.now_ms += 1_000
        for each in self.peers:
            each.at_ms = self.now_ms
        try:
            self.made._look()
        except SendError as error:
            self.problems.append(str(error))


@pytest.fixture(name="keeping")
def kept_silences(tmp_path):
    made = []

    def make(*peers, **given):
        made.append(Keeping(tmp_path, *peers, **given))
        return made[-1]

    yield make
    for each in made:
        each.made.stop()
        each.made.join(3.0)
