"""What passes between the collector, which owns alerts and outbox, and who sends messages to sinks."""

from typing import Protocol

import msgspec

from statusdesk.states_alerts import AlertState, MutedThere, Notification, PostedThere


class AlertEvent(msgspec.Struct, frozen=True):
    """What has happened to an alert: ``pending``, ``firing``, ``resolved``, ``flapping``, ``acked`` or ``unacked``."""

    what: str
    alert: AlertState


class News(msgspec.Struct, frozen=True):
    """What is new since the last commit, and committed.

    ``queued``: messages to be sent at their ``due_ms``, new ones and those that have changed while they waited (same
    id); ``dropped``: ids of messages that are not to be sent any more. ``standing``: all alerts that fire and those
    resolved within the last 15 minutes, with ``Watchdog``, for sinks that are told how it stands again and again;
    None when that is as it was. ``unread``: fingerprints of those whose sources have not been read since the start,
    or since the collector slept; before it nobody had looked for ``unseen_ms``.
    """

    queued: tuple[Notification, ...] = ()
    dropped: tuple[int, ...] = ()
    standing: tuple[AlertState, ...] | None = None
    unread: frozenset[str] = frozenset()
    unseen_ms: int = 0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of an attempt to send a message.

    ``state``: ``sent``, ``failed`` (given up), ``quarantined`` (refused for good), or ``queued``: tried again at
    ``due_ms``. ``sent`` is the message as it was sent, or tried: it may have changed, or been dropped, meanwhile.
    """

    id: int
    state: str
    at_ms: int
    attempts: int
    last_error: str = ""
    due_ms: int | None = None
    sent: Notification | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that a sink which is told how it stands will not have; it is kept as a message in quarantine."""

    sink: str
    alert: AlertState
    error: str
    at_ms: int


Heard = Outcome | Refusal | MutedThere | PostedThere
"""What comes back from sinks."""


class Teller(Protocol):
    """Who sends messages, in threads of its own; all of it is called on the collector's thread and never blocks."""

    @property
    def endures_ms(self) -> int:
        """For how long the collector may not look, and what was told is taken to be so all the same."""
        ...

    def tell(self, news: News) -> None:
        """Take what is new."""
        ...

    def looked(self, at: int, now_ms: int) -> None:
        """Note that it was told of all that there was at ``at``, and tell nothing when that is old.

        ``at`` is of ``boot_clock``, ``now_ms`` what the clock told then.
        """
        ...

    def outcomes(self) -> list[Heard]:
        """Return what has become of attempts since the last call, and what Alertmanagers mute and have taken."""
        ...

    def stop(self, timeout_s: float) -> None:
        """End, after what is being sent now; what is queued is sent by the next collector."""
        ...
