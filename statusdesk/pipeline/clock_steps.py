"""What is known of the sources when the system's clock was set: no answer is older for that, or yet to come."""

from msgspec.structs import replace

from statusdesk.states import SourceState


def is_ahead(state: SourceState, now_ms: int) -> bool:
    """Return whether a source has answered in the future: before this process began, the clock was set back."""
    return max(state.last_ok_ms or 0, state.last_try_ms or 0) > now_ms


def unstamped(state: SourceState) -> SourceState:
    """Return what is known of a source without when it answered."""
    return replace(state, last_ok_ms=None, last_try_ms=None)


def restamped(state: SourceState, step_ms: int) -> SourceState:
    """Return what is known of a source with its last answers as long ago as they were before the clock was set."""
    return replace(
        state,
        last_ok_ms=None if state.last_ok_ms is None else state.last_ok_ms + step_ms,
        last_try_ms=None if state.last_try_ms is None else state.last_try_ms + step_ms,
    )
