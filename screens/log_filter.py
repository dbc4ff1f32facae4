"""What a reader looks for in a log: patterns, and filters made of them. Pure."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import msgspec

MOST_SPANS = 100  # that stand out in one line

MOST_CHARS = 2_000
"""An expression is looked for in so much of a line: matching takes the square of it, or more."""

MOST_WIDE = 2  # unbounded repetitions of nearly anything in one expression
_PARTS = re.compile(
    r"(?P<atom>\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<open>\((?:\?(?:[:=!>]|<[=!]|P?<\w+>|[a-zA-Z-]+:))?)|(?P<close>\))"
    r"|(?P<or>\|)|(?P<repeat>[*+?]\??|\{\d*,?\d*\}\??)|(?P<other>.)",
    re.DOTALL,
)
_WIDE = re.compile(r"\.|\[\^|\\[SWD]|\)")


class Pattern:
    """What is looked for: a regular expression, or plain text where it is none or was asked for as text.

    Small letters stand for both cases. ``problem`` says why an expression is taken as text.
    """

    __slots__ = ("_any_case", "_compiled", "_sought", "found_in", "problem", "regex", "text")

    def __init__(self, text: str, *, plain: bool = False) -> None:
        self.text, self.problem = text, ""
        if not plain:
            self.problem = _problem(text)
        self.regex = not plain and not self.problem
        flags = 0 if any(letter.isupper() for letter in _letters(text, self.regex)) else re.IGNORECASE
        self._compiled = re.compile(text if self.regex else re.escape(text), flags)
        search = self._compiled.search
        self.found_in: Callable[[str], object] = (lambda line: search(line, 0, MOST_CHARS)) if self.regex else search
        literal = bool(text) and (not self.regex or re.escape(text) == text)
        self._sought = text if literal and text.isascii() else ""
        self._any_case = bool(flags)
        if literal and not flags:
            self.found_in = lambda line: text in line
        elif self._sought:
            self.found_in = _in_any_case(text, self.found_in, MOST_CHARS if self.regex else None)

    def may_be_in(self, whole: str) -> bool:
        """Tell fast of many lines together: never false where one of them holds it."""
        if not self._sought or (self._any_case and not whole.isascii()):
            return True
        return self._sought in (whole.lower() if self._any_case else whole)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and (self.text, self.regex) == (other.text, other.regex)

    def __hash__(self) -> int:
        return hash((self.text, self.regex))

    @property
    def source(self) -> str:
        """The pattern as a regular expression that needs no flags."""
        inside = self._compiled.pattern
        return f"(?i:{inside})" if self._compiled.flags & re.IGNORECASE else inside

    @property
    def words(self) -> str:
        """The pattern as a chip shows it: text that is no expression stands in quotes."""
        return self.text if self.regex else f'"{self.text}"'

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where it is found in a text."""
        found = (each.span() for each in self._compiled.finditer(text, 0, MOST_CHARS if self.regex else len(text)))
        return [span for span in islice(found, MOST_SPANS) if span[1] > span[0]]


def _in_any_case(text: str, search: Callable[[str], object], most: int | None) -> Callable[[str], object]:
    """Return what finds small letters of ASCII as ``search`` does, quicker in lines of ASCII up to ``most``."""

    def found_in(line: str) -> object:
        if line.isascii() and (most is None or len(line) <= most):
            return text in line.lower()
        return search(line)

    return found_in


def _problem(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        return f"no regular expression ({error}), taken as text"
    return "could take for ever as an expression, taken as text" if _is_endless(text) else ""


def _is_endless(text: str) -> bool:
    """Tell whether matching may take for ever on one line.

    So may a repetition of what repeats itself or has alternatives, of nearly anything right after another one, and of
    nearly anything more often than ``MOST_WIDE`` times.
    """
    groups = [False]  # per open group, whether it repeats something or has alternatives
    atom, closed, repeated, wide = "", False, False, 0
    for part in _PARTS.finditer(text):
        kind = part.lastgroup
        if kind == "repeat":
            many, open_ended = not part[0].startswith("?"), part[0][0] in "*+" or ",}" in part[0]
            if many and atom == ")" and closed:
                return True
            if open_ended and _WIDE.match(atom):
                wide += 1
                if repeated or wide > MOST_WIDE:
                    return True
            groups[-1] |= many
            repeated, atom = many, ""
            continue
        if atom:
            repeated = False
        if kind == "open":
            groups.append(False)
        elif kind == "close" and len(groups) > 1:
            closed = groups.pop()
            groups[-1] |= closed
        elif kind == "or":
            groups[-1] = True
        atom = part[0]
    return False


def _letters(text: str, regex: bool) -> str:
    """Return the text without what only looks like a capital letter: ``\\S`` is none."""
    return re.sub(r"\\.", "", text) if regex else text


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines are shown: all of ``includes`` must be found, and none of ``excludes``.

    ``grave``: warnings and errors only. ``pod`` and ``container``: of these only, where not empty.
    """

    includes: tuple[Pattern, ...] = ()
    excludes: tuple[Pattern, ...] = ()
    grave: bool = False
    pod: str = ""
    container: str = ""

    @property
    def any(self) -> bool:
        return bool(self.includes or self.excludes or self.grave or self.pod or self.container)

    def includes_text(self, text: str) -> bool:
        return all(pattern.found_in(text) for pattern in self.includes)

    def excludes_text(self, text: str) -> bool:
        return any(pattern.found_in(text) for pattern in self.excludes)

    def those_of(self, texts: Sequence[str], first: int) -> list[int]:
        """Return the numbers of the texts, counted from ``first``, that the includes and excludes let through."""
        whole = "\n".join(texts)
        if not all(pattern.may_be_in(whole) for pattern in self.includes):
            return []
        numbers: Iterable[int] = range(first, first + len(texts))
        for pattern in self.includes:
            found_in = pattern.found_in
            numbers = [number for number in numbers if found_in(texts[number - first])]
        for pattern in self.excludes:
            if pattern.may_be_in(whole):
                found_in = pattern.found_in
                numbers = [number for number in numbers if not found_in(texts[number - first])]
        return list(numbers)

    @property
    def source(self) -> str:
        """One regular expression that all lines match which the includes let through."""
        if len(self.includes) < 2:
            return self.includes[0].source if self.includes else ""
        return "".join(f"(?=.*?{pattern.source})" for pattern in self.includes)

    def without_last(self) -> "Filters":
        """Take away what stands last in the line of filters."""
        if self.excludes:
            return msgspec.structs.replace(self, excludes=self.excludes[:-1])
        if self.includes:
            return msgspec.structs.replace(self, includes=self.includes[:-1])
        return Filters()
