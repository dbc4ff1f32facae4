"""Each trap of hvac, sprung by its plain use, and what our connection makes of the same answers.

In the order in which the traps were found (hvac 2.4.0), with the tests that hold them elsewhere:

1. it only blocks: ``tests/cli/test_imports`` (no console loads it; the collector visits on a thread of its own)
2. without a token it takes the operator's own: here, and ``test_vault_openbao`` against a real server
3. it follows redirects with the token: here, and ``test_vault_faults::test_no_redirect_is_followed_with_the_token``
4. another type than on success, and TypeErrors on a web page: here
5. health by HEAD, and with the namespace that Vault refuses: here
6. ``is_authenticated`` raises when sealed: here
7. a typo and a token that is gone are the same exception, without a status: here
8. transport errors are not its own, and print a header's value: here, and
   ``test_vault_faults::test_a_token_that_is_no_header_is_never_told``
9. several lines and the URL in an error's text: here
10. half a minute of patience, for each read: here, and
   ``test_vault_faults::test_a_dripping_answer_is_bounded_as_a_whole``
11. whose certificates are believed is told by the environment: here
12. proxies and ``~/.netrc``: ``test_vault_faults::test_proxies_and_netrc_of_the_environment_are_not_used``
13. one session for all threads: ``test_vault_openbao::test_many_tokens_are_looked_up_by_several_threads...``, and here
"""

import socket
import threading
import time

import hvac
import pytest
import requests

from collectors.authorities import authorities
from collectors.transport import VisitFailed
from collectors.vault_api import AccessorUnknown, TokenProblem, VaultApi
from statusdesk.config import VaultSettings
from tests.collectors.recorded_vault import HEALTH, LOOKUP, RECORDED, SECRET, SELF, RecordedVault, recorded
from tests.collectors.stage import Answer, staged

HTML = (("Content-Type", "text/html"),)


def naive(url, **options):
    return hvac.Client(url=url, **({"token": SECRET} | options))


def ours(url, secret=SECRET, **more):
    return VaultApi(VaultSettings(address=url, **({"timeout_s": 5.0} | more)), secret)


def test_without_a_token_nobody_elses_is_taken(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("VAULT_TOKEN", raising=False)
    (tmp_path / ".vault-token").write_text("hvs.of-the-operator")
    with staged(RecordedVault()) as stage:
        naive(stage.url, token=None).auth.token.lookup_self()
        ours(stage.url, secret="").own()
        naively, mine = stage.asked
        assert naively.headers["X-Vault-Token"] == "hvs.of-the-operator"
        assert "X-Vault-Token" not in mine.headers


def test_a_redirect_does_not_take_the_token_to_another_host():
    with staged(RecordedVault()) as other:
        moved = RecordedVault(**{SELF: Answer(307, b"", (("Location", other.url + SELF),))})
        with staged(moved) as stage:
            naive(stage.url).auth.token.lookup_self()
            assert other.asked[0].headers["X-Vault-Token"] == SECRET
            with pytest.raises(VisitFailed, match="which is not followed with a token"):
                ours(stage.url).own()
            assert len(other.asked) == 1


def test_an_answer_is_of_one_type_whatever_its_status():
    vault = RecordedVault(**{HEALTH: recorded("standby_health_GET"), SELF: Answer(200, b"<html>", HTML)})
    with staged(vault) as stage:
        assert isinstance(naive(stage.url).sys.read_health_status(method="GET"), requests.Response)
        with pytest.raises(TypeError):
            naive(stage.url).auth.token.lookup_self()["data"]
        assert ours(stage.url).health().standby
        with pytest.raises(VisitFailed) as caught:
            ours(stage.url).own()
        assert caught.value.problem == "NotJson"


def test_health_is_asked_by_get_and_without_a_namespace():
    def answer(asked):
        if asked.headers.get("X-Vault-Namespace"):
            return recorded("ha_health_ns")
        return recorded("active_health_GET")

    with staged(answer) as stage:
        assert naive(stage.url, namespace="team-a").sys.read_health_status(method="GET").status_code == 400
        naive(stage.url).sys.read_health_status()
        assert stage.asked[-1].method == "HEAD"
        assert ours(stage.url, namespace="team-a").health().initialized
        assert stage.asked[-1].method == "GET"


def test_sealed_is_a_problem_and_not_an_exception_of_a_question():
    sealed = recorded("sealed_lookup_accessor")
    with staged(RecordedVault(**{SELF: sealed})) as stage:
        with pytest.raises(hvac.exceptions.VaultDown):
            naive(stage.url).is_authenticated()
        with pytest.raises(VisitFailed) as caught:
            ours(stage.url).own()
        assert (caught.value.problem, caught.value.status) == ("Sealed", 503)


def test_gone_is_told_from_a_mistake_of_ours():
    vault = RecordedVault()
    vault.lookups = {"gone": recorded("lookup_accessor_revoked"), "": recorded("lookup_accessor_empty")}
    with staged(vault) as stage:
        for accessor in ("gone", ""):
            with pytest.raises(hvac.exceptions.InvalidRequest) as raised:
                naive(stage.url).auth.token.lookup_accessor(accessor)
            assert not hasattr(raised.value, "status_code")
            assert "\n" in str(raised.value) and "on post" in str(raised.value)
        with pytest.raises(AccessorUnknown):
            ours(stage.url).lookup("gone")
        with pytest.raises(TokenProblem) as caught:
            ours(stage.url).lookup("")
        assert (caught.value.problem, "accessor is empty" in caught.value.message) == ("Misconfigured", True)
        assert caught.value.message.isprintable()


def test_what_the_network_does_is_a_problem_too():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(requests.exceptions.ConnectionError) as raised:
        naive(url).auth.token.lookup_self()
    assert not isinstance(raised.value, hvac.exceptions.VaultError)
    with pytest.raises(VisitFailed) as caught:
        ours(url).own()
    assert caught.value.problem == "Unreachable"


def test_a_token_with_a_line_end_is_not_printed():
    bad = f"bad\n{SECRET}"
    with staged(RecordedVault()) as stage:
        with pytest.raises(requests.exceptions.InvalidHeader, match=SECRET):
            naive(stage.url, token=bad).auth.token.lookup_self()
        with pytest.raises(VisitFailed) as caught:
            ours(stage.url, secret=bad).own()
        assert SECRET not in str(caught.value) and caught.value.__suppress_context__


def test_a_silent_server_is_waited_for_as_long_as_the_settings_say():
    released = threading.Event()
    with staged(lambda asked: Answer(hold=released)) as stage:
        client = naive(stage.url)
        assert client.adapter._kwargs["timeout"] == 30
        began = time.monotonic()
        with pytest.raises(VisitFailed) as caught:
            ours(stage.url, timeout_s=0.3).own()
        assert time.monotonic() - began < 3
        assert caught.value.problem == "Timeout"
        released.set()


def test_certificates_are_believed_by_the_settings_and_by_nothing_else(monkeypatch):
    monkeypatch.setenv("VAULT_SKIP_VERIFY", "1")
    monkeypatch.setattr("hvac.v1.VAULT_CACERT", "/of/somebody/else.pem")  # read from the environment at its import
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/of/another.pem")
    assert naive("https://127.0.0.1:1").adapter._kwargs["verify"] == "/of/somebody/else.pem"
    for ca_file, verify in (("", authorities("")), ("/ours.pem", "/ours.pem")):
        assert verify
        api = ours("https://127.0.0.1:1", ca_file=ca_file)
        for bare in (False, True):
            session = api._client(bare).adapter.session
            assert (session.verify, session.trust_env) == (verify, False)
            sent = session.merge_environment_settings("https://127.0.0.1:1", {}, None, None, None)
            assert sent["verify"] == verify


def test_each_thread_has_a_session_of_its_own():
    api = ours("http://127.0.0.1:1")
    assert api._client(False).adapter.session is not api.another()._client(False).adapter.session


def test_an_accessor_that_answers_for_another_is_not_believed():
    """A server once did; and hvac hands out what it gets."""
    other = RECORDED["lookup_accessor_service_ttl"]
    with staged(RecordedVault(**{LOOKUP: recorded("lookup_accessor_service_ttl")})) as stage:
        assert naive(stage.url).auth.token.lookup_accessor("mine")["data"] == other["body"]["data"]
        with pytest.raises(TokenProblem, match="another accessor"):
            ours(stage.url).lookup("mine")
