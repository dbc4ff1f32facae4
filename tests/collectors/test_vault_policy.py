"""The policy that is handed out is the one that the collector is tested with, and grants nothing more."""

import re
from pathlib import Path

from collectors.vault_api import POLICY

HANDED_OUT = Path(__file__).parents[2] / "deploy" / "vault" / "statusdesk.hcl"


def rules(policy):
    """Return a policy as paths and what is said about each, without comments and layout."""
    plain = re.sub(r"#.*", "", policy)
    return {path: " ".join(body.split()) for path, body in re.findall(r'path "([^"]+)"\s*\{(.*?)\}', plain, re.DOTALL)}


def test_both_say_the_same():
    assert rules(HANDED_OUT.read_text()) == rules(POLICY)


def test_nothing_more_is_granted_than_is_asked():
    assert {path: re.search(r"\[(.*?)\]", body)[1] for path, body in rules(POLICY).items()} == {
        "auth/token/lookup-accessor": '"update"',
        "auth/token/lookup-self": '"read"',
    }
