"""When each token is to be looked up next: often near its end, seldom far from it."""

from collections.abc import Iterable, Mapping, Sequence

from collectors.vault_items import Item
from statusdesk.config import VaultSettings
from statusdesk.facts import Token

LEFT_SHARE = 32
EVERY_SHARE = 8
"""A look at each so-manieth part of what is left, and of the interval of renewals, so that none is told late."""


class Agenda:
    """The moments at which what is watched is due, for one thread (``all_due`` may come from another)."""

    def __init__(self, settings: VaultSettings) -> None:
        self._least_ms = round(settings.interval_s * 1000)
        self._most_ms = max(self._least_ms, round(settings.slow_interval_s * 1000))
        self._every_ms = {each.name: each.renew_every_s * 1000 for each in settings.tokens if each.renew_every_s}
        self._due_ms: dict[str, int] = {}
        self._all = True
        self._wanted: set[str] = set()

    def all_due(self) -> None:
        """Let everything be looked up at the next visit; what this does not come to, at the one after it."""
        self._all = True

    def soon(self, name: str) -> None:
        """Let one be looked up at the next visit; it stays one that was answered before."""
        if name in self._due_ms:
            self._due_ms[name] = 0

    def due(self, items: Sequence[Item], now_ms: int) -> list[Item]:
        """Return what is to be looked up now, what has waited longest first; the clock may have been set back.

        So a sweep that was cut short goes on with what it did not come to.
        """
        if self._all:
            self._all = False
            self._wanted = {item.name for item in items}
        far_ms = now_ms + 2 * self._most_ms
        due = []
        for item in items:
            due_ms = self._due_ms.get(item.name, 0)
            if due_ms > far_ms:
                due_ms = 0
            if due_ms <= now_ms or item.name in self._wanted:
                due.append((due_ms, item))
        return [item for _, item in sorted(due, key=lambda each: each[0])]

    def answered(self, found: Mapping[str, object], now_ms: int) -> None:
        """Take note of what was answered; a token that is not there, or failed, is asked again at the next visit."""
        self._wanted.difference_update(found)
        for name, each in found.items():
            wait_ms = self._wait_ms(name, each, now_ms) if isinstance(each, Token) else 0
            # half an interval early: visits are jittered, and one that comes a little early would leave it out
            self._due_ms[name] = now_ms + max(0, wait_ms - self._least_ms // 2)

    def knows_all(self, items: Iterable[Item]) -> bool:
        """Tell whether each was answered at least once."""
        return all(item.name in self._due_ms for item in items)

    def _wait_ms(self, name: str, token: Token, now_ms: int) -> int:
        if token.gone or token.expire_ms is None:
            return self._most_ms
        if token.num_uses:
            return self._least_ms  # how many are left may change at any moment
        wait_ms = (token.expire_ms - now_ms) / LEFT_SHARE
        if name in self._every_ms:
            wait_ms = min(wait_ms, self._every_ms[name] / EVERY_SHARE)
        return int(min(self._most_ms, max(self._least_ms, wait_ms)))


def is_half_over(own: Token, now_ms: int) -> bool:
    """Tell whether half of what the last renewal gave to our own token has passed."""
    from_ms = own.last_renewal_ms if own.last_renewal_ms is not None else own.issue_ms
    if not own.renewable or own.expire_ms is None or from_ms is None:
        return False
    return now_ms - from_ms > (own.expire_ms - from_ms) / 2
