"""Silences: which alert which of them matches, and when the next begins or ends."""

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec.structs import replace

from statusdesk.states_alerts import BUILD_FAILED, AlertState, Matcher, Silence

MATCHABLE = ("alertname", "severity", "cluster", "namespace", "app", "source", "token")
_STEP_MS = 60_000
_KEPT_MS = 86_400_000
"""What is over stays known for so long: its id is not to be used again at once."""
_PART = re.compile(r"(?:[\w/:@ -]|\\[.\-/]|\.\*)*")
_MOST_WILDCARDS = 3


def pattern_problem(pattern: str) -> str:
    """Return what is wrong with the pattern of a matcher.

    Only alternatives of plain texts with ``.*`` are taken: Alertmanager understands them in the same way, and none of
    them can keep a collector busy for ever.
    """
    for part in pattern.split("|"):
        if not _PART.fullmatch(part) or part.count(".*") > _MOST_WILDCARDS:
            return f"{part!r} is not taken: only plain texts, \\. for a dot, .* for anything, and | between them"
    return ""


def matches(matchers: Iterable[Matcher], alert: AlertState) -> bool:
    """Return whether all conditions hold for an alert; a label that it has not is empty.

    A workload that is not called as its app has two names, ``site/web`` and ``site``; a failed build that of its job
    and that of its app.
    """
    for matcher in matchers:
        values = [getattr(alert, matcher.name, "") if matcher.name in MATCHABLE else ""]
        if matcher.name == "app" and alert.app_name:
            values.append(alert.app_name)
        if any(_meets(value, matcher) for value in values) is not matcher.is_equal:
            return False
    return True


def by_labels(matchers: tuple[Matcher, ...]) -> list[tuple[Matcher, ...]]:
    """Return the conditions for who has only the labels: an alert is meant for which all of one of these hold.

    What holds for an app holds for its workloads (``site/web``) in the clusters; elsewhere a slash is one of a job in
    a folder (``site/deploy-payments``). Which app a failed build is for no label says: one that is meant by that, or
    for not being that of an app, is not among these.
    """
    named = [each for each in matchers if each.name == "app" and each.value]
    inside = tuple(_with_workloads(each) if each in named else each for each in matchers)
    elsewhere = matchers
    if not all(each.is_equal for each in named):
        elsewhere += (Matcher("alertname", BUILD_FAILED, is_equal=False),)
    if inside == elsewhere:
        return [matchers]
    clusters = [each for each in matchers if each.name == "cluster"]
    found = [(*inside, Matcher("cluster", "", is_equal=False))] if Matcher("cluster", "") not in clusters else []
    return [*found, (*elsewhere, Matcher("cluster", ""))] if hold_for(clusters, {}) else found


def parts_of(silence: Silence) -> dict[str, tuple[Matcher, ...]]:
    """Return what a silence is for who has only the labels, by name: one part in clusters, one elsewhere, or one."""
    return {
        f"{silence.id}{where}": matchers
        for matchers, where in zip(by_labels(silence.matchers), ("", " elsewhere"), strict=False)
    }


def own_part(silence_id: str, alert: AlertState) -> str:
    """Return how the part of a silence is named that is about one alert, which no other part of it is about."""
    return f"{silence_id} {alert.fingerprint}"


def parts_about(alert: AlertState, silences: Iterable[Silence], now_ms: int) -> set[str]:
    """Return, by name, all parts by which one that is taken or silenced is silent where only labels are known."""
    names = {alert.fingerprint} if alert.acked_by else set()
    for silence in silences:
        if not silence.active(now_ms):
            continue
        held = {name for name, matchers in parts_of(silence).items() if hold_for(matchers, alert.labels)}
        if not held and silence.id == alert.silenced_by and not alert.acked_by:
            held = {own_part(silence.id, alert)}
        names |= held
    return names


def hold_for(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Return whether all conditions hold for these labels and no other names, as an Alertmanager has it."""
    return all(_is_met(labels.get(each.name, ""), each) is each.is_equal for each in matchers)


def _with_workloads(matcher: Matcher) -> Matcher:
    """Return the condition for an app as one for its workloads too; no name of a workload holds a slash."""
    if not matcher.is_regex:
        if "/" in matcher.value:
            return matcher
        return replace(matcher, value=f"({matcher.value.translate(_ESCAPED)})(/.*)?", is_regex=True)
    apps = [each.replace(".*", "[^/]*") for each in matcher.value.split("|") if "/" not in each]
    return replace(matcher, value=f"{matcher.value}|({'|'.join(apps)})/.*") if apps else matcher


_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in r"\.+*?()|[]{}^$"})


def _meets(value: str, matcher: Matcher) -> bool:
    return not (matcher.is_regex and pattern_problem(matcher.value)) and _is_met(value, matcher)


def _is_met(value: str, matcher: Matcher) -> bool:
    return re.fullmatch(matcher.value, value) is not None if matcher.is_regex else value == matcher.value


class _Condition(Protocol):
    @property
    def value(self) -> str: ...
    @property
    def is_regex(self) -> bool: ...
    @property
    def is_equal(self) -> bool: ...


def matches_everything(matchers: Iterable[_Condition]) -> bool:
    """Return whether no condition asks for a label that has a value: such a silence would let nobody be told again."""
    return all(not each.is_equal or not each.value or (each.is_regex and _takes_all(each.value)) for each in matchers)


def _takes_all(pattern: str) -> bool:
    """Whether a pattern is met by an empty label, too: such a condition alone is refused by Alertmanager."""
    try:
        return re.fullmatch(pattern, "") is not None
    except re.error:
        return False


class Mutes:
    """The silences of one collector."""

    def __init__(self, silences: Iterable[Silence]) -> None:
        self._silences = {silence.id: silence for silence in silences}
        self._looked_ms: int | None = None
        self._next_ms: int | None = None

    def put(self, silence: Silence) -> None:
        """Take a silence, new or changed."""
        self._silences[silence.id] = silence
        self._looked_ms = None

    def expire(self, silence_id: str, now_ms: int) -> Silence | None:
        """End a silence early and return it; None when there is none, or it has ended already."""
        found = self._silences.get(silence_id)
        if found is None or found.expired_ms is not None or found.ends_ms <= now_ms:
            return None
        ended = replace(found, expired_ms=now_ms)
        self.put(ended)
        return ended

    def find(self, silence_id: str) -> Silence | None:
        """Return a silence."""
        return self._silences.get(silence_id)

    def silenced_by(self, alert: AlertState, now_ms: int) -> str:
        """Return the id of a silence that holds for an alert now, empty when none does."""
        if not self._silences:
            return ""
        holding = [each.id for each in self._silences.values() if each.active(now_ms) and matches(each.matchers, alert)]
        return min(holding, default="")

    def due(self, now_ms: int) -> bool:
        """Whether a silence has begun, ended or changed since the last call, or the clock was set."""
        if self._looked_ms is not None and 0 <= now_ms - self._looked_ms < _STEP_MS:
            reached = self._next_ms is not None and now_ms >= self._next_ms
            if not reached:
                return False
        self._looked_ms = now_ms
        self._silences = {key: each for key, each in self._silences.items() if each.ends_ms > now_ms - _KEPT_MS}
        self._next_ms = self.next_ms(now_ms)
        return True

    def next_ms(self, now_ms: int) -> int | None:
        """Return when the next silence begins or ends."""
        alive = [silence for silence in self._silences.values() if silence.expired_ms is None]
        moments = [moment for silence in alive for moment in (silence.starts_ms, silence.ends_ms)]
        return min((moment for moment in moments if moment > now_ms), default=None)
