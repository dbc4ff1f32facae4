"""The known name that somebody may have meant."""

import difflib
from collections.abc import Collection


def nearest_of(word: str, known: Collection[str]) -> list[str]:
    """Return the known name that is nearest to a word; two when both are as few letters away; none when all are far."""
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    steps = {name: _steps(word, name) for name in near}
    best = min(steps.values(), default=0)
    return [name for name in known if steps.get(name) == best][:2]


def _steps(word: str, other: str) -> int:
    """Return how many letters must be changed, put in or left out to make one word of the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(word, 1):
        left = [index]
        for place, wanted in enumerate(other, 1):
            left.append(min(row[place] + 1, left[-1] + 1, row[place - 1] + (letter != wanted)))
        row = left
    return row[-1]
