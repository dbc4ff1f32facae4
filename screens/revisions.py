"""Old and new revision of a rollout, as its pods and ReplicaSets tell them. Pure."""

import msgspec

from statusdesk.facts import Container
from statusdesk.rollout_view import RolloutView
from statusdesk.states import PodState, RolloutState


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One revision. ``wanted`` is how many pods it is to have (of an old one: how many are left).

    ``since_ms``: of the new one when it began, of the old one since when it exists. ``more``: other old ones with pods.
    """

    label: str
    version: str
    name: str
    ready: int
    wanted: int
    since_ms: int | None = None
    digest: str = ""
    serving: bool = False
    more: int = 0

    @property
    def ready_words(self) -> str:
        words = f"{self.ready} of {self.wanted} ready" if self.wanted else "no pods"
        return f"{words}, serving" if self.serving else words


def sides(view: RolloutView) -> list[Side]:
    """Return the new revision, and the old one as long as it has pods; nothing before the pods have been read."""
    state = view.state
    if state is None or view.reading is None or view.past or view.gone:
        return []
    alive = [pod for pod in view.pods if pod.deleting_ms is None and not pod.leftover]
    new = [pod for pod in alive if pod.new]
    old: dict[str, list[PodState]] = {}
    for pod in alive:
        if not pod.new:
            old.setdefault(pod.revision, []).append(pod)
    newest = _newest(view, state, new, bool(old))
    if not old:
        return [newest]
    revision, pods = max(old.items(), key=lambda item: (len(item[1]), item[0]))
    return [newest, _old(view, state, revision, pods, len(old) - 1)]


def _newest(view: RolloutView, state: RolloutState, pods: list[PodState], rolling: bool) -> Side:
    revision = next((pod.revision for pod in pods if pod.revision), "")
    return Side(
        label="NEW" if rolling else "NOW",
        version=state.version,
        name=_name(view, revision) or revision,
        ready=sum(pod.is_ready for pod in pods),
        wanted=max(state.desired, len(pods)),
        since_ms=state.started_ms,
        digest="" if state.is_held_whole else state.digest,
    )


def _old(view: RolloutView, state: RolloutState, revision: str, pods: list[PodState], more: int) -> Side:
    main = _main_of(state, [pod for pod in view.pods if pod.new and not pod.leftover])
    container = next((c for pod in pods for c in pod.containers if c.name == main), None)
    created = [pod.created_ms for pod in pods if pod.created_ms is not None]
    ready = sum(pod.is_ready for pod in pods)
    return Side(
        label="OLD",
        version=(tag_of(container.image) if container is not None else "")
        or state.held_version
        or state.previous_version,
        name=_name(view, revision) or revision,
        ready=ready,
        wanted=len(pods),
        since_ms=_created(view, revision) or min(created, default=None),
        digest=_digest(container),
        serving=ready > 0,
        more=more,
    )


def tag_of(image: str) -> str:
    """Return the tag of an image, empty when it has none."""
    return image.rpartition("/")[2].partition("@")[0].partition(":")[2]


def _main_of(state: RolloutState, pods: list[PodState]) -> str:
    """Return the name of the container that runs the image of the rollout."""
    for pod in pods:
        for container in pod.containers:
            if container.image and (container.image == state.image or container.image.endswith("/" + state.image)):
                return container.name
    return state.name


def _digest(container: Container | None) -> str:
    digest = container.image_id.rpartition("@")[2] if container is not None else ""
    return digest if digest.startswith("sha256:") else ""


def _name(view: RolloutView, revision: str) -> str:
    known = view.reading.revisions if view.reading is not None else ()
    return next((each.name for each in known if revision and each.hash == revision), "")


def _created(view: RolloutView, revision: str) -> int | None:
    known = view.reading.revisions if view.reading is not None else ()
    return next((each.created_ms for each in known if revision and each.hash == revision), None)
