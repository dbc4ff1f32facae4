"""What the desk asks a cluster to look up, for rollouts that roll or are not healthy; the answers are facts.

Each want is answered by one message, or by none when the lookup failed: who still wants it asks again.
"""

import msgspec

WorkloadKey = tuple[str, str, str, str]
"""(cluster, namespace, kind, name)"""


class RevisionsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """The revisions of a workload: answered by a ``Swept`` of ``Revision`` whose subkind is ``kind/name``."""

    workload: WorkloadKey
    uid: str
    selector: str = ""


class EventsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """The events about some objects of a workload, told by their uids: answered by a ``Swept`` of ``Event``.

    ``urgent`` ones go first.
    """

    workload: WorkloadKey
    uids: tuple[str, ...]
    urgent: bool = False


class LogWanted(msgspec.Struct, frozen=True, kw_only=True):
    """The last lines of a container: answered by a ``Changed`` of ``LogTail``, which tells of a failure too."""

    cluster: str
    namespace: str
    pod: str
    pod_uid: str
    container: str
    previous: bool = False


class BuildWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a build's page shows: answered by a ``Changed`` of ``BuildDetails``, which tells of a failure too."""

    job: str
    number: int
    url: str
    urgent: bool = False  # somebody waits for it
    ended: bool = False  # what was looked up while it ran is not enough


Wanted = RevisionsWanted | EventsWanted | LogWanted


def cluster_of(wanted: Wanted) -> str:
    """Return the cluster that can answer."""
    return wanted.cluster if isinstance(wanted, LogWanted) else wanted.workload[0]


def subkind_of(workload: WorkloadKey) -> str:
    """Return the subkind of the sweeps about a workload."""
    return f"{workload[2]}/{workload[3]}"
