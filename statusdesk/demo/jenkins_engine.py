"""The simulated Jenkins at work: quiet period, queue, executors, builds that run, end, are aborted or deleted."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from statusdesk.demo.clock import WorldClock
from statusdesk.demo.jenkins_model import (
    Build,
    Cause,
    Computer,
    Executor,
    Folder,
    FolderKind,
    Job,
    JobKind,
    Parameter,
    QueueItem,
    Values,
    Waiting,
)

Given = Mapping[str, str | bool | None]


@dataclass(slots=True, frozen=True)
class Course:
    """How a build will go: how long, how it ends, and what happens when its work is done (at seven tenths)."""

    takes_s: float = 8.0
    result: str = "SUCCESS"
    trouble: tuple[str, ...] = ()
    revision: str = ""
    branch: str = "refs/remotes/origin/main"
    midway: Callable[[Build], None] | None = None
    early_result: bool = False  # the result is known while it still runs, as after Pipeline's ``unstable()``


class Jenkins:
    """One Jenkins, driven by calls on the event loop's thread and seen over HTTP (``jenkins_app``)."""

    version = "2.263.4"

    def __init__(self, clock: WorldClock, *, seed: int = 1, agents: int = 2, quiet_s: float = 5.0) -> None:
        self.clock = clock
        self.url = ""  # the root address with a slash at the end; set when it is served
        self.root = Folder(name="", parent=None)
        self.queue: list[QueueItem] = []
        self.quieting_down = False
        self.hide_jobs = False  # answer as to a user without Job/Read: 200 and no jobs
        self.computers = [Computer(name="master", executors=[Executor(0), Executor(1)])]
        for number in range(1, agents + 1):
            self.computers.append(Computer(name=f"agent-{number}", executors=[Executor(n) for n in range(4)]))
        self._random = random.Random(seed)
        self._quiet_s = quiet_s
        self._next_queue_id = 1
        self._slots: dict[Build, Executor] = {}
        self._stops: dict[Build, asyncio.Event] = {}
        self._moved = asyncio.Condition()
        self.session = self._new_session()

    def now_ms(self) -> int:
        """Return the world's time."""
        return self.clock.now_ms()

    def add_folder(self, full_name: str, kind: FolderKind = FolderKind.FOLDER) -> Folder:
        """Make a folder (and those above it) or return the one that is there."""
        here = self.root
        for part in full_name.split("/") if full_name else ():
            child = here.children.get(part)
            if child is None:
                child = Folder(name=part, parent=here, kind=kind)
                here.children[part] = child
            if not isinstance(child, Folder):
                raise ValueError(f"{child.full_name} is a job, not a folder")
            here = child
        return here

    def add_job(
        self,
        full_name: str,
        kind: JobKind = JobKind.FREESTYLE,
        *,
        parameters: tuple[Parameter, ...] = (),
        description: str = "",
        concurrent: bool = False,
        disabled: bool = False,
        repository: str = "",
        app: str = "",
    ) -> Job:
        """Make a job; its folder must be there, or is made as an ordinary one."""
        above, _, name = full_name.rpartition("/")
        folder = self.add_folder(above)
        job = Job(name=name, parent=folder, kind=kind, parameters=parameters, description=description)
        job.concurrent, job.disabled, job.repository, job.app = concurrent, disabled, repository, app
        folder.children[name] = job
        return job

    def job(self, full_name: str) -> Job:
        """Return a job by its full name. Raises: KeyError."""
        here: Folder | Job = self.root
        for part in full_name.split("/"):
            if not isinstance(here, Folder):
                raise KeyError(full_name)
            here = here.children[part]
        if not isinstance(here, Job):
            raise KeyError(full_name)
        return here

    def visible_jobs(self) -> list[Folder | Job]:
        """Return what the root lists."""
        return [] if self.hide_jobs else list(self.root.children.values())

    def values(self, job: Job, given: Given) -> Values:
        """Return the parameters of a new build: all that the job defines, what is not given from its default.

        What the job does not define is dropped, as Jenkins does.
        """
        return tuple((p.name, given.get(p.name, p.default)) for p in job.parameters)

    def place(
        self, job: Job, started_ms: int, took_ms: int, parameters: Values | None, cause: Cause, course: Course
    ) -> Build:
        """Put a finished build into the past."""
        build = Build(
            job=job,
            number=job.next_number,
            started_ms=started_ms,
            planned_ms=took_ms,
            parameters=parameters,
            cause=cause,
            queue_id=self._queue_id(),
            building=False,
            result=course.result,
            duration_ms=took_ms,
            revision=course.revision,
            branch=course.branch,
            trouble=course.trouble,
        )
        job.add(build)
        return build

    async def build(self, job: Job, given: Given, cause: Cause, course: Course) -> Build | None:
        """Queue a build, wait for its turn, run it to its end; None when the job is disabled."""
        if job.disabled:
            return None
        parameters = self.values(job, given) if job.parameters else None
        item = self._enqueue(job, parameters, cause)
        try:
            await self.clock.sleep(self._quiet_s)
            executor = await self._turn(item)
        finally:
            self.queue.remove(item)
            job.queued.remove(item)
        build = self._start(item, executor, course)
        try:
            await self._work(build, course)
        finally:
            await self._free(build)
        return build

    def abort(self, build: Build) -> None:
        """Abort a running build, as a person does with the red cross."""
        if build in self._stops:
            self._stops[build].set()

    def restart(self) -> None:
        """Restart: a new session, and running freestyle builds end as aborted while Pipelines resume."""
        self.session = self._new_session()
        for build in list(self._stops):
            if build.job.kind is not JobKind.PIPELINE:
                self.abort(build)

    def running(self) -> list[Build]:
        """Return the builds that run now."""
        return list(self._slots)

    def executor_of(self, build: Build) -> Executor | None:
        """Return where a build runs; None when it does not."""
        return self._slots.get(build)

    def likely_stuck(self, executor: Executor) -> bool:
        """Tell whether Jenkins would call it stuck: ten times the estimate."""
        build = executor.build
        return build is not None and 0 < build.job.estimate_ms * 10 < self.now_ms() - build.started_ms

    def why(self, item: QueueItem) -> str:
        """Return why an item waits, in Jenkins' words."""
        if item.waiting is Waiting.QUIET:
            left_s = max(0.0, (item.quiet_until_ms - self.now_ms()) / 1000)
            return f"In the quiet period. Expires in {left_s:.1f} sec"
        if item.waiting is Waiting.BLOCKED and item.job.last:
            estimate_ms = item.job.estimate_ms
            left = "N/A"
            if estimate_ms > 0:
                left = f"{max(0, estimate_ms - (self.now_ms() - item.job.last.started_ms)) // 1000} sec"
            return f"Build #{item.job.last.number} is already in progress (ETA: {left})"
        return "Jenkins is about to shut down" if self.quieting_down else "Waiting for next available executor"

    def _new_session(self) -> str:
        return f"{self._random.getrandbits(32):08x}"

    def _queue_id(self) -> int:
        self._next_queue_id += 1
        return self._next_queue_id - 1

    def _enqueue(self, job: Job, parameters: Values | None, cause: Cause) -> QueueItem:
        now = self.now_ms()
        quiet_ms = int(self.clock.wall_s(self._quiet_s) * 1000)
        item = QueueItem(self._queue_id(), job, parameters, cause, now, now + quiet_ms)
        self.queue.append(item)
        job.queued.append(item)
        return item

    async def _turn(self, item: QueueItem) -> Executor:
        """Wait until the job is free and an executor idle, and take that executor."""
        item.buildable_since_ms = self.now_ms()
        async with self._moved:
            while True:
                busy = not item.job.concurrent and any(build.job is item.job for build in self._slots)
                item.waiting = Waiting.BLOCKED if busy else Waiting.BUILDABLE
                if not busy and not self.quieting_down:
                    executor = self._idle_executor(item.job)
                    if executor is not None:
                        return executor
                await self._moved.wait()

    def _idle_executor(self, job: Job) -> Executor | None:
        if job.kind is JobKind.PIPELINE:  # Pipelines run on flyweight executors of the controller
            executor = Executor(-1, flyweight=True)
            self.computers[0].flyweights.append(executor)
            return executor
        for computer in self.computers[::-1]:
            for executor in computer.executors:
                if executor.build is None and not computer.offline:
                    return executor
        return None

    def _start(self, item: QueueItem, executor: Executor, course: Course) -> Build:
        build = Build(
            job=item.job,
            number=item.job.next_number,
            started_ms=self.now_ms(),
            planned_ms=int(self.clock.wall_s(course.takes_s) * 1000),
            parameters=item.parameters,
            cause=item.cause,
            queue_id=item.id,
            revision=course.revision,
            branch=course.branch,
            axes=item.job.last.axes if item.job.last else (),
        )
        item.job.add(build)
        executor.build = build
        self._slots[build] = executor
        self._stops[build] = asyncio.Event()
        return build

    async def _work(self, build: Build, course: Course) -> None:
        result = "ABORTED"
        if await self._unless_stopped(build, course.takes_s * 0.7):
            build.trouble = course.trouble
            if course.midway is not None:
                course.midway(build)
            if course.early_result:
                build.result = course.result
            if await self._unless_stopped(build, course.takes_s * 0.3):
                result = course.result
        build.duration_ms = max(1, self.now_ms() - build.started_ms)
        build.result, build.building = result, False

    async def _unless_stopped(self, build: Build, world_seconds: float) -> bool:
        try:
            async with asyncio.timeout(self.clock.wall_s(world_seconds)):
                await self._stops[build].wait()
        except TimeoutError:
            return True
        return False

    async def _free(self, build: Build) -> None:
        executor = self._slots.pop(build)
        del self._stops[build]
        executor.build = None
        if executor.flyweight:
            self.computers[0].flyweights.remove(executor)
        async with self._moved:
            self._moved.notify_all()

    async def set_quieting_down(self, quieting_down: bool) -> None:
        """Prepare for shutdown, or cancel that: nothing new leaves the queue meanwhile."""
        async with self._moved:
            self.quieting_down = quieting_down
            self._moved.notify_all()
