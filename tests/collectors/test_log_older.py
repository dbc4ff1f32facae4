"""Lines that are read once more, whole."""

import pytest

from collectors import log_older
from collectors.log_older import whole_lines


def test_lines_come_whole_whatever_their_chunks() -> None:
    assert list(whole_lines([b"o", b"ne\ntw", b"", b"o\n\nthr", b"ee"])) == [b"one", b"two", b"", b"three"]


def test_what_comes_after_the_longest_line_is_not_stitched_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_older, "MAX_WHOLE_BYTES", 4)
    assert list(whole_lines([b"abc", b"defg", b"hij\nnext"])) == [b"abcd", b"next"]
