"""How the values of parameters, and namespaces, name the tokens of the settings: what is kept of a run, and judged."""

import re
from collections.abc import Iterable

from statusdesk.config import TokenSettings
from statusdesk.job_names import matches

UNSAID = "?"
"""Begins what is kept instead of a value that names no token; alone, of what may be secret: values that differ, too."""
_SAYS_SOMETHING = re.compile(r"[A-Za-z0-9]")
_BETWEEN = r",;\s"
_IN_A_NAME = re.compile(f"[{_BETWEEN}]")


def members(tokens: Iterable[TokenSettings], value: str) -> list[str]:
    """Return what a list names, one by one: between commas or blanks, where these are not in the name of a token."""
    names = {each for token in tokens if _IN_A_NAME.search(token.name) for each in (token.name, token.name.casefold())}
    whole = [re.escape(name) for name in sorted(names, key=len, reverse=True)]
    one = "|".join([*whole, f"[^{_BETWEEN}]+"])
    return re.findall(f"(?<![^{_BETWEEN}])(?:{one})(?![^{_BETWEEN}])", value, re.IGNORECASE)


def names_one_of(tokens: Iterable[TokenSettings], value: str) -> bool:
    """Tell whether a parameter's value names one of these tokens, an application or a namespace that uses it."""
    return any(names_use_of(token, value) or is_named(value, token.namespaces) for token in tokens)


def names_use_of(token: TokenSettings, value: str) -> bool:
    """Tell whether a value names a token or an application that uses it."""
    return value.casefold() == token.name.casefold() or is_named(value, token.apps)


def is_named(value: str, globs: Iterable[str]) -> bool:
    """Tell whether a glob matches, whatever the case; one that matches everything names nobody."""
    return matches(value.casefold(), (glob.casefold() for glob in globs if _SAYS_SOMETHING.search(glob)))
