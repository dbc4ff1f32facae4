"""How grave a line of a log is: one rule for what it is drawn as, and for what is shown of warnings and errors only."""

from screens.log_json import level_in, said_in
from screens.log_levels import LOOK_CHARS, TIME_BEGINS, Gravity, may_be_grave, own_time_chars, span_of_level


def level_of(text: str) -> Gravity:
    """Return how grave a line is: what the field for that says in JSON, else what its first words say."""
    known = level_in(text) if text[:1] == "{" else None
    return _by_words(text) if known is None else known


def gravity(text: str) -> Gravity:
    """Return how grave a line is if it is a warning or worse, else ``NONE``: quick for the many that are not."""
    if text[:1] == "{":
        known = level_in(text)
        if known is None:
            known = _by_words(text) if may_be_grave(text) or "\\u" in text else Gravity.NONE
    else:
        start = own_time_chars(text) if text[:1] in TIME_BEGINS else 0
        look = text[start : start + LOOK_CHARS]
        known = span_of_level(look)[0] if may_be_grave(look) else Gravity.NONE
    return known if known >= Gravity.WARNING else Gravity.NONE


def _by_words(text: str) -> Gravity:
    """Return how grave a line is by the words that are shown of it, its own time left out."""
    said = said_in(text) if text[:1] == "{" else None
    return span_of_level(said.words if said is not None else text[own_time_chars(text) :])[0]
