"""What the sources are worth now: how each is shown, which clusters are silent, which namespaces are closed to us."""

from collections.abc import Iterable, Sequence

from statusdesk.board import Mark, SourceView
from statusdesk.config import Config, StageSettings
from statusdesk.source_names import JENKINS, KUBERNETES
from statusdesk.states import Level, SourceState

_ORDER = ("jenkins", "kubernetes", "vault")


class Sources:
    """The rows of the sources, and what follows from their age."""

    def __init__(self, config: Config) -> None:
        self._clusters = tuple(cluster.name for cluster in config.clusters)
        self._stages = config.stages
        self._stale_after_ms = int(config.board.stale_after_s * 1000)
        self._states: dict[str, SourceState] = {}
        expected = [KUBERNETES + name for name in self._clusters]
        expected += [JENKINS] if config.jenkins is not None else []
        expected += ["vault"] if config.vault is not None else []
        self._expected = tuple(expected)

    def put(self, state: SourceState) -> None:
        """Take a row; one with an end goes."""
        if state.until_ms is not None:
            self._states.pop(state.key, None)
        else:
            self._states[state.key] = state

    def silent(self, now_ms: int) -> dict[str, int | None]:
        """Return clusters, and ``cluster/namespace``, without a good answer for too long, with the last one.

        A cluster that was never visited, or never with success, is silent from the beginning, and a namespace that may
        not be read as soon as that is known.
        """
        silent: dict[str, int | None] = {}
        for cluster in self._clusters:
            state = self._states.get(KUBERNETES + cluster)
            if state is None or self._is_old(state, now_ms):
                silent[cluster] = state.last_ok_ms if state is not None else None
        for state in self._states.values():
            if not state.source.startswith(KUBERNETES):
                continue
            cluster = state.source.removeprefix(KUBERNETES)
            if not state.scope:
                if cluster not in self._clusters and self._is_old(state, now_ms):
                    silent[cluster] = state.last_ok_ms
            elif state.level is not Level.OK and (state.is_closed_namespace or self._is_old(state, now_ms)):
                silent[f"{cluster}/{state.scope}"] = state.last_ok_ms
        return silent

    def closed(self) -> frozenset[str]:
        """Return the ``cluster/namespace`` that may not be read."""
        return frozenset(
            f"{state.source.removeprefix(KUBERNETES)}/{state.scope}"
            for state in self._states.values()
            if state.is_closed_namespace
        )

    def blanks(self, silent: dict[str, int | None]) -> tuple[tuple[Mark, str], ...]:
        """Return for each stage what a cell means in which nothing is known: absent, closed to us, or not known."""
        return tuple(self._blank(stage, silent) for stage in self._stages)

    def views(self, now_ms: int) -> tuple[SourceView, ...]:
        """Return every source that is configured or known, then the scopes of it that are not well by themselves."""
        keys = dict.fromkeys((*self._expected, *self._states))
        states = [self._states.get(key) or _unvisited(key) for key in keys]
        shown = [state for state in states if not state.scope or self._is_told_apart(state)]
        return tuple(self._view(state, now_ms) for state in sorted(shown, key=_order))

    def _blank(self, stage: StageSettings, silent: dict[str, int | None]) -> tuple[Mark, str]:
        clusters = stage.clusters or self._clusters
        quiet = [cluster for cluster in clusters if cluster in silent]
        if quiet:
            return Mark.UNKNOWN, f"nothing is known of kubernetes/{quiet[0]}"
        places = [f"{KUBERNETES}{cluster}#{namespace}" for cluster in clusters for namespace in stage.namespaces]
        closed = [place for place in places if self._is_closed(place)]
        if places and len(closed) == len(places):
            return Mark.NO_ACCESS, f"no access to {', '.join(stage.namespaces)}"
        return Mark.ABSENT, ""

    def _is_closed(self, key: str) -> bool:
        state = self._states.get(key)
        return state is not None and state.is_closed_namespace

    def _is_told_apart(self, part: SourceState) -> bool:
        """Whether a part is not well, and not just for the reason for which its whole source is not."""
        whole = self._states.get(part.source)
        is_said = whole is not None and whole.level is Level.FAILING and whole.reason == part.reason
        return part.level is not Level.OK and not is_said

    def _is_old(self, state: SourceState, now_ms: int) -> bool:
        return state.last_ok_ms is None or now_ms - state.last_ok_ms > self._stale_after_ms

    def _view(self, state: SourceState, now_ms: int) -> SourceView:
        age_ms = max(0, now_ms - state.last_ok_ms) if state.last_ok_ms is not None else None
        level, words = state.level, "live" if state.live else "answers"
        if level is not Level.OK:
            words = state.message or state.reason
        elif self._is_old(state, now_ms):
            level, words = Level.UNKNOWN, "no news"
        return SourceView(state=state, level=level, age_ms=age_ms, words=words)


def unseen_places(config: Config, states: Iterable[SourceState], now_ms: int) -> frozenset[str]:
    """Return clusters, and ``cluster/namespace``, of which nobody knows how they are now.

    These are the silent ones, and those that do not answer now, however fresh their last answer is.
    """
    sources, unseen = Sources(config), set[str]()
    for state in states:
        sources.put(state)
        if state.source.startswith(KUBERNETES) and state.is_blind:
            cluster = state.source.removeprefix(KUBERNETES)
            unseen.add(f"{cluster}/{state.scope}" if state.scope else cluster)
    return frozenset(unseen) | sources.silent(now_ms).keys()


def _unvisited(key: str) -> SourceState:
    return SourceState(
        key=key,
        source=key,
        scope="",
        level=Level.UNKNOWN,
        reason="Unvisited",
        message="it has not been visited yet",
    )


def _order(state: SourceState) -> tuple[int, str, str]:
    kind = state.source.partition("/")[0]
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), state.source, state.scope)


def data_age_ms(views: Sequence[SourceView]) -> int | None:
    """Return the age of the oldest source that ever answered, None when none did."""
    return max((view.age_ms for view in views if not view.state.scope and view.age_ms is not None), default=None)
