"""Builds are told once, attributed once, and never told older than they were."""

import msgspec

from collectors import jenkins_ledger
from collectors.jenkins_ledger import KEPT_PER_JOB, BuildLedger
from collectors.jenkins_wire import BuildWire
from statusdesk.config import JenkinsSettings
from statusdesk.facts import Build
from tests.collectors.small_jenkins import build

SETTINGS = JenkinsSettings(url="http://x")


def wire(number, result="SUCCESS", namespace="staging", **more):
    return msgspec.convert(build(number, result, namespace, **more), BuildWire)


def take(ledger, job, *wires, default="staging"):
    return ledger.take(job, f"job/{job}/", default, wires)


def test_a_build_is_told_when_new_and_when_changed_only():
    ledger = BuildLedger(SETTINGS, ())
    assert [b.number for b in take(ledger, "a", wire(1, None)).news] == [1]
    assert take(ledger, "a", wire(1, None)).news == ()
    assert [b.result for b in take(ledger, "a", wire(1)).news] == ["SUCCESS"]
    assert take(ledger, "a", wire(1)).news == ()


def test_a_slower_answer_that_says_it_still_runs_is_not_believed():
    ledger = BuildLedger(SETTINGS, ())
    take(ledger, "a", wire(1))
    assert take(ledger, "a", wire(1, None)).news == ()
    assert ledger.open_builds() == []


def test_building_is_believed_before_result():
    ledger = BuildLedger(SETTINGS, ())
    (early,) = take(ledger, "a", wire(1, "UNSTABLE", building=True)).news
    assert (early.building, early.result, early.duration_ms) == (True, "UNSTABLE", 0)
    assert ledger.open_builds() == [("a", 1)]
    (ended,) = take(ledger, "a", wire(1, "FAILURE")).news
    assert (ended.building, ended.result) == (False, "FAILURE")


def test_attribution_is_frozen_at_first_sight():
    ledger = BuildLedger(SETTINGS, ())
    take(ledger, "a", wire(1, None, namespace=None), default="staging")
    (ended,) = take(ledger, "a", wire(1, namespace=None), default="production").news
    assert (ended.namespace, ended.attributed_by) == ("staging", "default")


def test_attribution_of_a_stored_build_is_kept():
    known = Build(source="jenkins", job="a", number=1, url="u", namespace="old", attributed_by="default", building=True)
    ledger = BuildLedger(SETTINGS, [known])
    (ended,) = take(ledger, "a", wire(1, namespace=None), default="new").news
    assert (ended.namespace, ended.namespaces, ended.attributed_by) == ("old", ("old",), "default")


def test_a_build_without_a_namespace_takes_that_of_the_one_that_started_it():
    ledger = BuildLedger(SETTINGS, ())
    first = take(ledger, "child", wire(1, None, namespace=None, upstream=("parent", 7)))
    assert first == ((), (("parent", 7),))  # it is not told before its namespace is known
    assert take(ledger, "child", wire(1, namespace=None, upstream=("parent", 7))).news == ()
    then = take(ledger, "parent", wire(7, namespace="prod"))
    assert {(b.job, b.namespace, b.attributed_by) for b in then.news} == {
        ("parent", "prod", "parameter"),
        ("child", "prod", "upstream"),
    }
    assert [b.result for b in then.news] == ["SUCCESS", "SUCCESS"]
    assert take(ledger, "child", wire(1, namespace=None, upstream=("parent", 7))).news == ()


def test_two_steps_up_but_not_three():
    ledger = BuildLedger(SETTINGS, ())
    take(ledger, "c", wire(1, namespace=None, upstream=("b", 1)), default=None)
    assert take(ledger, "b", wire(1, namespace=None, upstream=("a", 1)), default=None).unknown == (("a", 1),)
    last = take(ledger, "a", wire(1, namespace="prod"))
    assert {(b.job, b.namespace) for b in last.news} == {("a", "prod"), ("b", "prod"), ("c", "prod")}
    far = BuildLedger(SETTINGS, ())
    take(far, "a", wire(1, namespace="prod"))
    for job, upstream in (("b", "a"), ("c", "b"), ("d", "c")):
        known = Build(source="jenkins", job=job, number=1, url="", upstream_job=upstream, upstream_number=1)
        far.keep(known)
    (build_e,) = take(far, "e", wire(1, namespace=None, upstream=("d", 1)), default=None).news
    assert build_e.namespace is None


def test_where_the_upstream_build_is_gone_the_job_answers():
    ledger = BuildLedger(SETTINGS, ())
    take(ledger, "child", wire(1, namespace=None, upstream=("parent", 7)), default="staging")
    (child,) = ledger.unreadable(("parent", 7)).news
    assert (child.namespace, child.attributed_by) == ("staging", "default")


def test_its_own_parameter_outranks_the_upstream_build():
    ledger = BuildLedger(SETTINGS, ())
    take(ledger, "parent", wire(7, namespace="staging"))
    (child,) = take(ledger, "child", wire(1, namespace="dev-bob", upstream=("parent", 7))).news
    assert (child.namespace, child.attributed_by) == ("dev-bob", "parameter")


def test_a_running_build_that_vanished_has_ended_without_a_result():
    ledger = BuildLedger(SETTINGS, ())
    take(ledger, "a", wire(1, None))
    (ended,) = ledger.vanished(("a", 1)).news
    assert (ended.building, ended.result) == (False, None)
    assert ledger.vanished(("a", 1)).news == ()


def test_a_job_made_again_starts_anew():
    ledger = BuildLedger(SETTINGS, ())
    take(ledger, "a", wire(1), wire(2), wire(3))
    again = wire(1, "FAILURE", timestamp=1_800_000_000_000)
    assert ledger.began_anew("a", again)
    ledger.forget("a")
    assert [b.result for b in take(ledger, "a", again).news] == ["FAILURE"]


def test_deleting_the_newest_build_is_not_a_new_beginning():
    ledger = BuildLedger(SETTINGS, ())
    take(ledger, "a", wire(1), wire(2), wire(3))
    assert not ledger.began_anew("a", wire(2))
    assert not ledger.began_anew("a", wire(4))
    assert not ledger.began_anew("b", wire(1))


def test_old_builds_leave_memory_but_never_a_running_one():
    ledger = BuildLedger(SETTINGS, ())
    take(ledger, "a", wire(1, None), *(wire(number) for number in range(2, KEPT_PER_JOB + 50)))
    assert ledger.open_builds() == [("a", 1)]
    assert ledger.get(("a", 2)) is None
    assert ledger.get(("a", KEPT_PER_JOB + 49)) is not None


def test_of_builds_that_are_not_there_the_newest_are_remembered(monkeypatch):
    monkeypatch.setattr(jenkins_ledger, "ABSENT_KEPT", 3)
    ledger = BuildLedger(SETTINGS, ())
    for number in range(1, 10):
        ledger.unreadable(("a", number))
        ledger.vanished(("a", number))
    assert list(ledger._absent) == [("a", 7), ("a", 8), ("a", 9)]
    take(ledger, "a", wire(8))
    assert list(ledger._absent) == [("a", 7), ("a", 9)]
