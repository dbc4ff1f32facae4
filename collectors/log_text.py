"""From the bytes of a log to harmless lines: split, stamped, cleaned, redacted, bounded; a chunk at a time.

What is done for every line costs the most, so that a chunk is looked at as a whole first: only one with a control
character, or with something of the shape of a secret in it, is gone through line by line.
"""

import datetime
import re
from bisect import bisect_left
from collections.abc import Sequence

import msgspec

from collectors.log_lines import MAX_LINE_BYTES
from statusdesk.redact import HIDDEN, PrivateKeys, may_hold_secret, redact
from statusdesk.text import SEQUENCE, clean_line, visible

SECOND_NS = 1_000_000_000
_TOGETHER = 32  # lines that are looked at once more together where a chunk holds what may be a secret
_FEW_LINES = 8  # are read one by one
_STAMP_CHARS = 31  # of the usual form, with the blank behind it
_MOMENTS = msgspec.json.Decoder(list[int])
_MARGIN_BYTES = 1024  # read beyond the limit, so that a secret at the cut is seen whole
_KEPT_BYTES = MAX_LINE_BYTES + _MARGIN_BYTES
_CONTROLS = bytes(code for code in (*range(32), 127) if code != 10)
_SGR = re.compile(r"(\x1b\[[0-9;:]{0,40}m)")
_SGR_OR_NOT = re.compile(f"{_SGR.pattern}|(?:{SEQUENCE})", re.DOTALL)
_CUT_SGR = re.compile(r"\x1b(?:\[[0-9;:]*)?\Z")
_RESET = "\x1b[0m"
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?")
_CONCEAL = "8"


def harmless(text: str, colours: bool = False, max_chars: int = _KEPT_BYTES) -> str:
    """Return a line without control, direction and private characters; SGR colours stay where they are wanted."""
    if "\t" in text or text.endswith("\r"):
        text = text.rstrip("\r").expandtabs(8)
    if text.isprintable():
        return text
    if not colours or "\x1b" not in text:
        return clean_line(text, max_chars)
    coloured = _with_colours(text[: max_chars * 8])
    return coloured if len(bare(coloured)) <= max_chars else clean_line(text, max_chars)


def _with_colours(text: str) -> str:
    """Return a line without sequences other than colours: without these too it is what ``clean_line`` makes of it."""
    pieces = _SGR.split(_SGR_OR_NOT.sub(_unless_hidden, text))
    for at in range(len(pieces) - 1, -1, -2):
        pieces[at] = pieces[at].rstrip()
        if pieces[at]:
            break
    joined = "".join(piece if odd % 2 or piece.isprintable() else visible(piece) for odd, piece in enumerate(pieces))
    return joined + _RESET if "\x1b" in joined else joined


def _unless_hidden(found: re.Match[str]) -> str:
    sgr: str | None = found[1]
    return sgr if sgr is not None and _is_shown(sgr) else ""


def _is_shown(sgr: str) -> bool:
    """Tell whether a colour leaves the text to be seen; ``8`` conceals it, but not as the number of a colour."""
    codes = sgr[2:-1].replace(":", ";").split(";")
    at = 0
    while at < len(codes):
        if codes[at] in ("38", "48", "58"):
            at += 3 if codes[at + 1 : at + 2] == ["5"] else 5
            continue
        if codes[at].lstrip("0") == _CONCEAL:
            return False
        at += 1
    return True


def bare(text: str) -> str:
    """Return a text without its colours."""
    return _SGR.sub("", text) if "\x1b" in text else text


def recoloured(coloured: str, plain: str, redacted: str) -> str:
    """Return the redacted text with the colours of the line that it was made of; ``plain`` is that line without.

    Whatever is found about where something was hidden, the text is that of ``redacted``.
    """
    ends, kept = _kept_of(plain, redacted)
    out, at, done = list[str](), 0, 0
    for odd, piece in enumerate(_SGR.split(coloured)):
        if not odd % 2:
            at += len(piece)
            continue
        start, place = kept[min(bisect_left(ends, at), len(kept) - 1)]
        place = max(done, place + max(0, at - start))  # one inside of what is hidden comes after it, for the rest
        out += redacted[done:place], piece
        done = place
    return "".join(out) + redacted[done:]


def _kept_of(plain: str, redacted: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Return where pieces that were not hidden end in ``plain``, and where they begin there and in ``redacted``."""
    ends, kept = list[int](), list[tuple[int, int]]()
    at = place = 0
    pieces = redacted.split(HIDDEN)
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1 and index
        start = max(at, len(plain) - len(piece) if last else plain.find(piece, at))
        at = start + len(piece)
        ends.append(at)
        kept.append((start, place))
        place += len(piece) + len(HIDDEN)
    return ends, kept


class Redactor:
    """Takes secrets out of the lines of one log; it remembers that it is inside a private key."""

    def __init__(self) -> None:
        self._keys = PrivateKeys()

    def lines(self, whole: str, texts: list[str]) -> list[str]:
        """Return the lines redacted. ``whole`` is the lines joined by newlines, to be looked at once.

        Colours hide no secret: what is hidden is what would be without them; those of the rest stay.
        """
        if "\x1b" not in whole:
            return self._plain_lines(whole, texts)
        whole = bare(whole)
        plain = whole.split("\n")
        shown = self._plain_lines(whole, plain)
        return [
            text if redacted == bared else recoloured(text, bared, redacted)
            for text, bared, redacted in zip(texts, plain, shown, strict=True)
        ]

    def _plain_lines(self, whole: str, texts: list[str]) -> list[str]:
        texts = self._keys.begun(texts)
        if self._keys.are_in(whole):
            return self._keys.redacted(texts)
        if not may_hold_secret(whole):
            return texts
        found: list[str] = []
        for at in range(0, len(texts), _TOGETHER):
            some = texts[at : at + _TOGETHER]
            if may_hold_secret("\n".join(some)):
                some = [redact(text) if may_hold_secret(text) else text for text in some]
            found += some
        return found


class Stamps:
    """Reads the time before each line. Source: ``timestamps=true`` of ``pods/log``, RFC 3339 with up to 9 digits."""

    def __init__(self) -> None:
        self._second = ""
        self._base_ns = 0
        self.last_ns = 0
        self.missing: list[int] = []

    def take(self, lines: Sequence[str]) -> tuple[list[int], list[str]]:
        """Return the times (ns of UTC) and the texts of lines; one without a time has that of the line before.

        ``missing`` then has the indexes of those without a time.
        """
        self.missing = []
        if len(lines) >= _FEW_LINES and (moments := self._of_one_second(lines)) is not None:
            self.last_ns = moments[-1]
            return moments, [line[_STAMP_CHARS:] for line in lines]
        times: list[int] = []
        texts: list[str] = []
        second, base_ns = self._second, self._base_ns
        for line in lines:
            # the usual form, of a second that is known already
            if line[:20] == second and line[29:31] == "Z " and line[20:29].isdecimal():
                times.append(base_ns + int(line[20:29]))
                texts.append(line[31:])
            else:
                at_ns, text = self._other(line)
                second, base_ns = self._second, self._base_ns
                if not at_ns:
                    self.missing.append(len(times))
                times.append(at_ns or (times[-1] if times else self.last_ns))
                texts.append(text)
        if times:
            self.last_ns = times[-1]
        return times, texts

    def _of_one_second(self, lines: Sequence[str]) -> list[int] | None:
        """Return the times of lines that all have the usual form and are of the second that is known already."""
        count = len(lines)
        stamps = "\n" + "\n".join([line[:_STAMP_CHARS] for line in lines])
        fractions = stamps.replace(f"\n{self._second}", "")  # of each is left: nine digits, "Z "
        if len(fractions) != 11 * count or len(stamps) != (_STAMP_CHARS + 1) * count:
            return None
        digits = fractions.replace("Z ", "")
        if fractions[10::11] != " " * count or len(digits) != 9 * count or not (digits.isascii() and digits.isdigit()):
            return None
        second = str(self._base_ns // SECOND_NS)
        return _MOMENTS.decode(f"[{second}{fractions[:-2].replace('Z ', ',' + second)}]")

    def _other(self, line: str) -> tuple[int, str]:
        found = _STAMP.match(line)
        if found is None:
            return 0, line
        text, fraction, zone = found.groups()
        try:
            moment = datetime.datetime.fromisoformat(text + ("+00:00" if zone == "Z" else zone))
        except ValueError:
            return 0, line
        base_ns = round(moment.timestamp()) * SECOND_NS
        if zone == "Z":
            self._second, self._base_ns = text + ".", base_ns
        return base_ns + int((fraction or "0").ljust(9, "0")), line[found.end() :]


class Splitter:
    """Cuts a stream of bytes into lines; of a line that is too long it keeps the beginning and counts the rest."""

    def __init__(self) -> None:
        self._rest = b""
        self._over = 0

    def feed(self, chunk: bytes) -> tuple[bytes, int]:
        """Return whole lines as one piece (its last newline left off) and how much the first one had more.

        The piece is empty and the number -1 where no line has ended.
        """
        over = 0
        if self._over:
            end = chunk.find(b"\n")
            if end < 0:
                self._over += len(chunk)
                return b"", -1
            over, self._over = self._over + end, 0
            chunk = chunk[end:]
        data = self._rest + chunk if self._rest else chunk
        end = data.rfind(b"\n")
        if end < 0:
            self._keep(data)
            return b"", -1
        self._keep(data[end + 1 :])
        return data[:end], over

    def last(self) -> tuple[bytes, int]:
        """Return the last line, which has no newline, as ``feed`` does; forget it."""
        rest, over = self._rest, self._over
        self._rest, self._over = b"", 0
        return (rest, over) if rest else (b"", -1)

    def _keep(self, rest: bytes) -> None:
        self._rest, self._over = rest[:_KEPT_BYTES], max(0, len(rest) - _KEPT_BYTES)


def cut_long(lines: list[str], over: int) -> tuple[list[str], dict[int, int]]:
    """Return lines within bounds, with how many bytes each of those that were cut has lost, by index.

    ``over`` is what the first line has lost already.
    """
    cut: dict[int, int] = {}
    for index, line in enumerate(lines):
        size = len(line) if line.isascii() else len(line.encode())
        more = over if index == 0 else 0
        if size > _KEPT_BYTES:
            lines[index] = line.encode()[:_KEPT_BYTES].decode("utf-8", "ignore")
            cut[index] = size - _KEPT_BYTES + more
        elif more:
            cut[index] = more
    return lines, cut


def bounded(text: str) -> tuple[str, int]:
    """Return a text of at most ``MAX_LINE_BYTES``, and how many bytes were cut."""
    size = len(text) if text.isascii() else len(text.encode())
    if size <= MAX_LINE_BYTES:
        return text, 0
    kept = text.encode()[:MAX_LINE_BYTES].decode("utf-8", "ignore")
    return _CUT_SGR.sub("", kept) + _RESET if "\x1b" in kept else kept, size - MAX_LINE_BYTES


def needs_care(piece: bytes) -> bool:
    """Tell whether a piece holds anything but printable ASCII and newlines."""
    return not piece.isascii() or len(piece.translate(None, _CONTROLS)) != len(piece)
