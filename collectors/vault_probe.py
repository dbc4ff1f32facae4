"""What ``statusdesk check`` tries at a Vault."""

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from collectors.probe import Probe
from collectors.transport import VisitFailed
from collectors.vault_api import (
    CAPABILITIES_RULE,
    POLICY,
    RENEW_SELF_RULE,
    AccessorUnknown,
    TokenProblem,
    VaultApi,
    refused_alone,
)
from collectors.vault_facts import tail, token_of
from collectors.vault_items import Item, look_up, unseen
from collectors.vault_mounts import MountCaps, ask_mount, mounts_in
from statusdesk.accessors import read_accessor
from statusdesk.clock import system_clock
from statusdesk.config import CertificateSettings, SecretIdSettings, TokenSettings, VaultSettings
from statusdesk.facts import Token
from statusdesk.grants import every, missed, overdue_after_ms, survival, survived
from statusdesk.text import span


def probe_vault(settings: VaultSettings, token: Callable[[], str] | None) -> list[Probe]:
    """Try everything that the collector needs, once; what fails says how to mend or grant it."""
    try:
        api = VaultApi.connect(settings, token)
        health = api.health()
    except VisitFailed as error:
        return [Probe(ok=False, what="vault", message=error.message)]
    if not health.initialized or health.sealed:
        state = "sealed: unseal it" if health.initialized else "not initialised: initialise and unseal it"
        return [Probe(ok=False, what="vault", message=f"{api.where} is {state}")]
    found = [Probe(ok=True, what="vault", message=f"{api.where} answers: version {health.version or 'not told'}")]
    if health.standby and not health.performance_standby:
        said = f"{api.where} is a standby node: set [vault] address to the active node"
        found.append(Probe(ok=False, what="vault standby", message=said))
    if not api.has_secret:
        said = "no token of our own: set token_env or token_file in [vault]; its policy needs\n" + POLICY
        return [*found, Probe(ok=False, what="vault token", message=said)]
    own = _own(api, found)
    if own is not None and settings.renew_own:
        found.append(_probe_renewal(api, own))
    return [*found, *_probe_items(api, settings)]


def _own(api: VaultApi, found: list[Probe]) -> Token | None:
    """Look our own token up, and tell of it in ``found``."""
    try:
        own = token_of(api.own(), "own", own=True)
    except VisitFailed as error:
        found.append(Probe(ok=False, what="vault token", message=error.message))
        return None
    said = f"our own token {_life(own)}"
    if own.root:
        said = f"our own token is a root token: give statusdesk one with this policy only\n{POLICY}"
    found.append(Probe(ok=not own.root, what="vault token", message=said))
    return own


def _probe_renewal(api: VaultApi, own: Token) -> Probe:
    """Tell whether ``renew_own`` would work, without renewing."""
    what = "vault renew_own"
    if own.expire_ms is None:
        return Probe(ok=True, what=what, message="our own token never expires: there is nothing to renew")
    if not own.renewable:
        said = "our own token cannot be renewed: give statusdesk a periodic one, or take renew_own out of [vault]"
        return Probe(ok=False, what=what, message=said)
    try:
        may = api.may("auth/token/renew-self")
    except VisitFailed as error:
        if error.problem != "Forbidden":
            return Probe(ok=False, what=what, message=error.message)
        said = f"not tried, because it would renew: see to it that the policy of our token has {RENEW_SELF_RULE}"
        return Probe(ok=False, what=what, message=f"{said}; with {CAPABILITIES_RULE} this can be told", warns=True)
    if may & {"update", "root"}:
        return Probe(ok=True, what=what, message="our own token is renewable and may renew itself")
    said = f"our own token may not renew itself: add to its policy {RENEW_SELF_RULE}"
    return Probe(ok=False, what=what, message=said)


def _probe_items(api: VaultApi, settings: VaultSettings) -> list[Probe]:
    """Look up each that is configured, and where it is wanted the caps of the mounts that the tokens came from."""
    found: list[Probe] = []
    paths: list[str] = []
    denied: dict[int, TokenSettings] = {}  # by their place in what was found
    may_look_up = False
    no_caps = MountCaps(False, 0.0, 0.0)
    items: tuple[Item, ...] = (*settings.tokens, *settings.secret_ids, *settings.certificates)
    for item in items:
        what = f"vault {unseen(item).kind} {item.name}"
        if problem := _of_file(item):
            found.append(Probe(ok=False, what=what, message=problem))
            continue
        try:
            fact = look_up(api, item, system_clock, no_caps)
        except AccessorUnknown:
            found.append(Probe(ok=False, what=what, message=_unknown(item)))
            may_look_up = may_look_up or isinstance(item, TokenSettings)
        except TokenProblem as error:
            if error.problem == "Forbidden" and isinstance(item, TokenSettings):
                denied[len(found)] = item
            found.append(Probe(ok=False, what=what, message=error.message))
        except VisitFailed as error:
            found.append(Probe(ok=False, what=what, message=error.message))
            paths.clear()  # nothing more is asked for
            break
        else:
            found.append(_there(fact, item, what, round(settings.interval_s * 1000)))
            paths.append(fact.path)
            may_look_up = may_look_up or isinstance(item, TokenSettings)
    for place, token in denied.items():
        said = refused_alone(api.where, token.accessor).message if may_look_up else f"{found[place].message}\n{POLICY}"
        found[place] = replace(found[place], message=said)
    made = dict.fromkeys(tuple(mounts_in(path)) for path in paths) if settings.mount_caps else {}
    caps = {probe.what: probe for mounts in made if mounts for probe in [_probe_cap(api, list(mounts))]}
    return [*found, *caps.values()]


def _of_file(item: Item) -> str:
    """Return why the file with its accessor tells none."""
    if isinstance(item, CertificateSettings) or not item.accessor_file:
        return ""
    return read_accessor(Path(item.accessor_file)).problem


def _unknown(item: Item) -> str:
    if isinstance(item, CertificateSettings):
        return (
            f"{item.mount} has no certificate whose serial number ends in {tail(item.serial)}: mistyped, or tidied up"
        )
    of_role = f"secret-id of the role {item.role}" if isinstance(item, SecretIdSettings) else "token"
    return f"no {of_role} has the accessor ending in {tail(item.accessor)}: expired, revoked, or mistyped"


def _there(fact: Token, item: Item, what: str, poll_ms: int) -> Probe:
    """Tell of one that is there; ``poll_ms``: so late a renewal may be seen."""
    if fact.gone:
        return Probe(ok=False, what=what, message="was revoked: name the one that took its place", warns=True)
    every_s = item.renew_every_s if isinstance(item, TokenSettings) else None
    said, is_late = _survival(fact, every_s, poll_ms)
    return Probe(ok=not is_late, what=what, message=_life(fact) + said, warns=is_late)


def _probe_cap(api: VaultApi, mounts: list[str]) -> Probe:
    """Ask the mount that is one of these for its cap; without it a cap is told when a renewal no longer extends."""
    try:
        mount, max_s = ask_mount(api, mounts)
    except VisitFailed as error:
        return Probe(ok=False, what=f"vault mount_caps {mounts[0]}", message=error.message, warns=True)
    said = f"auth/{mount} lets no token live longer than {span(max_s * 1000)}"
    return Probe(ok=True, what=f"vault mount_caps {mount}", message=said)


def _survival(token: Token, every_s: float | None, poll_ms: int) -> tuple[str, bool]:
    """Say how many more missed runs it lives through, where the settings say how often it is renewed; if one was."""
    from_ms = token.last_renewal_ms or token.issue_ms
    if not every_s or from_ms is None or token.expire_ms is None or not token.renewable:
        return "", False
    every_ms = round(every_s * 1000)
    since_ms, runs_in = system_clock() - from_ms, every(every_ms)
    runs = missed(since_ms, runs_in) if since_ms > overdue_after_ms(every_ms, poll_ms) else 0
    late = f", missed {'once' if runs == 1 else f'{runs} times'}" if runs else ""
    left = survival(survived(token.expire_ms - from_ms, runs_in, runs), more=runs > 0)
    return f", renewed every {span(every_ms)}{late}: {left}", runs > 0


def _life(token: Token) -> str:
    if token.expire_ms is None:
        return "never expires"
    left_ms = token.expire_ms - system_clock()
    return f"expires in {span(left_ms)}" if left_ms > 0 else "has expired"
