"""The simulated API server over HTTP: lists, pages, watches, refusals, logs and faults."""

import asyncio
import base64
import gzip
import json
from typing import Any

import aiohttp
import pytest
from kube_support import get, lines, recorded, served

from statusdesk.demo.clock import WorldClock
from statusdesk.demo.kube_cluster import Behaviour, KubeCluster
from statusdesk.demo.kube_kinds import PODS

SPEED = 20.0
META = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"


def cluster(apps: int = 3, **settings: Any) -> KubeCluster:
    made = KubeCluster(WorldClock(SPEED), **settings)
    for number in range(apps):
        made.apply("testing", f"app-{number}", "1.0", settled=True)
    made.apply("staging", "orders", "1.0", settled=True)
    return made


async def test_lists_hold_what_the_namespace_holds():
    async with served(cluster()) as url, aiohttp.ClientSession() as session:
        _, everywhere = await get(session, f"{url}/api/v1/pods")
        _, testing = await get(session, f"{url}/api/v1/namespaces/testing/pods")
        _, deployments = await get(session, f"{url}/apis/apps/v1/deployments")
    assert (everywhere["kind"], len(everywhere["items"]), len(testing["items"])) == ("PodList", 8, 6)
    assert "kind" not in everywhere["items"][0]
    assert [d["metadata"]["name"] for d in deployments["items"]] == ["orders", "app-0", "app-1", "app-2"]


async def test_pages_show_one_moment():
    made = cluster()
    async with served(made) as url, aiohttp.ClientSession() as session:
        _, first = await get(session, f"{url}/api/v1/namespaces/testing/pods?limit=4")
        assert first["metadata"]["remainingItemCount"] == 2
        made.apply("testing", "aaa", "1.0", settled=True)
        token = first["metadata"]["continue"]
        _, second = await get(session, f"{url}/api/v1/namespaces/testing/pods?limit=4&continue={token}")
    assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
    assert len(first["items"]) + len(second["items"]) == 6 and "continue" not in second["metadata"]


async def test_stale_and_malformed_continuations_are_refused():
    made = cluster()
    async with served(made) as url, aiohttp.ClientSession() as session:
        _, first = await get(session, f"{url}/api/v1/pods?limit=2")
        made.compact()
        stale, body = await get(session, f"{url}/api/v1/pods?limit=2&continue={first['metadata']['continue']}")
        assert (stale, body["reason"]) == (410, "Expired")
        malformed, body = await get(session, f"{url}/api/v1/pods?continue={base64.b64encode(b'invalid').decode()}")
        why = "continue key is not valid: invalid character 'i' looking for beginning of value"
        assert (malformed, body["message"]) == (400, f"invalid continue token: {why}")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("labelSelector=app.kubernetes.io/name=app-1", 2),
        ("labelSelector=app.kubernetes.io/name in (app-1,app-2),pod-template-hash", 4),
        ("labelSelector=app.kubernetes.io/name!=app-1", 6),
        ("labelSelector=!pod-template-hash", 0),
        ("fieldSelector=status.phase=Running,metadata.namespace!=testing", 2),
        ("fieldSelector=status.phase==Failed", 0),
    ],
)
async def test_selectors(query: str, count: int):
    async with served(cluster()) as url, aiohttp.ClientSession() as session:
        status, found = await get(session, f"{url}/api/v1/pods?{query}")
    assert (status, len(found["items"])) == (200, count)


@pytest.mark.parametrize("query", ["fieldSelector=spec.nonsense=1", "limit=many", "labelSelector==", "limit=-1"])
async def test_malformed_questions_are_refused(query: str):
    async with served(cluster()) as url, aiohttp.ClientSession() as session:
        status, body = await get(session, f"{url}/api/v1/pods?{query}")
    assert (status, body["kind"], body["reason"]) == (400, "Status", "BadRequest")


async def test_refusals_are_the_recorded_ones():
    made = cluster(token="right")
    made.access.forbidden.add("kube-system")
    right = {"Authorization": "Bearer right"}
    async with served(made) as url, aiohttp.ClientSession() as session:
        _, unauthorized = await get(session, f"{url}/api/v1/pods")
        _, nope = await get(session, f"{url}/api/v1/namespaces/testing/pods/nope", headers=right)
        _, everywhere = await get(session, f"{url}/api/v1/pods", headers=right)
        _, there = await get(session, f"{url}/apis/apps/v1/namespaces/kube-system/deployments", headers=right)
        _, version = await get(session, f"{url}/version", headers=right)
        read, _ = await get(session, f"{url}/api/v1/namespaces/testing/pods", headers=right)
        async with session.delete(f"{url}/api/v1/namespaces/testing/pods/x", headers=right) as answer:
            deleted = answer.status
    assert unauthorized == recorded("unauthorized.json")
    assert everywhere == recorded("list_forbidden_cluster.json")
    assert there == recorded("list_forbidden_namespace.json")
    assert version == recorded("version.json")
    assert nope == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "nope" not found',
        "reason": "NotFound",
        "details": {"name": "nope", "kind": "pods"},
        "code": 404,
    }
    assert (read, deleted) == (200, 403)


async def test_a_watch_tells_every_change_in_order():
    made = cluster()
    async with served(made) as url, aiohttp.ClientSession() as session:
        _, listed = await get(session, f"{url}/api/v1/pods")
        version = listed["metadata"]["resourceVersion"]
        made.apply("testing", "app-0", "1.1")
        known = {p["metadata"]["name"] for p in listed["items"]}
        versions = [int(version)]
        async with asyncio.timeout(30), session.get(f"{url}/api/v1/pods?watch=1&resourceVersion={version}") as answer:
            async for event in lines(answer):
                pod = event["object"]
                assert (pod["kind"], pod["apiVersion"]) == ("Pod", "v1")
                assert (event["type"] == "ADDED") == (pod["metadata"]["name"] not in known)
                known ^= {pod["metadata"]["name"]} if event["type"] != "MODIFIED" else set()
                versions.append(int(pod["metadata"]["resourceVersion"]))
                if event["type"] == "DELETED" and len(known) == 8 and made.truth()["rollouts"][1]["state"] == "ok":
                    break
    assert versions == sorted(set(versions))
    assert known == {name for ns, name in made.parts.store.names(PODS)}


async def test_initial_events_end_with_a_bookmark_and_timeouts_end_a_watch():
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1"
    async with (
        served(cluster()) as url,
        aiohttp.ClientSession() as session,
        session.get(f"{url}/apis/apps/v1/deployments?{query}") as answer,
    ):
        events = [event async for event in lines(answer)]
    assert [e["type"] for e in events] == ["ADDED"] * 4 + ["BOOKMARK"]
    assert events[-1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert events[-1]["object"]["spec"]["selector"] is None


async def test_old_versions_have_expired():
    made = cluster()
    async with served(made) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/api/v1/pods?watch=1&resourceVersion=1") as answer:
            events = [event async for event in lines(answer)]
            assert answer.status == 200
        _, listed = await get(session, f"{url}/api/v1/pods")
        made.apply("testing", "new", "1.0")
        made.compact()
        version = listed["metadata"]["resourceVersion"]
        async with session.get(f"{url}/api/v1/pods?watch=1&resourceVersion={version}") as answer:
            events += [event async for event in lines(answer)]
    theirs = recorded("watch_gone_410.json")
    for event in events:
        assert event | {"object": event["object"] | {"message": ""}} == theirs | {
            "object": theirs["object"] | {"message": ""}
        }
    assert len(events) == 2 and events[0]["object"]["message"].startswith("too old resource version: 1 (")


async def test_a_selected_watch_tells_of_objects_that_leave_the_selection():
    made = cluster(apps=1)
    pod = made.pods("testing", "app-0")[0]
    async with served(made) as url, aiohttp.ClientSession() as session:
        _, listed = await get(session, f"{url}/api/v1/pods")
        query = f"watch=1&fieldSelector=status.phase=Running&resourceVersion={listed['metadata']['resourceVersion']}"
        async with asyncio.timeout(20), session.get(f"{url}/api/v1/namespaces/testing/pods?{query}") as answer:
            made.evict("testing", pod)
            seen = []
            async for event in lines(answer):
                seen.append((event["type"], event["object"]["metadata"]["name"] == pod))
                if seen[-1] == ("ADDED", False):
                    break
    assert seen[0] == ("DELETED", True)


async def test_metadata_only_lists_and_watches():
    made = cluster(apps=1)
    async with served(made) as url, aiohttp.ClientSession() as session:
        address = f"{url}/apis/apps/v1/namespaces/testing/replicasets"
        _, listed = await get(session, address, headers={"Accept": META})
        query = f"?watch=1&timeoutSeconds=5&resourceVersion={listed['metadata']['resourceVersion']}"
        accept = {"Accept": META.replace("List", "")}
        async with asyncio.timeout(20), session.get(address + query, headers=accept) as answer:
            made.apply("testing", "app-0", "1.1")
            event = await anext(lines(answer))
    theirs = recorded("sim_objects.json")["ReplicaSet"]
    assert listed["kind"] == "PartialObjectMetadataList"
    item = listed["items"][0]
    assert set(item) == {"kind", "apiVersion", "metadata"} == set(event["object"])
    assert set(theirs["metadata"]) <= set(item["metadata"])


async def test_tables_have_the_recorded_columns():
    async with served(cluster(apps=1)) as url, aiohttp.ClientSession() as session:
        accept = {"Accept": f"application/vnd.kubernetes.protobuf,{TABLE},application/json"}
        _, table = await get(session, f"{url}/api/v1/namespaces/testing/pods", headers=accept)
        refused, _ = await get(session, f"{url}/api/v1/pods", headers={"Accept": "application/xml"})
    names = [(c["name"], c["priority"]) for c in table["columnDefinitions"]]
    assert names == [
        ("Name", 0),
        ("Ready", 0),
        ("Status", 0),
        ("Restarts", 0),
        ("Age", 0),
        ("IP", 1),
        ("Node", 1),
        ("Nominated Node", 1),
        ("Readiness Gates", 1),
    ]
    cells = table["rows"][0]["cells"]
    assert cells[1:5] == ["1/1", "Running", "0", "24h"] and len(cells) == len(names)
    assert set(table["rows"][0]["object"]) == {"kind", "apiVersion", "metadata"}
    assert refused == 406


async def test_large_lists_are_compressed_for_those_who_take_it():
    async with served(cluster(apps=30)) as url, aiohttp.ClientSession(auto_decompress=False) as session:
        async with session.get(f"{url}/api/v1/pods", headers={"Accept-Encoding": "gzip"}) as answer:
            packed = await answer.read()
            assert answer.headers["Content-Encoding"] == "gzip"
        async with session.get(f"{url}/api/v1/pods", headers={"Accept-Encoding": "identity"}) as answer:
            plain = await answer.read()
    assert json.loads(gzip.decompress(packed))["items"] == json.loads(plain)["items"]


async def test_logs_by_tail_time_and_bytes():
    made = cluster(apps=1)
    pod = made.pods("testing", "app-0")[0]
    async with served(made) as url, aiohttp.ClientSession() as session:

        async def log(query: str) -> tuple[int, str]:
            async with session.get(f"{url}/api/v1/namespaces/testing/pods/{pod}/log?{query}") as answer:
                return answer.status, await answer.text()

        _, tail = await log("tailLines=5&timestamps=true")
        stamped = tail.splitlines()
        assert len(stamped) == 5 and stamped == sorted(stamped)
        _, since = await log(f"sinceTime={stamped[1].split()[0]}&timestamps=true")
        later = since.splitlines()
        assert (
            later[0] >= stamped[1][:19] and [line for line in later if stamped[1] <= line <= stamped[-1]] == stamped[1:]
        )
        _, recent = await log("sinceSeconds=30")
        assert 5 < len(recent.splitlines()) < 60
        _, few = await log("limitBytes=33")
        assert len(few) == 33
        _, init = await log("container=vault-agent")
        assert "consul-template" in init and init.endswith("once mode, exiting\n")
        assert (await log("previous=true"))[0] == 400
        made.parts.loud["testing", "app-0"] = 20_000.0
        _, one = await log("tailLines=1")
        assert one.count("\n") == 1, "what is written while it is served was not asked for"
        status, told = await log("container=nope")
        assert (status, json.loads(told)["message"]) == (400, f"container nope is not valid for pod {pod}")


async def test_logs_of_the_failing():
    made = cluster(apps=0)
    made.apply("testing", "crash", "1.1", behaviour=Behaviour.CRASH, replicas=1, settled=True)
    made.apply("testing", "vault", "1.1", behaviour=Behaviour.INIT_CRASH, replicas=1, settled=True)
    crash, vault = made.pods("testing", "crash")[0], made.pods("testing", "vault")[0]
    async with served(made) as url, aiohttp.ClientSession() as session:
        base = f"{url}/api/v1/namespaces/testing/pods"
        async with session.get(f"{base}/{crash}/log?previous=true") as answer:
            assert "FATAL [crash] Shutting down with exit code 1" in await answer.text()
        async with session.get(f"{base}/{vault}/log?container=vault-agent") as answer:
            assert "Code: 403. Errors:\n\n* permission denied" in await answer.text()
        status, waiting = await get(session, f"{base}/{vault}/log?container=app")
    message = f'container "app" in pod "{vault}" is waiting to start: PodInitializing'
    assert (status, waiting["message"], waiting["reason"]) == (400, message, "BadRequest")


async def test_a_followed_log_grows_and_ends_with_its_pod():
    made = cluster(apps=1)
    pod = made.pods("testing", "app-0")[0]
    async with served(made) as url, aiohttp.ClientSession() as session:
        address = f"{url}/api/v1/namespaces/testing/pods/{pod}/log?follow=true&tailLines=2"
        async with asyncio.timeout(30), session.get(address) as answer:
            first = [await answer.content.readline() for _ in range(3)]
            made.delete_pod("testing", pod)
            rest = await answer.read()
    assert all(first) and rest.decode().endswith("Stopped\n")


@pytest.mark.parametrize("fault", [401, 403, 429, 500])
async def test_faults_with_a_status(fault: int):
    made = cluster(apps=1)
    made.faults = fault
    async with served(made) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/api/v1/pods") as answer:
            body = json.loads(await answer.read())
            assert (answer.status, body["kind"], body["code"]) == (fault, "Status", fault)
            assert ("Retry-After" in answer.headers) == (fault == 429)
        made.faults = None
        assert (await get(session, f"{url}/api/v1/pods"))[0] == 200


@pytest.mark.parametrize("fault", ["refuse", "truncated"])
async def test_faults_that_break_the_connection(fault: str):
    made = cluster(apps=1)
    made.faults = fault
    async with served(made) as url, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await get(session, f"{url}/api/v1/pods")


async def test_a_server_that_hangs_and_one_that_shows_a_web_page():
    made = cluster(apps=1)
    made.faults = "hang"
    async with served(made) as url, aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            await get(session, f"{url}/api/v1/pods", timeout=aiohttp.ClientTimeout(total=0.3))
        made.faults = "html"
        async with session.get(f"{url}/api/v1/pods") as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")
    with pytest.raises(ValueError, match="no such fault"):
        made.faults = "earthquake"


async def test_a_fault_cuts_open_watches():
    made = cluster(apps=1)
    async with served(made) as url, aiohttp.ClientSession() as session:
        _, listed = await get(session, f"{url}/api/v1/pods")
        version = listed["metadata"]["resourceVersion"]
        async with session.get(f"{url}/api/v1/pods?watch=1&resourceVersion={version}") as answer:
            made.faults = 500
            with pytest.raises(aiohttp.ClientError):
                async with asyncio.timeout(10):
                    await answer.content.readline()
                    await answer.read()


async def test_reviews_answer_from_the_rights():
    made = cluster(apps=1)
    made.access.cluster_wide = False
    made.access.namespaces.add("testing")
    async with served(made) as url, aiohttp.ClientSession() as session:

        async def ask(kind: str, spec: dict[str, Any]) -> Any:
            address = f"{url}/apis/authorization.k8s.io/v1/{kind}"
            async with session.post(address, json={"spec": spec}) as answer:
                assert answer.status == 201
                return (await answer.json())["status"]

        may = {"verb": "list", "resource": "pods", "namespace": "testing"}
        assert (await ask("selfsubjectaccessreviews", {"resourceAttributes": may}))["allowed"] is True
        may["namespace"] = "staging"
        assert (await ask("selfsubjectaccessreviews", {"resourceAttributes": may}))["allowed"] is False
        rules = (await ask("selfsubjectrulesreviews", {"namespace": "testing"}))["resourceRules"]
        assert any("deployments" in rule["resources"] and "watch" in rule["verbs"] for rule in rules)
        rules = (await ask("selfsubjectrulesreviews", {"namespace": "staging"}))["resourceRules"]
        assert not any("deployments" in rule["resources"] for rule in rules)
        assert (await get(session, f"{url}/api/v1/pods"))[0] == 403
        assert (await get(session, f"{url}/api/v1/namespaces/testing/pods"))[0] == 200


async def test_churn_reaches_a_watch_whole():
    made = cluster(apps=20)
    async with served(made) as url, aiohttp.ClientSession() as session:
        version = made.parts.store.version
        async with asyncio.timeout(30), session.get(f"{url}/api/v1/pods?watch=1&resourceVersion={version}") as answer:
            churn = asyncio.create_task(made.churn(500))
            seen = [int((await anext(lines(answer)))["object"]["metadata"]["resourceVersion"]) for _ in range(200)]
            churn.cancel()
    assert seen == list(range(version + 1, version + 201))
