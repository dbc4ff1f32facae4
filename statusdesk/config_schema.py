"""What may stand in the configuration file, derived from the settings themselves, and what a value must look like.

A field of a settings class is a key of its table: ``interval_s`` is the key ``interval``, a duration; a ``Secret`` is
one of ``<key>_env``, ``<key>_file``, ``<key>_command``. So a new field is a new key, with nothing to keep in step.
"""

import datetime
import difflib
import enum
import functools
import ipaddress
import re
import types
import typing
import urllib.parse
import zoneinfo
from collections.abc import Callable, Mapping

import msgspec

from statusdesk.accessors import accessor_problem
from statusdesk.board_names import OWN_THEMES, THEMES
from statusdesk.config import (
    AppSettings,
    BoardSettings,
    CertificateSettings,
    ClusterSettings,
    EnvironmentSettings,
    JenkinsSettings,
    RolloutThresholds,
    Secret,
    SecretIdSettings,
    Settings,
    StageSettings,
    StoreSettings,
    TokenSettings,
    VaultSettings,
)
from statusdesk.config_alerts import SinkSettings

SECRET_SOURCES = ("env", "file", "command")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMESPACE = re.compile(r"[a-z0-9*?\[]([-a-z0-9*?\[\]!]{0,61}[a-z0-9*?\]])?")  # a name, or a glob of names
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Kind(enum.Enum):
    """What a value is in the file; the value is how to say it in a sentence."""

    TEXT = "a text in quotes"
    TEXTS = "a list of texts"
    INTEGER = "a whole number"
    NUMBER = "a number"
    FLAG = "true or false"
    SECONDS = 'a duration such as "30s"'
    MILLIS = 'a duration such as "60ms"'
    PATH = "a path in quotes"
    SECRET = "a secret's source"


class Key(typing.NamedTuple):
    """One key of a table and the field that it fills."""

    name: str
    field: str
    kind: Kind
    required: bool
    default: object


_PATHS = frozenset(
    {
        (ClusterSettings, "kubeconfig"),
        (JenkinsSettings, "ca_file"),
        (VaultSettings, "ca_file"),
        (StoreSettings, "state_dir"),
        (SinkSettings, "ca_file"),
    }
)
_KINDS: Mapping[object, Kind] = {
    str: Kind.TEXT,
    tuple[str, ...]: Kind.TEXTS,
    int: Kind.INTEGER,
    float: Kind.NUMBER,
    bool: Kind.FLAG,
    Secret: Kind.SECRET,
}


def _kind(settings: type[Settings], field: str, annotation: object) -> Kind | None:
    if isinstance(annotation, types.UnionType):
        annotation = next(part for part in typing.get_args(annotation) if part is not type(None))
    if (settings, field) in _PATHS:
        return Kind.PATH
    if field.endswith("_s") and annotation is float:
        return Kind.SECONDS
    if field.endswith("_ms") and annotation is int:
        return Kind.MILLIS
    return _KINDS.get(annotation)


@functools.cache
def keys_of(settings: type[Settings]) -> Mapping[str, Key]:
    """Return the keys of a table by name; fields that are tables themselves are not among them."""
    keys = {}
    for field in msgspec.structs.fields(settings):
        kind = _kind(settings, field.name, field.type)
        if kind is None:
            continue
        name = field.name.removesuffix("_s") if kind is Kind.SECONDS else field.name
        name = name.removesuffix("_ms") if kind is Kind.MILLIS else name
        keys[name] = Key(name, field.name, kind, field.required, field.default)
    return types.MappingProxyType(keys)


def names_of(settings: type[Settings]) -> list[str]:
    """Return every key that may be written in the table, a secret as its three sources."""
    names = []
    for key in keys_of(settings).values():
        if key.kind is Kind.SECRET:
            names += [f"{key.name}_{source}" for source in SECRET_SOURCES]
        else:
            names.append(key.name)
    return names


# -- what a single value must look like: each answers what is wrong and how to mend it, or nothing


def _theme(value: str) -> str:
    if value in THEMES:
        return ""
    nearest = difflib.get_close_matches(value, THEMES, n=1, cutoff=0.5)
    known = ", ".join(OWN_THEMES)
    return "names no theme; " + (f"did you mean {nearest[0]!r}?" if nearest else f"ours are {known}")


def plain_name(value: str) -> str:
    if not value.strip():
        return "is empty; give it a name"
    return "must not hold / or #; choose another name" if re.search(r"[/#]", value) else ""


def _namespaces(values: tuple[str, ...]) -> str:
    if not values:
        return "is empty; name at least one namespace"
    for value in values:
        if not _NAMESPACE.fullmatch(value):
            return f"{value!r} is no namespace name; use lower-case letters, digits and -"
    return ""


def plain_url(value: str) -> str:
    parts = urllib.parse.urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "must be an address such as https://host.example"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user or a password; use user and token_env, token_file or token_command"
    return "must end before ? or #" if parts.query or parts.fragment else ""


def is_loopback(url: str) -> bool:
    """Tell whether the URL's host is this machine itself."""
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _vault_url(value: str) -> str:
    if wrong := plain_url(value):
        return wrong
    if value.startswith("http:") and not is_loopback(value):
        return "would send the token unencrypted; use https:// (http:// is for this machine only)"
    return ""


def _serial(value: str) -> str:
    if re.fullmatch(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2})+", value):
        return ""
    return 'is no serial number; write it as `openssl x509 -serial` does, in pairs: "39:dd:2e:90"'


def _mount(value: str) -> str:
    return (
        ""
        if re.fullmatch(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", value)
        else "is no path; write it without / at its ends"
    )


def _patterns(values: tuple[str, ...]) -> str:
    for value in values:
        try:
            groups = re.compile(value).groupindex
        except re.error as error:
            return f"{value!r} is no regular expression ({error})"
        if "ns" not in groups:
            return f"{value!r} has no group named ns; write the namespace's part as (?P<ns>...)"
    return ""


def _folders(values: tuple[str, ...]) -> str:
    for value in values:
        folder, equals, namespace = value.partition("=")
        if not equals or not folder.strip() or _namespaces((namespace.strip(),)):
            return f'{value!r} must be written as "folder = namespace"'
    return ""


def _days(values: tuple[str, ...]) -> str:
    known = [day for value in values if (day := value.lower()) not in WEEKDAYS]
    return f"{known[0]!r} is no day; write them as " + ", ".join(f'"{day}"' for day in WEEKDAYS) if known else ""


def _dates(values: tuple[str, ...]) -> str:
    for value in values:
        try:
            datetime.date.fromisoformat(value)
        except ValueError:
            return f'{value!r} is no day; write it as "2026-12-25"'
    return ""


def _time_of_day(value: str) -> str:
    return "" if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", value) else 'must be a time such as "20:00"'


def _version_source(value: str) -> str:
    if value == "image-tag" or re.fullmatch(r"(label|annotation):\S+", value):
        return ""
    return 'must be "image-tag", "label:NAME" or "annotation:NAME"'


def _time_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return f'{value!r} is no known time zone; write it as "UTC" or "Europe/Berlin"'
    return ""


def one_of(*choices: str) -> Callable[[str], str]:
    return lambda value: "" if value in choices else "must be one of " + ", ".join(f'"{choice}"' for choice in choices)


def between(low: float, high: float, unit: str = "") -> Callable[[float], str]:
    """Make a rule for a number; bounds are in the unit of the field (seconds, milliseconds, or none)."""
    return lambda value: "" if low <= value <= high else f"must be from {low:g}{unit} to {high:g}{unit}"


INTERVAL = between(0.05, 86400, "s")
TIMEOUT = between(0.05, 600, "s")
AGE = between(0.001, 3153600000, "s")

RULES: Mapping[tuple[type[Settings], str], Callable[[typing.Any], str]] = {
    (ClusterSettings, "name"): plain_name,
    (ClusterSettings, "request_timeout_s"): TIMEOUT,
    (ClusterSettings, "page_size"): between(1, 10_000),
    (ClusterSettings, "max_namespaced_watches"): between(0, 1000),
    (ClusterSettings, "poll_interval_s"): INTERVAL,
    (StageSettings, "name"): plain_name,
    (StageSettings, "namespaces"): _namespaces,
    (AppSettings, "name"): plain_name,
    (AppSettings, "version"): _version_source,
    (JenkinsSettings, "url"): plain_url,
    (JenkinsSettings, "interval_s"): INTERVAL,
    (JenkinsSettings, "slow_interval_s"): INTERVAL,
    (JenkinsSettings, "timeout_s"): TIMEOUT,
    (JenkinsSettings, "backfill_builds"): between(0, 10_000),
    (JenkinsSettings, "backfill_parallel"): between(1, 32),
    (JenkinsSettings, "namespace_patterns"): _patterns,
    (JenkinsSettings, "namespace_folders"): _folders,
    (JenkinsSettings, "seed_every_s"): AGE,
    (JenkinsSettings, "seed_stale_s"): AGE,
    (JenkinsSettings, "renewal_every_s"): AGE,
    (JenkinsSettings, "queue_warn_s"): AGE,
    (EnvironmentSettings, "work_days"): _days,
    (EnvironmentSettings, "holidays"): _dates,
    (EnvironmentSettings, "work_from"): _time_of_day,
    (EnvironmentSettings, "work_until"): _time_of_day,
    (EnvironmentSettings, "timezone"): lambda value: _time_zone(value) if value else "",
    (TokenSettings, "name"): plain_name,
    (TokenSettings, "accessor"): accessor_problem,
    (TokenSettings, "renew_every_s"): AGE,
    (SecretIdSettings, "name"): plain_name,
    (SecretIdSettings, "role"): _mount,
    (SecretIdSettings, "accessor"): accessor_problem,
    (SecretIdSettings, "mount"): _mount,
    (CertificateSettings, "name"): plain_name,
    (CertificateSettings, "serial"): _serial,
    (CertificateSettings, "mount"): _mount,
    (VaultSettings, "address"): _vault_url,
    (VaultSettings, "interval_s"): INTERVAL,
    (VaultSettings, "slow_interval_s"): INTERVAL,
    (VaultSettings, "timeout_s"): TIMEOUT,
    (StoreSettings, "keep_s"): between(3600, 3153600000, "s"),
    (StoreSettings, "batch_ms"): between(1, 1000, "ms"),
    (RolloutThresholds, "restarts"): between(1, 1000),
    (RolloutThresholds, "never_ready_deadline_share"): between(0.01, 1),
    (RolloutThresholds, "flaps"): between(2, 1000),
    (BoardSettings, "theme"): _theme,
    (BoardSettings, "glyphs"): one_of("unicode", "ascii"),
    (BoardSettings, "timezone"): _time_zone,
    (BoardSettings, "stale_after_s"): between(1, 86400, "s"),
    (BoardSettings, "log_lines"): between(1_000, 1_000_000),
}


def is_variable_name(text: str) -> bool:
    """Tell whether the text can be the name of an environment variable."""
    return _VARIABLE.fullmatch(text) is not None
