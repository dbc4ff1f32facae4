"""The gate's question put to the store, once or again and again; it reads the rows of one app, never a whole board."""

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from statusdesk.cli.opening import now_ms
from statusdesk.collecting import lost_ms
from statusdesk.config import Config
from statusdesk.judge.apps import match_job
from statusdesk.judge.gate import Decision, Known, Question, decide
from statusdesk.states import RolloutState, TokenState
from statusdesk.store.errors import StoreError
from statusdesk.store.gate_rows import GateRows
from statusdesk.store.reader import Reader


class Gate:
    """Asks one question of the store at ``path``; ``problem`` says why the last answer was none."""

    def __init__(self, config: Config, path: Path, question: Question) -> None:
        self._config, self._path, self._question = config, path, question
        self._reader: Reader | None = None
        self.problem = ""

    def ask(self) -> Decision | None:
        """Return the decision of this moment, None when there is no store that can be read."""
        try:
            if self._reader is not None and not self._reader.live:
                self.close()  # opened as unchanging: a `watch --once` may have come and gone since
            if self._reader is None:
                self._reader = Reader(self._path)
            else:
                self._reader.reopen_if_needed()
            question, at_ms = self._question, now_ms()
            names = question.route.start.namespaces
            within = (at_ms - question.soak_ms, at_ms) if question.soak_ms else None
            asked = (question.app, self._jobs_of, self._in_stage, names, within, question.asked_by)
            rows = self._reader.gate_rows(*asked)
        except StoreError as error:
            self.problem = str(error)
            return None
        return decide(question, self._known(rows, at_ms))

    def _in_stage(self, rollout: RolloutState) -> bool:
        return self._question.route.start.holds(rollout.cluster, rollout.namespace)

    def _jobs_of(self, apps: Collection[str], jobs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        rules = self._config.apps
        known = {*apps, *(rule.name for rule in rules)}
        return [(source, job) for source, job in jobs if match_job(job, known, rules) == self._question.app]

    def _known(self, rows: GateRows, at_ms: int) -> Known:
        return Known(
            now_ms=at_ms,
            lost_ms=lost_ms(rows.collector, at_ms),
            rollouts=rows.rollouts,
            builds=rows.builds,
            job_classes=rows.job_classes,
            alerts=rows.alerts,
            sources={state.key: state for state in rows.sources},
            tokens=self._tokens(rows),
            gaps=rows.gaps,
            clusters=tuple(cluster.name for cluster in self._config.clusters),
            jenkins=self._config.jenkins is not None,
            asking=rows.asking,
            unread_after=rows.unread_after,
            unreadable=rows.unreadable,
        )

    def _tokens(self, rows: GateRows) -> Mapping[str, TokenState | None]:
        """Return the tokens that the app needs where it shall go, or where it is: by ``apps``, or by their name."""
        if self._config.vault is None:
            return {}
        app, route = self._question.app, self._question.route
        by_name = {state.name: state for state in rows.tokens}
        there_now = [
            each for each in rows.rollouts if self._in_stage(each) or route.to.holds(each.cluster, each.namespace)
        ]
        places = {*route.to.namespaces, *route.start.namespaces, *(each.namespace for each in there_now)}
        needed: dict[str, TokenState | None] = {}
        for token in self._config.vault.tokens:
            if used_in(token.namespaces, places) and any(fnmatchcase(app, glob) for glob in (token.name, *token.apps)):
                needed[token.name] = by_name.get(token.name)
        return needed

    def close(self) -> None:
        """Close the store."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def used_in(namespaces: Collection[str], places: Collection[str]) -> bool:
    """Whether a token of these namespaces may be used in one of the places; either may be globs.

    Two globs may mean the same namespace: what cannot be told counts as used.
    """
    return not namespaces or any(
        fnmatchcase(place, glob) or fnmatchcase(glob, place) or (_is_glob(place) and _is_glob(glob))
        for place in places
        for glob in namespaces
    )


def _is_glob(name: str) -> bool:
    return any(char in name for char in "*?[")
