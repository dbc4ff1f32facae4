"""Which build an annotation names, and whether it came with a rollout though Jenkins tells nothing of that build."""

import msgspec
import pytest

from statusdesk.facts import Build
from statusdesk.judge.join_reference import Reference, read_reference
from statusdesk.states import BuildRule, RolloutState
from tests.judge.make import T0
from tests.judge.test_join import ELSEWHERE, NONE, OLD, H, M, S, before, build, joined, rollout

UNTOLD = (BuildRule.UNKNOWN, None)
NAMED = (BuildRule.ANNOTATION, 7)


@pytest.mark.parametrize(
    ("text", "job", "number"),
    [
        ("deploy-orders#42", "deploy-orders", 42),
        ("deploy-orders #42", "deploy-orders", 42),
        ("shop/deploy-orders/42", "shop/deploy-orders", 42),
        ("deploy-orders:42", "deploy-orders", 42),
        ("#42", "", 42),
        ("42", "", 42),
        ("jenkins-shop-deploy-orders-42", "shop-deploy-orders", 42),
        ("https://ci.example/jenkins/job/shop/job/deploy%20it/42/console", "shop/deploy it", 42),
    ],
)
def test_references(text: str, job: str, number: int) -> None:
    assert read_reference(text) == Reference(job, number, text if "://" in text else "")


@pytest.mark.parametrize("text", ["", " ", "by hand", "https://git.example/tree/main", "1.5.0-rc", "9" * 30])
def test_what_names_no_build(text: str) -> None:
    assert read_reference(text) is None


def had(annotation: str, version: str = "1.4.0", began_ms: int = -20 * H, revision: str = "8") -> RolloutState:
    """An earlier revision with its annotation."""
    return rollout(version, build=annotation, started_ms=T0 + began_ms, revision=revision)


def made(number: int, annotation: str) -> RolloutState:
    """An earlier revision that a build made, and its annotation later."""
    return msgspec.structs.replace(before("1.4.0", -H, number=number, rule="annotation"), build=annotation)


@pytest.mark.parametrize(
    ("earlier", "came"),
    [
        pytest.param([], True, id="nothing is known before"),
        pytest.param([had("deploy-orders#6")], True, id="another one before"),
        pytest.param([had("")], True, id="none before"),
        pytest.param([had("deploy-orders#7")], False, id="the same before"),
        pytest.param([had("jenkins-deploy-orders-7")], False, id="the same before, written otherwise"),
        pytest.param([had("deploy-orders#7"), had("deploy-orders#7", "0.0.1", -H)], False, id="the same for long"),
        pytest.param([had("deploy-orders#7"), had("", "0.0.1", -H)], False, id="an undo brought it back"),
        pytest.param([made(6, "deploy-orders#7")], True, id="written to the one before, which another build made"),
        pytest.param([made(6, "deploy-orders#7"), made(7, "deploy-orders#7")], False, id="and that made one since"),
        pytest.param([had("deploy-orders#8")], False, id="an undo brought back one that was not seen"),
        pytest.param([had("ship-orders#8")], True, id="numbers of another job"),
        pytest.param([had("deploy-orders#7", "1.5.0", -20 * S)], True, id="a second revision of the same build"),
        pytest.param([had("deploy-orders#7", "1.4.0", -20 * S)], False, id="another version than that of the build"),
        pytest.param([had("deploy-orders#7", "1.5.0", -3 * M)], False, id="the same again, later"),
        pytest.param(
            [had("deploy-orders#7", "1.5.0", -40 * S), had("", "0.0.1", -20 * S)], False, id="another one between"
        ),
    ],
)
def test_an_annotation_of_an_unknown_build_is_believed_only_if_it_came_with_the_change(
    earlier: list[RolloutState], came: bool
) -> None:
    now = rollout(build="deploy-orders#7", revision="9")
    assert joined(now, [], *earlier) == (NAMED if came else UNTOLD)


@pytest.mark.parametrize(
    ("builds", "came"),
    [
        pytest.param([build(8, -2 * H)], False, id="a later one began long before"),
        pytest.param([build(8, -20 * M)], True, id="a later one began lately"),
        pytest.param([build(8, H)], True, id="a later one began since"),
        pytest.param([build(6, H)], False, id="an earlier one began since"),
        pytest.param([build(6, -2 * H)], True, id="an earlier one began before"),
        pytest.param([build(8, -2 * H, job="ship-orders")], True, id="of another job"),
        pytest.param([build(8, -2 * H, **ELSEWHERE)], False, id="in another namespace"),
    ],
)
def test_the_numbers_tell_whether_an_unknown_build_is_of_that_time(builds: list[Build], came: bool) -> None:
    assert (joined(rollout(build="deploy-orders#7"), builds) == NAMED) is came


def test_the_builds_that_are_known_decide_where_an_annotation_was_left_there() -> None:
    now = rollout("9.9.9", build="deploy-orders#7", revision="9")
    left = had("deploy-orders#7", "1.5.0")
    assert joined(now, [OLD, build(2, version="9.9.9")], left) == (BuildRule.VERSION, 2)
    assert joined(now, [build(8, -40 * M, version="1.6.0", **ELSEWHERE)], left) == NONE
    assert joined(now, [build(9, H, version="1.6.0", **ELSEWHERE)], left) == UNTOLD


def test_a_job_that_was_renamed_is_meant_by_its_name_before() -> None:
    seen = build(7, job="ship-orders")
    now_named = {"deploy-orders": "ship-orders"}
    assert joined(rollout(build="deploy-orders#7"), [seen], now_named=now_named) == NAMED
    own = before("1.5.0", -M, number=7, rule="annotation")
    own = msgspec.structs.replace(own, build="deploy-orders#7", build_job="ship-orders")
    by_hand = rollout("0.0.1", build="deploy-orders#7", revision="9")
    assert joined(by_hand, [build(7, -70 * S, job="ship-orders")], own, now_named=now_named) == NONE
    assert joined(by_hand, [], own, now_named=now_named) == UNTOLD
