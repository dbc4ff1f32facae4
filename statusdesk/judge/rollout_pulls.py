"""Why an image cannot be pulled, in the words of whom it was asked; kept while the node only says that it backs off.

Source: ``state.waiting`` of a container: ErrImagePull bears the error of the runtime, ImagePullBackOff repeats it only
on newer nodes. The event ``Failed`` bears it too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from statusdesk.facts import Container, Event, Pod
from statusdesk.judge.rollout_memory import Memory
from statusdesk.states import RolloutState

PULL = ("ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed")
Pulls = Mapping[tuple[str, str], str]
"""(container, image): what was said last of it that tells why."""

_BACK_OFF = re.compile(r'^Back-off pulling image "[^"]*"(?:: (?:[A-Z]\w+: )?|$)')
_QUOTED = re.compile(r'"[^"]*"')
_TOLD = re.compile(
    r"\bimage (\S+)(?: of (?:init container|sidecar|container) \S+)? "
    r"(?:(not found)|(?:may not|cannot) be pulled: (.+?))(?:, \d+ of \d+ [^,]*)?$",
    re.DOTALL,
)
_MISSING = ("not found", "notfound", "manifest unknown")
_REFUSED = ("unauthorized", "denied", "forbidden", "no match for")


def why(message: str) -> str:
    """Return the part of what a node says that tells why; empty when it only says that it waits."""
    return _BACK_OFF.sub("", message)


def is_missing(said: str, image: str) -> bool:
    """Return whether there is no such image."""
    return _says(said, image, _MISSING)


def is_refused(said: str, image: str) -> bool:
    """Return whether we may not have it, or there is none for this kind of node."""
    return _says(said, image, _REFUSED)


def _says(said: str, image: str, words: Iterable[str]) -> bool:
    """Look for words beside the names in a message: an image may be called after any of them."""
    rest = " ".join(part for part in _QUOTED.sub(" ", said).split() if not _names(part, image)).lower()
    return any(word in rest for word in words)


def _names(part: str, image: str) -> bool:
    """Return whether a part of a message is a place, or the name of the image."""
    if "://" in part or (image and image in part):
        return True
    path = image.partition("@")[0]
    name = path.rpartition("/")[2]
    host = path.partition("/")[0] if "/" in path else ""
    if ("." in host or ":" in host) and host in part:
        return True
    repository = path[: len(path) - len(name)] + name.partition(":")[0]
    short = repository.removeprefix(f"{host}/") if host else repository
    if "/" in part and short and short in part:
        return True
    return (":" in name and name in part) or ("-" in short and part.strip("'`,.;:()") == short)


def pulls_of(pods: Sequence[Pod], events: Sequence[Event], before: RolloutState | None, memory: Memory | None) -> Pulls:
    """Return what is known of the images that are waited for now; with one that is pulled its cause is forgotten."""
    found: dict[tuple[str, str], str] = {}
    waiting = [one for pod in pods if not pod.ready for one in pod.containers if one.reason in PULL]
    if not waiting:
        return found
    known = dict(memory.pulls) if memory is not None else {}
    for one in waiting:
        said = why(one.message)
        if said:
            key = (one.name, one.image)
            found[key] = min(said, found.get(key, said))  # whatever order the pods are in
    for one in waiting:
        key = (one.name, one.image)
        if key not in found and (said := known.get(key) or _told(one, before) or _heard(one, events)):
            found[key] = said
    return found


def _told(container: Container, before: RolloutState | None) -> str:
    """Return what the verdict before says of it, which is all that is left when the desk was started again."""
    if before is None or before.container != container.name or not before.reason.endswith("ErrImagePull"):
        return ""
    told = _TOLD.search(before.message)
    if told is None or told[1] != container.image:
        return ""
    return told[2] or why(told[3])


def _heard(container: Container, events: Sequence[Event]) -> str:
    """Return what the newest event says of it."""
    start = f'Failed to pull image "{container.image}": '
    failed = [one for one in events if one.reason == "Failed" and one.message.startswith(start)]
    last = max(failed, key=lambda one: (one.last_ms or one.first_ms or 0, one.uid), default=None)
    return last.message.removeprefix(start) if last is not None else ""
