"""The base of all settings, and where a secret comes from."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all settings."""


class Secret(Settings, frozen=True):
    """Where a secret comes from: exactly one of an environment variable, a file, a command (argv)."""

    env: str = ""
    file: str = ""
    command: tuple[str, ...] = ()
