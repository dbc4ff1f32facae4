"""How far the clock of a server is ahead of ours, as its answers tell it and as it is corrected for."""

import datetime
import email.utils

from statusdesk.clock import SAME_CLOCK_MS


class ServerSkew:
    """What to take off a server's times: ``ms``, 0 until its clock is known to be off. It moves only by steps.

    Whoever shares it among threads locks it.
    """

    __slots__ = ("ms",)

    def __init__(self) -> None:
        self.ms = 0

    def heard(self, skew_ms: int) -> bool:
        """Take how far it is ahead by an answer that has just come; return whether it is known to have moved."""
        if abs(skew_ms - self.ms) <= SAME_CLOCK_MS:
            return False
        self._put(skew_ms)
        return True

    def stepped(self, step_ms: int) -> None:
        """Take by how much our own clock was set."""
        self._put(self.ms - step_ms)

    def _put(self, skew_ms: int) -> None:
        self.ms = skew_ms if abs(skew_ms) > SAME_CLOCK_MS else 0


def date_ms(header: str | None) -> int | None:
    """Return the moment of a header such as ``Date``, in whole seconds; one without a zone is UTC. None: it has none.

    Source: RFC 9110 section 5.6.7, and 3.3 of RFC 5322 for a zone of ``-0000``.
    """
    if not header:
        return None
    try:
        moment = email.utils.parsedate_to_datetime(header)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return round(moment.timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        return None
