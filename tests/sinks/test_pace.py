"""How fast messages leave where a receiver takes only so many a minute."""

from msgspec.structs import replace

from statusdesk.clock import steady_clock, system_clock
from statusdesk.sinks import pagerduty
from statusdesk.sinks.outlet import Outlet
from statusdesk.sinks.pace import Pace
from tests.e2e.world import wait_for
from tests.sinks.make import ALERT, OVER, message, sink

MINUTE_MS = 60_000


def about(number: int, alertname: str = "RolloutFailing", **fields):
    alert = replace(ALERT, alertname=alertname, fingerprint=f"{number}")
    return replace(message(alert).notification, id=number, group_key=f"{number}", **fields)


def test_no_minute_has_more_than_pagerduty_takes_of_one_key():
    for pair in (False, True):
        paced, now, sent = pagerduty.pace(pair=pair), 0, []
        for idle_ms in (0, 30_000, 90_000):
            now += idle_ms
            for number in range(150):
                now += paced.wait_ms(now)
                paced.spend(about(number), now)
                sent.append(now)
        most = max(sum(start <= at < start + MINUTE_MS for at in sent) for start in sent)
        assert most <= (60 if pair else 100), "two together stay below 120"
        assert sent[149] <= (230_000 if pair else 100_000), "but do not idle"


def test_rules_take_turns_and_of_one_the_oldest_goes_first():
    paced = Pace(1.0, 1)
    waiting = [*(about(number) for number in range(3)), about(9, "TokenGone"), about(8, "TokenGone")]
    order = []
    while waiting:
        order.append(paced.first(waiting))
        paced.spend(order[-1], 0)
        waiting.remove(order[-1])
    assert [each.id for each in order] == [0, 8, 1, 9, 2]


class Noting:
    """Takes everything."""

    def __init__(self) -> None:
        self.sent = []

    def send(self, message) -> None:
        self.sent.append(message.notification.id)

    def close(self) -> None:
        return


def outlet_of(kind: str, pace=None):
    clocks = {"clock": system_clock, "steady": steady_clock}
    noting = Noting()
    return noting, Outlet(sink(kind), noting, ask=lambda: None, narrate=lambda said: None, pace=pace, **clocks)


def test_what_waits_for_its_turn_is_sent_at_an_even_pace():
    noting, outlet = outlet_of("pagerduty", Pace(0.05, 2))
    outlet.take([about(number) for number in range(1, 6)], ())
    began = steady_clock()
    wait_for(lambda: len(noting.sent) == 5)
    assert steady_clock() - began >= 140, "two at once, three at 50 ms each"
    outlet.stop()
    outlet.join(3.0)


def test_nobody_is_called_for_what_is_over_before_its_turn_has_come():
    """Of an incident that was not opened the end is told all the same: an earlier process may have opened it."""
    over = replace(message(OVER, why="resolved").notification, id=3, group_key="2")
    for kind, sent in (("pagerduty", [1, 3]), ("slack", [1, 2, 3])):
        noting, outlet = outlet_of(kind, Pace(0.05, 1))
        outlet.take([about(1), about(2), over], ())
        found = []
        wait_for(lambda: found.extend(outlet.outcomes()) or outlet.take((), ()) or len(found) == 3)  # noqa: B023
        assert noting.sent == sent
        states = {each.id: each.state for each in found}
        assert states == {1: "sent", 2: "dropped" if kind == "pagerduty" else "sent", 3: "sent"}
        outlet.stop()
        outlet.join(3.0)
