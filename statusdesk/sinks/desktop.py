"""A notification of the desktop where there is one, else the terminal's bell."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

from statusdesk.config_alerts import SinkSettings
from statusdesk.sinks.message import Message
from statusdesk.sinks.sending import Postponed, Refused

PROGRAM = "notify-send"
NOBODY_THERE = "nobody can hear it: there is no desktop here, and no terminal whose bell could be rung"
_URGENCY = {"info": "low", "warning": "normal", "critical": "critical"}
_SHOWN_ALERTS = 3


class Desktop:
    """Tells whoever sits at this machine."""

    def __init__(self, sink: SinkSettings, environment: Mapping[str, str] | None = None) -> None:
        self._sink = sink
        self._environment = os.environ if environment is None else environment

    def send(self, message: Message) -> None:
        """Show the message, or ring.

        Raises: Postponed; Refused when there is neither a desktop nor a terminal.
        """
        program = shutil.which(PROGRAM, path=self._environment.get("PATH"))
        if program is None or not has_desktop(self._environment):
            if not _ring():
                raise Refused(NOBODY_THERE)
            return
        alerts = message.listed
        urgency = _URGENCY.get(alerts[0].severity, "normal") if alerts else "normal"
        argv = [program, "--app-name=statusdesk", f"--urgency={urgency}", "--"]
        try:
            done = subprocess.run(
                [*argv, message.title, _plain(message.text(_SHOWN_ALERTS))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self._sink.timeout_s,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            raise Postponed(f"{PROGRAM} does not work") from None
        if done.returncode:
            raise Postponed(f"{PROGRAM} ended with status {done.returncode}")

    def close(self) -> None:
        """Nothing stays open."""


def has_desktop(environment: Mapping[str, str]) -> bool:
    """Tell whether a desktop of this machine is in front of somebody: not one over ssh."""
    shown = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    return bool(shown) and not environment.get("SSH_CONNECTION")


def _plain(text: str) -> str:
    """Return a text as a body that shows it: bodies are markup, with links and images.

    Source: the Desktop Notifications Specification, "Markup"; the summary is plain text.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def has_terminal() -> bool:
    """Tell whether stderr is a terminal, whose bell can be rung."""
    return sys.stderr is not None and sys.stderr.isatty()


def _ring() -> bool:
    """Ring the terminal's bell; tell whether there is one."""
    if not has_terminal():
        return False
    sys.stderr.write("\a")
    sys.stderr.flush()
    return True
