"""A program of the user's that is started for each message and reads it as JSON from its standard input."""

import os
import signal
import subprocess
from collections.abc import Collection
from pathlib import Path

import msgspec

from statusdesk.config_alerts import SinkSettings
from statusdesk.sinks.message import Message
from statusdesk.sinks.sending import Postponed, Refused


class Command:
    """Starts the program without a shell; status 0: sent, 65 (EX_DATAERR): refused for good, all else: try again.

    ``hidden``: environment variables that hold secrets of ours; the program does not get them.
    """

    def __init__(self, sink: SinkSettings, base_dir: Path, hidden: Collection[str]) -> None:
        self._sink = sink
        self._base_dir = base_dir
        self._environment = {name: value for name, value in os.environ.items() if name not in hidden}

    def send(self, message: Message) -> None:
        """Start the program and wait for its end."""
        told = message.notification
        texts = {"title": message.title, "text": message.text(), "idempotency_key": told.idempotency_key}
        body = msgspec.json.encode({**message.webhook(), **texts, "why": told.why})
        try:
            process = subprocess.Popen(
                self._sink.command,
                cwd=self._base_dir,
                env={**self._environment, "STATUSDESK_STATUS": message.status},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise Postponed(f"its program cannot be started: {error.strerror}") from None
        with process:
            try:
                process.communicate(body, self._sink.timeout_s)
            except subprocess.TimeoutExpired:
                _end_all(process)
                raise Postponed(f"its program did not end within {self._sink.timeout_s:g} s") from None
        if process.returncode == os.EX_DATAERR:
            raise Refused("its program refuses the message (status 65)")
        if process.returncode:
            raise Postponed(f"its program ended with status {process.returncode}")

    def close(self) -> None:
        """Nothing stays open."""


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
