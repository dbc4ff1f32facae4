"""Which tokens a run of a renewal job was for, as its parameters and its namespace tell.

One job may renew many tokens, a run for each of them. A parameter tells a token by its name or by an application that
uses it; a parameter or the namespace of a build tells it by a namespace where it is used.
"""

import enum
import re
from collections.abc import Iterable, Sequence

from statusdesk.config import TokenSettings
from statusdesk.facts import Build
from statusdesk.job_names import matches

_SAYS_SOMETHING = re.compile(r"[A-Za-z0-9]")
_OF_A_RUN = frozenset({"parameter", "upstream", "default"})
"""What tells one run from another; a pattern or a folder says the same of all runs of a job."""


class For(enum.Enum):
    """For whom a run was, from one token's side; ``UNTOLD``: nothing tells, or it was for what is not configured."""

    MINE = enum.auto()
    OTHERS = enum.auto()
    UNTOLD = enum.auto()


def names_one_of(tokens: Iterable[TokenSettings], value: str) -> bool:
    """Tell whether a parameter's value names one of these tokens, an application or a namespace that uses it."""
    return any(_is_used_by(token, value) or is_named(value, token.namespaces) for token in tokens)


def telling(builds: Iterable[Build]) -> frozenset[str]:
    """Return the parameters of a renewal job's builds that name tokens, at least in one of them."""
    return frozenset(name.casefold() for build in builds for name, value in build.renews if value)


def run_was_for(build: Build, token: TokenSettings, others: Sequence[TokenSettings], names: frozenset[str]) -> For:
    """Return for whom a run was; ``others`` are the other tokens of its job, ``names`` its telling parameters."""
    spaces = build.namespaces or ((build.namespace,) if build.namespace else ())
    said = [_by_value(value, token, others) for name, value in build.renews if name.casefold() in names]
    if token.namespaces and spaces and build.attributed_by in _OF_A_RUN:
        said.append(_by_namespaces(spaces, token, others))
    for answer in (For.OTHERS, For.UNTOLD, For.MINE):
        if answer in said:
            return answer
    return For.UNTOLD if others or build.renews or build.parameters else For.MINE


def _by_value(value: str, token: TokenSettings, others: Sequence[TokenSettings]) -> For | None:
    if _is_used_by(token, value) or is_named(value, token.namespaces):
        return For.MINE
    if any(_is_used_by(other, value) for other in others):
        return For.OTHERS
    if any(is_named(value, other.namespaces) for other in others):
        return For.OTHERS if token.namespaces else None
    return For.UNTOLD


def _by_namespaces(spaces: Sequence[str], token: TokenSettings, others: Sequence[TokenSettings]) -> For:
    if any(is_named(space, token.namespaces) for space in spaces):
        return For.MINE
    return For.OTHERS if any(is_named(space, other.namespaces) for space in spaces for other in others) else For.UNTOLD


def _is_used_by(token: TokenSettings, value: str) -> bool:
    return value.casefold() == token.name.casefold() or is_named(value, token.apps)


def is_named(value: str, globs: Iterable[str]) -> bool:
    """Tell whether a glob matches, whatever the case; one that matches everything names nobody."""
    return matches(value.casefold(), (glob.casefold() for glob in globs if _SAYS_SOMETHING.search(glob)))
