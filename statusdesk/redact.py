"""What looks like a secret: told, and taken out of text before it is stored, shown or sent.

The shapes of tokens are written here and in ``redact_shapes``; how they begin, by which they are found fast, in
``redact_suspect`` too: what is missing there is never hidden. An accessor of Vault never has one of these shapes.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from statusdesk.redact_escapes import has_escapes, unescaped
from statusdesk.redact_keys import KEY_MARK, KeyBody, LogStart, edges_of, is_beginning, lines_before_end
from statusdesk.redact_suspect import may_hold
from statusdesk.text import HIDDEN as HIDDEN
from statusdesk.text import MAX_CHARS, clean, clean_line

LINE_CHARS = 1_000
MAX_KEY_LINES = 200
_TOKEN_BEGINS = re.compile(r"(?:hv[sbr]|[sbr])\.")  # of Vault and OpenBao: service, batch and recovery
_TOKEN = re.compile(_TOKEN_BEGINS.pattern + r"[A-Za-z0-9_-]{20,}")


def begins_like_token(text: str) -> bool:
    """Tell whether a text begins as a token of Vault or OpenBao does."""
    return _TOKEN_BEGINS.match(text) is not None


def is_token(text: str) -> bool:
    """Tell whether the whole text has the shape of a token of Vault or OpenBao."""
    return _TOKEN.fullmatch(text) is not None


def looks_secret(text: str) -> bool:
    """Tell whether a text holds what may be a token, a private key or a signed token, also one that was cut off."""
    from statusdesk.redact_shapes import suspect

    return suspect(text)


def may_hold_secret(text: str) -> bool:
    """Tell fast whether to look closer: never false for what ``redact`` would change."""
    return may_hold(text) or (has_escapes(text) and may_hold(unescaped(text)))


def redact(text: str, known: Collection[str] = ()) -> str:
    """Return the text without what looks like a token, and without the ``known`` secrets.

    Escapes stay as they are where nothing more is found in what they stand for.
    """
    from statusdesk.redact_shapes import redacted

    shown = redacted(text, known)
    if not has_escapes(text):
        return shown
    hidden = redacted(unescaped(text), known)
    return shown if hidden == unescaped(shown) else hidden


class PrivateKeys:
    """Hides the bodies of private keys in the lines of one log; it remembers that it is inside one.

    One that has no beginning is known by its end, and where a log begins by lines like those of a key.
    """

    def __init__(self) -> None:
        self._body: KeyBody | None = None  # of the one that goes on
        self._start = LogStart()

    def are_in(self, whole: str) -> bool:
        """Tell fast whether ``redacted`` has to look at the lines that come next, joined."""
        return self._body is not None or KEY_MARK in whole

    def begun(self, lines: list[str]) -> list[str]:
        """Return the lines that come next, hidden as long as all that was read looks like the body of a key."""
        if not self._start.may_go_on:
            return lines
        body = self._start.takes(lines)
        return [HIDDEN] * body + lines[body:]

    def redacted(self, lines: Sequence[str]) -> list[str]:
        """Return the lines that come next redacted, those of keys hidden."""
        found: list[str] = []
        for at, line in enumerate(lines):
            edges = edges_of(line)
            if edges:
                if not is_beginning(edges[0]) and (self._body is None or self._body.bodies):
                    body = lines_before_end(lines[:at], line, edges[0])
                    found[at - body :] = [HIDDEN] * body
                self._body = KeyBody(line, edges[-1]) if is_beginning(edges[-1]) else None
            elif self._body is not None and self._takes(line, self._body):
                found.append(HIDDEN)
                continue
            found.append(redact(line) if may_hold_secret(line) else line)
        return found

    def _takes(self, line: str, body: KeyBody) -> bool:
        """Tell whether a line is one of the key; one that never ends hides no log for ever."""
        is_its = body.takes(line)
        if body.lines >= MAX_KEY_LINES:
            self._body = None
        return is_its


def redact_lines(lines: Iterable[str]) -> list[str]:
    """Return the lines of a log redacted, the bodies of private keys that they hold hidden as well."""
    keys = PrivateKeys()
    return keys.redacted(keys.begun(list(lines)))


def safe(text: str, max_chars: int = MAX_CHARS) -> str:
    """Return outside text on one clean line without secrets; a secret is not saved by being cut in two."""
    if not text:
        return text
    cleaned = clean(text, max_chars * 4)
    return clean(redact(cleaned) if may_hold_secret(cleaned) else cleaned, max_chars)


def safe_lines(lines: Iterable[str], max_chars: int = LINE_CHARS) -> tuple[str, ...]:
    """Return lines of a log, clean, without secrets, each at most ``max_chars`` long; their indentation stays."""
    cleaned = (clean_line(line, max_chars * 4) for line in lines)
    return tuple(clean_line(line, max_chars) for line in redact_lines(cleaned))
