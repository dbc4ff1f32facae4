"""Whether a collector could write here: tried in earnest, with nothing left behind and no collector disturbed."""

import errno
import os
import tempfile
from pathlib import Path
from pwd import getpwuid

from statusdesk.store.lock import LOCK_NAME
from statusdesk.store.opening import wal_of

PROBE_PREFIX = ".statusdesk-check-"
PROBE_BYTES = 64 * 1024  # on a full file system an empty file can often still be made
_ELSEWHERE = "or give store.state_dir another place"


def place_problem(state_dir: Path) -> str:
    """Return why nobody could write into the state directory (or make it, where it is missing), with what to do."""
    place, what = state_dir, f"{state_dir} cannot be written"
    try:
        place = next(each for each in (state_dir, *state_dir.parents) if each.exists())
        if not place.is_dir():
            return f"{place} is a file; the state directory {state_dir} needs another name"
        if place != state_dir:
            what = f"{state_dir} cannot be made in {place}"
            with tempfile.TemporaryDirectory(dir=place, prefix=PROBE_PREFIX):
                return ""
        with tempfile.NamedTemporaryFile(dir=place, prefix=PROBE_PREFIX) as probe:
            probe.write(bytes(PROBE_BYTES))
            probe.flush()
        if (lock := state_dir / LOCK_NAME).exists():
            place, what = lock, f"{lock} cannot be written"
            os.close(os.open(lock, os.O_RDWR))  # a lock belongs to the one who took it, not to the file
    except OSError as error:
        return f"{what}: {error.strerror or error}; {_mending(place, error)}"
    return ""


def file_problem(path: Path) -> str:
    """Return why nobody could write into the store itself, with what to do.

    The kernel is asked, not SQLite: that begins a transaction in a read-only file, too, and leaves ``-wal`` and
    ``-shm`` files there.
    """
    each = path
    try:
        for each in (path, wal_of(path), path.with_name(path.name + "-shm")):
            if each.exists() and not os.access(each, os.W_OK, effective_ids=True):
                number = errno.EROFS if os.statvfs(each).f_flag & os.ST_RDONLY else errno.EACCES
                raise OSError(number, os.strerror(number))
    except OSError as error:
        return f"{each} cannot be written: {error.strerror}; {_mending(each, error)}"
    return ""


def _mending(place: Path, error: OSError) -> str:
    if error.errno == errno.EROFS:
        return f"mount its file system for writing, {_ELSEWHERE}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room there"
    if error.errno in (errno.EACCES, errno.EPERM):
        return _ownership(place)
    return f"mend that, {_ELSEWHERE}"


def _ownership(place: Path) -> str:
    """Return what to do about rights, with who has them as far as that can be seen."""
    try:
        owner = place.stat().st_uid
    except OSError:
        return f"let {_name(os.geteuid())} in, {_ELSEWHERE}"
    if owner == os.geteuid():
        return f"chmod u+w {place}, {_ELSEWHERE}"
    return f"it belongs to {_name(owner)}: collect as that user, {_ELSEWHERE}"


def _name(uid: int) -> str:
    try:
        return getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
