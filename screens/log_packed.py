"""Lines of a log, packed: a line is an object of four with more around its text than in it, and there are many."""

from array import array
from collections.abc import Sequence

from collectors.log_lines import LogLine

BLOCK = 64


class Packed:
    """Some lines in one piece; each is made anew when it is asked for."""

    __slots__ = ("_cuts", "_data", "_kinds", "_origins", "_starts", "_times")

    def __init__(self, lines: Sequence[LogLine]) -> None:
        texts = [line.text for line in lines]
        whole = "".join(texts)
        if whole.isascii():
            self._data, sizes = whole.encode(), map(len, texts)
        else:
            pieces = [text.encode("utf-8", "replace") for text in texts]
            self._data, sizes = b"".join(pieces), map(len, pieces)
        starts = [0]
        for size in sizes:
            starts.append(starts[-1] + size)
        self._starts = array("I", starts)
        self._times = array("q", [line.at_ns for line in lines])
        self._origins = array("I", [line.origin for line in lines])
        self._kinds = bytes([line.kind for line in lines])
        self._cuts = {at: line.cut_bytes for at, line in enumerate(lines) if line.cut_bytes}

    def __getitem__(self, at: int) -> LogLine:
        text = self._data[self._starts[at] : self._starts[at + 1]].decode()
        cut = self._cuts.get(at, 0) if self._cuts else 0
        return LogLine(self._times[at], self._origins[at], text, self._kinds[at], cut)
