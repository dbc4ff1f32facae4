"""Reading the questions of clients: selectors, numbers, and the form they want their answers in."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from statusdesk.demo.kube_kinds import EVENTS, NAMESPACES, NEW_EVENTS, NODES, PODS, REPLICA_SETS, Kind
from statusdesk.demo.kube_store import Stored

_SET = re.compile(r"^\s*([^\s!=,()]+)\s+(in|notin)\s*\(([^)]*)\)\s*$")
_META = frozenset({"metadata.name", "metadata.namespace"})
_FIELDS = {
    PODS: _META | {"status.phase", "status.podIP", "spec.nodeName", "spec.restartPolicy", "spec.schedulerName"},
    NAMESPACES: frozenset({"metadata.name", "status.phase"}),
    NODES: frozenset({"metadata.name", "spec.unschedulable"}),
    REPLICA_SETS: _META | {"status.replicas"},
}
_EVENT_FIELDS = _META | {
    f"involvedObject.{name}"
    for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
}
_EVENT_FIELDS |= {"reason", "type", "source", "reportingComponent"}
Test = Callable[[Stored], bool]


class QueryError(Exception):
    """A question that the API refuses as malformed."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The objects a client is interested in; ``text`` is how it said so."""

    text: str
    tests: tuple[Test, ...]

    def __call__(self, item: Stored) -> bool:
        return all(test(item) for test in self.tests)


def read_selection(kind: Kind, query: Mapping[str, str]) -> Selection:
    """Return the selection of labelSelector and fieldSelector.

    Raises: QueryError
    """
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    tests = [_label_test(part) for part in _split(labels)] + [_field_test(kind, part) for part in _split(fields)]
    return Selection(f"{labels} {fields}", tuple(tests))


def _split(selector: str) -> list[str]:
    return [part for part in re.split(r",(?![^(]*\))", selector) if part.strip()]


def _label_test(part: str) -> Test:
    in_set = _SET.match(part)
    if in_set:
        key, way, rest = in_set.groups()
        values = {value.strip() for value in rest.split(",")}
        if way == "in":
            return lambda item: item.labels.get(key) in values
        return lambda item: item.labels.get(key) not in values
    part = part.strip()
    if "!=" in part:
        key, _, value = (piece.strip() for piece in part.partition("!="))
        return lambda item: item.labels.get(key) != value
    if "=" in part:
        key, _, value = (piece.strip() for piece in part.replace("==", "=", 1).partition("="))
        if not key:
            raise QueryError(f"unable to parse requirement: found '{part}', expected: identifier")
        return lambda item: item.labels.get(key) == value
    if part.startswith("!"):
        return lambda item: part[1:].strip() not in item.labels
    if not re.fullmatch(r"[\w./-]+", part):
        raise QueryError(f"unable to parse requirement: found '{part}', expected: identifier")
    return lambda item: part in item.labels


def _field_test(kind: Kind, part: str) -> Test:
    found = re.match(r"^([^=!]+)(!=|==|=)(.*)$", part)
    if found is None:
        raise QueryError(f"invalid selector: '{part}'; can't understand '{part}'")
    key, way, value = (piece.strip() for piece in found.groups())
    known = _EVENT_FIELDS if kind in (EVENTS, NEW_EVENTS) else _FIELDS.get(kind, _META)
    if key not in known:
        raise QueryError(f'field label not supported: "{key}"')
    if way == "!=":
        return lambda item: item.fields.get(key, "") != value
    return lambda item: item.fields.get(key, "") == value


def read_number(query: Mapping[str, str], name: str) -> int | None:
    """Return a number of the query, None where it is absent.

    Raises: QueryError
    """
    text = query.get(name, "")
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        raise QueryError(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if number < 0:
        raise QueryError(f"{name}: Invalid value: {number}: must be greater than or equal to 0")
    return number


def wanted_form(accept: str) -> str | None:
    """Return the form of answer an Accept header prefers: "", "Table", "PartialObjectMetadata(List)"; None for none.

    Only JSON is spoken here; what a client names before that is passed over, as by a server that lacks it.
    """
    for choice in (accept or "*/*").split(","):
        media, *rest = (piece.strip() for piece in choice.split(";"))
        options = dict(piece.split("=", 1) for piece in rest if "=" in piece)
        if media not in ("application/json", "application/*", "*/*"):
            continue
        form = options.get("as", "")
        if not form:
            return ""
        if form in ("Table", "PartialObjectMetadata", "PartialObjectMetadataList"):
            return form
    return None
