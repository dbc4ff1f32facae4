"""One sink with an outbox by itself: what an attempt comes to."""

import pytest
from msgspec.structs import replace

from statusdesk.clock import steady_clock, system_clock
from statusdesk.sinks.outlet import Outlet
from statusdesk.sinks.sending import PartlySent
from tests.e2e.world import wait_for
from tests.sinks.make import message, sink


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
    wait_for(lambda: len(half.sent) == 3)
    assert half.sent[2] == amended
