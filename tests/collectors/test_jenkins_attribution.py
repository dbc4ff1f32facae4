"""Which namespace a build is of, and what of its parameters may be kept."""

import msgspec
import pytest

from collectors.jenkins_attribution import by_job, by_parameter, clues_of, namespaces_in
from collectors.jenkins_wire import Action
from statusdesk.config import JenkinsSettings

SETTINGS = JenkinsSettings(url="http://x", namespace_patterns=(r"^envs/(?P<ns>[a-z0-9-]+)/", r"-(?P<ns>qa)$"))
SPLIT = msgspec.structs.replace(SETTINGS, split_namespaces=True)


def actions(*parameters, causes=()):
    made = [{}, {"parameters": [{"name": n, "value": v} for n, v in parameters]}] if parameters != (None,) else [{}]
    return msgspec.convert([*made, {"causes": list(causes)}], list[Action | None])


def attributed(job, default, made, settings=SETTINGS):
    clues = clues_of(made, settings)
    found = by_parameter(clues, settings) or by_job(job, clues, default, settings)
    return found.namespaces, found.rule


@pytest.mark.parametrize(
    ("made", "job", "default", "expected"),
    [
        (actions(("NAMESPACE", "prod")), "deploy", "staging", (("prod",), "parameter")),
        (actions(("namespace", " Prod ")), "deploy", "staging", (("prod",), "parameter")),
        (actions(("ENV", "qa"), ("K8S_NAMESPACE", "prod")), "deploy", None, (("prod",), "parameter")),
        (actions(("NAMESPACE", "")), "envs/dev/x", "staging", ((), "")),
        (actions(None), "deploy", "staging", (("staging",), "default")),
        (actions(None), "envs/dev-bob/x", None, (("dev-bob",), "pattern")),
        (actions(("REGION", "eu")), "deploy-qa", "staging", (("qa",), "pattern")),
        (actions(("REGION", "eu")), "deploy", "staging", ((), "")),
        (actions(("NAMESPACE", True)), "deploy", "staging", ((), "")),
        (actions(("NAMESPACE", "a,b")), "deploy", None, (("a,b",), "parameter")),
    ],
)
def test_the_rules_in_order(made, job, default, expected):
    assert attributed(job, default, made) == expected


def test_lists_are_split_where_the_settings_say_so():
    assert attributed("deploy", None, actions(("NAMESPACE", "b, a;b")), SPLIT) == (("b", "a"), "parameter")
    assert namespaces_in(" , ", True) == ()


def test_an_emptied_list_of_parameters_is_not_the_same_as_none():
    made = msgspec.convert([{"parameters": []}], list[Action | None])
    assert attributed("deploy", "staging", made) == ((), "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_TOKEN", "abc"),
        ("db_password", "abc"),
        ("PASS", "abc"),
        ("SSH_KEY", "abc"),
        ("VAULT", "hvs.CAESIJ0123456789abcdefghij"),
        ("NOTE", "-----BEGIN RSA PRIVATE KEY-----"),
    ],
)
def test_secrets_are_not_kept(name, value):
    settings = msgspec.structs.replace(SETTINGS, version_parameters=(name,))
    assert clues_of(actions((name, value)), settings).parameters == ()


def test_only_what_tells_namespace_and_version_is_kept_and_clean():
    made = actions(("AUTHOR", "bob"), ("version", "1.5.0\x1b[31m"), ("NAMESPACE", "dev"), ("COMPASS", "n"))
    kept = clues_of(made, SETTINGS).parameters
    assert [name for name, _ in kept] == ["version", "NAMESPACE"]
    assert "\x1b" not in kept[0][1]


def test_passwords_come_without_a_value():
    made = msgspec.convert([{"parameters": [{"name": "P"}]}], list[Action | None])
    clues = clues_of(made, SETTINGS)
    assert clues.parameters == ()
    assert clues.has_parameters
