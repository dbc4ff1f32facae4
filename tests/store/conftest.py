"""A writer on a fresh state directory, at a clock that the test sets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer

KEEP_S = 90 * 86_400.0


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, ms: int) -> None:
        self.ms = ms

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "statusdesk.db"


@pytest.fixture
def writer(path: Path, clock: Clock) -> Iterator[Writer]:
    with Writer(path, KEEP_S, clock) as writer:
        yield writer


@pytest.fixture
def reader(writer: Writer, path: Path) -> Iterator[Reader]:
    with Reader(path) as reader:
        yield reader
