"""What the desk asks for, when, and what it makes of the answers: events, revisions."""

from msgspec.structs import replace

from statusdesk.facts import Changed, Event, LogTail, Revision, Swept, Visited, Workload
from statusdesk.states import Level, SourceState
from statusdesk.wants import EventsWanted, LogWanted, RevisionsWanted
from tests.judge import make
from tests.pipeline.inquiring import (
    FIRST_EXIT,
    KEY,
    LOOPING,
    POD,
    SOURCE,
    T0,
    World,
    answered,
    empty_world,  # noqa: F401  (the fixture world)
    event,
    revision,
    tail,
)


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


def test_questions_that_are_never_answered_add_nothing_to_what_is_known(world):
    world.begins(make.rolling(), FIRST_EXIT)

    def held() -> int:
        known = [vars(case) for case in world.desk._rollouts._inquiries._cases.values()]
        return sum(len(each) for one in known for each in one.values() if isinstance(each, list | tuple | dict))

    for _ in range(15):
        world.passes(60)
    before = held()
    world.asked.clear()
    for _ in range(20):
        world.passes(60)
    assert len(world.asked_for(RevisionsWanted)) == 20 and held() == before


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
