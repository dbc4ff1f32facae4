"""A token and the Jenkins job that renews it: job green and token dying, job red and token running out."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from statusdesk.grants import overdue_after_ms
from statusdesk.job_names import shown_build, shown_job
from statusdesk.judge.token_life import Life, Verdict
from statusdesk.states import OF_ITS_TIME, TROUBLED, Level

CLOCKS_MS = 60_000
"""Jenkins and Vault tell their times by their own clocks, and a renewal comes somewhere within its run."""
GREEN, RED = "job green, token dying", "job red, token lapses"
DISABLED, IDLE = "job disabled", "job has not run"
_BAD = ("FAILURE", "UNSTABLE")
_NOT_IN_TIME = ("RenewalMissed", "LapsesBeforeNextRun", "LapsesSoon", "RunningDown")
"""A renewal is awaited, as it was of what has lapsed below its cap: of a run that gave the last one nobody can say that
it succeeded and did not help."""
_IDLE_RUNS = 2
"""So many runs before the one at which a renewal is due show how often a job looks; one may be by hand."""
_OFTEN = 3
"""A job that looks so many times from one renewal to the next looks more often than it renews."""
_ENDED = {"FAILURE": "failed", "UNSTABLE": "is unstable", "ABORTED": "was aborted", "NOT_BUILT": "was not built"}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The last run of a renewal job that has ended, for the token; without a ``number`` when none is known.

    ``untold``: nothing tells for which token it was, so that it is shown and held against none. ``earlier``: the runs
    for the token before it, newest first, since its last renewal; ``others``: the URLs of those that were not for it.
    """

    job: str
    number: int | None = None
    result: str = ""
    started_ms: int = 0
    ended_ms: int = 0
    url: str = ""
    untold: bool = False
    disabled: bool = False
    earlier: tuple["Run", ...] = ()
    others: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The run as people know it; the job where none is known."""
        return shown_build(self.job, self.number)

    @property
    def words(self) -> str:
        """The job with its last run, as part of a sentence."""
        if self.disabled:
            return f"{shown_job(self.job)} (disabled)"
        if self.number is None or self.untold:
            return shown_job(self.job)
        said = "succeeded" if self.result == "SUCCESS" else _ENDED.get(self.result, f"ended as {self.result}")
        return f"{shown_job(self.job)} (#{self.number} {said})"


class Said(NamedTuple):
    """What the renewal job did, held against the token, and the number of the run that did it; empty: nothing."""

    words: str = ""
    number: int | None = None


class Blame(NamedTuple):
    """What a run of the renewal job says of the token, and which run that is."""

    verdict: Verdict
    url: str


def renewer(life: Life, run: Run | None) -> str:
    """Return who renews it, as part of a sentence: of a run that gave the last renewal only that none came after it."""
    if run is None:
        return shown_job(life.settings.renewal_job)
    idle = run.result == "SUCCESS" and not (run.disabled or run.untold or is_since(run, life))
    return f"{shown_job(run.job)} (no run has ended since #{run.number})" if idle else run.words


def is_since(run: Run, life: Life) -> bool:
    """Whether a run began after the last renewal, which it has not given."""
    return life.from_ms is not None and run.started_ms - life.skewed_from_ms > apart_ms(life)


def apart_ms(life: Life) -> int:
    """Return how far apart what Jenkins and Vault tell of one moment may be."""
    every_ms = life.every_ms or life.granted_ms
    return min(CLOCKS_MS, every_ms // 4) if every_ms else CLOCKS_MS


def of_job(life: Life, run: Run | None) -> Blame | None:
    """By the renewal job: it failed, or it succeeded and the token was not renewed by it.

    Only a run after the last renewal says anything, and only once the token was looked up after it. The newest that
    says anything counts: one that was aborted, or that is too young, or that succeeded before it had to renew, takes
    back nothing of those before it.
    """
    if run is None or run.untold or life.granted_ms is None:
        return None
    last = _telling(life, run)
    if last is None:
        return None
    if last.result in _BAD:
        message = f"{last.name} {_ENDED[last.result]}: it lapses at {life.when} unless a later run renews it"
        return Blame((Level.WARNING, "RenewalFailed", message), last.url)
    message = f"{last.name} succeeded and did not renew it: it lapses at {life.when}"
    return Blame((Level.WARNING, "NotRenewed", message), last.url)


def _telling(life: Life, run: Run) -> Run | None:
    """Return the newest run that is held against the token: it failed, or had to renew it and did not."""
    told = [each for each in (run, *run.earlier) if _tells(life, each)]
    for at, each in enumerate(told):
        if each.result in _BAD or (life.renewable and _had_to_renew(life, each, told[at + 1 :])):
            return each
    return None


def _had_to_renew(life: Life, run: Run, before: Sequence[Run]) -> bool:
    """Whether a run that succeeded had to renew the token; ``before``: those since the last renewal that came earlier.

    It had to if it ended after a renewal was due, and where nobody knows when one is. But one that was under way at
    that very moment may have looked a little too early where its job looks ``_OFTEN`` times as often as it renews: it
    had to only once the next look at that pace has not helped, or where the token does not live until then.
    """
    if life.due_ms is None or life.from_ms is None:
        return True
    due_ms, apart = life.due_ms - life.skew_ms, apart_ms(life)
    if run.ended_ms <= due_ms - apart:
        return False
    if run.started_ms > due_ms + apart or len(before) < _IDLE_RUNS:
        return True
    starts = [each.started_ms for each in (run, *before[:_IDLE_RUNS])]
    pace_ms = max(later - earlier for later, earlier in pairwise(starts))
    if pace_ms * _OFTEN > life.due_ms - life.from_ms + apart:
        return True
    next_ms = run.ended_ms + overdue_after_ms(pace_ms, apart)
    lapses_before = life.expire_ms is not None and life.expire_ms - life.skew_ms <= next_ms
    return lapses_before or life.our_seen_ms > next_ms


def _tells(life: Life, run: Run) -> bool:
    """Whether a run that came to a result did not renew it, as far as it was looked up since."""
    known = run.number is not None and run.result in (*_BAD, "SUCCESS")
    return known and is_since(run, life) and life.our_seen_ms > run.ended_ms + apart_ms(life)


def says(level: Level, reason: str, life: Life, run: Run | None) -> Said:
    """Hold the job against a token whose renewal or end is in trouble; nothing where it explains nothing."""
    if run is None or level not in TROUBLED or reason not in OF_ITS_TIME:
        return Said()
    if run.disabled:
        return Said(DISABLED, run.number)
    if run.untold or run.number is None:
        return Said()
    told = _telling(life, run) or next((each for each in (run, *run.earlier) if _tells(life, each)), None)
    last = told or run
    if last.result in _BAD:
        return Said(RED, last.number)
    renewed_ms = life.skewed_from_ms if life.from_ms is not None else 0
    if last.result != "SUCCESS" or last.ended_ms < renewed_ms - CLOCKS_MS:
        return Said(IDLE, last.number)
    awaited = reason in _NOT_IN_TIME or (reason == "Lapsed" and life.renewable and not life.at_cap)
    if told is None and awaited:
        # it may have renewed it just now, or gave the last renewal
        return Said() if is_since(last, life) else Said(IDLE, last.number)
    return Said(GREEN, last.number)
