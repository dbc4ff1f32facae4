"""Vault tokens in memory, judged whenever they are seen and as time passes."""

from statusdesk.config import TokenSettings
from statusdesk.facts import Swept, Token
from statusdesk.judge.tokens import judge_token
from statusdesk.states import TokenState
from statusdesk.store.writer import Transition, Writer

REJUDGE_MS = 1000


class Tokens:
    """What is known of Vault's tokens: takes sweeps, puts token states; remaining time falls without a visit too."""

    def __init__(self, writer: Writer, settings: tuple[TokenSettings, ...]) -> None:
        self._writer = writer
        self._settings = {each.name: each for each in settings}
        self._tokens: dict[tuple[str, str], Token] = {}
        self._judged_ms = 0
        self._gone: list[str] = []

    def sweep(self, swept: Swept) -> None:
        """Take all tokens of a visit; a token that left the configuration has gone."""
        tokens = [fact for fact in swept.facts if isinstance(fact, Token)]
        seen = {"/".join(token.key) for token in tokens}
        for state in self._writer.current(TokenState).values():
            if state.until_ms is None and state.source == swept.source and state.key not in seen:
                self._gone.append(state.key)
        self._tokens = {key: token for key, token in self._tokens.items() if key[0] != swept.source}
        self._tokens.update((token.key, token) for token in tokens)
        self._judged_ms = 0

    @property
    def next_due_ms(self) -> int | None:
        return self._judged_ms + REJUDGE_MS if self._tokens else None

    def flush(self, now_ms: int) -> list[Transition]:
        """Judge all tokens once a second and put their states; commit is the caller's."""
        transitions: list[Transition] = []
        if self._gone:
            transitions += self._writer.gone(TokenState, self._gone, now_ms)
            self._gone = []
        if not self._tokens or 0 <= now_ms - self._judged_ms < REJUDGE_MS:  # negative: the clock was set back
            return transitions
        self._judged_ms = now_ms
        before = self._writer.current(TokenState)
        states = [
            judge_token(token, before.get("/".join(key)), self._settings.get(token.name), now_ms)
            for key, token in self._tokens.items()
        ]
        return transitions + self._writer.put(states, now_ms)
