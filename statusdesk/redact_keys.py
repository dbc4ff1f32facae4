"""Tells what belongs to private keys: in one text, and line by line whatever stands around each line of one."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from statusdesk.text import HIDDEN

KEY_MARK = "PRIVATE KEY-----"
_MARK = "-----"  # stands around beginnings and ends, those of certificates too
_EDGE = re.compile(r"-----(BEGIN|END) [A-Z ]*PRIVATE KEY-----")
_RUN = re.compile(r"(?<!\\)[A-Za-z0-9+/]{16,}={0,2}")  # without the letter that stands for an end of a line
_CORE = re.compile(r"[A-Za-z0-9+/]+={0,2}|={1,2}")
# of all lines of a key but the last. Source: RFC 7468 section 2, ssh-keygen, RFC 2045 section 6.8
_WIDTHS = (64, 70, 76)
_LEAST_ALONE = 16  # characters of one that has but one line
_WIDE = 40  # so long a piece is of a key though nothing else of it was seen yet
_HEADER = re.compile(r"\b(?:Proc-Type|DEK-Info): ")  # Source: RFC 1421 section 4.6
_BARE_HEADER = re.compile(r"\s*[A-Z][A-Za-z]*-[A-Za-z-]+: .*")
_NUMBER = re.compile(r" *\d+")
_ENOUGH_CHARS = 100
_SIGN = re.compile(r"[A-Za-z0-9]")
_PIECES = re.compile(r"[+/=]")
_GROUPS = re.compile(r"[A-Z]*[a-z]+|[A-Z]+|\d+")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_LEAST_PIECE = 8
_WORD_CHARS, _LONG_WORD_CHARS = 3.5, 5  # between two changes of what is made of words; there they are longer
_BEHIND = re.compile(r"(?:[\s\"'`+,;|$)\]}]|\\++[nr]?)*+")  # what ends a line of a log, or of the source of a program
_SAME_CHARS = 4
_FRAME_CHARS = 300
_AROUND = " \t\r\n\"'`,;\\"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_CLOSES = re.compile(r"\\{0,7}[\"'](?=\s*(?:[,:}\])]|\Z))")
_LAST_OF_LIST = re.compile(r"\\{0,7}([\"'])\s*,\s*\\{0,7}\1[A-Za-z0-9+/]+={0,2}(?:\\+[nr])*(?=\\{0,7}\1\s*[,\])])")


def without_keys(text: str) -> str:
    """Return a text without the bodies of the private keys that it holds, or begins or ends in."""
    parts, done = list[str](), 0
    edges = list(_EDGE.finditer(text))
    for at, edge in enumerate(edges):
        if is_beginning(edge):
            following = edges[at + 1] if at + 1 < len(edges) else None
            is_whole = following is not None and not is_beginning(following)
            begin, end = edge.end(), following.start() if following is not None else len(text)
            if text.startswith(HIDDEN, begin):
                continue
            end = end if is_whole else _end_of_cut(text, begin, end)
        elif at and is_beginning(edges[at - 1]):
            continue
        else:
            end = edge.start()
            begin = _begin_of_torn(text, edges[at - 1].end() if at else 0, end)
        if _BEHIND.fullmatch(text, begin, end) is None:
            parts += text[done:begin], HIDDEN
            done = end
    return "".join(parts) + text[done:]


def _end_of_cut(text: str, at: int, end: int) -> int:
    """Return where a key ends of which no end is seen: with the quotes around it, so that JSON stays JSON."""
    last = max((run.end() for run in _RUN.finditer(text, at, end) if _is_of_key(run[0])), default=at)
    short = _LAST_OF_LIST.match(text, last, end)
    closes = _CLOSES.search(text, short.end() if short is not None else last, end)
    return closes.start() if closes is not None else end


def _begin_of_torn(text: str, at: int, end: int) -> int:
    """Return where a key begins of which only the end is seen."""
    begin = at + len(text[at:end].rstrip(_LETTERS + "=" + _AROUND))
    for run in _RUN.finditer(text, begin, end):
        if _is_of_key(run[0]):
            return run.start()
    core = text[begin:end].rstrip("=").rstrip(_LETTERS)
    right_before = text[begin + len(core) : end]
    return begin + len(core) if len(right_before.strip("+/")) > 1 else end


def edges_of(line: str) -> list[re.Match[str]]:
    """Return the beginnings and ends of private keys in a line."""
    return list(_EDGE.finditer(line)) if KEY_MARK in line else []


def is_beginning(edge: re.Match[str]) -> bool:
    """Tell whether a private key begins there, and does not end."""
    return edge[1] == "BEGIN"


class _Frame(NamedTuple):
    """What stands before and behind a piece of a key, or its beginning, in a line."""

    before: str
    behind: str

    def core(self, line: str) -> str:
        """Return what stands in another line where this one has its piece, with the like around it; else nothing."""
        for at in self._places(line):
            core = _CORE.match(line, at)
            if core is not None and self._closes(line, core.end()):
                return core[0]
        return ""

    def _places(self, line: str) -> list[int]:
        """Return where the piece of another line may begin: behind the like, or in the same column."""
        column = len(self.before)
        if column > _FRAME_CHARS:
            return []
        like = self._behind_the_like(line)
        same = column if _SIGN.sub("x", line[:column]) == _SIGN.sub("x", self.before) else None
        return [place for place in (like, same) if place is not None]

    def _behind_the_like(self, line: str) -> int | None:
        """Return where what stands before is over in another line, in which its numbers may be others."""
        if len(self.before) > _FRAME_CHARS:
            return None
        at = done = 0
        for number in _NUMBER.finditer(self.before):
            words = self.before[done : number.start()]
            mine = _NUMBER.match(line, at + len(words)) if line.startswith(words, at) else None
            if mine is None:
                return None
            at, done = mine.end(), number.end()
        return at + len(self.before) - done if line.startswith(self.before[done:], at) else None

    def is_empty(self, line: str) -> bool:
        """Tell whether nothing stands in another line where this one has its piece."""
        at = self._behind_the_like(line + " ")  # which may be cut off there
        return at is not None and self._closes(line, min(at, len(line)))

    def _closes(self, line: str, at: int) -> bool:
        if _BEHIND.fullmatch(line, at) is not None:
            return True
        behind, mine = (_NUMBER.sub("0", text[:_FRAME_CHARS])[:_SAME_CHARS] for text in (self.behind, line[at:]))
        return behind != "" and behind == mine


class KeyBody:
    """Tells of the lines that follow the beginning of a private key which are its; one may be just a mention.

    Lines of others may stand among them: from there on only what looks like a key is taken for a line of it.
    """

    def __init__(self, line: str, begins: re.Match[str]) -> None:
        self.lines = 1  # of its log since it began, empty ones not counted
        self.bodies = 0  # those of them that are its
        self._frames = [_around(line, begins)]
        self._width = 0  # of the longest of them
        self._is_next = True  # nothing stands between the beginning and the next line
        self._is_torn = False
        self._is_over = False  # its last line, a shorter one, was seen

    def takes(self, line: str) -> bool:
        """Tell whether the next line belongs to the key."""
        if not line or line.isspace() or self._frames[-1].is_empty(line):
            return not self._is_torn
        self.lines += 1
        piece = next((run for run in _RUN.finditer(line) if self._is_full(run[0])), None)
        if piece is not None:
            self._frames[1:] = [_around(line, piece)]
            self._is_over = False
            return self._counts(piece[0])
        if not self.bodies and not self._is_torn and _HEADER.search(line) is not None:
            return True
        if not self.bodies and not self._is_torn and _BARE_HEADER.fullmatch(line) is not None:
            return True
        if self._is_rest(line):
            return True
        self._is_torn, self._is_next = True, False
        return False

    def _is_full(self, run: str) -> bool:
        if not _is_of_key(run):
            return False
        return self.bodies > 0 or self._is_next or len(run) >= _WIDE

    def _is_rest(self, line: str) -> bool:
        """Tell whether a line stands where those of the key do, and may be its last one by its length."""
        if self._is_torn and not self.bodies:
            return False
        core = next((core for frame in self._frames[::-1] if (core := frame.core(line))), "")
        if not core or (not self.bodies and len(core) < _LEAST_ALONE):
            return False
        if self._is_over and _WORD.fullmatch(core) is not None:
            return False
        if self._is_torn and len(core) % 4 and not self._width % 4:  # Source: RFC 4648 section 4
            return False
        self._is_over = len(core) < self._width
        return self._counts(core)

    def _counts(self, piece: str) -> bool:
        self.bodies += 1
        self._width = max(self._width, len(piece))
        self._is_next = False
        return True


def _around(line: str, piece: re.Match[str]) -> _Frame:
    return _Frame(line[: piece.start()], line[piece.end() :])


def _is_of_key(run: str) -> bool:
    """Tell whether characters of base 64 look like a piece of a key, not like words, a path or a number."""
    if len(run) < _LEAST_ALONE or run.islower() or run.isupper() or _HEX.fullmatch(run) is not None:
        return False
    return len(run) in _WIDTHS or any(_is_mixed(piece, len(run)) for piece in _PIECES.split(run))


def _is_mixed(piece: str, chars: int) -> bool:
    """Tell whether a piece of so many characters of base 64 changes between kinds of signs as no words do."""
    if len(piece) < _LEAST_PIECE or piece.islower() or piece.isupper() or piece.isdecimal():
        return False
    piece = piece[:_ENOUGH_CHARS]
    word_chars = _LONG_WORD_CHARS if chars >= _WIDE else _WORD_CHARS
    return len(piece) < word_chars * len(_GROUPS.findall(piece))


def lines_before_end(lines: Sequence[str], line: str, ends: re.Match[str]) -> int:
    """Return how many of the lines belong to a key of which the end stands in the line that follows them."""
    frame = _around(line, ends)
    found = nearest = 0
    for back, text in enumerate(reversed(lines), 1):
        if not text or text.isspace():
            continue
        is_last = not nearest and (frame.core(text) or _CORE.fullmatch(text.strip()) is not None)
        if not is_last and not _is_of_key(frame.core(text)) and not any(map(_is_of_key, _RUN.findall(text))):
            break
        found = nearest = back
    return found


class LogStart:
    """Tells whether a log begins in the middle of a private key: all that was read of it looks like lines of one."""

    def __init__(self) -> None:
        self.may_go_on = True
        self._frame: _Frame | None = None
        self._is_inside = False  # lines were read, and all looked so

    def takes(self, lines: Sequence[str]) -> int:
        """Return how many of the lines that come next are the key's; only its last one is shorter.

        The first ones to be read are so only where all of them are.
        """
        count, is_full = 0, True
        while count < len(lines) and is_full:
            line = lines[count]
            full = [run for run in _RUN.finditer(line) if len(run[0]) in _WIDTHS and _is_of_key(run[0])]
            piece = full[0] if len(full) == 1 and _MARK not in line else None
            if self._frame is None and piece is not None:
                self._frame = _around(line, piece)
            if self._frame is None or not self._frame.core(line):
                break
            count, is_full = count + 1, piece is not None
        self.may_go_on = count == len(lines)
        count = count if self._is_inside or self.may_go_on else 0
        self._is_inside = self._is_inside or count > 0
        return count
