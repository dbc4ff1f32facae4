"""Which namespaces a build deploys into, and which rule says so.

In order: a parameter of the build; the build that started it, or the one that started that; the job's default as it
was when the build was first seen, for a build without any parameters (the first run of a Jenkinsfile's job has none but
runs with the default); a pattern over the job's name; the folder that the job is in. Else the build is not attributed,
which is counted and shown.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from collectors.jenkins_wire import Action, Cause, Parameter
from statusdesk.config import JenkinsSettings
from statusdesk.job_names import folder_entry, found_by, is_inside
from statusdesk.redact import looks_secret, safe
from statusdesk.text import clean

MAX_PARAMETERS = 50
_TRIGGERS = (
    ("TimerTrigger", "timer"),
    ("UpstreamCause", "upstream"),
    ("Replay", "replay"),
    ("SCMTrigger", "scm"),
    ("Branch", "branch"),
    ("UserIdCause", "user"),
    ("UserCause", "user"),
)
_LIST = re.compile(r"[,;\s]+")
_SECRET_NAME = re.compile(
    r"password|passwd|passphrase|pwd|secret|token|credential|bearer|auth(?!or)|((^|[_-])(pass|creds?)($|[_-]))"
    r"|((api|private|access|ssh|deploy|signing|encryption)[_-]?key)",
    re.IGNORECASE,
)


class Attribution(NamedTuple):
    """The namespaces, the first of them first, and the rule that gave them; both empty when none answers."""

    namespaces: tuple[str, ...] = ()
    rule: str = ""

    @property
    def namespace(self) -> str | None:
        return self.namespaces[0] if self.namespaces else None


class Clues(NamedTuple):
    """What a build itself says: ``named`` is the value of its namespace parameter (None: it has no such parameter)."""

    parameters: tuple[tuple[str, str], ...] = ()
    has_parameters: bool = False
    named: str | None = None
    upstream: tuple[str, int] | None = None
    cause: str = ""
    trigger: str = ""
    user: str = ""


def clues_of(actions: Sequence[Action | None] | None, settings: JenkinsSettings) -> Clues:
    """Read all actions of a build or queue item; their order and number differ by how it was started."""
    parameters: list[Parameter] = []
    causes: list[Cause] = []
    has_parameters = False
    for action in actions or ():
        if action is None:
            continue
        if isinstance(action.parameters, list):
            has_parameters = True
            parameters += action.parameters
        causes += action.causes or ()
    upstream = next(
        ((name_of(c.upstreamProject), c.upstreamBuild) for c in causes if c.upstreamProject and c.upstreamBuild), None
    )
    return Clues(
        parameters=_kept(parameters, settings),
        has_parameters=has_parameters,
        named=parameter_value(parameters, settings.namespace_parameters),
        upstream=upstream,
        cause=safe(causes[0].shortDescription or "") if causes else "",
        trigger=_trigger(causes[0]) if causes else "",
        user=next((clean(cause.userId) for cause in causes if cause.userId), ""),
    )


def _trigger(cause: Cause) -> str:
    """Return what kind of cause it is, by its class: a text is written in the language of the server."""
    name = (cause.class_ or "").rsplit(".", 1)[-1]
    found = next((trigger for part, trigger in _TRIGGERS if part in name), None)
    return found or ("upstream" if cause.upstreamProject else "user" if cause.userId else "other")


def name_of(full_name: str) -> str:
    """Return a job's full name made harmless; longer than other texts, since it is a key."""
    return clean(full_name, 1000)


def parameter_value(parameters: Sequence[Parameter], names: Sequence[str]) -> str | None:
    """Return the text of the first of ``names`` that is there, whatever its case; None when none is."""
    values = {p.name.casefold(): p.value for p in parameters if p.name and isinstance(p.value, str)}
    return next((values[name.casefold()] for name in names if name.casefold() in values), None)


def namespaces_in(value: str, split: bool) -> tuple[str, ...]:
    """Return the namespaces that a parameter's value names; Kubernetes knows them in lower case only.

    An emptied box is an empty value: Jenkins puts no default in its place, so it names none.
    """
    text = clean(value).strip().lower()
    names = _LIST.split(text) if split else [text]
    return tuple(dict.fromkeys(name for name in names if name))


def by_parameter(clues: Clues, settings: JenkinsSettings) -> Attribution | None:
    """Return the answer of the build's own parameter; an emptied one answers that there is no namespace."""
    if clues.named is None:
        return None
    namespaces = namespaces_in(clues.named, settings.split_namespaces)
    return Attribution(namespaces, "parameter" if namespaces else "")


def by_job(job: str, clues: Clues, default: str | None, settings: JenkinsSettings) -> Attribution:
    """Return the answer of the job: its default where the build has no parameters at all, else a pattern."""
    if default and not clues.has_parameters:
        namespaces = namespaces_in(default, settings.split_namespaces)
        if namespaces:
            return Attribution(namespaces, "default")
    for pattern in settings.namespace_patterns:
        found = found_by(job, pattern)
        named: Mapping[str, str | None] = found.groupdict() if found else {}
        namespaces = namespaces_in(named.get("ns") or "", settings.split_namespaces)
        if namespaces:
            return Attribution(namespaces, "pattern")
    namespaces = _of_folder(job, settings)
    return Attribution(namespaces, "folder" if namespaces else "")


def _of_folder(job: str, settings: JenkinsSettings) -> tuple[str, ...]:
    """Return the namespaces of the innermost folder that has any."""
    pairs = map(folder_entry, settings.namespace_folders)
    inside = [(folder, value) for folder, value in pairs if is_inside(job, folder)]
    return namespaces_in(max(inside, key=lambda each: len(each[0]))[1], False) if inside else ()


def shown_parameters(actions: Sequence[Action]) -> tuple[tuple[str, str], ...]:
    """Return the parameters of a build that may be shown: no passwords, and nothing that looks like a secret."""
    parameters = [p for action in actions if isinstance(action.parameters, list) for p in action.parameters]
    return _shown(parameters[:MAX_PARAMETERS])


def is_secret_name(name: str) -> bool:
    """Tell whether a parameter of this name may hold a secret."""
    return _SECRET_NAME.search(name) is not None


def _kept(parameters: Sequence[Parameter], settings: JenkinsSettings) -> tuple[tuple[str, str], ...]:
    """Return the parameters that tell namespace and version; nobody asks for others, which may hold anything."""
    wanted = {name.casefold() for name in (*settings.namespace_parameters, *settings.version_parameters)}
    return _shown([p for p in parameters if (p.name or "").casefold() in wanted][:MAX_PARAMETERS])


def _shown(parameters: Sequence[Parameter]) -> tuple[tuple[str, str], ...]:
    kept: list[tuple[str, str]] = []
    for parameter in parameters:
        name, value = parameter.name or "", parameter.value
        if not isinstance(value, str | bool | int | float) or is_secret_name(name):
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if not looks_secret(text):
            kept.append((safe(name), safe(text)))
    return tuple(kept)
