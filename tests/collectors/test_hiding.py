"""Secrets of one source in what another one tells, as a pipeline that prints its environment does."""

import base64

import pytest
from msgspec import structs

from collectors.hiding import Hiding
from statusdesk.config import Secret
from statusdesk.credentials import SECRETS_KEPT
from statusdesk.facts import Build, Changed, Container, ContainerRole, Pod, Swept, Visited
from statusdesk.redact import HIDDEN
from statusdesk.text import clean

API_TOKEN = "11deadbeef0123456789abcdef01234567"
VAULT_TOKEN = "hvs.CAESIJverySecretTokenOfOurOwn0123456789"
HOOK = "https://hooks.example.org/services/T00AB12C3/B99/qW3rtYuiOp0987654321"


@pytest.fixture
def told():
    return []


@pytest.fixture
def hiding(told, tmp_path, monkeypatch):
    (tmp_path / "jenkins").write_text(API_TOKEN + "\n")
    monkeypatch.setenv("HOOK", HOOK)
    made = Hiding(told.append, tmp_path)
    made.learn([Secret(file="jenkins"), Secret(env="HOOK"), Secret(file="missing"), Secret(command=("false",))])
    return made


def pod(message: str, name: str = "orders-1") -> Pod:
    container = Container(name="app", role=ContainerRole.APP, last_message=message)
    return Pod(cluster="eu", namespace="staging", name=name, uid="u1", containers=(container,))


def test_a_secret_of_another_source_is_hidden_wherever_it_stands(hiding, told):
    event = Visited(source="vault", ok=False, at_ms=1, problem="ServerError", message=f"said {HOOK}, and {API_TOKEN}")
    sweep = Swept(
        source="kubernetes/eu", kind=Pod, started_ms=1, at_ms=2, facts=(pod("well"), pod(f"curl -u a:{API_TOKEN} x"))
    )
    gone = Changed(source="jenkins", kind=Build, at_ms=1, gone=(("jenkins", f"x-{API_TOKEN}"),))
    for message in (event, sweep, gone):
        hiding(message)
    assert told[0].message == f"said {HIDDEN}, and {HIDDEN}"
    well, leaking = told[1].facts
    assert well is sweep.facts[0] and leaking.containers[0].last_message == f"curl -u a:{HIDDEN} x"
    assert leaking.containers[0].role is ContainerRole.APP and told[1].kind is Pod
    assert told[2].gone == (("jenkins", f"x-{HIDDEN}"),)
    assert API_TOKEN not in repr(told) and HOOK not in repr(told)


@pytest.mark.parametrize("where", ["message", "scheduled_message"])
def test_what_a_pod_says_is_searched(hiding, told, where):
    leaking = structs.replace(pod(""), **{where: API_TOKEN})
    hiding(Changed(source="kubernetes/eu", kind=Pod, at_ms=1, seen=(pod(""), leaking)))
    assert told[0].seen == (pod(""), structs.replace(pod(""), **{where: HIDDEN}))


def test_what_holds_no_secret_is_given_on_as_it_came(hiding, told):
    sweep = Swept(source="kubernetes/eu", kind=Pod, started_ms=1, at_ms=2, facts=(pod("https://hooks.example.org"),))
    hiding(sweep)
    assert told[0] is sweep


@pytest.mark.parametrize("chars", range(12, len(API_TOKEN)))
def test_a_secret_that_was_cut_with_its_text_is_hidden_too(hiding, told, chars):
    cut = clean("x" * (300 - 1 - chars) + API_TOKEN + " y")
    assert cut.endswith(API_TOKEN[:chars] + "\u2026")
    hiding(Visited(source="vault", ok=False, at_ms=1, message=cut))
    assert told[0].message.endswith("x" + HIDDEN)


def test_a_secret_is_known_from_when_it_is_read_in_each_form_that_it_is_sent_in(hiding, told, tmp_path):
    (tmp_path / "vault").write_text(VAULT_TOKEN)
    read = hiding.reader(Secret(file="jenkins"), "bob")
    told_by_command = hiding.reader(Secret(command=("cat", "vault")))
    basic = base64.b64encode(f"bob:{API_TOKEN}".encode()).decode()
    assert (read(), told_by_command(), hiding.reader(None)) == (API_TOKEN, VAULT_TOKEN, None)
    renewed = "22cafe00beef0123456789abcdef01234567"
    (tmp_path / "jenkins").write_text(renewed)
    assert read() == renewed
    hiding(Visited(source="jenkins", ok=True, at_ms=1, detail=f"{basic} {VAULT_TOKEN} {API_TOKEN} {renewed}"))
    assert told[0].detail.replace("=", "") == " ".join([HIDDEN] * 4)


def test_a_password_that_is_a_word_does_not_hide_the_names_that_hold_it(told, tmp_path):
    (tmp_path / "password").write_text("statusdesk")
    hiding = Hiding(told.append, tmp_path)
    hiding.learn([Secret(file="password")])
    seen = pod("statusdesk failed", "statusdesk-1")
    hiding(Changed(source="kubernetes/eu", kind=Pod, at_ms=1, seen=(seen,)))
    assert told[0].seen == (seen,)


def test_what_cannot_be_written_is_searched_all_the_same(hiding, told):
    for odd in ({"took_ms": 10**30}, {"detail": "\ud800"}):
        hiding(Visited(source="jenkins", ok=True, at_ms=1, message=API_TOKEN, **odd))
        assert told[-1].message == HIDDEN


def test_of_a_secret_that_is_issued_anew_again_and_again_the_last_ones_are_hidden(hiding, told, tmp_path):
    def issued(number: int) -> str:
        (tmp_path / "vault").write_text(secret := f"hvs.{number:020d}")
        assert read() == secret
        return secret

    def is_hidden(secret: str) -> bool:
        hiding(Visited(source="vault", ok=False, at_ms=1, message=f"said {secret}"))
        return secret not in told.pop().message

    read = hiding.reader(Secret(file="vault"), "admin")
    rotated = [issued(number) for number in range(3 * SECRETS_KEPT)]
    assert [is_hidden(each) for each in rotated[-SECRETS_KEPT - 1 :]] == [False] + [True] * SECRETS_KEPT
    issued(2 * SECRETS_KEPT)  # the oldest of them is the last one now
    issued(-1)
    assert [is_hidden(each) for each in rotated[2 * SECRETS_KEPT :][:2]] == [True, False]
    assert is_hidden(API_TOKEN) and is_hidden(HOOK), "others stay, though nobody reads them again"
    assert len(hiding._masks) == SECRETS_KEPT + 2
