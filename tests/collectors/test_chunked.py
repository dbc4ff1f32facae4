"""Chunked bodies, cut at any byte: the data and nothing else, and a broken one is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import chunked
from collectors.chunked import BrokenChunks, dechunk
from tests.collectors.kubernetes_fixtures import running_kube, waiting_desk  # noqa: F401  (fixtures)


def reading(body: bytes, cuts: list[int]):
    """A ``read1`` that gives the body in pieces of these sizes, as they would arrive."""
    left = [body]
    sizes = iter(cuts)

    def read1(most: int) -> bytes:
        size = min(most, max(1, next(sizes, most)))
        piece, left[0] = left[0][:size], left[0][size:]
        return piece

    return read1


def framed(parts: list[bytes], ending: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + ending


@given(st.lists(st.binary(min_size=1, max_size=300)), st.lists(st.integers(1, 200)))
def test_any_cuts_give_the_data(parts, cuts):
    assert b"".join(dechunk(reading(framed(parts), cuts))) == b"".join(parts)


@given(st.lists(st.binary(min_size=1, max_size=500), min_size=1), st.lists(st.integers(1, 300)), st.integers(8, 64))
def test_chunks_longer_than_what_is_read_at_once(parts, cuts, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunked, "READ_BYTES", at_once)
        assert b"".join(dechunk(reading(framed(parts), cuts))) == b"".join(parts)


def test_what_has_arrived_comes_as_one():
    assert list(dechunk(reading(framed([b"one\n", b"two\n", b"three\n"]), []))) == [b"one\ntwo\nthree\n"]


def test_extensions_of_a_chunk_are_passed_over():
    assert list(dechunk(reading(b"3;name=value\r\nabc\r\n0\r\n\r\n", []))) == [b"abc"]


@pytest.mark.parametrize(
    "body",
    [b"", b"3\r\nab", b"3\r\nabc\r\n", b"zz\r\nabc\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"x" * 2000, b"\r\n\r\n"],
    ids=["nothing", "cut", "no end", "no size", "longer", "no head", "empty head"],
)
def test_a_broken_body_is_told(body):
    with pytest.raises(BrokenChunks):
        list(dechunk(reading(body, [])))


def test_the_installed_client_lets_us_read_its_chunks(kube, desk, monkeypatch):
    used = []
    monkeypatch.setattr("collectors.kubernetes_api.dechunk", lambda read1: used.append(1) or dechunk(read1))
    desk.start("testing")
    desk.wait_live()
    assert used
