"""Lines of a log, packed: a line is an object of four with more around its text than in it, and there are many."""

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from msgspec.structs import astuple

from collectors.log_lines import LogLine, Unhidden

BLOCK = 64


class Columns(NamedTuple):
    """Some lines, each field for itself."""

    times: tuple[int, ...]
    origins: tuple[int, ...]
    texts: tuple[str, ...]
    kinds: tuple[int, ...]
    cuts: tuple[int, ...]
    unhidden: tuple[Unhidden | None, ...]


def columns_of(lines: Iterable[LogLine]) -> Columns:
    """Return the fields of some lines, which are at least one."""
    return Columns(*zip(*map(astuple, lines), strict=True))


class Texts:
    """Texts in one piece."""

    __slots__ = ("_data", "_starts")

    def __init__(self, texts: Sequence[str]) -> None:
        whole = "".join(texts)
        if whole.isascii():
            self._data, sizes = whole.encode(), map(len, texts)
        else:
            pieces = [text.encode("utf-8", "replace") for text in texts]
            self._data, sizes = b"".join(pieces), map(len, pieces)
        self._starts = array("I", accumulate(sizes, initial=0))

    def __getitem__(self, at: int) -> str:
        return self._data[self._starts[at] : self._starts[at + 1]].decode()

    def every(self) -> list[str]:
        """Return all of them."""
        if self._data.isascii():
            whole = self._data.decode("ascii")
            return [whole[start:end] for start, end in pairwise(self._starts)]
        return [self._data[start:end].decode() for start, end in pairwise(self._starts)]


class Hidden:
    """What some of the lines were before something was hidden in them, by their places."""

    __slots__ = ("_cuts", "_texts", "places")

    def __init__(self, unhidden: Sequence[Unhidden | None]) -> None:
        there = [(at, each) for at, each in enumerate(unhidden) if each is not None]
        self.places = bytes(at for at, _ in there)
        self._texts = Texts([each.text for _, each in there])
        self._cuts = {at: each.cut_bytes for at, each in there if each.cut_bytes}

    def __getitem__(self, at: int) -> Unhidden | None:
        index = self.places.find(at)
        return Unhidden(self._texts[index], self._cuts.get(at, 0)) if index >= 0 else None

    def put_into(self, texts: list[str]) -> None:
        """Put the texts in the places of those of all lines."""
        for at, text in zip(self.places, self._texts.every(), strict=True):
            texts[at] = text


class Packed:
    """Some lines in one piece; each is made anew when it is asked for."""

    __slots__ = ("_cuts", "_hidden", "_kinds", "_origins", "_texts", "times")

    def __init__(self, columns: Columns) -> None:
        times, origins, texts, kinds, cuts, unhidden = columns
        self._texts = Texts(texts)
        self.times = array("q", times)
        self._origins = array("I", origins)
        self._kinds = bytes(kinds)
        self._cuts = {at: cut for at, cut in enumerate(cuts) if cut} if any(cuts) else {}
        self._hidden = Hidden(unhidden) if any(unhidden) else None

    def __getitem__(self, at: int) -> LogLine:
        cut = self._cuts.get(at, 0) if self._cuts else 0
        unhidden = self._hidden[at] if self._hidden is not None else None
        return LogLine(self.times[at], self._origins[at], self._texts[at], self._kinds[at], cut, unhidden)

    def at_ns(self, at: int) -> int:
        """Return when a line was written."""
        at_ns: int = self.times[at]
        return at_ns

    def specials(self) -> Iterable[int]:
        """Return the places of those that are not lines of containers."""
        return [at for at, kind in enumerate(self._kinds) if kind] if any(self._kinds) else ()

    def texts(self, revealed: bool) -> list[str]:
        """Return the texts of all lines; ``revealed``: with what is hidden in them."""
        texts = self._texts.every()
        if revealed and self._hidden is not None:
            self._hidden.put_into(texts)
        return texts
