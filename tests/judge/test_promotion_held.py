"""A row in which an update is held back: cells show what runs, and tell what is asked for."""

from statusdesk.board import Mark
from statusdesk.states import Level
from tests.judge.paths import NAMES, NOW, H, rollout, row

WHOLE = {"held_by": "OnDelete", "updated": 0, "kind": "StatefulSet", "held_since_ms": NOW - 90 * H}


def whole(stage, version, runs, hours=24, **changes):
    return rollout(stage, version, hours, held_version=runs, **(WHOLE | changes))


def partial(stage, version, runs, hours=24):
    return rollout(stage, version, hours, held_version=runs, held_by="partition 1", updated=1)


def cells(*rollouts, **changes):
    found = row(*rollouts, **changes)
    return found, {each.stage: each for each in found.cells}


def test_a_cell_shows_the_version_that_runs_and_keeps_its_level():
    found, at = cells(rollout("staging", "2.0", 24), whole("production", "2.0", "1.0", 2))
    cell = at["production"]
    assert (cell.version, cell.mark, cell.level, cell.since_ms) == ("1.0", Mark.HELD, Level.OK, NOW - 90 * H)
    assert cell.notes == ("orders runs 1.0: 2.0 is asked for and held back by OnDelete",)
    assert found.note == f"production: {cell.notes[0]}", "news for whoever comes to work"
    assert (found.mark, found.version_ahead, cell.drift) == (Mark.OK, "2.0", 1)


def test_news_end_and_the_note_of_the_cell_stays():
    found, at = cells(rollout("staging", "2.0", 24), whole("production", "2.0", "1.0", 9))
    assert found.note == "" and at["production"].notes


def test_of_a_partition_that_is_done_the_new_one_is_shown_and_both_are_told():
    found, at = cells(rollout("staging", "2.0", 24), partial("production", "2.0", "1.0", 2))
    cell = at["production"]
    assert (cell.version, cell.mark, found.version_ahead) == ("2.0", Mark.HELD, "")
    assert cell.notes == ("orders runs 2.0 in 1 of 2 pods and 1.0 in the others, held back by partition 1",)


def test_a_version_that_is_only_asked_for_is_no_skew():
    _, at = cells(rollout("staging", "1.0", 90), whole("production", "2.0", "1.0", 2))
    assert (at["staging"].mark, at["staging"].version, at["production"].version) == (Mark.OK, "1.0", "1.0")


def test_what_runs_in_production_is_not_on_its_way_there():
    failing = rollout("staging", "1.0", 90, level=Level.FAILING)
    assert row(failing, whole("production", "2.0", "1.0", 2)).mark is Mark.FAILING
    assert row(rollout("testing", "2.0"), failing, partial("production", "2.0", "1.0", 2)).version_ahead == ""


def test_an_earlier_stage_that_is_held_back_has_nothing_to_promote():
    found, at = cells(whole("staging", "2.0", "1.0", 2), rollout("production", "1.0", 90))
    assert (found.version_ahead, at["staging"].mark) == ("", Mark.HELD)


def test_the_old_pods_blame_their_own_version():
    bad = whole("staging", "2.0", "1.0", 2, level=Level.FAILING)
    found, at = cells(bad, rollout("production", "0.9", 90))
    assert (at["staging"].version, found.version_ahead, at["staging"].mark) == ("1.0", "1.0", Mark.FAILING)


def test_digests_are_compared_by_what_runs():
    held = whole("performance", "2.0", "1.0", digest="sha256:a")
    _, at = cells(
        rollout("staging", "1.0", kind="StatefulSet", digest="sha256:b"), held, rollout("production", "1.0", 90)
    )
    assert at["performance"].digest_differs and set(at) == set(NAMES)
