"""A Vault that answers what was recorded of a real one, and what tests of it share."""

import json

import msgspec

from collectors.vault_facts import token_of
from collectors.vault_wire import Envelope
from tests.collectors.stage import DATA, Answer

RECORDED = json.loads((DATA / "vault" / "answers.json").read_text())
SECRET = "hvs.CAESIJverySecretTokenOfOurOwn0123456789"
HTML = (("Content-Type", "text/html"),)
HEALTH = "/v1/sys/health"
SELF = "/v1/auth/token/lookup-self"
LOOKUP = "/v1/auth/token/lookup-accessor"
NOW_S = 1_795_371_998


def recorded(name):
    answer = RECORDED[name]
    return Answer(answer["status"], json.dumps(answer["body"]).encode())


def token(name):
    return token_of(msgspec.convert(RECORDED[name]["body"], Envelope).data, name)


SECONDARY = Answer(
    472, b'{"initialized":true,"sealed":false,"standby":true,"replication_dr_mode":"secondary","version":"1.15"}'
)


class RecordedVault:
    """Answers what was recorded; a test replaces the answer of a path."""

    def __init__(self, **answers):
        self.answers = {HEALTH: recorded("active_health_GET"), SELF: recorded("lookup_self_root")}
        self.lookups = {}
        self.answers |= answers

    def __call__(self, asked):
        if asked.path == LOOKUP and LOOKUP not in self.answers:
            accessor = json.loads(asked.body)["accessor"]
            body = dict(RECORDED["lookup_accessor_service_ttl"]["body"])
            body["data"] = body["data"] | {"accessor": accessor}
            return self.lookups.get(accessor, Answer(200, json.dumps(body).encode()))
        return self.answers.get(asked.path, Answer(404))
