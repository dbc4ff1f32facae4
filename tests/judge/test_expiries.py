"""Secret-ids and certificates: the time that is left, the uses, and their end."""

from typing import Any

import pytest

from statusdesk.config import CertificateSettings
from statusdesk.facts import Token
from statusdesk.judge.expiries import judge_expiry
from statusdesk.states import Level

DAY = 86_400_000
T0 = 1_800_000_000_000
SETTINGS = CertificateSettings(name="shop-tls", serial="39:dd")


def fact(**changes: Any) -> Token:
    fields: dict[str, Any] = {"kind": "certificate", "issue_ms": T0, "expire_ms": T0 + 90 * DAY, "seen_ms": T0}
    return Token(source="vault", name="shop-tls", **(fields | changes))


@pytest.mark.parametrize(
    ("seen", "after_days", "level", "reason"),
    [
        (fact(), 1, Level.OK, "Running"),
        (fact(), 77, Level.WARNING, "RunningDown"),
        (fact(), 88, Level.FAILING, "LapsesSoon"),
        (fact(), 90, Level.FAILING, "Lapsed"),
        (fact(expire_ms=T0 + 3 * DAY), 1, Level.OK, "Running"),  # short-lived: a third of its life
        (fact(expire_ms=T0 + 3 * DAY), 2.1, Level.WARNING, "RunningDown"),
        (fact(expire_ms=T0 + 3 * DAY), 2.8, Level.FAILING, "LapsesSoon"),
        (fact(gone=True), 1, Level.FAILING, "Gone"),
        (fact(kind="secret-id", expire_ms=None), 1, Level.OK, "NeverExpires"),
        (fact(kind="secret-id", expire_ms=None, num_uses=5), 1, Level.WARNING, "FewUses"),
        (fact(kind="secret-id", expire_ms=None, num_uses=1), 1, Level.FAILING, "FewUses"),
    ],
)
def test_verdict(seen: Token, after_days: float, level: Level, reason: str) -> None:
    state, again_ms = judge_expiry(seen, None, SETTINGS, T0 + int(after_days * DAY))
    assert (state.level, state.reason, state.kind) == (level, reason, seen.kind)
    if again_ms is not None:
        assert again_ms > T0 + after_days * DAY
        assert judge_expiry(seen, state, SETTINGS, again_ms)[0].reason != reason


def test_one_that_has_gone_keeps_its_times() -> None:
    before, _ = judge_expiry(fact(), None, SETTINGS, T0)
    state, _ = judge_expiry(fact(gone=True, expire_ms=None), before, SETTINGS, T0 + 91 * DAY)
    assert (state.expire_ms, state.message[:19]) == (T0 + 90 * DAY, "certificate expired")
