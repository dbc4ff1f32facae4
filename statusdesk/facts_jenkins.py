"""The nouns of Jenkins: jobs, builds, what waits and what runs; part of ``facts``."""

import enum

import msgspec

from statusdesk.fact import Fact


class JobClass(enum.StrEnum):
    """What a Jenkins job is for; told by the name patterns of the configuration."""

    DEPLOY = "deploy"
    SEED = "seed"
    RENEWAL = "renewal"
    ENVIRONMENT = "environment"
    OTHER = "other"


class Job(Fact, frozen=True):
    """One Jenkins job, by ``fullName``. Key: (source, name).

    ``kind`` is the last word of its class in Jenkins. ``last_number`` and ``last_ms`` are number and start of its
    newest build, by which a job that was renamed is known again. ``complete``: its older builds have been told too, as
    far back as builds are kept. Where not, of its newest ``read_builds`` have been, down to number ``read_from``, which
    began at ``read_from_ms``; ``cut``: that is as many as the settings allow, and no more will be, which is complete
    all the same where what is left is not kept. ``gap_after``: builds between this number and the newest one have not
    been told yet, which may be newer than all that is known of a namespace, whatever of the older ones is told;
    ``gaps``: between which numbers, in their order. ``unreadable``: builds that Jenkins does not tell however often it
    is asked; all others are.
    """

    source: str
    name: str
    url: str
    job_class: JobClass = JobClass.OTHER
    color: str = ""
    disabled: bool = False
    in_queue: bool = False
    last_number: int | None = None
    namespace_default: str | None = None
    parameters: tuple[str, ...] = ()
    kind: str = ""
    last_ms: int | None = None
    complete: bool = False
    cut: bool = False
    read_builds: int = 0
    read_from: int | None = None
    gap_after: int | None = None
    read_from_ms: int | None = None
    gaps: tuple[tuple[int, int], ...] = ()
    unreadable: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return (self.source, self.name)

    @property
    def is_read(self) -> bool:
        """Whether no more of its builds will be told, but for new ones."""
        return self.is_read_back and self.gap_after is None

    @property
    def is_read_back(self) -> bool:
        """Whether no more of its older builds will be told, whatever is missing above them."""
        return self.complete or self.cut

    @property
    def unread(self) -> tuple[tuple[int, int | None], ...]:
        """Between which numbers builds may not have been told yet, in their order; None: those below it, however far.

        A desk that did not say how many it had read had not read them all.
        """
        is_read_down = self.complete and not self.cut and self.read_builds
        older = () if is_read_down else ((0, self.read_from),)
        return (*older, *self.gaps)

    @property
    def has_only_newest(self) -> bool:
        """Whether no more of its builds will be told, though it has more, which are all older than those."""
        return self.cut and not self.complete and self.gap_after is None

    @property
    def is_whole(self) -> bool:
        """Whether all of its builds have been told, as far back as they are kept."""
        return self.complete and self.gap_after is None and not self.unreadable


class JobMove(msgspec.Struct, frozen=True):
    """A job that was renamed or moved: its name before and now, and its address now, with a slash at the end."""

    source: str
    before: str
    after: str
    url: str


CONCLUSIVE = ("SUCCESS", "UNSTABLE", "FAILURE")
"""The results of builds that say something about what was built; ABORTED and NOT_BUILT do not."""
BY_HAND = ("user", "replay")
"""The triggers of builds that a person started."""


class Build(Fact, frozen=True):
    """One Jenkins build. Key: (source, job, number).

    ``building`` is believed before ``result`` (a Pipeline may be running with UNSTABLE). ``namespace`` is None when
    the build cannot be attributed; ``attributed_by`` is the rule that answered: ``parameter``, ``upstream``,
    ``default``, ``pattern``, ``folder`` or empty. ``namespaces`` are all namespaces that it deploys into, ``namespace``
    is the first of them; there is more than one only where the settings split lists (``a,b``). ``duration_ms`` is 0
    while running. ``trigger`` tells what started it: ``user``, ``timer``, ``upstream``, ``scm``, ``branch``,
    ``replay``, ``other`` or empty (not said); ``user`` is the id of who did. ``deleted``: somebody has deleted it in
    Jenkins since; it is history, and nothing is judged by it. ``started_ms`` is in our clock; ``skew_ms``: how far
    that of Jenkins was ahead of it when the build was first seen. ``renews``: of a job that renews tokens the names of
    all parameters, with the values that name a configured token, its application or namespace; of other texts ``?``
    with eight bits of a sum, by which they are told apart.
    """

    source: str
    job: str
    number: int
    url: str
    namespace: str | None = None
    namespaces: tuple[str, ...] = ()
    attributed_by: str = ""
    result: str | None = None
    building: bool = False
    started_ms: int = 0
    duration_ms: int = 0
    version: str = ""
    cause: str = ""
    upstream_job: str = ""
    upstream_number: int | None = None
    git_revision: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    trigger: str = ""
    user: str = ""
    git_branch: str = ""
    deleted: bool = False
    skew_ms: int = 0
    renews: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.source, self.job, self.number)

    @property
    def all_namespaces(self) -> tuple[str, ...]:
        """The namespaces that it was for, also where only the first is told; none where it is not attributed."""
        return self.namespaces or ((self.namespace,) if self.namespace else ())


class QueueItem(Fact, frozen=True):
    """One item that waits in the Jenkins queue. Key: (source, id).

    ``buildable``: nothing but an executor is missing; ``blocked``: another build is in its way; neither: the quiet
    period.
    """

    source: str
    id: int
    job: str
    namespace: str | None = None
    why: str = ""
    blocked: bool = False
    stuck: bool = False
    since_ms: int = 0
    buildable: bool = False

    @property
    def key(self) -> tuple[str, int]:
        return (self.source, self.id)


class Node(Fact, frozen=True):
    """One node of Jenkins. ``reason`` is why it is offline, ``temporarily`` that a person took it out."""

    name: str
    offline: bool = False
    temporarily: bool = False
    reason: str = ""
    busy: int = 0
    total: int = 0


class Executors(Fact, frozen=True):
    """The executors of a Jenkins. Key: (source,).

    ``running`` pairs a build URL with its progress in percent or -1; ``stuck`` are the URLs of builds that take ten
    times what Jenkins expects. ``offline`` names the nodes of ``nodes`` that are.
    """

    source: str
    busy: int = 0
    total: int = 0
    quieting_down: bool = False
    offline: tuple[str, ...] = ()
    running: tuple[tuple[str, int], ...] = ()
    stuck: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()

    @property
    def key(self) -> tuple[str]:
        return (self.source,)


class Stage(Fact, frozen=True):
    """One stage of a Pipeline's build. ``status`` is a word of the stage view: SUCCESS, FAILED, IN_PROGRESS, ...

    Source: ``wfapi/describe``, ``stages``.
    """

    name: str
    status: str = ""
    started_ms: int | None = None
    duration_ms: int = 0
    paused_ms: int = 0
    error: str = ""


class Commit(Fact, frozen=True):
    """One commit of a build's change sets. Source: ``changeSets[items[commitId,msg,author[fullName],timestamp]]``."""

    revision: str
    message: str = ""
    author: str = ""
    at_ms: int | None = None


class BuildDetails(Fact, frozen=True):
    """What is looked up of one build on demand. Key: (source, job, number).

    ``parameters`` are all that may be shown: a password has no value and secrets are left out. ``stages`` are empty
    for what is no Pipeline, or where the stage view is not installed; ``stages_problem`` says so, ``problem`` why
    nothing could be looked up at all. ``runs`` are the axes of a matrix build with the URLs of their runs;
    ``causes`` all causes in words; ``waits_for_input`` that a person must decide before it goes on.
    """

    source: str
    job: str
    number: int
    at_ms: int
    result: str = ""
    building: bool = False
    display_name: str = ""
    description: str = ""
    causes: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    stages: tuple[Stage, ...] = ()
    commits: tuple[Commit, ...] = ()
    more_commits: int = 0
    runs: tuple[tuple[str, str], ...] = ()
    waits_for_input: bool = False
    stages_problem: str = ""
    problem: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.source, self.job, self.number)
