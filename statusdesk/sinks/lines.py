"""JSON lines, to a file that is only appended to, or to standard output."""

import os
from pathlib import Path

import msgspec

from statusdesk.config_alerts import SinkSettings
from statusdesk.sinks.message import Message
from statusdesk.sinks.sending import Postponed, PrintLine
from statusdesk.text import iso


class JsonLines:
    """Writes a line per message: Alertmanager's webhook, with ``idempotency_key`` and ``ts``."""

    def __init__(self, sink: SinkSettings, state_dir: Path, print_line: PrintLine) -> None:
        self._path = state_dir / Path(sink.path).expanduser() if sink.path else None
        self._print = print_line

    def send(self, message: Message) -> None:
        """Write one line."""
        line = line_of(message)
        if self._path is None:
            if not self._print(line):
                raise Postponed("the reader of standard output is too slow", whole_sink=True)
            return
        try:
            _append(self._path, line)
        except OSError as error:
            raise Postponed(f"its file cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """Nothing stays open."""


def line_of(message: Message) -> str:
    """Return a message as one line of ASCII."""
    told = message.notification
    body = {"ts": iso(told.created_ms), "event": "notification", "why": told.why, "sink": told.sink}
    content = msgspec.json.encode({**body, "idempotency_key": told.idempotency_key, **message.webhook()})
    # escapes, direction marks and the like arrive as \\uXXXX and can do nothing to a terminal
    return "".join(char if char.isascii() else _escaped(char) for char in content.decode().replace("\x7f", "\\u007f"))


def _escaped(char: str) -> str:
    raw = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{raw[at] << 8 | raw[at + 1]:04x}" for at in range(0, len(raw), 2))


def _append(path: Path, line: str) -> None:
    """Append a line in one write, behind the end of one that a crash has cut."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
    try:
        size = os.fstat(handle).st_size
        cut = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        os.write(handle, (("\n" if cut else "") + line + "\n").encode())
        os.fsync(handle)
    finally:
        os.close(handle)
