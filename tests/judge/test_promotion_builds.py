"""Promotion, where builds say something that the cluster does not."""

from typing import Any

import msgspec
import pytest

from statusdesk.board import Mark
from statusdesk.states import BuildState, Level
from tests.judge.paths import NOW, H, rollout, row, standing, walk


def build(namespace: str, level: Level, hours: float, **changes: Any) -> BuildState:
    fields: dict[str, Any] = {
        "key": f"jenkins/deploy-orders@{namespace}",
        "source": "jenkins",
        "job": "deploy-orders",
        "namespace": namespace,
        "job_class": "deploy",
        "level": level,
        "message": f"deploy-orders #412 failed for {namespace}",
        "number": 412,
        "version": "1.5",
        "started_ms": NOW - int(hours * H),
        "duration_ms": 60_000,
    }
    return BuildState(**(fields | changes))


RED = "deploy-orders #412 failed for staging"


GREEN = "deploy-orders #412 is green for 1.5, cluster unchanged at 1.4"


@pytest.mark.parametrize(
    ("seen", "mark", "message"),
    [
        (
            build("staging", Level.FAILING, 1),
            Mark.WARNING,
            "staging: deploy-orders #412 failed for staging, cluster unchanged",
        ),
        (build("staging", Level.FAILING, 60), Mark.WARNING, f"staging: {RED}"),
        (build("staging", Level.OK, 1), Mark.WARNING, f"staging: {GREEN}"),
        (build("staging", Level.OK, 60), Mark.OK, ""),
        (build("staging", Level.OK, 1, version="v1.4"), Mark.OK, ""),
        (build("staging", Level.OK, 1, version=""), Mark.OK, ""),
        (build("staging", Level.WARNING, 1), Mark.OK, ""),
        (build("dev-bob", Level.FAILING, 1), Mark.OK, ""),
        (build("staging", Level.FAILING, 1, job_class="renewal"), Mark.OK, ""),
        (build("staging", Level.UNKNOWN, 1, started_ms=None), Mark.OK, ""),
    ],
)
def test_builds_of_which_the_cluster_knows_nothing(seen: BuildState, mark: Mark, message: str) -> None:
    found = row(rollout("testing", "1.5", 40), rollout("staging", "1.4", 48), builds=[seen])
    assert (found.mark, found.message) == (mark, message)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.5", ""),
        ("1.4", ""),
        ("1.6", "staging: deploy-orders #412 is green for 1.6, cluster unchanged at 1.4"),
    ],
)
def test_a_green_build_of_what_runs_or_is_held_back_is_no_fault(version: str, message: str) -> None:
    held = rollout("staging", "1.5", 48, held_by="OnDelete", held_version="1.4", updated=0)
    found = row(rollout("testing", "1.5", 60), held, builds=[build("staging", Level.OK, 1, version=version)])
    assert (found.mark, found.message) == (Mark.WARNING if message else Mark.OK, message)


def test_a_cluster_has_a_minute_to_follow_its_build() -> None:
    seen = build("staging", Level.OK, 0, started_ms=NOW - 70_000)
    found = standing(rollout("staging", "1.4", 48), builds=[seen])
    assert found.row.mark is Mark.OK
    assert found.look_again_ms == NOW + 50_000
    assert standing(rollout("staging", "1.4", 48), builds=[seen], now_ms=NOW + 50_000).row.mark is Mark.WARNING


ENDED = NOW - H + 60_000
"""When a build of an hour ago ended."""


@pytest.mark.parametrize(
    ("known", "unread"),
    [
        ({"heard": {"eu": ENDED + 59_999}}, {"eu"}),
        ({"heard": {"eu": None}}, {"eu"}),
        ({"heard": {}}, {"eu"}),
        ({"stale": {"eu": NOW - 5 * 60_000}}, {"eu"}),
        ({"stale": {"eu/staging": NOW}, "closed": frozenset({"eu/staging"})}, {"eu"}),
        ({"heard": {"eu": ENDED + 60_000}}, set()),
        ({"stale": {"us": None, "eu/audit": None}}, set()),
    ],
)
@pytest.mark.parametrize(
    ("level", "version"), [(Level.OK, "1.5"), (Level.OK, "1.4"), (Level.OK, ""), (Level.FAILING, "1.5")]
)
def test_that_a_cluster_is_unchanged_is_said_once_it_was_read_after_the_time_that_it_has(
    known: dict[str, Any], unread: set[str], level: Level, version: str
) -> None:
    seen = build("staging", level, 1, version=version)
    found = standing(rollout("testing", "1.5", 40), rollout("staging", "1.4", 48), builds=[seen], **known)
    cell = found.row.cells[1]
    assert cell is not None
    said = [found.row.words, cell.message, *cell.faults, *cell.notes]
    assert any("unchanged" in words for words in said) is not bool(unread)
    assert found.unread == unread
    if level is Level.FAILING:
        assert RED in cell.faults[0], "that it failed is known from Jenkins"


def test_of_several_clusters_all_must_have_been_read() -> None:
    there = [rollout("staging", "1.4", 48), rollout("staging", "1.4", 48, cluster="us")]
    seen = build("staging", Level.OK, 1)
    late = standing(*there, builds=[seen], heard={"eu": NOW, "us": ENDED})
    assert (late.row.mark, late.unread) == (Mark.OK, {"us"})
    assert standing(*there, builds=[seen], stale={"us": ENDED}).row.cells[1].faults == ()
    assert standing(*there, builds=[seen]).row.message == f"staging: {GREEN}"


def test_the_cluster_has_the_same_time_after_a_build_that_failed() -> None:
    seen = build("staging", Level.FAILING, 0, started_ms=NOW - 70_000)
    found = standing(rollout("staging", "1.4", 48), builds=[seen])
    assert (found.row.message, found.look_again_ms) == (f"staging: {RED}", NOW + 50_000)
    later = standing(rollout("staging", "1.4", 48), builds=[seen], now_ms=NOW + 50_000)
    assert later.row.message == f"staging: {RED}, cluster unchanged"


UNCHANGED = "deploy-orders #412 is green, cluster unchanged"


@pytest.mark.parametrize(
    ("seen", "there", "notes"),
    [
        (build("staging", Level.OK, 1, version="v1.4"), {}, (UNCHANGED,)),
        (build("staging", Level.OK, 1, version=""), {}, (UNCHANGED,)),
        (build("staging", Level.OK, 60), {}, ()),
        (build("staging", Level.OK, 1), {"build_job": "deploy-orders", "build_number": 412}, ()),
        (build("staging", Level.OK, 60), {"build_rule": "none"}, ("orders changed to 1.4 without a build",)),
        (build("staging", Level.OK, 60), {"build_rule": "none", "version": ""}, ("orders changed without a build",)),
        (build("staging", Level.OK, 60), {"build_rule": "time", "build_number": 411}, ()),
    ],
)
def test_what_builds_and_cluster_do_without_each_other_is_noted_and_no_fault(
    seen: BuildState, there: dict[str, Any], notes: tuple[str, ...]
) -> None:
    staging = msgspec.structs.replace(rollout("staging", "1.4", 48), **there)
    found = row(rollout("testing", "1.5", 40), staging, builds=[seen])
    assert (found.mark, found.message) == (Mark.OK, "")
    assert [cell.notes for cell in found.cells if cell] == [(), notes, (), (), ()]


def test_the_cell_has_what_its_row_says_of_a_green_deploy_that_changed_nothing() -> None:
    """The board row says it; so must the rollout screen, and nothing of the other stages."""
    found = row(rollout("testing", "1.5", 40), rollout("staging", "1.4", 48), builds=[build("staging", Level.OK, 1)])
    assert [cell.faults for cell in found.cells if cell] == [(), (GREEN,), (), (), ()]
    assert (found.message, found.note) == (f"staging: {GREEN}", "")


def test_what_is_no_fault_is_news_on_the_row_for_some_time() -> None:
    green = build("staging", Level.OK, 0, version="", started_ms=NOW - 600_000)
    there = (rollout("testing", "1.5", 40), rollout("staging", "1.4", 48))
    found = standing(*there, builds=[green])
    assert (found.row.mark, found.row.note) == (Mark.OK, f"staging: {UNCHANGED}")
    assert found.look_again_ms == NOW - 600_000 + 60_000 + 60_000 + H
    later = standing(*there, builds=[green], now_ms=found.look_again_ms).row
    assert later.note == "" and [cell.notes for cell in later.cells if cell][1] == (UNCHANGED,)


def test_a_change_by_hand_is_news_until_all_have_come_to_work_nearest_to_production_first() -> None:
    by_hand = rollout("audit", "1.3", 7, build_rule="none")
    undone = rollout("staging", "1.4", 1, build_rule="none", build_job="deploy-orders", build_number=411)
    found = standing(rollout("testing", "1.5", 40), undone, by_hand)
    assert found.row.note == (
        "audit: orders changed to 1.3 without a build"
        " \u00b7 staging: orders changed to 1.4 without a build, back to what deploy-orders #411 built"
    )
    assert found.look_again_ms == NOW + H
    assert standing(undone, by_hand, now_ms=NOW + 2 * H).row.note.startswith("staging: ")
    skewed = row(rollout("testing", "1.4", 1), rollout("staging", "1.5", 48), msgspec.structs.replace(undone, key="x"))
    assert skewed.note.startswith("staging: "), "beside what is said of a row that is not bad"
    failing = rollout("testing", "1.5", 1, Level.FAILING)
    assert row(failing, undone).note == "", "what is bad comes first"


def test_the_newest_build_is_shown_also_while_it_runs() -> None:
    older = build("staging", Level.OK, 60)
    running = build("testing", Level.OK, 90, other_number=413, other_started_ms=NOW - 1000)
    found = row(*walk("1.5", "1.5"), builds=[older, running])
    assert found.build == running
    assert found.builds == (running, older)


def test_what_a_deploy_starts_is_not_taken_for_a_deploy() -> None:
    deploy = build("staging", Level.OK, 48.1)
    after: dict[str, Any] = {"key": "jenkins/orders-smoke@staging", "job": "orders-smoke", "job_class": "other"}
    smoke = build("staging", Level.OK, 1, number=248, upstream_job="deploy-orders", **after)
    found = row(rollout("testing", "1.5", 40), rollout("staging", "1.4", 48), builds=[smoke, deploy])
    assert (found.build, found.builds, found.mark) == (deploy, (deploy, smoke), Mark.OK)
    assert not any(cell.notes for cell in found.cells if cell)
    unnamed = msgspec.structs.replace(deploy, job_class="other")  # a deploy job that no pattern names
    found = row(rollout("testing", "1.5", 40), rollout("staging", "1.4", 48), builds=[smoke, unnamed])
    assert (found.build, found.mark) == (unnamed, Mark.OK)
    assert not any(cell.notes for cell in found.cells if cell)


def test_a_job_of_no_known_class_deploys_where_there_is_no_other() -> None:
    seen = build("staging", Level.FAILING, 1, job_class="other", upstream_job="build-orders")
    found = row(rollout("testing", "1.5", 40), rollout("staging", "1.4", 48), builds=[seen])
    assert (found.build, found.mark) == (seen, Mark.WARNING)
