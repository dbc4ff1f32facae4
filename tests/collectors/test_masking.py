"""Our own secrets in what a source answers: told by nobody."""

import base64
import json
from urllib.parse import quote

import msgspec
import pytest

from collectors.jenkins_api import JenkinsApi
from collectors.jenkins_probe import probe_jenkins
from collectors.log_lines import Manner
from collectors.masking import Mask
from collectors.transport import VisitFailed
from collectors.vault_probe import probe_vault
from statusdesk.config import JenkinsSettings, VaultSettings
from statusdesk.redact import HIDDEN
from tests.collectors.recorded_vault import HEALTH, RECORDED, RecordedVault, recorded
from tests.collectors.recorded_vault import SECRET as SERVICE
from tests.collectors.small_jenkins import SmallJenkins, build
from tests.collectors.stage import Answer, staged
from tests.collectors.vault_watch import Watched
from tests.collectors.watched_jenkins import Watched as WatchedJenkins

PLAIN = "5f3c9a7e-11bb-4c2d-9e77-aabbccddeeff"
ODD = "pass/word+with=odd&chars"
API_TOKEN = "11deadbeef0123456789abcdef01234567"
BASIC = base64.b64encode(f"bob:{API_TOKEN}".encode()).decode()


@pytest.mark.parametrize(
    "secret", ['Corr"ect-Horse-77', "back\\slash-9", "päßword-12", "tab\tsecret", "key-\U0001f511-77"]
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_secret_that_json_writes_otherwise_is_hidden(secret, ascii_only):
    body = json.dumps({"said": f"say {secret} end"}, ensure_ascii=ascii_only).encode()
    assert json.loads(Mask(secret).body(body)) == {"said": f"say {HIDDEN} end"}
    broken = Mask(secret).body(b"<" + body)
    assert json.dumps(secret, ensure_ascii=ascii_only)[1:-1].encode() not in broken


@pytest.mark.parametrize("secret", [PLAIN, ODD, SERVICE])
def test_all_forms_of_a_secret_are_hidden(secret):
    mask = Mask(secret, "bob")
    basic = base64.b64encode(f"bob:{secret}".encode()).decode()
    for form in (secret, quote(secret, safe=""), basic):
        assert mask.text(f"a {form} b").startswith(f"a {HIDDEN}")
        assert json.loads(mask.body(json.dumps({"said": [form, 1.5, None]}).encode())) in (
            {"said": [HIDDEN, 1.5, None]},
            {"said": [HIDDEN + "=" * form.count("="), 1.5, None]},
        )
        assert form.encode() not in mask.body(f"<html>{form}</html>".encode())
    escaped = "".join(f"\\u{ord(char):04x}" for char in secret)
    assert json.loads(mask.body(f'{{"said": "{escaped}"}}'.encode())) == {"said": HIDDEN}


def test_an_answer_without_the_secret_stays_as_it_came():
    body = b'{"a": "b", "c": 1, "d": "\\u003c\\u00fc"}'
    assert Mask(PLAIN).body(body) is body
    assert Mask("").body(body) is body and Mask("").text("x") == "x"


def test_a_secret_of_digits_or_of_a_word_does_not_break_an_answer():
    body = json.dumps({"timestamp": 1_795_411_937_902, "12345678": "12345678", "root": "root"}).encode()
    assert json.loads(Mask("95411937").body(body))["timestamp"] == 1_795_411_937_902
    assert json.loads(Mask("12345678").body(body)) == {
        "timestamp": 1_795_411_937_902,
        "12345678": HIDDEN,
        "root": "root",
    }
    assert Mask("root").body(body) is body, "too short to be a secret, and the name of a policy"


@pytest.mark.parametrize("secret", [PLAIN, SERVICE])
@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.9:8200/v1/{0}",
        "http://10.0.0.9:8200/v1/{0}?t={0}#{0}",
        "http://user:{0}@10.0.0.9/{0}",
        "//{0}:{0}@10.0.0.9/x",
        "http://{0}.example.org/x",
        "/{1}/x",
        "http://10.0.0.9/{2}",
    ],
)
def test_a_redirect_tells_where_it_leads_and_not_what_we_sent(secret, location):
    hidden = "".join(f"%{byte:02x}" for byte in secret.encode())
    sent = location.format(secret, hidden, quote(hidden))
    assert secret not in Mask(secret).target(sent)
    assert secret not in Mask("another-secret").target(sent) or secret == PLAIN  # the shape alone is enough
    vault = RecordedVault(**{HEALTH: Answer(307, b"", (("Location", sent),))})
    with staged(vault) as stage, Watched(stage.url, secret, {"a": "AAA"}) as watched:
        (visit,) = watched.visits()
        assert "redirects to" in visit.message and secret not in repr(list(watched.heard))
        probed = probe_vault(VaultSettings(address=stage.url), lambda: secret)
        assert secret not in repr(probed) and "redirects to" in probed[0].message
    jenkins = JenkinsApi(JenkinsSettings(url="http://127.0.0.1:1", user="bob"), secret)
    assert secret not in jenkins.mask.target(sent)


def test_a_plain_redirect_is_told_whole():
    assert Mask(PLAIN).target("https://vault.example:8200/ui/vault/auth?with=token") == (
        "https://vault.example:8200/ui/vault/auth"
    )


@pytest.mark.parametrize("secret", [PLAIN, SERVICE])
def test_nothing_that_vault_answers_tells_our_token(secret):
    health = RECORDED["active_health_GET"]["body"] | {"version": f"2.7 {secret}"}
    echo = RECORDED["lookup_accessor_service_ttl"]["body"]["data"] | {
        "accessor": "AAA",
        "display_name": secret,
        "path": f"auth/{secret}",
        "type": secret,
        "id": secret,
    }
    vault = RecordedVault(**{HEALTH: Answer(200, json.dumps(health).encode())})
    vault.lookups["AAA"] = Answer(200, json.dumps({"data": echo}).encode())
    vault.lookups["BBB"] = Answer(400, json.dumps({"errors": [f"no {secret}"]}).encode())
    with staged(vault) as stage, Watched(stage.url, secret, {"a": "AAA", "b": "BBB"}) as watched:
        assert watched.tokens()["a"].display_name == HIDDEN and HIDDEN in watched.health().version
        assert secret not in repr(list(watched.heard))
        assert HIDDEN in probe_vault(VaultSettings(address=stage.url), lambda: secret)[0].message


def test_nothing_that_jenkins_answers_tells_our_token():
    jenkins = SmallJenkins()
    actions = [
        {"parameters": [{"name": "NAMESPACE", "value": "staging"}, {"name": "VERSION", "value": API_TOKEN}]},
        {"causes": [{"shortDescription": f"by {API_TOKEN} {BASIC}", "userId": API_TOKEN}]},
    ]
    jenkins.add("deploy", build(1) | {"actions": actions})
    with staged(jenkins) as stage, WatchedJenkins(stage, user="bob", token=API_TOKEN) as watched:
        (told,) = watched.builds().values()
        assert told.version == HIDDEN
        assert API_TOKEN not in repr(list(watched.heard)) and BASIC not in repr(list(watched.heard))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(302, b"", (("Location", f"http://elsewhere/{API_TOKEN}"),)),
        Answer(403, b"", (("X-You-Are-Authenticated-As", API_TOKEN), ("X-Required-Permission", API_TOKEN))),
        Answer(500, f"<html>{API_TOKEN}{BASIC}</html>".encode()),
    ],
)
def test_no_refusal_of_jenkins_tells_our_token(answer):
    with staged(lambda asked: answer) as stage:
        settings = JenkinsSettings(url=stage.url, user="bob")
        with pytest.raises(VisitFailed) as caught:
            JenkinsApi(settings, API_TOKEN).body("api/json")
        assert API_TOKEN not in caught.value.message and BASIC not in caught.value.message
        assert API_TOKEN not in repr(probe_jenkins(settings, lambda: API_TOKEN))


@pytest.mark.parametrize("manner", [Manner(redact=False), Manner(revealable=True)], ids=["not redacted", "revealed"])
def test_the_console_of_a_build_does_not_show_our_token(manner):
    from collectors.jenkins_console import JenkinsConsole
    from tests.collectors.kubernetes_server import wait_for

    log = f"curl -u bob:{API_TOKEN}\r\n+ Basic {BASIC}\r\nFinished: SUCCESS\r\n".encode()

    def answer(asked):
        return Answer(200, log, (("X-Text-Size", str(len(log))), ("Content-Type", "text/plain")))

    with staged(answer) as stage:
        settings = JenkinsSettings(url=stage.url, user="bob")
        console = JenkinsConsole(settings, lambda: API_TOKEN, "deploy", 1, manner=manner)
        console.start()
        lines = []
        wait_for(lambda: lines.extend(console.take(100)) or len(lines) >= 3, str(lines))
        lines += console.older(4, (), 10)
        console.close()
    assert len(lines) == 6
    assert all(API_TOKEN not in line.full_text and BASIC not in line.full_text for line in lines)


def test_what_our_own_look_up_tells_is_read_all_the_same():
    body = json.loads(recorded("lookup_self_root").body)
    body["data"]["id"] = PLAIN
    masked = msgspec.json.decode(Mask(PLAIN).body(json.dumps(body).encode()))
    assert masked["data"].pop("id") == HIDDEN and body["data"].pop("id") and masked == body
