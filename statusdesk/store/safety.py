"""Values that SQLite would refuse, made storable, so that one odd row cannot keep all others from being written."""

from typing import Any

from statusdesk.store.current import Write

BIGGEST = 2**63 - 1


def storable(writes: list[Write]) -> list[Write]:
    """Return the same statements with whole numbers cut to 64 bits and lone surrogates replaced."""
    return [(statement, [tuple(_value(value) for value in row) for row in rows]) for statement, rows in writes]


def _value(value: Any) -> Any:  # noqa: ANN401  # whatever a column may hold
    if isinstance(value, int):
        return max(-BIGGEST - 1, min(BIGGEST, value))
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value
