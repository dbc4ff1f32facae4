"""Secrets, read when they are needed from where the configuration says they are, and kept out of every text."""

import os
import stat
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from statusdesk.config import Config, Secret

COMMAND_TIMEOUT_S = 10.0
SECRETS_KEPT = 20
"""So many of those that were read are still hidden where a secret is issued anew again and again."""
_MAX_BYTES = 64 * 1024
ReadSecret = Callable[[Secret, Path], str]
"""What reads a secret as it is then, as ``read_secret`` does."""


class CredentialError(Exception):
    """A secret cannot be had; the sentence says why and never holds any of it."""


def read_secret(secret: Secret, base_dir: Path, env: Mapping[str, str] | None = None) -> str:
    """Return the secret from its environment variable, file or command, without the blanks around it.

    A relative file starts at ``base_dir``, where a command runs too, without a shell and for at most 10 seconds.
    ``env`` is ``os.environ`` unless given.

    Raises: CredentialError when it is missing, unreadable or empty.
    """
    if secret.env:
        text = (os.environ if env is None else env).get(secret.env)
        if text is None:
            raise CredentialError(f"the environment variable {secret.env} is not set; set it or name a file")
        where = f"the environment variable {secret.env}"
    elif secret.file:
        text = _read_file(base_dir / secret.file)
        where = str(base_dir / secret.file)
    elif secret.command:
        text = _run(secret.command, base_dir)
        where = f"the command {secret.command[0]}"
    else:
        raise CredentialError("no source is named; add one of _env, _file, _command")
    text = text.strip()
    if not text:
        raise CredentialError(f"{where} gives an empty text; put the secret there")
    if not text.isprintable():
        raise CredentialError(f"{where} gives more than one line or control characters; keep only the secret there")
    return text


class TellingReader:
    """Reads secrets for those who send them, and tells whoever listens what was read; any thread may call it."""

    def __init__(self) -> None:
        self._read: dict[Secret, str] = {}
        self._heard: Callable[[Secret, str], None] = self._read.__setitem__
        self._changing = threading.Lock()

    def __call__(self, secret: Secret, base_dir: Path) -> str:
        """Return a secret as it is now. Raises: CredentialError."""
        found = read_secret(secret, base_dir)
        with self._changing:
            self._heard(secret, found)
        return found

    def listen(self, heard: Callable[[Secret, str], None]) -> None:
        """Tell of each that is read from now on, and first of what was read last."""
        with self._changing:
            for secret, found in self._read.items():
                heard(secret, found)
            self._read.clear()
            self._heard = heard


def warnings_about(secret: Secret, base_dir: Path) -> list[str]:
    """Return a sentence when others than its owner may read the secret's file."""
    if not secret.file:
        return []
    file = base_dir / secret.file
    try:
        mode = file.stat().st_mode
    except OSError:
        return []
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        who = "everybody" if mode & stat.S_IROTH else "its group"
        return [f"{file} can be read by {who} (mode {stat.S_IMODE(mode):04o}); run chmod 600 {file}"]
    return []


def secrets_of(config: Config) -> Iterator[tuple[str, Secret]]:
    """Yield every secret's key in the configuration file, such as ``jenkins.token_file``, with where it comes from."""
    yield from secrets_of_sources(config)
    yield from secrets_of_sinks(config)


def secrets_of_sources(config: Config) -> Iterator[tuple[str, Secret]]:
    """Yield those of them that are needed to collect."""
    for table, settings in (("jenkins", config.jenkins), ("vault", config.vault)):
        if settings is not None and settings.token is not None:
            yield _key(table, "token", settings.token), settings.token


def secrets_of_sinks(config: Config) -> Iterator[tuple[str, Secret]]:
    """Yield those of them that are needed to tell of alerts."""
    for number, sink in enumerate(config.sinks, 1):
        for name in ("url", "key", "password", "token"):
            if isinstance(secret := getattr(sink, name), Secret):
                yield _key(f"sink[{number}]", name, secret), secret
    if config.ha.heartbeat_url is not None:
        yield _key("ha", "heartbeat_url", config.ha.heartbeat_url), config.ha.heartbeat_url


def _key(table: str, name: str, secret: Secret) -> str:
    source = "env" if secret.env else "file" if secret.file else "command"
    return f"{table}.{name}_{source}"


def problems_of(config: Config, env: Mapping[str, str] | None = None, *, sends: bool = True) -> list[str]:
    """Return one sentence, with file and key, for each secret of the configuration that cannot be had.

    ``sends``: whether anybody is told of alerts, for which more of them are needed.
    """
    return _problems(config, secrets_of(config) if sends else secrets_of_sources(config), env)


def problems_of_files(config: Config) -> list[str]:
    """Return the same for each secret that is kept in a file: what can be told without asking anybody."""
    return _problems(config, [(key, secret) for key, secret in secrets_of(config) if secret.file], None)


def _problems(config: Config, secrets: Iterable[tuple[str, Secret]], env: Mapping[str, str] | None) -> list[str]:
    problems = []
    for key, secret in secrets:
        try:
            read_secret(secret, Path(config.path).parent, env)
        except CredentialError as error:
            problems.append(f"{config.path}: {key}: {error}")
    return problems


def _read_file(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(_MAX_BYTES)
        return content.decode("utf-8")
    except OSError as error:
        raise CredentialError(f"{file} cannot be read: {os.strerror(error.errno or 0)}") from None
    except UnicodeDecodeError:
        raise CredentialError(f"{file} is not UTF-8 text") from None


def _run(command: tuple[str, ...], base_dir: Path) -> str:
    name = command[0]
    try:
        done = subprocess.run(
            command,
            cwd=base_dir,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CredentialError(f"the command {name} gave no answer within {COMMAND_TIMEOUT_S:g} s") from None
    except OSError as error:
        raise CredentialError(f"the command {name} cannot be run: {os.strerror(error.errno or 0)}") from None
    if done.returncode != 0:
        raise CredentialError(f"the command {name} ended with status {done.returncode}; run it by hand to see why")
    try:
        return done.stdout[:_MAX_BYTES].decode("utf-8")
    except UnicodeDecodeError:
        raise CredentialError(f"the command {name} gives no UTF-8 text") from None
