"""What is followed where only what fails is asked for: that, what takes its place, and what fails later."""

from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from collectors.log_choice import LogChoice
from collectors.log_lines import Failing, Selection, Target
from collectors.log_pods import LogPod, PodContainer, Run
from collectors.log_track import MOST_LEFT
from tests.collectors.kubernetes_server import wait_for
from tests.collectors.log_server import Reply, container, ended, pod, stamped

LATE = {"running": {"startedAt": "2026-11-22T11:00:00Z"}}
BACK = {"waiting": {"reason": "CrashLoopBackOff"}}


def failing(*pods, kind="Deployment", workload="orders", containers=("app",), **more):
    return Failing(
        targets=tuple(Target(cluster="c1", namespace="testing", pods=(each,)) for each in pods),
        containers=containers,
        workloads=(("c1", "testing", kind, workload),),
        **more,
    )


def of(revision, name, *containers, kind="Deployment", workload="orders", **more):
    image = f"registry.local/orders:{revision}"
    given = [each | {"image": image} for each in containers or (container(ready=True),)]
    return pod(name, *given, workload=workload, revision=revision, kind=kind, **more)


def crashed(name="app", run="run-1"):
    return container(name, state=BACK, lastState=ended(run, 1, "Error"), restartCount=3)


@pytest.fixture
def heard(kube):
    """What makes pods write their own names for ever."""

    def names(*pods):
        for each in pods:
            for one in ("app", "proxy", "migrate"):
                kube.replies[f"{each}/{one}"] = [Reply(stamped(f"{each} {one}"), end="hang")]

    return names


def test_revisions_that_come_after_the_one_that_failed_are_followed_and_told(kube, follow, heard):
    heard("orders-a-1", "orders-b-1", "orders-c-1", "orders-a-2", "worker-1")
    kube.replies["orders-b-1/app"] = [Reply(stamped("orders-b-1 app"))]
    there = of("a", "orders-a-1"), of("b", "orders-b-1", crashed()), of("a", "worker-0", workload="worker")
    lines = follow(*there, failing=failing("orders-b-?"))
    lines.wait_texts("orders-b-1 app")
    status = lines.source.status()
    assert status.pods == 1 and status.others == 2
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(of("c", "orders-c-1"), of("w", "worker-1", workload="worker"), event="ADDED")
    kube.drop("orders-b-1")
    wait_for(lambda: "orders-c-1 app" in lines.texts())
    assert "joined: c, followed too" in lines.marks()
    kube.show(of("a", "orders-a-2"), event="ADDED")  # undone: a new pod of the old revision
    wait_for(lambda: "orders-a-2 app" in lines.texts())
    assert {"orders-a-1 app", "worker-1 app"}.isdisjoint(lines.texts()), "those stand in nobody's way"
    wait_for(lambda: lines.source.status().pods == 2)


def test_a_follower_that_is_opened_again_knows_what_was_there_at_first(kube, follow, heard):
    heard("orders-a-1", "orders-b-1", "orders-c-1")
    there = of("a", "orders-a-1"), of("b", "orders-b-1", crashed())
    first = follow(*there, failing=failing("orders-b-?"))
    wait_for(lambda: first.source.status().so_far.there)
    kube.drop("orders-b-1")
    again = follow(of("c", "orders-c-1"), failing=failing("orders-b-?", so_far=first.source.status().so_far))
    again.wait_texts("orders-c-1 app")


def test_a_follower_that_is_opened_again_follows_on_what_serves_by_now(kube, follow, heard):
    heard("orders-b-1", "orders-b-2", "orders-b-3")
    named, beginning = of("b", "orders-b-1", crashed()), container(state={"running": {}})
    well = of("b", "orders-b-3", container(ready=True), container("proxy", ready=True))
    sick = of("b", "orders-b-3", container(ready=True), container("proxy", state=BACK, run="run-1"))
    first = follow(named, of("b", "orders-b-2", beginning), sick, failing=failing("orders-b-1", "orders-b-?"))
    wait_for(
        lambda: sorted(first.texts()) == ["orders-b-1 app", "orders-b-2 app", "orders-b-3 app", "orders-b-3 proxy"]
    )
    so_far = first.source.status().so_far
    again = follow(named, of("b", "orders-b-2"), well, failing=failing("orders-b-1", "orders-b-?", so_far=so_far))
    wait_for(lambda: sorted(again.texts()) == sorted(first.texts()), str(again.texts()))
    kube.drop("orders-b-2")
    wait_for(lambda: again.source.status().pods == 2)


def test_what_has_been_replaced_before_is_followed_in_the_place_of_what_failed(kube, follow, heard):
    heard("orders-a-1", "worker-0")
    there = of("a", "orders-a-1"), of("a", "worker-0", workload="worker")
    lines = follow(*there, failing=failing("orders-b-?"))
    lines.wait_texts("orders-a-1 app")
    assert lines.marks() == [] and lines.source.status().others == 1


def test_pods_that_serve_are_passed_over_beside_one_of_their_revision_that_fails(kube, follow, heard):
    heard(*(f"orders-b-{number}" for number in range(1, 8)))
    soon, again = {"running": {"startedAt": "2999-01-01T00:00:00Z"}}, ended("run-1", 1, "Error")
    looping = container(run="run-2", ready=True, state=soon, lastState=again, restartCount=5)
    beginning = container(state=soon)
    recovered = container(run="run-2", ready=True, state=LATE, lastState=again, restartCount=1)
    there = crashed(), container(state=LATE, ready=True), recovered, looping, beginning
    pods = [of("b", f"orders-b-{number}", one) for number, one in enumerate(there, 1)]
    lines = follow(*pods, failing=failing("orders-b-1", "orders-b-?"))
    wait_for(lambda: sorted(lines.texts()) == [f"orders-b-{number} app" for number in (1, 4, 5)])
    assert lines.source.status().others == 2
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(of("b", "orders-b-2", container(state=LATE)), event="MODIFIED")  # it fails
    kube.show(of("b", "orders-b-3", container(state=soon)), event="MODIFIED")  # and this one is not ready for a moment
    kube.show(of("b", "orders-b-6"), event="ADDED")
    wait_for(lambda: {"orders-b-2 app", "orders-b-6 app"} <= set(lines.texts()))
    assert "orders-b-3 app" not in lines.texts()


def test_the_one_that_was_named_is_followed_though_it_serves_at_the_moment(kube, follow, heard):
    heard("orders-b-1", "orders-b-2")
    well = container(state=LATE, ready=True)
    lines = follow(of("b", "orders-b-1", well), of("b", "orders-b-2", well),
                   failing=failing("orders-b-1", "orders-b-?"))  # fmt: skip
    lines.wait_texts("orders-b-1 app")
    assert lines.source.status().others == 1


def test_tries_of_a_job_that_run_are_followed(kube, follow, heard):
    heard("orders-1-a", "orders-1-b")
    kube.replies["orders-1-a/app"] = [Reply(stamped("orders-1-a app"))]
    runs = of("j", "orders-1-b", container(state=LATE, ready=True), kind="Job", workload="orders-1")
    lines = follow(tried("orders-1-a", "orders-1"), runs,
                   failing=failing("orders-1-a", "orders-1-?", kind="Job", workload="orders-1"))  # fmt: skip
    wait_for(lambda: sorted(lines.texts()) == ["orders-1-a app", "orders-1-b app"])


@pytest.mark.parametrize(("kind", "successor"), [("DaemonSet", "orders-x9z"), ("StatefulSet", "orders-0")])
def test_the_other_pods_that_fail_are_followed_and_successors(kube, follow, heard, kind, successor):
    heard("orders-0", "orders-1", "orders-2", "orders-x9z")
    lasts = of("", "orders-1", crashed(), kind=kind)
    lines = follow(of("", "orders-0", crashed(), kind=kind), lasts, of("", "orders-2", kind=kind),
                   failing=failing("orders-0", kind=kind))  # fmt: skip
    wait_for(lambda: sorted(lines.texts()) == ["orders-0 app", "orders-1 app"])
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.drop("orders-0")
    kube.replies[f"{successor}/app"] = [Reply(stamped("the next one", second=9), end="hang")]
    kube.show(of("", successor, kind=kind, uid="uid-next"), event="ADDED")
    wait_for(lambda: "the next one" in lines.texts(), str(lines.texts()))
    assert "orders-2 app" not in lines.texts()


@pytest.mark.parametrize(
    "one",
    [
        crashed(),
        container(state=ended("run-1", 1, "Error")),
        container(run="run-2", lastState=ended("run-1", 137, "OOMKilled"), restartCount=1),
        container(state=LATE),
    ],
    ids=["back-off", "ended", "restarted and not ready", "not ready for long"],
)
def test_what_fails_later_is_followed_from_then_on(kube, follow, heard, one):
    heard("orders-b-1", "worker-0")
    well = of("a", "worker-0", container(state=LATE, ready=True), workload="worker")
    lines = follow(of("b", "orders-b-1", crashed()), well, failing=failing("orders-b-?"), tail=5)
    lines.wait_texts("orders-b-1 app")
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(of("a", "worker-0", one, workload="worker"), event="MODIFIED")
    wait_for(lambda: "worker-0 app" in lines.texts(), str(lines.source.status()))
    asked = next(query for query in kube.asked_logs if query["pod"] == "worker-0")
    assert asked["tailLines"] == "6", "what it wrote in all the days before was not asked for"


def tried(name, job, code=1, reason=""):
    """A try of a Job that is over."""
    made = of(
        "j", name, container(state=ended(f"run-{name}", code, "Error")), kind="Job", workload=job, uid=f"uid-{name}"
    )
    made["status"] |= {"phase": "Failed" if code else "Succeeded", "reason": reason}
    return made


def test_a_job_that_fails_later_is_followed_whatever_its_name_and_what_was_there_before_is_not(kube, follow, heard):
    heard("orders-1-a", "orders-0-z", "worker-2-b", "worker-3-c", "worker-4-d", "orders-5-e")
    kube.replies["orders-1-a/app"] = [Reply(stamped("orders-1-a app"))]
    lines = follow(tried("orders-1-a", "orders-1"), tried("orders-0-z", "orders-0"),
                   failing=failing("orders-1-*", kind="Job", workload="orders-1"))  # fmt: skip
    lines.wait_texts("orders-1-a app")
    wait_for(lambda: kube.watching("pods", "testing"))
    assert lines.source.status().others == 0, "of what is over nobody says that nothing of it fails"
    kube.show(tried("worker-2-b", "worker-2", 0), event="ADDED")
    kube.show(tried("worker-3-c", "worker-3", 137, "Evicted"), event="ADDED")
    kube.drop("orders-1-a")
    kube.show(tried("worker-4-d", "worker-4"), event="ADDED")
    kube.show(tried("orders-5-e", "orders-5", 0), event="ADDED")  # the next run of what had failed
    wait_for(lambda: {"worker-4-d app", "orders-5-e app"} <= set(lines.texts()))
    assert {"orders-0-z app", "worker-2-b app", "worker-3-c app"}.isdisjoint(lines.texts())
    assert "joined: j, followed too" in lines.marks()


def test_a_job_with_a_name_that_was_made_to_be_slow_is_told_at_once(kube, follow, heard):
    name = "orders" + "-2222222" * 30 + "-"  # each part may be a number or a commit
    heard("orders-1-a")
    lines = follow(tried("orders-1-a", "orders-1"), tried("orders-2-b", name),
                   failing=failing("orders-1-*", kind="Job", workload="orders-1"))  # fmt: skip
    lines.wait_texts("orders-1-a app")


NIGHTLY = ("CronJob", "report-2")


@pytest.mark.parametrize(
    ("workload", "failed", "runs", "others"),
    [
        (
            NIGHTLY,
            "report-2-29388541",
            ["report-2-29388542"],
            ["report-3-29388542", "report-2", "report-2-check", "report-29388542"],
        ),
        (("Job", "migrate-db"), "migrate-db", ["migrate-db"], ["migrate-users", "migrate-db-2", "migrate"]),
        (("Job", "db-1"), "db-1", ["db-2"], ["db", "db2", "db-x"]),
        (("Job", "to-3.9.0"), "to-3.9.0", ["to-v3.10.1", "to-2026-11-22", "to-0a1b2c3"], ["to", "to-s3", "to-oauth2"]),
        (("Job", "sync-x7k2p"), "sync-x7k2p", ["sync-bdwgq"], ["sync-users"]),
    ],
    ids=["CronJob", "names alike", "numbers", "versions", "generated"],
)
def test_the_next_runs_of_a_job_that_had_failed_are_followed_and_not_others(
    kube, follow, heard, workload, failed, runs, others
):
    heard("first", *(f"pod-{name}" for name in (*runs, *others)))
    kube.replies["first/app"] = [Reply(stamped("first app"))]
    kind, name = workload
    lines = follow(tried("first", failed), failing=failing("first", kind=kind, workload=name))
    lines.wait_texts("first app")
    wait_for(lambda: kube.watching("pods", "testing"))
    for job in (*others, *runs):
        kube.show(tried(f"pod-{job}", job, 0), event="ADDED")
    wait_for(lambda: {f"pod-{job} app" for job in runs} <= set(lines.texts()))
    assert lines.source.status().pods == 1 + len(runs), "those that came before them were looked at, too"
    assert {f"pod-{job} app" for job in others}.isdisjoint(lines.texts())


def test_the_next_run_of_a_cron_job_is_followed_where_the_one_that_failed_has_gone_before(kube, follow, heard):
    heard("pod-29388542", "pod-29388543")
    lines = follow(tried("pod-29388542", "nightly-29388542", 0), tried("pod-29388543", "weekly-29388543", 0),
                   failing=failing("pod-29388541", kind="CronJob", workload="nightly"))  # fmt: skip
    lines.wait_texts("pod-29388542 app")


class Pods:
    """A roster of pods that have a container which fails."""

    def __init__(self):
        self.target, self.answered, self.listed = Target(cluster="c1", namespace="testing"), True, True
        self.names = []

    def pods(self):
        app = PodContainer(name="app", run_id="r", waits_for="CrashLoopBackOff")
        return [
            LogPod(namespace="testing", name=each, uid=each, app="orders", containers=(app,)) for each in self.names
        ]


def test_of_the_pods_that_have_gone_only_the_last_ones_are_remembered():
    choice, roster = LogChoice(Selection(targets=(), failing=failing("orders-0"))), Pods()
    cluster = SimpleNamespace(name="c1", api=SimpleNamespace(now_ns=1))
    for number in range(MOST_LEFT + 20):
        roster.names = ["stays", f"crashes-{number}"]
        choice.look([(cluster, roster)])
        assert all(choice.has(cluster, each, each.containers[0]) for each in roster.pods())
    for roster.names in [], ["stays", "crashes-0", "crashes-1", f"crashes-{MOST_LEFT}"]:
        choice.look([(cluster, roster)])
    well = [replace(pod, containers=(PodContainer(name="app", run_id="r", ready=True),)) for pod in roster.pods()]
    assert [pod.name for pod in well if choice.has(cluster, pod, pod.containers[0])] == [
        "stays",
        f"crashes-{MOST_LEFT}",
    ]


def test_a_crash_that_was_over_before_it_was_seen_is_one(kube, follow, heard):
    heard("orders-b-1", "worker-0")
    well = of("a", "worker-0", container(state=LATE, ready=True), workload="worker")
    lines = follow(of("b", "orders-b-1", crashed()), well, failing=failing("orders-b-?"))
    lines.wait_texts("orders-b-1 app")
    wait_for(lambda: kube.watching("pods", "testing"))
    back = container(run="run-2", state=LATE, ready=True, lastState=ended("run-1", 1, "Error"), restartCount=1)
    kube.show(of("a", "worker-0", back, workload="worker"), event="MODIFIED")
    wait_for(lambda: "worker-0 app" in lines.texts())


def test_other_containers_are_followed_as_soon_as_they_fail(kube, follow, heard):
    heard("orders-b-1")
    stands = of("b", "orders-b-1", crashed(), container("proxy", "run-p", ready=True))
    lines = follow(stands, failing=failing("orders-b-?"))
    lines.wait_texts("orders-b-1 app")
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(of("b", "orders-b-1", crashed(), crashed("proxy", "run-p")), event="MODIFIED")
    wait_for(lambda: "orders-b-1 proxy" in lines.texts())


def test_once_its_init_containers_are_done_that_had_failed_a_pod_goes_on_with_those_that_run(kube, follow, heard):
    heard("orders-c-1")
    begun = of("c", "orders-c-1", inits=(container("migrate", "run-m", state=ended("run-m")),))
    lines = follow(begun, failing=failing("orders-c-1", containers=("migrate",)))
    wait_for(lambda: sorted(lines.texts()) == ["orders-c-1 app", "orders-c-1 migrate"])


def test_how_a_container_stands_is_told_by_its_state():
    now_ns, one = 10**18, PodContainer(name="app", run_id="r", started_ns=10**18 - 10**9)
    assert not one.fails(now_ns), "it begins"
    assert not replace(one, run_id="", waits_for="ContainerCreating").fails(now_ns)
    assert replace(one, run_id="", waits_for="ImagePullBackOff").fails(now_ns)
    assert not replace(one, ended=Run("r", 0, "Completed")).fails(now_ns)
    assert not replace(one, init=True, started_ns=1).fails(now_ns), "an init container is never ready while it runs"
