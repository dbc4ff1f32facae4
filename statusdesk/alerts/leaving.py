"""Alerts that end though nobody saw them well: the settings do not have any more what they are about.

They are not over: it is said why they end. Where the same goes on under other labels (a renamed cluster, another
severity) they end when that fires, and only who keeps an incident of theirs is told.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from statusdesk.alerts.lifecycle import Life
from statusdesk.alerts.tuning import OUTSIDE_TOO, Tuning
from statusdesk.states import Lasting, TokenState
from statusdesk.states_alerts import RENAMED, SWITCHED_OFF, AlertState

LEAVE_MS = 60_000
"""For so long, and the rule's ``for``, what hung on a source that has left may be told anew of a source that came."""

Lives = Mapping[str, Life]
_Place = tuple[str, str, str, str]


class _Wait(msgspec.Struct, frozen=True):
    """Why an alert leaves (empty: it has other labels now), until when it waits, and what it has become."""

    why: str
    until: int
    heirs: tuple[str, ...] = ()


class Leaving:
    """The alerts that are about to end; ``stored``: the fingerprints of what there was before this process."""

    def __init__(self, tuning: Tuning, stored: Iterable[str]) -> None:
        self._tuning = tuning
        self.stored = frozenset(stored)
        self._gone_tokens: set[str] = set()
        self._waiting: dict[str, _Wait] = {}

    @property
    def waiting(self) -> Collection[str]:
        """The fingerprints of those that have not ended yet."""
        return self._waiting.keys()

    @property
    def next_due(self) -> int | None:
        """The ``t`` at which the next of them ends, whatever comes."""
        return min((each.until for each in self._waiting.values() if each.why), default=None)

    def see(self, row: Lasting) -> None:
        """Note which tokens have left: whatever becomes of one in Vault, it is there while it is configured."""
        if isinstance(row, TokenState):
            (self._gone_tokens.discard if row.until_ms is None else self._gone_tokens.add)(f"TokenState:{row.key}")

    def takes(self, alert: AlertState, claims: Sequence[AlertState], lives: Lives, t: int, now_ms: int) -> bool:
        """Whether an alert that nothing claims any more leaves, and is not over; ``claims``: what its row claims."""
        if alert.fingerprint in self._waiting:
            return True
        why = self._why(alert) if alert.fingerprint in self.stored else ""
        named = [each.fingerprint for each in claims if _place(each, alert.namespace) == _place(alert)]
        heirs = tuple(each for each in named if each not in lives or _begun_ms(lives[each].alert) >= now_ms)
        if not (why or heirs):
            return False
        rule = self._tuning.of(alert.alertname, alert.stage)
        waits_ms = LEAVE_MS + rule.for_ms if rule is not None and self._left_source(alert) else 0
        self._waiting[alert.fingerprint] = _Wait(why, t + waits_ms, heirs)
        return True

    def ends(self, lives: Lives, claimed: Collection[str], t: int) -> list[tuple[str, str]]:
        """Return those that end now, each with the reason; one without a reason does not leave any more.

        ``claimed``: the fingerprints of all that is bad now.
        """
        if not self._waiting:
            return []
        new = {
            _place(life.alert)
            for fingerprint, life in lives.items()
            if life.alert.state == "firing" and fingerprint not in self.stored
        }
        found = []
        for fingerprint, wait in list(self._waiting.items()):
            life = lives.get(fingerprint)
            stays = life is None or fingerprint in claimed
            ended_by = "" if life is None or stays else self._ended_by(life.alert, wait, lives, claimed, new, t)
            if ended_by is not None:
                del self._waiting[fingerprint]
                found.append((fingerprint, ended_by))
        return found

    def _ended_by(
        self, alert: AlertState, wait: _Wait, lives: Lives, claimed: Collection[str], new: Collection[_Place], t: int
    ) -> str | None:
        """Return why an alert ends, empty when it does not leave any more, None while that is not known."""
        heirs = [lives[each].alert.state if each in lives else "" for each in wait.heirs if each in claimed]
        if "firing" in heirs or (self._left_source(alert) and _place(alert) in new):
            return RENAMED
        return None if heirs or (wait.why and t < wait.until) else wait.why

    def _why(self, alert: AlertState) -> str:
        if source := self._left_source(alert):
            return f"{source} is not configured any more"
        inside = alert.alertname not in OUTSIDE_TOO and alert.cluster and alert.namespace and alert.stage
        if inside and not self._tuning.stage_of(alert.cluster, alert.namespace):
            return "its namespace belongs to no stage any more"
        if self._tuning.of(alert.alertname, alert.stage) is None:
            return SWITCHED_OFF
        return "it is not configured any more" if alert.subject in self._gone_tokens else ""

    def _left_source(self, alert: AlertState) -> str:
        """Return the source that an alert hangs on, or is about, when it is not configured any more."""
        named = alert.hangs_on or ((alert.source,) if alert.source else ())
        wholes = [each.partition("#")[0] for each in named]
        return next((each for each in wholes if each not in self._tuning.sources), "")


def _begun_ms(alert: AlertState) -> int:
    return alert.pending_ms or alert.fired_ms or alert.started_ms


def _place(alert: AlertState, inside: str = "") -> _Place:
    """Return what an alert is about but for its cluster, source and severity.

    ``inside``: for which namespace it speaks too, where it is about none: what stops a job stops it for all.
    """
    return alert.alertname, alert.namespace or inside, alert.app, alert.token
