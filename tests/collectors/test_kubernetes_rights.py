"""What we may not read: namespace by namespace, polled instead of watched, named and granted."""

import json
import re
from pathlib import Path

import msgspec

from collectors.kubernetes_probe import probe
from collectors.kubernetes_problems import NAMES_ROLE, grant
from statusdesk.facts import Pod, Swept
from tests.collectors.kubernetes_desk import QUICK
from tests.collectors.kubernetes_fixtures import running_kube, waiting_desk  # noqa: F401  (fixtures)
from tests.collectors.kubernetes_server import KINDS, SERVED, Answer, recorded, wait_for

FORBIDDEN = Answer(status=403, body=recorded("list_forbidden_cluster.json"))
FORBIDDEN_NAMESPACE = Answer(status=403, body=recorded("list_forbidden_namespace.json"))
NEVER_AGAIN = msgspec.structs.replace(QUICK, reprobe_s=60.0)


def pod(name: str, namespace: str) -> dict:
    return {"metadata": {"name": name, "namespace": namespace, "uid": "u", "resourceVersion": "1"}}


def whole_cluster(request) -> bool:
    return request.resource in SERVED and request.scope == ""


def forbid(kube, namespace: str) -> None:
    kube.answer(lambda one: one.scope == namespace and one.resource in SERVED, FORBIDDEN_NAMESPACE)


def test_a_refused_cluster_is_followed_namespace_by_namespace(kube, desk):
    kube.put("pods", pod("a", "testing"), pod("b", "staging"), pod("c", "other"))
    kube.answer(whole_cluster, FORBIDDEN)
    desk.start("testing", "staging", timing=NEVER_AGAIN)
    desk.wait_live()
    sweeps = {sweep.scope: [fact.name for fact in sweep.facts] for sweep in desk.sweeps()}
    assert sweeps == {"testing": ["a"], "staging": ["b"]}
    assert kube.watching("pods", "testing") == kube.watching("daemonsets", "staging") == 1
    changed = {"type": "MODIFIED", "object": pod("b", "staging") | {"status": {"phase": "Running"}}}
    kube.send("pods", json.dumps(changed).encode() + b"\n", scope="staging")
    wait_for(desk.changes)
    assert desk.changes()[0].seen[0].phase == "Running"
    wait_for(lambda: "per namespace" in desk.visits()[-1].detail)
    assert not desk.visits("testing"), "a namespace that can be read needs no word"


def test_a_namespace_that_is_refused_is_named_with_the_way_to_grant_it(kube, desk):
    kube.put("pods", pod("a", "testing"))
    kube.answer(whole_cluster, FORBIDDEN)
    forbid(kube, "production")
    desk.start("testing", "production")
    told = desk.wait_problem("NoAccess", "production")
    wait_for(lambda: all(kind in desk.visits("production")[-1].message for kind in KINDS))
    told = desk.visits("production")[-1]
    assert not told.ok and "may not list" in told.message and "in namespace production" in told.message
    assert "kubectl create rolebinding" in told.message and "--user=reader" in told.message
    desk.wait_live()
    assert all(visit.ok for visit in desk.visits()), "the others go on"
    assert not desk.sweeps(scope="production"), "no access is not empty"
    kube.put("pods", pod("p", "production"))
    kube.forget()
    kube.answer(whole_cluster, FORBIDDEN)
    wait_for(lambda: desk.visits("production")[-1].ok)
    wait_for(lambda: desk.sweeps(scope="production"))
    assert desk.sweeps(scope="production")[-1].facts[0].name == "p"


def test_no_access_to_anything_is_never_ok(kube, desk):
    kube.answer(lambda one: one.resource in KINDS, FORBIDDEN)
    desk.start("testing", "staging")
    told = desk.wait_problem("NoAccess")
    assert "in any namespace" in told.message and "clusterrolebinding" in told.message
    assert not any(visit.ok for visit in desk.visits())
    kube.forget()
    desk.wait_live()


def test_a_cluster_that_refuses_everything_for_a_while_is_followed_again_soon(kube, desk):
    kube.put("pods", pod("a", "testing"))
    desk.start("testing", timing=msgspec.structs.replace(NEVER_AGAIN, blind_s=0.2))
    desk.wait_live()
    kube.answer(lambda one: one.resource in KINDS, FORBIDDEN)
    for kind in KINDS:
        kube.close_watches(kind)
    desk.wait_problem("NoAccess")
    kube.forget()
    wait_for(lambda: desk.visits()[-1].ok and kube.watching("pods") == 1)


def test_one_kind_may_be_refused_where_others_are_not(kube, desk):
    kube.put("pods", pod("a", "testing"))
    kube.answer(lambda one: whole_cluster(one) and one.resource == "pods", FORBIDDEN)
    desk.start("testing", timing=NEVER_AGAIN)
    desk.wait_live()
    assert [sweep.scope for sweep in desk.sweeps()] == ["testing"]
    assert [sweep.scope for sweep in desk.sweeps("Deployment")] == [""]


def test_the_whole_cluster_is_followed_again_when_it_is_granted(kube, desk):
    kube.put("pods", pod("a", "testing"))
    kube.answer(whole_cluster, FORBIDDEN)
    desk.start("testing")
    desk.wait_live()
    kube.forget()
    wait_for(lambda: kube.watching("pods") == 1 and kube.watching("pods", "testing") == 0)
    assert desk.sweeps(scope="")[-1].facts[0].name == "a"


def test_globs_are_resolved_and_namespaces_come_and_go(kube, desk):
    kube.namespaces = ["dev-anna", "kube-system"]
    kube.put("pods", pod("a", "dev-anna"), pod("b", "dev-bert"))
    kube.answer(whole_cluster, FORBIDDEN)
    desk.start("dev-*", timing=NEVER_AGAIN)
    wait_for(lambda: desk.sweeps(scope="dev-anna"))
    kube.namespaces = ["dev-bert"]
    wait_for(lambda: desk.sweeps(scope="dev-bert"))
    wait_for(lambda: desk.sweeps(scope="dev-anna")[-1].facts == ())
    assert [sweep.over for sweep in desk.sweeps(scope="dev-anna")][-1]
    assert not any(sweep.over for sweep in desk.sweeps(scope="dev-anna")[:-1])
    wait_for(lambda: kube.watching("pods", "dev-anna") == 0)
    assert not desk.sweeps(scope="kube-system")


def test_globs_that_cannot_be_resolved_are_told(kube, desk):
    kube.answer(lambda one: one.scope == "", FORBIDDEN)
    desk.start("dev-*", timing=NEVER_AGAIN)
    assert "may not list namespaces" in desk.wait_problem("NoAccess", "dev-*").message
    assert "dev-*" in desk.wait_problem("NoAccess").message


def test_no_namespace_by_that_name_is_not_ok(kube, desk):
    kube.namespaces = ["prod"]
    kube.answer(whole_cluster, FORBIDDEN)
    desk.start("dev-*", timing=NEVER_AGAIN)
    desk.wait_problem("Empty")


def test_too_many_namespaces_are_polled(kube, desk):
    names = [f"ns{number}" for number in range(5)]
    kube.put("pods", *[pod("a", name) for name in names])
    kube.answer(whole_cluster, FORBIDDEN)
    forbid(kube, "ns3")
    desk.start(*names, max_namespaced_watches=4, timing=NEVER_AGAIN)
    wait_for(lambda: all(len(desk.sweeps(scope=name)) >= 3 for name in names if name != "ns3"))
    assert not [one for one in kube.requests if one.is_watch]
    assert len(kube.asked("pods", watch=False, scope="ns3")) == 1, "a refusal is not asked again at each round"
    desk.wait_problem("NoAccess", "ns3")
    wait_for(lambda: desk.visits())
    assert desk.visits()[-1].ok and not desk.visits()[-1].live
    kube.objects["pods"].pop(("ns1", "a"))
    wait_for(lambda: desk.sweeps(scope="ns1")[-1].facts == ())


def test_visit_now_polls_all_without_waiting(kube, desk):
    names = [f"ns{number}" for number in range(5)]
    kube.answer(whole_cluster, FORBIDDEN)
    desk.start(*names, max_namespaced_watches=1, poll_interval_s=500.0, timing=NEVER_AGAIN)
    wait_for(lambda: desk.sweeps())
    desk.collector.visit_now()
    wait_for(lambda: {sweep.scope for sweep in desk.sweeps()} == set(names))


def test_where_watch_is_refused_lists_are_repeated(kube, desk):
    kube.put("pods", pod("a", "testing"))
    kube.answer(lambda one: one.is_watch and one.resource == "pods", FORBIDDEN)
    desk.start("testing", timing=NEVER_AGAIN)
    wait_for(lambda: len(desk.sweeps()) >= 3)
    wait_for(lambda: desk.visits() and "grant watch" in desk.visits()[-1].message)
    assert desk.visits()[-1].ok and not desk.visits()[-1].live
    assert len(kube.asked("pods", watch=True)) == 1


def test_a_namespace_by_a_hostile_name_cannot_leave_its_path(kube, desk):
    kube.answer(whole_cluster, FORBIDDEN)
    desk.start("../../secrets#x", timing=NEVER_AGAIN)
    wait_for(lambda: len(kube.requests) >= 9)
    assert {one.resource for one in kube.requests} <= {*SERVED, "version"}


def test_sweeps_of_a_namespace_do_not_touch_another(kube, desk):
    kube.answer(whole_cluster, FORBIDDEN)
    desk.start("testing", "staging", timing=NEVER_AGAIN)
    desk.wait_live()
    for sweep in (one for one in desk.messages if isinstance(one, Swept)):
        assert sweep.scope in ("testing", "staging")
        assert sweep.subkind or sweep.kind is Pod


def test_probe_of_a_cluster_that_allows_all(kube, desk):
    rules = {"resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}
    kube.answer(lambda one: one.method == "POST", Answer(status=201, body=json.dumps({"status": rules}).encode()))
    results = probe(desk.settings(), ["testing"])
    assert all(result.ok for result in results)
    assert results[0].resource == "version" and results[0].message == "v1.36.2"
    assert {(one.verb, one.resource) for one in results} >= {("list", "pods"), ("watch", "pods"), ("get", "pods/log")}


def test_probe_names_what_is_missing_and_how_to_grant_it(kube, desk):
    kube.answer(whole_cluster, FORBIDDEN)
    forbid(kube, "production")
    rules = {"resourceRules": [{"verbs": ["list", "watch"], "apiGroups": ["", "apps"], "resources": ["pods"]}]}
    kube.answer(lambda one: one.method == "POST", Answer(status=201, body=json.dumps({"status": rules}).encode()))
    kube.namespaces = ["dev-ann", "other"]
    results = probe(desk.settings(), ["testing", "production", "dev-*"])
    found = {(one.verb, one.resource, one.namespace): one for one in results}
    assert not found["list", "pods", ""].ok and found["list", "pods", "testing"].ok
    refused = found["list", "deployments.apps", "production"]
    assert not refused.ok and "kubectl create rolebinding" in refused.message and "reader" in refused.message
    assert "kubectl apply -n production -f per-namespace.yaml" in refused.message, "the role that it binds"
    assert "--role=statusdesk-read " in refused.message
    assert found["watch", "pods", "testing"].ok and not found["get", "pods/log", "testing"].ok
    assert found["list", "namespaces", ""].ok and found["list", "pods", "dev-ann"].ok
    assert ("list", "pods", "other") not in found


def test_probe_tells_one_name_in_all_that_it_says(kube, desk):
    """A server before Kubernetes 1.28 says who we are only where it refuses; the rights are to be given to the same."""
    kube.answer(whole_cluster, FORBIDDEN)
    forbid(kube, "production")
    kube.answer(lambda one: one.resource == "selfsubjectrulesreviews", Answer(status=201, body=b'{"status": {}}'))
    kube.answer(lambda one: one.resource == "selfsubjectreviews", Answer(status=404, body=b"{}"))
    missing = [one for one in probe(desk.settings(), ["testing", "production"]) if not one.ok]
    assert {"list", "watch", "get"} == {one.verb for one in missing}
    names = {re.search(r"--(?:user|serviceaccount)=(\S+)", one.message)[1] for one in missing}
    assert len(names) == 1 and names != {"USER"}
    assert names == {one.lack.user for one in missing}


def test_probe_that_may_list_the_whole_cluster_asks_for_the_rest_of_the_same_role(kube, desk):
    kube.answer(lambda one: one.method == "POST", Answer(status=201, body=b'{"status": {}}'))
    missing = [one for one in probe(desk.settings(), ["testing", "production"]) if not one.ok]
    assert {one.namespace for one in missing} == {"testing", "production"}
    assert all(one.lack.whole and "cluster-wide.yaml" in one.message for one in missing)


def test_probe_tells_what_can_be_done_without_and_who_we_are(kube, desk):
    """A cluster in which namespaces are granted, all but the watch of Jobs, logs and events."""
    kube.answer(whole_cluster, FORBIDDEN)
    rules = {
        "resourceRules": [
            {"verbs": ["list"], "apiGroups": ["apps", "batch"], "resources": ["*"]},
            {"verbs": ["watch"], "apiGroups": ["", "apps"], "resources": ["*"]},
        ]
    }
    reviews = {
        "selfsubjectrulesreviews": {"status": rules},
        "selfsubjectreviews": {"status": {"userInfo": {"username": "ann@example.org"}}},
    }
    for resource, review in reviews.items():
        answer = Answer(status=201, body=json.dumps(review).encode())
        kube.answer(lambda one, resource=resource: one.resource == resource, answer)
    missing = {(one.verb, one.resource): one for one in probe(desk.settings(), ["testing"]) if not one.ok}
    rights = {key: one for key, one in missing.items() if one.namespace}
    assert set(rights) == {("watch", "jobs.batch"), ("get", "pods/log"), ("list", "events")}
    assert [key for key, one in rights.items() if one.optional] == [("watch", "jobs.batch"), ("get", "pods/log")]
    assert "jobs are polled" in rights["watch", "jobs.batch"].message
    assert all("--user=ann@example.org" in one.message for one in rights.values())


def test_what_is_told_to_grant_fits_what_is_there_to_apply():
    deploy = Path(__file__).parents[2] / "deploy" / "kubernetes"
    told = [grant("ann", "testing"), grant("ann", ""), grant("ann", "", NAMES_ROLE)]
    for commands in told:
        applied = (deploy / commands.partition("-f ")[2].partition(";")[0]).read_text()
        kind, role = re.search(r"--(role|clusterrole)=(\S+)", commands).groups()
        assert f"kind: {'Role' if kind == 'role' else 'ClusterRole'}\nmetadata:\n  name: {role}\n" in applied
        binding = re.search(r"create \w+ (\S+)", commands)[1]
        assert f"Binding\nmetadata:\n  name: {binding}\n" not in applied, "that name is taken"


def test_probe_of_a_server_that_is_not_there(kube, desk):
    settings = desk.settings()
    kube.stop()
    [result] = probe(settings, ["testing"])
    assert not result.ok and "cannot reach" in result.message
    kube.start()


def job(name: str, namespace: str = "testing") -> dict:
    return {"metadata": {"name": name, "namespace": namespace, "uid": "u", "resourceVersion": "1"}}


def test_jobs_are_listed_and_watched_like_the_others(kube, desk):
    kube.put("jobs", job("migrate"))
    desk.start("testing")
    desk.wait_live()
    assert [fact.key for fact in desk.sweeps("Job")[-1].facts] == [("c1", "testing", "Job", "migrate")]
    gone = {"type": "DELETED", "object": job("migrate")}
    kube.send("jobs", json.dumps(gone).encode() + b"\n")
    wait_for(desk.changes)
    assert desk.changes()[0].gone == (("c1", "testing", "Job", "migrate"),)


def test_jobs_that_we_may_not_read_are_done_without(kube, desk):
    kube.answer(lambda one: one.resource == "jobs", FORBIDDEN)
    desk.start("testing", "staging")
    desk.wait_live()
    assert all(visit.ok for visit in desk.visits()) and not desk.visits("testing")
    assert not desk.sweeps("Job")
    kube.forget()
    wait_for(lambda: desk.sweeps("Job"))


def test_an_api_that_serves_no_jobs_is_well(kube, desk):
    kube.answer(lambda one: one.resource == "jobs", Answer(status=404, body=b"{}"))
    desk.start("testing")
    desk.wait_live()
    assert all(visit.ok for visit in desk.visits())


def test_jobs_alone_are_no_access(kube, desk):
    kube.answer(lambda one: one.resource in KINDS, FORBIDDEN)
    desk.start("testing")
    assert not desk.wait_problem("NoAccess").ok
    wait_for(lambda: desk.sweeps("Job"))
    assert not desk.visits()[-1].ok
