"""Until when the store was current when this process began: what is seen to have changed since has done so later."""

from collections.abc import Iterable

from statusdesk.states import Level, SourceState, source_key


class LastKnown:
    """Tells when an earlier process last read a source, or a namespace of it, as its rows in the store say."""

    def __init__(self, sources: Iterable[SourceState]) -> None:
        self._read_ms: dict[str, int | None] = {}
        for row in sources:
            # a scope that is well, or not told of any more, was read with the whole
            if not row.scope or (row.until_ms is None and row.level is not Level.OK):
                self._read_ms[row.key] = row.last_ok_ms

    def until_ms(self, source: str, namespace: str, now_ms: int) -> int | None:
        """Return until when a namespace was known; None when never, or when that is still to come."""
        whole_ms = self._read_ms.get(source)
        read_ms = self._read_ms.get(source_key(source, namespace), whole_ms)
        return read_ms if read_ms is not None and read_ms <= now_ms else None

    def restamp(self, step_ms: int) -> None:
        """Move what was known with the clock, which was set."""
        self._read_ms = {key: at_ms + step_ms if at_ms is not None else None for key, at_ms in self._read_ms.items()}
