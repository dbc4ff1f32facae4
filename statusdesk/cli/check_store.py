"""The part of ``statusdesk check`` that is about the store: can it be read and written, and does anybody collect."""

from collections.abc import Iterator
from pathlib import Path

from statusdesk.cli.findings import FAILED, OK, WARNING, Finding
from statusdesk.cli.opening import now_ms, store_path
from statusdesk.collecting import lost_ms
from statusdesk.config import Config
from statusdesk.job_classes import makes_environments
from statusdesk.job_names import shown_job
from statusdesk.states import Collector
from statusdesk.store.builds import Unattributed
from statusdesk.store.errors import StoreError
from statusdesk.store.lock import holder
from statusdesk.store.opening import directory_problem
from statusdesk.store.reader import Reader, StoreCounts
from statusdesk.store.writable import file_problem, place_problem
from statusdesk.text import counted, iso, span


def store_findings(config: Config) -> Iterator[Finding]:
    """Look at the state directory, at the file in it, and at who collects into it.

    Whether it can be written is tried only where nobody writes it: a reader needs no right that its collector has.
    """
    path = store_path(config)
    state_dir = path.parent
    try:
        missing = not state_dir.is_dir()
        open_to_others = "" if missing else directory_problem(state_dir)
    except OSError as error:
        yield Finding("store", FAILED, f"{state_dir} cannot be looked into: {error.strerror}")
        return
    if missing:
        problem = place_problem(state_dir)
        told = f"there is no {state_dir} yet; the first `statusdesk watch` or board makes it"
        yield Finding("store", FAILED, problem) if problem else Finding("store", WARNING, told)
        return
    if open_to_others:
        yield Finding("store", FAILED, open_to_others)
    try:
        with Reader(path) as reader:
            counts, collector = reader.counts(), reader.collector()
            unattributed = [each for each in reader.unattributed() if makes_environments(config, each.job)]
    except StoreError as error:
        yield Finding("store", FAILED if _may_stand(path) else WARNING, str(error))
        if holder(state_dir) is None and (problem := place_problem(state_dir)):
            yield Finding("store", FAILED, problem)
        return
    yield from _of_file(path, counts)
    yield from map(_of_environment_job, unattributed)
    silence = lost_ms(collector, now_ms())
    if silence is not None and (problem := place_problem(state_dir) or file_problem(path)):
        yield Finding("store", FAILED, problem)
    yield _of_collector(collector, silence)


def _may_stand(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True


def _of_file(path: Path, counts: StoreCounts) -> Iterator[Finding]:
    oldest = f", oldest row {iso(counts.oldest_ms)}" if counts.oldest_ms is not None else ", no rows yet"
    mode = path.stat().st_mode & 0o777
    yield Finding("store", OK, f"{path}: mode {mode:04o}, {counts.bytes / 1e6:.1f} MB{oldest}")
    if mode & 0o007:
        yield Finding("store", WARNING, f"{path} is open to everybody (mode {mode:04o}); run chmod 640 {path}")


def _of_environment_job(found: Unattributed) -> Finding:
    """Tell that builds of a job make or destroy environments of which nobody knows the names."""
    said = (
        f"{counted(found.builds, 'build')} of {shown_job(found.job)}, the newest #{found.newest}, ran for no namespace"
    )
    mend = "see namespace_parameters, namespace_patterns and namespace_folders of [jenkins]"
    return Finding("environments", WARNING, f"{said} that is known: what they made or destroyed is not told; {mend}")


def _of_collector(collector: Collector | None, silence: int | None) -> Finding:
    if collector is None or silence is not None:
        since = f" for {span(silence)}" if collector is not None and silence else ""
        return Finding("collector", WARNING, f"none is running{since}; start `statusdesk watch` or a board")
    said = f"process {collector.pid} ({collector.owner}) since {iso(collector.started_ms)}"
    return Finding("collector", OK, said)
