"""Which build brought a rollout, and by which rule it is told."""

from typing import Any

import pytest

from statusdesk.facts import Build
from statusdesk.judge.join import Join, build_again, build_of
from statusdesk.judge.join_past import NO_PAST, Past, revisions_before
from statusdesk.judge.join_versions import same_version
from statusdesk.states import BuildRule, Level, RolloutState
from tests.judge.make import T0

S = 1000
M = 60 * S
H = 60 * M
KNOWN = T0 + H


def rollout(version: str = "1.5.0", **changes: Any) -> RolloutState:
    """A rollout in staging that began at T0."""
    fields: dict[str, Any] = {
        "key": "eu/staging/Deployment/orders",
        "cluster": "eu",
        "namespace": "staging",
        "kind": "Deployment",
        "name": "orders",
        "app": "orders",
        "level": Level.OK,
        "started_ms": T0,
    }
    return RolloutState(version=version, **(fields | changes))


def build(number: int, began_ms: int = -10 * S, took_ms: int = 30 * S, version: str = "1.5.0", **changes: Any) -> Build:
    """A build for staging that began so long after the rollout (before it by default)."""
    fields: dict[str, Any] = {
        "source": "jenkins",
        "job": "deploy-orders",
        "url": f"https://ci/job/deploy-orders/{number}/",
        "namespace": "staging",
        "namespaces": ("staging",),
        "result": "SUCCESS",
    }
    fields |= {"started_ms": T0 + began_ms, "duration_ms": took_ms, "version": version}
    return Build(number=number, **(fields | changes))


ELSEWHERE = {"namespace": "testing", "namespaces": ("testing",)}
NOWHERE: dict[str, Any] = {"namespace": None, "namespaces": ()}
OLD = build(1, -20 * H)


@pytest.mark.parametrize(
    ("annotation", "builds", "rule", "number"),
    [
        pytest.param("deploy-orders#7", [build(7)], BuildRule.ANNOTATION, 7, id="named"),
        pytest.param("deploy-orders#7", [build(7, -2 * M), build(8)], BuildRule.ANNOTATION, 7, id="named beats nearer"),
        pytest.param("deploy-orders#7", [], BuildRule.ANNOTATION, 7, id="named, not known"),
        pytest.param("ship#7", [build(7, job="ship", **ELSEWHERE)], BuildRule.ANNOTATION, 7, id="of any job"),
        pytest.param("#7", [build(7)], BuildRule.ANNOTATION, 7, id="number alone"),
        pytest.param("deploy-orders#7", [build(7, -20 * M)], BuildRule.ANNOTATION, 7, id="applied late"),
        pytest.param(
            "deploy-orders#7", [build(7, 4 * S)], BuildRule.ANNOTATION, 7, id="named, clocks some seconds apart"
        ),
        pytest.param("deploy-orders#7", [build(7, 9 * S)], BuildRule.UNKNOWN, None, id="named, and began after it"),
        pytest.param("deploy-orders#8", [build(7), build(8, 30 * S)], BuildRule.VERSION, 7, id="the same again"),
        pytest.param("", [build(7), build(8, 30 * S)], BuildRule.VERSION, 7, id="the same again, not annotated"),
        pytest.param("", [OLD, build(2, 30 * S)], BuildRule.NONE, None, id="by hand, and the same by a build after it"),
        pytest.param("", [build(7, -M, took_ms=6 * M)], BuildRule.VERSION, 7, id="a build that waits for the rollout"),
        pytest.param("deploy-orders#8", [build(7), build(8, H)], BuildRule.VERSION, 7, id="applied again, no change"),
        pytest.param("deploy-orders#7", [build(7, -3 * H)], BuildRule.NONE, None, id="restarted by hand"),
        pytest.param("deploy-orders#7", [OLD, build(7, -2 * M, version="1.6.0")], BuildRule.NONE, None, id="undone"),
        pytest.param("by hand", [build(7)], BuildRule.VERSION, 7, id="names no build"),
        pytest.param("", [build(7)], BuildRule.VERSION, 7, id="while it ran"),
        pytest.param("", [build(7, -3 * M)], BuildRule.VERSION, 7, id="after its end"),
        pytest.param("", [build(7, 4 * S)], BuildRule.VERSION, 7, id="before its beginning, by the clocks"),
        pytest.param("", [build(7, -40 * M)], BuildRule.NONE, None, id="long after its end"),
        pytest.param("", [build(7, building=True, took_ms=0, result=None)], BuildRule.VERSION, 7, id="running"),
        pytest.param("", [build(7, result="FAILURE")], BuildRule.VERSION, 7, id="failed after it had applied"),
        pytest.param("", [build(7), build(8, -5 * S)], BuildRule.VERSION, 8, id="two at once: the later one"),
        pytest.param("", [build(7), build(8, -M, version="")], BuildRule.VERSION, 7, id="version beats time"),
        pytest.param("", [build(7, version="")], BuildRule.TIME, 7, id="no version in the build"),
        pytest.param("", [build(7, -2 * M, version="")], BuildRule.TIME, 7, id="soon after its end"),
        pytest.param("", [build(7, -5 * M, version="")], BuildRule.NONE, None, id="not soon after its end"),
        pytest.param("", [OLD, build(2, 9 * S, version="")], BuildRule.NONE, None, id="before it began"),
        pytest.param("", [build(7, version="release-42")], BuildRule.TIME, 7, id="versions of another kind"),
        pytest.param("", [OLD, build(2, version="1.6.0")], BuildRule.NONE, None, id="another version"),
        pytest.param("", [build(7, -40 * M), build(8, **ELSEWHERE)], BuildRule.NONE, None, id="another namespace"),
        pytest.param("", [build(7, **ELSEWHERE, version="")], BuildRule.UNKNOWN, None, id="never deployed here"),
        pytest.param("", [], BuildRule.UNKNOWN, None, id="no build known"),
        pytest.param("", [build(7, -40 * M), build(9, H, **ELSEWHERE)], BuildRule.UNKNOWN, None, id="one is missing"),
        pytest.param(
            "", [build(7, -40 * M), build(8, **NOWHERE)], BuildRule.UNKNOWN, None, id="one went who knows where"
        ),
        pytest.param(
            "", [build(7, namespace="testing", namespaces=("testing", "staging"))], BuildRule.VERSION, 7, id="both"
        ),
    ],
)
def test_joins(annotation: str, builds: list[Build], rule: BuildRule, number: int | None) -> None:
    join = build_of(rollout(build=annotation), builds, KNOWN)
    assert (join.rule, join.number) == (rule, number)
    assert build_of(rollout(build=annotation), builds[::-1], KNOWN) == join


def before(
    version: str, began_ms: int, revision: str = "8", number: int | None = None, rule: str = "none"
) -> RolloutState:
    """An earlier revision, and the build that made it."""
    job = "deploy-orders" if number is not None else ""
    made: dict[str, Any] = {"build_job": job, "build_number": number, "build_rule": rule}
    return rollout(version, started_ms=T0 + began_ms, revision=revision, **made)


def joined(now: RolloutState, builds: list[Build], *earlier: RolloutState, **past: Any) -> tuple[BuildRule, int | None]:
    join = build_of(now, builds, KNOWN, Past(earlier=earlier, **past))
    return (join.rule, join.number)


NONE = (BuildRule.NONE, None)


@pytest.mark.parametrize(
    ("built", "there", "is_joined"),
    [
        pytest.param("66.0.0", "67.0.0", False, id="numbers"),
        pytest.param("v66.0.0", "67.0.0-3fd2a91", False, id="numbers with something about them"),
        pytest.param("3fd2a91", "99ab01c", False, id="commits"),
        pytest.param("build-41", "42", False, id="counted"),
        pytest.param("release/1.5", "1.5.3", True, id="a branch of that version"),
        pytest.param("release/1.6", "1.5.3", False, id="a branch of another version"),
        pytest.param("main", "67.0.0", True, id="a branch"),
        pytest.param("feature/SHOP-12", "67.0.0", True, id="a ticket"),
        pytest.param("main", "latest", True, id="words"),
        pytest.param("66.0.0", "latest", True, id="a tag that says nothing"),
    ],
)
def test_a_build_of_another_version_brought_nothing_where_versions_are_written_alike(
    built: str, there: str, is_joined: bool
) -> None:
    builds = [build(7, -M, version=built)]
    assert joined(rollout(there), builds) == ((BuildRule.TIME, 7) if is_joined else NONE)


def test_a_build_of_another_version_brought_nothing_where_its_job_ever_named_what_runs() -> None:
    """The finding: built 66.0.0, and 69 s later somebody applied 67.0.0, or something that is no number at all."""
    builds = [build(7, -M, version="66.0.0")]
    for there in ("67.0.0", "latest"):
        assert joined(rollout(there, previous_version="66.0.0"), builds) == NONE
        assert joined(rollout(there), builds, tags=frozenset({"66.0.0"})) == NONE
        assert joined(rollout(there), builds, before("66.0.0", -M, number=7, rule="annotation")) == NONE
    older = [build(6, -40 * M, version="release-5"), build(7, -M, version="release-6")]
    assert joined(rollout("hotfix"), older) == (BuildRule.TIME, 7)
    assert joined(rollout("hotfix"), older, tags=frozenset({"5"})) == NONE


def test_versions_that_never_run_are_of_something_else() -> None:
    charts = [build(number, (number - 9) * H, version=f"3.0.{number}") for number in (5, 6, 7)]
    now = build(8, version="3.0.8")
    assert joined(rollout("67.0.0"), [*charts, now]) == (BuildRule.TIME, 8)
    failed = [build(each.number, (each.number - 9) * H, version=each.version, result="FAILURE") for each in charts]
    assert joined(rollout("67.0.0"), [*failed, now]) == NONE


def test_what_a_job_names_may_be_the_version_of_a_workload_beside() -> None:
    redis, builds = rollout("7.2", name="orders-redis"), [build(7, version="1.5.0")]
    assert joined(redis, builds, beside=frozenset({"1.5.0"})) == (BuildRule.TIME, 7)
    assert joined(redis, builds, beside=frozenset({"1.5.0"}), tags=frozenset({"1.5.0"})) == NONE


@pytest.mark.parametrize("named", ["1.5.0", ""])
@pytest.mark.parametrize("annotation", ["deploy-orders#7", ""])
def test_an_undo_by_hand_goes_back_to_what_a_build_had_built(named: str, annotation: str) -> None:
    built = build(7, -2 * M, version=named)
    rule = "annotation" if annotation else "version" if named else "time"
    earlier = [before("1.5.0", -2 * M + 10 * S, number=7, rule=rule), before("0.0.1", -M, "9")]
    undone = rollout("1.5.0", revision="10", build=annotation)
    join = build_of(undone, [built], KNOWN, Past(earlier=tuple(earlier)))
    assert (join.rule, join.build, join.job, join.number) == (BuildRule.NONE, None, "deploy-orders", 7)
    again = [*earlier, before("1.5.0", -30 * S, "10", number=7), before("0.0.2", -20 * S, "11")]
    assert joined(rollout("1.5.0", revision="12"), [built], *again) == (BuildRule.NONE, 7)


@pytest.mark.parametrize("rule", ["annotation", "version", "time"])
def test_a_build_makes_no_second_revision_after_its_own(rule: str) -> None:
    """Its version is not named: the bad hand change after it would be told by its time, or by what it left behind."""
    own = before("1.5.0", -M, number=7, rule=rule)
    for annotation in ("deploy-orders#7", ""):
        by_hand = rollout("0.0.1", revision="9", build=annotation)
        assert joined(by_hand, [build(7, -70 * S, version="")], own) == NONE
        assert joined(rollout(revision="9", build=annotation), [build(7, -70 * S)], own) == NONE


def test_a_build_that_runs_may_make_several_revisions() -> None:
    own = before("1.5.0", -M, number=7, rule="version")
    running = build(7, -2 * M, building=True, took_ms=0, result=None)
    assert joined(rollout(revision="9"), [running], own) == (BuildRule.VERSION, 7)
    ended = build(7, -2 * M, 90 * S)
    assert joined(rollout(revision="9"), [ended], own) == (BuildRule.VERSION, 7)
    assert joined(rollout("1.6.0", revision="9"), [running], own) == NONE
    assert joined(rollout(revision="10"), [running], own, before("0.0.1", -30 * S, "9")) == (BuildRule.NONE, 7)


@pytest.mark.parametrize(
    ("now", "periods", "count"),
    [
        ("10 A", "8 A, 9 B, 10 A", 2),
        ("10 A", "8 A, 9 B, 9 A, 9 A, 10 A, 10 A", 2),
        ("9 A", "8 A, 9 B", 2),
        ("9 A", "8 A, 8 A, 9 A", 2),
        ("a A", "a A, b B, a A", 2),
        ("1 A", "1 A", 0),
        ("1 A", "", 0),
    ],
)
def test_revisions_before(now: str, periods: str, count: int) -> None:
    """``9 A`` is revision 9 with version A; a new version may have the number of the revision before for a moment."""
    states = [
        rollout(version, revision=number) for number, version in map(str.split, filter(None, periods.split(", ")))
    ]
    revision, version = now.split()
    assert revisions_before(rollout(version, revision=revision), states) == tuple(states[:count])


def test_another_build_of_the_same_version_makes_its_own_revision() -> None:
    own = before("1.5.0", -M, number=7, rule="annotation")
    builds = [build(7, -2 * M), build(8, -10 * S)]
    assert joined(rollout(revision="9", build="deploy-orders#8"), builds, own) == (BuildRule.ANNOTATION, 8)
    assert joined(rollout(revision="9"), builds, own, before("0.0.1", -30 * S, "9")) == (BuildRule.VERSION, 8)


def test_none_is_said_only_once_jenkins_was_asked_late_enough() -> None:
    builds = [build(7, -40 * M)]
    assert build_of(rollout(), builds, None) == Join()
    assert build_of(rollout(), builds, T0 + 119 * S) == Join()
    assert build_of(rollout(), builds, T0 + 120 * S) == Join(rule=BuildRule.NONE)
    assert build_of(rollout(started_ms=None), builds, KNOWN) == Join()


@pytest.mark.parametrize("annotation", ["deploy-orders#7", ""])
def test_a_build_may_be_stamped_later_where_jenkins_is_known_to_be_ahead(annotation: str) -> None:
    rule = BuildRule.ANNOTATION if annotation else BuildRule.VERSION
    ahead = Past(clocks_ms=5 * M)
    assert build_of(rollout(build=annotation), [build(7, 4 * M)], KNOWN, ahead).rule is rule
    assert build_of(rollout(build=annotation), [build(7, 6 * M)], KNOWN, ahead).number is None


def told(rule: BuildRule, number: int | None) -> Join:
    return Join(rule=rule, job="deploy-orders" if number is not None else "", number=number)


@pytest.mark.parametrize(
    ("before", "annotation", "builds", "after"),
    [
        pytest.param(("annotation", 7), "deploy-orders#8", [build(7)], ("annotation", 7), id="not heard of yet"),
        pytest.param(("annotation", 7), "", [build(7)], ("annotation", 7), id="taken away"),
        pytest.param(("annotation", 7), "#8", [build(7), build(8, 30 * S)], ("annotation", 7), id="applied again"),
        pytest.param(
            ("annotation", 7), "#8", [build(7, -20 * M, version=""), build(8, H)], ("annotation", 7), id="made it late"
        ),
        pytest.param(("annotation", 7), "#8", [build(7, -9 * S), build(8, -S)], ("annotation", 7), id="both at once"),
        pytest.param(("annotation", 7), "#8", [build(7, -M), build(8, -S)], ("annotation", 8), id="one left behind"),
        pytest.param(
            ("annotation", 7), "#8", [build(7, M), build(8, -S)], ("annotation", 8), id="proves to be another"
        ),
        pytest.param(("annotation", 7), "#8", [], ("annotation", 7), id="forgotten"),
        pytest.param(("annotation", 7), "#7", [build(7, -3 * H)], ("none", None), id="proves to be an old one"),
        pytest.param(("version", 7), "#8", [build(7)], ("version", 7), id="annotated later, not heard of yet"),
        pytest.param(("time", 6), "#7", [build(6, -M), build(7)], ("annotation", 7), id="annotated later"),
        pytest.param(("none", None), "#8", [OLD], ("none", None), id="by hand, then applied, not heard of yet"),
        pytest.param(("none", None), "#2", [OLD, build(2, 30 * S)], ("none", None), id="by hand, then applied"),
        pytest.param(("", None), "#8", [OLD], ("annotation", 8), id="nothing was told"),
    ],
)
def test_an_annotation_takes_a_rollout_from_no_build_that_made_it(
    before: tuple[str, int | None], annotation: str, builds: list[Build], after: tuple[str, int | None]
) -> None:
    annotated = rollout(build=annotation.replace("#", "deploy-orders#") if annotation.startswith("#") else annotation)
    join = build_again(told(BuildRule(before[0]), before[1]), annotated, builds, KNOWN, NO_PAST)
    assert (join.rule.value, join.number) == after


def test_a_join_tells_job_number_and_url() -> None:
    seen = build(7)
    join = build_of(rollout(), [seen])
    assert join == Join(rule=BuildRule.VERSION, build=seen, job="deploy-orders", number=7, url=seen.url)
    url = "https://ci/job/shop/job/deploy-orders/9/"
    unknown = Join(rule=BuildRule.ANNOTATION, job="shop/deploy-orders", number=9, url=url)
    assert build_of(rollout(build=url), [seen]) == unknown


def test_a_tag_names_the_build_of_a_folder() -> None:
    seen = build(42, job="shop/deploy-orders")
    assert build_of(rollout(build="jenkins-shop-deploy-orders-42"), [seen]).build == seen


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1.5.0", "1.5.0", True),
        ("v1.5.0", "1.5.0", True),
        ("1.5.0", "v1.5.0", True),
        ("1.5.0-3fd2a91", "1.5.0", True),
        ("release/1.5.0", "1.5.0", True),
        ("1.5", "1.5.0", False),
        ("1.5.0", "11.5.0", False),
        ("1.5.0", "1.5.01", False),
        ("", "1.5.0", False),
        ("", "", False),
    ],
)
def test_versions(one: str, other: str, same: bool) -> None:
    assert same_version(one, other) is same
    assert same_version(other, one) is same
