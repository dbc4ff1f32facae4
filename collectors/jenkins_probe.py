"""What ``statusdesk check`` tries at a Jenkins."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from collectors.jenkins_api import JenkinsApi
from collectors.jenkins_facts import jobs_in, seen_job
from collectors.jenkins_queries import MAX_LEVELS, QUEUE, RUNNING, slow_scan, tick
from collectors.jenkins_skew import ServerClock
from collectors.jenkins_wire import Computers, Definitions, Queue, Root
from collectors.probe import Probe
from collectors.transport import VisitFailed
from statusdesk.config import JenkinsSettings
from statusdesk.text import counted

PATIENCE = 3.0


def probe_jenkins(
    settings: JenkinsSettings,
    token: Callable[[], str] | None,
    held_against: Callable[[Sequence[str]], Iterable[str]] = lambda names: (),
) -> list[Probe]:
    """Try everything that the collector needs, once; what fails says how to mend or grant it.

    ``held_against`` is given the full names of all jobs and says what of the configuration does not fit them.
    """
    try:
        server_clock = ServerClock()
        api = JenkinsApi.connect(settings, token, server_clock)
        who = api.who()
    except VisitFailed as error:
        return [Probe(ok=False, what="jenkins", message=error.message)]
    found = [
        Probe(ok=True, what="jenkins", message=f"{api.where} answers: version {api.version or 'not told'}"),
        _probe_who(settings, who),
    ]
    try:
        root = api.get(tick(MAX_LEVELS), Root, PATIENCE)
    except VisitFailed as error:
        return [*found, Probe(ok=False, what="jenkins jobs", message=error.message)]
    names = [seen.name for seen in map(seen_job, jobs_in(root)) if seen is not None]
    said = f"no jobs are visible to {who}: grant Job/Read and View/Read to it"
    if names:
        said = f"{counted(len(names), 'job')} {'is' if len(names) == 1 else 'are'} visible"
    found.append(Probe(ok=bool(names), what="jenkins jobs", message=said))
    for said in held_against(names) if names else ():
        found.append(Probe(ok=False, what="jenkins jobs", message=said, warns=True))
    found += _probe_reading(api)
    off = server_clock.problem(api.where)
    return [*found, Probe(ok=False, what="jenkins clock", message=off.message, warns=True)] if off else found


def _probe_reading(api: JenkinsApi) -> Iterator[Probe]:
    """Try what is read beside the jobs."""
    for what, look in (
        ("jenkins job definitions", lambda: api.get(slow_scan(1), Definitions, PATIENCE)),
        ("jenkins executors", lambda: api.get(RUNNING, Computers)),
        ("jenkins queue", lambda: api.get(QUEUE, Queue)),
    ):
        try:
            look()
        except VisitFailed as error:
            yield Probe(ok=False, what=what, message=error.message)
        else:
            yield Probe(ok=True, what=what, message="can be read")


def _probe_who(settings: JenkinsSettings, who: str) -> Probe:
    if who == "anonymous" and settings.user:
        said = f"Jenkins takes us for anonymous, not {settings.user}: set a token (token_env or token_file)"
        return Probe(ok=False, what="jenkins user", message=said)
    return Probe(ok=True, what="jenkins user", message=f"we are {who}")
