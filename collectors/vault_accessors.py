"""Accessors that stand in files: read again when the file changes, because a token that is issued anew has another."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from collectors.vault_items import Item
from statusdesk.accessors import accessor_problem
from statusdesk.config import CertificateSettings

Stamp = tuple[int, int, int]
MAX_BYTES = 1024


class AccessorFiles:
    """Which file each accessor was read from, and how that file looked then."""

    def __init__(self) -> None:
        self._stamps: dict[str, Stamp] = {}

    def renewed(self, items: Sequence[Item]) -> dict[str, Item]:
        """Return the items whose file holds another accessor now; one that cannot be read, or holds none, stays."""
        renewed: dict[str, Item] = {}
        for item in items:
            if isinstance(item, CertificateSettings) or not item.accessor_file:
                continue
            accessor = self._changed(Path(item.accessor_file))
            if accessor and accessor != item.accessor:
                renewed[item.name] = replace(item, accessor=accessor)
        return renewed

    def _changed(self, file: Path) -> str:
        """Return what a file holds when it is another than before; empty where it is the same or no accessor."""
        try:
            found = file.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self._stamps.get(str(file)) == stamp:
                return ""
            with file.open(encoding="utf-8") as opened:
                accessor = opened.read(MAX_BYTES).strip()
        except (OSError, UnicodeDecodeError):
            return ""  # being replaced: it is looked at again at the next visit
        self._stamps[str(file)] = stamp
        return accessor if accessor and not accessor_problem(accessor) else ""
