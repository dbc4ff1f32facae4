"""Answers recorded from a real Jenkins, and the facts that they are."""

import msgspec
import pytest

from collectors.jenkins_attribution import clues_of
from collectors.jenkins_facts import (
    build_of,
    definitions_in,
    executors_of,
    full_name_of,
    job_of,
    path_of,
    queue_items,
    rebased,
)
from collectors.jenkins_history import UNREAD
from collectors.jenkins_jobs import JobFacts
from collectors.jenkins_ledger import BuildLedger
from collectors.jenkins_levels import depth_of
from collectors.jenkins_wire import Builds, BuildWire, Computers, Definitions, Queue, Root
from statusdesk.config import JenkinsSettings
from statusdesk.facts import JobClass
from statusdesk.job_classes import class_of
from tests.collectors.stage import DATA

SETTINGS = JenkinsSettings(url="https://ci.example.org/jenkins/", seed_jobs=("seed*",))


def recorded(name, shape):
    return msgspec.json.decode((DATA / "jenkins" / name).read_bytes(), type=shape)


@pytest.fixture
def definitions():
    return definitions_in(recorded("slow_scan.json", Definitions), SETTINGS)


def test_jobs_are_found_in_folders_and_multibranch_projects_which_are_none_themselves(definitions):
    seen = JobFacts(SETTINGS).seen(recorded("tick.json", Root))
    jobs = {job.name: job_of(job, definitions.get(job.name), UNREAD, SETTINGS) for job in seen}
    assert len(jobs) == 25
    assert "team-a" not in jobs
    assert "mb-service" not in jobs
    assert jobs["team-a/deploy-orders"].url == "https://ci.example.org/jenkins/job/team-a/job/deploy-orders/"
    branch = jobs["mb-service/feature%2Flogin"]
    assert branch.url == "https://ci.example.org/jenkins/job/mb-service/job/feature%252Flogin/"
    assert branch.last_number == 1
    assert jobs["deploy-disabled"].disabled
    assert jobs["deploy-disabled"].last_number is None
    assert jobs["deploy-slow"].in_queue
    assert jobs["deploy-api"].namespace_default == "staging"
    assert jobs["deploy-api"].parameters == ("NAMESPACE", "API_TOKEN", "REGION", "DRY_RUN")
    assert jobs["pipe-props"].namespace_default == "qa"


def test_job_classes_follow_the_globs_in_order():
    names = ("seed-all-jobs", "vault-renew-payments", "env-create", "team-a/deploy-orders", "pipe-decl")
    classes = [class_of(name, SETTINGS) for name in names]
    assert classes == [JobClass.SEED, JobClass.RENEWAL, JobClass.ENVIRONMENT, JobClass.DEPLOY, JobClass.OTHER]


def test_last_builds_are_attributed_with_the_rule_that_gave_it(definitions):
    ledger = BuildLedger(SETTINGS, ())
    builds = {}
    for job in JobFacts(SETTINGS).seen(recorded("tick.json", Root)):
        if job.wire.lastBuild:
            default = definitions[job.name].namespace_default
            told = ledger.take(job.name, job.path, default, [job.wire.lastBuild])
            builds |= {build.job: build for build in told.news}
    attributed = {name: (build.namespace, build.attributed_by) for name, build in builds.items()}
    assert attributed["deploy-api"] == ("dev-alice", "parameter")
    assert attributed["mb-service/main"] == ("staging", "default")
    assert attributed["seed-all-jobs"] == (None, "")  # its box was emptied, so no default applies
    assert builds["deploy-api"].parameters == (("NAMESPACE", "dev-alice"),)
    assert builds["deploy-slow"].building
    assert builds["deploy-slow"].duration_ms == 0
    assert builds["vault-renew-payments"].cause == "Started by timer"
    assert builds["deploy-child"].upstream_job == "release-train"
    assert builds["deploy-child"].upstream_number == 1
    assert builds["pipe-input"].url == "https://ci.example.org/jenkins/job/pipe-input/2/"


def test_first_builds_of_a_jenkinsfile_have_no_parameters_but_ran_with_the_default():
    ledger = BuildLedger(SETTINGS, ())
    wires = recorded("builds_pipe_decl.json", Builds).builds
    told = ledger.take("pipe-decl", "job/pipe-decl/", "dev-bob", wires)
    assert [(b.number, b.namespace, b.attributed_by) for b in told.news] == [
        (1, "dev-bob", "default"),
        (2, "dev-bob", "default"),
        (3, "dev-bob", "default"),
        (4, "dev-alice", "parameter"),
    ]


def test_git_revision_of_the_one_checkout():
    wire = recorded("build_git.json", BuildWire)
    build = build_of("git-deploy", "job/git-deploy/", wire, clues_of(wire.actions, SETTINGS), SETTINGS)
    assert build.git_revision == "21258ecf25f48244138737d8935a367dd4894642"


def test_git_revision_is_not_guessed_among_several_checkouts():
    checkouts = [{"lastBuiltRevision": {"SHA1": "aa"}}, {"lastBuiltRevision": {"SHA1": "bb"}}]
    wire = msgspec.convert({"number": 1, "actions": checkouts}, BuildWire)
    assert build_of("j", "job/j/", wire, clues_of(wire.actions, SETTINGS), SETTINGS).git_revision == ""


def test_queue_items_are_attributed_and_named_by_path(definitions):
    waiting = queue_items(recorded("queue.json", Queue), definitions, SETTINGS)
    assert [(item.id, item.job, item.namespace, item.blocked) for item in waiting] == [
        (42, "deploy-slow", "prod2", True),
        (43, "deploy-slow", "prod3", True),
    ]
    assert waiting[0].why == "Build #1 is already in progress (ETA: N/A)"
    (quiet,) = queue_items(recorded("queue_quiet_period.json", Queue), definitions, SETTINGS)
    assert (quiet.job, quiet.namespace, quiet.blocked) == ("deploy-api", "qa", False)


def test_executors_with_pipelines_on_one_off_executors():
    executors = executors_of(recorded("running.json", Computers), True, SETTINGS)
    assert (executors.busy, executors.total, executors.quieting_down, executors.offline) == (1, 2, True, ())
    assert executors.running == (
        ("https://ci.example.org/jenkins/job/deploy-slow/1/", -1),
        ("https://ci.example.org/jenkins/job/pipe-input/2/", 99),
    )


def test_depth_counts_the_levels_of_folders():
    assert depth_of(recorded("slow_scan.json", Definitions)) == 2
    assert depth_of(Definitions(jobs=[])) == 1


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://inside:8080/ctx/job/a/job/b/7/", "job/a/job/b/7/"),
        ("http://inside/job/mb/job/feature%252Fx/", "job/mb/job/feature%252Fx/"),
        ("http://inside/job/a b/", "job/a%20b/"),
        ("javascript:alert(1)", ""),
        ("http://inside/computer/", ""),
        ("http://[inside/job/a/", ""),
        (None, ""),
    ],
)
def test_urls_keep_only_their_path(url, path):
    assert path_of(url) == path
    assert rebased(url, SETTINGS) == (f"https://ci.example.org/jenkins/{path}" if path else "")


def test_full_names_are_decoded_once():
    assert full_name_of("job/mb/job/feature%252Flogin/") == "mb/feature%2Flogin"


def test_hostile_names_cannot_move_the_cursor_or_hide():
    url = "http://x/job/evil/"
    name = "[/x]\x1b]0;owned\x07\u202egnp.exe \U0001f600 部署 " + "n" * 400
    root = msgspec.convert({"jobs": [{"fullName": name, "url": url, "color": "\x1b[31mred"}]}, Root)
    (job,) = [job_of(job, None, UNREAD, SETTINGS) for job in JobFacts(SETTINGS).seen(root)]
    assert job.name.isprintable()
    assert job.name.startswith("[/x]gnp.exe \U0001f600 部署 nnn")
    assert job.color == "red"
