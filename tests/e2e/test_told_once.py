"""A rollout that fails and is mended in a living world is told once and resolved once by a real Alertmanager.

Whatever happens meanwhile: to statusdesk, to the Alertmanagers, to the receiver behind them.
"""

import contextlib
import signal
import time

import pytest

from tests.e2e.office import RESEND_S, Office, heard
from tests.e2e.world import serving, wait_for
from tests.sinks.alertmanagers import MISSING, PROGRAM, one, two

pytestmark = [
    pytest.mark.soak,
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason=MISSING),
    pytest.mark.timeout(240),
]
FIRING = [("RolloutFailing", "firing")]
BOTH = [*FIRING, ("RolloutFailing", "resolved")]
SETTLED_S = 3.0
"""Several rounds and groups: what would be told wrongly has been told by then. Nothing else proves an absence."""
ENDS_S = 25.0
"""After this an alert that is not posted any more has ended there, and that has been told."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    options = ("--speed", "5", "--scenario", "calm", "--apps", "6")
    with serving(tmp_path_factory.mktemp("world") / "truth.json", *options) as served:
        yield served


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with one(tmp_path_factory.mktemp("am")) as (manager, receiver):
        yield manager, receiver


@pytest.fixture
def deploy(world):
    def deploy(app, behaviour):
        order = {"namespace": "testing", "app": app, "version": "1.0.0", "replicas": 1, "behaviour": behaviour}
        world.control("/apply", order)

    return deploy


@pytest.fixture
def office(world, running, tmp_path):
    manager, receiver = running
    return Office(world, tmp_path / "office", manager.url, hook=receiver.url)


@pytest.fixture
def until(running):
    """Wait until an app was told of so, by the Alertmanager and directly."""
    receiver = running[1]

    def until(app, what, timeout_s=60.0, paths=("/", "/direct")):
        def told():
            return all(heard(receiver, app, path) == what for path in paths)

        try:
            wait_for(told, timeout_s)
        except AssertionError:
            raise AssertionError({path: heard(receiver, app, path) for path in paths}) from None

    return until


@pytest.fixture
def stays(running):
    """See that an app is told of so and no other way for a while."""
    receiver = running[1]

    def stays(app, what, paths=("/", "/direct")):
        time.sleep(SETTLED_S)
        assert {path: heard(receiver, app, path) for path in paths} == dict.fromkeys(paths, what)

    return stays


@pytest.mark.parametrize("mended", ["by a new rollout", "by itself"])
def test_a_crash_loop(world, office, deploy, until, stays, mended):
    app = f"crash-{mended.replace(' ', '-')}"
    with office.watch():
        deploy(app, "crash")
        until(app, FIRING)
        restarts = _restarts(world, app)
        wait_for(lambda: _restarts(world, app) >= restarts + 2, 60, "it flaps on")
        stays(app, FIRING)
        if mended == "by itself":
            world.control("/recover", {"namespace": "testing", "app": app})
        else:
            deploy(app, "good")
        until(app, BOTH)
        stays(app, BOTH)


def _restarts(world, app):
    pods = world.listed("/api/v1/namespaces/testing/pods")
    return max(
        (status["restartCount"] for pod in pods if pod["metadata"]["name"].startswith(app)
         for status in pod["status"].get("containerStatuses", ())), default=0,
    )  # fmt: skip


def _ready(world, app):
    deployments = world.listed("/apis/apps/v1/namespaces/testing/deployments")
    [status] = [each["status"] for each in deployments if each["metadata"]["name"] == app]
    return min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0))


def test_over_restarts_of_statusdesk(world, office, deploy, until, stays):
    app = "restarted"
    with office.watch():
        deploy(app, "crash")
        until(app, FIRING)
    with office.watch():
        stays(app, FIRING)
    deploy(app, "good")
    wait_for(lambda: _ready(world, app) == 1, 30, "it is well while nobody looks")
    with office.watch():
        until(app, BOTH)
    with office.watch():
        stays(app, BOTH)


@pytest.mark.parametrize("moment", ["commit", "am", "hook"])
def test_over_a_kill_at_the_worst_moment(office, deploy, until, stays, moment):
    """``commit``: between commit and send; the others: between that sink's send and its mark."""
    app = f"killed-{moment}"
    with office.watch(moment, app, "firing") as dying:
        deploy(app, "crash")
        assert dying.wait(60) == -signal.SIGKILL
    with office.watch(moment, app, "resolved") as dying:
        until(app, FIRING)
        stays(app, FIRING)
        deploy(app, "good")
        assert dying.wait(60) == -signal.SIGKILL
    with office.watch():
        until(app, BOTH)
        stays(app, BOTH)


def test_over_restarts_of_the_alertmanager(office, running, deploy, until, stays):
    manager, app = running[0], "am-restarted"
    with office.watch():
        deploy(app, "crash")
        until(app, FIRING)
        manager.stop(signal.SIGTERM)
        manager.start()
        stays(app, FIRING)
        deploy(app, "good")
        until(app, BOTH)
        manager.stop(signal.SIGTERM)
        manager.start()
        stays(app, BOTH)


def test_an_alertmanager_that_is_down_for_ten_minutes(office, running, deploy, until, stays):
    """Rounds of a minute are a second here: 10 s are ten minutes."""
    manager, receiver = running
    with office.watch():
        for app in ("down-stays", "down-mended"):
            deploy(app, "crash")
        for app in ("down-stays", "down-mended"):
            until(app, FIRING)
        manager.stop(signal.SIGTERM)
        deploy("down-mended", "good")
        deploy("down-new", "crash")
        wait_for(lambda: "is not told: no connection" in office.said, 20, "it has gone")
        with manager.refusing() as refused:
            wait_for(lambda: len(refused.got) >= 10, 10 * RESEND_S + 20, "ten rounds")
            until("down-mended", BOTH, paths=("/direct",))
        assert heard(receiver, "down-mended", "/direct") == BOTH and heard(receiver, "down-mended") == FIRING
        manager.start()
        until("down-mended", BOTH)
        until("down-new", FIRING)
        stays("down-stays", FIRING)
        for app in ("down-stays", "down-new"):
            deploy(app, "good")
        for app in ("down-stays", "down-new"):
            until(app, BOTH)
    assert "is not told: no connection" in office.said and "is told again" in office.said


def test_one_of_two_peers_is_down(world, tmp_path, deploy):
    app = "peers"
    with two(tmp_path / "cluster") as ((left, right), receiver):
        office = Office(world, tmp_path / "office", left.url, right.url)
        with office.watch():
            deploy(app, "crash")
            wait_for(lambda: heard(receiver, app) == FIRING, 60, "the alert")
            time.sleep(SETTLED_S)
            left.stop(signal.SIGKILL)
            time.sleep(SETTLED_S)
            deploy(app, "good")
            wait_for(lambda: heard(receiver, app) == BOTH, 60, "its end, by the one that lives")
            time.sleep(SETTLED_S)
        assert heard(receiver, app) == BOTH


@pytest.mark.parametrize("path", ["/", "/direct"])
def test_a_receiver_that_answers_500_six_times(world, running, tmp_path, deploy, path):
    """Behind the Alertmanager, which tries again; and as our own webhook, of which each try has the same key."""
    (manager, receiver), app = running, f"refused-{len(path)}"
    direct = path == "/direct"
    office = Office(world, tmp_path / "office", *([] if direct else [manager.url]), hook=receiver.url if direct else "")
    receiver.refusing[app] = 6
    with office.watch():
        deploy(app, "crash")
        wait_for(lambda: receiver.about(app) == ["firing"] * 7, 150, "six refusals and the one that is taken")
        time.sleep(SETTLED_S)
        deploy(app, "good")
        wait_for(lambda: receiver.about(app)[7:] == ["resolved"], 60, "its end")
        time.sleep(SETTLED_S)
    assert receiver.about(app) == ["firing"] * 7 + ["resolved"]
    if direct:
        assert heard(receiver, app, path) == BOTH


def test_a_source_that_is_down_for_longer_than_alerts_live_there(world, office, running, deploy, until, stays):
    """Alerts end 20 s after the last post: what stands is posted on, and what has changed is told when it is seen."""
    receiver = running[1]
    with office.watch():
        for app, behaviour in (("lost-stays", "crash"), ("lost-mended", "crash"), ("lost-fails", "good")):
            deploy(app, behaviour)
        for app in ("lost-stays", "lost-mended"):
            until(app, FIRING)
        world.fault("kubernetes", "refuse")
        wait_for(lambda: office.sources()["kubernetes/demo"].reason, 20, "it is known that nothing is seen")
        lost_s = time.time()
        deploy("lost-mended", "good")
        deploy("lost-fails", "crash")
        wait_for(lambda: heard(receiver, "", "/direct", source="kubernetes/demo") == [("SourceDown", "firing")], 150)
        posted = ("lost-stays", "lost-mended")
        wait_for(lambda: all(running[0].posted_s(app) > lost_s + ENDS_S for app in posted), 60, "both stand on")
        assert heard(receiver, "lost-stays") == heard(receiver, "lost-mended") == FIRING
        assert heard(receiver, "lost-fails") == []
        world.fault("kubernetes", None)
        until("lost-mended", BOTH)
        until("lost-fails", FIRING)
        stays("lost-stays", FIRING)
        for path in ("/", "/direct"):
            down = heard(receiver, "", path, source="kubernetes/demo")
            assert down == [("SourceDown", "firing"), ("SourceDown", "resolved")]


@contextlib.contextmanager
def stopped(process):
    """Let a collector see nothing while the block lasts."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_a_collector_that_is_stopped_for_longer_than_alerts_live_there(office, running, deploy, until, stays):
    """As after a restart: what was mended meanwhile is over, what still fires there is told again when it is known."""
    again = [*BOTH, *FIRING]
    with office.watch() as process:
        for app in ("slept-mended", "slept-stays"):
            deploy(app, "crash")
            until(app, FIRING)
        with stopped(process):
            deploy("slept-mended", "good")
            for app in ("slept-mended", "slept-stays"):
                until(app, BOTH, 90, paths=("/",))
        until("slept-stays", again, paths=("/",))
        until("slept-mended", BOTH)
        stays("slept-mended", BOTH)
        assert heard(running[1], "slept-stays", "/direct") == FIRING


def test_a_pair_that_sees_things_at_different_moments(world, running, tmp_path, deploy, until, stays):
    manager, app = running[0], "paired"
    pair = '[ha]\nmode = "pair"\n'
    offices = [Office(world, tmp_path / name, manager.url, after=pair) for name in ("one", "other")]
    only = {"paths": ("/",)}
    with offices[0].watch() as first, offices[1].watch() as second:
        with stopped(second):
            deploy(app, "crash")
            until(app, FIRING, **only)
            stays(app, FIRING, **only)
        stays(app, FIRING, **only)
        with stopped(first):
            deploy(app, "good")
            time.sleep(SETTLED_S)
        until(app, BOTH, 90, **only)  # four intervals after the last post of the last of them
        stays(app, BOTH, **only)
