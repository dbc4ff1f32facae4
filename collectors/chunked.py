"""A chunked HTTP body, taken apart many chunks at a time.

A server flushes each watch event as a chunk of its own, and the client library's reader costs more per chunk than we
spend on decoding the event. What has arrived is read at once here, and given on without the chunks' frames.
Source: RFC 9112, section 7.1.
"""

from collections.abc import Callable, Generator, Iterator

READ_BYTES = 65_536
MAX_HEAD_BYTES = 1024


class BrokenChunks(Exception):
    """The body ends before its last chunk, or is not chunked as it should be."""


def dechunk(read1: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield what has arrived of a chunked body, until its last chunk.

    ``read1`` returns what there is, waiting for the first byte of it, and nothing at the end.

    Raises: BrokenChunks, and what ``read1`` raises.
    """
    rest = b""
    while True:
        arrived = read1(READ_BYTES)
        if not arrived:
            raise BrokenChunks("the body ends in the middle")
        parts, rest, over = _take_apart(rest + arrived if rest else arrived)
        if parts:
            yield parts[0] if len(parts) == 1 else b"".join(parts)
        if over:
            return
        rest = yield from _long_chunk(read1, rest)


def _take_apart(body: bytes) -> tuple[list[bytes], bytes, bool]:
    """Return the data of all whole chunks, what is left of the body, and whether the last chunk was among them."""
    parts: list[bytes] = []
    at = 0
    while True:
        end = body.find(b"\r\n", at)
        if end < 0:
            if len(body) - at > MAX_HEAD_BYTES:
                raise BrokenChunks("a chunk without a size")
            return parts, body[at:], False
        size = _size(body[at:end])
        if size == 0:
            return parts, b"", True
        start, after = end + 2, end + 2 + size
        if len(body) < after + 2:
            return parts, body[at:], False
        if body[after : after + 2] != b"\r\n":
            raise BrokenChunks("a chunk is longer than its size")
        parts.append(body[start:after])
        at = after + 2


def _size(head: bytes) -> int:
    try:
        return int(head.partition(b";")[0], 16)
    except ValueError as error:
        raise BrokenChunks("a chunk without a size") from error


def _long_chunk(read1: Callable[[int], bytes], rest: bytes) -> Generator[bytes, None, bytes]:
    """Yield the data of a chunk that is longer than what is read at once, piece by piece; return what follows it."""
    head, found, data = rest.partition(b"\r\n")
    if not found:
        return rest
    left = _size(head) - len(data)
    if left <= READ_BYTES:
        return rest
    yield data
    while left > 0:
        arrived = read1(min(left, READ_BYTES))
        if not arrived:
            raise BrokenChunks("the body ends in the middle")
        left -= len(arrived)
        yield arrived
    frame = b""
    while len(frame) < 2:
        arrived = read1(2 - len(frame))
        if not arrived:
            raise BrokenChunks("the body ends in the middle")
        frame += arrived
    if frame != b"\r\n":
        raise BrokenChunks("a chunk is longer than its size")
    return b""
