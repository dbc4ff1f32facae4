"""Reads what escapes stand for in text, as whoever decodes it will: so no secret is kept from being found by them."""

import re
from functools import partial

_LEVELS = (1, 2, 4, 8)  # backslashes before a sign in text in quotes, within others up to three times
# Source: RFC 8259 section 7 (any sign by its number, a slash behind a backslash); a colour is one sign
_OF_JSON = r"u00([0-7][0-9a-fA-F])(?:(?<=1[bB])\[[0-9;:]{0,40}m)?|/"
_OF_NGINX = r"x([2-7][0-9a-fA-F])"  # in a log that is no JSON
_CODED = tuple(
    re.compile(rf"(?<!\\)((?:\\{{{2 * level}}})*+)\\{{{level}}}(?:{_OF_JSON}|{_OF_NGINX if level == 1 else '(?!)()'})")
    for level in _LEVELS
)
_ESCAPE = re.compile(r"\\(?:u00[0-7]|x[2-7]|/)")


def has_escapes(text: str) -> bool:
    """Tell fast whether ``unescaped`` may change a text."""
    return "\\" in text and _ESCAPE.search(text) is not None


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
    return before + (_written(chr(int(code, 16)), level) if code else "/")


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
