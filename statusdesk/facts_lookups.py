"""The nouns of what is looked up on demand, for rollouts that are not healthy; part of ``facts``."""

from statusdesk.fact import Fact


class Event(Fact, frozen=True):
    """One event of the core group about an object. Key: (cluster, namespace, uid of the event).

    ``type`` is ``Normal`` or ``Warning``; ``count`` is how often it was seen between ``first_ms`` and ``last_ms``;
    ``source`` is the component that tells it. Kubernetes forgets events after an hour.
    """

    cluster: str
    namespace: str
    uid: str
    object_kind: str
    object_name: str
    object_uid: str = ""
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int = 1
    first_ms: int | None = None
    last_ms: int | None = None
    source: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.cluster, self.namespace, self.uid)


class Revision(Fact, frozen=True):
    """One ``ReplicaSet`` or ``ControllerRevision`` of a workload. Key: (cluster, namespace, kind, name).

    ``hash`` is what its pods carry as ``Pod.revision``; ``revision`` the number, which rises when an old one is used
    again. ``replicas`` is what a ReplicaSet was to reach, ``images`` are known of ControllerRevisions only.
    """

    cluster: str
    namespace: str
    kind: str
    name: str
    uid: str
    owner_uid: str = ""
    hash: str = ""
    revision: int = 0
    created_ms: int | None = None
    replicas: int | None = None
    images: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.cluster, self.namespace, self.kind, self.name)


class LogTail(Fact, frozen=True):
    """The last lines of a container, of its present run or the one before; clean and redacted.

    ``problem`` says why there are none. Key: (cluster, namespace, pod, container, previous).
    """

    cluster: str
    namespace: str
    pod: str
    pod_uid: str
    container: str
    previous: bool
    at_ms: int
    lines: tuple[str, ...] = ()
    problem: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, bool]:
        return (self.cluster, self.namespace, self.pod, self.container, self.previous)
