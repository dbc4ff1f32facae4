"""Keeps text that is JSON such that it still can be read as JSON when secrets were taken out of it."""

import re
from collections.abc import Callable

import msgspec

from statusdesk.redact_values import HIDDEN

Redact = Callable[[str], str]  # returns a text without what it finds of secrets
_BEGINS = ("{", "[", '"')
_STRING = re.compile(r"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"")
_NOTHING_LEFT = f'"{HIDDEN}"'


def still_json(text: str, shown: str, within: Redact, between: Redact) -> str:
    """Return what is shown of a text; where that is JSON no more, what its strings have ``within``, and ``between``.

    What in one string looks like the beginning of a value may else end in another one.
    """
    if shown == text or not text.lstrip().startswith(_BEGINS) or _is_json(shown) or not _is_json(text):
        return shown
    shown = between(_STRING.sub(lambda found: _redacted(found[0], within, between), text))
    return shown if _is_json(shown) else _NOTHING_LEFT


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return True


def _redacted(string: str, within: Redact, between: Redact) -> str:
    content = msgspec.json.decode(string, type=str)
    shown = still_json(content, within(content), within, between)
    return string if shown == content else msgspec.json.encode(shown).decode()
