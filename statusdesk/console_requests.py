"""What people ask of the collector: to take or silence alerts, to look a build up. A console never writes the store.

A request is a file in ``<state directory>/requests``, made whole at once. The collector takes it within a second, and
answers by the row itself. Who asks is who owns the file; what the file says is checked as anything from outside.
"""

import contextlib
import getpass
import os
import pwd
import secrets
import stat
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from statusdesk.store.lock import holder
from statusdesk.text import clean, few

DIRECTORY = "requests"
DIR_MODE = 0o3770
"""The group may put files there and nobody may take away those of others; they belong to the directory's group."""
WITHOUT_SETGID = 0o1770
"""Where the system forbids that (systemd's RestrictSUIDSGID), a file belongs to the group of whoever made it."""
FILE_MODE = 0o640
MOST_BYTES = 65_536
"""Enough to take as many alerts at once as are ever listed."""
MOST_AT_ONCE = 200
OLDEST_S = 60.0
"""A request that no collector took within this time is taken by none: whoever asked has given up since."""
MAX_COMMENT = 200
LONGEST_MS = 366 * 86_400_000
ANSWER_S = 3.0


class RequestError(Exception):
    """A request cannot be made, or is not answered; the sentence says why."""


class MatcherAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One condition of a silence."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class _Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="what"):
    """What may be asked."""


class Ack(_Request, frozen=True, kw_only=True, tag="ack"):
    """Take alerts: for as long as they last, or until a moment. ``withdraw`` gives them back."""

    fingerprints: tuple[str, ...]
    comment: str = ""
    until_ms: int | None = None
    withdraw: bool = False


class AddSilence(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="silence", tag_field="what"
):
    """Silence alerts until a moment, which is mandatory."""

    id: str
    matchers: tuple[MatcherAsked, ...]
    ends_ms: int
    starts_ms: int = 0
    comment: str = ""


class ExpireSilence(_Request, frozen=True, kw_only=True, tag="expire"):
    """End a silence early."""

    id: str


class LookUpBuild(_Request, frozen=True, kw_only=True, tag="build"):
    """Ask the source of a build for its stages and changes."""

    source: str
    job: str
    number: int


Request = Ack | AddSilence | ExpireSilence | LookUpBuild


class Asked(msgspec.Struct, frozen=True):
    """A request and who made it."""

    request: Request
    by: str


def new_id() -> str:
    """Return the id of a new silence."""
    return secrets.token_hex(8)


def submit(state_dir: Path, request: Request) -> None:
    """Put a request where the collector of this state directory finds it.

    Raises: RequestError when no collector works, it asks for too much, or the file cannot be made.
    """
    if holder(state_dir) is None:
        raise RequestError(f"no collector works on {state_dir}, so nobody would take it; start `statusdesk watch`")
    content = msgspec.json.encode(request)
    if len(content) > MOST_BYTES:
        raise RequestError(f"it asks for too much at once ({len(content)} bytes, at most {MOST_BYTES}); ask for less")
    directory = state_dir / DIRECTORY
    name = f"{time.time_ns() // 1_000_000}-{secrets.token_hex(6)}"
    hidden = directory / f".{name}"
    try:
        # nobody outside of the directory's group gets in: a file that all may read is for the collector
        mode = FILE_MODE if directory.stat().st_mode & stat.S_ISGID else FILE_MODE | stat.S_IROTH
        handle = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            os.write(handle, content)
            os.fchmod(handle, mode)
        finally:
            os.close(handle)
        hidden.rename(directory / f"{name}.json")
    except OSError as error:
        with contextlib.suppress(OSError):
            hidden.unlink()
        raise RequestError(_why(directory, error)) from None


def _why(directory: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        user = getpass.getuser()
        return f"{user} may not write to {directory}; be in the group that owns it ({_group_of(directory)})"
    return f"the request cannot be written to {directory}: {error.strerror}"


def _group_of(directory: Path) -> str:
    try:
        return directory.group()
    except (OSError, KeyError):
        return "unknown"


def wait_for(answered: Callable[[], bool], timeout_s: float = ANSWER_S) -> bool:
    """Look until the collector has answered by a row; tell whether it has."""
    end = time.monotonic() + timeout_s
    while not answered():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Inbox:
    """The requests of one state directory, as its collector takes them."""

    def __init__(self, state_dir: Path) -> None:
        self._directory = state_dir / DIRECTORY
        self._stuck: set[str] = set()

    def open(self) -> str:
        """Make the directory; return a sentence when it cannot be, else nothing."""
        try:
            self._directory.mkdir(exist_ok=True)
            try:
                self._directory.chmod(DIR_MODE)
            except PermissionError:
                self._directory.chmod(WITHOUT_SETGID)
        except OSError as error:
            return f"{self._directory} cannot be made ({error.strerror}): nothing can be acknowledged or silenced"
        return ""

    def take(self) -> tuple[list[Asked], list[str]]:
        """Return the requests that have come, oldest first, and a sentence for each that is none; both are removed.

        What cannot be removed is named once and left alone: it takes nobody's place.
        """
        asked: list[Asked] = []
        problems: list[str] = []
        try:
            with os.scandir(self._directory) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return asked, problems
        self._stuck &= {entry.name for entry in found}
        new = [entry for entry in found if entry.name not in self._stuck]
        files = [entry for entry in new if _is_request(entry)]
        for entry in files[:MOST_AT_ONCE]:
            try:
                asked.append(_read(self._directory / entry.name))
            except (OSError, ValueError, msgspec.MsgspecError) as error:
                problems.append(f"a request ({clean(entry.name, 60)}) was refused: {clean(str(error), 200)}")
        rest = [entry for entry in new if not _is_request(entry) and _is_left(entry)][:MOST_AT_ONCE]
        words = [clean(entry.name, 60) for entry in rest if not entry.name.startswith(".")]
        if words:
            problems.append(f"what is no request was refused ({_listed(words)}): it is no file that ends with .json")
        stuck = [entry.name for entry in [*files[:MOST_AT_ONCE], *rest] if not _removed(self._directory / entry.name)]
        if stuck:
            self._stuck.update(stuck)
            problems.append(f"{self._directory} holds what cannot be removed ({_listed(stuck)}): remove it by hand")
        return asked, problems


def _is_request(entry: os.DirEntry[str]) -> bool:
    named = entry.name.endswith(".json") and not entry.name.startswith(".")
    return named and entry.is_file(follow_symlinks=False)


def _is_left(entry: os.DirEntry[str]) -> bool:
    """Whether nobody is about to make a request of it."""
    if not entry.name.startswith("."):
        return True
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > OLDEST_S
    except OSError:
        return False


def _listed(names: list[str]) -> str:
    return few([clean(name, 60) for name in names])


def _removed(path: Path) -> bool:
    try:
        _remove(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink()


def _read(path: Path) -> Asked:
    """Read a request.

    Raises: OSError, ValueError, MsgspecError.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is no file")
        if found.st_size > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES} bytes")
        if time.time() - found.st_mtime > OLDEST_S:
            raise ValueError("nobody took it when it was made; ask again")
        content = os.read(handle, MOST_BYTES + 1)
    finally:
        os.close(handle)
    return Asked(msgspec.json.decode(content, type=Request), _name_of(found.st_uid))


def _name_of(uid: int) -> str:
    try:
        return clean(pwd.getpwuid(uid).pw_name, 60)
    except KeyError:
        return f"uid {uid}"
