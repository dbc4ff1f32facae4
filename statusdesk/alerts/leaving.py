"""Alerts that end though nobody saw them well: what they are about is not configured any more, or has another name.

They are not over: it is said why they end. Where the same goes on under other labels (a renamed cluster, another
severity, an app that is called otherwise now) they end when that fires, and only who keeps an incident of theirs is
told; who has taken one has taken the other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from statusdesk.alerts.lifecycle import Life
from statusdesk.alerts.tuning import AHEAD, IN_PRODUCTION, OUTSIDE_TOO, Tuning
from statusdesk.states import Lasting, TokenState
from statusdesk.states_alerts import RENAMED, SWITCHED_OFF, AlertState

LEAVE_MS = 60_000
"""For so long, and the rule's ``for``, what hung on a source that has left may be told anew of a source that came."""

Lives = Mapping[str, Life]
Claimed = Mapping[str, Sequence[str]]
"""The fingerprints of what rows claim, by subject."""
Claims = Mapping[str, Mapping[str, AlertState]]
"""What is claimed, by fingerprint and subject."""
_Place = tuple[str, str, str, str]


class Ending(NamedTuple):
    """An alert that ends, why (empty: it does not leave any more), and what is taken by who has taken it."""

    fingerprint: str
    why: str
    heir: str = ""


class _Renaming(msgspec.Struct, frozen=True):
    """Of what an alert would be now (the kind and key of a row), and that in words."""

    subject: str
    words: str


class _Wait(msgspec.Struct, frozen=True):
    """Why an alert leaves (empty: it has other labels now), until when it waits, and what it has become.

    ``renamed``: what begins of that subject since ``since_ms`` is what it has become.
    """

    why: str
    until: int
    heirs: tuple[str, ...] = ()
    renamed: str = ""
    since_ms: int = 0


class Leaving:
    """The alerts that are about to end; ``stored``: the fingerprints of what there was before this process."""

    def __init__(self, tuning: Tuning, stored: Iterable[str]) -> None:
        self._tuning = tuning
        self.stored = frozenset(stored)
        self._gone_tokens: set[str] = set()
        self._renamed: dict[str, _Renaming] = {}  # by fingerprint
        self._waiting: dict[str, _Wait] = {}
        self._handed_on: list[tuple[str, str]] = []

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

    def renamed(self, fingerprints: Iterable[str], subject: str, words: str) -> None:
        """Note that what alerts were about is called otherwise: ``subject`` would claim them now."""
        self._renamed.update(dict.fromkeys(fingerprints, _Renaming(subject, words)))

    def stay(self, fingerprints: Iterable[str]) -> None:
        """Note that alerts are claimed: whatever they were about was called before."""
        if self._renamed:
            for each in fingerprints:
                self._renamed.pop(each, None)

    def restamp(self, step_ms: int) -> None:
        """Take note that the clock was set, and what begins from now on begins by that."""
        self._waiting = {each: replace(wait, since_ms=wait.since_ms + step_ms) for each, wait in self._waiting.items()}

    def takes(self, alert: AlertState, claimed: Claimed, claims: Claims, lives: Lives, t: int, now_ms: int) -> bool:
        """Whether an alert that nothing claims any more leaves, and is not over."""
        if alert.fingerprint in self._waiting:
            return True
        renaming = self._renamed.pop(alert.fingerprint, None)
        about = alert.subject if renaming is None else renaming.subject
        beside = claimed.get(about, ())
        # what began in this process began under these settings
        if renaming is None and not beside and alert.fingerprint not in self.stored:
            return False
        why = self._why(alert) if alert.fingerprint in self.stored else ""
        why = why or (renaming.words if renaming is not None else "")
        named = [each for each in beside if _of_row(claims[each][about], alert.namespace) == _of_row(alert)]
        heirs = tuple(each for each in named if each not in lives or _begun_ms(lives[each].alert) >= now_ms)
        if not (why or heirs):
            return False
        rule = self._tuning.of(alert.alertname, alert.stage)
        waits = rule is not None and (self._left_source(alert) or renaming is not None)
        waits_ms = LEAVE_MS + rule.for_ms if rule is not None and waits else 0
        renamed = about if renaming is not None else ""
        self._waiting[alert.fingerprint] = _Wait(why, t + waits_ms, heirs, renamed, now_ms)
        return True

    def ends(self, lives: Lives, claimed: Collection[str], t: int) -> list[Ending]:
        """Return those that end now, each with the reason; ``claimed``: the fingerprints of all that is bad now."""
        if not self._waiting:
            return []
        new: dict[_Place, list[str]] = {}
        for each, of_it in lives.items():
            if of_it.alert.state == "firing" and each not in self.stored:
                new.setdefault(_place(of_it.alert), []).append(each)
        found = []
        for fingerprint, wait in list(self._waiting.items()):
            life = lives.get(fingerprint)
            if life is None or fingerprint in claimed:
                ending = Ending(fingerprint, "")
            else:
                ended = self._ending(life.alert, wait, lives, claimed, new, t)
                if ended is None:
                    continue
                ending = ended
            del self._waiting[fingerprint]
            found.append(ending)
        self._handed_on += [(each.fingerprint, each.heir) for each in found if each.heir]
        return found

    def take_handed_on(self) -> list[tuple[str, str]]:
        """Return, once, what has ended taken, each with what it goes on as, by their fingerprints."""
        handed_on, self._handed_on = self._handed_on, []
        return handed_on

    def _ending(
        self,
        alert: AlertState,
        wait: _Wait,
        lives: Lives,
        claimed: Collection[str],
        new: Mapping[_Place, Sequence[str]],
        t: int,
    ) -> Ending | None:
        """Return how an alert ends, None while that is not known."""
        heirs = [each for each in wait.heirs if each in claimed]
        if wait.renamed:
            heirs += [each for each in _begun_of(wait, alert, lives) if each in claimed and each not in heirs]
        firing = [each for each in heirs if each in lives and lives[each].alert.state == "firing"]
        if not firing and self._left_source(alert):
            firing = list(new.get(_place(alert), ()))
        if firing:
            taken = alert.acked_by and len(firing) == 1 and not lives[firing[0]].alert.acked_by
            return Ending(alert.fingerprint, RENAMED, firing[0] if taken else "")
        return None if heirs or (wait.why and t < wait.until) else Ending(alert.fingerprint, wait.why)

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


def taken_as(alert: AlertState, other: AlertState) -> AlertState:
    """Return the alert as one that is taken by who has taken another one."""
    by, comment = other.acked_by, other.ack_comment
    return replace(alert, acked_by=by, acked_ms=other.acked_ms, ack_comment=comment, ack_until_ms=other.ack_until_ms)


def _begun_ms(alert: AlertState) -> int:
    return alert.pending_ms or alert.fired_ms or alert.started_ms


def _begun_of(wait: _Wait, alert: AlertState, lives: Lives) -> list[str]:
    """Return what has begun, since an alert waits, of the row that it would be about now."""
    of_row = [each for each in (life.alert for life in lives.values()) if each.subject == wait.renamed]
    abouts = {_of_row(alert)}
    if alert.alertname == AHEAD:  # it has arrived, as far as is known of the other app
        abouts.add((IN_PRODUCTION, *_of_row(alert)[1:]))
    same = [each for each in of_row if _of_row(each, alert.namespace) in abouts]
    return [each.fingerprint for each in same if _begun_ms(each) >= wait.since_ms]


def _of_row(alert: AlertState, inside: str = "") -> tuple[str, str, str]:
    """Return what tells the alerts of one row apart, whatever that is called.

    ``inside``: for which namespace it speaks too, where it is about none: what stops a job stops it for all.
    """
    return alert.alertname, alert.namespace or inside, alert.token


def _place(alert: AlertState) -> _Place:
    """Return what an alert is about but for its cluster, source and severity."""
    return alert.alertname, alert.namespace, alert.app, alert.token
