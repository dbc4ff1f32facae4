"""What looks like a secret: told, and taken out of text before it is stored, shown or sent.

The shapes of tokens are written here and nowhere else; an accessor of Vault never has one of them.
"""

import re
from collections.abc import Collection, Iterable

from statusdesk.text import MAX_CHARS, clean, clean_line

LINE_CHARS = 1_000
_HIDDEN = "[hidden]"
_TOKEN_BEGINS = re.compile(r"(?:hv[sbr]|[sbr])\.")  # of Vault and OpenBao: service, batch and recovery
_TOKEN = re.compile(_TOKEN_BEGINS.pattern + r"[A-Za-z0-9_-]{20,}")
_TOKEN_TEXT = re.compile(r"\b" + _TOKEN.pattern)
_JWT_BEGINS = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.")
_JWT_TEXT = re.compile(_JWT_BEGINS.pattern + r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
_USERINFO_TEXT = re.compile(r"(://[^\s/:@\"']{0,200}:)([^\s/@\"']{1,400})(?=@)")
_NAMED_TEXT = re.compile(
    r"(?i)((?:(?:client|vault|access|refresh|id|wrapping)[_-]?token|secret_?id|private_?key|pass(?:word|wd|phrase)"
    r"|authorization|api[_-]?key|client_?secret|secret_?(?:access_?)?key)\b[\"']?\s{0,9}[:=]\s{0,9}"
    r"(?:(?:bearer|basic|token)\s{1,9})?[\"']?)([^\s\"',;}]+)"
)
_ASSIGNED_TEXT = re.compile(r"(?i)((?:token|secret|(?<![a-z])pwd|(?<![a-z])pass)=[\"']?)([^\s\"',;&}]+)")
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_KEY_ENDS = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_KEY_BODY = re.compile(r"[A-Za-z0-9+/=]{20,}")
_SUSPECT = re.compile(f"(?:{_TOKEN_TEXT.pattern})|(?:-----BEGIN )|(?:{_JWT_BEGINS.pattern})")


def begins_like_token(text: str) -> bool:
    """Tell whether a text begins as a token of Vault or OpenBao does."""
    return _TOKEN_BEGINS.match(text) is not None


def is_token(text: str) -> bool:
    """Tell whether the whole text has the shape of a token of Vault or OpenBao."""
    return _TOKEN.fullmatch(text) is not None


def looks_secret(text: str) -> bool:
    """Tell whether a text holds what may be a token, a private key or a signed token, also one that was cut off."""
    return _SUSPECT.search(text) is not None


def redact(text: str, known: Collection[str] = ()) -> str:
    """Return the text without what looks like a token, and without the ``known`` secrets."""
    for secret in known:
        if secret:
            text = text.replace(secret, _HIDDEN)
    text = _TOKEN_TEXT.sub(_HIDDEN, text)
    text = _JWT_TEXT.sub(_HIDDEN, text)
    if "=" in text or ":" in text:
        text = _USERINFO_TEXT.sub(lambda found: found[1] + _HIDDEN, text)
        text = _NAMED_TEXT.sub(lambda found: found[1] + _HIDDEN, text)
        text = _ASSIGNED_TEXT.sub(lambda found: found[1] + _HIDDEN, text)
    return text


def redact_lines(lines: Iterable[str]) -> list[str]:
    """Return the lines redacted, the body of a private key that they hold hidden as well."""
    found: list[str] = []
    inside = False
    for line in lines:
        ends = _KEY_ENDS.search(line) is not None
        if ends and not inside:
            _hide_body(found)  # the lines begin in the middle of the key
        begins = _KEY_BEGINS.search(line)
        if begins is not None:
            found.append(redact(line[: begins.end()]) + (_HIDDEN if line[begins.end() :].strip() else ""))
        elif inside and not ends:
            found.append(_HIDDEN)
        else:
            found.append(redact(line))
        inside = (inside or begins is not None) and not ends
    return found


def _hide_body(lines: list[str]) -> None:
    for index in range(len(lines) - 1, -1, -1):
        if not _KEY_BODY.search(lines[index]):
            return
        lines[index] = _HIDDEN


def safe(text: str, max_chars: int = MAX_CHARS) -> str:
    """Return outside text on one clean line without secrets; a secret is not saved by being cut in two."""
    return clean(redact(clean(text, max_chars * 4)), max_chars) if text else text


def safe_lines(lines: Iterable[str], max_chars: int = LINE_CHARS) -> tuple[str, ...]:
    """Return lines of a log, clean, without secrets, each at most ``max_chars`` long; their indentation stays."""
    cleaned = (clean_line(line, max_chars * 4) for line in lines)
    return tuple(clean_line(line, max_chars) for line in redact_lines(cleaned))
