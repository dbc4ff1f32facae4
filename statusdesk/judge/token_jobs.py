"""A token and the Jenkins job that renews it: job green and token dying, job red and token running out."""

import msgspec

from statusdesk.job_names import shown_build, shown_job
from statusdesk.judge.token_life import Life, Verdict
from statusdesk.states import TROUBLED, Level

CLOCKS_MS = 60_000
"""Jenkins and Vault tell their times by their own clocks, and a renewal comes somewhere within its run."""
GREEN, RED = "job green, token dying", "job red, token lapses"
DISABLED, IDLE = "job disabled", "job has not run"
_BAD = ("FAILURE", "UNSTABLE")
_ENDED = {"FAILURE": "failed", "UNSTABLE": "is unstable", "ABORTED": "was aborted", "NOT_BUILT": "was not built"}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The last run of a renewal job that has ended, for the token; without a ``number`` when none is known.

    ``untold``: nothing tells for which token it was, so that it is shown and held against none.
    """

    job: str
    number: int | None = None
    result: str = ""
    started_ms: int = 0
    ended_ms: int = 0
    url: str = ""
    untold: bool = False
    disabled: bool = False

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


def of_job(life: Life, run: Run | None) -> Verdict | None:
    """By the renewal job: it failed, or it succeeded and the token was not renewed by it.

    Only a run after the last renewal says anything, and only once the token was looked up after it.
    """
    if run is None or run.number is None or run.untold or life.from_ms is None or life.granted_ms is None:
        return None
    apart_ms = min(CLOCKS_MS, (life.every_ms or life.granted_ms) // 4)
    if run.started_ms - life.skewed_from_ms <= apart_ms or life.our_seen_ms <= run.ended_ms + apart_ms:
        return None
    if run.result in _BAD:
        message = f"{run.name} {_ENDED[run.result]}: it lapses at {life.when} unless a later run renews it"
        return Level.WARNING, "RenewalFailed", message
    if run.result == "SUCCESS" and life.renewable:
        message = f"{run.name} succeeded and did not renew it: it lapses at {life.when}"
        return Level.WARNING, "NotRenewed", message
    return None


def says(level: Level, life: Life, run: Run | None) -> str:
    """Hold the job against a token that is not well; empty where it explains nothing."""
    if run is None or level not in TROUBLED:
        return ""
    if run.disabled:
        return DISABLED
    if run.untold:
        return ""
    if run.result in _BAD:
        return RED
    renewed_ms = life.skewed_from_ms if life.from_ms is not None else 0
    if run.result == "SUCCESS" and run.ended_ms >= renewed_ms - CLOCKS_MS:
        return GREEN
    return IDLE if run.number is not None else ""
