"""Which jobs have built what is remembered: found by their names, and by the namespaces that their builds went to."""

from collections.abc import Collection

from statusdesk.job_names import spellings

JobKey = tuple[str, str]


class BuiltJobs:
    """The jobs (source, name) with builds; ``namespaces`` of each, one is empty for those that are not attributed."""

    def __init__(self) -> None:
        self.namespaces: dict[JobKey, set[str]] = {}
        self._by_name: dict[str, set[JobKey]] = {}
        self._by_namespace: dict[str, set[JobKey]] = {}

    def add(self, job: JobKey, namespace: str) -> int:
        """Note that a job built for a namespace; return for how many it did."""
        known = self.namespaces.get(job)
        if known is None:
            known = self.namespaces[job] = set()
            for name in spellings(job[1]):
                self._by_name.setdefault(name, set()).add(job)
        known.add(namespace)
        self._by_namespace.setdefault(namespace, set()).add(job)
        return len(known)

    def drop(self, job: JobKey, namespace: str) -> None:
        """Forget that a job built for a namespace."""
        self.namespaces[job].discard(namespace)
        _discard(self._by_namespace, namespace, job)

    def forget(self, job: JobKey) -> None:
        """Forget a job."""
        for namespace in self.namespaces.pop(job, ()):
            _discard(self._by_namespace, namespace, job)
        for name in spellings(job[1]):
            _discard(self._by_name, name, job)

    def named(self, name: str) -> Collection[JobKey]:
        """Return the jobs of this name, which may be written with dashes for the slashes of folders."""
        return self._by_name.get(name, ()) if name else ()

    def built_for(self, namespace: str) -> Collection[JobKey]:
        """Return the jobs that built for a namespace."""
        return self._by_namespace.get(namespace, ())


def _discard(index: dict[str, set[JobKey]], name: str, job: JobKey) -> None:
    found = index.get(name, set())
    found.discard(job)
    if not found:
        index.pop(name, None)
