"""What a reader looks for in a log: patterns, and filters made of them. Nothing here takes long, whatever is typed."""

from collections.abc import Callable, Sequence

import msgspec

from collectors.log_lines import LogLine, Origin
from screens.log_json import NUMBERED, TEMPLATES, is_readable, readable
from screens.log_levels import MAYBE_TRACE, Traces
from statusdesk.expression import TOO_LONG, Expression, TooLongError, without_escapes

MOST_SPANS = 100  # that stand out in one line

MOST_CHARS = 2_000
"""An expression for which whole lines take too long is looked for in so much of each: it may take the square of it."""

SHORT_CHARS = 24  # of what is taken as text, where it has to be said why
_LEVELS = tuple(level.lower() for level in NUMBERED.values())
_SIGNS = frozenset("\\.^$*+?{}[]|()")
_SAME = (("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"))  # letters that count as others where case does not


class Pattern:
    """What is looked for: a regular expression, or plain text where it is none or was asked for as text.

    Small letters stand for both cases. ``problem`` says why an expression is taken as text; one that is ``malformed``
    stands in quotes and needs no reason where it is shown. One that is found to take too long while it is looked for is
    ``too_long``: from then on only the beginnings of lines are looked at, and where these are too long it is text;
    ``instead`` is to stand in its place.
    """

    __slots__ = (
        "_any_case",
        "_beginnings",
        "_expression",
        "_sought",
        "found_in",
        "malformed",
        "problem",
        "regex",
        "text",
        "too_long",
    )

    def __init__(self, text: str, *, plain: bool = False, problem: str = "", beginnings: bool = False) -> None:
        """``beginnings``: an expression is looked for in the first characters of a line only."""
        self.text, self.problem, self.too_long, self._beginnings = text, problem, False, beginnings
        self.malformed = False  # no regular expression at all
        self._any_case = not any(letter.isupper() for letter in (text if plain else without_escapes(text)))
        self._expression = None if plain or _SIGNS.isdisjoint(text) else self._compiled()
        self.regex = not plain and not self.problem
        self._sought = _folded(text) if self._any_case else text
        self.found_in: Callable[[str], bool] = self._text_in if self._expression is None else self._expression_in

    def _compiled(self) -> Expression | None:
        try:
            most = MOST_CHARS if self._beginnings else None
            return Expression(self.text, any_case=self._any_case, most_line_chars=most)
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
                self._give_up(max(map(len, lines)))
                return self.among(lines)
        text_in = self._text_in
        return [at for at, line in enumerate(lines) if text_in(line)]

    def shown_among(self, lines: Sequence[str]) -> list[int]:
        """Return the places of the lines that hold it as they are, or as they are shown."""
        places = self.among(lines)
        if not any(map(is_readable, lines)):
            return places
        known = set(places)
        others = [at for at, line in enumerate(lines) if at not in known and self._may_differ(line)]
        more = [others[place] for place in self.among([readable(lines[at]) for at in others])]
        return sorted([*places, *more])

    def shown_in(self, line: str) -> bool:
        """Tell whether a line holds it as it is, or as it is shown."""
        return self.found_in(line) or (self._may_differ(line) and self.found_in(readable(line)))

    def _may_differ(self, line: str) -> bool:
        """Tell fast whether it may be in a line as it is shown, and not in the line itself: what is readable holds no
        word that is in none of the values, but for those that stand there with escapes, or fill a template."""
        if not is_readable(line):
            return False
        sought = self._sought
        is_word = self._any_case and self._expression is None and sought.isascii() and sought.isalpha()
        if not is_word or "\\" in line or any(template in line for template in TEMPLATES):
            return True
        return any(sought in level for level in _LEVELS)

    def _give_up(self, longest: int) -> None:
        """Look at the beginnings of lines only where one was longer, else take it as text."""
        narrower = longest > MOST_CHARS and not self._beginnings
        self.too_long, self._beginnings = True, narrower
        self._expression = self._compiled() if narrower else None

    def instead(self) -> "Pattern":
        """Return what stands in the place of an expression that takes too long."""
        if self._beginnings:
            return Pattern(self.text, beginnings=True)
        return Pattern(self.text, plain=True, problem=f"{TOO_LONG}, taken as text")

    def afresh(self) -> "Pattern":
        """Return the same to be looked for by another thread, which has its own time."""
        return Pattern(self.text, plain=not self.regex, problem=self.problem, beginnings=self._beginnings)

    def may_be_in(self, whole: str) -> bool:
        """Tell fast of many lines together: never false where one of them holds it."""
        return self._expression is not None or self._text_in(whole) or whole[:1] == "{" or "\n{" in whole

    @property
    def _known_by(self) -> tuple[str, bool, bool]:
        return self.text, self.regex, self._beginnings and not self.too_long

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self._known_by == other._known_by

    def __hash__(self) -> int:
        return hash((self.text, self.regex))

    @property
    def words(self) -> str:
        """The pattern as a chip shows it: text that is no expression stands in quotes, with the reason if it is bad."""
        if self.regex:
            return f"{self.text} in the first {MOST_CHARS:,} characters" if self._beginnings else self.text
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
                self._give_up(len(text))
                return self.spans(text)
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

    ``grave``: warnings and errors only. ``cluster``, ``namespace``, ``pod`` and ``container``: of these only, where not
    empty; ``told_pod`` is what tells the pod from others.
    """

    includes: tuple[Pattern, ...] = ()
    excludes: tuple[Pattern, ...] = ()
    grave: bool = False
    cluster: str = ""
    namespace: str = ""
    pod: str = ""
    told_pod: str = ""
    container: str = ""

    def only(self, origin: Origin | None = None, container: str = "") -> "Filters":
        """Return the filters for the lines of a pod or of a container only; without any, for those of all."""
        origin = origin or Origin()
        return msgspec.structs.replace(
            self,
            cluster=origin.cluster,
            namespace=origin.namespace,
            pod=origin.pod,
            told_pod=origin.told_pod,
            container=container,
        )

    def picked(self, other: "Filters") -> "Filters":
        """Return the filters with the pod and the container of others."""
        names = {name: getattr(other, name) for name in ("cluster", "namespace", "pod", "told_pod", "container")}
        return msgspec.structs.replace(self, **names)

    def same_pick(self, other: "Filters") -> bool:
        """Tell whether others let through the lines of the same pod and container."""
        return self == self.picked(other)

    def are_of(self, origin: Origin) -> bool:
        """Tell whether they let lines from there through, as far as that alone tells."""
        there = origin.cluster, origin.namespace, origin.pod, origin.container
        asked = self.cluster, self.namespace, self.pod, self.container
        return all(name in ("", known) for name, known in zip(asked, there, strict=True))

    @property
    def names(self) -> tuple[str, ...]:
        """The pod and the container that are let through only."""
        return tuple(name for name in (self.told_pod or self.pod, self.container) if name)

    @property
    def any(self) -> bool:
        return bool(self.includes or self.excludes or self.grave or self.pod or self.container)

    def includes_text(self, text: str) -> bool:
        return all(pattern.shown_in(text) for pattern in self.includes)

    def excludes_text(self, text: str) -> bool:
        return any(pattern.shown_in(text) for pattern in self.excludes)

    def those_of(self, texts: Sequence[str], first: int) -> list[int]:
        """Return the numbers of the texts, counted from ``first``, that the includes and excludes let through."""
        whole = "\n".join(texts)
        if not all(pattern.may_be_in(whole) for pattern in self.includes):
            return []
        numbers = list(range(first, first + len(texts)))
        for pattern in self.includes:
            places = pattern.shown_among([texts[number - first] for number in numbers])
            numbers = [numbers[place] for place in places]
        for pattern in self.excludes:
            if pattern.may_be_in(whole):
                places = pattern.shown_among([texts[number - first] for number in numbers])
                gone = frozenset(numbers[place] for place in places)
                numbers = [number for number in numbers if number not in gone]
        return numbers

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """All that is looked for."""
        return self.includes + self.excludes

    def in_time(self) -> "Filters":
        """Return the filters with others in the place of those that were found to take too long."""
        if not any(pattern.too_long for pattern in self.patterns):
            return self
        includes, excludes = (
            tuple(pattern.instead() if pattern.too_long else pattern for pattern in patterns)
            for patterns in (self.includes, self.excludes)
        )
        return msgspec.structs.replace(self, includes=includes, excludes=excludes)

    def of_one(self) -> Callable[[str], bool]:
        """Return what says of the lines of one log, in their order, whether the includes let them through.

        A stack trace belongs to the line that it goes on with. It raises TooLongError.
        """
        patterns = [pattern.afresh() for pattern in self.includes]
        traces, goes_on, before = Traces(), False, ""

        def wanted(text: str) -> bool:
            nonlocal goes_on, before
            found = all(pattern.shown_in(text) for pattern in patterns)
            if any(pattern.too_long for pattern in patterns):
                raise TooLongError
            if (text[:1] not in MAYBE_TRACE and traces.calm) or not traces.part(0, text, before):
                goes_on = found
            before = text
            return found or goes_on

        return wanted

    def without_last(self) -> "Filters":
        """Take away what stands last in the line of filters."""
        if self.excludes:
            return msgspec.structs.replace(self, excludes=self.excludes[:-1])
        if self.includes:
            return msgspec.structs.replace(self, includes=self.includes[:-1])
        return Filters()


class Sought(msgspec.Struct, frozen=True):
    """What to ask further back with: the includes of filters, looked for in what is hidden too where it is shown."""

    filters: Filters
    revealed: bool = False

    def of_one(self) -> Callable[[LogLine], bool]:
        """Return what says it of the lines of one log, in their order. It raises TooLongError."""
        found = self.filters.of_one()
        if self.revealed:
            return lambda line: found(line.full_text)
        return lambda line: found(line.text)
