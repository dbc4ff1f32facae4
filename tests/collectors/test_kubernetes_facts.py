"""From recorded objects to facts: a table of what each one must become."""

import json

import msgspec
import pytest

from collectors.kubernetes_facts import Translator
from collectors.kubernetes_kinds import DEPLOYMENT, POD
from collectors.kubernetes_names import AppRules, Interest
from collectors.kubernetes_wire import PodWire, WorkloadWire
from statusdesk.config import AppSettings
from statusdesk.facts import ContainerRole
from tests.collectors.kubernetes_server import recorded

TIME_MS = 1_795_374_226_000


def translator(*apps: AppSettings) -> Translator:
    return Translator("c1", AppRules(apps))


def pods() -> dict:
    made = translator()
    return {fact.name: fact for fact in map(made.pod, POD.page.decode(recorded("pods.json")).items)}


def deployments() -> dict:
    made = translator()
    page = DEPLOYMENT.page.decode(recorded("deployments.json"))
    facts = [made.workload("Deployment", wire) for wire in page.items]
    return {(fact.namespace, fact.name): fact for fact in facts}


def make_pod(**parts) -> object:
    meta = {"name": "p", "namespace": "testing"} | parts.pop("metadata", {})
    return translator().pod(msgspec.convert({"metadata": meta} | parts, PodWire))


def make_workload(kind: str, *apps: AppSettings, **parts) -> object:
    meta = {"name": "web", "namespace": "testing"} | parts.pop("metadata", {})
    return translator(*apps).workload(kind, msgspec.convert({"metadata": meta} | parts, WorkloadWire))


def containers(*images: str) -> dict:
    named = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    return {"template": {"spec": {"containers": named}}}


@pytest.mark.parametrize(
    ("name", "index", "state", "reason", "restarts", "last"),
    [
        ("orders-7cc6f9fbf5-fq26d", 1, "waiting", "CrashLoopBackOff", 4, ("Error", 1)),
        ("payments-7f459bf4c8-fdhjv", 1, "waiting", "ImagePullBackOff", 0, ("", None)),
        ("customers-5684b9c75c-zlg8s", 0, "waiting", "CrashLoopBackOff", 4, ("Error", 1)),
        ("customers-5684b9c75c-zlg8s", 1, "waiting", "PodInitializing", 0, ("", None)),
        ("inventory-786b957665-pvj67", 1, "waiting", "CreateContainerConfigError", 0, ("", None)),
        ("gateway-7d8fb989dc-npjmw", 1, "waiting", "CrashLoopBackOff", 4, ("OOMKilled", 137)),
        ("billing-5c698cb49b-wpdth", 1, "running", "", 0, ("", None)),
        ("auth-5744b45884-4ccql", 0, "terminated", "Completed", 0, ("", None)),
        ("billing-55847bfc5d-stht7", 1, "", "", 0, ("", None)),
    ],
)
def test_containers_of_recorded_pods(name, index, state, reason, restarts, last):
    container = pods()[name].containers[index]
    assert (container.state, container.reason, container.restarts) == (state, reason, restarts)
    assert (container.last_reason, container.last_exit_code) == last
    assert container.role is (ContainerRole.INIT if index == 0 else ContainerRole.APP)


def test_a_recorded_pod_as_a_whole():
    fact = pods()["auth-5744b45884-4ccql"]
    assert fact.key == ("c1", "testing", "auth-5744b45884-4ccql")
    assert (fact.owner_kind, fact.workload_kind, fact.workload_name) == ("ReplicaSet", "Deployment", "auth")
    assert (fact.revision, fact.app, fact.phase, fact.node) == ("5744b45884", "auth", "Running", "node-1")
    assert fact.ready and fact.scheduled and fact.deleting_ms is None
    assert fact.created_ms == TIME_MS + 70_000 and fact.ready_changed_ms >= fact.created_ms
    init, app = fact.containers
    assert (init.exit_code, init.since_ms is not None, app.ready, app.started) == (0, True, True, True)
    assert app.image == "registry.local/app:1.5.0" and app.image_id.startswith("registry.local/app@sha256:")


def test_a_recorded_pod_that_finds_no_node():
    fact = pods()["billing-55847bfc5d-stht7"]
    assert (fact.phase, fact.node, fact.scheduled, fact.scheduled_reason) == ("Pending", "", False, "Unschedulable")
    assert fact.scheduled_message.startswith("0/1 nodes are available") and fact.scheduled_changed_ms
    assert [one.name for one in fact.containers] == ["migrate", "app"], "from the spec, as there is no status yet"


@pytest.mark.parametrize(
    ("key", "counts", "revision", "conditions"),
    [
        (("testing", "orders"), (2, 3, 1, 2, 2), "2", {"Progressing": "ProgressDeadlineExceeded"}),
        (("testing", "auth"), (2, 2, 2, 2, 2), "2", {"Progressing": "NewReplicaSetAvailable"}),
        (("staging", "customers"), (0, 0, 0, 0, 0), "1", {"Progressing": "NewReplicaSetAvailable"}),
        (("staging", "inventory"), (2, 2, 0, 2, 2), "2", {"ReplicaFailure": "FailedCreate"}),
        (("staging", "orders"), (2, 2, 0, 2, 2), "1", {"Progressing": "DeploymentPaused"}),
    ],
)
def test_recorded_deployments(key, counts, revision, conditions):
    fact = deployments()[key]
    assert (fact.desired, fact.replicas, fact.updated, fact.ready, fact.available) == counts
    assert fact.revision == revision and fact.paused == (key == ("staging", "orders"))
    assert fact.observed_generation == fact.generation and fact.strategy == "RollingUpdate"
    assert conditions.items() <= {one.type: one.reason for one in fact.conditions}.items()
    assert all(one.changed_ms and one.updated_ms for one in fact.conditions)


def test_the_version_and_deadline_of_a_recorded_deployment():
    fact = deployments()["testing", "orders"]
    assert (fact.version, fact.image, fact.deadline_s) == ("1.5.0", "registry.local/app:1.5.0", 60)
    assert fact.images == (("app", "registry.local/app:1.5.0"),) and fact.created_ms == TIME_MS


def test_a_stateful_set():
    fact = make_workload(
        "StatefulSet",
        metadata={"generation": 4},
        spec={"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
        status={
            "observedGeneration": 3,
            "replicas": 3,
            "readyReplicas": 2,
            "updatedReplicas": 1,
            "availableReplicas": 2,
            "currentRevision": "web-1",
            "updateRevision": "web-2",
        },
    )
    assert (fact.desired, fact.replicas, fact.updated, fact.ready, fact.available) == (3, 3, 1, 2, 2)
    assert (fact.revision, fact.update_revision, fact.current_revision) == ("web-2", "web-2", "web-1")
    assert (fact.partition, fact.strategy, fact.generation, fact.observed_generation) == (1, "RollingUpdate", 4, 3)
    assert fact.key == ("c1", "testing", "StatefulSet", "web")


def test_a_daemon_set():
    fact = make_workload(
        "DaemonSet",
        metadata={"generation": 9, "annotations": {"deprecated.daemonset.template.generation": "7"}},
        spec={"updateStrategy": {"type": "OnDelete"}},
        status={
            "desiredNumberScheduled": 5,
            "currentNumberScheduled": 4,
            "updatedNumberScheduled": 3,
            "numberReady": 2,
            "numberAvailable": 1,
        },
    )
    assert (fact.desired, fact.replicas, fact.updated, fact.ready, fact.available) == (5, 4, 3, 2, 1)
    assert (fact.revision, fact.strategy, fact.observed_generation) == ("7", "OnDelete", None)


def test_a_workload_of_which_nothing_is_known_yet():
    fact = make_workload("Deployment")
    assert (fact.app, fact.version, fact.image, fact.desired, fact.observed_generation) == ("web", "", "", None, None)


def test_no_deadline_is_none():
    assert make_workload("Deployment", spec={"progressDeadlineSeconds": 2**31 - 1}).deadline_s is None


@pytest.mark.parametrize(
    ("annotations", "build"),
    [
        ({"statusdesk.io/build": "deploy-web#12"}, "deploy-web#12"),
        ({"ci.example/jenkins-build": "deploy-web/12"}, "deploy-web/12"),
        ({"ci.example/jenkins-build": "x", "statusdesk.io/build": "y"}, "y"),
        ({"jenkins": "no"}, ""),
    ],
)
def test_the_build_that_applied_it(annotations, build):
    assert make_workload("Deployment", metadata={"annotations": annotations}).build == build
    assert make_workload("Deployment", spec={"template": {"metadata": {"annotations": annotations}}}).build == build


OWNED_BY_REPLICA_SET = {"kind": "ReplicaSet", "name": "my-web-abc", "controller": True}


@pytest.mark.parametrize(
    ("owner", "labels", "expected"),
    [
        (OWNED_BY_REPLICA_SET, {"pod-template-hash": "abc"}, ("ReplicaSet", "Deployment", "my-web", "abc")),
        (OWNED_BY_REPLICA_SET, {"pod-template-hash": "xyz"}, ("ReplicaSet", "", "", "xyz")),
        (OWNED_BY_REPLICA_SET, {}, ("ReplicaSet", "", "", "")),
        (
            {"kind": "StatefulSet", "name": "db", "controller": True},
            {"controller-revision-hash": "db-5"},
            ("StatefulSet", "StatefulSet", "db", "db-5"),
        ),
        (
            {"kind": "DaemonSet", "name": "agent", "controller": True},
            {"controller-revision-hash": "55"},
            ("DaemonSet", "DaemonSet", "agent", "55"),
        ),
        ({"kind": "Job", "name": "once", "controller": True}, {}, ("Job", "Job", "once", "")),
        ({"kind": "Node", "name": "n-1", "controller": True}, {}, ("Node", "", "", "")),
        ({"kind": "StatefulSet", "name": "db"}, {}, ("", "", "", "")),
    ],
)
def test_whose_pod_it_is(owner, labels, expected):
    fact = make_pod(metadata={"ownerReferences": [owner], "labels": labels})
    assert (fact.owner_kind, fact.workload_kind, fact.workload_name, fact.revision) == expected


def test_a_sidecar_is_an_init_container_that_always_restarts():
    fact = make_pod(
        spec={
            "initContainers": [{"name": "secrets"}, {"name": "proxy", "restartPolicy": "Always"}],
            "containers": [{"name": "app"}],
        },
        status={"initContainerStatuses": [{"name": "proxy", "state": {"running": {}}}]},
    )
    assert [(one.name, one.role.value, one.state) for one in fact.containers] == [
        ("proxy", "sidecar", "running"),
        ("secrets", "init", ""),
        ("app", "app", ""),
    ]


def test_an_image_known_by_its_id_alone_gets_its_name_from_the_spec():
    status = {"containerStatuses": [{"name": "app", "image": "sha256:12ab"}]}
    fact = make_pod(spec={"containers": [{"name": "app", "image": "r/app:1"}]}, status=status)
    assert fact.containers[0].image == "r/app:1"


def test_a_pod_that_is_going():
    fact = make_pod(
        metadata={"deletionTimestamp": "2026-11-22T19:03:46Z"}, status={"phase": "Failed", "reason": "Evicted"}
    )
    assert (fact.deleting_ms, fact.phase, fact.reason) == (TIME_MS, "Failed", "Evicted")


@pytest.mark.parametrize("text", ["yesterday", "", "2026-11-22T19:03:46", "9" * 400, "\x1b"])
def test_what_is_no_time_is_none(text):
    assert make_pod(metadata={"creationTimestamp": text}).created_ms is None


def test_times_with_fractions_and_zones():
    assert make_pod(metadata={"creationTimestamp": "2026-11-22T19:03:46.125999Z"}).created_ms == TIME_MS + 125
    assert make_pod(metadata={"creationTimestamp": "2026-11-22T20:03:46+01:00"}).created_ms == TIME_MS


def test_hostile_text_is_cleaned_wherever_it_stands():
    bad = "\x1b[2J[/x]\u202eevil\n\x07" + "x" * 400
    status = {"name": bad, "image": bad, "imageID": bad, "containerID": bad}
    state = {"waiting": {"reason": bad, "message": bad}}
    fact = make_pod(
        metadata={"name": bad, "namespace": bad, "uid": bad, "labels": {"app.kubernetes.io/name": bad}},
        spec={"nodeName": bad, "containers": [{"name": bad}]},
        status={"phase": bad, "reason": bad, "message": bad, "containerStatuses": [status | {"state": state}]},
    )
    workload = make_workload(
        "Deployment",
        metadata={"name": bad, "labels": {"app.kubernetes.io/name": bad}, "annotations": {"statusdesk.io/build": bad}},
        spec=containers(bad),
        status={"conditions": [{"type": bad, "status": bad, "reason": bad, "message": bad}]},
    )
    for one in (fact, workload):
        text = json.dumps(msgspec.to_builtins(one), ensure_ascii=False)
        assert "evil" in text and not any(sign in text for sign in ("\x1b", "\\u001b", "\u202e", "\\n", "x" * 301))


def test_apps_are_discovered_and_refined():
    labels = {"app.kubernetes.io/name": "shop"}
    assert make_workload("Deployment", metadata={"labels": labels}).app == "shop"
    assert make_workload("Deployment").app == "web"
    rule = AppSettings(name="store", workloads=("we?", "other"))
    assert make_workload("Deployment", rule, metadata={"labels": labels}).app == "store"


@pytest.mark.parametrize(
    ("rule", "version"),
    [
        (AppSettings(name="web"), "1"),
        (AppSettings(name="web", container="c1"), "2"),
        (AppSettings(name="web", container="missing"), "1"),
        (AppSettings(name="c1", workloads=("web",)), "2"),
        (AppSettings(name="web", version="label:release"), "r7"),
        (AppSettings(name="web", version="annotation:git/commit"), "f00"),
        (AppSettings(name="web", version="label:missing"), ""),
    ],
)
def test_where_the_version_comes_from(rule, version):
    meta = {"labels": {"release": "r7"}, "annotations": {"git/commit": "f00"}}
    assert make_workload("Deployment", rule, metadata=meta, spec=containers("a:1", "b:2")).version == version


def test_namespaces_of_interest():
    interest = Interest(["testing", "dev-*"])
    assert ("testing" in interest, "dev-x" in interest, "dev" in interest, "prod" in interest) == (
        True,
        True,
        False,
        False,
    )
    assert "anything" in Interest([])


def test_a_job():
    fact = make_workload(
        "Job",
        metadata={
            "name": "nightly-29388540",
            "uid": "0123456789",
            "generation": 1,
            "ownerReferences": [{"kind": "CronJob", "name": "nightly", "controller": True}],
        },
        spec={"completions": 3, "backoffLimit": 6, "activeDeadlineSeconds": 120, "suspend": True}
        | containers("registry.local/nightly:2.0"),
        status={
            "active": 1,
            "succeeded": 1,
            "failed": 2,
            "startTime": "2026-11-22T19:03:46Z",
            "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}],
        },
    )
    assert (fact.kind, fact.app, fact.version, fact.revision) == ("Job", "nightly", "2.0", "01234567")
    assert (fact.desired, fact.replicas, fact.updated, fact.ready, fact.available) == (3, 1, 2, 1, 1)
    assert (fact.failed, fact.backoff_limit, fact.deadline_s, fact.paused) == (2, 6, 120, True)
    assert (fact.started_ms, fact.owner_kind, fact.owner_name) == (TIME_MS, "CronJob", "nightly")
    assert fact.conditions[0].reason == "BackoffLimitExceeded"
    assert make_workload("Job", metadata={"name": "once"}).desired == 1
    assert make_workload("Job", metadata={"name": "queue"}, spec={"parallelism": 3}).desired is None


@pytest.mark.parametrize(
    ("probes", "ready_s"),
    [
        ({}, ()),
        ({"readinessProbe": {}}, (("app", 30),)),
        ({"readinessProbe": {"initialDelaySeconds": 120, "periodSeconds": 5, "failureThreshold": 2}}, (("app", 130),)),
        ({"startupProbe": {"periodSeconds": 10, "failureThreshold": 30}}, (("app", 300),)),
        (
            {
                "startupProbe": {"failureThreshold": 30},
                "readinessProbe": {"initialDelaySeconds": 60, "periodSeconds": 5},
            },
            (("app", 315),),
        ),
    ],
)
def test_how_long_the_probes_give_a_container(probes, ready_s):
    template = {"template": {"spec": {"containers": [{"name": "app", "image": "a:1"} | probes]}}}
    assert make_workload("Deployment", spec=template).ready_s == ready_s


@pytest.mark.parametrize(
    ("exit_code", "started", "ran_ms"),
    [(0, "2026-11-22T10:00:00Z", 80_000), (1, "2026-11-22T10:00:00Z", None), (0, None, None)],
)
def test_how_long_an_init_container_took(exit_code, started, ran_ms):
    ended = {"exitCode": exit_code, "startedAt": started, "finishedAt": "2026-11-22T10:01:20Z"}
    state = {"state": {"terminated": {key: value for key, value in ended.items() if value is not None}}}
    status = {
        "initContainerStatuses": [{"name": "migrate"} | state],
        "containerStatuses": [{"name": "app"} | state],
    }
    names = {"initContainers": [{"name": "migrate"}], "containers": [{"name": "app"}]}
    init, app = make_pod(spec=names, status=status).containers
    assert (init.ran_ms, app.ran_ms) == (ran_ms, None)


@pytest.mark.parametrize(
    ("started", "last_ran_ms"),
    [("2026-11-23T10:00:00Z", 60_000), ("1970-01-01T00:00:00Z", None), (None, None)],
)
def test_how_long_the_last_run_of_a_container_took(started, last_ran_ms):
    ended = {"exitCode": 1, "finishedAt": "2026-11-23T10:01:00Z"} | ({"startedAt": started} if started else {})
    status = {"name": "app", "restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": ended}}
    (one,) = make_pod(spec={"containers": [{"name": "app"}]}, status={"containerStatuses": [status]}).containers
    assert one.last_ran_ms == last_ran_ms


@pytest.mark.parametrize(("policy", "is_parallel"), [("Parallel", True), ("OrderedReady", False), (None, False)])
def test_whether_a_stateful_set_waits_for_its_pods(policy, is_parallel):
    spec = {"podManagementPolicy": policy} if policy else {}
    assert make_workload("StatefulSet", spec=spec).is_parallel is is_parallel
