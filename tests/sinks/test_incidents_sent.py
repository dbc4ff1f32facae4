"""Incidents on their way to PagerDuty, which takes only so many events: each is opened once, and closed in the end."""

import time
from collections import Counter

import pytest
from msgspec.structs import replace

from statusdesk.config_alerts import SinkSettings
from statusdesk.sinks.pace import Pace
from tests.sinks.make import secret
from tests.sinks.office import Office, config_of

APPS = tuple(f"app-{number}" for number in range(12))


class Desk:
    """Takes ``most`` events in any ``within_s`` and answers 429 to what is more, as PagerDuty does."""

    def __init__(self, receiver, most: int = 1_000, within_s: float = 0.3) -> None:
        self.most, self.within_s = most, within_s
        self.taken: list[tuple[str, str]] = []
        self.refused, self._at = 0, []
        receiver.answer = self.answer

    def answer(self, body):
        now = time.monotonic()
        self._at = [at for at in self._at if at > now - self.within_s]
        if len(self._at) >= self.most:
            self.refused += 1
            return 429, {}, b'{"status":"throttle exceeded"}'
        self._at.append(now)
        self.taken.append((body["event_action"], body["dedup_key"]))
        return 202, {}, b""

    def open(self) -> set[str]:
        """Return what is open."""
        last = {key: action for action, key in self.taken}
        return {key for key, action in last.items() if action == "trigger"}


@pytest.fixture
def office(tmp_path, receiver, monkeypatch):
    monkeypatch.setattr("statusdesk.sinks.outlet.FIRST_WAIT_S", 0.02)
    monkeypatch.setattr("statusdesk.sinks.pagerduty.pace", lambda **_: Pace(0.005, 5))
    key = secret(tmp_path, "0123456789abcdef")
    pager = SinkSettings(name="pd", type="pagerduty", urls=(receiver.url,), key=key)
    made = Office(config_of(tmp_path / "state", pager))
    yield made
    made.close()


def test_of_more_than_is_taken_in_a_minute_each_is_opened_once_and_closed(office, receiver):
    there = Desk(receiver, most=6)
    office.fail(*APPS)
    office.until(lambda: len(there.open()) == len(APPS), what="all of them")
    assert there.refused, "there were more than it takes"
    assert Counter(there.taken).most_common(1)[0][1] == 1, "what was taken is not sent again"
    office.fail("late")
    office.until(lambda: len(there.open()) == len(APPS) + 1, what="one more")
    assert len(there.taken) == len(APPS) + 1, "the others are not told again for that"
    office.mend(*APPS, "late")
    office.until(lambda: not there.open(), what="their ends")
    assert len(there.taken) == 2 * (len(APPS) + 1)


def test_what_was_given_up_though_it_was_opened_is_closed_also_after_a_restart(office, receiver):
    """It takes the event, and the answer is lost."""
    there = Desk(receiver)
    taking, office.config = there.answer, replace(
        office.config, sinks=tuple(replace(each, give_up_s=0.05) for each in office.config.sinks)
    )  # fmt: skip
    office.restart()
    receiver.answer = lambda body: (500, {}, b"") if taking(body) else None
    office.fail("orders")
    office.until(lambda: ("pd", "firing", "failed") in office.messages(), what="it given up")
    assert there.open()
    receiver.answer = taking
    office.restart()
    office.fail("orders")
    office.mend("orders")
    office.until(lambda: not there.open(), what="its end")


def test_what_was_opened_is_closed_however_long_that_cannot_be_told(office, receiver):
    there = Desk(receiver)
    office.config = replace(
        office.config, sinks=tuple(replace(each, give_up_s=0.05) for each in office.config.sinks)
    )  # fmt: skip
    office.restart()
    office.fail("orders")
    office.until(lambda: ("pd", "firing", "sent") in office.messages(), what="it opened")
    receiver.answer = lambda body: (500, {}, b"")
    office.mend("orders")
    office.until(lambda: office.messages().count(("pd", "resolved", "failed")) >= 2, what="its end given up, twice")
    office.restart()
    receiver.answer = there.answer
    office.until(lambda: not there.open(), what="its end")
    office.go_on(0.2)
    assert [action for action, _ in there.taken] == ["trigger", "resolve"]
