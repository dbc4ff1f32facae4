"""What a reader looks for in a log: patterns, and filters made of them. Nothing here takes long, whatever is typed."""

from collections.abc import Callable, Sequence

import msgspec

from statusdesk.expression import TOO_LONG, Expression, TooLongError, escape, without_escapes

MOST_SPANS = 100  # that stand out in one line

MOST_CHARS = 2_000
"""An expression is looked for in so much of a line: matching takes the square of it, or more."""

SHORT_CHARS = 24  # of what is taken as text, where it has to be said why
_SIGNS = frozenset("\\.^$*+?{}[]|()")
_SAME = (("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"))  # letters that count as others where case does not


class Pattern:
    """What is looked for: a regular expression, or plain text where it is none or was asked for as text.

    Small letters stand for both cases. ``problem`` says why an expression is taken as text; one that is ``malformed``
    stands in quotes and needs no reason where it is shown. One that is found to take too long while it is looked for is
    ``too_long``, and text from then on; ``as_text`` is to stand in its place.
    """

    __slots__ = ("_any_case", "_expression", "_sought", "found_in", "malformed", "problem", "regex", "text", "too_long")

    def __init__(self, text: str, *, plain: bool = False, problem: str = "") -> None:
        self.text, self.problem, self.too_long = text, problem, False
        self.malformed = False  # no regular expression at all
        self._any_case = not any(letter.isupper() for letter in (text if plain else without_escapes(text)))
        self._expression = None if plain or _SIGNS.isdisjoint(text) else self._compiled()
        self.regex = not plain and not self.problem
        self._sought = _folded(text) if self._any_case else text
        self.found_in: Callable[[str], bool] = self._text_in if self._expression is None else self._expression_in

    def _compiled(self) -> Expression | None:
        try:
            return Expression(self.text, any_case=self._any_case, most_line_chars=MOST_CHARS)
        except ValueError as error:
            self.problem, self.malformed = f"no regular expression ({error}), taken as text", True
        except TooLongError as error:
            self.problem = f"{error}, taken as text"
        self._any_case = not any(map(str.isupper, self.text))
        return None

    def _text_in(self, line: str) -> bool:
        return self._sought in (_folded(line) if self._any_case else line)

    def _expression_in(self, line: str) -> bool:
        return bool(self.among((line,)))

    def among(self, lines: Sequence[str]) -> list[int]:
        """Return the places of the lines in which it is found."""
        if self._expression is not None:
            try:
                return self._expression.among(lines)
            except TooLongError:
                self._give_up()
        text_in = self._text_in
        return [at for at, line in enumerate(lines) if text_in(line)]

    def _give_up(self) -> None:
        self.too_long, self._expression = True, None

    def as_text(self) -> "Pattern":
        """Return what stands in the place of an expression that takes too long."""
        return Pattern(self.text, plain=True, problem=f"{TOO_LONG}, taken as text")

    def may_be_in(self, whole: str) -> bool:
        """Tell fast of many lines together: never false where one of them holds it."""
        return self._expression is not None or self._text_in(whole)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and (self.text, self.regex) == (other.text, other.regex)

    def __hash__(self) -> int:
        return hash((self.text, self.regex))

    @property
    def source(self) -> str:
        """The pattern as a regular expression that needs no flags."""
        inside = self.text if self.regex else escape(self.text)
        return f"(?i:{inside})" if self._any_case else inside

    @property
    def words(self) -> str:
        """The pattern as a chip shows it: text that is no expression stands in quotes, with the reason if it is bad."""
        if self.regex:
            return self.text
        if not self.problem or self.malformed:
            return f'"{self.text}"'
        short = self.text if len(self.text) <= SHORT_CHARS else self.text[: SHORT_CHARS - 2] + ".."
        return f'"{short}" {self.problem}'

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where it is found in a text."""
        if self._expression is not None:
            try:
                return [span for span in self._expression.spans(text, MOST_SPANS) if span[1] > span[0]]
            except TooLongError:
                self._give_up()
        within, sought, found = _folded(text) if self._any_case else text, self._sought, list[tuple[int, int]]()
        at = within.find(sought) if sought else -1
        while at >= 0 and len(found) < MOST_SPANS:
            found.append((at, at + len(sought)))
            at = within.find(sought, at + len(sought))
        return found


def _folded(text: str) -> str:
    """Return a text of the same length in which case does not matter."""
    if text.isascii():
        return text.lower()
    for letter, same in _SAME:
        text = text.replace(letter, same)
    return text.lower().replace("\u03c2", "\u03c3")


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
        numbers = list(range(first, first + len(texts)))
        for pattern in self.includes:
            places = pattern.among([texts[number - first] for number in numbers])
            numbers = [numbers[place] for place in places]
        for pattern in self.excludes:
            if pattern.may_be_in(whole):
                places = pattern.among([texts[number - first] for number in numbers])
                gone = frozenset(numbers[place] for place in places)
                numbers = [number for number in numbers if number not in gone]
        return numbers

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """All that is looked for."""
        return self.includes + self.excludes

    def in_time(self) -> "Filters":
        """Return the filters with those as text that were found to take too long."""
        if not any(pattern.too_long for pattern in self.patterns):
            return self
        includes, excludes = (
            tuple(pattern.as_text() if pattern.too_long else pattern for pattern in patterns)
            for patterns in (self.includes, self.excludes)
        )
        return msgspec.structs.replace(self, includes=includes, excludes=excludes)

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
