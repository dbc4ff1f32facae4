"""What the desk asks for, when, and what it makes of the answers: events, revisions, evidence."""

import pytest
from msgspec.structs import replace

from statusdesk.config import ClusterSettings, Config, JenkinsSettings, StageSettings, StoreSettings
from statusdesk.facts import Changed, Event, LogTail, Pod, Revision, Swept, Visited, Workload
from statusdesk.pipeline.desk import Desk
from statusdesk.redact import safe_lines
from statusdesk.states import Level, RolloutState, SourceState
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from statusdesk.wants import EventsWanted, LogWanted, RevisionsWanted
from tests.judge import make

SOURCE = "kubernetes/eu"
KEY = "eu/staging/Deployment/orders"
T0 = make.T0
POD = "orders-7cc6f9fbf5-aaaaa"
LOOPING = make.unready(make.done(), make.looping())
FIRST_EXIT = make.unready(make.done(), make.restarted(1))
TOKEN = "hvs." + "CAESIJ" + "x" * 24


class World:
    """A desk on a store, its clock, and what it has asked for."""

    def __init__(self, path) -> None:
        self.path = path
        self.now_ms = T0 + 10_000
        self.asked = []
        self.start()

    def start(self) -> None:
        self.writer = Writer(self.path, 86_400.0, lambda: self.now_ms)
        stages = (StageSettings(name="staging", namespaces=("staging",)),)
        config = Config(
            path="",
            stages=stages,
            clusters=(ClusterSettings(name=SOURCE.partition("/")[2]),),
            jenkins=JenkinsSettings(url="http://jenkins"),
            store=StoreSettings(state_dir=str(self.path.parent)),
        )
        self.desk = Desk(config, self.writer, self.asked.append)

    def restart(self) -> None:
        self.writer.close()
        self.asked.clear()
        self.start()

    def sees(self, *facts, kind: type = Pod, after_s: float = 0.0) -> None:
        self.take(Changed(source=SOURCE, kind=kind, at_ms=self.now_ms, seen=facts), after_s)

    def lists(self, *facts, kind: type, scope: str = "", subkind: str = "", after_s: float = 0.0) -> None:
        at_ms = self.now_ms + round(after_s * 1000)
        self.take(
            Swept(source=SOURCE, kind=kind, facts=facts, started_ms=at_ms, at_ms=at_ms, scope=scope, subkind=subkind),
            after_s,
        )

    def take(self, message, after_s: float = 0.0) -> None:
        self.desk.take(message)
        self.passes(after_s)

    def passes(self, seconds: float = 0.0) -> None:
        self.now_ms += round(seconds * 1000)
        self.desk.flush(self.now_ms)

    def begins(self, workload: Workload, *pods: Pod) -> None:
        self.desk.take(Swept(source=SOURCE, kind=Pod, facts=pods, started_ms=T0, at_ms=T0))
        swept = Swept(source=SOURCE, kind=Workload, facts=(workload,), started_ms=T0, at_ms=T0, subkind="Deployment")
        self.take(swept)

    def asked_for(self, kind: type) -> list:
        found = [one for one in self.asked if type(one) is kind]
        self.asked[:] = [one for one in self.asked if type(one) is not kind]
        return found

    def row(self) -> RolloutState:
        return self.writer.current(RolloutState)[KEY]

    def read(self, question):
        with Reader(self.path) as reader:
            return question(reader)

    def evidence(self) -> list:
        return self.read(lambda reader: reader.evidence(KEY, self.row().level_since_ms))

    def events(self) -> list:
        return self.read(lambda reader: reader.events(KEY))


@pytest.fixture(name="world")
def empty_world(tmp_path):
    world = World(tmp_path / "statusdesk.db")
    yield world
    world.writer.close()


def event(uid: str = "e1", about: str = POD, **fields) -> Event:
    given = {"object_kind": "Pod", "object_name": about, "object_uid": about, "reason": "BackOff", "last_ms": T0}
    return Event(cluster="eu", namespace="staging", uid=uid, **(given | fields))


def tail(previous: bool = True, *lines: str, **fields) -> LogTail:
    given = {"pod": POD, "pod_uid": POD, "container": "app", "at_ms": T0 + 11_000}
    return LogTail(cluster="eu", namespace="staging", previous=previous, lines=safe_lines(lines), **(given | fields))


def revision(number: int, its_hash: str) -> Revision:
    name = f"orders-{its_hash}"
    return Revision(
        cluster="eu",
        namespace="staging",
        kind="ReplicaSet",
        name=name,
        uid=name,
        owner_uid="u1",
        hash=its_hash,
        revision=number,
    )


def answered(world: World, kind: type, *facts, after_s: float = 0.0) -> None:
    world.lists(*facts, kind=kind, scope="staging", subkind="Deployment/orders", after_s=after_s)


def test_a_healthy_rollout_costs_no_question(world):
    pods = [make.pod(name=f"orders-7cc6f9fbf5-{n}", ready_changed_ms=T0 - 100_000) for n in "ab"]
    world.begins(make.deployment(), *pods)
    for _ in range(5):
        world.sees(replace(pods[0], node="another"), after_s=20)
    assert world.row().level is Level.OK and not world.asked
    assert world.desk.next_due_ms is None or world.desk.next_due_ms > world.now_ms


def test_a_rollout_that_is_over_soon_costs_no_question(world):
    world.begins(make.rolling(), make.unready(make.done(), make.container(ready=False), created_ms=T0 + 9_000))
    assert world.row().level is Level.PROGRESSING
    ready = make.pod(ready_changed_ms=T0 + 10_000)
    world.sees(make.deployment(), kind=Workload)
    world.sees(ready, replace(ready, name="b", uid="b"), after_s=2)
    world.passes(60)
    assert world.row().level is Level.OK and not world.asked


def test_a_rollout_that_takes_longer_is_asked_about(world):
    world.begins(make.rolling(selector="a=b"), make.unready(make.done(), make.container(ready=False)))
    assert not world.asked
    world.passes(3)
    [wanted] = world.asked_for(RevisionsWanted)
    assert (wanted.workload, wanted.uid, wanted.selector) == (tuple(KEY.split("/")), "u1", "a=b")
    [events] = world.asked_for(EventsWanted)
    assert events.uids == ("u1", POD) and not events.urgent


def test_what_becomes_worse_is_asked_at_once_and_then_every_ten_seconds(world):
    world.begins(make.rolling(), FIRST_EXIT)
    assert world.row().level is Level.WARNING
    [events] = world.asked_for(EventsWanted)
    assert events.urgent and not world.asked_for(LogWanted)
    for _ in range(9):
        world.passes(1)
    assert not world.asked_for(EventsWanted)
    world.passes(1)
    assert len(world.asked_for(EventsWanted)) == 1
    for _ in range(100):
        world.passes(0.5)
    assert len(world.asked_for(EventsWanted)) == 5


def test_what_is_not_well_for_long_is_asked_about_less_often(world):
    world.begins(make.rolling(), LOOPING)
    for _ in range(60):
        world.passes(10)
    world.asked.clear()
    for _ in range(60):
        world.passes(10)
    assert 9 <= len(world.asked_for(EventsWanted)) <= 11


def test_revisions_are_asked_for_until_they_are_answered_and_again_when_there_is_a_new_one(world):
    world.begins(make.rolling(), FIRST_EXIT)
    world.passes(10)
    assert len(world.asked_for(RevisionsWanted)) == 2
    answered(world, Revision, revision(1, make.OLD), revision(2, make.NEW))
    world.passes(20)
    assert not world.asked_for(RevisionsWanted)
    assert world.asked_for(EventsWanted)[-1].uids == ("u1", f"orders-{make.NEW}", POD)
    assert [one.revision for one in world.read(lambda reader: reader.revisions(KEY))] == [2, 1]
    world.sees(make.rolling(revision="3"), kind=Workload, after_s=10)
    world.passes(10)
    assert world.asked_for(RevisionsWanted)


def test_at_most_three_pods_are_asked_about_the_one_to_blame_first(world):
    pods = [replace(FIRST_EXIT, name=f"p{n}", uid=f"p{n}") for n in range(8)] + [replace(LOOPING, name="z", uid="z")]
    world.begins(make.rolling(desired=9), *pods)
    assert world.asked_for(EventsWanted)[-1].uids == ("u1", "z", "p0", "p1")


def test_events_are_kept_judged_and_dropped_when_it_is_well(world):
    world.begins(make.rolling(), FIRST_EXIT)
    judged_before = world.row().change
    answered(world, Event, event(), event("e2", last_ms=T0 + 1))
    assert [one.uid for one in world.events()] == ["e2", "e1"]
    answered(world, Event, event("e2", count=5, last_ms=T0 + 2), after_s=10)
    assert [(one.uid, one.count) for one in world.events()] == [("e2", 5)]
    assert world.row().change >= judged_before
    ready = make.pod(ready_changed_ms=T0)
    world.sees(make.deployment(), kind=Workload)
    world.sees(ready, replace(ready, name="b", uid="b"), after_s=40)
    world.passes(0)
    assert world.row().level is Level.OK
    world.passes(11)
    world.passes(11)
    assert world.events() == []
    world.asked.clear()
    world.passes(60)
    assert not world.asked


def test_an_older_answer_never_replaces_a_newer(world):
    world.begins(make.rolling(), FIRST_EXIT)
    world.passes(1)
    for order, uid in ((2, "new"), (1, "old")):
        about = {"scope": "staging", "subkind": "Deployment/orders", "order": order}
        world.take(Swept(source=SOURCE, kind=Event, facts=(event(uid),), started_ms=T0, at_ms=T0, **about))
    assert [one.uid for one in world.events()] == ["new"]


def test_an_answer_that_comes_too_late_is_not_kept(world):
    world.begins(make.deployment(), make.pod(ready_changed_ms=T0 - 100_000))
    answered(world, Event, event())
    answered(world, Revision, revision(1, make.OLD))
    assert world.events() == [] and not world.read(lambda reader: reader.revisions(KEY))


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


def test_what_an_earlier_process_looked_up_is_dropped_when_it_is_well(world):
    world.begins(make.rolling(), FIRST_EXIT)
    answered(world, Event, event())
    world.restart()
    assert len(world.events()) == 1
    ready = make.pod(ready_changed_ms=T0 - 100_000)
    world.begins(make.deployment(), ready, replace(ready, name="b", uid="b"))
    world.passes(100)
    assert world.row().level is Level.OK and world.events() == []


def test_what_has_gone_is_forgotten(world):
    world.begins(make.rolling(), LOOPING)
    answered(world, Event, event())
    world.take(Changed(source=SOURCE, kind=Workload, at_ms=world.now_ms, gone=(tuple(KEY.split("/")),)))
    assert world.events() == []
    world.asked.clear()
    world.passes(60)
    assert not world.asked
    world.sees(tail(True, "late"), kind=LogTail)


def test_a_clock_that_is_put_back_does_not_stop_the_questions(world):
    world.begins(make.rolling(), FIRST_EXIT)
    world.asked.clear()
    world.passes(-300)
    world.passes(1)
    assert world.asked_for(EventsWanted)


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


def refusal(scope: str, ok: bool = False) -> Visited:
    return Visited(source=SOURCE, scope=scope, ok=ok, at_ms=T0, problem="" if ok else "NoAccess")


def scopes(world: World) -> dict:
    rows = world.writer.current(SourceState).values()
    return {row.scope: row.level for row in rows if row.until_ms is None and row.scope}


def test_refusals_of_an_earlier_process_go_when_the_source_is_well(world):
    for scope in ("staging", "testing", "staging/events"):
        world.take(refusal(scope))
    world.take(replace(refusal("ignored"), source="jenkins"))
    world.restart()
    assert len(scopes(world)) == 4
    world.take(refusal("testing"))
    world.take(Visited(source=SOURCE, ok=False, at_ms=T0 + 1, problem="Timeout"))
    assert len(scopes(world)) == 4, "not while nothing is known"
    world.take(Visited(source=SOURCE, ok=True, at_ms=T0 + 2))
    assert scopes(world) == {"testing": Level.UNKNOWN, "ignored": Level.UNKNOWN}
    world.take(refusal("staging"))
    world.take(Visited(source=SOURCE, ok=True, at_ms=T0 + 3))
    assert scopes(world) == {"testing": Level.UNKNOWN, "ignored": Level.UNKNOWN, "staging": Level.UNKNOWN}


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
