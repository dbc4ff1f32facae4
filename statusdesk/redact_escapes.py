"""Reads what escapes stand for in text, as whoever decodes it will: so no secret is kept from being found by them."""

import re
from functools import partial

_LEVELS = (1, 2, 4, 8)  # backslashes before a sign in text in quotes, within others up to three times
# of JSON (RFC 8259 section 7: any sign by its number, a slash behind a backslash) and, with ``x``, of the log of nginx
_CODED = tuple(
    re.compile(
        rf"(?<!\\)((?:\\{{{2 * level}}})*+)\\{{{level}}}"
        r"(?:u00([0-7][0-9a-fA-F])(?:(?<=1[bB])\[[0-9;:]{0,40}m)?|x([2-7][0-9a-fA-F])|([/t]))"  # a colour is one sign
    )
    for level in _LEVELS
)
_IN_WORDS = re.compile(r"\\(?:u00[0-7]|x[2-7]|/)")
_AT_LINK = re.compile(r"[:=]\s?\\++t|\\t\s?[:=]")


def has_escaped_words(text: str) -> bool:
    """Tell fast whether escapes may stand where else a word would be found."""
    return "\\" in text and _IN_WORDS.search(text) is not None


def has_escapes(text: str) -> bool:
    """Tell fast whether ``unescaped`` may make of a text what is read in another way."""
    return has_escaped_words(text) or ("\\t" in text and _AT_LINK.search(text) is not None)


def unescaped(text: str) -> str:
    """Return a text with signs for the escapes that can stand without; what is JSON stays it, and says the same.

    In text in quotes within others the backslashes before an escape become twice as many each time.
    """
    for level, coded in zip(_LEVELS, _CODED, strict=True):
        if level * "\\" in text:
            text = coded.sub(partial(_sign, level), text)
    return text


def _sign(level: int, found: re.Match[str]) -> str:
    before, code = found[1], found[2] or found[3]
    return before + (_written(chr(int(code, 16)), level) if code else found[4].replace("t", " "))


def _written(sign: str, level: int) -> str:
    """Return a sign as it is written where so many backslashes stand before an escape."""
    if sign == '"':
        return "\\" * (2 * level - 1) + sign
    if sign == "\\":
        return sign * 2 * level
    if sign in "\r\n":
        return "\\" * level + "n"
    if sign.isprintable():
        return sign
    return " " if sign.isspace() else ""
