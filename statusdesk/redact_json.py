"""Keeps text that is JSON such that it still can be read as JSON when secrets were taken out of it."""

import re
from collections.abc import Callable

import msgspec

from statusdesk.redact_values import HIDDEN

_BEGINS = ("{", "[", '"')
_STRING = re.compile(r"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"")
_NOTHING_LEFT = f'"{HIDDEN}"'


def still_json(text: str, shown: str, without: Callable[[str], str]) -> str:
    """Return what is shown of a text; where that is JSON no more, its strings are redacted one by one before.

    What in one string looks like the beginning of a value may else end in another one.
    """
    if shown == text or not text.lstrip().startswith(_BEGINS) or _is_json(shown) or not _is_json(text):
        return shown
    shown = without(_STRING.sub(lambda found: _without_in_string(found[0], without), text))
    return shown if _is_json(shown) else _NOTHING_LEFT


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return True


def _without_in_string(string: str, without: Callable[[str], str]) -> str:
    content = msgspec.json.decode(string, type=str)
    shown = still_json(content, without(content), without)
    return string if shown == content else msgspec.json.encode(shown).decode()
