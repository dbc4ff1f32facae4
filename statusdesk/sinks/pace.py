"""How fast a sink is told where its receiver takes only so much a minute, and whose turn it is then."""

from collections.abc import Sequence

from statusdesk.states_alerts import Notification


class Pace:
    """``burst`` messages at once, then one every ``every_s``; times are ``steady`` milliseconds.

    What waits is told rule by rule in turn: of many alerts of one rule the others are told all the same.
    """

    def __init__(self, every_s: float, burst: int) -> None:
        self._every_ms = round(every_s * 1000)
        self._ahead_ms = self._every_ms * (burst - 1)
        self._spent_until = 0  # when all that was sent would have been at an even pace
        self._turns: dict[str, int] = {}  # of each rule: after how many messages it had its last
        self._count = 0

    def wait_ms(self, now: int) -> int:
        """Return for how long nothing is to be sent."""
        return max(0, self._spent_until - self._ahead_ms - now)

    def first(self, ready: Sequence[Notification]) -> Notification:
        """Return the message whose turn it is: of the rule that has waited longest, the oldest."""
        return min(ready, key=lambda each: (self._turns.get(_rule(each), 0), each.id))

    def spend(self, sent: Notification, now: int) -> None:
        """Take note that a message is sent now."""
        self._count += 1
        self._turns[_rule(sent)] = self._count
        self._spent_until = max(self._spent_until, now) + self._every_ms


def _rule(message: Notification) -> str:
    return message.alerts[0].alertname if message.alerts else ""
