"""Of all runs of a renewal job the one that is held against a token: the last that was for it.

One job may renew many tokens, a run for each of them. A parameter tells a token by its name or by an application that
uses it; a parameter or the namespace of a build tells it by a namespace where it is used.
"""

import enum
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import islice
from typing import NamedTuple

from statusdesk.config import TokenSettings
from statusdesk.facts import Build
from statusdesk.judge.token_jobs import CLOCKS_MS, Run
from statusdesk.renewals import is_named, names_use_of

SHOWN_BY = 3
"""So many runs in a row that renewed a token show that the runs of a job are for it, where nothing else tells."""
_OF_A_RUN = frozenset({"parameter", "upstream", "default"})
"""What tells one run from another; a pattern or a folder says the same of all runs of a job."""


class For(enum.Enum):
    """For whom a run was, from one token's side; ``UNTOLD``: nothing tells, or it was for what is not configured."""

    MINE = enum.auto()
    OTHERS = enum.auto()
    UNTOLD = enum.auto()


class _Named(NamedTuple):
    """The names of the tokens that a value names: ``used``, as themselves or by an application; by a namespace."""

    used: frozenset[str]
    placed: frozenset[str]

    def answer(self, token: TokenSettings) -> For | None:
        if token.name in self.used or token.name in self.placed:
            return For.MINE
        if self.used:
            return For.OTHERS
        if self.placed:
            return For.OTHERS if token.namespaces else None
        return For.UNTOLD


class RenewalRun(NamedTuple):
    """A run of a renewal job that has ended, and what it tells of the tokens of its job.

    ``placed``: the names of the tokens that are used where it ran; None where its namespaces tell nothing of one run.
    ``silent``: for whom it was where nothing tells.
    """

    build: Build
    values: Sequence[_Named]
    placed: frozenset[str] | None
    silent: For

    def was_for(self, token: TokenSettings) -> For:
        """Return for whom it was."""
        said = [value.answer(token) for value in self.values]
        if token.namespaces and self.placed is not None:
            others = For.OTHERS if self.placed else For.UNTOLD
            said.append(For.MINE if token.name in self.placed else others)
        for answer in (For.OTHERS, For.UNTOLD, For.MINE):
            if answer in said:
                return answer
        return self.silent


def runs_of(tokens: Sequence[TokenSettings], builds: Iterable[Build]) -> list[RenewalRun]:
    """Return the runs of a job that have ended, newest first, with what they tell of all the tokens that it renews."""
    ended = sorted((each for each in builds if not each.building and each.result), key=lambda each: -each.number)
    telling = {name.casefold() for build in ended for name, value in build.renews if value}

    @cache
    def named(value: str) -> _Named:
        return _Named(
            frozenset(token.name for token in tokens if names_use_of(token, value)),
            frozenset(token.name for token in tokens if is_named(value, token.namespaces)),
        )

    runs: list[RenewalRun] = []
    for build in ended:
        spaces = build.all_namespaces if build.attributed_by in _OF_A_RUN else ()
        told_alone = len(tokens) == 1 and not build.renews and not build.parameters
        runs.append(
            RenewalRun(
                build,
                [named(value) for name, value in build.renews if name.casefold() in telling],
                frozenset().union(*(named(space).placed for space in spaces)) if spaces else None,
                For.MINE if told_alone else For.UNTOLD,
            )
        )
    return runs


def last_run(
    token: TokenSettings, runs: Sequence[RenewalRun], renewed_ms: Callable[[], Sequence[int]], *, disabled: bool
) -> Run:
    """Return the newest run that was for a token; ``runs`` are those of its job, newest first.

    ``renewed_ms`` looks up when it was renewed, in our clock; that is what tells where the builds tell nothing. Where
    no run was for it, the newest that may have been is returned as ``untold``.
    """
    run = next((each for each in runs if each.was_for(token) is not For.OTHERS), None)
    if run is None:
        return Run(job=token.renewal_job, disabled=disabled)
    untold = run.was_for(token) is For.UNTOLD and not _renews_always(token, runs, renewed_ms())
    if untold:
        mine = next((each for each in runs if each.was_for(token) is For.MINE), None)
        run, untold = mine or run, mine is None
    return Run(
        job=token.renewal_job,
        number=run.build.number,
        result=run.build.result or "",
        started_ms=run.build.started_ms,
        ended_ms=run.build.started_ms + run.build.duration_ms,
        url=run.build.url,
        untold=untold,
        disabled=disabled,
    )


def _renews_always(token: TokenSettings, runs: Sequence[RenewalRun], renewed_ms: Sequence[int]) -> bool:
    """Tell whether each of the last runs until its last renewal renewed the token; ``runs`` are newest first."""
    every_s = token.renew_every_s
    apart_ms = min(CLOCKS_MS, round(every_s * 250)) if every_s is not None else CLOCKS_MS
    last_ms = max(renewed_ms, default=0)
    well = (run.build for run in runs if run.build.result == "SUCCESS")
    until = (build for build in well if build.started_ms <= last_ms + apart_ms)
    renewals = set()
    for build in islice(until, SHOWN_BY):
        end_ms = build.started_ms + build.duration_ms
        renewals.add(next((ms for ms in renewed_ms if build.started_ms - apart_ms <= ms <= end_ms + apart_ms), None))
    return len(renewals) == SHOWN_BY and None not in renewals
