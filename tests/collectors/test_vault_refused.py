"""Look-ups that Vault refuses or cuts short: what is told of the tokens that were not answered."""

import json
import time

import pytest

from collectors.transport import VisitFailed
from collectors.vault_api import POLICY, TokenProblem, VaultApi
from collectors.vault_mounts import MountCaps
from collectors.vault_tokens import OWN_NAME
from statusdesk.config import CertificateSettings, VaultSettings
from statusdesk.facts import Token
from tests.collectors.recorded_vault import LOOKUP, SECRET, RecordedVault, recorded
from tests.collectors.stage import Answer, staged
from tests.collectors.vault_watch import Watched

DENIED = Answer(403, json.dumps({"errors": ["1 error occurred:\n\t* permission denied\n\n"]}).encode())
ALL = {"a": "AAA", "b": "BBB"}
CERTIFICATE = CertificateSettings(name="shop", serial="11:22")


def test_a_certificate_beside_them_does_not_hide_that_all_tokens_are_refused():
    vault = RecordedVault(**{"/v1/pki/cert/11:22": Answer(400, b'{"errors":["no such thing"]}')})
    with staged(vault) as stage, Watched(stage.url, SECRET, ALL, certificates=(CERTIFICATE,)) as watched:
        told = len(watched.parts())
        assert all(watched.tokens()[name].problem == "" for name in ALL)
        vault.lookups = dict.fromkeys(ALL.values(), DENIED)
        visit = watched.visit()
        assert (visit.ok, visit.problem) == (False, "Forbidden") and "lookup-accessor" in visit.message
        assert all("(403)" in watched.tokens()[name].problem for name in ALL)
        assert {name for name, ok, _ in watched.parts()[told:] if not ok} <= {"shop"}, "one banner, and no row each"
        vault.lookups.clear()
        assert watched.visit().ok
        assert all(watched.tokens()[name].problem == "" for name in ALL)


def test_one_token_that_is_refused_is_not_known_as_long_as_it_is():
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, ALL) as watched:
        before = watched.tokens()["a"]
        vault.lookups["AAA"] = DENIED
        assert watched.visit().ok
        refused = watched.tokens()["a"]
        assert "(403)" in refused.problem and (refused.seen_ms, refused.gone) == (before.seen_ms, False)
        assert watched.parts() == [("a", False, "Forbidden")]
        assert watched.tokens()["b"].problem == ""
        del vault.lookups["AAA"]
        watched.visit()
        assert watched.tokens()["a"].problem == "" and watched.parts()[-1] == ("a", True, "")


def test_our_own_token_that_may_not_look_at_itself_any_more_is_not_known_and_does_not_vanish():
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, ALL) as watched:
        assert watched.tokens()[OWN_NAME].problem == ""
        vault.answers["/v1/auth/token/lookup-self"] = DENIED
        watched.visit()
        assert "lookup-self" in watched.tokens()[OWN_NAME].problem


class Limited:
    """A Vault that answers so many look-ups, and then asks for fewer until it is let go on."""

    def __init__(self, quota):
        self.vault, self.quota, self.left = RecordedVault(), quota, quota
        self.asked = []

    def __call__(self, asked):
        if asked.path == LOOKUP:
            if not self.left:
                return recorded("rate_limit_429")
            self.left -= 1
            self.asked.append(json.loads(asked.body)["accessor"])
        return self.vault(asked)


def test_a_sweep_that_is_cut_short_goes_on_with_what_it_did_not_come_to():
    names = {f"t{number}": f"A{number}" for number in range(10)}
    limited = Limited(5)
    with staged(limited) as stage, Watched(stage.url, SECRET, names) as watched:
        visits = [watched.visits()[-1]]
        for _ in range(3):
            limited.left = limited.quota
            visits.append(watched.visit())
        assert {visit.problem for visit in visits} == {"RateLimited"}
        assert {limited.asked.count(accessor) for accessor in names.values()} == {2}, " ".join(limited.asked)
        assert limited.asked[:10] == list(names.values())
        heard_ms = {name: watched.tokens()[name].heard_ms for name in names}
        assert max(heard_ms["t0"], heard_ms["t1"]) <= heard_ms["t9"], "each has the moment of its own answer"


def test_what_lets_us_go_on_is_not_waited_for_longer_and_longer():
    limited = Limited(1)
    with staged(limited) as stage, Watched(stage.url, SECRET, ALL, interval_s=50.0) as watched:
        for _ in range(4):
            limited.left = limited.quota
            visit = watched.visit()
            assert visit.problem == "RateLimited" and visit.next_try_ms - visit.at_ms < 60_000
        for _ in range(3):
            limited.left = 0
            visit = watched.visit()
        assert visit.next_try_ms - visit.at_ms >= 53_000, "nothing was answered: back-off to its limit"


def test_one_that_is_refused_where_others_are_read_is_told_to_be_named_in_the_policy_that_has_the_path():
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, ALL) as watched:
        vault.lookups["AAA"] = DENIED
        watched.visit()
        said = watched.tokens()["a"].problem
        assert "add the accessor that ends in AAA to the allowed_parameters" in said and "capabilities" not in said


def test_an_unknown_answer_counts_as_one():
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, ALL) as watched:
        before = watched.tokens()["a"]
        vault.lookups["AAA"] = recorded("lookup_accessor_revoked")
        watched.visit()
        once = watched.tokens()["a"]
        assert once.seen_ms == before.seen_ms and not once.gone and once.heard_ms >= before.seen_ms
        assert once.unknown_ms is not None


def test_no_token_is_told_to_work_again_when_all_are_refused():
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, ALL) as watched:
        vault.lookups["AAA"] = DENIED
        watched.visit()
        told = len(watched.parts())
        vault.lookups = dict.fromkeys(ALL.values(), DENIED)
        assert watched.visit().problem == "Forbidden"
        assert watched.parts()[told:] == []
        vault.lookups.clear()
        assert watched.visit().ok and watched.parts()[told:] == [("a", True, "")]


def test_one_that_is_not_known_when_it_is_no_longer_refused_is_not_told_as_well():
    """A dead token reads gone, once that is confirmed, and is not known until then."""
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, ALL) as watched:
        vault.lookups["AAA"] = DENIED
        watched.visit()
        told = len(watched.sweeps(Token))
        vault.lookups["AAA"] = recorded("lookup_accessor_revoked")
        watched.visit()
        found = [fact for sweep in watched.sweeps(Token)[told:] for fact in sweep.facts if fact.name == "a"]
        assert found and all(fact.gone or fact.problem for fact in found)
        assert found[-1].gone


class Tuned:
    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    def mount_max_s(self, mount):
        if mount != "userpass":
            raise TokenProblem("Forbidden", "x")
        self.asked += 1
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def caps_at(api, *moments):
    caps = MountCaps(True, 300.0, 30.0)
    return [caps.of(api, "auth/userpass/login/alice", ms) for ms in moments]


def test_the_cap_of_a_mount_is_asked_for_again_at_a_slow_pace():
    api = Tuned(120, 3600)
    assert caps_at(api, 0, 299_999, 300_000) == [(120, ""), (120, ""), (3600, "")] and api.asked == 2


def test_the_cap_of_a_mount_that_is_refused_is_asked_for_at_a_slow_pace_and_told():
    api = Tuned(TokenProblem("Forbidden", "x"), 120, TokenProblem("Forbidden", "x"))
    refused = "may not read sys/mounts/auth/userpass/tune"
    of = caps_at(api, 0, 299_999, 300_000, 600_000)
    assert of == [(0, refused), (0, refused), (120, ""), (120, refused)] and api.asked == 3


def test_the_cap_of_a_mount_that_could_not_be_had_is_asked_for_at_the_next_visit():
    """A time-out says nothing of the cap: it is not taken for its answer for as long as one."""
    api = Tuned(120, VisitFailed("Timeout", "x"), VisitFailed("RateLimited", "x"), 3600)
    of = caps_at(api, 0, 300_000, 300_001, 329_999, 330_000, 360_000)
    assert of == [(120, "")] * 5 + [(3600, "")] and api.asked == 4


class Mounts:
    """Vault's answers by mount; 0 is a refusal, and what is in none of them is no mount."""

    def __init__(self, **caps_s):
        self.caps_s, self.asked = caps_s, []

    def mount_max_s(self, mount):
        self.asked.append(mount)
        found = next((cap_s for each, cap_s in self.caps_s.items() if f"{mount}/".startswith(f"{each}/")), None)
        if not found:
            raise TokenProblem("Misconfigured" if found is None else "Forbidden", "x")
        return found


@pytest.mark.parametrize(
    ("path", "mount", "asked"),
    [
        ("auth/team/userpass/login/al", "team/userpass", 1),
        ("auth/userpass/login/al", "userpass", 1),
        ("auth/token/create/svc", "token", 1),
        ("auth/team/kubernetes/login", "team/kubernetes", 1),
        ("auth/team/jwt/oidc/callback", "team/jwt/oidc", 1),  # Vault answers for the mount that it is in: team/jwt
        ("auth/login/login/al", "login", 1),
        ("auth/team/login/ldap/login/al", "team/login/ldap/login", 2),
    ],
)
def test_the_mount_is_found_whatever_its_path_and_once(path, mount, asked):
    of = {"auth/team/jwt/oidc/callback": "team/jwt", "auth/team/login/ldap/login/al": "team/login/ldap"}
    api = Mounts(**{of.get(path, mount): 100})
    caps = MountCaps(True, 300.0, 30.0)
    assert [caps.of(api, path, ms) for ms in (0, 1, 299_999, 300_000)] == [(100, "")] * 4
    assert len(api.asked) == asked + 1 and set(api.asked[-2:]) >= {mount}
    assert caps.of(api, path.replace("/al", "/bob"), 300_001) == (100, "") and len(api.asked) == asked + 1


def test_of_a_path_of_which_vault_tells_nothing_the_likely_mount_is_named():
    api = Mounts(**{"team/userpass": 0})
    caps = MountCaps(True, 300.0, 30.0)
    refused = "may not read sys/mounts/auth/team/userpass/tune"
    assert [caps.of(api, f"auth/team/userpass/login/{who}", 1) for who in ("al", "bob", "eve")] == [(0, refused)] * 3
    assert len(api.asked) == len(set(api.asked)) == 3, "and each is asked for once, not for every token"


def test_everything_that_was_asked_for_is_looked_up_after_a_visit_that_failed():
    """The tokens are far from their ends: without being asked for they are looked up each five minutes."""
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, ALL) as watched:
        vault.lookups["AAA"] = Answer(500, b'{"errors":["internal error"]}')
        assert watched.visit().problem == "ServerError"
        before = {name: fact.seen_ms for name, fact in watched.tokens().items()}
        vault.lookups.clear()
        watched.collector._visits.hurry()
        watched.heard.wait_for(lambda _: len(watched.visits()) == 3)
        assert watched.visits()[-1].ok
        assert all(watched.tokens()[name].seen_ms > before[name] for name in ALL)


@pytest.mark.parametrize(
    ("path", "capability", "ask"),
    [
        ("auth/token/lookup-self", "read", lambda api: api.own()),
        ("auth/token/renew-self", "update", lambda api: api.renew_own()),
        ("auth/token/lookup-accessor", "update", lambda api: api.lookup("AAA")),
        ("auth/roles/role/shop/secret-id-accessor/lookup", "update", lambda api: api.secret_id("roles", "shop", "abc")),
        ("pki/cert/11:22", "read", lambda api: api.certificate("pki", "11-22")),
        ("sys/mounts/auth/userpass/tune", "read", lambda api: api.mount_max_s("userpass")),
        ("sys/capabilities-self", "update", lambda api: api.may("auth/token/renew-self")),
    ],
)
def test_a_refusal_names_the_path_and_the_capability_that_were_refused(path, capability, ask):
    with staged(RecordedVault(**{f"/v1/{path}": DENIED})) as stage, pytest.raises(VisitFailed) as refused:
        ask(VaultApi(VaultSettings(address=stage.url), SECRET))
    assert refused.value.problem == "Forbidden"
    said, _, hint = refused.value.message.partition(", or ")
    assert said.endswith(f'add to its policy path "{path}" {{ capabilities = ["{capability}"] }}')
    assert ("check mount" in hint) == path.startswith("pki")


def test_living_tokens_stay_so_for_the_desk_while_their_look_ups_are_limited(bao, tmp_path):
    """The quota of a real server, and renewals that are seen late: never lapsed, never gone."""
    from tests.collectors.test_vault_verdicts import configured, made, renewing, watching

    bao.policy("statusdesk", POLICY)
    ours = bao.create(policies=["statusdesk"], no_default_policy=True, period="24h")[0]
    accessors = [made(bao, ttl="2s")[1] for _ in range(6)]
    settings = [configured(f"t{number}", accessor, 1.0) for number, accessor in enumerate(accessors)]
    with renewing(bao, 0.5, *accessors), watching(tmp_path / "state", bao, ours, *settings) as watched:
        watched.until(lambda: all(watched.row(each.name) for each in settings))
        quota = {"path": "auth/token/lookup-accessor", "rate": 1, "interval": "2s"}
        bao.call("POST", "sys/quotas/rate-limit/few", quota)
        try:
            until_s = time.monotonic() + 4
            watched.until(lambda: time.monotonic() > until_s)
        finally:
            bao.call("DELETE", "sys/quotas/rate-limit/few")
        for each in settings:
            assert not {"Lapsed", "Gone"} & set(watched.reasons(each.name)), watched.told
        assert any("NoNews" in watched.reasons(each.name) for each in settings), "the quota was felt"
        watched.until(lambda: all(watched.row(each.name).level.value == "ok" for each in settings))
