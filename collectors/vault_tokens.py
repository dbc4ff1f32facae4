"""Tokens and health of a Vault: each configured token by its accessor, and our own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from collectors.server_clocks import off_by
from collectors.transport import VisitFailed
from collectors.vault_accessors import AccessorFiles
from collectors.vault_agenda import Agenda, is_half_over
from collectors.vault_api import (
    LOOKUP_RULE,
    LOOKUP_SELF_RULE,
    RATE_LIMITED,
    AccessorUnknown,
    TokenProblem,
    VaultApi,
    refused_alone,
)
from collectors.vault_facts import SOURCE, health_of, token_of
from collectors.vault_items import Item, has_accessor, look_up, unseen
from collectors.vault_mounts import MountCaps
from collectors.vault_wire import HealthWire
from collectors.visiting import Outcome, Visits
from statusdesk.clock import Clock, ClockSteps
from statusdesk.config import TokenSettings, VaultSettings
from statusdesk.facts import Message, Token, VaultHealth

OWN_NAME = "statusdesk (own)"
THREADS = 8
THREADS_ABOVE = 20  # tokens
CONFIRM_S = 1.0
SKEW_TOLD_MS = 5000
CLOCK = "clock"

Found = Token | AccessorUnknown | TokenProblem


class VaultTokens:
    """Visits one Vault until told to stop. ``token`` reads our own token anew for each connection.

    ``steps`` tells when our clock was set.
    """

    def __init__(
        self,
        settings: VaultSettings,
        token: Callable[[], str] | None,
        emit: Callable[[Message], None],
        stop: threading.Event,
        clock: Clock,
        steps: ClockSteps | None = None,
    ) -> None:
        self._settings = settings
        self._stop = stop
        self._clock = clock
        self._steps = steps
        self._visits: Visits[VaultApi] = Visits(
            SOURCE, "Vault", settings.interval_s, lambda: VaultApi.connect(settings, token), emit, stop, clock
        )
        self._apis: list[VaultApi] = []
        self._items: tuple[Item, ...] = (*settings.tokens, *settings.secret_ids, *settings.certificates)
        self._accessors = AccessorFiles()
        self._agenda = Agenda(settings)
        self._caps = MountCaps(settings.mount_caps, settings.slow_interval_s, settings.interval_s)
        self._own: Token | None = None
        self._facts: dict[str, Token] = {}
        self._unknown: dict[str, int] = {}
        self._denied: set[str] = set()
        self._detail = ""

    def run(self) -> None:
        """Visit again and again; returns when stop is set."""
        self._visits.run(self._look, lambda: self._detail)

    def visit_now(self) -> None:
        """Visit at once instead of at the next interval, and look at everything."""
        self._agenda.all_due()
        self._visits.hurry()

    def _look(self, api: VaultApi) -> Outcome:
        self._was_set()
        started_ms = self._clock()
        health = self._look_at_health(api)
        active = not health.standby or health.performance_standby
        if not api.has_secret:
            if self._items:
                raise VisitFailed(
                    "Misconfigured", f"{api.where}: no token is set: add token_env or token_file to [vault]"
                )
            return Outcome()
        self._read_accessors()
        own = self._own = self._look_up_own(api)
        found, limited = self._look_up_due(api)
        if active and limited is None:
            limited = self._confirm(api, found)
        self._agenda.answered(found, self._clock())
        self._settle(found, active)
        if self._was_set():
            self._visits.hurry()
            return Outcome()  # what was seen before and after that is told apart by nobody: all of it is asked again
        if not self._stop.is_set() and self._agenda.knows_all(self._items):  # else: what was not asked has not gone
            facts = tuple(self._facts[item.name] for item in self._items if item.name in self._facts)
            self._visits.tell_sweep(Token, (own, *facts) if own else facts, started_ms)
        if self._all_denied:
            pinned = "or these accessors to the allowed_parameters there"
            said = f"does not let our token look up others (403): add to its policy {LOOKUP_RULE}, {pinned}"
            after_s = limited.retry_after_s if limited is not None else None
            raise VisitFailed("Forbidden", f"{api.where} {said}", retry_after_s=after_s)
        if limited is not None:
            if not found or limited.retry_after_s is not None:
                raise limited
            return Outcome(limited.problem, limited.message)  # as far as it lets us, at the usual pace
        if not active:
            said = "is a standby node, whose answers may be old: set [vault] address to the active node"
            return Outcome("Standby", f"{api.where} {said}")
        return Outcome()

    def _was_set(self) -> bool:
        """Tell whether our clock was set: then everything is asked again, and what is known was seen as long ago."""
        step_ms = self._steps.step_ms(self._clock()) if self._steps is not None else 0
        if step_ms:
            self._agenda.all_due()
            self._facts = {name: _moved(fact, step_ms) for name, fact in self._facts.items()}
            self._own = _moved(self._own, step_ms) if self._own is not None else None
        return bool(step_ms)

    def _read_accessors(self) -> None:
        """Take the accessors of tokens that were issued anew: what is known of the ones before says nothing of them."""
        problems = dict(self._accessors.problems)
        renewed = self._accessors.renewed(self._items)
        for name, _ in problems.items() ^ self._accessors.problems.items():
            self._agenda.soon(name)
        self._items = tuple(renewed.get(item.name, item) for item in self._items)
        for name in renewed:
            self._unknown.pop(name, None)
            self._agenda.soon(name)

    def _look_at_health(self, api: VaultApi) -> HealthWire:
        """Tell the server's health. Raises: VisitFailed where it cannot answer for tokens."""
        asked_ms = self._clock()
        wire = api.health()
        health = health_of(wire, asked_ms, self._clock())
        self._detail = f"Vault {health.version}"
        self._tell_clock(health, api.where)
        self._visits.tell_sweep(VaultHealth, (health,), asked_ms)
        if not wire.initialized:
            raise VisitFailed("Sealed", f"{api.where} is not initialised: initialise and unseal it")
        if wire.sealed:
            raise VisitFailed("Sealed", f"{api.where} is sealed: unseal it")
        if wire.replication_dr_mode == "secondary":
            said = "is a disaster recovery secondary, which serves no tokens: set [vault] address to the primary"
            raise VisitFailed("Standby", f"{api.where} {said}")
        return wire

    def _tell_clock(self, health: VaultHealth, where: str) -> None:
        off = None
        if abs(health.skew_ms) > SKEW_TOLD_MS:
            words = f"its clock {off_by(health.skew_ms)}"
            self._detail += f", {words}"
            off = VisitFailed("SkewedClock", f"{where} has {words}, which is corrected for: set both by NTP")
        self._visits.tell_part(CLOCK, off)

    def _look_up_own(self, api: VaultApi) -> Token | None:
        try:
            own = token_of(api.own(), OWN_NAME, own=True, seen_ms=self._clock())
        except VisitFailed as error:
            if error.problem != "Forbidden":
                raise
            said = f"{api.where} does not let it look at itself (403): add to its policy {LOOKUP_SELF_RULE}"
            self._visits.tell_part(OWN_NAME, VisitFailed("Forbidden", said), f"token {OWN_NAME}: ")
            return msgspec.structs.replace(self._own, problem=said) if self._own is not None else None
        if self._settings.renew_own and is_half_over(own, self._clock()):
            own = self._renew_own(api, own)
        else:
            self._visits.tell_part(OWN_NAME, None)
        return own

    def _renew_own(self, api: VaultApi, own: Token) -> Token:
        try:
            api.renew_own()
            renewed = token_of(api.own(), OWN_NAME, own=True, seen_ms=self._clock())
        except VisitFailed as error:
            said = f"it cannot renew itself: {error.message}"
            self._visits.tell_part(OWN_NAME, VisitFailed(error.problem, said), f"token {OWN_NAME}: ")
            return own
        self._visits.tell_part(OWN_NAME, None)
        return renewed

    def _look_up_due(self, api: VaultApi) -> tuple[dict[str, Found], VisitFailed | None]:
        """Look up what is due; where our token is refused what it was allowed before, all the rest as well.

        Returns what was found, and why it was cut short where the server asked for fewer requests.

        Raises: VisitFailed as soon as one look-up tells that none can work.
        """
        due = self._agenda.due(self._items, self._clock())
        found, limited = self._look_up_all(api, due)
        denied = {name for name, each in found.items() if _is_denied(each)}
        if denied - self._denied and limited is None and len(due) < len(self._items):
            rest = [item for item in self._items if item.name not in found]
            more, limited = self._look_up_all(api, rest)
            found |= more
            denied = {name for name, each in found.items() if _is_denied(each)}
        self._denied = (self._denied - set(found)) | denied
        if self._reads_tokens(found):
            accessors = {each.name: each.accessor for each in self._items if isinstance(each, TokenSettings)}
            found |= {name: refused_alone(api.where, accessors[name]) for name in denied & accessors.keys()}
        return found, limited

    def _reads_tokens(self, found: dict[str, Found]) -> bool:
        """Whether our token may look up some tokens: what is unknown to Vault was not refused, either."""
        names = {each.name for each in self._settings.tokens} - self._denied
        return any(
            not isinstance(found[name], TokenProblem) if name in found else self._is_seen(name) for name in names
        )

    @property
    def _all_denied(self) -> bool:
        """Whether our token may look up no token; secret-ids need another rule, and certificates none."""
        names = {each.name for each in self._settings.tokens}
        return not names.isdisjoint(self._denied) and names <= self._denied | self._accessors.problems.keys()

    def _look_up_all(self, api: VaultApi, items: Sequence[Item]) -> tuple[dict[str, Found], VisitFailed | None]:
        """Look items up, by a few threads where there are many."""
        found: dict[str, Found] = {}
        if len(items) <= THREADS_ABOVE:
            return found, self._look_up(api, items, found)
        if not self._apis or not self._apis[0].same_secret(api):
            self._apis = [api.another() for _ in range(THREADS)]
        slices = [items[index::THREADS] for index in range(THREADS)]
        with ThreadPoolExecutor(THREADS, "vault-tokens") as pool:
            limits = list(pool.map(self._look_up, self._apis, slices, [found] * THREADS))
        asked = [limit for limit in limits if limit is not None]
        return found, max(asked, key=lambda limit: limit.retry_after_s or 0.0, default=None)

    def _look_up(self, api: VaultApi, items: Sequence[Item], found: dict[str, Found]) -> VisitFailed | None:
        for item in items:
            if self._stop.is_set():
                break
            try:
                if not has_accessor(item) and (problem := self._problem_of_file(item.name)) is not None:
                    raise problem
                found[item.name] = look_up(api, item, self._clock, self._caps)
            except (AccessorUnknown, TokenProblem) as error:
                found[item.name] = error
            except VisitFailed as error:
                if error.problem != RATE_LIMITED:
                    raise
                return error  # what was answered before it is good: it need not be asked again
        return None

    def _confirm(self, api: VaultApi, found: dict[str, Found]) -> VisitFailed | None:
        """Ask again for what is unknown and was never seen, or was refused: no fact can be shown until the next visit.

        Returns why it was cut short where the server asked for fewer requests.
        """
        doubted = [
            item
            for item in self._items
            if isinstance(found.get(item.name), AccessorUnknown) and not self._is_seen(item.name)
        ]
        if not doubted or self._stop.wait(CONFIRM_S):
            return None
        again: dict[str, Found] = {}
        limited = self._look_up(api, doubted, again)
        for name, each in again.items():
            if isinstance(each, AccessorUnknown):
                self._unknown[name] = self._unknown.get(name, 0) + 1
            found[name] = each
        return limited

    def _is_seen(self, name: str) -> bool:
        """Whether a look-up has told of it, and none was refused since."""
        return name in self._facts and self._facts[name].seen_ms is not None and not self._facts[name].problem

    def _settle(self, found: dict[str, Found], active: bool) -> None:
        """Take what was found as the fact to tell; what was known before stays, until it is twice unknown."""
        all_denied = self._all_denied
        for item in self._items:
            if item.name not in found:
                continue
            each = found[item.name]
            known = each if isinstance(each, Token) else self._known(item)
            if isinstance(each, Token):
                self._unknown.pop(item.name, None)
            elif isinstance(each, AccessorUnknown):
                known = self._not_known(item, known) if active else known
            elif known is None or not known.gone:  # what has gone does not come back
                known = msgspec.structs.replace(known or unseen(item), problem=each.message)
            of_file = self._problem_of_file(item.name)
            if known is not None:
                said = of_file.message if of_file is not None else ""
                self._facts[item.name] = msgspec.structs.replace(known, accessor_problem=said)
            problem = each if isinstance(each, TokenProblem) else of_file
            if not (all_denied and item.name in self._denied):  # else the source tells of all; none works again
                self._visits.tell_part(item.name, problem, f"token {item.name}: ")

    def _problem_of_file(self, name: str) -> TokenProblem | None:
        """Return why the file with its accessor tells none, as long as that is so."""
        problem = self._accessors.problems.get(name)
        return TokenProblem("Misconfigured", problem) if problem is not None else None

    def _known(self, item: Item) -> Token | None:
        """Return what is known of it; not of the token that had its name before it was issued anew."""
        known = self._facts.get(item.name)
        return known if known is not None and known.accessor_tail == unseen(item).accessor_tail else None

    def _not_known(self, item: Item, known: Token | None) -> Token | None:
        """Return the fact of what Vault does not know now: it has gone when it is twice so."""
        times = self._unknown[item.name] = self._unknown.get(item.name, 0) + 1
        if times >= 2:
            return msgspec.structs.replace(known or unseen(item), gone=True, problem="")
        if known is None or known.seen_ms is None:
            return known
        return msgspec.structs.replace(known, unknown_ms=self._clock())  # refused before: so until this is confirmed


def _moved(fact: Token, step_ms: int) -> Token:
    seen_ms, unknown_ms = (each + step_ms if each is not None else None for each in (fact.seen_ms, fact.unknown_ms))
    return msgspec.structs.replace(fact, seen_ms=seen_ms, unknown_ms=unknown_ms)


def _is_denied(found: Found) -> bool:
    return isinstance(found, TokenProblem) and found.problem == "Forbidden"
