"""Where a command writes what it was asked for: stdout, a file that appears only when complete, or a device or pipe."""

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from statusdesk.cli.usage import refuse


@contextlib.contextmanager
def open_output(name: str) -> Iterator[TextIO]:
    """Open what ``-o`` names: ``-`` is stdout; a new or regular file is written beside its place and then renamed.

    A symbolic link stays and the file that it leads to is replaced. Devices and pipes are written as they are: to
    rename something over them would destroy them.

    Raises: UsageError when it cannot be opened.
    """
    target = Path(name)
    found = None if name == "-" else _look(target)
    if name == "-" or (found is not None and _is_stdout(found)):
        yield sys.stdout
    elif found is None or stat.S_ISREG(found.st_mode):
        with _replacing(target, found) as out:
            yield out
    elif stat.S_ISDIR(found.st_mode):
        refuse(f"{target} is a directory; name a file in it")
    else:
        with _straight(target) as out:
            yield out


def _look(target: Path) -> os.stat_result | None:
    """Return what is at the end of all links, None when nothing is there yet."""
    try:
        return target.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        refuse(f"{target} cannot be written: {error.strerror}")


def _is_stdout(found: os.stat_result) -> bool:
    """Tell whether it is what stdout is already: ``/dev/stdout``, or the file that the shell has opened for it."""
    try:
        own = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return os.path.samestat(found, own)


@contextlib.contextmanager
def _straight(target: Path) -> Iterator[TextIO]:
    try:
        handle = os.open(target, os.O_WRONLY | os.O_NOCTTY)
    except OSError as error:
        refuse(f"{target} cannot be written: {error.strerror}")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        yield out


@contextlib.contextmanager
def _replacing(named: Path, old: os.stat_result | None) -> Iterator[TextIO]:
    """Open a file beside the one that is named, or linked to; it takes its place and mode when all was written."""
    target = Path(os.path.realpath(named))
    try:
        handle, text = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:
        refuse(f"{named} cannot be written: {error.strerror}")
    part = Path(text)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            yield out
        # What mkstemp makes is for its owner only; the result is an ordinary file, or as open as the old one was.
        part.chmod(stat.S_IMODE(old.st_mode) if old is not None else 0o666 & ~_umask())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
