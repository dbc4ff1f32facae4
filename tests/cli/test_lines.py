"""One line per change of level: what is worth a line, and what is in it."""

import json

import msgspec
import pytest

from statusdesk.cli.lines import transition_line
from statusdesk.states import Level
from statusdesk.store.periods import Transition
from tests.cli.conftest import HOSTILE, outcome, rollout, source, token

NOW = 1_795_348_800_000


def stamped(state, **more):
    return msgspec.structs.replace(state, since_ms=NOW, level_since_ms=NOW, seen_ms=NOW, **more)


OK = stamped(rollout("orders", "staging"))
BAD = stamped(rollout("orders", "staging", Level.FAILING, "1.1", reason="ErrImagePull", message="image not found"))


@pytest.mark.parametrize(
    ("before", "after", "levels"),
    [
        (OK, BAD, ("ok", "failing")),
        (BAD, OK, ("failing", "ok")),
        (None, BAD, (None, "failing")),
        (BAD, stamped(BAD, until_ms=NOW), ("failing", None)),
        (stamped(OK, until_ms=NOW), BAD, (None, "failing")),
        (None, OK, None),
        (OK, stamped(OK, until_ms=NOW), None),
        (stamped(OK, until_ms=NOW), OK, None),
        (OK, stamped(OK, version="1.2"), None),
        (BAD, stamped(BAD, reason="Other"), None),
    ],
)
def test_a_line_is_for_a_change_of_level(before, after, levels):
    line = transition_line(Transition(before, after), as_json=True)
    if levels is None:
        assert line == ""
    else:
        fields = json.loads(line)
        assert (fields["before"], fields["level"]) == levels


def test_a_json_line_says_what_where_and_why():
    assert json.loads(transition_line(Transition(OK, BAD), as_json=True)) == {
        "ts": "2026-11-22T12:00:00.000Z",
        "event": "level",
        "kind": "rollout",
        "key": "eu/staging/Deployment/orders",
        "cluster": "eu",
        "namespace": "staging",
        "app": "orders",
        "workload": "orders",
        "before": "ok",
        "level": "failing",
        "reason": "ErrImagePull",
        "message": "image not found",
        "version": "1.1",
        "since": "2026-11-22T12:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("transition", "words"),
    [
        (Transition(OK, BAD), "ok -> failing  rollout  eu/staging/orders  1.1  ErrImagePull  image not found"),
        (Transition(None, BAD), "new -> failing  rollout"),
        (Transition(BAD, stamped(BAD, until_ms=NOW)), "failing -> gone  rollout"),
        (Transition(None, stamped(token("payments", Level.WARNING))), "new -> warning  token  payments"),
        (
            Transition(None, stamped(outcome("deploy", "staging", Level.FAILING))),
            "new -> failing  build  staging/deploy",
        ),
        (Transition(None, stamped(source("vault", Level.FAILING))), "new -> failing  source  vault"),
    ],
)
def test_a_text_line_says_it_in_words(transition, words):
    line = transition_line(transition, as_json=False)
    assert line.startswith("2026-11-22T12:00:00.000Z  ") and words in line


@pytest.mark.parametrize("as_json", [True, False])
def test_hostile_text_stays_on_its_line(as_json):
    hostile = stamped(rollout(HOSTILE, "staging", Level.FAILING, HOSTILE, message=HOSTILE + "\nnext"))
    line = transition_line(Transition(None, hostile), as_json=as_json)
    assert "\n" not in line and "\x1b" not in line and "\u202e" not in line
