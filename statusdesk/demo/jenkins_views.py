"""How the parts of the simulated Jenkins look in its JSON: names, order and visibility as recorded."""

import re
from collections.abc import Callable
from typing import Any

from statusdesk.demo.jenkins_actions import (
    build_actions,
    job_actions,
    job_properties,
    queue_actions,
    queue_parameters,
)
from statusdesk.demo.jenkins_engine import Jenkins
from statusdesk.demo.jenkins_model import (
    RECENT_BUILDS,
    Build,
    Computer,
    Executor,
    Folder,
    FolderKind,
    Job,
    JobKind,
    QueueItem,
)
from statusdesk.demo.jenkins_tree import Bean, Exporter, Field, Shape

_BUILD_CLASS = {
    JobKind.FREESTYLE: "hudson.model.FreeStyleBuild",
    JobKind.PIPELINE: "org.jenkinsci.plugins.workflow.job.WorkflowRun",
    JobKind.MATRIX: "hudson.matrix.MatrixBuild",
}
_DEEP = 3  # visible one or two levels down: names, numbers and addresses
_ALWAYS = 999
_NEVER = -2


class Root:
    """What ``/api/json`` of the server is about."""


class Nodes:
    """What ``/computer/api/json`` is about."""


class Queue:
    """What ``/queue/api/json`` is about."""


class Views:
    """The shapes of one Jenkins; they need it for addresses, the queue and the time."""

    def __init__(self, jenkins: Jenkins) -> None:
        self._jenkins = jenkins
        self._builds = {kind: Shape(name, self._build_fields(kind)) for kind, name in _BUILD_CLASS.items()}
        self._jobs = {kind: Shape(kind.value, self._job_fields(kind)) for kind in JobKind}
        self._folders = {kind: Shape(kind.value, self._folder_fields()) for kind in FolderKind}
        self._root = Shape("hudson.model.Hudson", self._root_fields())
        self._nodes = Shape("hudson.model.ComputerSet", self._nodes_fields())
        self._queue = Shape("hudson.model.Queue", self._queue_fields())
        self._computers = {
            name: Shape(name, self._computer_fields())
            for name in ("hudson.model.Hudson$MasterComputer", "hudson.slaves.SlaveComputer")
        }
        self._executor = Shape("", self._executor_fields(flyweight=False))
        self._flyweight = Shape("", self._executor_fields(flyweight=True))
        self._items: dict[str, Shape[QueueItem]] = {}
        self.exporter = Exporter(self.shape_of)

    def shape_of(self, value: object) -> Shape[Any]:
        """Return the shape of a model object."""
        if isinstance(value, Build):
            return self._builds[value.job.kind]
        if isinstance(value, Job):
            return self._jobs[value.kind]
        if isinstance(value, Folder):
            return self._folders[value.kind]
        if isinstance(value, Executor):
            return self._flyweight if value.flyweight else self._executor
        if isinstance(value, QueueItem):
            name = value.waiting.value
            return self._items.setdefault(name, Shape(name, self._item_fields()))
        if isinstance(value, Computer):
            master = value.name == "master"
            return self._computers["hudson.model.Hudson$MasterComputer" if master else "hudson.slaves.SlaveComputer"]
        if isinstance(value, Root):
            return self._root
        return self._nodes if isinstance(value, Nodes) else self._queue

    def _url(self, value: Job | Folder | Build) -> str:
        return self._jenkins.url + value.url_path

    def _build_fields(self, kind: JobKind) -> list[Field[Build]]:
        jenkins = self._jenkins
        fields: list[Field[Build]] = [
            Field("actions", build_actions, inline=True),
            Field("artifacts", lambda _: []),
            Field("building", lambda b: b.building),
            Field("description", lambda _: None),
            Field("displayName", lambda b: f"#{b.number}"),
            Field("duration", lambda b: b.duration_ms),
            Field("estimatedDuration", lambda b: b.job.estimate_ms),
            Field("executor", jenkins.executor_of),
            Field("fullDisplayName", lambda b: f"{_display(b.job.full_name)} #{b.number}"),
            Field("id", lambda b: str(b.number)),
            Field("keepLog", lambda _: False),
            Field("number", lambda b: b.number, visibility=_DEEP),
            Field("queueId", lambda b: b.queue_id),
            Field("result", lambda b: b.result),
            Field("timestamp", lambda b: b.started_ms),
            Field("url", self._url, visibility=_DEEP),
        ]
        if kind is JobKind.PIPELINE:
            return [
                *fields,
                Field("changeSets", lambda _: []),
                Field("culprits", lambda _: []),
                Field("nextBuild", lambda b: self._neighbour(b, 1), inline=True),
                Field("previousBuild", lambda b: self._neighbour(b, -1), inline=True),
            ]
        empty_change = Bean("hudson.scm.EmptyChangeLogSet", {"items": [], "kind": None})
        fields += [
            Field("builtOn", lambda b: "" if b.building else f"agent-{b.number % 2 + 1}"),
            Field("changeSet", lambda _: empty_change, inline=True),
            Field("culprits", lambda _: []),
        ]
        if kind is JobKind.MATRIX:
            fields.append(Field("runs", self._runs, inline=True))
        return fields

    def _neighbour(self, build: Build, step: int) -> Bean | None:
        index = build.job.builds.index(build) + step
        if not 0 <= index < len(build.job.builds):
            return None
        other = build.job.builds[index]
        return Bean("", {"number": other.number, "url": self._url(other)})

    def _runs(self, build: Build) -> list[Bean]:
        base = self._jenkins.url + build.job.url_path
        return [Bean("", {"number": build.number, "url": f"{base}{axis}/{build.number}/"}) for axis in build.axes]

    def _job_fields(self, kind: JobKind) -> list[Field[Job]]:
        fields: list[Field[Job]] = [
            Field("actions", job_actions, inline=True),
            Field("description", lambda j: j.description),
            Field("displayName", lambda j: _display(j.name)),
            Field("displayNameOrNull", lambda _: None),
            Field("fullDisplayName", lambda j: _display(j.full_name).replace("/", " » ")),
            Field("fullName", lambda j: j.full_name),
            Field("name", lambda j: j.name, visibility=_DEEP),
            Field("url", self._url, visibility=_DEEP),
            Field("allBuilds", lambda j: j.builds[::-1], visibility=_NEVER),
            Field("buildable", lambda j: not j.disabled),
            Field("builds", lambda j: j.builds[: -RECENT_BUILDS - 1 : -1]),
            Field("color", lambda j: j.color, visibility=_DEEP),
            Field("firstBuild", lambda j: j.builds[0] if j.builds else None),
            Field("healthReport", _health, inline=True),
            Field("inQueue", lambda j: bool(j.queued)),
            Field("keepDependencies", lambda _: False),
            *_permalinks(),
            Field("nextBuildNumber", lambda j: j.next_number),
            Field("property", job_properties, inline=True),
            Field("queueItem", lambda j: j.queued[0] if j.queued else None, inline=True),
            Field("concurrentBuild", lambda j: j.concurrent),
        ]
        if kind is JobKind.PIPELINE:
            return [*fields, Field("resumeBlocked", lambda _: False)]
        fields += [
            Field("disabled", lambda j: j.disabled),
            Field("downstreamProjects", lambda _: []),
            Field("labelExpression", lambda _: None),
            Field("scm", lambda j: Bean("hudson.plugins.git.GitSCM" if j.repository else "hudson.scm.NullSCM")),
            Field("upstreamProjects", lambda _: []),
        ]
        if kind is JobKind.MATRIX:
            fields.append(Field("activeConfigurations", self._configurations, inline=True))
        return fields

    def _configurations(self, job: Job) -> list[Bean]:
        axes = job.last.axes if job.last else ()
        kind = "hudson.matrix.MatrixConfiguration"
        base = self._jenkins.url + job.url_path
        return [Bean(kind, {"name": axis, "url": f"{base}{axis}/", "color": job.color}) for axis in axes]

    def _folder_fields(self) -> list[Field[Folder]]:
        return [
            Field("actions", lambda _: [Bean("com.cloudbees.plugins.credentials.ViewCredentialsAction")], inline=True),
            Field("description", lambda _: None),
            Field("displayName", lambda f: f.name),
            Field("displayNameOrNull", lambda _: None),
            Field("fullDisplayName", lambda f: f.full_name.replace("/", " » ")),
            Field("fullName", lambda f: f.full_name),
            Field("name", lambda f: f.name, visibility=_DEEP),
            Field("url", self._url, visibility=_DEEP),
            Field("healthReport", lambda _: []),
            Field("jobs", lambda f: list(f.children.values())),
            Field("primaryView", lambda f: self._view(self._url(f)), inline=True),
            Field("views", lambda f: [self._view(self._url(f))], inline=True),
        ]

    def _view(self, url: str) -> Bean:
        return Bean("hudson.model.AllView", {"name": "all", "url": url})

    def _root_fields(self) -> list[Field[Root]]:
        jenkins = self._jenkins
        return [
            Field("assignedLabels", lambda _: [Bean("", {"name": "master"})], inline=True),
            Field("mode", lambda _: "NORMAL"),
            Field("nodeDescription", lambda _: "the master Jenkins node"),
            Field("nodeName", lambda _: ""),
            Field("numExecutors", lambda _: len(jenkins.computers[0].executors)),
            Field("description", lambda _: None),
            Field("jobs", lambda _: jenkins.visible_jobs()),
            Field("overallLoad", lambda _: Bean("")),
            Field("primaryView", lambda _: self._view(jenkins.url), inline=True),
            Field("quietingDown", lambda _: jenkins.quieting_down),
            Field("slaveAgentPort", lambda _: -1),
            Field("unlabeledLoad", lambda _: Bean("jenkins.model.UnlabeledLoadStatistics")),
            Field("url", lambda _: jenkins.url),
            Field("useCrumbs", lambda _: True),
            Field("useSecurity", lambda _: True),
            Field("views", lambda _: [self._view(jenkins.url)], inline=True),
        ]

    def _nodes_fields(self) -> list[Field[Nodes]]:
        jenkins = self._jenkins
        return [
            Field("busyExecutors", lambda _: sum(e.build is not None for c in jenkins.computers for e in c.executors)),
            Field("computer", lambda _: jenkins.computers, inline=True),
            Field("displayName", lambda _: "Nodes"),
            Field("totalExecutors", lambda _: sum(len(c.executors) for c in jenkins.computers if not c.offline)),
        ]

    def _computer_fields(self) -> list[Field[Computer]]:
        return [
            Field("actions", lambda _: []),
            Field("assignedLabels", lambda c: [Bean("", {"name": c.name})], inline=True),
            Field("description", lambda c: "the master Jenkins node" if c.name == "master" else "build agent"),
            Field("displayName", lambda c: c.name),
            Field("executors", lambda c: c.executors),
            Field("icon", lambda c: "computer-x.png" if c.offline else "computer.png"),
            Field("iconClassName", lambda c: "icon-computer-x" if c.offline else "icon-computer"),
            Field("idle", lambda c: all(e.build is None for e in [*c.executors, *c.flyweights])),
            Field("jnlpAgent", lambda _: False),
            Field("launchSupported", lambda _: True),
            Field("loadStatistics", lambda _: Bean("hudson.model.Label$1")),
            Field("manualLaunchAllowed", lambda _: True),
            Field("monitorData", lambda _: Bean("")),
            Field("numExecutors", lambda c: len(c.executors)),
            Field("offline", lambda c: c.offline),
            Field("offlineCause", lambda _: None),
            Field("offlineCauseReason", lambda c: c.offline_reason),
            Field("oneOffExecutors", lambda c: c.flyweights),
            Field("temporarilyOffline", lambda _: False),
        ]

    def _executor_fields(self, *, flyweight: bool) -> list[Field[Executor]]:
        jenkins = self._jenkins
        fields: list[Field[Executor]] = [
            Field("currentExecutable", lambda e: e.build),
            Field("idle", lambda e: e.build is None),
            Field("likelyStuck", lambda e: jenkins.likely_stuck(e)),
            Field("number", lambda e: e.number),
            Field("progress", lambda e: e.progress(jenkins.now_ms())),
        ]
        return [f for f in fields if f.name not in ("likelyStuck", "number")] if flyweight else fields

    def _queue_fields(self) -> list[Field[Queue]]:
        return [
            Field("discoverableItems", lambda _: []),
            Field("items", lambda _: self._jenkins.queue[::-1], inline=True),
        ]

    def _item_fields(self) -> list[Field[QueueItem]]:
        always = _ALWAYS
        fields: list[Field[QueueItem]] = [
            Field("actions", queue_actions, visibility=always, inline=True),
            Field("blocked", lambda i: i.waiting.name == "BLOCKED", visibility=always),
            Field("buildable", lambda i: i.waiting.name == "BUILDABLE", visibility=always),
            Field("id", lambda i: i.id, visibility=always),
            Field("inQueueSince", lambda i: i.since_ms, visibility=always),
            Field("params", queue_parameters, visibility=always),
            Field("stuck", lambda i: i.stuck, visibility=always),
            Field("task", lambda i: i.job, visibility=always),
            Field("url", lambda i: f"queue/item/{i.id}/", visibility=always),
            Field("why", self._jenkins.why, visibility=always),
            Field("buildableStartMilliseconds", lambda i: i.buildable_since_ms, visibility=always),
        ]
        return fields


def _permalinks() -> list[Field[Job]]:
    def newest(*results: str) -> Callable[[Job], Build | None]:
        return lambda job: job.newest(*results)

    return [
        Field("lastBuild", lambda j: j.last),
        Field("lastCompletedBuild", newest()),
        Field("lastFailedBuild", newest("FAILURE")),
        Field("lastStableBuild", newest("SUCCESS")),
        Field("lastSuccessfulBuild", newest("SUCCESS", "UNSTABLE")),
        Field("lastUnstableBuild", newest("UNSTABLE")),
        Field("lastUnsuccessfulBuild", newest("FAILURE", "UNSTABLE", "ABORTED", "NOT_BUILT")),
    ]


def _display(name: str) -> str:
    return re.sub("%2F", "/", name)


def _health(job: Job) -> list[Bean]:
    last = [build for build in job.builds[-5:] if not build.building]
    if not last:
        return []
    failed = sum(build.result == "FAILURE" for build in last)
    score = 100 - 100 * failed // len(last)
    rank = "00to19" if score < 20 else "20to39" if score < 40 else "40to59" if score < 60 else "60to79"
    icon = f"health-{'80plus' if score >= 80 else rank}"
    words = f"{failed} out of the last {len(last)} builds failed." if failed else "No recent builds failed."
    return [
        Bean(
            "",
            {
                "description": f"Build stability: {words}",
                "iconClassName": f"icon-{icon}",
                "iconUrl": f"{icon}.png",
                "score": score,
            },
        )
    ]
