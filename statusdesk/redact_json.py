"""Keeps text that is JSON such that it still can be read as JSON when secrets were taken out of it."""

import re
from collections.abc import Callable

import msgspec

from statusdesk.text import HIDDEN

Redact = Callable[[str], str]  # returns a text without what it finds of secrets
_BEGINS = ("{", "[", '"')
_STRING = re.compile(r"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"")
_BLANK = re.compile(r"\\[nrt]")
_NAMES = re.compile(r"\s*:")
_ASIDE = "\ue000"  # of private use: nobody writes it
_PUT_ASIDE = re.compile(f'"{_ASIDE}(\\d{{1,6}})"')
_NOTHING_LEFT = f'"{HIDDEN}"'


def still_json(text: str, shown: str, within: Redact, between: Redact) -> str:
    """Return what is shown of a text; where that is JSON no more, what its strings have ``within``, and ``between``.

    What in one string looks like the beginning of a value may else end in another one. What stands behind a tab or
    in the next line of a string is found only where the string is read.
    """
    has_blanks = "\\" in shown and _BLANK.search(shown) is not None
    if (shown == text and not has_blanks) or not text.lstrip().startswith(_BEGINS):
        return shown
    if _is_json(shown):
        return _STRING.sub(lambda found: _with_blanks(found[0], within, between), shown) if has_blanks else shown
    if not _is_json(text):
        return shown
    redacted = _STRING.sub(lambda found: _redacted(found[0], within, between), text)
    shown = between(redacted)
    if not _is_json(shown):
        shown = _without_ends(redacted, between)
    return shown if _is_json(shown) else _NOTHING_LEFT


def _without_ends(text: str, between: Redact) -> str:
    """Return what is shown of JSON in which a string ends as the name of a value does, as a question may."""
    aside = list[str]()

    def put_aside(found: re.Match[str]) -> str:
        alone = f"[{found[0]},0]"
        if _NAMES.match(text, found.end()) is not None or between(alone) == alone:
            return found[0]
        aside.append(found[0])
        return f'"{_ASIDE}{len(aside) - 1}"'

    shown = between(_STRING.sub(put_aside, text))
    return _PUT_ASIDE.sub(lambda found: aside[int(found[1])] if int(found[1]) < len(aside) else found[0], shown)


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return True


def _with_blanks(string: str, within: Redact, between: Redact) -> str:
    return _redacted(string, within, between) if _BLANK.search(string) is not None else string


def _redacted(string: str, within: Redact, between: Redact) -> str:
    content = msgspec.json.decode(string, type=str)
    shown = still_json(content, within(content), within, between)
    return string if shown == content else msgspec.json.encode(shown).decode()
