"""Log lines as a person takes them along: as text to copy, or in a file that nobody else can read."""

import datetime
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from collectors.log_lines import LineKind, LogLine, Origin
from statusdesk.text import counted, iso, local

FILE_MODE = 0o640
MOST_COPIED_BYTES = 74_000  # more is refused by many terminals
MOST_WHOLE = 200  # lines that are read again for one file, as they were too long to be kept whole


def as_text(line: LogLine, origins: Sequence[Origin]) -> str:
    """Return a line, or what has happened, with when and where; and how much of it is not here."""
    at = f"{iso(line.at_ns // 1_000_000)} " if line.at_ns else ""
    where = f"{origins[line.origin].short} " if line.origin < len(origins) else ""
    cut = f" [{counted(line.cut_bytes, 'byte')} cut]" if line.cut_bytes else ""
    return f"{at}{where}{'|' if line.kind == LineKind.LINE else '--'} {line.text}{cut}"


def for_copying(lines: Iterable[LogLine], origins: Sequence[Origin]) -> tuple[str, int, int]:
    """Return as much text as a terminal takes, how many lines that is, and how many were left out."""
    texts: list[str] = []
    size = left = 0
    for line in lines:
        text = as_text(line, origins)
        size += len(text.encode()) + 1
        if size > MOST_COPIED_BYTES and texts:
            left += 1
        else:
            texts.append(text)
    return "\n".join(texts), len(texts), left


def file_name(where: Sequence[str], now_ms: int, zone: datetime.tzinfo) -> str:
    """Return a name for a file: what, and when it was saved."""
    stamped = local(now_ms, zone, "%Y%m%d-%H%M%S")
    words = "-".join(where) or "log"
    plain = "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in words)
    return f"{plain}-{stamped}.log"


def path_problem(text: str) -> str:
    """Return why a file cannot be made there, empty when it can. A file that is there is never written over."""
    path = Path(text.strip()).expanduser()
    if not text.strip():
        return "Say where."
    if path.is_dir():
        return f"{path} is a directory; add a name"
    if path.exists() or path.is_symlink():
        return f"{path} is there already, and is not written over; choose another name"
    return "" if path.parent.is_dir() else f"there is no directory {path.parent}"


def made_whole(line: LogLine, whole: Callable[[LogLine], str]) -> LogLine:
    """Return a line that was cut with all of its text; as it is where that cannot be had any more."""
    try:
        text = whole(line)
    except Exception:  # whatever the network raises: how much is missing is written behind what is here of the line
        return line
    return line if text == line.text else msgspec.structs.replace(line, text=text, cut_bytes=0)


def save(
    path: Path, lines: Iterable[LogLine], origins: Sequence[Origin], whole: Callable[[LogLine], str]
) -> tuple[int, int]:
    """Write lines to a new file, those that were cut as ``whole`` reads them; return how many, and how many are cut.

    Raises: OSError, also when there is a file already; what was begun is taken away again.
    """
    count = cut = read = 0
    # Made as it must be, not made so afterwards: nobody else gets to read it in between.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    try:
        with os.fdopen(file, "w", encoding="utf-8", errors="replace") as out:
            for line in lines:
                if line.cut_bytes and read < MOST_WHOLE:
                    read += 1
                    line = made_whole(line, whole)
                out.write(as_text(line, origins) + "\n")
                count += 1
                cut += line.cut_bytes > 0
    except OSError:
        path.unlink(missing_ok=True)  # half of a log would be taken for all of it
        raise
    return count, cut
