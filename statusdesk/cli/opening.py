"""What several commands do first: read the configuration, find the store, say things on stderr."""

import argparse
import json
import logging
import os
import sys
import zoneinfo
from pathlib import Path
from typing import TextIO

import msgspec

from statusdesk.cli.usage import refuse
from statusdesk.clock import system_clock
from statusdesk.config import Config
from statusdesk.config_file import find_config, load
from statusdesk.redact import redact
from statusdesk.text import iso


def load_config(args: argparse.Namespace, *, collecting: bool) -> Config:
    """Return the configuration that the command line and the environment choose.

    Raises: ConfigError.
    """
    config = load(find_config(args.config, os.environ), os.environ, args.state_dir, collecting=collecting)
    if args.ascii:
        config = msgspec.structs.replace(config, board=msgspec.structs.replace(config.board, glyphs="ascii"))
    return config


def store_path(config: Config, attach: str | None = None) -> Path:
    """Return the store's file: the one named by ``--attach=DB`` (a file or its directory), or the configured one."""
    from statusdesk.store.opening import FILE_NAME  # logs start without a store, and the sooner

    path = Path(attach).expanduser().absolute() if attach else Path(config.store.state_dir)
    return path / FILE_NAME if not attach or path.is_dir() else path


def with_timezone(config: Config, name: str | None) -> Config:
    """Return the configuration with the time zone of ``--timezone``, if it was given.

    Raises: UsageError when there is no such time zone.
    """
    if not name:
        return config
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        refuse(f"--timezone: {name!r} is no known time zone; write it as UTC or Europe/Berlin")
    return msgspec.structs.replace(config, board=msgspec.structs.replace(config.board, timezone=name))


def zone_of(config: Config) -> zoneinfo.ZoneInfo:
    """Return the time zone of times that carry none."""
    return zoneinfo.ZoneInfo(config.board.timezone)


def wants_colour(choice: str, stream: TextIO) -> bool:
    """Tell whether to write colours: ``--color``, then NO_COLOR, FORCE_COLOR, and whether it is a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


class _Line(logging.Formatter):
    """One line per record, as text or JSON, without anything that looks like a secret."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        moment = iso(round(record.created * 1000))
        level = record.levelname.lower()
        message = " ".join(redact(record.getMessage()).split())
        if self._as_json:
            return json.dumps({"ts": moment, "level": level, "logger": record.name, "message": message})
        return f"{moment} {level} {message}"


def narrate_on_stderr(args: argparse.Namespace) -> logging.Logger:
    """Send what the program says to stderr as ``--log-format``, ``-q``, ``-v`` and $STATUSDESK_LOG want it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(as_json=args.log_format == "json"))
    named = logging.getLevelNamesMapping().get(os.environ.get("STATUSDESK_LOG", "").upper())
    level = named or logging.INFO
    if args.quiet:
        level = logging.ERROR
    elif args.verbose:
        level = logging.DEBUG if args.verbose > 1 else logging.INFO
    # The clients' own debug lines hold request headers, and those hold tokens.
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    logger = logging.getLogger("statusdesk")
    logger.setLevel(level)
    logging.getLogger("collectors").setLevel(level)
    return logger


def now_ms() -> int:
    """Return the time of this moment, for commands that ask once."""
    return system_clock()
