"""Rows: what is ahead of production, what is bad on its way there, and in which order rows stand."""

import msgspec
import pytest

from statusdesk.board import Mark
from statusdesk.judge import promotion_versions
from statusdesk.judge.promotion_versions import Lineage
from statusdesk.picture_apps import count_rows
from statusdesk.states import Level, RolloutState
from tests.judge.paths import NOW, H, rollout, row, stages, standing, walk

FAILING, WARNING, MOVING = Level.FAILING, Level.WARNING, Level.PROGRESSING


@pytest.mark.parametrize(
    ("versions", "bad", "mark", "message", "ahead"),
    [
        (("1.5", "1.5", "1.4", "1.4", "1.3"), {}, Mark.OK, "", "1.4"),
        (("1.3",) * 5, {}, Mark.OK, "", ""),
        (
            ("1.5", "1.5", "1.4", "1.4", "1.3"),
            {1: FAILING},
            Mark.ON_ITS_WAY,
            "staging: it is failing · next stop performance",
            "1.5",
        ),
        (("1.5", "1.4", "1.4", "1.4", "1.3"), {0: FAILING}, Mark.FAILING, "testing: it is failing", "1.5"),
        (("1.5", "1.5", "1.4", "1.4", "1.3"), {4: FAILING}, Mark.FAILING, "production: it is failing", "1.4"),
        (("1.5", "1.5", "1.5", "1.4", "1.3"), {0: FAILING}, Mark.ON_ITS_WAY, "testing: it is failing", "1.5"),
        (("1.3", "1.3", "1.3", "1.3", "1.3"), {2: FAILING}, Mark.FAILING, "performance: it is failing", ""),
        (("1.5", "1.5", "1.5", "1.5", "1.3"), {3: FAILING}, Mark.ON_ITS_WAY, "audit: it is failing", "1.5"),
        (("1.5", "1.4", "1.4", "1.4", "1.3"), {1: WARNING}, Mark.WARNING, "staging: it is warning", "1.4"),
        (("1.5", "1.4", "1.4", "1.4", "1.3"), {1: MOVING}, Mark.PROGRESSING, "", "1.4"),
        (("1.5", "1.4", "1.4", "1.4", "1.3"), {1: Level.SCALING}, Mark.PROGRESSING, "", "1.4"),
        (("1.5", "1.4", "1.4", "1.4", "1.3"), {1: Level.PAUSED}, Mark.PAUSED, "", "1.4"),
        (("1.5", "1.4", "1.4", "1.4", "1.3"), {1: Level.UNKNOWN}, Mark.UNKNOWN, "staging: it is unknown", "1.4"),
        (("1.5", "1.5", None, None, None), {1: FAILING}, Mark.ON_ITS_WAY, "staging: it is failing", "1.5"),
        ((None, None, "1.5", None, "1.3"), {2: FAILING}, Mark.FAILING, "performance: it is failing", "1.5"),
    ],
)
def test_row(versions, bad, mark, message, ahead) -> None:
    found = row(*walk(*versions, bad=bad))
    assert (found.mark, found.version_ahead) == (mark, ahead)
    assert found.message.startswith(message)
    assert bool(found.message) == bool(message)


def test_the_next_stop_skips_stages_that_the_app_never_reaches() -> None:
    found = row(*walk("1.5", "1.5", None, None, "1.3", bad={1: FAILING}), reach=("testing", "staging", "production"))
    assert found.next_stop == "production"
    assert found.cells[2] is None
    assert found.message.endswith("next stop production")


def test_rank_is_production_first_then_nearest_to_it_then_the_less_bad() -> None:
    rows = [
        row(*walk("1.5", "1.4", "1.4", "1.4", "1.3", bad={4: FAILING})),
        row(*walk("1.5", "1.5", "1.5", "1.5", "1.3", bad={3: FAILING})),
        row(*walk("1.5", "1.5", "1.4", "1.4", "1.3", bad={1: FAILING})),
        row(*walk("1.5", "1.4", "1.4", "1.4", "1.3", bad={0: FAILING})),
        row(*walk("1.5", "1.4", "1.4", "1.4", "1.3", bad={4: WARNING})),
        row(*walk("1.5", "1.4", "1.4", "1.4", "1.3", bad={1: WARNING})),
        row(*walk("1.5", "1.4", "1.4", "1.4", "1.3", bad={3: MOVING})),
        row(*walk("1.5", "1.4", "1.4", "1.4", "1.3", bad={3: Level.UNKNOWN})),
        row(*hotfix()),
        row(*walk("1.3", "1.3", "1.3", "1.3", "1.3")),
    ]
    ranks = [each.rank for each in rows]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)


def hotfix() -> list[RolloutState]:
    """Production moved from what all stages run to something newer."""
    return [*walk("5.1.9", "5.1.9", "5.1.9", "5.1.9"), rollout("production", "5.2.0", 1, previous_version="5.1.9")]


@pytest.mark.parametrize("level", [Level.PAUSED, Level.FAILING])
def test_production_does_not_run_what_it_only_asks_for(level) -> None:
    asked = rollout("production", "1.5", 1, level, previous_version="1.3", updated=0)
    found = row(*walk("1.5", bad={0: FAILING}), asked)
    assert (found.version_ahead, found.next_stop) == ("1.5", "production") or level is FAILING
    assert found.mark is (Mark.ON_ITS_WAY if level is Level.PAUSED else Mark.FAILING)
    calm = row(*walk("1.4", "1.4", "1.4", "1.4"), rollout("production", "1.5", 1, previous_version="1.4", updated=0))
    assert calm.message == "audit: production is to run 1.5, newer than 1.4 here"


def test_skew_stands_where_the_newer_version_begins() -> None:
    found = row(*hotfix())
    assert found.mark is Mark.SKEW
    assert [cell.mark for cell in found.cells if cell] == [Mark.OK, Mark.OK, Mark.OK, Mark.SKEW, Mark.OK]
    assert found.message == "audit: production runs 5.2.0, newer than 5.1.9 here"
    assert [cell.tint for cell in found.cells if cell] == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    "rollouts",
    [
        # production got an older version after testing got the next: promotion lags, nothing is skewed
        [rollout("testing", "1.5", 48), rollout("staging", "1.4", 30), rollout("production", "1.3", 20)],
        # production was rolled back, which leaves the stage's version behind just as a hotfix does
        [rollout("audit", "1.5", 48), rollout("production", "1.4", 1, previous_version="1.5")],
        # the version that production got was in testing before the one that testing runs now
        [
            rollout("testing", "b7e", 48, previous_version="a1c"),
            rollout("production", "a1c", 1, previous_version="000"),
        ],
    ],
)
def test_no_skew_without_evidence(rollouts) -> None:
    assert Mark.SKEW not in {cell.mark for cell in row(*rollouts).cells if cell}


@pytest.mark.parametrize(
    ("here", "further", "since_h", "mark"),
    [
        ("6.0.1", "6.0.4", 1, Mark.SKEW),  # later and higher, and nothing else is known of either
        ("v6.0.9", "v6.0.10", 1, Mark.SKEW),
        ("6.0.4", "6.0.1", 1, Mark.OK),  # later and lower: rolled back
        ("6.0.1", "6.0.4", 90, Mark.OK),  # higher, but there before: the stage was set back
        ("b7e", "a1c", 1, Mark.OK),  # names without an order
        ("6.0.4", "6.0.4-hotfix", 1, Mark.OK),
    ],
)
def test_with_no_past_at_all_the_higher_number_is_the_newer(
    here: str, further: str, since_h: float, mark: Mark
) -> None:
    assert row(rollout("audit", here, 48), rollout("production", further, since_h)).mark is mark


def test_a_higher_number_that_came_later_is_newer_whatever_it_replaced() -> None:
    rollouts = [rollout("audit", "6.0.1", 48), rollout("production", "6.0.4", 1, previous_version="6.0.3")]
    assert row(*rollouts).mark is Mark.SKEW


def test_what_was_watched_arriving_needs_no_other_evidence() -> None:
    rollouts = [rollout("audit", "abc", 48), rollout("production", "def", 1, previous_version="012")]
    lineage = Lineage()
    lineage.watched_ms = NOW - 2 * H
    assert row(*rollouts, lineage=lineage).mark is Mark.SKEW
    lineage = Lineage()
    lineage.watched_ms = NOW - 2 * H
    lineage.see(rollout("testing", "def", 100))
    assert row(*rollouts, lineage=lineage).mark is Mark.OK


def test_however_many_versions_there_were_those_that_run_or_ran_before_are_compared(monkeypatch) -> None:
    monkeypatch.setattr(promotion_versions, "MOST_VERSIONS", 3)
    lineage = Lineage()
    lineage.see(rollout("production", "1.0", 900, previous_version="0.9"))
    for number in range(10):
        lineage.see(rollout("testing", f"2.{number}", 100 - number))
    known = {version for version in ("0.9", "1.0", *(f"2.{n}" for n in range(10))) if lineage.first_ms(version)}
    assert known == {"0.9", "1.0", "2.9"}
    lineage.leave(rollout("production", "1.0", 900).key)
    lineage.see(rollout("testing", "3.0", 50))
    lineage.see(rollout("testing", "3.1", 49))
    assert lineage.first_ms("1.0") is None


def test_drift_counts_versions_behind_the_stage_to_the_left() -> None:
    cells = row(*walk("1.7", "1.6", None, "1.6", "1.4")).cells
    assert [cell.drift for cell in cells if cell] == [0, 1, 0, 0, 1]
    assert [cell.tint for cell in cells if cell and cell.rollouts] == [2, 1, 1, 0]


def test_the_same_tag_with_another_image_is_seen() -> None:
    digests = {"testing": "sha256:a", "staging": "sha256:b", "production": "sha256:b"}
    cells = row(*(rollout(name, "1.5", digest=digest) for name, digest in digests.items())).cells
    assert [cell.digest_differs for cell in cells if cell] == [False, True, False, False, False]


@pytest.mark.parametrize(("healthy_h", "mark"), [(0.5, Mark.SOAKING), (1.1, Mark.OK)])
def test_soaking(healthy_h: float, mark: Mark) -> None:
    found = standing(rollout("testing", "1.5", healthy_h), rollout("staging", "1.4", 90), stages=stages(3600.0))
    cell = found.row.cells[0]
    assert cell is not None
    assert cell.mark is mark
    assert found.row.mark is Mark.OK
    assert found.look_again_ms == (NOW + H // 2 if mark is Mark.SOAKING else None)


def test_a_scaling_does_not_begin_a_soak_anew() -> None:
    scaled = rollout("testing", "1.5", 0.1, well_since_ms=NOW - 2 * H)
    found = row(scaled, rollout("staging", "1.4", 90), stages=stages(3600.0))
    assert found.cells[0] is not None and found.cells[0].mark is Mark.OK


def test_what_the_next_stage_runs_already_does_not_soak() -> None:
    found = row(rollout("testing", "1.5", 0.1), rollout("staging", "1.5", 0.1), stages=stages(3600.0))
    assert [cell.mark for cell in found.cells if cell][:2] == [Mark.OK, Mark.SOAKING]


def test_a_version_that_fails_elsewhere_is_blocked() -> None:
    cells = row(*walk("1.5", "1.5", "1.5", "1.4", "1.3", bad={1: FAILING})).cells
    assert [cell.mark for cell in cells if cell] == [Mark.OK, Mark.FAILING, Mark.BLOCKED, Mark.OK, Mark.OK]


def test_a_version_is_not_blamed_for_the_one_before_it() -> None:
    """Its old pods serve no more while it comes to staging."""
    rollouts = walk("1.5", "1.5", "1.5", "1.4", "1.3", bad={1: FAILING})
    rollouts[1] = msgspec.structs.replace(rollouts[1], reason="DegradedWhileRolling", is_out=True)
    found = row(*rollouts)
    assert [cell.mark for cell in found.cells if cell] == [Mark.OK, Mark.FAILING, Mark.OK, Mark.OK, Mark.OK]
    assert (found.mark, found.message) == (Mark.FAILING, "staging: it is failing")


def test_the_worst_of_several_rollouts_decides_a_cell() -> None:
    found = row(
        rollout("staging", "1.5", name="orders"),
        rollout("staging", "1.4", name="worker", level=FAILING, ready=0),
        rollout("staging", "1.5", cluster="us"),
    )
    cell = found.cells[1]
    assert cell is not None
    assert (cell.level, cell.version, cell.ready, cell.desired) == (FAILING, "1.4", 4, 6)
    assert found.message.startswith("staging: eu: worker: it is failing")
    assert [each.level for each in cell.rollouts] == [FAILING, Level.OK, Level.OK]


def test_the_order_of_rollouts_does_not_matter() -> None:
    rollouts = [rollout("staging", "1.5", name=name, cluster=c) for name in ("orders", "b", "c") for c in ("eu", "us")]
    assert row(*rollouts) == row(*rollouts[::-1])


def test_what_is_silent_is_unknown_whatever_it_said_last() -> None:
    rollouts = walk("1.5", "1.5", "1.4", "1.4", "1.3", bad={1: FAILING})
    found = row(*rollouts, stale={"eu": NOW - H})
    assert found.mark is Mark.UNKNOWN
    cell = found.cells[1]
    assert cell is not None
    assert (cell.level, cell.last_level, cell.mark, cell.version) == (Level.UNKNOWN, FAILING, Mark.UNKNOWN, "1.5")
    assert cell.since_ms == NOW - H
    assert "kubernetes/eu gives no news" in found.message


def test_every_namespace_of_which_nothing_is_heard_is_named() -> None:
    rollouts = walk("1.5", "1.5", "1.5", "1.5", "1.5", bad={3: Level.PAUSED})
    shut = dict.fromkeys((f"eu/{name}" for name in ("testing", "performance", "audit")), NOW - H)
    found = row(*rollouts, stale=shut, closed=frozenset(shut))
    assert found.message == (
        "testing, performance: no access to eu/testing, eu/performance, last known: ok"
        " \u00b7 audit: no access to eu/audit, last known: paused"
    )
    found = row(*rollouts, stale={"eu": NOW - H})
    assert found.message.startswith(
        "testing, staging, performance, production: kubernetes/eu gives no news, last known"
    )
    found = row(*rollouts, stale={"eu/testing": NOW - H, "eu/staging": NOW - H})
    assert (
        found.message == "testing, staging: kubernetes/eu/testing, kubernetes/eu/staging give no news, last known: ok"
    )


def test_what_was_failing_when_its_source_fell_silent_comes_next_to_what_fails() -> None:
    silent = {"stale": {"eu": NOW - H}}
    lost = row(*walk("1.5", "1.5", "1.4", bad={1: FAILING}), **silent)
    assert lost.message == "staging: was failing: it is failing \u00b7 kubernetes/eu gives no news"
    assert (lost.mark, lost.worst_stage) == (Mark.UNKNOWN, "staging")
    live = row(*walk("1.5", "1.4", bad={0: FAILING}))
    warned = row(*walk("1.5", "1.5", "1.4", "1.4", "1.4", bad={4: Level.WARNING}))
    well = row(*walk("1.5", "1.5"), **silent)
    assert live.rank < lost.rank < warned.rank < well.rank
    assert count_rows([lost]).unknown == 1
    both = [rollout("staging", "1.5", level=Level.WARNING, cluster="us"), rollout("staging", "1.5", level=FAILING)]
    mixed = row(*both, **silent)
    assert mixed.mark is Mark.UNKNOWN and "was failing" in mixed.message


def test_a_failure_that_is_seen_outweighs_a_cluster_that_is_silent() -> None:
    rollouts = [rollout("staging", "1.5", level=FAILING, cluster="us"), rollout("staging", "1.5")]
    cell = row(*rollouts, stale={"eu": None}).cells[1]
    assert cell is not None
    assert cell.level is FAILING
    well = [rollout("staging", "1.5", cluster="us"), rollout("staging", "1.5")]
    cell = row(*well, stale={"eu": None}).cells[1]
    assert cell is not None
    assert (cell.level, cell.last_level) == (Level.UNKNOWN, Level.OK)


def test_one_silent_namespace() -> None:
    found = row(*walk("1.5", "1.5"), stale={"eu/staging": NOW - H})
    assert [cell.level for cell in found.cells[:2] if cell] == [Level.OK, Level.UNKNOWN]


@pytest.mark.parametrize(("mark", "row_mark"), [(Mark.ABSENT, Mark.UNKNOWN), (Mark.NO_ACCESS, Mark.NO_ACCESS)])
def test_an_app_that_is_nowhere_is_never_well(mark: Mark, row_mark: Mark) -> None:
    found = row(blanks=((mark, "why"),) * 5)
    assert found.mark is row_mark
    assert {cell.mark for cell in found.cells if cell} == {mark}


def test_stages_need_not_end_with_production() -> None:
    names = tuple(msgspec.structs.replace(stage, production=stage.name == "audit") for stage in stages())
    found = row(*walk("1.5", "1.5", "1.4", "1.3", "1.3", bad={1: FAILING}), stages=names, production=3)
    assert found.mark is Mark.ON_ITS_WAY
    after = row(*walk("1.5", "1.5", "1.4", "1.3", "1.3", bad={4: FAILING}), stages=names, production=3)
    assert after.rank[0] == 0


def test_a_cause_is_told_once_on_the_row_and_on_every_cell_that_it_explains():
    caused = {"level": Level.FAILING, "cause": "token 'orders' is gone", "cause_key": "token:vault/orders"}
    row = standing(
        rollout("testing", "1.5.0", 2, **caused),
        rollout("testing", "1.5.0", 2, name="orders-worker", **caused),
        rollout("staging", "1.5.0", 1, **caused),
        rollout("production", "1.4.0", 50),
    ).row
    cells = [cell for cell in row.cells if cell is not None and cell.rollouts and cell.level is Level.FAILING]
    assert [cell.stage for cell in cells] == ["testing", "staging"]
    for message in (row.message, *(cell.message for cell in cells)):
        assert message.count("token 'orders' is gone") == 1, message
    assert row.message.startswith("staging: it is failing, because token 'orders' is gone")


def test_a_moving_cell_says_how_many_new_pods_are_ready() -> None:
    found = row(rollout("staging", "1.5", level=Level.PROGRESSING, new_ready=0), rollout("testing", "1.5"))
    told = {cell.stage: (cell.ready, cell.desired) for cell in found.cells if cell is not None and cell.rollouts}
    assert told == {"testing": (2, 2), "staging": (0, 2)}
