"""Which trouble of rollouts is explained by a token that has died: looked at when either changes."""

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from statusdesk.facts import Changed, LogTail
from statusdesk.judge.causes import TOKEN, Cause, cause_left, cause_of, denies
from statusdesk.states import TROUBLED, PodState, RolloutState, TokenState, Transition
from statusdesk.store.writer import Writer
from statusdesk.token_users import uses

Container = tuple[str, str, str, str]
MOST_DENIED = 2000


class Causes:
    """Adds the cause to the rows of rollouts that tokens explain."""

    def __init__(self, writer: Writer, seen: Callable[[RolloutState], RolloutState] = lambda row: row) -> None:
        """``seen`` returns a row with since when it is as it is in the clock as that is set now."""
        self._writer = writer
        self._seen = seen
        self._denied: dict[Container, None] = {}
        self._looked: dict[str, tuple[int, bool]] = {}
        self._explained = {state.key for state in writer.current(RolloutState).values() if state.cause_key}
        self._again: set[str] = set()
        self._began = True

    def hear(self, changed: Changed) -> None:
        """Take the last lines of containers that fail: they may say that somebody was refused."""
        for tail in changed.seen:
            if isinstance(tail, LogTail) and any(denies(line) for line in tail.lines):
                self._denied[tail.cluster, tail.namespace, tail.pod, tail.container] = None
                self._again.update(self._failing(tail))
        for container in list(self._denied)[:-MOST_DENIED]:
            del self._denied[container]

    def _failing(self, tail: LogTail) -> Iterable[str]:
        for state in self._writer.current(RolloutState).values():
            if (state.cluster, state.namespace, state.pod) == (tail.cluster, tail.namespace, tail.pod):
                yield state.key

    def flush(self, moved: Iterable[Transition], tokens: set[str], now_ms: int) -> list[Transition]:
        """Explain what has moved, or what tokens that have changed may explain; commit is the caller's.

        A rollout is explained by the row that the writer made of it, because that knows since when it fails.
        """
        rows = self._writer.current(RolloutState)
        keys = {each.after.key for each in moved if isinstance(each.after, RolloutState)} | self._again
        if tokens or self._began:
            keys |= self._explained | self._used_by(tokens if not self._began else None)
        dead = [state for state in self._writer.current(TokenState).values() if state.is_dead]
        changed = []
        for key in keys | self._explained:
            row = rows.get(key)
            if row is None or row.until_ms is not None:
                self._explained.discard(key)
                self._looked.pop(key, None)
                continue
            explained = self._explain(row, dead)
            if explained is not row:
                changed.append(explained)
        self._again, self._began = set(), False
        return self._writer.put(changed, now_ms) if changed else []

    def again(self, state: RolloutState) -> RolloutState:
        """Return a rollout that was judged again with the cause that its row has, as long as its trouble lasts."""
        if state.key not in self._explained:
            return state
        row = self._writer.current(RolloutState).get(state.key)
        if row is None or (row.revision, row.container) != (state.revision, state.container):
            return state
        if row.level is not state.level and not {row.level, state.level} <= set(TROUBLED):
            return state
        return replace(state, cause=row.cause, cause_key=row.cause_key, cause_ms=row.cause_ms)

    def _used_by(self, tokens: set[str] | None) -> set[str]:
        """Return the rollouts in trouble whose app uses one of these tokens that has died (None: any)."""
        states = self._writer.current(TokenState)
        dead = [s for s in states.values() if s.is_dead and (tokens is None or s.key in tokens)]
        rollouts = [row for row in self._writer.current(RolloutState).values() if row.container] if dead else []
        return {row.key for row in rollouts if any(uses(token, row.app, row.namespace) for token in dead)}

    def _explain(self, row: RolloutState, dead: Sequence[TokenState]) -> RolloutState:
        found = cause_of(self._seen(row), dead, denied=bool(dead) and self._is_denied(row)) if dead else None
        if found is None and row.cause_key:
            found = self._left(row)
        cause = found if found is not None else Cause("", "", None)
        if found is not None:
            self._explained.add(row.key)
        else:
            self._explained.discard(row.key)
        if (row.cause, row.cause_key, row.cause_ms) == (cause.words, cause.key, cause.since_ms):
            return row
        return replace(row, cause=cause.words, cause_key=cause.key, cause_ms=cause.since_ms)

    def _left(self, row: RolloutState) -> Cause | None:
        """Return the cause that a row has where its token was issued anew and its container has not failed since."""
        token = self._writer.current(TokenState).get(row.cause_key.removeprefix(TOKEN))
        pod = self._writer.current(PodState).get(f"{row.cluster}/{row.namespace}/{row.pod}")
        container = next((each for each in pod.containers if each.name == row.container), None) if pod else None
        return cause_left(self._seen(row), token, container, denied=self._is_denied(row))

    def _is_denied(self, row: RolloutState) -> bool:
        """Whether the log of the failing container says so: as it came, or as evidence of it was kept."""
        if (row.cluster, row.namespace, row.pod, row.container) in self._denied:
            return True
        looked = self._looked.get(row.key)
        if looked is None or looked[0] != row.level_since_ms:
            lines = self._writer.evidence_lines(row.key, row.level_since_ms, row.container)
            looked = self._looked[row.key] = (row.level_since_ms, any(denies(line) for line in lines))
        return looked[1]
