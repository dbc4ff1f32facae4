"""The simulated Jenkins, held against python-jenkins and against recorded answers of a real one."""

import asyncio
import base64

import aiohttp
import jenkins as python_jenkins
import pytest
from world_support import differences, recorded, served

from statusdesk.demo.clock import WorldClock
from statusdesk.demo.jenkins_answers import Account, Accounts
from statusdesk.demo.jenkins_app import jenkins_app
from statusdesk.demo.jenkins_engine import Course, Jenkins
from statusdesk.demo.jenkins_model import Cause, FolderKind, JobKind, Parameter, Trigger

OPEN = Accounts({})
NAMESPACE = Parameter("NAMESPACE", "staging", "Kubernetes namespace to deploy into")
GIT = "https://git.shop.example/shop/orders.git"
SHA = "21258ecf25f48244138737d8935a367dd4894642"


@pytest.fixture
def jenkins():
    world = Jenkins(WorldClock(speed=20.0), seed=7)
    job = world.add_job("deploy-orders", parameters=(NAMESPACE, Parameter("VERSION")), repository=GIT, app="orders")
    now = world.now_ms()
    for number, (namespace, result) in enumerate((("production", "FAILURE"), ("dev-alice", "SUCCESS")), 1):
        given = world.values(job, {"NAMESPACE": namespace, "VERSION": "1.4.2"})
        course = Course(result=result, revision=SHA)
        world.place(job, now - 3_600_000 + number * 60_000, 8_000, given, Cause(user="alice"), course)
    world.add_job("platform/deploy-ledger", JobKind.PIPELINE, parameters=(NAMESPACE,), app="ledger", repository=GIT)
    world.add_folder("catalog", FolderKind.MULTIBRANCH)
    world.add_job("catalog/feature%2Flogin", JobKind.PIPELINE, parameters=(NAMESPACE,), app="catalog")
    ledger = world.job("platform/deploy-ledger")
    world.place(ledger, now - 900_000, 9_000, None, Cause(Trigger.BRANCH), Course())
    world.place(ledger, now - 600_000, 9_000, world.values(ledger, {}), Cause(user="bob"), Course(result="FAILURE"))
    world.add_job("never-built", disabled=True)
    return world


async def get(url: str, **options):
    async with aiohttp.ClientSession(auto_decompress=True) as session, session.get(url, **options) as answer:
        return answer.status, answer.headers, await answer.text()


def basic(user: str, token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}


async def get_json(jenkins: Jenkins, path: str, **query):
    async with (
        served(jenkins_app(jenkins, OPEN)) as url,
        aiohttp.ClientSession() as session,
        session.get(f"{url}/{path}api/json", params=query) as answer,
    ):
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_python_jenkins_reads_jobs_builds_logs_and_queue(jenkins):
    async with served(jenkins_app(jenkins, OPEN)) as url:
        jenkins.url = f"{url}/"
        server = python_jenkins.Jenkins(url, username="desk", password="secret", timeout=5)

        def ask():
            jobs = server.get_all_jobs()
            info = server.get_job_info("deploy-orders")
            build = server.get_build_info("deploy-orders", info["lastBuild"]["number"])
            text = server.get_build_console_output("deploy-orders", 1)
            return jobs, info, build, text, server.get_queue_info(), server.get_whoami()["id"]

        jobs, info, build, text, queue, me = await asyncio.to_thread(ask)
        in_branch = await asyncio.to_thread(server.get_job_info, "catalog/feature%2Flogin")
        stages = await asyncio.to_thread(server.get_build_stages, "platform/deploy-ledger", 2)
        with pytest.raises(python_jenkins.JenkinsException, match="does not exist"):
            await asyncio.to_thread(server.get_build_info, "deploy-orders", 99)
    assert {job["fullname"] for job in jobs} >= {"deploy-orders", "platform/deploy-ledger", "catalog/feature%2Flogin"}
    assert info["color"] == "blue" and info["nextBuildNumber"] == 3  # green, although production failed
    assert build["url"] == f"{url}/job/deploy-orders/2/" and build["result"] == "SUCCESS"
    assert "Finished: FAILURE" in text and queue == [] and me == "desk"
    assert in_branch["url"] == f"{url}/job/catalog/job/feature%252Flogin/"
    assert stages["status"] == "FAILED" and stages["stages"][-1]["status"] == "FAILED"


async def test_builds_are_the_newest_hundred_and_all_builds_has_ranges(jenkins):
    job = jenkins.add_job("deploy-often", parameters=(NAMESPACE,))
    now = jenkins.now_ms()
    for number in range(1, 131):
        course, given = Course(result="SUCCESS"), jenkins.values(job, {})
        jenkins.place(job, now - (131 - number) * 60_000, 1_000, given, Cause(user="alice"), course)
    tree = "builds[number]{{{0}}},allBuilds[number]{{{0}}},firstBuild[number]"
    for window, listed, every in (
        ("0,200", range(130, 30, -1), range(130, 0, -1)),
        ("49,100", range(81, 30, -1), range(81, 30, -1)),
        ("99,199", range(31, 30, -1), range(31, 0, -1)),
    ):
        found = await get_json(jenkins, "job/deploy-often/", tree=tree.format(window))
        assert [each["number"] for each in found["builds"]] == list(listed)
        assert [each["number"] for each in found["allBuilds"]] == list(every)
        assert found["firstBuild"]["number"] == 1


async def test_python_jenkins_knows_the_server_and_the_builds_that_run(jenkins):
    course = Course(takes_s=60, revision=SHA)
    orders = jenkins.job("deploy-orders")
    running = asyncio.create_task(jenkins.build(orders, {"NAMESPACE": "staging"}, Cause(user="carol"), course))
    async with served(jenkins_app(jenkins, OPEN)) as url:
        jenkins.url = f"{url}/"
        server = python_jenkins.Jenkins(url, username="desk", password="secret", timeout=5)
        try:
            async with asyncio.timeout(10):
                while not orders.last.building:
                    await asyncio.sleep(0.01)
            assert await asyncio.to_thread(server.get_version) == "2.263.4"
            (build,) = await asyncio.to_thread(server.get_running_builds)
            assert (build["name"], build["number"]) == ("deploy-orders", orders.last.number)
            with pytest.raises(python_jenkins.JenkinsException):
                await asyncio.to_thread(server.get_node_info, "agent-99")
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("", "demo_root"),
        ("job/deploy-orders/", "demo_job_freestyle"),
        ("job/platform/job/deploy-ledger/", "demo_job_pipeline"),
        ("job/deploy-orders/1/", "demo_build_freestyle"),
        ("job/platform/job/deploy-ledger/lastBuild/", "demo_build_pipeline"),
        ("job/platform/", "demo_folder"),
        ("crumbIssuer/", "demo_crumb"),
        ("whoAmI/", "demo_whoami"),
    ],
)
async def test_answers_have_the_shape_of_recorded_ones(jenkins, path, file):
    assert differences(recorded("jenkins", file), await get_json(jenkins, path)) == []


async def test_a_monitoring_tree_has_the_shape_of_the_recorded_one(jenkins):
    build = "actions[parameters[name,value],causes[shortDescription,userId,upstreamProject,upstreamBuild]]"
    fields = "building,description,displayName,duration,estimatedDuration,number,queueId,result,timestamp,url,builtOn"
    tree = f"mode,jobs[description,fullName,name,url,buildable,builds[{build},{fields}]{{0,2}},color]"
    ours = await get_json(jenkins, "", tree=tree)
    real = recorded("jenkins", "demo_root_tree")
    assert [job["name"] for job in ours["jobs"]] == ["deploy-orders", "platform", "catalog", "never-built"]
    keys = {job["_class"]: set(job) for job in real["jobs"] if "builds" in job}
    assert set(ours["jobs"][0]) <= keys["hudson.model.FreeStyleProject"]
    assert set(ours["jobs"][0]["builds"][0]) <= set(real["jobs"][0]["builds"][0])
    assert "color" not in ours["jobs"][1]  # a folder has none


async def test_actions_are_mixed_with_empty_objects_and_first_builds_of_pipelines_lack_parameters(jenkins):
    tree = "builds[number,actions[parameters[name,value],lastBuiltRevision[SHA1]]]"
    orders = await get_json(jenkins, "job/deploy-orders/", tree=tree)
    ledger = await get_json(jenkins, "job/platform/job/deploy-ledger/", tree=tree)
    actions = orders["builds"][0]["actions"]
    assert {} in actions and {"lastBuiltRevision": {"SHA1": SHA}}.items() <= actions[2].items()
    with_parameters = [any("parameters" in action for action in b["actions"]) for b in ledger["builds"]]
    assert with_parameters == [True, False]


async def test_a_build_waits_runs_with_progress_and_ends(jenkins):
    course = Course(takes_s=10, revision=SHA)
    running = asyncio.create_task(
        jenkins.build(jenkins.job("deploy-orders"), {"NAMESPACE": "staging"}, Cause(user="carol"), course)
    )
    await asyncio.sleep(0)
    queue = await get_json(jenkins, "queue/")
    assert differences(recorded("jenkins", "demo_queue"), queue) == []
    assert queue["items"][0]["params"] == "\nNAMESPACE=staging\nVERSION="
    assert queue["items"][0]["why"].startswith("In the quiet period")
    while not jenkins.running():
        await asyncio.sleep(0.01)
    tree = (
        "busyExecutors,computer[displayName,executors[currentExecutable[fullDisplayName,number,url],idle,likelyStuck,"
        "progress],idle,numExecutors,offline,offlineCauseReason,oneOffExecutors[currentExecutable[fullDisplayName,"
        "number,url],idle,progress],temporarilyOffline],totalExecutors"
    )
    nodes = await get_json(jenkins, "computer/", tree=tree)
    assert differences(recorded("jenkins", "demo_computer_tree"), nodes) == []
    assert nodes["busyExecutors"] == 1
    open_build = await get_json(jenkins, "job/deploy-orders/lastBuild/")
    assert open_build["building"] and open_build["result"] is None and open_build["duration"] == 0
    job = await get_json(jenkins, "job/deploy-orders/", tree="color")
    assert job["color"] == "blue_anime"
    build = await running
    assert (build.number, build.result, build.building) == (3, "SUCCESS", False)


async def test_a_second_build_is_blocked_unless_the_job_is_concurrent(jenkins):
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(jenkins.build(jenkins.job("deploy-orders"), {}, Cause(user="dora"), Course(takes_s=4)))
        async with asyncio.timeout(10):
            while not any(item.waiting.name == "BLOCKED" for item in jenkins.queue):
                await asyncio.sleep(0.005)
        assert "is already in progress" in jenkins.why(jenkins.queue[0]) and len(jenkins.running()) == 1
    assert [build.number for build in jenkins.job("deploy-orders").builds] == [1, 2, 3, 4]


async def test_a_pipeline_may_be_unstable_while_it_runs_and_an_aborted_build_says_so(jenkins):
    ledger = jenkins.job("platform/deploy-ledger")
    course = Course(takes_s=400, result="UNSTABLE", early_result=True)
    task = asyncio.create_task(jenkins.build(ledger, {}, Cause(user="eve"), course))
    async with asyncio.timeout(30):
        while not (ledger.last and ledger.last.building):
            await asyncio.sleep(0.01)
    jenkins.abort(ledger.last)
    await task
    assert ledger.last.result == "ABORTED" and ledger.color == "aborted"
    quick = asyncio.create_task(
        jenkins.build(ledger, {}, Cause(user="eve"), Course(takes_s=20, result="UNSTABLE", early_result=True))
    )
    async with asyncio.timeout(30):
        while not (ledger.last.building and ledger.last.result == "UNSTABLE"):
            await asyncio.sleep(0.01)
    await quick
    assert ledger.color == "yellow"


async def test_progressive_text_counts_line_feeds_and_starts_again_past_the_end(jenkins):
    async with served(jenkins_app(jenkins, OPEN)) as url:
        log = f"{url}/job/deploy-orders/1/logText/progressiveText"
        status, headers, body = await get(log)
        size = int(headers["X-Text-Size"])
        assert status == 200 and "X-More-Data" not in headers
        assert body.count("\r\n") == body.count("\n") and size == len(body.replace("\r\n", "\n").encode())
        assert (await get(log, params={"start": str(size)}))[2] == ""
        assert (await get(log, params={"start": str(size + 5)}))[2] == body
        assert (await get(log, params={"start": "-1"}))[0] == 500
        assert (await get(f"{url}/job/deploy-orders/1/wfapi/describe"))[0] == 404


async def test_refusals_look_like_recorded_ones(jenkins):
    accounts = Accounts({"desk": Account("right"), "limited": Account("right", reads_jobs=False)})
    async with served(jenkins_app(jenkins, accounts)) as url:
        status, headers, body = await get(f"{url}/api/json")
        assert status == 403 and headers["X-You-Are-Authenticated-As"] == "anonymous"
        assert headers["X-Required-Permission"] == "hudson.model.Hudson.Read" and "/login?from=%2Fapi%2Fjson" in body
        status, headers, body = await get(f"{url}/api/json", headers=basic("desk", "wrong"))
        assert status == 401 and headers["WWW-Authenticate"] == 'Basic realm="Jenkins"'
        assert "Invalid password/token for user: desk" in body
        assert (await get(f"{url}/api/json", headers=basic("limited", "right")))[
            2
        ] == '{"_class":"hudson.model.Hudson","jobs":[]}'
        status, headers, body = await get(f"{url}/api/json", headers=basic("desk", "right"))
        assert status == 200 and headers["X-Jenkins"] == "2.263.4" and headers["X-Jenkins-Session"]
        status, headers, body = await get(f"{url}/api/json?tree=jobs%5B", headers=basic("desk", "right"))
        assert status == 500 and headers["Content-Type"].startswith("text/html") and "Oops" in body


async def test_five_hundred_jobs_answer_a_tick_quickly():
    world = Jenkins(WorldClock())
    now = world.now_ms()
    for index in range(500):
        job = world.add_job(f"deploy-{index}", parameters=(NAMESPACE,))
        for number in range(20):
            values = world.values(job, {"NAMESPACE": f"ns-{number % 8}"})
            world.place(job, now - (20 - number) * 60_000, 5_000, values, Cause(user="x"), Course())
    tree = "jobs[fullName,url,color,inQueue,lastBuild[number,result,building,actions[parameters[name,value]]]]"
    clock = asyncio.get_running_loop().time
    before = clock()
    found = await get_json(world, "", tree=tree)
    assert len(found["jobs"]) == 500 and found["jobs"][7]["lastBuild"]["number"] == 20
    assert clock() - before < 3.0
