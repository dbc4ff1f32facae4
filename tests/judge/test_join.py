"""Which build brought a rollout, and by which rule it is told."""

from typing import Any

import pytest

from statusdesk.facts import Build
from statusdesk.judge.join import Join, Reference, Rule, build_of, read_reference, same_version
from statusdesk.states import Level, RolloutState
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
        pytest.param("deploy-orders#7", [build(7)], Rule.ANNOTATION, 7, id="named"),
        pytest.param("deploy-orders#7", [build(7, -2 * M), build(8)], Rule.ANNOTATION, 7, id="named beats nearer"),
        pytest.param("deploy-orders#7", [], Rule.ANNOTATION, 7, id="named, not known"),
        pytest.param("ship#7", [build(7, job="ship", **ELSEWHERE)], Rule.ANNOTATION, 7, id="of any job"),
        pytest.param("#7", [build(7)], Rule.ANNOTATION, 7, id="number alone"),
        pytest.param("deploy-orders#7", [build(7, -20 * M)], Rule.ANNOTATION, 7, id="applied late"),
        pytest.param("deploy-orders#7", [build(7, 2 * M)], Rule.ANNOTATION, 7, id="clocks apart"),
        pytest.param("deploy-orders#8", [build(7), build(8, H)], Rule.VERSION, 7, id="applied again, no change"),
        pytest.param("deploy-orders#7", [build(7, -3 * H)], Rule.NONE, None, id="restarted by hand"),
        pytest.param("deploy-orders#7", [OLD, build(7, -2 * M, version="1.6.0")], Rule.NONE, None, id="undone"),
        pytest.param("by hand", [build(7)], Rule.VERSION, 7, id="names no build"),
        pytest.param("", [build(7)], Rule.VERSION, 7, id="while it ran"),
        pytest.param("", [build(7, -3 * M)], Rule.VERSION, 7, id="after its end"),
        pytest.param("", [build(7, 4 * M)], Rule.VERSION, 7, id="before its beginning, by the clocks"),
        pytest.param("", [build(7, -40 * M)], Rule.NONE, None, id="long after its end"),
        pytest.param("", [build(7, building=True, took_ms=0, result=None)], Rule.VERSION, 7, id="running"),
        pytest.param("", [build(7, result="FAILURE")], Rule.VERSION, 7, id="failed after it had applied"),
        pytest.param("", [build(7), build(8, -5 * S)], Rule.VERSION, 8, id="two at once: the later one"),
        pytest.param("", [build(7), build(8, -M, version="")], Rule.VERSION, 7, id="version beats time"),
        pytest.param("", [build(7, version="")], Rule.TIME, 7, id="no version in the build"),
        pytest.param("", [build(7, -2 * M, version="")], Rule.TIME, 7, id="soon after its end"),
        pytest.param("", [build(7, -5 * M, version="")], Rule.NONE, None, id="not soon after its end"),
        pytest.param("", [OLD, build(2, 9 * S, version="")], Rule.NONE, None, id="before it began"),
        pytest.param("", [build(7, version="release-42")], Rule.TIME, 7, id="versions of another kind"),
        pytest.param("", [OLD, build(2, version="1.6.0")], Rule.NONE, None, id="another version"),
        pytest.param("", [build(7, -40 * M), build(8, **ELSEWHERE)], Rule.NONE, None, id="another namespace"),
        pytest.param("", [build(7, **ELSEWHERE, version="")], Rule.UNKNOWN, None, id="never deployed here"),
        pytest.param("", [], Rule.UNKNOWN, None, id="no build known"),
        pytest.param("", [build(7, -40 * M), build(9, H, **ELSEWHERE)], Rule.UNKNOWN, None, id="one is missing"),
        pytest.param("", [build(7, -40 * M), build(8, **NOWHERE)], Rule.UNKNOWN, None, id="one went who knows where"),
        pytest.param(
            "", [build(7, namespace="testing", namespaces=("testing", "staging"))], Rule.VERSION, 7, id="both"
        ),
    ],
)
def test_joins(annotation: str, builds: list[Build], rule: Rule, number: int | None) -> None:
    join = build_of(rollout(build=annotation), builds, KNOWN)
    assert (join.rule, join.number) == (rule, number)
    assert build_of(rollout(build=annotation), builds[::-1], KNOWN) == join


def test_none_is_said_only_once_jenkins_was_asked_late_enough() -> None:
    builds = [build(7, -40 * M)]
    assert build_of(rollout(), builds, None) == Join()
    assert build_of(rollout(), builds, T0 + 119 * S) == Join()
    assert build_of(rollout(), builds, T0 + 120 * S) == Join(rule=Rule.NONE)
    assert build_of(rollout(started_ms=None), builds, KNOWN) == Join()


def test_a_join_tells_job_number_and_url() -> None:
    seen = build(7)
    join = build_of(rollout(), [seen])
    assert join == Join(rule=Rule.VERSION, build=seen, job="deploy-orders", number=7, url=seen.url)
    url = "https://ci/job/shop/job/deploy-orders/9/"
    unknown = Join(rule=Rule.ANNOTATION, job="shop/deploy-orders", number=9, url=url)
    assert build_of(rollout(build=url), [seen]) == unknown


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
