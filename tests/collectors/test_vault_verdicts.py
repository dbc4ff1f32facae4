"""A real OpenBao, seconds instead of hours, and the desk behind it: each kind of token gets its verdict, in time."""

import contextlib
import threading
import time

import pytest

from collectors.vault_api import POLICY
from collectors.vault_tokens import VaultTokens
from statusdesk.clock import system_clock
from statusdesk.config import Config, StageSettings, StoreSettings, TokenSettings, VaultSettings
from statusdesk.pipeline.desk import Desk
from statusdesk.states import Level, SourceState, TokenState
from statusdesk.store.writer import Writer
from tests.collectors.stage import Heard, eventually, running

POLL_S = 0.3


class Watching:
    """A collector that visits by its own pace, and a desk that judges what it tells, as the collector process does."""

    def __init__(self, directory, bao, token, settings, **more):
        pace = {"interval_s": POLL_S, "slow_interval_s": POLL_S} | more
        vault = VaultSettings(address=bao.address, tokens=tuple(settings), **pace)
        stages = (StageSettings(name="staging", namespaces=("staging",)),)
        store = StoreSettings(state_dir=str(directory))
        config = Config(path="c", stages=stages, clusters=(), vault=vault, store=store)
        self.heard = Heard()
        self.stop = threading.Event()
        self.writer = Writer(directory / "statusdesk.db", 86_400.0, system_clock)
        self.desk = Desk(config, self.writer)
        self.collector = VaultTokens(vault, lambda: token, self.heard.put, self.stop, system_clock)
        self.told: dict[str, list[tuple[float, str, str]]] = {}
        self._taken = 0

    def step(self):
        """Let the desk take what has been heard, and remember each verdict that is new."""
        messages, self._taken = list(self.heard)[self._taken :], len(self.heard)
        for message in messages:
            self.desk.take(message)
        for moved in self.desk.flush(system_clock()):
            if isinstance(moved.after, TokenState) and moved.after.until_ms is None:
                entry = (time.monotonic(), moved.after.level.value, moved.after.reason)
                self.told.setdefault(moved.after.name, []).append(entry)

    def row(self, name):
        return self.writer.current(TokenState).get(f"vault/{name}")

    def source(self):
        return self.writer.current(SourceState).get("vault")

    def until(self, holds, patience_s=30.0):
        def stepped():
            self.step()
            return holds()

        return eventually(stepped, patience_s)

    def reasons(self, name):
        return [reason for _, _, reason in self.told.get(name, [])]

    def first_s(self, name, *levels):
        return next(at_s for at_s, level, _ in self.told[name] if level in levels)


@contextlib.contextmanager
def watching(directory, bao, token, *settings, **more):
    directory.mkdir()
    watched = Watching(directory, bao, token, settings, **more)
    with running(watched.collector, watched.stop):
        yield watched
    watched.writer.close()


@pytest.fixture
def ours(bao):
    bao.policy("statusdesk", POLICY)
    return bao.create(policies=["statusdesk"], no_default_policy=True, period="24h")[0]


def made(bao, **options):
    """Make a token that may do next to nothing, as that of a service."""
    return bao.create(policies=["default"], **options)


def configured(name, accessor, every_s=None, **more):
    return TokenSettings(name=name, accessor=accessor, renew_every_s=every_s, **more)


@contextlib.contextmanager
def renewing(bao, every_s, *accessors):
    """Renew again and again, as a job does; what cannot be renewed any more is left."""
    stop = threading.Event()

    def renew():
        while not stop.wait(every_s):
            for accessor in accessors:
                with contextlib.suppress(OSError):
                    bao.renew(accessor)

    thread = threading.Thread(target=renew)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def mounted(bao, max_s):
    """Log a token in at a mount of its own, whose max_lease_ttl caps it and is shown nowhere in its look-up."""
    path = f"short{max_s}"
    bao.call("POST", f"sys/auth/{path}", {"type": "userpass", "config": {"max_lease_ttl": f"{max_s}s"}})
    bao.call("POST", f"auth/{path}/users/job", {"password": "word-of-a-test", "token_ttl": "8s"})
    return bao.call("POST", f"auth/{path}/login/job", {"password": "word-of-a-test"})["auth"]["accessor"]


def test_each_kind_gets_its_verdict_while_a_steady_one_gets_none(bao, ours, tmp_path):
    every_s = 2.5
    steady = made(bao, ttl="10s", explicit_max_ttl="2h")[1]
    periodic = made(bao, period="10s")[1]
    stopped = made(bao, ttl="8s")[1]
    by_explicit = made(bao, ttl="6s", explicit_max_ttl="10s")[1]
    by_mount = mounted(bao, 14)
    parent_token, parent = bao.create(ttl="6s", policies=["root"])
    child = bao.call("POST", "auth/token/create", {"ttl": "1h", "policies": ["default"]}, token=parent_token)["auth"][
        "accessor"
    ]
    fixed = made(bao, ttl="8s", renewable=False)[1]
    names = {
        "steady": configured("steady", steady, every_s),
        "periodic": configured("periodic", periodic, every_s),
        "stopped": configured("stopped", stopped, every_s),
        "explicit": configured("explicit", by_explicit, every_s),
        "mount": configured("mount", by_mount, every_s),
        "parent": configured("parent", parent),
        "child": configured("child", child, parent="parent"),
        "fixed": configured("fixed", fixed),
    }
    dying = ["stopped", "explicit", "mount", "parent", "child", "fixed"]
    with (
        renewing(bao, every_s, steady, periodic, by_explicit, by_mount),
        watching(tmp_path / "state", bao, ours, *names.values()) as watched,
    ):
        watched.until(lambda: all(watched.row(name) and watched.row(name).reason == "Gone" for name in dying))
        assert {level for name in ("steady", "periodic") for _, level, _ in watched.told[name]} == {"ok"}
        assert {"RenewalMissed", "LapsesBeforeNextRun"} & set(watched.reasons("stopped"))
        assert {"AtCap", "NearsCap"} & set(watched.reasons("explicit"))
        assert {"AtCap", "RenewalShrinks"} & set(watched.reasons("mount"))
        assert {"RunningDown", "LapsesSoon"} & set(watched.reasons("parent"))
        assert "ParentLapses" in watched.reasons("child")
        assert "NotRenewable" in watched.reasons("fixed")
        for name in ("stopped", "explicit", "mount"):  # a renewal's interval before the end
            end_s = next(at_s for at_s, _, reason in watched.told[name] if reason in ("Lapsed", "Gone"))
            assert end_s - watched.first_s(name, "warning", "failing") >= every_s * 0.9, (name, watched.told[name])
        assert "with 'parent', which made it" in watched.row("child").message
        grants = watched.writer.grants_of("vault/steady", 32)
        assert len(grants) >= 4 and len({grant.issue_ms for grant in grants}) == 1
        assert watched.row("periodic").notes == ("periodic: nothing caps it",)


def test_verdicts_that_need_no_time(bao, ours, tmp_path):
    shrunk = made(bao, ttl="1h")[1]
    revoked = made(bao, ttl="1h")[1]
    settings = (
        configured("shrunk", shrunk),
        configured("revoked", revoked),
        configured("uses", made(bao, ttl="1h", num_uses=3)[1]),
        configured("root", bao.call("POST", "auth/token/create", {})["auth"]["accessor"]),
        configured(
            "child", bao.call("POST", "auth/token/create", {"ttl": "1h", "policies": ["default"]})["auth"]["accessor"]
        ),
        configured("short", made(bao, ttl="1h")[1], 7200.0),
    )
    with watching(tmp_path / "state", bao, ours, *settings) as watched:
        watched.until(lambda: watched.row("short"))
        reasons = {name: watched.row(name).reason for name in ("uses", "root", "short", "shrunk")}
        assert reasons == {"uses": "FewUses", "root": "RootToken", "short": "NeverSurvives", "shrunk": "Running"}
        assert "dies with the token that made it" in watched.row("child").notes[0]
        begun_s = time.monotonic()
        watched.until(lambda: time.monotonic() - begun_s > 2.2)  # a renewal at once after its making says nothing
        bao.call("POST", "auth/token/renew-accessor", {"accessor": shrunk, "increment": "60s"})
        bao.revoke(revoked)
        watched.until(lambda: watched.row("revoked").reason == "Gone" and watched.row("shrunk").last_renewal_ms)
        assert watched.row("shrunk").reason == "RenewalShortened"
        assert watched.row("revoked").message.startswith("revoked before it would expire")
        assert watched.row("revoked").dead_ms is not None
    stored = b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir() if path.is_file())
    assert shrunk[-6:].encode() in stored, "the search looks at the right bytes"
    assert ours.encode() not in stored
    assert [each.name for each in settings if each.accessor[:-6].encode() in stored] == []


def test_a_server_that_cannot_answer_is_one_banner_and_only_a_refusal_makes_its_tokens_unknown(bao, ours, tmp_path):
    accessor = made(bao, ttl="1h")[1]
    with watching(tmp_path / "state", bao, ours, configured("orders", accessor)) as watched:
        watched.until(lambda: watched.row("orders") and watched.source().level is Level.OK)
        bao.seal()
        try:
            watched.until(lambda: watched.source().reason == "Sealed")
            assert watched.row("orders").level is Level.OK
        finally:
            bao.unseal()
        watched.until(lambda: watched.source().level is Level.OK)
        bao.policy("statusdesk", 'path "auth/token/lookup-self" { capabilities = ["read"] }')
        watched.until(lambda: watched.source().reason == "Forbidden")
        watched.until(lambda: watched.row("orders").reason == "NotLookedUp")
        bao.policy("statusdesk", POLICY)
        watched.until(lambda: watched.source().level is Level.OK)
        bao.call("POST", "sys/quotas/rate-limit/few", {"path": "auth/token/lookup-accessor", "rate": 0.5})
        try:
            watched.until(lambda: watched.source().reason == "RateLimited")
            assert "fewer requests" in watched.source().message
        finally:
            bao.call("DELETE", "sys/quotas/rate-limit/few")
        assert [each[1] for each in watched.told["orders"]] == ["ok", "unknown", "ok"]


def test_what_the_renewals_of_a_role_give_goes_before_the_cap_of_its_mount(bao, tmp_path):
    """The period of a role does not show in a look-up, and a mount's cap does not touch what is periodic."""
    bao.policy("caps", POLICY + 'path "sys/mounts/auth/+/tune" { capabilities = ["read"] }')
    ours = bao.create(policies=["caps"], no_default_policy=True, period="24h")[0]
    bao.call("POST", "auth/token/roles/svc", {"token_period": "2s", "orphan": True, "allowed_policies": "default"})
    bao.call("POST", "sys/mounts/auth/token/tune", {"max_lease_ttl": "4s", "default_lease_ttl": "2s"})
    try:
        accessor = bao.call("POST", "auth/token/create/svc", {"policies": ["default"]})["auth"]["accessor"]
        settings = configured("svc", accessor, 1.0)
        with (
            renewing(bao, 0.5, accessor),
            watching(tmp_path / "state", bao, ours, settings, mount_caps=True) as watched,
        ):
            watched.until(lambda: watched.row("svc"))
            beyond_ms = watched.row("svc").issue_ms + 5000
            watched.until(lambda: watched.row("svc").expire_ms > beyond_ms)
            assert {level for _, level, _ in watched.told["svc"]} == {"ok"}, watched.told
    finally:
        bao.call("POST", "sys/mounts/auth/token/tune", {"max_lease_ttl": "768h", "default_lease_ttl": "768h"})


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_a_steady_token_gets_no_verdict_in_five_minutes(bao, ours, tmp_path):
    accessor = made(bao, ttl="30s", explicit_max_ttl="2h")[1]
    settings = configured("steady", accessor), configured("learnt", accessor, 10.0)
    with renewing(bao, 10.0, accessor), watching(tmp_path / "state", bao, ours, *settings) as watched:
        begun_s = time.monotonic()
        watched.until(lambda: time.monotonic() - begun_s > 300, 320)
        for name in ("steady", "learnt"):
            assert {level for _, level, _ in watched.told[name]} == {"ok"}
