"""The jobs of one tick after the other: what is as it was before is neither taken apart nor made anew."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from collectors.jenkins_facts import Definition, SeenJob, job_of, jobs_in, seen_job
from collectors.jenkins_history import UNREAD, Read
from collectors.jenkins_wire import Root
from statusdesk.config import JenkinsSettings
from statusdesk.facts import Job


class _Fact(NamedTuple):
    seen: SeenJob
    definition: Definition | None
    read: Read
    skew_ms: int
    job: Job


class JobFacts:
    """Remembers what the last tick said of each job: one of which it said the same is the same object."""

    def __init__(self, settings: JenkinsSettings) -> None:
        self._settings = settings
        self._seen: dict[str | None, SeenJob] = {}
        self._facts: dict[str, _Fact] = {}
        self._made_of: tuple[object, ...] = ()
        self._made: tuple[Job, ...] = ()
        self._taken: dict[str, SeenJob] = {}
        self._taken_of: Sequence[SeenJob] | None = None
        self._body = b""
        self._root = Root()
        self._found_in: Root | None = None
        self._found: list[SeenJob] = []

    def read(self, body: bytes, decode: Callable[[bytes], Root]) -> Root:
        """Return what a tick says; an answer that says what the last one said is not read again."""
        if body != self._body:
            self._root, self._body = decode(body), body
        return self._root

    def seen(self, root: Root) -> list[SeenJob]:
        """Return every job of a tick with its folders walked, in their order; the same list for the same one."""
        if root is self._found_in:
            return self._found
        found: list[SeenJob] = []
        before = self._seen
        for wire in jobs_in(root):
            known = before.get(wire.url)
            if known is None or known.wire != wire:
                same = known is not None and known.wire.fullName == wire.fullName
                known = SeenJob(known.name, known.path, wire) if same and known else seen_job(wire)
            if known is not None:
                found.append(known)
        self._seen = {seen.wire.url: seen for seen in found}
        self._found_in, self._found = root, found
        return found

    def facts(
        self,
        jobs: Sequence[SeenJob],
        definitions: Mapping[str, Definition],
        reads: Mapping[str, Read],
        skew_ms: int = 0,
    ) -> tuple[Job, ...]:
        """Return the facts of the jobs; ``reads``: of which builds were read; ``skew_ms`` as for ``job_of``.

        What is given is compared with what was given before: it must not be changed later.
        """
        made_of = jobs, definitions, reads, skew_ms
        if made_of != self._made_of:
            self._made_of, self._made = made_of, self._anew(jobs, definitions, reads, skew_ms)
        return self._made

    def _anew(
        self,
        jobs: Sequence[SeenJob],
        definitions: Mapping[str, Definition],
        reads: Mapping[str, Read],
        skew_ms: int,
    ) -> tuple[Job, ...]:
        before, self._facts = self._facts, {}
        for seen in jobs:
            name, read = seen.name, reads.get(seen.name, UNREAD)
            definition, known = definitions.get(name), before.get(name)
            if (
                known is None
                or known.seen is not seen
                or (known.read is not read and known.read != read)
                or known.skew_ms != skew_ms
                or (known.definition is not definition and known.definition != definition)
            ):
                job = job_of(seen, definition, read, self._settings, skew_ms)
                known = _Fact(seen, definition, read, skew_ms, job)
            self._facts[name] = known
        return tuple(known.job for known in self._facts.values())

    def with_news(self, jobs: Sequence[SeenJob]) -> list[SeenJob]:
        """Return the jobs of which nothing was taken yet, or something else; until they are ``taken``."""
        if jobs is self._taken_of:
            return []
        return [seen for seen in jobs if self._taken.get(seen.name) is not seen]

    def taken(self, jobs: Sequence[SeenJob]) -> None:
        """Take note that everything that a tick said of the builds was taken."""
        if jobs is not self._taken_of:
            self._taken_of, self._taken = jobs, {seen.name: seen for seen in jobs}
