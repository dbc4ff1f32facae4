"""The simulated Vault, held against hvac and against recorded answers of a real server."""

import asyncio

import aiohttp
import hvac
import pytest
from world_support import differences, recorded, served

from statusdesk.demo.clock import SteppedTime, WorldClock
from statusdesk.demo.vault_app import vault_app
from statusdesk.demo.vault_tokens import RefusedError, Vault, VaultState

START_MS = 1_795_372_000_123
REAL = recorded("vault", "demo_answers")


@pytest.fixture
def time():
    return SteppedTime(START_MS)


@pytest.fixture
def vault(time):
    return Vault(WorldClock(now=time), seed=3)


@pytest.fixture
def own(vault):
    return vault.issue(86400, period_s=86400, display_name="token-statusdesk", policies=("statusdesk",))


async def ask(url, method, path, token="", body=None, headers=None):
    headers = dict(headers or {}) | ({"X-Vault-Token": token} if token else {})
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{url}/v1/{path}", json=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json(content_type=None) if method != "HEAD" else await answer.read()


async def test_hvac_looks_up_tokens_and_health(vault, own):
    orders = vault.issue(3600, age_s=60, meta={"service": "orders"}, display_name="token-orders")
    async with served(vault_app(vault)) as url:
        client = hvac.Client(url=url, token=own.secret)
        found = await asyncio.to_thread(client.auth.token.lookup_accessor, orders.accessor)
        mine = await asyncio.to_thread(client.auth.token.lookup_self)
        health = await asyncio.to_thread(client.sys.read_health_status, method="GET")
        renewed = await asyncio.to_thread(client.auth.token.renew_self)
        head = await asyncio.to_thread(client.sys.read_health_status)
        with pytest.raises(hvac.exceptions.InvalidRequest, match="invalid accessor"):
            await asyncio.to_thread(client.auth.token.lookup_accessor, "nobody")
    assert found["data"]["accessor"] == orders.accessor and found["data"]["id"] == "" and found["data"]["ttl"] == 3540
    assert mine["data"]["id"] == own.secret and mine["data"]["period"] == 86400
    assert health["sealed"] is False and health["server_time_utc"] == START_MS // 1000
    assert renewed["auth"]["lease_duration"] == 86400 and head.status_code == 200


async def test_answers_have_the_shape_of_recorded_ones(vault, own):
    plain = vault.issue(3600, meta={"job": "renew-billing", "service": "billing"}, orphan=False)
    periodic = vault.issue(1800, period_s=1800)
    renewed = vault.issue(3600, age_s=10, renewed_s_ago=5, meta={"job": "renew", "service": "billing"})
    root = vault.issue(0, policies=("root",))
    lookup = "auth/token/lookup-accessor"
    calls = {
        "active_health_GET": ("GET", "sys/health", "", None),
        "active_seal_status": ("GET", "sys/seal-status", "", None),
        "lookup_accessor_service_ttl": ("POST", lookup, own.secret, {"accessor": plain.accessor}),
        "lookup_accessor_service_period": ("PUT", lookup, own.secret, {"accessor": periodic.accessor}),
        "lookup_after_renew": ("POST", lookup, own.secret, {"accessor": renewed.accessor}),
        "lookup_accessor_bogus": ("POST", lookup, own.secret, {"accessor": "nope"}),
        "lookup_accessor_empty": ("POST", lookup, own.secret, {"accessor": ""}),
        "lookup_accessor_get": ("GET", lookup, own.secret, None),
        "lookup_accessor_url_form": ("POST", f"{lookup}/x", own.secret, None),
        "lookup_self_bad_token": ("GET", "auth/token/lookup-self", "hvs.wrong", None),
        "lookup_self_no_token": ("GET", "auth/token/lookup-self", "", None),
        "lookup_self_root": ("GET", "auth/token/lookup-self", root.secret, None),
        "denied_extra_param": ("POST", lookup, own.secret, {"accessor": plain.accessor, "x": "y"}),
        "renew_root": ("POST", "auth/token/renew-self", root.secret, None),
        "unknown_path": ("GET", "nope/x", own.secret, None),
    }
    async with served(vault_app(vault)) as url:
        for name, (method, path, token, body) in calls.items():
            status, ours = await ask(url, method, path, token, body)
            assert status == REAL[name]["status"], name
            assert differences(REAL[name]["body"], ours) == [], name
            if "errors" in ours:
                assert ours == REAL[name]["body"], name


@pytest.mark.parametrize(
    ("state", "capture", "code"),
    [
        (VaultState.SEALED, "sealed_health_GET", 503),
        (VaultState.STANDBY, "standby_health_GET", 429),
        (VaultState.UNINITIALISED, "uninit_health_GET", 501),
    ],
)
async def test_health_codes_follow_the_state(vault, own, state, capture, code):
    vault.state = state
    async with served(vault_app(vault)) as url:
        status, body = await ask(url, "GET", "sys/health")
        assert (status, list(body)) == (code, list(REAL[capture]["body"]))
        assert await ask(url, "HEAD", "sys/health") == (code, b"")
        assert (await ask(url, "GET", "sys/health?standbyok=true&sealedcode=299&uninitcode=298"))[0] in (200, 299, 298)
        if state is VaultState.SEALED:
            sealed = await ask(url, "POST", "auth/token/lookup-accessor", own.secret, {"accessor": "x"})
            assert sealed == (503, REAL["sealed_lookup_accessor"]["body"])
            assert await ask(url, "GET", "sys/leader") == (503, REAL["sealed_leader"]["body"])


async def test_namespaces_and_rate_limits_are_refused_as_recorded(vault, own):
    other = {"X-Vault-Namespace": "nope"}
    async with served(vault_app(vault)) as url:
        lookup = await ask(url, "POST", "auth/token/lookup-accessor", own.secret, {"accessor": "x"}, other)
        assert lookup == (404, REAL["ns_nope"]["body"])
        assert await ask(url, "GET", "sys/health", headers=other) == (400, REAL["ns_health_bad"]["body"])
        vault.rate_limited = True
        status, body = await ask(url, "POST", "auth/token/lookup-accessor", own.secret, {"accessor": "x"})
        assert status == 429 and "rate limit quota exceeded" in body["errors"][0]


def test_a_renewal_never_passes_the_cap_and_an_expired_token_is_gone(vault, time):
    token = vault.issue(3600, explicit_max_s=7200)
    time.move_to(START_MS + 3_000_000)
    assert vault.renew(token, 5 * 3600).warnings
    assert token.expire_ms == START_MS + 7_200_000
    before = token.expire_ms
    time.move_to(START_MS + 6_000_000)
    assert vault.renew(token).lease_s == 1200 and token.expire_ms == before
    time.move_to(START_MS + 7_200_000)
    with pytest.raises(RefusedError, match="invalid accessor"):
        vault.by_accessor(token.accessor)


def test_a_periodic_token_ignores_what_is_asked(vault):
    token = vault.issue(1800, period_s=1800)
    assert vault.renew(token, 18000).lease_s == 1800
