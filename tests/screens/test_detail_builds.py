"""What the detail pane says about the build that made a rollout."""

import datetime

import msgspec
import pytest

from screens.detail_text import CellTold, Scribe
from screens.ink import make_ink
from statusdesk.judge.promotion_builds import changes_without_build, noted
from tests.screens import boards

URL = "https://jenkins.example/job/deploy-orders/{}/"


def said(number=None, rule="", newest=412, **more):
    """The lines about builds, for a rollout made by one build and a newest one."""
    row = boards.orders()
    built = {"build_job": "deploy-orders", "build_url": URL.format(number)} if number else {}
    rollout = msgspec.structs.replace(row.cells[1].rollouts[0], build_number=number, build_rule=rule, **(built | more))
    cells = [msgspec.structs.replace(row.cells[1], rollouts=(rollout,))]
    [cell] = noted(cells, changes_without_build(cells))
    builds = (boards.build("orders", newest, "SUCCESS", "staging"),) if newest else ()
    row = msgspec.structs.replace(row, builds=builds)
    scribe = Scribe(make_ink({}, True), False, datetime.UTC, boards.NOW)
    lines = scribe.write(row, cell, "staging", CellTold()).plain.splitlines()
    begin = next((i for i, line in enumerate(lines) if line.startswith(("note", "made by", "build"))), len(lines))
    return [" ".join(line.split()) for line in lines[begin:] if line and not line.startswith("reading")]


def newest_build(number):
    return [f"build deploy-orders #{number} SUCCESS 5m ago, seed", URL.format(number)]


@pytest.mark.parametrize(
    ("made", "lines"),
    [
        (said(412, "annotation"), [*newest_build(412), "made this rollout, told by its annotation"]),
        (said(412, "version"), [*newest_build(412), "made this rollout, told by version and time"]),
        (
            said(411, "time"),
            ["made by deploy-orders #411, told by the time alone", URL.format(411), *newest_build(412)],
        ),
        (said(411, "annotation", newest=None), ["made by deploy-orders #411, told by its annotation", URL.format(411)]),
        (said(7, "annotation", None, build_job="", build_url=""), ["made by #7, told by its annotation"]),
        (
            said(7, "namespace", newest=None, build_job="env-create"),
            ["made by env-create #7, perhaps: no other may have made it", URL.format(7)],
        ),
        (said(None, "namespace"), newest_build(412)),
        (said(None, "none"), ["note orders changed to 1.5.0 without a build", *newest_build(412)]),
        (said(), newest_build(412)),
    ],
)
def test_the_build_of_a_rollout(made, lines):
    assert made == lines


@pytest.mark.parametrize(
    ("died_ms", "line"),
    [
        (boards.NOW, "cause token 'orders' is gone, since "),
        (None, "cause token 'orders' is not known to Vault"),
    ],
)
def test_the_cause_of_a_rollout(died_ms, line):
    words = line.removeprefix("cause ").partition(", since")[0]
    row = boards.orders()
    rollout = msgspec.structs.replace(row.cells[1].rollouts[0], cause=words, cause_key="token:x", cause_ms=died_ms)
    cell = msgspec.structs.replace(row.cells[1], rollouts=(rollout,))
    scribe = Scribe(make_ink({}, True), False, datetime.UTC, boards.NOW)
    told = [" ".join(each.split()) for each in scribe.write(row, cell, "staging", CellTold()).plain.splitlines()]
    [found] = [each for each in told if each.startswith("cause")]
    assert found.startswith(line) and ("since" in found) is (died_ms is not None)
