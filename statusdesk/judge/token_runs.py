"""Of all runs of a renewal job the one that is held against a token: the last that was for it."""

from collections.abc import Callable, Sequence

from statusdesk.config import TokenSettings
from statusdesk.facts import Build
from statusdesk.judge.token_jobs import CLOCKS_MS, Run
from statusdesk.renewals import For, run_was_for, telling

SHOWN_BY = 3
"""So many runs in a row that renewed a token show that the runs of a job are for it, where nothing else tells."""


def last_run(
    token: TokenSettings,
    others: Sequence[TokenSettings],
    builds: Sequence[Build],
    renewed_ms: Callable[[], Sequence[int]],
    *,
    disabled: bool,
) -> Run:
    """Return the newest build that has ended and was for a token; ``others`` are the other tokens of its job.

    ``renewed_ms`` looks up when it was renewed, in our clock; that is what tells where the builds tell nothing. Where
    no build was for it, the newest that may have been is returned as ``untold``.
    """
    ended = sorted((each for each in builds if not each.building and each.result), key=lambda each: -each.number)
    names = telling(ended)
    for_whom = {build.number: run_was_for(build, token, others, names) for build in ended}
    counted = {For.MINE}
    if For.UNTOLD in for_whom.values() and _renews_always(token, ended, renewed_ms()):
        counted.add(For.UNTOLD)
    mine = next((build for build in ended if for_whom[build.number] in counted), None)
    newest = mine or next((build for build in ended if for_whom[build.number] is For.UNTOLD), None)
    if newest is None:
        return Run(job=token.renewal_job, disabled=disabled)
    return Run(
        job=token.renewal_job,
        number=newest.number,
        result=newest.result or "",
        started_ms=newest.started_ms,
        ended_ms=newest.started_ms + newest.duration_ms,
        url=newest.url,
        untold=mine is None,
        disabled=disabled,
    )


def _renews_always(token: TokenSettings, ended: Sequence[Build], renewed_ms: Sequence[int]) -> bool:
    """Tell whether each of the last runs until its last renewal renewed the token; ``ended`` are newest first."""
    every_s = token.renew_every_s
    apart_ms = min(CLOCKS_MS, round(every_s * 250)) if every_s is not None else CLOCKS_MS
    last_ms = max(renewed_ms, default=0)
    until = [each for each in ended if each.result == "SUCCESS" and each.started_ms <= last_ms + apart_ms]
    renewals = set()
    for run in until[:SHOWN_BY]:
        end_ms = run.started_ms + run.duration_ms
        renewals.add(next((ms for ms in renewed_ms if run.started_ms - apart_ms <= ms <= end_ms + apart_ms), None))
    return len(renewals) == SHOWN_BY and None not in renewals
