"""Lines of a log, packed: a line is an object of four with more around its text than in it, and there are many."""

from array import array
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import NamedTuple

from msgspec.structs import astuple

from collectors.log_lines import LogLine

BLOCK = 64


class Columns(NamedTuple):
    """Some lines, each field for itself."""

    times: tuple[int, ...]
    origins: tuple[int, ...]
    texts: tuple[str, ...]
    kinds: tuple[int, ...]
    cuts: tuple[int, ...]


def columns_of(lines: Iterable[LogLine]) -> Columns:
    """Return the fields of some lines, which are at least one."""
    return Columns(*zip(*map(astuple, lines), strict=True))


class Packed:
    """Some lines in one piece; each is made anew when it is asked for."""

    __slots__ = ("_cuts", "_data", "_kinds", "_origins", "_starts", "_times")

    def __init__(self, columns: Columns) -> None:
        times, origins, texts, kinds, cuts = columns
        whole = "".join(texts)
        if whole.isascii():
            self._data, sizes = whole.encode(), map(len, texts)
        else:
            pieces = [text.encode("utf-8", "replace") for text in texts]
            self._data, sizes = b"".join(pieces), map(len, pieces)
        self._starts = array("I", accumulate(sizes, initial=0))
        self._times = array("q", times)
        self._origins = array("I", origins)
        self._kinds = bytes(kinds)
        self._cuts = {at: cut for at, cut in enumerate(cuts) if cut} if any(cuts) else {}

    def __getitem__(self, at: int) -> LogLine:
        text = self._data[self._starts[at] : self._starts[at + 1]].decode()
        cut = self._cuts.get(at, 0) if self._cuts else 0
        return LogLine(self._times[at], self._origins[at], text, self._kinds[at], cut)

    def at_ns(self, at: int) -> int:
        """Return when a line was written."""
        at_ns: int = self._times[at]
        return at_ns

    def specials(self) -> Iterable[int]:
        """Return the places of those that are not lines of containers."""
        return [at for at, kind in enumerate(self._kinds) if kind] if any(self._kinds) else ()

    def texts(self) -> list[str]:
        """Return the texts of all lines."""
        if self._data.isascii():
            whole = self._data.decode("ascii")
            return [whole[start:end] for start, end in pairwise(self._starts)]
        return [self._data[start:end].decode() for start, end in pairwise(self._starts)]
