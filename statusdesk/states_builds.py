"""The opinions about what Jenkins does: builds per namespace, platform jobs, development environments."""

import enum

import msgspec

from statusdesk.state import Level, Stamped

NO_RESULT = "NoResult"
"""The reason of a row that is unknown because there is no conclusive build: judged, not unread."""
OVERDUE = "RenewalOverdue"
"""The reason of a renewal that did not succeed when one was due, and the rule whose alert tells it."""
HALF_DESTROYED = "may be destroyed by half"
"""What is said of an environment whose destroying did not come to its end, in each sentence about it."""


class BuildRule(enum.StrEnum):
    """What joined a rollout to its build. ``NONE``: it is known that no build did it; ``UNKNOWN``: nothing is.

    ``NAMESPACE``: no build of the app's own jobs did it, but one of another job that ran for the namespace may have; it
    is named if it is the only one.
    """

    ANNOTATION = "annotation"
    VERSION = "version"
    TIME = "time"
    NAMESPACE = "namespace"
    NONE = "none"
    UNKNOWN = ""


class RunningBuild(msgspec.Struct, frozen=True, gc=False):
    """A build that runs, of a (job, namespace) pair. ``waits``: a person must decide before it goes on."""

    number: int
    started_ms: int = 0
    url: str = ""
    version: str = ""
    cause: str = ""
    waits: bool = False


class BuildState(Stamped, frozen=True, kw_only=True, gc=False):
    """How the newest conclusive build of a job went for one namespace. Key: ``source/job@namespace``.

    ``namespace`` is empty for builds that could not be attributed. The ``other_`` fields tell of a newer build that is
    running or inconclusive (ABORTED, NOT_BUILT). ``running`` are all builds that run, also below newer ones.
    ``usual_ms`` is how long the last builds took that succeeded (their median), None where none did: the estimate for
    one that runs, and what its duration is held against.
    ``green_since_ms``: since when it is well without a break, by the builds: the end of the first success after the
    last build that was none (``was_red``), or of the oldest that is known. One that was deleted was red all the
    same; where it was the newest, since its deletion was seen. Where the environment was destroyed, that moment; None
    while it is not well. ``deploys``: its builds carry a parameter that names a namespace or a version.
    """

    key: str
    source: str
    job: str
    namespace: str
    job_class: str
    level: Level
    reason: str = ""
    message: str = ""
    number: int | None = None
    result: str = ""
    version: str = ""
    url: str = ""
    started_ms: int | None = None
    duration_ms: int = 0
    cause: str = ""
    git_revision: str = ""
    attributed_by: str = ""
    other_number: int | None = None
    other_result: str = ""
    other_started_ms: int | None = None
    last_success_number: int | None = None
    last_success_ms: int | None = None
    user: str = ""
    trigger: str = ""
    git_branch: str = ""
    upstream_job: str = ""
    upstream_number: int | None = None
    usual_ms: int | None = None
    other_url: str = ""
    other_version: str = ""
    other_cause: str = ""
    green_since_ms: int | None = None
    was_red: bool = False
    deploys: bool = False
    running: tuple[RunningBuild, ...] = ()


class Overdue(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A namespace for which a renewal job is overdue (an empty one: the job as a whole), and since when it is.

    ``number`` and ``result`` are those of its newest conclusive build.
    """

    namespace: str
    message: str
    url: str
    since_ms: int
    number: int | None = None
    result: str = ""


class PlatformState(Stamped, frozen=True, kw_only=True, gc=False):
    """Whether a job of the platform does what others rely on. Key: ``source/job``.

    A job that is run for namespaces is judged for each: the row is that of the ``namespace`` where it stands worst.
    ``job_class`` is ``seed``, ``renewal``, ``environment`` or ``other``. ``reason``, with its level:

    - ``Succeeded`` (ok), ``NoResult`` (unknown: no conclusive build is known, and none is overdue)
    - ``SeedFailed`` (failing; warning when unstable): job definitions are as of ``last_success_ms``
    - ``SeedStale`` (warning): the last good seed is older than it should be
    - ``RenewalFailed`` (warning): the last renewal failed, and its period has not passed twice yet
    - ``RenewalOverdue`` (warning, failing once two periods have passed): no renewal succeeded when one was due
    - ``Disabled``, ``Stuck`` (warning; failing for a renewal that is overdue by two periods): why it does not run
    - ``Queued`` (warning): it has waited in the queue for too long
    - ``Failed`` (failing), ``Unstable`` (warning): the newest run of an environment's or another job
    - ``Settled`` (idle): it went wrong, but that environment was made or destroyed well since

    ``message`` says what its silence means. ``number`` to ``cause`` are those of the newest conclusive build, the
    ``running_`` and ``queued_`` fields of one that runs or waits. ``period_s`` is how often it should run, told by
    ``period_rule``: ``configured``, ``learnt`` (the median between its timed runs), ``longest`` (these are uneven: the
    longest gap that recurs) or empty (not known).
    ``next_expected_ms``: when the next success is, or was, due. ``awaited_ms``: since when a first success is waited
    for, by the first run or since the job is known. ``jobs_added`` and ``jobs_removed`` count the jobs that came and
    went since the seed job's last good run began (see ``JobEvent``). ``overdue``: all for which a renewal is overdue
    (``RenewalOverdue``), that of the row too.
    """

    key: str
    source: str
    job: str
    job_class: str
    level: Level
    reason: str = ""
    message: str = ""
    url: str = ""
    disabled: bool = False
    number: int | None = None
    result: str = ""
    started_ms: int | None = None
    duration_ms: int = 0
    cause: str = ""
    last_success_number: int | None = None
    last_success_ms: int | None = None
    running_number: int | None = None
    running_since_ms: int | None = None
    queued_since_ms: int | None = None
    queued_why: str = ""
    period_s: int | None = None
    period_rule: str = ""
    next_expected_ms: int | None = None
    jobs_added: int = 0
    jobs_removed: int = 0
    awaited_ms: int | None = None
    namespace: str = ""
    overdue: tuple[Overdue, ...] = ()


class EnvironmentState(Stamped, frozen=True, kw_only=True, gc=False):
    """One development namespace that is up, comes up or is half made. Key: ``cluster/namespace``.

    ``cluster`` is empty where it is not known. A row ends (``until_ms``) when the environment was destroyed.
    ``reason``, with its level:

    - ``Up`` (ok), ``Making`` and ``Destroying`` (progressing: that build runs)
    - ``LeftUp`` (warning): it is up after hours; ``left_up_ms`` is when the working day ended, or when it was made if
      that was later; ``day_off``: today nobody works at all
    - ``HalfMade`` (failing): the build that should have made it failed, or was aborted (a warning where nothing was
      there)
    - ``HalfDestroyed`` (failing): the build that should have destroyed it failed, or was aborted (warning)

    ``up_since_ms``: since when anything of it is up. ``made_ms``: when it was made whole, which is later where it was
    half made at first; by the build ``job`` ``number`` that ``made_by`` started (empty: by no build that is known).
    ``renewed_ms``: when it was last made once more while it was whole, with ``renewed_job`` ``renewed_number`` that
    ``renewed_by`` started. ``job_gone_ms``: since when Jenkins has no ``job`` any more, which ends no environment; 0
    where that moment is not known, None where Jenkins has it.
    With ``Making`` and ``HalfMade`` that is the build that makes it, or left it so. ``last_job``, ``last_number`` and
    ``last_result`` are of the newest create or destroy build. ``week_up_min`` and
    ``week_after_hours_min``: minutes that it was up within the last seven days, and of these after hours.
    """

    key: str
    cluster: str
    namespace: str
    level: Level
    reason: str = ""
    message: str = ""
    up_since_ms: int | None = None
    made_by: str = ""
    job: str = ""
    number: int | None = None
    url: str = ""
    last_job: str = ""
    last_number: int | None = None
    last_result: str = ""
    last_url: str = ""
    left_up_ms: int | None = None
    day_off: bool = False
    week_up_min: int = 0
    week_after_hours_min: int = 0
    made_ms: int | None = None
    renewed_ms: int | None = None
    renewed_by: str = ""
    renewed_job: str = ""
    renewed_number: int | None = None
    job_gone_ms: int | None = None


class EnvironmentHours(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """For how long environments that are down now were up in the last seven days, all together. Key: (source,).

    ``namespaces``: how many; those that are up tell their own hours.
    """

    source: str
    namespaces: int = 0
    week_up_min: int = 0
    week_after_hours_min: int = 0


class JobEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A job that came or went, or whose definition changed. Key: (source, name, ``at_ms``).

    ``what`` is ``appeared``, ``vanished``, ``renamed`` (``other`` is its new name; the builds went with it),
    ``disabled`` or ``enabled``. ``seed_job`` and ``seed_number`` are of the seed run during or soon after which it
    happened, if any.
    """

    source: str
    name: str
    at_ms: int
    what: str
    other: str = ""
    seed_job: str = ""
    seed_number: int | None = None
    change: int = 0

    @property
    def key(self) -> tuple[str, str, int]:
        return self.source, self.name, self.at_ms
