"""Access reviews in protobuf, which is how kubectl sends them; only what such a review holds is understood.

Source: k8s.io/apimachinery runtime.Unknown (magic ``k8s\\0``) around k8s.io/api authorization/v1.
"""

from statusdesk.demo.kube_kinds import Obj

_MAGIC = b"k8s\0"
_RESOURCE = {1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name"}
_NON_RESOURCE = {1: "path", 2: "verb"}


def read_review(body: bytes, resource: str) -> Obj:
    """Return the review as it would be in JSON.

    Raises: ValueError for anything else.
    """
    if not body.startswith(_MAGIC):
        raise ValueError("not a protobuf object")
    inside = _fields(body[len(_MAGIC) :]).get(2, b"")
    spec = _fields(_fields(inside).get(2, b""))
    if resource == "selfsubjectrulesreviews":
        return {"spec": {"namespace": spec.get(1, b"").decode()}}
    told: Obj = {}
    if 1 in spec:
        told["resourceAttributes"] = _named(spec[1], _RESOURCE)
    if 2 in spec:
        told["nonResourceAttributes"] = _named(spec[2], _NON_RESOURCE)
    return {"spec": told}


def _named(message: bytes, names: dict[int, str]) -> Obj:
    fields = _fields(message)
    return {name: fields[number].decode() for number, name in names.items() if fields.get(number)}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number is cut")
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _fields(data: bytes) -> dict[int, bytes]:
    """Return the fields of a message that have a length; numbers are passed over."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            _, at = _varint(data, at)
            continue
        if tag & 7 != 2:
            raise ValueError("an unexpected type of field")
        length, at = _varint(data, at)
        if at + length > len(data):
            raise ValueError("a field is cut")
        found[tag >> 3] = data[at : at + length]
        at += length
    return found
