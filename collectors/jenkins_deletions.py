"""Builds that somebody has deleted in Jenkins: which are looked for again, and how they are told from rotated ones.

No request of a visit lists the builds of all jobs (that makes Jenkins read them all), so the builds that the picture
rests on are looked for one by one, few at a time: one that is a job's last build is in every visit's answer already.
A build that is not there was deleted, or it was rotated away with all that were older: then it stays what it was, since
what went to a namespace long ago is what it has. So the job is asked, once, which builds it still has.
"""

from collections.abc import Collection, Iterable, Mapping

from collectors.jenkins_ledger import BuildLedger, Key
from collectors.jenkins_wire import Remaining
from statusdesk.facts import Build

AT_ONCE = 30
OTHERS_AT_ONCE = 6
"""Of these so many at least are builds that went well, where there are any."""


class Deletions:
    """What was looked for and when, and what was not there. Not locked: its owner is."""

    def __init__(self) -> None:
        self._looked: dict[Key, int] = {}
        self._round = 0
        self._missed: dict[str, set[int]] = {}
        self._rotated: set[Key] = set()

    def next(self, ledger: BuildLedger, last: Mapping[str, int]) -> list[Key]:
        """Return the builds to look for now: those looked for longest ago, the newest of these first.

        ``last`` are the last builds of the jobs that a visit has just shown.
        """
        self._round += 1
        shown = {
            (build.job, build.number): build
            for build in ledger.shown()
            if build.job in last and last[build.job] != build.number
        }
        self._looked = {key: at for key, at in self._looked.items() if key in shown}
        self._rotated &= shown.keys()
        open_to_doubt = [build for key, build in shown.items() if key not in self._rotated]
        bad = self._in_turn(build for build in open_to_doubt if build.result != "SUCCESS")
        well = self._in_turn(build for build in open_to_doubt if build.result == "SUCCESS")
        bad = bad[: AT_ONCE - min(OTHERS_AT_ONCE, len(well))]
        chosen = [*bad, *well[: AT_ONCE - len(bad)]]
        self._looked.update(dict.fromkeys(chosen, self._round))
        return chosen

    def _in_turn(self, builds: Iterable[Build]) -> list[Key]:
        turn = sorted(builds, key=lambda b: (self._looked.get((b.job, b.number), 0), -b.started_ms, b.job, b.number))
        return [(build.job, build.number) for build in turn]

    def missed(self, key: Key) -> None:
        """Take that Jenkins has no such build."""
        self._missed.setdefault(key[0], set()).add(key[1])

    def take_missed(self) -> dict[str, frozenset[int]]:
        """Return, once, what was not there since the last call, by job."""
        missed, self._missed = self._missed, {}
        return {job: frozenset(numbers) for job, numbers in missed.items()}

    def deleted(self, job: str, known: Collection[int], missed: Collection[int], remaining: Remaining) -> set[int]:
        """Return which builds of a job were deleted; those ``missed`` that were not are not looked for again."""
        gone = deleted_among(known, missed, remaining)
        self._rotated.update((job, number) for number in missed if number not in gone)
        return gone

    def forget(self, job: str) -> None:
        """Forget a job that began anew."""
        self._missed.pop(job, None)
        self._looked = {key: at for key, at in self._looked.items() if key[0] != job}
        self._rotated = {key for key in self._rotated if key[0] != job}


def deleted_among(known: Collection[int], missed: Collection[int], remaining: Remaining) -> set[int]:
    """Return which of the ``known`` builds were deleted by hand, by what a job still has.

    Rotation takes the oldest, but for builds that are kept and the last good ones; so where an older one that nothing
    protects is still there, one that is missing was deleted. Source: ``hudson.tasks.LogRotator``.
    """
    if not remaining.is_readable:
        return set()
    builds = remaining.builds or []
    listed = {build.number for build in builds}
    if not listed:
        return set(known)
    last = (remaining.lastSuccessfulBuild, remaining.lastStableBuild)
    kept = {build.number for build in last if build is not None}
    oldest = [*builds, *([remaining.firstBuild] if remaining.firstBuild is not None else [])]
    floor = min((b.number for b in oldest if not b.keepLog and b.number not in kept), default=max(listed))
    whole = remaining.firstBuild is not None and remaining.firstBuild.number in listed
    lowest = floor if whole else max(floor, min(listed))
    gone = {number for number in known if lowest < number < max(listed) and number not in listed}
    return gone | {number for number in missed if number > floor and number not in listed}
