"""What a Jenkins holds: folders, jobs, builds, the queue and executors. State only: ``jenkins_engine`` lets it move."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

RECENT_BUILDS = 100  # what ``builds`` lists; ``allBuilds`` lists everything


class JobKind(enum.StrEnum):
    """The class of a job, as Jenkins names it."""

    FREESTYLE = "hudson.model.FreeStyleProject"
    PIPELINE = "org.jenkinsci.plugins.workflow.job.WorkflowJob"
    MATRIX = "hudson.matrix.MatrixProject"


class FolderKind(enum.StrEnum):
    """The class of a thing that holds jobs."""

    FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
    MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"


class Trigger(enum.StrEnum):
    """What started a build."""

    USER = "user"
    TIMER = "timer"
    UPSTREAM = "upstream"
    BRANCH = "branch"
    SCM = "scm"


@dataclass(slots=True, frozen=True)
class Cause:
    """Why a build was started: by whom, or by which build."""

    trigger: Trigger = Trigger.USER
    user: str = ""
    job: str = ""
    number: int = 0


@dataclass(slots=True, frozen=True)
class Parameter:
    """A parameter of a job with its default value."""

    name: str
    default: str | bool | None = ""
    description: str = ""


Values = tuple[tuple[str, str | bool | None], ...]
"""Parameters of a build; the value None is a password, which has no ``value`` in any answer."""


@dataclass(slots=True, eq=False)
class Build:
    """One build. ``parameters`` None means that it has no ParametersAction at all."""

    job: "Job"
    number: int
    started_ms: int
    planned_ms: int
    parameters: Values | None
    cause: Cause
    queue_id: int
    building: bool = True
    result: str | None = None
    duration_ms: int = 0
    revision: str = ""
    branch: str = ""
    trouble: tuple[str, ...] = ()  # what the log says shortly before the end
    axes: tuple[str, ...] = ()  # runs of a matrix build

    @property
    def url_path(self) -> str:
        return f"{self.job.url_path}{self.number}/"

    def parameter(self, name: str) -> str:
        """Return a parameter as text; empty when the build has none of that name."""
        for key, value in self.parameters or ():
            if key == name:
                return "" if value is None else str(value)
        return ""


@dataclass(slots=True, eq=False)
class Item:
    """What jobs and folders have in common."""

    name: str
    parent: "Folder | None"
    url_path: str = field(init=False)
    full_name: str = field(init=False)

    def __post_init__(self) -> None:
        above = self.parent
        self.full_name = f"{above.full_name}/{self.name}" if above and above.full_name else self.name
        self.url_path = f"{above.url_path}job/{quote(self.name, safe='')}/" if above else ""


@dataclass(slots=True, eq=False)
class Folder(Item):
    """A folder, a multibranch project, or the root (no parent)."""

    kind: FolderKind = FolderKind.FOLDER
    children: "dict[str, Folder | Job]" = field(default_factory=dict)

    def jobs(self) -> "Iterator[Job]":
        """Walk all jobs below, folders left out."""
        for child in self.children.values():
            if isinstance(child, Folder):
                yield from child.jobs()
            else:
                yield child


@dataclass(slots=True, eq=False)
class Job(Item):
    """One job with its builds, oldest first."""

    kind: JobKind = JobKind.FREESTYLE
    parameters: tuple[Parameter, ...] = ()
    description: str = ""
    disabled: bool = False
    concurrent: bool = False
    repository: str = ""
    app: str = ""  # what it deploys; empty for a platform job
    builds: list[Build] = field(default_factory=list)
    by_number: dict[int, Build] = field(default_factory=dict)
    next_number: int = 1
    queued: "list[QueueItem]" = field(default_factory=list)

    def add(self, build: Build) -> None:
        """Take in a new build; numbers only rise."""
        self.builds.append(build)
        self.by_number[build.number] = build
        self.next_number = max(self.next_number, build.number + 1)

    def remove(self, number: int) -> None:
        """Delete a build for good, as a person or a retention rule does. Raises: KeyError."""
        self.builds.remove(self.by_number.pop(number))

    def newest(self, *results: str | None) -> Build | None:
        """Return the newest finished build with one of ``results`` (any result when none is named)."""
        for build in reversed(self.builds):
            if not build.building and (not results or build.result in results):
                return build
        return None

    @property
    def last(self) -> Build | None:
        return self.builds[-1] if self.builds else None

    @property
    def color(self) -> str:
        """The ball of the job; under ``_anime`` it is the colour of the build before."""
        anime = ""
        for build in reversed(self.builds):
            if not build.building:
                return ("disabled" if self.disabled else _BALLS[build.result or ""]) + anime
            anime = "_anime"
        return ("disabled" if self.disabled else "notbuilt") + anime

    @property
    def estimate_ms(self) -> int:
        """Mean duration of the last three successful builds (else of any); -1 when nothing is known."""
        took: list[int] = []
        for build in reversed(self.builds):
            if not build.building and build.result in ("SUCCESS", "UNSTABLE"):
                took.append(build.duration_ms)
                if len(took) == 3:
                    break
        if not took:
            took = [b.duration_ms for b in self.builds[-6:] if not b.building and b.result == "FAILURE"]
        return round(sum(took) / len(took)) if took else -1


_BALLS = {
    "SUCCESS": "blue",
    "UNSTABLE": "yellow",
    "FAILURE": "red",
    "ABORTED": "aborted",
    "NOT_BUILT": "notbuilt",
    "": "notbuilt",
}


class Waiting(enum.StrEnum):
    """Why an item is still in the queue, as Jenkins names the class of the item."""

    QUIET = "hudson.model.Queue$WaitingItem"
    BLOCKED = "hudson.model.Queue$BlockedItem"
    BUILDABLE = "hudson.model.Queue$BuildableItem"


@dataclass(slots=True, eq=False)
class QueueItem:
    """A build that has no number yet."""

    id: int
    job: Job
    parameters: Values | None
    cause: Cause
    since_ms: int
    quiet_until_ms: int
    waiting: Waiting = Waiting.QUIET
    buildable_since_ms: int = 0
    stuck: bool = False


@dataclass(slots=True, eq=False)
class Executor:
    """One slot of a node; ``build`` is what runs in it. Flyweight ones carry Pipelines."""

    number: int
    build: Build | None = None
    flyweight: bool = False

    def progress(self, now_ms: int) -> int:
        """Percent of the estimate that has passed; sticks at 99; -1 when idle or without an estimate."""
        if self.build is None:
            return -1
        estimate_ms = self.build.job.estimate_ms
        return -1 if estimate_ms <= 0 else min(99, 100 * (now_ms - self.build.started_ms) // estimate_ms)


@dataclass(slots=True, eq=False)
class Computer:
    """A node with its executors."""

    name: str
    executors: list[Executor]
    flyweights: list[Executor] = field(default_factory=list)
    offline_reason: str = ""

    @property
    def offline(self) -> bool:
        return bool(self.offline_reason)
