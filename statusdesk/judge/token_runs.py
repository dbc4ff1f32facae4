"""Of all runs of a renewal job the one that is held against a token: the last that was for it.

A run is for all tokens of its job that it does not say it was not for. One job may renew many tokens, a run for each
of them: a parameter tells a token by its name or by an application that uses it; a parameter or the namespace of a
build tells it by a namespace where it is used.
"""

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from msgspec.structs import replace

from statusdesk.config import TokenSettings
from statusdesk.facts import BY_HAND, Build
from statusdesk.judge.token_jobs import CLOCKS_MS, Run
from statusdesk.renewals import UNSAID, is_named, members, names_use_of

SHOWN_BY = 3
"""So many runs in a row that renewed a token show that the runs of a job are for it, where nothing else tells."""
MOST_RUNS = 50
"""So many runs since a renewal are held against a token at most: where none is known, all are since then."""

_OF_A_RUN = frozenset({"parameter", "upstream", "default"})
"""What tells one run from another; a pattern or a folder says the same of all runs of a job."""


class For(enum.Enum):
    """For whom a run was, from one token's side; ``UNTOLD``: it says so in words that are not configured."""

    MINE = enum.auto()
    OTHERS = enum.auto()
    UNTOLD = enum.auto()


class _Named(NamedTuple):
    """The names of the tokens that a value names: ``used``, as themselves or by an application; by a namespace.

    ``known``: it names a namespace that is somewhere in the settings.
    """

    used: frozenset[str]
    placed: frozenset[str]
    known: bool

    def answer(self, token: TokenSettings) -> For | None:
        if token.name in self.used or token.name in self.placed:
            return For.MINE
        if self.used:
            return For.OTHERS
        if self.known and token.namespaces:
            return For.OTHERS
        return None if self.placed else For.UNTOLD


class RenewalRun(NamedTuple):
    """A run of a renewal job that has ended, and what it tells of the tokens of its job.

    ``place``: where it ran; None where that tells nothing of one run. ``silent``: for whom it was where nothing tells.
    """

    build: Build
    values: Sequence[_Named]
    place: _Named | None
    silent: For

    def was_for(self, token: TokenSettings) -> For:
        """Return for whom it was."""
        said = [value.answer(token) for value in self.values]
        if token.namespaces and self.place is not None:
            others = For.OTHERS if self.place.known else For.UNTOLD
            said.append(For.MINE if token.name in self.place.placed else others)
        for answer in (For.OTHERS, For.UNTOLD, For.MINE):
            if answer in said:
                return answer
        return self.silent


def runs_of(
    tokens: Sequence[TokenSettings], builds: Iterable[Build], namespaces: Sequence[str] = ()
) -> list[RenewalRun]:
    """Return the runs of a job that have ended, newest first, with what they tell of all the tokens that it renews.

    ``namespaces``: those of the stages, names or globs.
    """

    @cache
    def named(value: str) -> _Named:
        each = [] if value.startswith(UNSAID) else members(tokens, value)
        placed = frozenset(token.name for token in tokens for one in each if is_named(one, token.namespaces))
        return _Named(
            frozenset(token.name for token in tokens for one in each if names_use_of(token, one)),
            placed,
            bool(placed) or any(is_named(one, namespaces) for one in each),
        )

    ended = sorted((each for each in builds if not each.building and each.result), key=lambda each: -each.number)
    telling = {name for build in ended for name, value in _said(build) if named(value).used or named(value).placed}
    usual = _usual(ended)

    def is_of_all(name: str, value: str) -> bool:
        # its timer always says it: "all"; of what may be secret nobody knows whether it always says the same
        return value.startswith(UNSAID) and value != UNSAID and usual.get(name) == {value}

    runs: list[RenewalRun] = []
    for build in ended:
        said = _said(build)
        values = [named(value) for name, value in said if name in telling and name and not is_of_all(name, value)]
        place = next((named(value) for name, value in said if not name), None)
        if place is not None and not place.known and "" not in telling:
            place = None  # a word that is no namespace of ours
        silent = For.UNTOLD if len(tokens) > 1 and _is_doubtful(build, usual) else For.MINE
        runs.append(RenewalRun(build, values, place, silent))
    return runs


def _said(build: Build) -> list[tuple[str, str]]:
    """Return the parameters that say something, by name; with an empty name the namespaces of that run."""
    said = [(name.casefold(), value.casefold()) for name, value in build.renews if value]
    spaces = build.all_namespaces if build.attributed_by in _OF_A_RUN else ()
    return [*said, ("", ",".join(spaces))] if spaces else said


def _usual(ended: Sequence[Build]) -> dict[str, set[str]]:
    """Return what the runs say that no person started, by name."""
    usual: dict[str, set[str]] = {}
    for build in [each for each in ended if each.trigger not in BY_HAND] or ended:
        for name, value in _said(build):
            usual.setdefault(name, set()).add(value)
    return usual


def _is_doubtful(build: Build, usual: Mapping[str, set[str]]) -> bool:
    """Tell whether a run of a job of several tokens may be for one of them only, by values that differ.

    What all runs that no person started have in common tells none of them apart; what may be secret may differ.
    """
    said = _said(build)
    given = {name.casefold() for name, _ in build.renews} | {name for name, _ in said}
    return any(len(usual.get(name, ())) > 1 for name in given) or any(
        value == UNSAID or value not in usual.get(name, ()) for name, value in said
    )


def last_run(
    token: TokenSettings, runs: Sequence[RenewalRun], renewed_ms: Callable[[], Sequence[int]], *, disabled: bool
) -> Run:
    """Return the newest run that was for a token; ``runs`` are those of its job, newest first.

    ``renewed_ms`` looks up when it was renewed, in our clock; that is what tells where the builds tell nothing. Where
    no run was for it, the newest that may have been is returned as ``untold``.
    """
    last_ms = max(renewed_ms(), default=0)
    shown: bool | None = None
    mine: list[Build] = []
    others: set[str] = set()
    maybe: Build | None = None
    for run in runs:
        build, since = run.build, run.build.started_ms > last_ms
        if mine and (not since or len(mine) == MOST_RUNS):
            break
        whose = run.was_for(token)
        if whose is For.UNTOLD and shown is None:
            shown = _is_renewed_by_such(token, runs, renewed_ms())
        if whose is For.MINE or (whose is For.UNTOLD and shown):
            mine.append(build)
            continue
        maybe = maybe or (build if whose is For.UNTOLD else None)
        if since and build.url:
            others.add(build.url)
    known: dict[str, Any] = {"disabled": disabled, "others": frozenset(others)}
    if mine:
        earlier = tuple(_run(token, build) for build in mine[1:])
        return replace(_run(token, mine[0]), earlier=earlier, **known)
    if maybe is not None:
        return replace(_run(token, maybe), untold=True, **known)
    return Run(job=token.renewal_job, **known)


def _run(token: TokenSettings, build: Build) -> Run:
    return Run(
        job=token.renewal_job,
        number=build.number,
        result=build.result or "",
        started_ms=build.started_ms,
        ended_ms=build.started_ms + build.duration_ms,
        url=build.url,
    )


def _is_renewed_by_such(token: TokenSettings, runs: Sequence[RenewalRun], renewed_ms: Sequence[int]) -> bool:
    """Tell whether each of the last runs of which nothing tells renewed the token, until its last renewal.

    ``runs`` are newest first. What a run renewed that was for the token shows nothing of others.
    """
    every_s = token.renew_every_s
    apart_ms = min(CLOCKS_MS, round(every_s * 250)) if every_s is not None else CLOCKS_MS

    def renewed_by(run: RenewalRun) -> int | None:
        from_ms = run.build.started_ms - apart_ms
        until_ms = run.build.started_ms + run.build.duration_ms + apart_ms
        return next((ms for ms in renewed_ms if from_ms <= ms <= until_ms), None)

    well = [(run, run.was_for(token)) for run in runs if run.build.result == "SUCCESS"]
    told = {renewed_by(run) for run, whose in well if whose is For.MINE}
    last_ms = max(renewed_ms, default=0)
    such = (run for run, whose in well if whose is For.UNTOLD and run.build.started_ms <= last_ms + apart_ms)
    renewals = {renewed_by(run) for run in islice(such, SHOWN_BY)}
    return len(renewals - told) == SHOWN_BY and None not in renewals
