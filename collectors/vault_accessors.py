"""Accessors that stand in files: read again when the file changes, because a token that is issued anew has another."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from collectors.vault_items import Item
from statusdesk.accessors import Read, read_accessor
from statusdesk.config import CertificateSettings

Stamp = tuple[int, int, int]


class AccessorFiles:
    """Which file each accessor was read from, and how that file looked then.

    ``problems``: by name, why the file of an item tells no accessor now.
    """

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self._read: dict[str, tuple[Stamp, Read]] = {}
        self._doubted: set[str] = set()

    def renewed(self, items: Sequence[Item]) -> dict[str, Item]:
        """Return the items whose file holds another accessor now; where it holds none, the one before stays."""
        renewed: dict[str, Item] = {}
        for item in items:
            if isinstance(item, CertificateSettings) or not item.accessor_file:
                continue
            read = self._look(Path(item.accessor_file))
            self._note(item.name, read.problem, known=bool(item.accessor))
            if read.accessor and read.accessor != item.accessor:
                renewed[item.name] = replace(item, accessor=read.accessor)
        return renewed

    def _note(self, name: str, problem: str, *, known: bool) -> None:
        """Take what is wrong with a file; what was known is doubted at the second look: it may be written just now."""
        if not problem:
            self._doubted.discard(name)
            self.problems.pop(name, None)
        elif name in self._doubted or not known:
            self.problems[name] = problem
        self._doubted |= {name} if problem else set()

    def _look(self, file: Path) -> Read:
        """Return what a file tells, without reading it again where it is the same as before."""
        try:
            found = file.stat()
        except OSError:
            return read_accessor(file)
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        before = self._read.get(str(file))
        if before is not None and before[0] == stamp:
            return before[1]
        read = read_accessor(file)
        self._read[str(file)] = (stamp, read)
        return read
