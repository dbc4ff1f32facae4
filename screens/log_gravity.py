"""How grave a line of a log is: one rule for what it is drawn as, and for what is shown of warnings and errors only."""

from screens.log_json import level_in, said_in
from screens.log_levels import LOOK_CHARS, Gravity, may_be_grave, span_of_level
from screens.log_times import MOST_TIME_CHARS, TIME_BEGINS, own_time_chars

_MOST_LOOKED_AT = MOST_TIME_CHARS + LOOK_CHARS


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
        look = text[:_MOST_LOOKED_AT]
        # behind a time there may be the header of klog, which has no word
        header = text[:1] in TIME_BEGINS and (" E" in look or " W" in look or " F" in look)
        known = _by_words(text) if header or may_be_grave(look) else Gravity.NONE
    return known if known >= Gravity.WARNING else Gravity.NONE


def _by_words(text: str) -> Gravity:
    """Return how grave a line is by the words that are shown of it, its own time left out."""
    said = said_in(text) if text[:1] == "{" else None
    return (span_of_level(said.words) if said is not None else span_of_level(text, own_time_chars(text)))[0]
