"""Recorded answers and every fault: what is told of tokens, and that no token, page or header is ever told."""

import json
import logging
import socket
import threading
import time

import msgspec
import pytest

from collectors.transport import VisitFailed
from collectors.vault_api import AccessorUnknown, TokenProblem, VaultApi
from collectors.vault_facts import health_of, moment_ms, tail
from collectors.vault_wire import Envelope, HealthWire
from statusdesk.config import VaultSettings
from statusdesk.facts import Visited
from tests.collectors.recorded_vault import (
    HEALTH,
    HTML,
    LOOKUP,
    NOW_S,
    RECORDED,
    SECRET,
    SELF,
    RecordedVault,
    recorded,
    token,
)
from tests.collectors.stage import Answer, staged
from tests.collectors.vault_watch import Watched


def test_a_service_token():
    seen = token("lookup_accessor_service_ttl")
    assert seen.accessor_tail == "9VB5N2"
    assert seen.issue_ms == 1_795_371_491_246
    assert seen.expire_ms == 1_795_375_091_246
    assert (seen.last_renewal_ms, seen.period_s, seen.explicit_max_s, seen.num_uses) == (None, None, 0, 0)
    assert (seen.renewable, seen.orphan, seen.root, seen.gone) == (True, False, False, False)


def test_a_renewed_token():
    assert token("lookup_after_renew").last_renewal_ms == 1_795_371_493_300


def test_other_kinds_of_tokens():
    assert token("lookup_accessor_service_period").period_s == 1800
    assert token("lookup_accessor_service_explicit_max").explicit_max_s == 7200
    assert not token("lookup_accessor_service_not_renewable").renewable
    assert token("lookup_accessor_service_num_uses").num_uses == 5
    assert token("lookup_accessor_orphan").orphan


def test_only_a_null_expiry_is_never():
    root = token("lookup_accessor_root_child")
    assert (root.expire_ms, root.root, root.type) == (None, True, "service")
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"data": {"accessor": "a"}}, Envelope)
    with pytest.raises(VisitFailed):
        moment_ms("tomorrow")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T19:18:11.246180017Z", 1_795_375_091_246),
        ("2026-11-22T19:18:11Z", 1_795_375_091_000),
        ("2026-11-22T20:18:11.2+01:00", 1_795_375_091_200),
        ("0001-01-01T00:00:00Z", None),
        (None, None),
    ],
)
def test_times(text, expected):
    assert moment_ms(text) == expected


@pytest.mark.parametrize(
    ("asked_ms", "answered_ms", "skew_ms"),
    [
        (NOW_S * 1000, NOW_S * 1000 + 20, 0),
        (NOW_S * 1000 + 900, NOW_S * 1000 + 1100, 0),
        (NOW_S * 1000 - 7000, NOW_S * 1000 - 6990, 6990),
        (NOW_S * 1000 + 10_999, NOW_S * 1000 + 11_000, -10_000),
    ],
)
def test_skew_of_the_servers_clock(asked_ms, answered_ms, skew_ms):
    wire = msgspec.convert(RECORDED["active_health_GET"]["body"], HealthWire)
    assert health_of(wire, asked_ms, answered_ms).skew_ms == skew_ms


def test_only_the_tail_of_an_accessor_is_kept():
    assert tail("FK48ylIon7g0DuQzWD9VB5N2") == "9VB5N2"
    assert "FK48" not in repr(token("lookup_accessor_service_ttl"))


def lookup(answer, **more):
    """Look one accessor up; returns what was raised, after looking whether it is fit to be shown."""
    vault = RecordedVault(**{LOOKUP: answer})
    with staged(vault) as stage:
        api = VaultApi(VaultSettings(address=stage.url, timeout_s=0.4, **more), SECRET)
        with pytest.raises((VisitFailed, AccessorUnknown)) as caught:
            api.lookup("AAAAbbbbCCCCdddd")
    error = caught.value
    shown = str(error)
    assert shown.isprintable()
    assert len(shown) < 300
    for hidden in (SECRET, "AAAAbbbb", "<", "\n", "X-Vault"):
        assert hidden not in shown
    assert error.__cause__ is None
    return error


@pytest.mark.parametrize("name", ["lookup_accessor_bogus", "lookup_accessor_revoked"])
def test_an_unknown_accessor(name):
    assert isinstance(lookup(recorded(name)), AccessorUnknown)


def test_a_dangling_accessor():
    assert isinstance(lookup(Answer(403, b'{"errors":["bad token"]}')), AccessorUnknown)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (recorded("lookup_accessor_empty"), "Misconfigured"),
        (recorded("ns_accessor_from_root"), "Misconfigured"),
        (recorded("denied_extra_param"), "Forbidden"),
        (Answer(400, b'{"errors":["1 error occurred:\\n\\t* invalid request\\n\\n"]}'), "Misconfigured"),
        (recorded("lookup_accessor_service_ttl"), "ServerError"),  # it is of another accessor
    ],
)
def test_problems_of_one_token_only(answer, problem):
    error = lookup(answer)
    assert isinstance(error, TokenProblem)
    assert error.problem == problem


@pytest.mark.parametrize(
    ("answer", "problem", "says"),
    [
        (recorded("lookup_self_bad_token"), "Unauthorized", "refuses our token (403)"),
        (Answer(403, b"<html>", HTML), "Forbidden", "behind a proxy"),
        (recorded("ns_nope"), "Misconfigured", "check [vault] namespace"),
        (recorded("unknown_path"), "Misconfigured", "no /v1 at its end"),
        (Answer(404), "Misconfigured", "a proxy does (404)"),
        (recorded("rate_limit_429"), "RateLimited", "fewer requests (429)"),
        (recorded("sealed_lookup_accessor"), "Sealed", "is sealed"),
        (Answer(500, b'{"errors":["internal\\nerror"]}'), "ServerError", "fails (500, internal error)"),
        (
            Answer(500, json.dumps({"errors": ["no such token " + SECRET]}).encode()),
            "ServerError",
            "no such token [hidden]",
        ),
        (Answer(502, b"<html>", HTML), "ServerError", "proxy before it (502)"),
        (Answer(504, b"", HTML), "ServerError", "proxy before it (504)"),
        (
            Answer(307, b"", (("Location", "http://10.0.0.9:8200/v1/x"),)),
            "Misconfigured",
            "redirects to http://10.0.0.9",
        ),
        (Answer(200, b"<!DOCTYPE html>", HTML), "NotJson", "web page"),
        (Answer(200, b""), "NotJson", "nothing at all"),
        (Answer(200, b'{"data":{"accessor":"A'), "NotJson", "cut off"),
        (Answer(200, b'{"data":null,"wrap_info":{}}'), "NotJson", "cut off or of another shape"),
        (Answer(200, b'{"data":{', length=900), "Unreachable", "broke the connection"),
        (Answer(hold=threading.Event()), "Timeout", "does not answer in time"),
    ],
)
def test_problems_of_the_server(answer, problem, says):
    error = lookup(answer)
    assert not isinstance(error, TokenProblem)
    assert error.problem == problem
    assert says in error.message


@pytest.mark.parametrize("status", [400, 500])
def test_no_sentence_holds_a_whole_accessor_that_a_server_repeats(status):
    accessor = "SVpqPCi3wMjgqvDFOewxEJAB"
    body = json.dumps({"errors": [f"storage failed for {accessor}"]}).encode()
    vault = RecordedVault(**{LOOKUP: Answer(status, body)})
    with staged(vault) as stage, Watched(stage.url, SECRET, {"a": accessor}) as watched:
        told = watched.heard.of(Visited)
        assert any("storage failed for ...wxEJAB" in each.message for each in told)
        assert not any(accessor[:-6] in repr(each) for each in told)


def test_a_dripping_answer_is_bounded_as_a_whole():
    began = time.monotonic()
    error = lookup(Answer(200, b'{"data":{' + b" " * 4000, drip_s=0.05))
    assert time.monotonic() - began < 5
    assert error.problem == "Timeout"


def test_unreachable():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with Watched(address, SECRET, {"a": "x"}) as watched:
            (visit,) = watched.visits()
    assert (visit.ok, visit.problem) == (False, "Unreachable")
    assert "refuses the connection" in visit.message
    assert watched.sweeps() == []


@pytest.mark.parametrize("bad", [SECRET + "\n" + SECRET, "…" + SECRET])
def test_a_token_that_is_no_header_is_never_told(bad, caplog):
    with caplog.at_level(logging.DEBUG), staged(RecordedVault()) as stage:
        with Watched(stage.url, bad, {"a": "x"}) as watched:
            (visit,) = watched.visits()
            assert (visit.ok, visit.problem) == (False, "Misconfigured")
            assert SECRET not in repr(list(watched.heard))
        # Also where it comes to the request itself, whose error prints the header's value:
        api = VaultApi(VaultSettings(address=stage.url), bad)
        with pytest.raises(VisitFailed) as caught:
            api.lookup("x")
        assert caught.value.problem == "Misconfigured"
        assert SECRET not in str(caught.value)
        assert caught.value.__suppress_context__
        assert stage.asked == [] or all(asked.path == HEALTH for asked in stage.asked)
    assert SECRET not in caplog.text


def test_a_token_with_a_blank_line_at_its_end_works():
    with staged(RecordedVault()) as stage, Watched(stage.url, SECRET + "\n", {"a": "AAAA-x"}) as watched:
        assert watched.visits()[0].ok
        assert {asked.headers.get("X-Vault-Token") for asked in stage.asked} == {None, SECRET}


def test_no_redirect_is_followed_with_the_token():
    with staged(RecordedVault()) as other:
        for path in (HEALTH, SELF, LOOKUP):
            moved = RecordedVault(**{path: Answer(307, b"", (("Location", other.url + path),))})
            with staged(moved) as stage, Watched(stage.url, SECRET, {"a": "x"}) as watched:
                assert watched.visits()[0].problem == "Misconfigured"
        assert other.asked == []


def test_health_is_asked_without_token_and_namespace_the_rest_with_both():
    with staged(RecordedVault()) as stage, Watched(stage.url, SECRET, {"a": "x"}, namespace="team-a") as watched:
        assert watched.visits()[0].ok
        assert [(asked.method, asked.path) for asked in stage.asked] == [
            ("GET", HEALTH),
            ("GET", SELF),
            ("POST", LOOKUP),
        ]
        health, *others = stage.asked
        assert "X-Vault-Token" not in health.headers
        assert "X-Vault-Namespace" not in health.headers
        for asked in others:
            assert asked.headers["X-Vault-Token"] == SECRET
            assert asked.headers["X-Vault-Namespace"] == "team-a"
            assert "X-Vault-Wrap-TTL" not in asked.headers


def test_proxies_and_netrc_of_the_environment_are_not_used(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with staged(RecordedVault()) as stage, Watched(stage.url, SECRET, {"a": "x"}) as watched:
        assert watched.visits()[0].ok
        assert not any("Authorization" in asked.headers for asked in stage.asked)
