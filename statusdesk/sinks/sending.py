"""What an attempt to send a message comes to, and what every sender offers."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from statusdesk.sinks.message import Message

PrintLine = Callable[[str], bool]
"""Takes a line for standard output; tells whether there was room for it."""


class SendError(Exception):
    """An attempt has failed; the sentence holds no address and no secret."""


class Postponed(SendError):
    """It is worth trying again; ``after_s``: not sooner. ``whole_sink``: nothing else would arrive there either."""

    def __init__(self, why: str, after_s: float = 0.0, *, whole_sink: bool = False) -> None:
        super().__init__(why)
        self.after_s = after_s
        self.whole_sink = whole_sink


class Refused(SendError):
    """The receiver has refused this message and would refuse it again."""


class TurnedAway(Refused):
    """The address or the credential was refused, which somebody mends; any message would have been answered so."""


class PartlySent(SendError):
    """It was sent, and is not sent again, but not all of those it was for have it."""


class Sender(Protocol):
    """Sends messages to one sink, on one thread."""

    def send(self, message: Message) -> None:
        """Send one message.

        Raises: Postponed, Refused, PartlySent.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class SinkStats(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of the messages of one sink since the process began; ``peer``: the host of one Alertmanager.

    ``problem`` is the last one, empty when the last attempt succeeded. ``ahead_ms``: by how much our clock is ahead of
    the receiver's, as far as known.
    """

    sink: str
    type: str
    peer: str = ""
    sent: int = 0
    failed: int = 0
    given_up: int = 0
    quarantined: int = 0
    waiting: int = 0
    last_ok_ms: int | None = None
    problem: str = ""
    ahead_ms: int = 0
