"""A token and the Jenkins job that renews it: job green and token dying, job red and token running out."""

from collections.abc import Iterable

import msgspec

from statusdesk.facts import Build
from statusdesk.judge.token_life import Life, Verdict
from statusdesk.states import TROUBLED, Level

CLOCKS_MS = 60_000
"""Jenkins and Vault tell their times by their own clocks, and a renewal comes somewhere within its run."""
GREEN, RED = "job green, token dying", "job red, token lapses"
DISABLED, IDLE = "job disabled", "job has not run"
_BAD = ("FAILURE", "UNSTABLE")
_ENDED = {"FAILURE": "failed", "UNSTABLE": "is unstable", "ABORTED": "was aborted", "NOT_BUILT": "was not built"}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The last run of a renewal job that has ended; without a ``number`` when none is known.

    ``given``: it had parameters, and so may have been for other tokens.
    """

    job: str
    number: int | None = None
    result: str = ""
    started_ms: int = 0
    ended_ms: int = 0
    url: str = ""
    given: bool = False
    disabled: bool = False

    @property
    def words(self) -> str:
        """The job with its last run, as part of a sentence."""
        if self.disabled:
            return f"{self.job} (disabled)"
        if self.number is None:
            return self.job
        said = "succeeded" if self.result == "SUCCESS" else _ENDED.get(self.result, f"ended as {self.result}")
        return f"{self.job} (#{self.number} {said})"


def last_run(job: str, builds: Iterable[Build], *, disabled: bool) -> Run:
    """Return the newest build that has ended, of all builds of a renewal job."""
    ended = [build for build in builds if not build.building and build.result]
    newest = max(ended, key=lambda build: build.number, default=None)
    if newest is None:
        return Run(job=job, disabled=disabled)
    return Run(
        job=job,
        number=newest.number,
        result=newest.result or "",
        started_ms=newest.started_ms,
        ended_ms=newest.started_ms + newest.duration_ms,
        url=newest.url,
        given=bool(newest.parameters),
        disabled=disabled,
    )


def of_job(life: Life, run: Run | None) -> Verdict | None:
    """By the renewal job: it failed, or it succeeded and the token was not renewed by it.

    Only a run after the last renewal says anything, and only once the token was looked up after it.
    """
    if run is None or run.number is None or life.from_ms is None or life.granted_ms is None:
        return None
    apart_ms = min(CLOCKS_MS, (life.every_ms or life.granted_ms) // 4)
    if run.started_ms - life.skewed_from_ms <= apart_ms or life.our_seen_ms <= run.ended_ms + apart_ms:
        return None
    if run.result in _BAD:
        message = f"{run.job} #{run.number} {_ENDED[run.result]}: it lapses at {life.when} unless a later run renews it"
        return Level.WARNING, "RenewalFailed", message
    if run.result == "SUCCESS" and not run.given and life.renewable:
        message = f"{run.job} #{run.number} succeeded and did not renew it: it lapses at {life.when}"
        return Level.WARNING, "NotRenewed", message
    return None


def says(level: Level, life: Life, run: Run | None) -> str:
    """Hold the job against a token that is not well; empty where it explains nothing."""
    if run is None or level not in TROUBLED:
        return ""
    if run.disabled:
        return DISABLED
    if run.result in _BAD:
        return RED
    renewed_ms = life.skewed_from_ms if life.from_ms is not None else 0
    if run.result == "SUCCESS" and run.ended_ms >= renewed_ms - CLOCKS_MS:
        return GREEN
    return IDLE if run.number is not None else ""
