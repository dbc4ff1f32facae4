"""What ``check`` says of a token that is there, held against what is judged of it."""

import pytest

from collectors import vault_probe
from statusdesk.clock import system_clock
from statusdesk.config import TokenSettings
from statusdesk.facts import Token
from statusdesk.judge.token_life import life_of

HOUR, POLL_S = 3_600_000, 30.0


@pytest.mark.parametrize(
    ("ago_h", "said", "late"),
    [
        (1, ", renewed every 8h: survives 2 missed runs", False),
        (9.5, ", renewed every 8h: survives 2 missed runs", False),
        (10.5, ", renewed every 8h, missed once: survives 1 more missed run", True),
        (21.85, ", renewed every 8h, missed 2 times: survives 0 more missed runs", True),
    ],
)
def test_check_and_status_count_the_same_missed_runs(ago_h, said, late):
    now_ms = system_clock()
    renewed_ms = now_ms - round(ago_h * HOUR)
    token = Token(
        source="vault", name="payments", issue_ms=renewed_ms - 90 * HOUR, last_renewal_ms=renewed_ms,
        expire_ms=renewed_ms + 24 * HOUR, renewable=True,
    )  # fmt: skip
    settings = TokenSettings(name="payments", accessor="a", renew_every_s=28_800.0)
    probe = vault_probe._there(token, settings, "vault token payments", round(POLL_S * 1000))
    assert probe.message.endswith(said) and (probe.ok, probe.warns) == (not late, late)
    life = life_of(token, "vault/payments", settings, [], now_ms, skew_ms=0, poll_s=POLL_S)
    assert f"survives {life.survives} " in said and (life.missed > 0) is late
