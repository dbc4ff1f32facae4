"""One sink with an outbox by itself: what an attempt comes to."""

import pytest
from msgspec.structs import replace

from statusdesk.clock import steady_clock, system_clock
from statusdesk.sinks.outlet import Outlet
from statusdesk.sinks.sending import PartlySent, Refused
from statusdesk.sinks.slack import Slack
from tests.e2e.world import wait_for
from tests.sinks.make import message, secret, sink


class Half:
    """Sends to some of those that a message is for."""

    def __init__(self) -> None:
        self.sent = []

    def send(self, message) -> None:
        self.sent.append(message.notification)
        raise PartlySent("1 of 2 will not have it")

    def close(self) -> None:
        return


@pytest.fixture
def narrated():
    return []


@pytest.fixture
def half():
    return Half()


@pytest.fixture
def outlet(half, narrated):
    made = Outlet(
        sink("email"), half, ask=lambda: None, clock=system_clock, steady=steady_clock, narrate=narrated.append
    )
    yield made
    made.stop()
    made.join(3.0)


def test_what_only_some_have_is_sent_and_told_of_once(outlet, half, narrated):
    told = message().notification
    outlet.take([told], ())
    found = []
    wait_for(lambda: found.extend(outlet.outcomes()) or found)
    assert (found[0].state, found[0].sent, found[0].last_error) == ("sent", told, "1 of 2 will not have it")
    assert narrated == ["statusdesk: sink sink: 1 of 2 will not have it"] and half.sent == [told]
    assert (outlet.stats.sent, outlet.stats.problem) == (1, "1 of 2 will not have it")


def test_an_address_that_is_refused_is_mended_and_the_message_arrives(tmp_path, receiver, narrated):
    url = secret(tmp_path, f"{receiver.url}/revoked")
    receiver.fail(2, 404, {}, b"no_service")
    settings = sink("slack", url=url)
    sends = {"ask": lambda: None, "clock": system_clock, "steady": steady_clock, "narrate": narrated.append}
    outlet = Outlet(settings, Slack(settings, tmp_path), **sends)
    try:
        outlet.take([message().notification], ())
        found = []
        wait_for(lambda: found.extend(outlet.outcomes()) or found)
        assert (found[0].state, found[0].last_error) == ("queued", "it answered 404: no_service")
        secret(tmp_path, f"{receiver.url}/rotated")
        wait_for(lambda: found.extend(outlet.outcomes()) or found[-1].state != "queued", 10.0)
        assert found[-1].state == "sent" and receiver.got[-1].path == "/rotated"
    finally:
        outlet.stop()
        outlet.join(3.0)


def test_what_stands_behind_another_is_held_until_the_end_of_that_one_is_known(outlet, half):
    first = message().notification
    behind = replace(first, id=first.id + 1, idempotency_key="behind")
    other = replace(first, id=first.id + 2, group_key="other")
    outlet.take([first, behind, other], ())
    wait_for(lambda: other in half.sent)
    assert half.sent == [first, other]
    amended = replace(behind, idempotency_key="amended")
    outlet.take([amended], ())  # by one who does not know yet that the first has left
    assert [each.id for each in outlet.outcomes()] == [first.id, other.id]
    assert {each.group_key for each in (first, other)} == outlet._held, "the outbox knows, but has not decided"
    outlet.take((), ())  # it has, and nothing is to be said otherwise
    wait_for(lambda: len(half.sent) == 3)
    assert half.sent[2] == amended


def test_what_is_dropped_for_what_has_become_of_another_does_not_leave(outlet, half):
    """Between being told of an outcome and saying what follows of it the collector writes both."""
    first = message().notification
    behind = replace(first, id=first.id + 1, idempotency_key="behind")
    last = replace(first, id=first.id + 2, idempotency_key="last")
    outlet.take([first, behind], ())
    found = []
    wait_for(lambda: found.extend(outlet.outcomes()) or found)
    assert not outlet._heads() and half.sent == [first]
    outlet.take([last], [behind.id])
    wait_for(lambda: len(half.sent) > 1)
    assert half.sent == [first, last]


class Faulty:
    """Meets a fault of ours, as often as it is told to."""

    def __init__(self, times: int, meanwhile=lambda: None) -> None:
        self.times, self.meanwhile, self.tried = times, meanwhile, 0

    def send(self, message) -> None:
        self.tried += 1
        self.meanwhile()
        if self.tried <= self.times:
            raise ImportError("Using SOCKS proxy, but the 'socksio' package is not installed")

    def close(self) -> None:
        return


def outlet_of(sender, narrated, **fields):
    made = sink("webhook", urls=("http://x",), **fields)
    return Outlet(made, sender, ask=lambda: None, clock=system_clock, steady=steady_clock, narrate=narrated.append)


@pytest.mark.parametrize(("times", "give_up_s", "ends"), [(1, 60.0, "sent"), (99, 0.05, "failed")])
def test_a_fault_of_ours_is_met_again_until_it_is_time_to_give_up(narrated, monkeypatch, times, give_up_s, ends):
    monkeypatch.setattr("statusdesk.sinks.outlet.FIRST_WAIT_S", 0.01)
    made = outlet_of(Faulty(times), narrated, give_up_s=give_up_s)
    made.take([message().notification], ())
    found = []
    wait_for(lambda: found.extend(made.outcomes()) or (found and found[-1].state != "queued"))
    assert {each.state for each in found[:-1]} == {"queued"} and found[-1].state == ends
    assert "ImportError" in found[0].last_error and made.stats.quarantined == 0
    made.stop()


def test_nothing_is_kept_of_a_message_that_is_dropped_while_it_is_tried(narrated):
    told = message().notification
    sender = Faulty(1, lambda: made.take((), [told.id]))
    made = outlet_of(sender, narrated)
    made.take([told], ())
    found = []
    wait_for(lambda: found.extend(made.outcomes()) or found)
    assert found[0].state == "queued" and made._tries == made._waiting == {}
    made.stop()


def test_what_was_tried_long_ago_is_tried_for_a_while_by_who_begins_with_it(narrated, monkeypatch):
    """As after a sleep of a night: the network comes up later than we do."""
    monkeypatch.setattr("statusdesk.sinks.outlet.FIRST_WAIT_S", 0.01)
    made = outlet_of(Faulty(2), narrated, give_up_s=60.0)
    old = message().notification
    made.take([replace(old, attempts=3, created_ms=system_clock() - 28_800_000, due_ms=0)], ())
    found = []
    wait_for(lambda: found.extend(made.outcomes()) or (found and found[-1].state != "queued"))
    assert [each.state for each in found] == ["queued", "queued", "sent"]
    made.stop()


class Refusing:
    """Refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.why = "nobody can hear it"

    def send(self, message) -> None:
        if self.why:
            raise Refused(self.why)

    def close(self) -> None:
        return


def test_that_messages_are_refused_is_said_once_an_hour_and_when_it_changes(narrated):
    refusing, now = Refusing(), [0]
    outlet = Outlet(
        sink("desktop"), refusing, ask=lambda: None, clock=system_clock, steady=lambda: now[0], narrate=narrated.append
    )
    numbers = iter(range(1, 100))

    def send(times: int, why: str, state: str = "quarantined") -> None:
        refusing.why, found = why, []
        notes = [replace(message().notification, id=next(numbers)) for _ in range(times)]
        outlet.take(notes, ())
        wait_for(lambda: found.extend(outlet.outcomes()) or outlet.take((), ()) or len(found) == times)
        assert {each.state for each in found} == {state}

    lost = "statusdesk: sink sink: nobody can hear it; a message was refused and is not sent again"
    send(10, "nobody can hear it")
    assert narrated == [lost]
    now[0] += 3_600_000
    send(3, "nobody can hear it")
    assert narrated == [lost, f"{lost} (and 9 more since this was said last)"]
    send(2, "another reason")
    assert narrated[2:] == [lost.replace("nobody can hear it", "another reason")]
    for _ in range(3):
        send(1, "", "sent")
        send(1, "another reason")
    assert narrated[3:] == ["statusdesk: sink sink: it takes messages again"], "once, however often it comes and goes"
    assert (outlet.stats.quarantined, outlet.stats.sent) == (18, 3)
    outlet.stop()
    outlet.join(3.0)
