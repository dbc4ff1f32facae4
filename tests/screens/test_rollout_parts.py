"""The parts of the rollout screen that are pure: commands, the story, pods, folding."""

import datetime
import shlex

import pytest
from msgspec.structs import replace

from screens.detail_text import CellTold, Scribe
from screens.ink import make_ink
from screens.kubectl import commands
from screens.pen import Pen, clock
from screens.revisions import sides, tag_of
from screens.rollout_head import draw_head
from screens.rollout_lines import choose_evidence, is_bad
from screens.rollout_pods import (
    Blame,
    app_saying,
    draw_containers,
    draw_pods,
    exit_words,
    init_saying,
    mark_of,
    ordered,
)
from screens.story import tell
from screens.strips import cells, fold
from statusdesk.board import Mark
from statusdesk.config import ClusterSettings
from statusdesk.facts import Condition, ContainerRole
from statusdesk.rollout_view import RolloutView, on_board
from statusdesk.states import Level
from tests.screens import rollouts
from tests.screens.boards import MINUTE, NOW
from tests.screens.rollouts import container, init_that_exits, pod, running_app, waiting_app

KEY = rollouts.ORDERS


def view_of(board, key, reading):
    return replace(on_board(RolloutView(key=key), board), reading=reading)


def orders(**more):
    return view_of(rollouts.failing_init(), KEY, rollouts.orders_reading(**more))


def test_commands_name_kubeconfig_and_context_and_quote_what_is_hostile():
    state = replace(rollouts.orders_state(), name="$(reboot)", namespace="a b", pod="x;y", container="`z`")
    clusters = (ClusterSettings(name="us"), ClusterSettings(name="eu", kubeconfig="/a b/config", context="prod eu"))
    for command in commands(state, None, clusters):
        words = shlex.split(command.text)
        assert words[:7] == ["kubectl", "--kubeconfig", "/a b/config", "--context", "prod eu", "-n", "a b"]
        assert "$(reboot)" not in command.text.replace("'deployment/$(reboot)'", "")
        assert ";" not in command.text.replace("'x;y'", "").replace("'pod/x;y'", "").replace("name=x;y'", "")
    assert any(shlex.split(c.text)[-4:] == ["-c", "`z`", "--previous", "--tail=200"] for c in commands(state, None, ()))


def test_commands_are_about_the_pod_under_the_cursor():
    found = commands(rollouts.orders_state(), rollouts.orders_reading().pods[1], ())
    assert "kubectl -n staging describe pod/orders-7cc6f9fbf5-8x2lm" in [command.text for command in found]
    jobs = commands(replace(rollouts.orders_state(), kind="Job"), None, ())
    assert not any("rollout" in command.text for command in jobs), "a Job has no revisions"


@pytest.mark.parametrize(
    ("containers", "init", "app", "mark"),
    [
        ((init_that_exits(), waiting_app()), "CrashLoopBackOff", "waiting", Mark.FAILING),
        ((init_that_exits(state="terminated", reason="Error", exit_code=1), waiting_app()), "exit 1", "waiting",
         Mark.FAILING),
        ((init_that_exits(state="running", reason=""), waiting_app()), "running", "waiting", Mark.PROGRESSING),
        ((container("a", ContainerRole.INIT, state="terminated", exit_code=0), running_app()), "done", "running",
         Mark.OK),
        ((container("a", ContainerRole.INIT, state="terminated", exit_code=0),
          init_that_exits("b", state="waiting", reason="ImagePullBackOff"), waiting_app()), "b ImagePullBackOff",
         "waiting", Mark.FAILING),
        ((container("mesh", ContainerRole.SIDECAR, state="running", started=True), running_app()), "running",
         "running", Mark.OK),
        ((running_app(ready=False),), "", "not ready", Mark.PROGRESSING),
        ((running_app(ready=False, restarts=3, last_exit_code=137),), "", "not ready", Mark.FAILING),
        ((running_app(), running_app("web", state="waiting", ready=False, reason="CrashLoopBackOff")), "",
         "web CrashLoopBackOff", Mark.FAILING),
        ((running_app(), running_app("web")), "", "2 running", Mark.OK),
    ],
)  # fmt: skip
def test_what_is_said_of_a_pod(containers, init, app, mark):
    each = pod(KEY, "x", containers)
    assert (init_saying(each).words, app_saying(each).words, mark_of(each)) == (init, app, mark)


def test_a_pod_without_containers_and_one_that_ends():
    assert app_saying(pod(KEY, "x", (), status="Pending")).words == "Pending"
    assert mark_of(pod(KEY, "x", (), status="CreateContainerConfigError")) is Mark.FAILING
    ending = pod(KEY, "x", (init_that_exits(), waiting_app()), deleting_ms=NOW)
    assert (app_saying(ending).words, mark_of(ending)) == ("terminating", Mark.IDLE)


def test_a_pod_is_not_ready_though_its_containers_are():
    """A closed readiness gate, or a lost node: what the head does not call ready is not called ready below."""
    view = orders()
    state = replace(view.state, level=Level.WARNING, reason="NeverReady", pod="orders-7cc6f9fbf5-gated", desired=1)
    gated, old = (pod(KEY, f"orders-{name}", (running_app(),), **more)
                  for name, more in (("7cc6f9fbf5-gated", {"unready": True, "revision": "7cc6f9fbf5"}),
                                     ("57fcffc77-dmwbp", {"new": False, "revision": "57fcffc77"})))  # fmt: skip
    view = replace(view, state=state, level=Level.WARNING, reading=replace(view.reading, pods=(gated, old)))
    assert (app_saying(gated).words, mark_of(gated), mark_of(old)) == ("pod not ready", Mark.PROGRESSING, Mark.OK)
    assert [side.ready_words for side in sides(view)] == ["0 of 1 ready", "1 of 1 ready, serving"]
    drawn = Pen(ink=make_ink({}, True), ascii=False, zone=datetime.UTC, now_ms=NOW, width=120)
    lines = [strip.text for key, strip in draw_pods(view, drawn, everything=True) if key]
    assert lines[0].startswith(f" {drawn.glyph(Mark.WARNING)} {drawn.dots}gated") and "pod not ready" in lines[0]
    assert lines[1].startswith(f" {drawn.glyph(Mark.OK)} ")
    assert "not ready though its containers are" in draw_containers(gated, drawn)[0].strip(120, drawn.ink.plain).text


def test_the_preview_calls_no_pod_ready_that_kubernetes_does_not():
    view = orders()
    state = replace(view.state, level=Level.WARNING, desired=2, ready=2)
    board = rollouts.failing_init()
    row = next(row for row in board.rows if row.app == "orders")
    cell = replace(next(cell for cell in row.cells if cell and view.state in cell.rollouts), rollouts=(state,))
    pods = tuple(pod(KEY, f"orders-x-{n}", (running_app(),), unready=bool(n)) for n in range(2))
    scribe = Scribe(make_ink({}, True), False, datetime.UTC, NOW)
    words = " ".join(scribe.write(row, cell, view.stage, CellTold(pods=pods, read=True)).plain.split())
    assert "1 of 2 new pods ready" in words and "Running not ready" in words


def test_pods_are_worst_first_new_before_old():
    found, left_out = ordered(rollouts.orders_reading().pods, everything=False)
    assert [each.name[-5:] for each in found] == ["8x2lm", "fq26d", "dmwbp"] and left_out == 0
    found, left_out = ordered(rollouts.many_pods(100).pods, everything=False)
    assert mark_of(found[0]) is Mark.FAILING and (len(found), left_out) == (7, 94)
    assert len(ordered(rollouts.many_pods(100).pods, everything=True)[0]) == 101


def pen(width=120):
    return Pen(ink=None, ascii=False, zone=datetime.UTC, now_ms=NOW, width=width)


def test_the_last_exit_of_all_containers():
    two = (init_that_exits(), running_app(last_exit_code=137, last_reason="OOMKilled", last_finished_ms=NOW - 5000))
    assert exit_words(two, pen()) == "137 OOMKilled 09:42:05"
    assert exit_words(two, pen(), narrow=True) == "137 OOMKilled 5s"
    assert exit_words((running_app(last_exit_code=0, last_finished_ms=NOW),), pen()) == ""


def test_sides_of_a_rollout():
    new, old = sides(orders())
    assert (new.label, new.version, new.ready_words) == ("NEW", "1.5.0", "0 of 2 ready")
    assert (old.label, old.version, old.digest) == ("OLD", "1.4.2", rollouts.OLD_DIGEST)
    assert old.serving and old.name == "orders-57fcffc77"
    settled = orders(pods=rollouts.orders_reading().pods[:2])
    assert [side.label for side in sides(settled)] == ["NOW"]
    assert sides(replace(settled, past=True)) == [] and sides(replace(settled, reading=None)) == []


@pytest.mark.parametrize(
    ("image", "tag"),
    [("registry:5000/a/b:1.2", "1.2"), ("registry:5000/a/b", ""), ("a:1@sha256:ff", "1"), ("", "")],
)
def test_tags(image, tag):
    assert tag_of(image) == tag


def test_the_story_is_in_order_and_names_one_cause():
    entries = tell(orders())
    assert [entry.ms for entry in entries] == sorted(entry.ms for entry in entries)
    assert [entry.words for entry in entries if entry.cause] == ["token 'orders': gone, no renewal since 08:12"]


def test_without_a_dying_token_the_first_warning_is_the_cause():
    events = (
        rollouts.event(KEY, "BackOff", "Back-off restarting failed container", NOW - 260_000, "a"),
        rollouts.event(KEY, "FailedMount", 'secret "orders" not found', NOW - 250_000, "a", 3),
        rollouts.event(KEY, "FailedMount", 'secret "orders" not found', NOW - 249_000, "b", 2),
        rollouts.event(KEY, "Failed", "Error: ErrImagePull", NOW - 259_000, "a"),
    )
    entries = tell(replace(orders(events=events), tokens=()))
    told = [entry for entry in entries if entry.words.startswith("event")]
    assert [(entry.words, entry.cause) for entry in told] == [
        ('event FailedMount: secret "orders" not found (5 times)', True)
    ]


@pytest.mark.parametrize(("died_ms", "told_ms"), [(NOW - 900_000, NOW - 900_000), (None, NOW - 240_000)])
def test_a_token_that_explains_it_is_told_once_and_as_the_cause(died_ms, told_ms):
    """One that nobody saw die stands where the trouble began."""
    words = "token 'orders' is gone"
    known = replace(
        rollouts.orders_state(),
        level_since_ms=NOW - 240_000,
        cause=words,
        cause_key=f"token:{rollouts.TOKEN.key}",
        cause_ms=died_ms,
    )
    entries = tell(replace(orders(), state=known))
    assert [(entry.words, entry.ms) for entry in entries if entry.cause] == [(words, told_ms)]
    assert sum("token" in entry.words for entry in entries) == 1


def test_a_healthy_rollout_has_no_cause():
    calm = replace(orders(), level=Level.OK, state=replace(rollouts.orders_state(), level=Level.OK))
    assert not any(entry.cause or "token" in entry.words for entry in tell(calm))


def test_builds_of_long_ago_are_not_told():
    build = rollouts.orders_reading().builds[0]
    old = replace(build, number=400, started_ms=NOW - 3 * 86_400_000)
    assert not any("#400" in entry.words for entry in tell(orders(builds=(build, old))))
    running = replace(build, number=413, building=True, result=None, started_ms=NOW - 2000)
    assert tell(orders(builds=(running, build)))[-1].words == "build deploy-orders #413 runs, by seed"


def test_the_proof_is_of_the_newest_failure_and_the_pod_under_the_cursor():
    first, second = rollouts.orders_reading().evidence
    older = replace(first, since_ms=NOW - 90 * MINUTE, lines=("an older failure",))
    other = replace(first, pod="orders-7cc6f9fbf5-8x2lm", lines=("of the other pod",))
    view = orders(evidence=(second, first, other, older))
    assert choose_evidence(view).lines == rollouts.LOG
    assert choose_evidence(view, "pod:eu/staging/orders-7cc6f9fbf5-8x2lm").lines == ("of the other pod",)
    assert choose_evidence(orders(evidence=())) is None


def test_conditions_that_are_not_as_they_should_be():
    assert is_bad(Condition(type="Available", status="False"))
    assert is_bad(Condition(type="ReplicaFailure", status="True"))
    assert is_bad(Condition(type="Progressing", status="Unknown"))
    assert not is_bad(Condition(type="Progressing", status="True"))


TEXTS = {
    "none": "",
    "one": "a",
    "words": "one two three four",
    "long": "x" * 90,
    "wide": "\u6c34 " * 30,
    "wide and long": "\u6c34" * 60,
    "short and long": "a " + "y" * 70,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("width", [2, 7, 20])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_folding_takes_no_more_than_it_may(text, width, most):
    found = fold(text, width, most)
    assert len(found) <= most and all(cells(line) <= width for line in found)
    assert bool(found) == bool(text.strip())
    if found and not found[-1].endswith("\u22ef"):
        assert "".join("".join(found).split()) == "".join(text.split())


def test_folding_breaks_at_blanks():
    assert fold("one two three four", 9) == ["one two", "three", "four"]
    assert fold("one two three four", 9, 2) == ["one two", "three fo\u22ef"]


def test_countdowns():
    assert [clock(ms) for ms in (321_000, 5_000, 3_723_000, -1)] == ["5:21", "0:05", "1:02:03", "0:00"]


def test_jobs_daemon_sets_and_bars():
    assert pen().bar(0.5, 4) == ("\u25b0\u25b0", "\u25b1\u25b1")
    assert pen().bar(7, 4) == ("\u25b0" * 4, "") and pen().bar(-1, 4) == ("", "\u25b1" * 4)
    assert replace(pen(), ascii=True).bar(0.25, 4) == ("#", "...")


def test_the_pod_that_makes_it_failing_is_marked_also_when_it_only_is_not_ready():
    slow = pod(KEY, "orders-x-slow", (replace(running_app(), ready=False),))
    young = pod(KEY, "orders-x-a", (replace(running_app(), ready=False),))
    assert (mark_of(slow), mark_of(slow, Blame(slow.name, Mark.FAILING))) == (Mark.PROGRESSING, Mark.FAILING)
    assert [each.name for each in ordered([young, slow], False, Blame(slow.name, Mark.FAILING))[0]] == [
        slow.name,
        young.name,
    ]


@pytest.mark.parametrize(
    ("kind", "fails_in_s", "deadline_in_s", "said"),
    [
        ("Deployment", 130, 321, "failing in 2:10, deadline in 5:21"),
        ("StatefulSet", 130, None, "failing in 2:10"),
        ("StatefulSet", None, None, "no deadline: a StatefulSet waits for ever"),
        ("Deployment", -1, 321, " deadline in 5:21"),
    ],
)
def test_a_warning_counts_down_to_failing(kind, fails_in_s, deadline_in_s, said):
    fails_ms, deadline_ms = (s and NOW + s * 1000 for s in (fails_in_s, deadline_in_s))
    state = replace(orders().state, kind=kind, level=Level.WARNING, fails_ms=fails_ms, deadline_ms=deadline_ms)
    view = replace(orders(), state=state, level=Level.WARNING)
    drawn = Pen(ink=make_ink({}, True), ascii=False, zone=datetime.UTC, now_ms=NOW, width=160)
    head = "\n".join(strip.text for strip in draw_head(view, drawn))
    assert said in head
    assert ("failing in" in head) == said.startswith("failing")
    assert ("waits for ever" in head) == ("for ever" in said)


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_cause_is_never_cut_by_the_countdown(width):
    pen = Pen(ink=make_ink({}, True), ascii=False, zone=datetime.UTC, now_ms=NOW, width=width)
    view = orders()
    words = "pod orders-7cc6f9fbf5-aaaaa runs and is never ready (app), 0 of 3 new pods ready, and a long tail of words"
    state = replace(view.state, level=Level.FAILING, message=words, deadline_ms=NOW - 180_000)
    head = "\n".join(strip.text for strip in draw_head(replace(view, state=state, level=Level.FAILING), pen))
    said = " ".join(head.replace("deadline passed 3m ago", "").split())
    assert words in said and "deadline passed 3m ago" in head


def test_evicted_leftovers_are_last_and_quiet_and_count_for_no_revision():
    view = orders()
    killed = container("app", state="terminated", exit_code=137, reason="Error")
    gone = [
        pod(KEY, f"orders-a{index}", [killed], status="Error", leftover="Evicted", new=new, revision="q", unready=True)
        for index, new in enumerate((True, True, False))
    ]
    with_them = replace(view, reading=replace(view.reading, pods=(*gone, *view.pods)))
    assert sides(with_them) == sides(view)
    only_new = replace(view.reading, pods=(*gone, *(each for each in view.pods if each.new)))
    assert [side.label for side in sides(replace(view, reading=only_new))] == ["NOW"]
    shown, _ = ordered(with_them.pods, True)
    assert [each.leftover for each in shown[-3:]] == ["Evicted"] * 3 and not any(each.leftover for each in shown[:-3])
    assert {mark_of(each, Blame(each.name, Mark.FAILING)) for each in gone} == {Mark.IDLE}
    assert {(app_saying(each).words, app_saying(each).mark) for each in gone} == {("Evicted", Mark.IDLE)}
    drawn = Pen(ink=make_ink({}, True), ascii=False, zone=datetime.UTC, now_ms=NOW, width=120)
    lines = [strip.text for key, strip in draw_pods(with_them, drawn, True) if key]
    assert [("Evicted" in line, "✗" in line) for line in lines[-3:]] == [(True, False)] * 3
    put_out = replace(view.state, evicted=3, evicted_from=(("n-1", 1), ("n-2", 2)))
    head = [strip.text.strip() for strip in draw_head(replace(with_them, state=put_out), drawn)]
    assert "3 evicted pods left lying about: 2 by n-2, 1 by n-1" in head
    assert not any("evicted" in strip.text for strip in draw_head(with_them, drawn))
