"""Vault tokens in memory, judged whenever they are seen, when time alone changes them, and when their job has run."""

from collections.abc import Sequence
from functools import partial

from statusdesk.config import CertificateSettings, SecretIdSettings, TokenSettings, VaultSettings
from statusdesk.facts import Swept, Token, VaultHealth, Visited
from statusdesk.judge.expiries import judge_expiry
from statusdesk.judge.token_ancestors import lines_of
from statusdesk.judge.token_doubts import doubted, left_unseen, refused, undoubted, unread
from statusdesk.judge.token_grants import KEPT, grant_of, is_same, with_last
from statusdesk.judge.token_jobs import Run
from statusdesk.judge.tokens import Around, judge_token
from statusdesk.pipeline.builds import Builds
from statusdesk.pipeline.clock_steps import moved
from statusdesk.pipeline.renewal_runs import RenewalRuns
from statusdesk.server_clock import ServerSkew
from statusdesk.states import Grant, TokenState
from statusdesk.store.writer import Transition, Writer

LEAST_SILENCE_MS = 15_000
SILENT_VISITS = 3
SOONEST_MS = 250
TOKEN = "token"
VAULT = "vault"
UNAUTHORIZED = "Unauthorized"
Rules = TokenSettings | SecretIdSettings | CertificateSettings


class Tokens:
    """What is known of Vault's tokens: takes sweeps, puts token states; remaining time falls without a visit too.

    ``namespaces``: those of the stages, names or globs.
    """

    def __init__(
        self, writer: Writer, settings: VaultSettings | None, builds: Builds, namespaces: Sequence[str] = ()
    ) -> None:
        self._writer = writer
        rules: list[Rules] = (
            [] if settings is None else [*settings.tokens, *settings.secret_ids, *settings.certificates]
        )
        self._rules = {each.name: each for each in rules}
        interval_s = settings.interval_s if settings is not None else 30.0
        self._looks_s = settings.slow_interval_s if settings is not None else 300.0
        self._interval_ms = round(interval_s * 1000)
        lines = lines_of(settings.tokens if settings is not None else ())
        self._ancestors = {f"{VAULT}/{name}": [f"{VAULT}/{each}" for each in line] for name, line in lines.items()}
        self._renewals = RenewalRuns(builds, settings.tokens if settings is not None else (), namespaces)
        self._tokens: dict[str, Token] = {}
        self._grants: dict[str, list[Grant]] = {}
        self._runs: dict[str, Run] = {}
        self._alive_ms: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._runs_due: set[str] = set()
        self._again: dict[str, int] = {}
        self._next_ms: int | None = None
        self._gone: list[str] = []
        self._skew = ServerSkew()
        self._heard_ms: int | None = None
        self._flushed_ms = 0
        self._begun = False
        self._jobs_changed = True
        self._changed: set[str] = set()
        self._own_refused = False

    def visited(self, visited: Visited) -> None:
        """Take how Vault as a whole answered: whether it refuses our own token, which then nobody can look up."""
        if visited.source != VAULT or visited.scope or not (visited.ok or visited.problem == UNAUTHORIZED):
            return
        self._refuse(not visited.ok)

    def _refuse(self, refuses: bool) -> None:
        if refuses != self._own_refused:
            self._own_refused = refuses
            self._dirty.update(key for key, row in self._writer.current(TokenState).items() if row.own)

    def sweep(self, swept: Swept) -> None:
        """Take all tokens of a visit; a token that left the configuration has gone."""
        if swept.kind is VaultHealth:
            self._sweep_health(swept)
            return
        self._heard_ms = max(self._heard_ms or 0, swept.at_ms)
        self._refuse(False)  # it was let in
        tokens = {"/".join(fact.key): fact for fact in swept.facts if isinstance(fact, Token)}
        for state in self._writer.current(TokenState).values():
            if state.until_ms is None and state.source == swept.source and state.key not in tokens:
                self._gone.append(state.key)
        for key, token in tokens.items():
            if self._tokens.get(key) != token:
                self._dirty.add(key)
            if not token.gone and token.seen_ms is not None:
                self._alive_ms[key] = token.seen_ms
        self._runs_due.update(tokens.keys() - self._tokens.keys())
        others = {key: token for key, token in self._tokens.items() if token.source != swept.source}
        self._tokens = others | tokens

    def _sweep_health(self, swept: Swept) -> None:
        """Take the server's clock; it moves only by steps, because it is told in whole seconds."""
        for fact in swept.facts:
            assert isinstance(fact, VaultHealth)
            if self._skew.heard(fact.skew_ms):
                self._dirty.update(self._tokens)
                self._runs_due.update(self._tokens)

    def restamp(self, step_ms: int) -> None:
        """Move what was seen with our clock, which was set, and its distance from the server's."""
        self._skew.ms -= step_ms  # also where little is left of it: what is known moved by the whole step
        self._tokens = {key: moved(token, step_ms) for key, token in self._tokens.items()}
        self._alive_ms = {key: at_ms + step_ms for key, at_ms in self._alive_ms.items()}
        self._heard_ms = self._heard_ms + step_ms if self._heard_ms is not None else None
        self._flushed_ms += step_ms
        self._again.clear()
        self._next_ms = None
        self._dirty.update(self._tokens)
        self._runs_due.update(self._tokens)
        self._jobs_changed = True

    def seen_ms(self, key: str) -> int | None:
        """Return when a token was seen alive last, since the start."""
        return self._alive_ms.get(key)

    def jobs_changed(self) -> None:
        """Take note that something has changed at Jenkins: a renewal job may have run."""
        self._jobs_changed = True

    @property
    def next_due_ms(self) -> int | None:
        """The moment at which time alone may change a verdict, or the silence of Vault."""
        if self._dirty:
            return self._flushed_ms
        dues = [self._next_ms] if self._next_ms is not None else []
        if self._tokens and self._heard_ms is not None and not self._is_silent(self._flushed_ms):
            dues.append(self._heard_ms + self._silence_ms + 1)
        return max(min(dues), self._flushed_ms + SOONEST_MS) if dues else None

    @property
    def _silence_ms(self) -> int:
        return max(LEAST_SILENCE_MS, SILENT_VISITS * self._interval_ms)

    def _is_silent(self, now_ms: int) -> bool:
        return self._heard_ms is not None and now_ms - self._heard_ms > self._silence_ms

    def flush(self, now_ms: int) -> list[Transition]:
        """Judge the tokens that were seen or whose time has come, and put their states; commit is the caller's."""
        transitions: list[Transition] = []
        if not self._begun:
            self._begin(now_ms)
        if self._gone:
            transitions += self._writer.gone(TokenState, self._gone, now_ms)
            self._changed.update(self._gone)
            for key in self._gone:
                self._forget(key)
            self._gone = []
        if (self._jobs_changed or self._runs_due) and self._tokens:
            self._look_at_jobs()
        if now_ms < self._flushed_ms or self._is_silent(now_ms) != self._is_silent(self._flushed_ms):
            self._dirty.update(self._tokens)  # the clock was set back, or Vault has fallen silent or speaks again
        self._flushed_ms = now_ms
        if self._next_ms is not None and self._next_ms <= now_ms:
            self._dirty.update(key for key, again_ms in self._again.items() if again_ms <= now_ms)
        if not self._dirty:
            return transitions
        return transitions + self._judge(now_ms)

    def _begin(self, now_ms: int) -> None:
        """Wake at the ends that the store tells, if nothing was heard by then: what ends unseen is no longer well."""
        self._begun = True
        silent_ms = now_ms + self._silence_ms
        for key, row in self._writer.current(TokenState).items():
            if row.until_ms is None and left_unseen(row, max(row.expire_ms or 0, now_ms)) is not None:
                self._again.setdefault(key, max(row.expire_ms or 0, silent_ms))
        self._next_ms = min(self._again.values(), default=None)

    def _forget(self, key: str) -> None:
        for known in (self._grants, self._runs, self._alive_ms, self._again):
            known.pop(key, None)
        self._dirty.discard(key)

    def _look_at_jobs(self) -> None:
        """Find the last run for each token whose job has changed, or for which it may be another one by now."""
        rules = {key: self._rules.get(token.name) for key, token in self._tokens.items()}
        renewed = {key: each for key, each in rules.items() if isinstance(each, TokenSettings) and each.renewal_job}
        if self._jobs_changed:
            new = self._renewals.look()
            self._runs_due.update(key for key, token in renewed.items() if token.renewal_job in new)
            self._jobs_changed = False
        for key in self._runs_due & renewed.keys():
            run = self._renewals.last_for(renewed[key], partial(self._renewed_ms, key))
            if self._runs.get(key) != run:
                self._runs[key] = run
                self._dirty.add(key)
        self._runs_due.clear()

    def _renewed_ms(self, key: str) -> list[int]:
        return [grant.renewed_ms - self._skew.ms for grant in self._grants_known(key)]

    def _judge(self, now_ms: int) -> list[Transition]:
        heard_ms = self._heard_ms if self._is_silent(now_ms) else None
        due = self._dirty | {key for key, line in self._ancestors.items() if not self._dirty.isdisjoint(line)}
        for key in due & self._tokens.keys():
            self._grants_known(key)  # before anything is put: where the store cannot be read, all of it is tried again
        self._dirty = set()
        generations: dict[int, list[str]] = {}
        for key in due:
            generations.setdefault(len(self._ancestors.get(key, ())), []).append(key)
        made: list[Transition] = []
        for _, keys in sorted(generations.items()):  # what made a token is judged before it
            states = [state for key in keys if (state := self._state(key, now_ms, heard_ms)) is not None]
            made += self._writer.put(states, now_ms)
        self._next_ms = min(self._again.values(), default=None)
        self._changed.update(transition.after.key for transition in made)
        return made

    def take_changed(self) -> set[str]:
        """Return the tokens whose level or reason is new since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def _state(self, key: str, now_ms: int, heard_ms: int | None) -> TokenState | None:
        token = self._tokens.get(key)
        before = undoubted(self._writer.current(TokenState).get(key))
        if self._own_refused and before is not None and before.own and before.until_ms is None:
            self._again.pop(key, None)
            return refused(before)
        if token is None:
            self._again.pop(key, None)
            return left_unseen(before, now_ms) if before is not None and before.until_ms is None else None
        rules = self._rules.get(token.name)
        if token.problem and (token.kind == TOKEN or token.seen_ms is None) and not token.gone:
            state, again_ms = unread(token, before, rules), None
        elif token.kind != TOKEN and isinstance(rules, SecretIdSettings | CertificateSettings):
            state, again_ms = judge_expiry(token, before, rules, now_ms)
        else:
            settings = rules if isinstance(rules, TokenSettings) else None
            around = self._around(key, token, heard_ms)
            verdict = judge_token(token, before, settings, now_ms, around)
            state, again_ms = verdict.state, verdict.look_again_ms
        if again_ms is not None:
            self._again[key] = max(again_ms, now_ms + SOONEST_MS)
        else:
            self._again.pop(key, None)
        return doubted(state, token.accessor_problem)

    def _around(self, key: str, token: Token, heard_ms: int | None) -> Around:
        rows = self._writer.current(TokenState)
        return Around(
            grants=self._granted(key, token),
            ancestors=[rows[each] for each in self._ancestors.get(key, ()) if each in rows],
            run=self._runs.get(key),
            skew_ms=self._skew.ms,
            poll_s=self._interval_ms / 1000,
            looks_s=self._looks_s,
            heard_ms=heard_ms,
            alive_ms=self._alive_ms.get(key),
        )

    def _grants_known(self, key: str) -> list[Grant]:
        known = self._grants.get(key)
        if known is None:
            known = self._grants[key] = self._writer.grants_of(key, KEPT)
        return known

    def _granted(self, key: str, token: Token) -> list[Grant]:
        """Return the grants of a token, with the newest, which is kept."""
        known = self._grants_known(key)
        last = None if token.gone else grant_of(token, key, self._skew.ms)
        if last is None:
            return known
        same = next((each for each in reversed(known) if each.renewed_ms == last.renewed_ms), None)
        if same is not None and is_same(same, last):
            if same is known[-1] and last.seen_ms not in (None, same.seen_ms):
                known[-1] = last
                self._writer.saw_grant(last)
            return known
        self._writer.put_grants([*known[-1:], last])  # the one before with when it was seen last
        known[:] = with_last(known, last)
        self._runs_due.add(key)
        return known
