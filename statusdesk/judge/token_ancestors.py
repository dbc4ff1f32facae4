"""A token and those that it descends from: it dies with the first of them that ends, whatever its own time says."""

from collections.abc import Mapping, Sequence

from statusdesk.config import TokenSettings
from statusdesk.judge.token_life import Life, Verdict, moment
from statusdesk.states import TROUBLED, Level, TokenState


def lines_of(tokens: Sequence[TokenSettings]) -> Mapping[str, tuple[str, ...]]:
    """Return of each token with a ``parent`` the names of those that it descends from, nearest first."""
    parents = {token.name: token.parent for token in tokens if token.parent}
    lines = {}
    for name, parent in parents.items():
        line: list[str] = []
        while parent and parent != name and parent not in line:
            line.append(parent)
            parent = parents.get(parent, "")
        lines[name] = tuple(line)
    return lines


def by_ancestors(life: Life, ancestors: Sequence[TokenState]) -> Verdict | None:
    """Tell who of its ancestors ends first, and before it; the level is the worst of those that do.

    ``ancestors``: nearest first. No look-up tells who made a token: the configuration does.
    """
    if life.expire_ms is None:
        return None
    end_ms = life.expire_ms - life.skew_ms
    before = [each for each in ancestors if each.level in TROUBLED and _ends_before(each, end_ms)]
    if not before:
        return None
    first = dead_one(before) or min(before, key=lambda each: each.expire_ms or 0)
    level = Level.FAILING if any(each.level is Level.FAILING for each in before) else Level.WARNING
    return level, "ParentLapses", f"dies with {named(first, ancestors, _end(first))}"


def dead_one(ancestors: Sequence[TokenState]) -> TokenState | None:
    """Return the dead one with which all that descend from it died; None where none is known to be dead."""
    return next((each for each in reversed(ancestors) if each.is_dead), None)


def named(one: TokenState, ancestors: Sequence[TokenState], end: str = "") -> str:
    """Name an ancestor, with how it ends and who it made down to the token itself."""
    between = [each.name for each in ancestors[: ancestors.index(one)]]
    if not between:
        return f"'{one.name}', which made it" + (f" and {end}" if end else "")
    made = ", which made ".join([*(f"'{name}'" for name in reversed(between)), "this one"])
    return f"'{one.name}', which {end}: it made {made}" if end else f"'{one.name}', which made {made}"


def _ends_before(ancestor: TokenState, end_ms: int) -> bool:
    return ancestor.is_dead or (ancestor.expire_ms is not None and ancestor.expire_ms < end_ms)


def _end(ancestor: TokenState) -> str:
    if ancestor.is_dead or ancestor.expire_ms is None:
        return "is gone"
    return f"{'should have ended' if ancestor.is_unseen else 'lapses'} at {moment(ancestor.expire_ms)}"
