"""Tells fast whether a text may hold a secret at all: most lines hold none, and need nothing that looks closer."""

import re
from collections.abc import Sequence

TOKENISH = re.compile(r"\.[A-Za-z0-9_-]{20}")  # begins with a letter that can be found fast
# words that are looked for together, each marked where that begins which they share: what is rare is found faster
_SOUGHT = (
    ("|key", "to|ken", "coo|kie", "s|k-ant-", "s|k-proj-"),
    ("se|cret", "|credentials="),
    ("|pass", "|pwd", "ot|p=", "|pypi-age"),
    ("aut|horization", 'aut|h"', "aut|h\\", "aut|h'"),
    ("|bearer", " |by '", ' |by "', " |by \\"),
    ("://",),
    ("se|ss",),
    ("cur|l", "mysq|l", " |login "),
    ("si|g=", "si|gnature="),
)
_NEEDLES = tuple(word.replace("|", "") for words in _SOUGHT for word in words)
_LONG_CHARS = 2_000  # from here on an expression finds a word twice as fast as ``in`` does
# each begins with one letter, which is found many times faster than a word; no false "no" for what is hidden
_AFTER_MAKER = re.compile(r"_[A-Za-z0-9_-]{16}")
_LAB_TOKEN = re.compile("glpat-")
_CHAT_TOKEN = re.compile(r"x(?=ox[abeprs]-|app-\d-)")
_CLOUD_KEY = re.compile(r"A(?:[KS]IA[A-Z0-9]{16}|Iza[A-Za-z0-9_-]{35})")


def _found_by(words: Sequence[str]) -> str:
    """Return the expression of words that are looked for together."""
    halves = [tuple(map(re.escape, word.rpartition("|")[::2])) for word in words]
    if len(words) == 1:
        ((before, rest),) = halves
        return f"{rest}(?<={before}{rest})" if before else rest
    letter = halves[0][1][0]
    ways = (f"(?<={before}{letter}){rest[1:]}" if before else rest[1:] for before, rest in halves)
    befores = "".join(sorted({before[-1:] for before, _ in halves}))
    guard = f"(?<=[{befores}]{letter})" if all(before for before, _ in halves) else ""  # one look in place of many
    return f"{letter}{guard}(?:{'|'.join(ways)})"


_FINDS = tuple(re.compile(_found_by(words)).search for words in _SOUGHT)


def folded(text: str) -> str:
    """Return the text in small letters, as long as it is; letters that count as others for an expression are those."""
    if text.isascii():
        return text.lower()
    return text.replace("\u0130", "i").replace("\u0131", "i").replace("\u017f", "s").lower()


def may_hold(text: str) -> bool:
    """Tell whether to look closer at what a text says, escapes apart; never false for what would be hidden."""
    lower = folded(text)
    if len(text) < _LONG_CHARS:
        for needle in _NEEDLES:  # noqa: SIM110  (each line comes by here)
            if needle in lower:
                return True
    elif any(find(lower) is not None for find in _FINDS):
        return True
    return may_be_made(text) or ("J" in text and "eyJ" in text) or TOKENISH.search(text) is not None


def may_be_made(text: str) -> bool:
    """Tell whether a text may hold a token that says by its beginning who made it."""
    if ("~" in text and "sha256~" in text) or _LAB_TOKEN.search(text) is not None:
        return True
    if _CHAT_TOKEN.search(text) is not None:
        return True
    return _AFTER_MAKER.search(text) is not None or _CLOUD_KEY.search(text) is not None
