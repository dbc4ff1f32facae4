"""Where a value begins and ends that stands after a name, and what stands there when it is hidden."""

import re
from typing import NamedTuple

from statusdesk.text import HIDDEN

ESCAPED = r"\\++(?![\"'`nrt]|u00[0-7])"  # backslashes, but none of a quote, of an end of a line, or of another sign
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|digest|negotiate|ntlm|api-?key|hmac)\s{1,9}(?=[^\s,;])")
_MANY_PARTS = re.compile(r"(?i)(?:digest|aws4-hmac-sha256)\s{1,9}[a-z_]{2,20}=")  # goes on with names and their values
_QUOTE = re.compile(r"[bBuUrRfF$@&]{0,2}(\\{0,7}[\"'])")  # of what languages write before one
_OPENS = re.compile(r"[A-Za-z_.&*]{0,40}(?=[\[({])")  # so they write what holds one: Optional[x], &{x}, Some(x)
_STRUCTURE = re.compile(r"(?<!\\)\\*+[\"']|(?P<opens>[\[({])|(?P<closes>[\])}])|\n")
_FIRST = re.compile(r"[\[({\s]{1,9}\\{0,7}[\"']")
_BARE = re.compile(rf"(?:[^\s\"',;}}\\&]|{ESCAPED}|&(?![\w.%\[\]-]{{1,60}}=))+")  # in a form another name follows
_BARE_IN_QUOTES = re.compile(rf"(?:[^\s\"',;}}\])\\]|{ESCAPED})+")
_QUOTED = re.compile(r"\\{0,7}[\"']")
_ESCAPES = (0, 1, 3, 7)  # before quotes within quotes within others
_ENDS_AROUND = re.compile(r"(?<!\\)\\*+\"(?=\s*(?:[,:}\])]|\Z|\\{0,7}\"))")
_AROUND_CHARS = 4_000
_CLASS = re.compile(r"\[[^\]]+\]")
_OPENED = re.compile(r"\[[\[\s]{0,9}")
_REST = re.compile(r"[^\s\"',;:&)}\]\\]*")
_NOTHING = re.compile(r"(?i)[\s,(){}\[\]<>]*(?:(?:null|true|false|yes|no|none|nil|undefined)\b[\s,(){}\[\]<>]*)*")
_REFERENCE = re.compile(r"\$\{[A-Za-z_][\w.]{0,80}\}(?![^\s\"',;:&)}\]\\])")  # what was to be put there is not
_CLOSING = {"[": "]", "(": ")", "{": "}"}


def word_begins(*beginnings: str, before: str = r"\w") -> str:
    """Return an expression of beginnings of words, with nothing of a word before them; a class stands for a letter.

    In text within quotes it may be the letter that stands for a sign there. To look back comes last: it is faster.
    """
    ways = (
        rf"{begins}(?<!(?<!\\)(?<!\\u00[0-9a-fA-F]){before}{'.' * len(_CLASS.sub('.', begins))})"
        for begins in beginnings
    )
    return f"(?:{'|'.join(ways)})" if len(beginnings) > 1 else next(ways)


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
        begin = opening.end()
        hidden = _REST.match(text, begin + len(HIDDEN)) if text.startswith(HIDDEN, begin) else None
        end = hidden.end() if hidden is not None else end_of_quoted(text, begin, opening[1])
        return Value(opening.end(), end, text[opening.end() : end])
    opens = _OPENS.match(text, at) if deep else None
    return _held(text, at, opens.end(), quote) if opens is not None else _bare(text, at, quote)


def _end_of_parts(text: str, at: int) -> int:
    """Return where names with values end: with the brackets around, or with the line."""
    ends = [place for sign in "]}\n" if (place := text.find(sign, at)) >= 0]
    return min(ends, default=len(text))


def end_of_quoted(text: str, at: int, quote: str, *, in_line: bool = False) -> int:
    """Return where the next quote is that is escaped as the first one is, or the end of the text.

    Each time that text in quotes is put into quotes again, the backslashes before a quote become twice as many and one
    more: so it is told from a quote within, from one behind backslashes, and from one that ends the text around it,
    which ends this one too. Escaped ones end with their line.
    """
    escapes = len(quote) - 1
    ends = text.find("\n", at) if escapes or in_line else -1
    ends = len(text) if ends < 0 else ends
    place = text.find(quote[-1], at, ends)
    while place >= 0:
        before = place
        while before > at and text[before - 1] == "\\":
            before -= 1
        around = next((one for one in _around(escapes) if (place - before) % (2 * one + 2) == one), None)
        if around is not None:
            ends = place - around
            break
        place = text.find(quote[-1], place + 1, ends)
    return ends if quote[-1] == '"' else _end_of_around(text, at, ends)


def _around(escapes: int) -> list[int]:
    """Return how many backslashes stand before quotes like these, and before those of the text around them."""
    return [escapes, *(one for one in _ESCAPES if one < escapes)]


def _end_of_around(text: str, at: int, end: int) -> int:
    """Return where the double quotes end in which all that stands, where that is before the end of what is in others.

    Of those that end, an odd number of the same kind stands before in the line.
    """
    for quote in _ENDS_AROUND.finditer(text, at, end):
        for escapes in _ESCAPES:
            if (len(quote[0]) - 1) % (2 * escapes + 2) == escapes and _is_within(text, at, "\\" * escapes + '"'):
                return quote.end() - 1 - escapes
    return end


def _is_within(text: str, at: int, quote: str) -> bool:
    begin = max(text.rfind("\n", 0, at), at - _AROUND_CHARS) + 1
    return (text.count(quote, begin, at) - text.count("\\" + quote, begin, at)) % 2 == 1


def without_values(text: str, begins: re.Pattern[str], bare: re.Pattern[str] | None) -> str:
    """Return a text without what stands behind each beginning, ``in`` its quotes or in those that follow, or bare."""
    parts, done, found = list[str](), 0, begins.search(text)
    while found is not None:
        at = end = found.end()
        quote = found.groupdict().get("in") or ""
        if not quote and (opening := _QUOTED.match(text, at)) is not None:
            quote, at = opening[0], opening.end()
        if quote:
            end = end_of_quoted(text, at, quote, in_line=True)
        elif bare is not None and (word := bare.match(text, at)) is not None:
            end = word.end()
        if text[at:end].strip():
            parts += text[done:at], HIDDEN
            done = end
        found = begins.search(text, max(end, found.end()))
    return "".join(parts) + text[done:] if parts else text


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
    depth, at = 0, opens
    while (found := _STRUCTURE.search(text, at)) is not None:
        at = found.end()
        if found.lastgroup == "opens":
            depth += 1
        elif found.lastgroup == "closes":
            depth -= 1
            if not depth:
                return found.start()
        elif found[0] == "\n" or (not is_quoted and found[0][0] != "'"):
            return found.start()
        else:
            at = _behind_quoted(text, at, found[0])
    return len(text)


def _behind_quoted(text: str, at: int, quote: str) -> int:
    """Return where the text in quotes is over that begins there; at once where the quote is none or an apostrophe."""
    end = end_of_quoted(text, at, quote)
    closed = text.startswith(quote, end) and text.find("\n", at, end) < 0
    return end + len(quote) if closed else at


def _bare(text: str, at: int, quote: str) -> Value:
    """Return a value without quotes; one that says that there is none is none."""
    if quote and (opens := _OPENED.match(text, at)) is not None:
        at = opens.end()  # the first one of a list stays in it
    if _REFERENCE.match(text, at) is not None:
        return Value(at, at, "")
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
