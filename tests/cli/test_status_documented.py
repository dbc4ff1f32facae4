"""The table of the README says which keys ``status --format json`` has: all of them, and no others."""

import json
import re

from statusdesk.states import AlertState, Level, LostNode
from statusdesk.states_alerts import Muted, MutedThere
from tests.cli.conftest import ROOT, outcome, rollout, token

NAME = re.compile(r"`([a-z_.]+)`")


def documented():
    """Return the keys by the place where they stand: ``apps.stages``; the empty place is the document itself."""
    section = (ROOT / "README.md").read_text().partition("## JSON of `status`")[2].partition("\n## ")[0]
    keys = {"": set()}
    for line in section.splitlines():
        if not line.startswith("| `"):
            continue
        places, said = line.strip("| ").split(" | ", 1)
        for place in NAME.findall(places):
            if "." not in place:
                keys[""].add(place)
            if names := set(NAME.findall(said)):
                keys[place] = names
    return keys


def found_in(value, place="", keys=None):
    """Return the keys of all objects of a document in the same form."""
    keys = {} if keys is None else keys
    if isinstance(value, dict):
        keys.setdefault(place, set()).update(value)
        for name, each in value.items():
            found_in(each, f"{place}.{name}".lstrip("."), keys)
    elif isinstance(value, list):
        for each in value:
            found_in(each, place, keys)
    return keys


def test_the_readme_names_each_key_of_the_document_and_no_other(run, put):
    brought = {"build_job": "deploy-orders", "build_number": 7, "build_url": "http://j/7"}
    alerts = [
        AlertState(fingerprint=state, started_ms=1, state=state, alertname="RolloutFailing", severity="warning")
        for state in ("firing", "pending")
    ]
    muted = (Muted(fingerprint="firing"), Muted(fingerprint="pending"))
    put(
        rollout("orders", "staging", Level.FAILING, **brought, build_rule="version"),
        rollout("orders", "production", **brought, build_rule="none"),
        rollout("web", "production", held_by="OnDelete", held_version="1.0.0"),
        rollout("web", "staging", Level.UNKNOWN, lost=(LostNode("n-3", 1, 1),)),
        outcome("deploy-orders", "staging", number=7, result="SUCCESS", version="1.0"),
        token("payments"),
        alerts=alerts,
        muted=[MutedThere(sink="am", muted=muted)],
    )
    assert found_in(json.loads(run("status", "--format", "json").stdout)) == documented()
