"""What is decoded of Jenkins' answers; everything else is skipped unread.

All fields have defaults: actions come as empty objects, a folder has no colour, a password parameter has no value.
"""

from typing import Any

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of the decoded parts of answers."""


class Parameter(Wire, frozen=True):
    """One parameter of a build; ``value`` stays unset for passwords."""

    name: str | None = None
    value: Any = msgspec.UNSET


class Cause(Wire, frozen=True):
    class_: str | None = msgspec.field(default=None, name="_class")
    shortDescription: str | None = None
    userId: str | None = None
    upstreamProject: str | None = None
    upstreamBuild: int | None = None


class Branch(Wire, frozen=True):
    name: str | None = None


class Revision(Wire, frozen=True):
    SHA1: str | None = None
    branch: list[Branch | None] | None = None


class Action(Wire, frozen=True):
    """One action of a build or queue item; an unset list means another kind of action."""

    parameters: list[Parameter] | None | msgspec.UnsetType = msgspec.UNSET
    causes: list[Cause] | None = None
    lastBuiltRevision: Revision | None = None
    remoteUrls: list[str | None] | None = None


class BuildWire(Wire, frozen=True):
    number: int
    url: str | None = None
    result: str | None = None
    building: bool | None = None
    timestamp: int | None = None
    duration: int | None = None
    actions: list[Action | None] | None = None


class JobWire(Wire, frozen=True):
    """A job or folder of the tick; only jobs have a colour."""

    class_: str | None = msgspec.field(default=None, name="_class")
    fullName: str | None = None
    url: str | None = None
    color: str | None = None
    inQueue: bool | None = None
    lastBuild: BuildWire | None = None
    jobs: list["JobWire"] | None = None


class Root(Wire, frozen=True):
    quietingDown: bool | None = None
    jobs: list[JobWire] | None = None


class DefaultValue(Wire, frozen=True):
    value: Any = None


class ParameterDefinition(Wire, frozen=True):
    name: str | None = None
    type: str | None = None
    defaultParameterValue: DefaultValue | None = None


class Property(Wire, frozen=True):
    parameterDefinitions: list[ParameterDefinition] | None = None


class DefinitionWire(Wire, frozen=True):
    """A job or folder of the slow scan."""

    fullName: str | None = None
    url: str | None = None
    property: list[Property | None] | None = None
    jobs: list["DefinitionWire"] | None = None


class Definitions(Wire, frozen=True):
    jobs: list[DefinitionWire] | None = None


class Executable(Wire, frozen=True):
    url: str | None = None
    number: int | None = None


class Executor(Wire, frozen=True):
    progress: int | None = None
    likelyStuck: bool | None = None
    currentExecutable: Executable | None = None


class Computer(Wire, frozen=True):
    displayName: str | None = None
    offline: bool | None = None
    temporarilyOffline: bool | None = None
    offlineCauseReason: str | None = None
    executors: list[Executor] | None = None
    oneOffExecutors: list[Executor] | None = None


class Computers(Wire, frozen=True):
    busyExecutors: int | None = None
    totalExecutors: int | None = None
    computer: list[Computer] | None = None


class Task(Wire, frozen=True):
    name: str | None = None
    url: str | None = None


class Item(Wire, frozen=True):
    id: int
    why: str | None = None
    blocked: bool | None = None
    buildable: bool | None = None
    stuck: bool | None = None
    inQueueSince: int | None = None
    actions: list[Action | None] | None = None
    task: Task | None = None


class Queue(Wire, frozen=True):
    items: list[Item] | None = None


class RemainingBuild(Wire, frozen=True):
    number: int
    timestamp: int | None = None
    keepLog: bool | None = None


class Builds(Wire, frozen=True):
    """Some builds of a job, newest first, and its oldest one; of ``builds`` Jenkins lists the newest hundred only."""

    builds: list[BuildWire] | None = None
    allBuilds: list[BuildWire] | None = None
    firstBuild: RemainingBuild | None = None

    @property
    def is_readable(self) -> bool:
        """Whether it tells of builds: what Jenkins does not know by the name asked for it leaves out."""
        return self.builds is not None or self.allBuilds is not None

    @property
    def found(self) -> list[BuildWire]:
        return self.builds or self.allBuilds or []


class Remaining(Wire, frozen=True):
    """Which builds a job still has: the newest hundred, the first, and those that rotation spares."""

    builds: list[RemainingBuild] | None = None
    firstBuild: RemainingBuild | None = None
    lastSuccessfulBuild: RemainingBuild | None = None
    lastStableBuild: RemainingBuild | None = None

    @property
    def is_readable(self) -> bool:
        """Whether it tells which builds there are: a job without any says so with an empty list and no first one."""
        return bool(self.builds) or (self.builds is not None and self.firstBuild is None)


class WhoAmI(Wire, frozen=True):
    name: str | None = None
    anonymous: bool | None = None


class Author(Wire, frozen=True):
    fullName: str | None = None


class Change(Wire, frozen=True):
    commitId: str | None = None
    msg: str | None = None
    author: Author | None = None
    timestamp: int | None = None


class ChangeSet(Wire, frozen=True):
    items: list[Change | None] | None = None


class RunWire(Wire, frozen=True):
    number: int | None = None
    url: str | None = None
    result: str | None = None


class DetailsWire(BuildWire, frozen=True):
    """A build with what only its page shows."""

    class_: str | None = msgspec.field(default=None, name="_class")
    displayName: str | None = None
    description: str | None = None
    changeSets: list[ChangeSet | None] | None = None
    changeSet: ChangeSet | None = None
    runs: list[RunWire] | None = None


class StageError(Wire, frozen=True):
    message: str | None = None


class StageWire(Wire, frozen=True):
    name: str | None = None
    status: str | None = None
    startTimeMillis: int | None = None
    durationMillis: int | None = None
    pauseDurationMillis: int | None = None
    error: StageError | None = None


class StageView(Wire, frozen=True):
    """What the stage view says of a Pipeline's build. Source: ``wfapi/describe``."""

    status: str | None = None
    stages: list[StageWire] | None = None
