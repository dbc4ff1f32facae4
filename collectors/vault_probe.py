"""What ``statusdesk check`` tries at a Vault."""

import time
from collections.abc import Callable

from collectors.probe import Probe
from collectors.transport import VisitFailed
from collectors.vault_api import LOOKUP_SELF_RULE, POLICY, AccessorUnknown, TokenProblem, VaultApi
from collectors.vault_facts import tail, token_of
from statusdesk.config import VaultSettings
from statusdesk.facts import Token
from statusdesk.grants import survival, survived
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
    own = _probe_own(api)
    found.append(own)
    return [*found, *_probe_tokens(api, settings)]


def _probe_own(api: VaultApi) -> Probe:
    try:
        own = token_of(api.own(), "own", own=True)
    except VisitFailed as error:
        said = f"{error.message}; the rule is {LOOKUP_SELF_RULE}" if error.problem == "Forbidden" else error.message
        return Probe(ok=False, what="vault token", message=said)
    if own.root:
        said = f"our own token is a root token: give statusdesk one with this policy only\n{POLICY}"
        return Probe(ok=False, what="vault token", message=said)
    return Probe(ok=True, what="vault token", message=f"our own token {_life(own)}")


def _probe_tokens(api: VaultApi, settings: VaultSettings) -> list[Probe]:
    found = []
    for each in settings.tokens:
        what = f"vault token {each.name}"
        try:
            token = token_of(api.lookup(each.accessor), each.name)
        except AccessorUnknown:
            said = f"no token has the accessor ending in {tail(each.accessor)}: expired, revoked, or mistyped"
            found.append(Probe(ok=False, what=what, message=said))
        except TokenProblem as error:
            said = f"{error.message}\n{POLICY}" if error.problem == "Forbidden" else error.message
            found.append(Probe(ok=False, what=what, message=said))
        except VisitFailed as error:
            return [*found, Probe(ok=False, what=what, message=error.message)]
        else:
            found.append(Probe(ok=True, what=what, message=_life(token) + _survival(token, each.renew_every_s)))
    return found


def _survival(token: Token, every_s: float | None) -> str:
    """Say how many missed runs the last grant lives through, where the settings say how often it is renewed."""
    from_ms = token.last_renewal_ms or token.issue_ms
    if not every_s or from_ms is None or token.expire_ms is None or not token.renewable:
        return ""
    every_ms = round(every_s * 1000)
    return f", renewed every {span(every_ms)}: {survival(survived(token.expire_ms - from_ms, every_ms))}"


def _life(token: Token) -> str:
    if token.expire_ms is None:
        return "never expires"
    left_ms = token.expire_ms - time.time_ns() // 1_000_000
    return f"expires in {span(left_ms)}" if left_ms > 0 else "has expired"
