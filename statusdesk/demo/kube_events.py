"""Events of a simulated cluster: counted when they repeat, combined when alike, gone after an hour."""

import time
from dataclasses import dataclass

from statusdesk.demo.clock import WorldClock
from statusdesk.demo.kube_kinds import EVENTS, Obj
from statusdesk.demo.kube_store import KubeStore

_ALIKE = 10
_KEPT_MS = 3_600_000
_MOST = 20_000


def stamp(at_ms: int | None) -> str | None:
    """Return a time as the API writes it, to the second."""
    return None if at_ms is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms // 1000))


@dataclass(frozen=True, slots=True)
class About:
    """What an event is about."""

    kind: str
    api_version: str
    namespace: str
    name: str
    uid: str
    version: int = 0
    path: str = ""


@dataclass(slots=True)
class _Record:
    name: str
    uid: str
    about: About
    type: str
    reason: str
    message: str
    component: str
    host: str
    first_ms: int
    last_ms: int
    count: int = 1


class EventRecorder:
    """Writes events as controllers and kubelets do."""

    def __init__(self, clock: WorldClock, store: KubeStore) -> None:
        self._clock = clock
        self._store = store
        self._records: dict[tuple[str, ...], _Record] = {}
        self._alike: dict[tuple[str, str], int] = {}
        self._made = 0

    def record(
        self, about: About, reason: str, message: str, component: str, *, warning: bool = False, host: str = ""
    ) -> None:
        """Tell that something happened."""
        key = (about.uid, about.path, reason, message)
        record = self._records.get(key)
        if record is None:
            seen = self._alike[about.uid, reason] = self._alike.get((about.uid, reason), 0) + 1
            if seen >= _ALIKE and warning:
                message = f"(combined from similar events): {message}"
                key = (about.uid, about.path, reason, "")
                record = self._records.get(key)
        now_ms = self._clock.now_ms()
        if record is None:
            self._made += 1
            name = f"{about.name}.{(now_ms * 1_000_000 + self._made) & 0xFFFFFFFFFFFFFFFF:016x}"
            uid = f"{self._made:08x}-0000-4000-8000-{now_ms & 0xFFFFFFFFFFFF:012x}"
            kind = "Warning" if warning else "Normal"
            record = _Record(name, uid, about, kind, reason, message, component, host, now_ms, now_ms)
            self._records[key] = record
            if len(self._records) > _MOST:
                self.forget(now_ms - _KEPT_MS // 12)
        else:
            record.count += 1
            record.last_ms = now_ms
            record.message = message
        self._put(record)

    def _put(self, record: _Record) -> None:
        about = record.about
        fields = {
            "metadata.name": record.name,
            "metadata.namespace": about.namespace,
            "involvedObject.kind": about.kind,
            "involvedObject.namespace": about.namespace,
            "involvedObject.name": about.name,
            "involvedObject.uid": about.uid,
            "involvedObject.fieldPath": about.path,
            "involvedObject.apiVersion": about.api_version,
            "reason": record.reason,
            "type": record.type,
            "source": record.component,
            "reportingComponent": record.component,
        }
        self._store.put(EVENTS, _event_object(record), fields)

    def forget(self, before_ms: int | None = None) -> None:
        """Delete events that have not repeated for an hour (or since ``before_ms``)."""
        oldest_ms = self._clock.now_ms() - _KEPT_MS if before_ms is None else before_ms
        for key, record in list(self._records.items()):
            if record.last_ms < oldest_ms:
                del self._records[key]
                self._alike.pop((record.about.uid, record.reason), None)
                self._store.remove(EVENTS, record.about.namespace, record.name)


def _event_object(record: _Record) -> Obj:
    about = record.about
    scheduler = record.component == "default-scheduler"
    involved = {"kind": about.kind, "namespace": about.namespace, "name": about.name, "uid": about.uid}
    involved |= {"apiVersion": about.api_version, "resourceVersion": str(about.version or 1)}
    if about.path:
        involved["fieldPath"] = about.path
    source: Obj = {} if scheduler else {"component": record.component}
    if record.host:
        source["host"] = record.host
    event: Obj = {
        "metadata": {
            "name": record.name,
            "namespace": about.namespace,
            "uid": record.uid,
            "resourceVersion": "",
            "creationTimestamp": stamp(record.first_ms),
            "managedFields": [_managed(record)],
        },
        "involvedObject": involved,
        "reason": record.reason,
        "message": record.message,
        "source": source,
        "firstTimestamp": None if scheduler else stamp(record.first_ms),
        "lastTimestamp": None if scheduler else stamp(record.last_ms),
    }
    if not scheduler:
        event["count"] = record.count
    event["type"] = record.type
    event["eventTime"] = _micro(record.first_ms) if scheduler else None
    if scheduler:
        event["action"] = "Binding" if record.reason == "Scheduled" else "Scheduling"
        if record.count > 1:
            event["series"] = {"count": record.count, "lastObservedTime": _micro(record.last_ms)}
    event["reportingComponent"] = record.component
    event["reportingInstance"] = record.host or (f"{record.component}-1" if scheduler else "")
    return event


def _micro(at_ms: int) -> str:
    return f"{(stamp(at_ms) or '')[:-1]}.{at_ms % 1000:03d}000Z"


def _managed(record: _Record) -> Obj:
    names = ("count", "firstTimestamp", "involvedObject", "lastTimestamp", "message", "reason", "reportingComponent")
    owned: Obj = {f"f:{name}": {} for name in names}
    owned |= {"f:source": {"f:component": {}}, "f:type": {}}
    return {
        "manager": record.component,
        "operation": "Update",
        "apiVersion": "v1",
        "time": stamp(record.first_ms),
        "fieldsType": "FieldsV1",
        "fieldsV1": owned,
    }
