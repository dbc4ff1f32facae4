"""The collector against a real OpenBao: every kind of token, every refusal of ours, sealed and unsealed."""

import pytest
from msgspec.structs import replace

from collectors.vault_api import (
    CAPABILITIES_RULE,
    LOOKUP_RULE,
    LOOKUP_SELF_RULE,
    POLICY,
    RENEW_SELF_RULE,
    policy_line,
)
from collectors.vault_probe import probe_vault
from collectors.vault_tokens import OWN_NAME, THREADS
from statusdesk.clock import system_clock
from statusdesk.config import CertificateSettings, SecretIdSettings, TokenSettings, VaultSettings
from tests.collectors.openbao_server import ROOT_TOKEN
from tests.collectors.stage import eventually
from tests.collectors.vault_watch import Watched

HOUR_MS = 3_600_000


@pytest.fixture
def ours(bao):
    """Our own token, with exactly the policy that we ask for."""
    bao.policy("statusdesk", POLICY)
    options = {"policies": ["statusdesk"], "no_default_policy": True, "period": "24h"}
    token, _ = bao.create(**options, display_name="statusdesk")
    return token


def test_the_least_policy_is_enough_and_our_own_token_comes_first(bao, ours):
    _, accessor = bao.create(ttl="1h", display_name="billing")
    with Watched(bao.address, ours, {"billing": accessor}) as watched:
        assert watched.visits()[0].ok
        assert watched.visits()[0].detail.startswith("Vault 2")
        assert watched.parts() == []
        own, billing = watched.sweeps()[0].facts
        assert (own.name, own.own, own.period_s, own.root) == (OWN_NAME, True, 86400, False)
        assert (billing.name, billing.accessor_tail) == ("billing", accessor[-6:])
        assert (billing.renewable, billing.orphan, billing.type) == (True, True, "service")
        assert billing.display_name == "token-billing"
        assert billing.path == "auth/token/create-orphan"
        assert billing.last_renewal_ms is None
        assert abs(billing.expire_ms - billing.issue_ms - HOUR_MS) < 2000
        assert abs(billing.issue_ms - system_clock()) < 10_000
        health = watched.health()
        assert (health.initialized, health.sealed, health.standby) == (True, False, False)
        assert abs(health.skew_ms) < 2000


def test_kinds_of_tokens(bao, ours):
    kinds = {
        "periodic": {"period": "30m"},
        "capped": {"ttl": "1h", "explicit_max_ttl": "2h"},
        "not renewable": {"ttl": "1h", "renewable": False},
        "few uses": {"ttl": "1h", "num_uses": 5},
    }
    accessors = {name: bao.create(**options)[1] for name, options in kinds.items()}
    accessors["root"] = bao.call("POST", "auth/token/create", {})["auth"]["accessor"]
    with Watched(bao.address, ours, accessors) as watched:
        tokens = watched.tokens()
        assert tokens["periodic"].period_s == 1800
        assert (tokens["capped"].explicit_max_s, tokens["capped"].period_s) == (7200, None)
        assert not tokens["not renewable"].renewable
        assert tokens["few uses"].num_uses == 5
        assert (tokens["root"].expire_ms, tokens["root"].root, tokens["root"].gone) == (None, True, False)


def test_a_renewal_is_seen(bao, ours):
    _, accessor = bao.create(ttl="1h")
    with Watched(bao.address, ours, {"billing": accessor}) as watched:
        before = watched.tokens()["billing"]
        bao.renew(accessor)
        watched.visit()
        after = watched.tokens()["billing"]
        assert before.last_renewal_ms is None
        assert after.last_renewal_ms >= before.issue_ms
        assert after.expire_ms >= before.expire_ms


def test_a_revoked_token_is_gone_at_the_second_look_with_its_last_times(bao, ours):
    _, accessor = bao.create(ttl="1h")
    with Watched(bao.address, ours, {"billing": accessor}) as watched:
        before = watched.tokens()["billing"]
        bao.revoke(accessor)
        watched.visit()
        once = watched.tokens()["billing"]
        assert once.unknown_ms >= before.seen_ms and replace(once, unknown_ms=None) == before
        assert watched.visit().ok
        gone = watched.tokens()["billing"]
        assert gone.gone
        assert (gone.expire_ms, gone.accessor_tail) == (before.expire_ms, accessor[-6:])


def test_an_expired_token_is_gone(bao, ours):
    _, accessor = bao.create(ttl="1s")
    with Watched(bao.address, ours, {"short": accessor}) as watched:
        eventually(lambda: watched.visit() and watched.tokens()["short"].gone)
        assert watched.tokens()["short"].expire_ms <= system_clock()


def test_a_token_used_up_is_gone(bao, ours):
    token, accessor = bao.create(ttl="1h", num_uses=2)
    with Watched(bao.address, ours, {"uses": accessor}) as watched:
        bao.use(token)
        watched.visit()
        assert watched.tokens()["uses"].num_uses == 1
        bao.use(token)
        eventually(lambda: watched.visit() and watched.tokens()["uses"].gone)


def test_an_accessor_never_seen_is_asked_twice_in_the_first_visit(bao, ours):
    _, accessor = bao.create(ttl="1h")
    with Watched(bao.address, ours, {"there": accessor, "wrong": "no-such-accessor"}) as watched:
        assert watched.visits()[0].ok
        wrong = watched.tokens()["wrong"]
        assert (wrong.gone, wrong.expire_ms, wrong.accessor_tail) == (True, None, "cessor")
        assert not watched.tokens()["there"].gone


def test_without_the_policy_the_tokens_are_told_as_not_known_and_one_banner_says_why(bao):
    bao.policy("self-only", LOOKUP_SELF_RULE)
    token, _ = bao.create(policies=["self-only"], no_default_policy=True)
    _, accessor = bao.create(ttl="1h")
    with Watched(bao.address, token, {"billing": accessor}) as watched:
        (visit,) = watched.visits()
        assert (visit.ok, visit.problem) == (False, "Forbidden")
        assert LOOKUP_RULE in visit.message
        assert watched.tokens()["billing"].problem and watched.tokens()["billing"].seen_ms is None
        assert watched.parts() == []
        bao.policy("self-only", POLICY)
        assert watched.visit().ok
        assert watched.tokens()["billing"].expire_ms


def test_a_policy_without_lookup_self_leaves_the_others(bao):
    bao.policy("others-only", LOOKUP_RULE)
    token, _ = bao.create(policies=["others-only"], no_default_policy=True)
    _, accessor = bao.create(ttl="1h")
    with Watched(bao.address, token, {"billing": accessor}) as watched:
        assert watched.parts() == [(OWN_NAME, False, "Forbidden")]
        assert list(watched.tokens()) == ["billing"]
        bao.policy("others-only", POLICY)
        watched.visit()
        assert watched.parts()[-1] == (OWN_NAME, True, "")
        assert list(watched.tokens()) == [OWN_NAME, "billing"]


def test_a_policy_that_pins_accessors_refuses_only_the_one_it_does_not_name(bao):
    _, one = bao.create(ttl="1h")
    _, two = bao.create(ttl="1h")
    pinned = POLICY.replace('"accessor" = []', f'"accessor" = ["{one}"]')
    bao.policy("pinned", pinned)
    token, _ = bao.create(policies=["pinned"], no_default_policy=True)
    with Watched(bao.address, token, {"one": one, "two": two}) as watched:
        assert watched.visits()[0].ok
        assert watched.parts() == [("two", False, "Forbidden")]
        tokens = watched.tokens()
        assert {name: bool(token.problem) for name, token in tokens.items()} == {
            OWN_NAME: False,
            "one": False,
            "two": True,
        }


def test_our_own_token_revoked_is_unauthorized_and_a_new_one_is_taken(bao, ours):
    token, accessor = bao.create(policies=["statusdesk"], no_default_policy=True)
    _, watched_accessor = bao.create(ttl="1h")
    with Watched(bao.address, token, {"billing": watched_accessor}) as watched:
        bao.revoke(accessor)
        visit = watched.visit()
        assert (visit.ok, visit.problem) == (False, "Unauthorized")
        assert token not in visit.message
        watched.token = ours
        assert watched.visit().ok


@pytest.mark.parametrize("token", ["", "hvs.thisIsNoTokenAtAllButLooksLikeOne"])
def test_a_bad_token_of_our_own(bao, token):
    with Watched(bao.address, token, {"billing": "x"}) as watched:
        (visit,) = watched.visits()
        assert visit.problem == ("Unauthorized" if token else "Misconfigured")
        assert not token or token not in visit.message
        assert watched.sweeps() == []


def test_the_operators_own_token_is_never_taken(bao, monkeypatch, tmp_path):
    monkeypatch.setenv("VAULT_TOKEN", ROOT_TOKEN)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".vault-token").write_text(ROOT_TOKEN)
    with Watched(bao.address, None, {"billing": "x"}) as watched:
        assert watched.visits()[0].problem == "Misconfigured"
    with Watched(bao.address, None) as watched:
        assert watched.visits()[0].ok
        assert watched.sweeps() == []


def test_many_tokens_are_looked_up_by_several_threads_and_told_in_the_order_of_the_settings(bao, ours):
    accessors = {f"token-{number:02}": bao.create(ttl="1h")[1] for number in range(30)}
    with Watched(bao.address, ours, accessors) as watched:
        assert list(watched.tokens()) == [OWN_NAME, *accessors]
        assert len(watched.collector._apis) == THREADS
        for name, accessor in accessors.items():
            assert watched.tokens()[name].accessor_tail == accessor[-6:]


def test_sealed_and_unsealed(bao, ours):
    _, accessor = bao.create(ttl="1h")
    with Watched(bao.address, ours, {"billing": accessor}) as watched:
        bao.seal()
        try:
            visit = watched.visit()
            assert (visit.ok, visit.problem) == (False, "Sealed")
            assert "unseal it" in visit.message
            assert watched.health().sealed
            assert len(watched.sweeps()) == 1
            (probe,) = probe_vault(VaultSettings(address=bao.address), lambda: ours)
            assert not probe.ok
            assert "sealed" in probe.message
        finally:
            bao.unseal()
        assert watched.visit().ok
        assert not watched.tokens()["billing"].gone


def test_probes_tell_the_policy_to_add(bao, ours):
    _, accessor = bao.create(ttl="2h")
    billing = TokenSettings(name="billing", accessor=accessor, renew_every_s=1800.0)
    tokens = (billing, TokenSettings(name="lost", accessor="nowhere"))
    settings = VaultSettings(address=bao.address, tokens=tokens)
    probes = {probe.what: probe for probe in probe_vault(settings, lambda: ours)}
    assert [what for what, probe in probes.items() if not probe.ok] == ["vault token lost"]
    assert probes["vault token billing"].message.startswith("expires in 1h 59m")
    assert probes["vault token billing"].message.endswith(", renewed every 30m: survives 3 missed runs")
    bao.policy("nothing", LOOKUP_SELF_RULE)
    token, _ = bao.create(policies=["nothing"], no_default_policy=True)
    refused = {probe.what: probe for probe in probe_vault(settings, lambda: token)}["vault token billing"]
    assert not refused.ok
    assert POLICY in refused.message
    root = {probe.what: probe for probe in probe_vault(settings, lambda: ROOT_TOKEN)}["vault token"]
    assert not root.ok
    assert "root token" in root.message


SECRET_ID_RULE = policy_line("auth/approle/role/billing/secret-id-accessor/lookup", "update")
TUNE_RULE = policy_line("sys/mounts/auth/token/tune", "read")


def test_probes_try_what_else_is_configured_and_tell_the_policy_line_that_is_missing(bao):
    """Secret-ids, certificates and the caps of mounts are read, and renewing is only asked about."""
    _, accessor = bao.create(ttl="2h")
    settings = VaultSettings(
        address=bao.address,
        renew_own=True,
        mount_caps=True,
        tokens=(TokenSettings(name="billing", accessor=accessor),),
        secret_ids=(SecretIdSettings(name="shop", role="billing", accessor="00000000-1347"),),
        certificates=(CertificateSettings(name="web", serial="39:dd:2e", mount="nowhere"),),
    )

    def probed(*rules):
        bao.policy("probing", "\n".join((POLICY, *rules)))
        token, own_accessor = bao.create(policies=["probing"], no_default_policy=True, period="24h")
        probes = {probe.what: probe for probe in probe_vault(settings, lambda: token)}
        own = bao.call("POST", "auth/token/lookup-accessor", {"accessor": own_accessor})["data"]
        assert "last_renewal" not in own, "nothing is ever renewed by looking"
        return probes

    least = probed()
    assert least["vault token billing"].ok
    for what, rule, warns in (
        ("vault secret-id shop", SECRET_ID_RULE, False),
        ("vault mount_caps token", TUNE_RULE, True),
        ("vault renew_own", RENEW_SELF_RULE, True),
    ):
        assert (least[what].ok, least[what].warns) == (False, warns) and rule in least[what].message, least[what]
        assert LOOKUP_RULE not in least[what].message
    assert not least["vault certificate web"].ok
    told = probed(CAPABILITIES_RULE)["vault renew_own"]
    assert (told.ok, told.warns) == (False, False) and told.message.endswith(RENEW_SELF_RULE)
    allowed = probed(CAPABILITIES_RULE, RENEW_SELF_RULE, SECRET_ID_RULE, TUNE_RULE)
    assert allowed["vault renew_own"].ok
    assert allowed["vault mount_caps token"].message == "auth/token lets no token live longer than 32d"
    assert "capabilities" not in allowed["vault secret-id shop"].message
    bao.policy("probing", POLICY)
    token, _ = bao.create(policies=["probing"], no_default_policy=True, ttl="1h", renewable=False)
    fixed = {probe.what: probe for probe in probe_vault(settings, lambda: token)}["vault renew_own"]
    assert not fixed.ok and "cannot be renewed" in fixed.message


def test_secret_ids_and_certificates(bao, ours):
    rules = """
    path "auth/approle/role/billing/secret-id-accessor/lookup" { capabilities = ["update"] }
    """
    bao.policy("statusdesk", POLICY + rules)
    bao.call("POST", "sys/auth/approle", {"type": "approle"})
    bao.call("POST", "auth/approle/role/billing", {"secret_id_ttl": "1h", "secret_id_num_uses": 10})
    made = bao.call("POST", "auth/approle/role/billing/secret-id")["data"]
    bao.call("POST", "sys/mounts/pki", {"type": "pki"})
    bao.call("POST", "pki/root/generate/internal", {"common_name": "root.test", "ttl": "200h"})
    bao.call("POST", "pki/roles/shop", {"allow_any_name": True, "max_ttl": "72h"})
    issued = bao.call("POST", "pki/issue/shop", {"common_name": "shop.test", "ttl": "2h"})["data"]
    secret_ids = (
        SecretIdSettings(name="billing", role="billing", accessor=made["secret_id_accessor"]),
        SecretIdSettings(name="lost", role="billing", accessor="00000000-1347-aa90-a4f6-aca8b7558780"),
    )
    certificates = (
        CertificateSettings(name="shop", serial=issued["serial_number"]),
        CertificateSettings(name="no-such", serial="39:dd:2e"),
    )
    settings = VaultSettings(address=bao.address, secret_ids=secret_ids, certificates=certificates)

    def probed():
        return {probe.what: (probe.ok, probe.message) for probe in probe_vault(settings, lambda: ours)}

    probes = probed()
    assert probes["vault secret-id billing"][1].startswith("expires in 59m")
    assert probes["vault certificate shop"][0] and probes["vault certificate shop"][1].startswith("expires in 1h 59m")
    assert "role billing has the accessor ending in 558780" in probes["vault secret-id lost"][1]
    assert "ends in :dd:2e" in probes["vault certificate no-such"][1]
    with Watched(bao.address, ours, secret_ids=secret_ids, certificates=certificates) as watched:
        assert watched.parts() == []
        found = watched.tokens()
        assert (found["billing"].kind, found["billing"].num_uses) == ("secret-id", 10)
        assert abs(found["billing"].expire_ms - found["billing"].issue_ms - HOUR_MS) < 2000
        assert found["shop"].expire_ms == issued["expiration"] * 1000
        assert (found["lost"].gone, found["no-such"].gone) == (True, True)
        bao.call("POST", "pki/revoke", {"serial_number": issued["serial_number"]})
        watched.visit()
        assert watched.tokens()["shop"].gone
        assert probed()["vault certificate shop"] == (False, "was revoked: name the one that took its place")
        assert made["secret_id"] not in repr(list(watched.heard))


def test_the_cap_of_a_mount_is_asked_for_where_that_is_wanted_and_allowed(bao, ours):
    _, accessor = bao.create(ttl="1h")
    with Watched(bao.address, ours, {"billing": accessor}, mount_caps=True) as watched:
        billing = watched.tokens()["billing"]
        assert (billing.mount_max_s, billing.problem) == (0, "")  # the least policy does not allow it
        assert billing.mount_problem == "may not read sys/mounts/auth/token/tune"
        assert watched.visits()[-1].ok and watched.parts() == []
    bao.policy("statusdesk", POLICY + 'path "sys/mounts/auth/+/tune" { capabilities = ["read"] }')
    with Watched(bao.address, ours, {"billing": accessor}, mount_caps=True) as watched:
        billing = watched.tokens()["billing"]
        assert (billing.mount_max_s, billing.mount_problem) == (768 * 3600, "")


@pytest.mark.parametrize("path", ["sys/mounts/auth/*", "sys/mounts/auth/team/userpass/tune"])
def test_the_cap_of_a_mount_whose_path_has_several_parts_is_found(bao, ours, path):
    bao.policy("statusdesk", POLICY + policy_line(path, "read"))
    bao.call("POST", "sys/auth/team/userpass", {"type": "userpass", "config": {"max_lease_ttl": "100s"}})
    try:
        bao.call("POST", "auth/team/userpass/users/al", {"password": "x"})
        login = bao.call("POST", "auth/team/userpass/login/al", {"password": "x"})
        with Watched(bao.address, ours, {"al": login["auth"]["accessor"]}, mount_caps=True) as watched:
            assert (watched.tokens()["al"].mount_max_s, watched.tokens()["al"].mount_problem) == (100, "")
    finally:
        bao.call("DELETE", "sys/auth/team/userpass")


def test_our_own_token_is_renewed_only_if_told_to_and_allowed(bao):
    bao.policy("statusdesk", POLICY)
    renewing = POLICY + 'path "auth/token/renew-self" { capabilities = ["update"] }'
    bao.policy("renews", renewing)

    def own(policy):
        return bao.create(policies=[policy], no_default_policy=True, period="3s")[0]

    def renewed(watched):
        watched.visit()
        return watched.tokens()[OWN_NAME].last_renewal_ms

    with Watched(bao.address, own("renews"), renew_own=True) as watched:
        eventually(lambda: renewed(watched))
        assert watched.parts() == []
    with Watched(bao.address, own("renews")) as watched:
        begun_ms = system_clock()
        eventually(lambda: watched.visit() and system_clock() - begun_ms > 2000)
        assert watched.tokens()[OWN_NAME].last_renewal_ms is None
    with Watched(bao.address, own("statusdesk"), renew_own=True) as watched:
        eventually(lambda: watched.visit() and watched.parts())
        assert watched.parts()[0] == (OWN_NAME, False, "Forbidden")
