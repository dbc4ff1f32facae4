"""What is looked up on demand, on the wire and as facts: events, revisions, log lines."""

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

from collectors.kubernetes_facts import REVISION_ANNOTATION
from collectors.kubernetes_remembered import Times
from collectors.kubernetes_wire import ListWire, MetaWire, TemplateWire, Wire
from statusdesk.facts import Event, LogTail, Revision
from statusdesk.redact import safe, safe_lines
from statusdesk.text import clean
from statusdesk.wants import LogWanted

TEMPLATE_HASH_LABEL = "pod-template-hash"
REVISION_HASH_LABEL = "controller-revision-hash"
DESIRED_ANNOTATION = "deployment.kubernetes.io/desired-replicas"
LOG_LINES = 200


class _ObjectWire(Wire):
    kind: str = ""
    name: str = ""
    uid: str = ""


class _SourceWire(Wire):
    component: str = ""


class _SeriesWire(Wire):
    count: int = 0
    last_observed_time: str | None = None


class CoreEventWire(Wire):
    """An event of the core group; those of the scheduler have ``eventTime`` and ``series`` instead of counts."""

    metadata: MetaWire
    involved_object: _ObjectWire
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: _SeriesWire | None = None
    source: _SourceWire | None = None
    reporting_component: str = ""


class _OwnerWire(Wire):
    uid: str = ""
    controller: bool | None = None


class _RevisionMetaWire(MetaWire):
    owner_references: list[_OwnerWire] | None = None


class _DataSpecWire(Wire):
    template: TemplateWire | None = None


class _DataWire(Wire):
    spec: _DataSpecWire | None = None


class RevisionWire(Wire):
    """A ReplicaSet's metadata, or a ControllerRevision."""

    metadata: _RevisionMetaWire
    revision: int = 0
    data: _DataWire | None = None


EVENTS_PAGE: msgspec.json.Decoder[ListWire[CoreEventWire]] = msgspec.json.Decoder(ListWire[CoreEventWire])
REVISIONS_PAGE: msgspec.json.Decoder[ListWire[RevisionWire]] = msgspec.json.Decoder(ListWire[RevisionWire])
_NOTHING: Mapping[str, str] = {}


def event_of(cluster: str, wire: CoreEventWire, times: Times) -> Event:
    """Return the fact of an event. Source: ``GET /api/v1/namespaces/{namespace}/events``."""
    about, series = wire.involved_object, wire.series
    created_ms = times[wire.metadata.creation_timestamp]
    first_ms = times[wire.first_timestamp] or times[wire.event_time] or created_ms
    last_ms = times[series.last_observed_time] if series is not None else times[wire.last_timestamp]
    return Event(
        cluster=cluster,
        namespace=clean(wire.metadata.namespace),
        uid=clean(wire.metadata.uid),
        object_kind=clean(about.kind),
        object_name=clean(about.name),
        object_uid=clean(about.uid),
        type=clean(wire.type),
        reason=clean(wire.reason),
        message=safe(wire.message),
        count=max(1, series.count if series is not None else wire.count or 1),
        first_ms=first_ms,
        last_ms=last_ms or first_ms,
        source=clean((wire.source.component if wire.source is not None else "") or wire.reporting_component),
    )


def newest_first(event: Event) -> tuple[int, str]:
    """Order events by when they were last seen, the newest first."""
    return -(event.last_ms or 0), event.uid


def revision_of(cluster: str, owner_kind: str, wire: RevisionWire, times: Times) -> Revision:
    """Return the fact of a revision of a workload of a kind.

    Source: ``GET /apis/apps/v1/namespaces/{namespace}/{replicasets|controllerrevisions}``.
    """
    meta = wire.metadata
    labels, annotations = meta.labels or _NOTHING, meta.annotations or _NOTHING
    name = clean(meta.name)
    owner = next((one for one in meta.owner_references or () if one.controller), None)
    number, replicas = wire.revision, None
    with contextlib.suppress(ValueError):
        number = int(annotations.get(REVISION_ANNOTATION, number))
    with contextlib.suppress(ValueError, KeyError):
        replicas = int(annotations[DESIRED_ANNOTATION])
    # the pods of a StatefulSet carry the whole name of their revision, those of the others a hash
    its_hash = labels.get(TEMPLATE_HASH_LABEL) or labels.get(REVISION_HASH_LABEL)
    return Revision(
        cluster=cluster,
        namespace=clean(meta.namespace),
        kind="ReplicaSet" if owner_kind == "Deployment" else "ControllerRevision",
        name=name,
        uid=clean(meta.uid),
        owner_uid=clean(owner.uid) if owner is not None else "",
        hash=name if owner_kind == "StatefulSet" or not its_hash else clean(its_hash),
        revision=number,
        created_ms=times[meta.creation_timestamp],
        replicas=replicas,
        images=_images(wire.data),
    )


def _images(data: _DataWire | None) -> tuple[tuple[str, str], ...]:
    template = data.spec.template if data is not None and data.spec is not None else None
    containers = template.spec.containers if template is not None and template.spec is not None else None
    return tuple((clean(one.name), clean(one.image)) for one in containers or ())


def log_tail(wanted: LogWanted, at_ms: int, body: bytes = b"", problem: str = "") -> LogTail:
    """Return the fact of a log. Source: ``GET /api/v1/namespaces/{namespace}/pods/{pod}/log``."""
    lines = body.decode("utf-8", "replace").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return LogTail(
        cluster=wanted.cluster,
        namespace=wanted.namespace,
        pod=wanted.pod,
        pod_uid=wanted.pod_uid,
        container=wanted.container,
        previous=wanted.previous,
        at_ms=at_ms,
        lines=safe_lines(lines[-LOG_LINES:]),
        problem=clean(problem),
    )


def log_query(wanted: LogWanted) -> list[tuple[str, Any]]:
    """Return the query of a log."""
    query = [("container", wanted.container), ("tailLines", str(LOG_LINES)), ("limitBytes", str(4 << 20))]
    return [*query, ("previous", "true")] if wanted.previous else query
