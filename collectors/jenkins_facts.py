"""Jenkins' answers turned into facts: jobs, queue items, executors; a build's own fields without its namespace."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from collectors.jenkins_attribution import (
    Clues,
    by_job,
    by_parameter,
    clues_of,
    name_of,
    namespaces_in,
)
from collectors.jenkins_history import Read
from collectors.jenkins_wire import (
    BuildWire,
    Computer,
    Computers,
    Definitions,
    DefinitionWire,
    Item,
    JobWire,
    ParameterDefinition,
    Queue,
    Root,
)
from collectors.transport import plain_url
from statusdesk.config import JenkinsSettings
from statusdesk.facts import Build, Executors, Job, Node, QueueItem
from statusdesk.job_classes import class_of
from statusdesk.redact import safe
from statusdesk.text import clean

SOURCE = "jenkins"


class Definition(NamedTuple):
    """What the slow scan says of a job: the default of its namespace parameter, the names of all its parameters."""

    namespace_default: str | None = None
    parameters: tuple[str, ...] = ()


class SeenJob(NamedTuple):
    """One job of a tick: its name, its path on the server (``job/a/job/b/``), and what was said of it."""

    name: str
    path: str
    wire: JobWire


def path_of(url: str | None) -> str:
    """Return ``job/a/job/b/`` of a URL that Jenkins gave; its host is whatever the server believes to be."""
    try:
        path = urlsplit(url or "").path
    except ValueError:
        return ""
    start = path.find("/job/")
    if start < 0:
        return ""
    return quote(path[start + 1 :].strip("/"), safe="/%@:=+,;~!$&'()*-._") + "/"


def rebased(url: str | None, settings: JenkinsSettings) -> str:
    """Return the URL on the configured address; empty when it is not that of a job or build."""
    path = path_of(url)
    return f"{plain_url(settings.url)}/{path}" if path else ""


def full_name_of(path: str) -> str:
    """Return ``a/b`` for ``job/a/job/b/``, decoded once: a branch ``feature/x`` is ``feature%2Fx`` in full names."""
    parts = path.strip("/").split("/")
    return name_of("/".join(unquote(part) for part in parts[1::2]))


def jobs_in(root: Root) -> Iterator[JobWire]:
    """Yield every job of a tick with its folders walked; folders and multibranch projects have no colour."""
    todo = list(reversed(root.jobs or []))
    while todo:
        wire = todo.pop()
        if wire.jobs:
            todo += reversed(wire.jobs)
        if wire.color is not None or wire.lastBuild is not None:
            yield wire


def seen_job(wire: JobWire) -> SeenJob | None:
    """Return a job of a tick with its name and path; None where it has none that can be used."""
    path = path_of(wire.url)
    name = name_of(wire.fullName or "") or full_name_of(path)
    return SeenJob(name, path, wire) if name and path else None


def definitions_in(answer: Definitions, settings: JenkinsSettings) -> dict[str, Definition]:
    """Return what the slow scan says of each job and folder, by full name."""
    definitions = {}
    todo = list(answer.jobs or [])
    while todo:
        wire = todo.pop()
        todo += wire.jobs or []
        name = name_of(wire.fullName or "")
        if name:
            definitions[name] = _definition(wire, settings)
    return definitions


def _definition(wire: DefinitionWire, settings: JenkinsSettings) -> Definition:
    parameters = [p for each in wire.property or () if each for p in each.parameterDefinitions or () if p.name]
    by_name: dict[str, ParameterDefinition] = {(p.name or "").casefold(): p for p in parameters}
    default = None
    for name in settings.namespace_parameters:
        found = by_name.get(name.casefold())
        if found is not None:
            value = found.defaultParameterValue.value if found.defaultParameterValue else None
            default = clean(value) if isinstance(value, str) else None
            break
    return Definition(default, tuple(clean(p.name or "") for p in parameters))


def job_of(
    seen: SeenJob, definition: Definition | None, read: Read, settings: JenkinsSettings, skew_ms: int = 0
) -> Job:
    """Return the fact of one job of a tick; ``skew_ms``: how far Jenkins' clock is ahead of ours.

    ``read``: which builds before its last one were read, told in our clock; there are none before the first, or where
    it has none.
    """
    wire, known = seen.wire, definition or Definition()
    color = clean(wire.color or "")
    default = namespaces_in(known.namespace_default or "", settings.split_namespaces)
    return Job(
        source=SOURCE,
        name=seen.name,
        url=rebased(wire.url, settings),
        job_class=class_of(seen.name, settings),
        color=color,
        disabled=color.startswith("disabled"),
        in_queue=bool(wire.inQueue),
        last_number=wire.lastBuild.number if wire.lastBuild else None,
        last_ms=wire.lastBuild.timestamp - skew_ms if wire.lastBuild and wire.lastBuild.timestamp else None,
        complete=read.complete or wire.lastBuild is None or wire.lastBuild.number <= 1,
        cut=read.cut,
        read_builds=read.builds,
        read_from=read.lowest,
        gap_after=read.gaps[0][0] if read.gaps else None,
        read_from_ms=read.lowest_ms,
        gaps=read.gaps,
        unreadable=read.unreadable,
        namespace_default=default[0] if default else None,
        parameters=known.parameters,
        kind=clean((wire.class_ or "").rsplit(".", 1)[-1]),
    )


def build_of(job: str, job_path: str, wire: BuildWire, clues: Clues, settings: JenkinsSettings) -> Build:
    """Return the fact of one build, not attributed yet. While it runs, any result it has is only preliminary."""
    building = bool(wire.building)
    versions = {name.casefold(): value for name, value in clues.parameters}
    upstream_job, upstream_number = clues.upstream or ("", None)
    revision, branch = _git(job, wire)
    return Build(
        source=SOURCE,
        job=job,
        number=wire.number,
        url=f"{plain_url(settings.url)}/{path_of(wire.url) or f'{job_path}{wire.number}/'}",
        result=clean(wire.result) if wire.result else None,
        building=building,
        started_ms=wire.timestamp or 0,
        duration_ms=0 if building else max(0, wire.duration or 0),
        version=next((versions[n.casefold()] for n in settings.version_parameters if n.casefold() in versions), ""),
        cause=clues.cause,
        upstream_job=upstream_job,
        upstream_number=upstream_number,
        git_revision=revision,
        git_branch=branch,
        parameters=clues.parameters,
        trigger=clues.trigger,
        user=clues.user,
    )


def _git(job: str, wire: BuildWire) -> tuple[str, str]:
    """Return commit and branch that were built.

    A shared library is checked out too, first or last: of several repositories it is the one whose name is in the
    job's name. Both are empty where that tells none, or more than one.
    """
    found: list[tuple[str, tuple[str, str]]] = []
    for action in wire.actions or ():
        last = action.lastBuiltRevision if action is not None else None
        if action is None or last is None or not last.SHA1:
            continue
        repository = next((url for url in action.remoteUrls or () if url), "")
        branch = next((each.name for each in last.branch or () if each is not None and each.name), "")
        found.append((repository, (clean(last.SHA1), clean(branch))))
    if len({built for _, built in found}) > 1:
        found = [each for each in found if _is_named_for(job, each[0])]
    kept = {built for _, built in found}
    return kept.pop() if len(kept) == 1 else ("", "")


def _is_named_for(job: str, repository: str) -> bool:
    name = repository.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1].removesuffix(".git").casefold()
    return bool(name) and re.search(rf"(^|[^a-z0-9]){re.escape(name)}($|[^a-z0-9])", job.casefold()) is not None


def queue_items(
    queue: Queue, definitions: Mapping[str, Definition], settings: JenkinsSettings, skew_ms: int = 0
) -> list[QueueItem]:
    """Return what waits in the queue, each attributed by its parameters, its job's default or a pattern.

    ``skew_ms``: how far Jenkins' clock is ahead of ours.
    """
    return [_queue_item(item, definitions, settings, skew_ms) for item in queue.items or ()]


def _queue_item(
    item: Item, definitions: Mapping[str, Definition], settings: JenkinsSettings, skew_ms: int
) -> QueueItem:
    task = item.task
    job = full_name_of(path_of(task.url)) or name_of(task.name or "") if task else ""
    clues = clues_of(item.actions, settings)
    default = definitions.get(job, Definition()).namespace_default
    attribution = by_parameter(clues, settings) or by_job(job, clues, default, settings)
    return QueueItem(
        source=SOURCE,
        id=item.id,
        job=job,
        namespace=attribution.namespace,
        why=safe(item.why or ""),
        blocked=bool(item.blocked),
        stuck=bool(item.stuck),
        buildable=bool(item.buildable),
        since_ms=item.inQueueSince - skew_ms if item.inQueueSince else 0,
    )


def executors_of(computers: Computers, quieting_down: bool, settings: JenkinsSettings) -> Executors:
    """Return how busy the executors are; Pipelines run on one-off executors, which are not counted as busy."""
    running: list[tuple[str, int]] = []
    stuck: list[str] = []
    nodes: list[Node] = []
    for computer in computers.computer or ():
        nodes.append(_node(computer))
        for executor in (*(computer.executors or ()), *(computer.oneOffExecutors or ())):
            url = rebased(executor.currentExecutable.url, settings) if executor.currentExecutable else ""
            if url:
                running.append((url, -1 if executor.progress is None else executor.progress))
                stuck += [url] if executor.likelyStuck else []
    return Executors(
        source=SOURCE,
        busy=computers.busyExecutors or 0,
        total=computers.totalExecutors or 0,
        quieting_down=quieting_down,
        offline=tuple(node.name for node in nodes if node.offline),
        running=tuple(running),
        stuck=tuple(stuck),
        nodes=tuple(nodes),
    )


def _node(computer: Computer) -> Node:
    executors = computer.executors or ()
    return Node(
        name=clean(computer.displayName or ""),
        offline=bool(computer.offline or computer.temporarilyOffline),
        temporarily=bool(computer.temporarilyOffline),
        reason=safe(computer.offlineCauseReason or ""),
        busy=sum(executor.currentExecutable is not None for executor in executors),
        total=len(executors),
    )
