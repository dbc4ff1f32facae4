"""The opinions about sources: whether what they tell is known."""

from statusdesk.source_names import KUBERNETES
from statusdesk.state import Level, Stamped


def source_key(source: str, scope: str = "") -> str:
    """Return the key of a source, or of one scope of it."""
    return f"{source}#{scope}" if scope else source


NO_ACCESS = "NoAccess"
"""The reason of a scope that answers, and does not let us read it."""


class SourceState(Stamped, frozen=True, kw_only=True, gc=False):
    """One source, or one scope of it (a namespace we may not read). Key: ``source`` or ``source#scope``."""

    key: str
    source: str
    scope: str
    level: Level
    reason: str = ""
    message: str = ""
    detail: str = ""
    last_ok_ms: int | None = None
    last_try_ms: int | None = None
    next_try_ms: int | None = None
    took_ms: int = 0
    live: bool = False

    @property
    def is_blind(self) -> bool:
        """Whether nothing can be said of what it tells about: it does not answer, or not what is asked."""
        return self.level in BLIND

    @property
    def is_closed_namespace(self) -> bool:
        """Whether it is a namespace that we may not read; what is looked up in one (``shop/events``) is none."""
        return self.reason == NO_ACCESS and self.source.startswith(KUBERNETES) and "/" not in (self.scope or "/")


BLIND = (Level.FAILING, Level.UNKNOWN)
"""Levels of a source at which nobody knows how things are there now."""
