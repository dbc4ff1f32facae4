"""What ``check`` says of tokens: of one that is there, held against what is judged of it; of one that is refused."""

import pytest

from collectors import vault_probe
from collectors.vault_api import POLICY
from statusdesk.clock import system_clock
from statusdesk.config import TokenSettings, VaultSettings
from statusdesk.facts import Token
from statusdesk.judge.token_life import life_of
from tests.collectors.recorded_vault import SECRET, RecordedVault, recorded
from tests.collectors.stage import Answer, staged
from tests.collectors.test_vault_refused import DENIED

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


@pytest.mark.parametrize("cut", [recorded("rate_limit_429"), Answer(500, b"{}")], ids=["limited", "broken"])
def test_what_mends_a_refusal_is_told_though_a_later_look_up_ends_the_visit(cut):
    vault = RecordedVault()
    vault.lookups = {"AAA": DENIED, "BBB": cut}
    tokens = tuple(
        TokenSettings(name=name, accessor=accessor) for name, accessor in (("a", "AAA"), ("b", "BBB"), ("c", "C"))
    )
    with staged(vault) as stage:
        settings = VaultSettings(address=stage.url, tokens=tokens, mount_caps=True)
        probes = {probe.what: probe for probe in vault_probe.probe_vault(settings, lambda: SECRET)}
    assert POLICY in probes["vault token a"].message
    assert list(probes)[-1] == "vault token b" and not probes["vault token b"].ok
