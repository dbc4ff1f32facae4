"""Tokens and health of a Vault: each configured token by its accessor, and our own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from collectors.transport import VisitFailed
from collectors.vault_api import LOOKUP_RULE, LOOKUP_SELF_RULE, AccessorUnknown, TokenProblem, VaultApi
from collectors.vault_facts import SOURCE, health_of, tail, token_of
from collectors.vault_wire import HealthWire
from collectors.visiting import Outcome, Visits
from statusdesk.clock import Clock
from statusdesk.config import TokenSettings, VaultSettings
from statusdesk.facts import Message, Token, VaultHealth
from statusdesk.text import age

OWN_NAME = "statusdesk (own)"
THREADS = 4
THREADS_ABOVE = 20  # tokens
CONFIRM_S = 1.0
SKEW_TOLD_MS = 5000

Found = Token | AccessorUnknown | TokenProblem


class VaultTokens:
    """Visits one Vault until told to stop. ``token`` reads our own token anew for each connection."""

    def __init__(
        self,
        settings: VaultSettings,
        token: Callable[[], str] | None,
        emit: Callable[[Message], None],
        stop: threading.Event,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._stop = stop
        self._clock = clock
        self._visits: Visits[VaultApi] = Visits(
            SOURCE, "Vault", settings.interval_s, lambda: VaultApi.connect(settings, token), emit, stop, clock
        )
        self._apis: list[VaultApi] = []
        self._facts: dict[str, Token] = {}
        self._unknown: dict[str, int] = {}
        self._detail = ""

    def run(self) -> None:
        """Visit again and again; returns when stop is set."""
        self._visits.run(self._look, lambda: self._detail)

    def visit_now(self) -> None:
        """Visit at once instead of at the next interval."""
        self._visits.hurry()

    def _look(self, api: VaultApi) -> Outcome:
        started_ms = self._clock()
        health = self._look_at_health(api)
        active = not health.standby or health.performance_standby
        if not api.has_secret:
            if self._settings.tokens:
                raise VisitFailed(
                    "Misconfigured", f"{api.where}: no token is set: add token_env or token_file to [vault]"
                )
            return Outcome()
        own = self._look_up_own(api)
        found = self._look_up_all(api)
        if active:
            self._confirm(api, found)
        if len(found) < len(self._settings.tokens):
            return Outcome()  # stopped on the way: what was not asked has not gone
        self._refuse_when_all_denied(api, found)
        facts = tuple(self._settled(found, active))
        self._visits.tell_sweep(Token, (own, *facts) if own else facts, started_ms)
        if not active:
            said = "is a standby node, whose answers may be old: set [vault] address to the active node"
            return Outcome("Standby", f"{api.where} {said}")
        return Outcome()

    def _look_at_health(self, api: VaultApi) -> HealthWire:
        """Tell the server's health. Raises: VisitFailed where it cannot answer for tokens."""
        asked_ms = self._clock()
        wire = api.health()
        health = health_of(wire, asked_ms, self._clock())
        self._detail = f"Vault {health.version}"
        if abs(health.skew_ms) > SKEW_TOLD_MS:
            where = "ahead of" if health.skew_ms > 0 else "behind"
            self._detail += f", its clock {age(abs(health.skew_ms))} {where} ours"
        self._visits.tell_sweep(VaultHealth, (health,), asked_ms)
        if not wire.initialized:
            raise VisitFailed("Sealed", f"{api.where} is not initialised: initialise and unseal it")
        if wire.sealed:
            raise VisitFailed("Sealed", f"{api.where} is sealed: unseal it")
        if wire.replication_dr_mode == "secondary":
            said = "is a disaster recovery secondary, which serves no tokens: set [vault] address to the primary"
            raise VisitFailed("Standby", f"{api.where} {said}")
        return wire

    def _look_up_own(self, api: VaultApi) -> Token | None:
        try:
            own = token_of(api.own(), OWN_NAME, own=True)
        except VisitFailed as error:
            if error.problem != "Forbidden":
                raise
            said = f"{api.where} does not let it look at itself (403): add to its policy {LOOKUP_SELF_RULE}"
            self._visits.tell_part(OWN_NAME, VisitFailed("Forbidden", said), f"token {OWN_NAME}: ")
            return None
        self._visits.tell_part(OWN_NAME, None)
        return own

    def _look_up_all(self, api: VaultApi) -> dict[str, Found]:
        """Look up every configured token, by a few threads where there are many.

        Raises: VisitFailed as soon as one look-up tells that none can work.
        """
        tokens = self._settings.tokens
        if len(tokens) <= THREADS_ABOVE:
            return self._look_up(api, tokens)
        if self._apis[:1] != [api]:
            self._apis = [api, *(api.another() for _ in range(THREADS - 1))]
        slices = [tokens[index::THREADS] for index in range(THREADS)]
        with ThreadPoolExecutor(THREADS, "vault-tokens") as pool:
            parts = list(pool.map(self._look_up, self._apis, slices))
        found = {name: each for part in parts for name, each in part.items()}
        return {token.name: found[token.name] for token in tokens if token.name in found}

    def _look_up(self, api: VaultApi, tokens: Sequence[TokenSettings]) -> dict[str, Found]:
        found: dict[str, Found] = {}
        for token in tokens:
            if self._stop.is_set():
                break
            try:
                found[token.name] = token_of(api.lookup(token.accessor), token.name)
            except (AccessorUnknown, TokenProblem) as error:
                found[token.name] = error
        return found

    def _confirm(self, api: VaultApi, found: dict[str, Found]) -> None:
        """Ask again for what is unknown and was never seen: there is no earlier fact to show until the next visit."""
        doubted = [
            token
            for token in self._settings.tokens
            if isinstance(found.get(token.name), AccessorUnknown) and token.name not in self._facts
        ]
        if doubted and not self._stop.wait(CONFIRM_S):
            for name, again in self._look_up(api, doubted).items():
                if isinstance(again, AccessorUnknown):
                    self._unknown[name] = self._unknown.get(name, 0) + 1
                found[name] = again

    def _refuse_when_all_denied(self, api: VaultApi, found: dict[str, Found]) -> None:
        denied = [each for each in found.values() if isinstance(each, TokenProblem) and each.problem == "Forbidden"]
        if denied and len(denied) == len(found):
            said = f"does not let our token look up others (403): add to its policy {LOOKUP_RULE}"
            raise VisitFailed("Forbidden", f"{api.where} {said}")

    def _settled(self, found: dict[str, Found], active: bool) -> list[Token]:
        """Return the facts to tell: what was found, else what was known before, until twice unknown."""
        facts = []
        for token in self._settings.tokens:
            each = found.get(token.name)
            known = self._facts.get(token.name)
            if isinstance(each, Token):
                self._unknown.pop(token.name, None)
                known = each
            elif isinstance(each, AccessorUnknown) and active:
                times = self._unknown[token.name] = self._unknown.get(token.name, 0) + 1
                if times >= 2:
                    last = known or Token(source=SOURCE, name=token.name, accessor_tail=tail(token.accessor))
                    known = msgspec.structs.replace(last, gone=True)
            if known is not None:
                self._facts[token.name] = known
                facts.append(known)
            problem = each if isinstance(each, TokenProblem) else None
            self._visits.tell_part(token.name, problem, f"token {token.name}: ")
        return facts
