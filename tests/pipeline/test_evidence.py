"""Evidence of a failure: which logs and events are asked for, when, and what is kept of them."""

from msgspec.structs import replace

from statusdesk.facts import Changed, Event, LogTail, Pod, Workload
from statusdesk.redact import safe_lines
from statusdesk.states import Level
from statusdesk.wants import EventsWanted, LogWanted
from tests.judge import make
from tests.pipeline.inquiring import (
    KEY,
    LOOPING,
    POD,
    SOURCE,
    T0,
    TOKEN,
    answered,
    empty_world,  # noqa: F401  (the fixture world)
    event,
    tail,
)


def test_evidence_of_both_runs_with_the_pods_events(world):
    world.begins(make.rolling(), make.unready(make.done(), make.restarted(2)))
    assert world.row().level is Level.FAILING
    wanted = world.asked_for(LogWanted)
    assert [(one.pod, one.container, one.previous) for one in wanted] == [(POD, "app", True), (POD, "app", False)]
    world.sees(tail(True, "was"), kind=LogTail)
    assert [(one.previous, one.lines, one.events) for one in world.evidence()] == [(True, ("was",), ())]
    world.sees(tail(False, "is"), kind=LogTail)
    answered(world, Event, event(), event("other", about="another-pod"))
    now, before = world.evidence()
    assert (now.lines, before.lines) == (("is",), ("was",))
    assert [one.uid for one in now.events] == [one.uid for one in before.events] == ["e1"]
    assert (now.since_ms, now.reason, now.revision) == (world.row().since_ms, world.row().reason, "2")
    assert now.state[0].last_exit_code == 1 and now.pod == POD
    answered(world, Event, event("later"), after_s=10)
    assert [one.uid for one in world.evidence()[0].events] == ["e1"], "as it was when it began to fail"


def test_a_container_that_waits_for_its_next_run_has_one_log(world):
    world.begins(make.rolling(), LOOPING)
    assert [one.previous for one in world.asked_for(LogWanted)] == [True]


def test_what_never_ran_has_evidence_without_a_log(world):
    world.begins(make.rolling(), make.unready(make.done(), make.waiting("InvalidImageName", "bad")))
    assert not world.asked_for(LogWanted)
    answered(world, Event, event())
    [row] = world.evidence()
    assert row.lines == () and row.problem == "container app has not run" and len(row.events) == 1
    assert row.state[0].reason == "InvalidImageName"


def test_a_rollout_without_a_pod_has_evidence_of_events(world):
    refused = make.refused('pods "orders-x" is forbidden: exceeded quota: q')
    world.begins(make.rolling(updated=0, replicas=2, conditions=(make.available(), refused)), make.old_pod())
    assert world.row().level is Level.FAILING
    answered(world, Event, event("quota", about="orders-rs"))
    [row] = world.evidence()
    assert (row.pod, row.container, row.problem) == ("", "", "") and [one.uid for one in row.events] == ["quota"]


def test_a_log_that_never_comes_is_told_to_be_missing(world):
    world.begins(make.rolling(), LOOPING)
    answered(world, Event, event())
    assert world.evidence() == []
    world.passes(59)
    world.passes(2)
    [row] = world.evidence()
    assert row.problem == "the cluster did not answer in time" and len(row.events) == 1


def test_evidence_is_taken_once_while_it_fails_and_again_for_the_next_revision(world):
    world.begins(make.rolling(), LOOPING)
    world.asked_for(LogWanted)
    world.sees(tail(True, "was"), kind=LogTail)
    for turn in range(5):
        world.sees(replace(LOOPING, message=str(turn)), after_s=5)
    assert not world.asked_for(LogWanted)
    first = world.row()
    world.desk.take(Changed(source=SOURCE, kind=Pod, at_ms=world.now_ms, seen=(replace(LOOPING, revision="new"),)))
    world.sees(make.rolling(revision="3", conditions=(make.progressing("ReplicaSetUpdated", "new"),)), kind=Workload)
    again = world.row()
    assert (first.level, again.level, first.revision, again.revision) == (Level.FAILING, Level.FAILING, "2", "3")
    assert len(world.asked_for(LogWanted)) == 1
    world.sees(tail(True, "again"), kind=LogTail)
    found = world.read(lambda reader: reader.evidence(KEY))
    assert [(row.revision, row.lines) for row in found] == [("3", ("again",)), ("2", ("was",))]


def test_evidence_is_not_taken_again_after_a_restart(world):
    world.begins(make.rolling(), LOOPING)
    world.sees(tail(True, "was"), kind=LogTail)
    world.passes(5)
    world.restart()
    world.begins(make.rolling(), LOOPING)
    assert world.row().level is Level.FAILING and not world.asked_for(LogWanted)
    assert world.asked_for(EventsWanted)
    assert world.evidence()[0].lines == ("was",)


def test_evidence_that_an_earlier_process_could_not_take_is_taken(world):
    world.begins(make.rolling(), LOOPING)
    world.restart()
    world.begins(make.rolling(), LOOPING)
    assert len(world.asked_for(LogWanted)) == 1
    world.sees(tail(True, "was"), kind=LogTail)
    assert world.evidence()[0].lines == ("was",)


def test_no_secret_reaches_the_store(world):
    secret_state = replace(LOOPING.containers[1], last_message=safe_lines([f"client_token: {TOKEN}"])[0])
    world.begins(make.rolling(), replace(LOOPING, containers=(LOOPING.containers[0], secret_state)))
    world.sees(tail(True, f"X-Vault-Token: {TOKEN}", "secret_id=abcdefgh-1234", "fine"), kind=LogTail)
    answered(world, Event, event())
    assert world.evidence()[0].lines == ("X-Vault-Token: [hidden]", "secret_id=[hidden]", "fine")
    world.writer.close()
    stored = b"".join(file.read_bytes() for file in world.path.parent.iterdir())
    assert b"fine" in stored and b"CAESIJ" not in stored and b"abcdefgh-1234" not in stored
    world.start()


RUNS_ON = make.unready(
    make.container("vault-agent", "init", ready=False, since_ms=T0), make.waiting("PodInitializing"), created_ms=T0
)
REFUSED = "Code: 403. Errors: permission denied"


def slow(world):
    """An init container that has run for long, and its log that was asked for."""
    world.begins(make.rolling(), RUNS_ON, make.old_pod())
    world.passes(40)
    assert not world.asked_for(LogWanted)
    world.passes(15)
    assert (world.row().level, world.row().reason) == (Level.WARNING, "InitRunning")
    (wanted,) = world.asked_for(LogWanted)
    assert (wanted.pod, wanted.container, wanted.previous) == (POD, "vault-agent", False)


def test_the_log_of_an_init_container_that_runs_on_says_why(world):
    slow(world)
    world.take(
        Changed(source=SOURCE, kind=LogTail, at_ms=world.now_ms, seen=(tail(False, "so far", container="vault-agent"),))
    )
    assert world.row().level is Level.WARNING
    world.passes(10)
    assert len(world.asked_for(LogWanted)) == 1
    refused = tail(False, REFUSED, container="vault-agent")
    world.take(Changed(source=SOURCE, kind=LogTail, at_ms=world.now_ms, seen=(refused,)))
    assert (world.row().level, world.row().reason) == (Level.FAILING, "InitRunning")
    assert REFUSED in world.row().message


def test_the_log_of_another_run_says_nothing_of_it(world):
    slow(world)
    others = (
        tail(True, REFUSED, container="vault-agent"),
        tail(False, REFUSED, container="app"),
        tail(False, REFUSED, container="vault-agent", pod_uid="another"),
    )
    world.take(Changed(source=SOURCE, kind=LogTail, at_ms=world.now_ms, seen=others))
    world.passes(1)
    assert world.row().level is Level.WARNING


def test_a_restart_does_not_make_it_better_and_its_log_is_asked_for_again(world):
    slow(world)
    refused = tail(False, REFUSED, container="vault-agent")
    world.take(Changed(source=SOURCE, kind=LogTail, at_ms=world.now_ms, seen=(refused,)))
    world.restart()
    world.begins(make.rolling(), RUNS_ON, make.old_pod())
    assert world.row().level is Level.FAILING
    world.passes(4)
    assert any(wanted.container == "vault-agent" and not wanted.previous for wanted in world.asked_for(LogWanted))
