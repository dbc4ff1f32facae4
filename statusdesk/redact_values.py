"""Where a value begins and ends that stands after a name, and what stands there when it is hidden."""

import re
from typing import NamedTuple

HIDDEN = "[hidden]"
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|digest|negotiate|ntlm|api-?key|hmac)\s{1,9}(?=[^\s,;])")
_MANY_PARTS = re.compile(r"(?i)(?:digest|aws4-hmac-sha256)\s{1,9}[a-z_]{2,20}=")  # goes on with names and their values
_QUOTE = re.compile(r"[bBuUrRfF$@&]{0,2}(\\{0,7}[\"'])")  # of what languages write before one
_OPENS = re.compile(r"[A-Za-z_.&*]{0,40}(?=[\[({])")  # so they write what holds one: Optional[x], &{x}, Some(x)
_STRUCTURE = re.compile(
    r"\\+\"[^\"\n]*\"|\\+'[^'\n]*'|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
    r"|(?P<opens>[\[({])|(?P<closes>[\])}])|\n|\""
)
_FIRST = re.compile(r"[\[({\s]{1,9}\\{0,7}[\"']")
_BARE = re.compile(r"(?:[^\s\"',;}\\&]|&(?![\w.%\[\]-]{1,60}=))+")  # in a form another name follows
_BARE_IN_QUOTES = re.compile(r"[^\s\"',;}\])\\]+")
_REST = re.compile(r"[^\s\"',;:&)}\]\\]*")
_NOTHING = re.compile(r"(?i)[\s,(){}\[\]<>]*(?:(?:null|true|false|none|nil|undefined)\b[\s,(){}\[\]<>]*)*")
_CLOSING = {"[": "]", "(": ")", "{": "}"}


class Value(NamedTuple):
    """A value from ``begin`` to ``end``, its ``content`` (empty: nothing to hide) and what replaces it."""

    begin: int
    end: int
    content: str
    hidden: str = HIDDEN


def value_at(text: str, at: int, quote: str, *, deep: bool = True) -> Value:
    """Return the value that begins there, behind a name in ``quote``s; not ``deep``: nothing is held by brackets.

    What belongs to a name in quotes is left such that what can be read as JSON still can be.
    """
    many = _MANY_PARTS.match(text, at)
    if many is not None:
        return Value(at, _end_of_parts(text, many.end()), text[at : many.end()])
    scheme = _SCHEME.match(text, at)
    at = scheme.end() if scheme is not None else at
    if text.startswith(HIDDEN, at):
        found = _REST.match(text, at + len(HIDDEN))
        return Value(at, found.end() if found is not None else at, HIDDEN)
    opening = _QUOTE.match(text, at)
    if opening is not None:
        end = end_of_quoted(text, opening.end(), opening[1])
        return Value(opening.end(), end, text[opening.end() : end])
    opens = _OPENS.match(text, at) if deep else None
    return _held(text, at, opens.end(), quote) if opens is not None else _bare(text, at, quote)


def _end_of_parts(text: str, at: int) -> int:
    """Return where names with values end: with the brackets around, or with the line."""
    ends = [place for sign in "]}\n" if (place := text.find(sign, at)) >= 0]
    return min(ends, default=len(text))


def end_of_quoted(text: str, at: int, quote: str) -> int:
    """Return where the next quote is that is escaped as the first one is, or the end of the text."""
    if len(quote) == 1:
        while (place := text.find(quote, at)) >= 0:
            before = place
            while before > at and text[before - 1] == "\\":
                before -= 1
            if (place - before) % 2 == 0:
                return place
            at = place + 1
        return len(text)
    place = text.find(quote, at)
    while place > at and text[place - 1] == "\\":
        place = text.find(quote, place + 1)
    ends = [found for found in (place, text.find("\n", at)) if found >= 0]
    return min(ends, default=len(text))


def _held(text: str, at: int, opens: int, quote: str) -> Value:
    """Return what brackets hold, whatever it is: a list, an object, or what a language writes so."""
    close = _closing(text, opens, is_quoted=bool(quote) or _FIRST.match(text, opens) is not None)
    whole = close < len(text) and text[close] in "])}"
    held = text[opens + 1 : close]
    rest = _REST.match(text, close + 1) if whole else None
    end = rest.end() if rest is not None else close
    if at == opens and whole and _NOTHING.fullmatch(held) is not None:
        return Value(at, end, "")
    within = _FIRST.match(text, opens)
    mark = quote or (within[0].lstrip("[({ \t\n") if within is not None else "")
    hidden = f"{mark}{HIDDEN}{mark}"
    if at < opens or (quote and text[opens] == "{"):
        return Value(at, end, held or text[at:end], f"{quote}{HIDDEN}{quote}")
    return Value(at, end, held or text[at:end], text[opens] + hidden + _CLOSING[text[opens]])


def _closing(text: str, opens: int, *, is_quoted: bool) -> int:
    """Return where a bracket is closed, or where what it may hold ends: with the text around it, or with the line."""
    depth = 0
    for found in _STRUCTURE.finditer(text, opens):
        if found.lastgroup == "opens":
            depth += 1
        elif found.lastgroup == "closes":
            depth -= 1
            if not depth:
                return found.start()
        elif found[0] == "\n" or (not is_quoted and found[0][0] != "'"):
            return found.start()
    return len(text)


def _bare(text: str, at: int, quote: str) -> Value:
    """Return a value without quotes; one that says that there is none is none."""
    found = (_BARE_IN_QUOTES if quote else _BARE).match(text, at)
    if found is None:
        return Value(at, at, "")
    end = found.end()
    while end > at + 1 and text[end - 1] in "])" and not set("[(") & set(found[0]):
        end -= 1  # what it stands in
    content = text[at:end]
    if _NOTHING.fullmatch(content) is not None:
        return Value(at, end, "")
    return Value(at, end, content, f"{quote}{HIDDEN}{quote}")
