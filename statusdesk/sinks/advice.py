"""What to do about an alert, and whom it hits, where its row does not say: by rule, kind of source and error. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from statusdesk import faults
from statusdesk.redact import safe
from statusdesk.states_alerts import WATCHDOG, AlertState
from statusdesk.states_builds import OVERDUE

KUBERNETES, JENKINS, VAULT = "kubernetes", "jenkins", "vault"
CHECK = "`statusdesk check sources` says what it is refused, and how to mend that"


def _by_kind(kubernetes: str, jenkins: str, vault: str) -> Mapping[str, str]:
    return MappingProxyType({KUBERNETES: kubernetes, JENKINS: jenkins, VAULT: vault})


_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "RolloutFailing": "open it on the board: its pods, events and the build that did it",
        "RolloutStuck": "see what its pods wait for; go back to the last good version if that lasts",
        "ServiceDegraded": "open it on the board: which pods are not ready, and since when",
        "BadVersionAhead": "stop it: do not promote this version before it is well",
        "BadVersionInProduction": "see whether production suffers too; go back to the last good version if it does",
        "BuildFailed": "open the build in Jenkins: its log says at which step it failed",
        "SeedJobStale": "mend the seed job and run it: the definitions of all jobs are as old as its last good run",
        OVERDUE: "see why the job does not run (disabled, no executor, another trigger) and start it",
        "TokenLapsing": "run its renewal job now; if that does not help, issue a new token before this one lapses",
        "TokenAtCap": "issue a new token: no renewal takes this one beyond its cap",
        "TokenGone": "issue a new token and give it to what uses it: this one cannot be renewed any more",
        "VaultSealed": "unseal it: `vault operator unseal` on each node; and see who or what has sealed it",
        "EnvironmentLeftUp": "take it down with its destroy job, or ask who made it",
        WATCHDOG: "nothing: it always fires; do something when it does NOT arrive, nobody is told of anything then",
    }
)
_MAY_HAVE_DONE = "its log says at which step it failed; look on the board at what its namespace runs now"
_NO_RUN_HELPS = ("AtCap", "NearsCap", "FewUses", "NotRenewable", "ParentLapses")
_REISSUE = "issue a new token before this one lapses: no run of its renewal job helps it"
_SAID_BY_ITS_ROW = ("RolloutFailing", "RolloutStuck", "ServiceDegraded")
"""Where it is known what to look at, nothing general is said."""
_UNREACHABLE = _by_kind(
    "see whether its API server runs and this host reaches it: `kubectl get --raw /readyz`",
    "see whether Jenkins runs and this host reaches it: open its page",
    "see whether Vault runs and this host reaches it: `vault status`",
)
_UNAUTHORIZED = _by_kind(
    "renew the credentials of its kubeconfig",
    "make a new API token for the user of [jenkins], the old one is wrong or was revoked",
    "issue a new token for [vault], the old one is wrong or has expired",
)
_NOT_OURS = "or take the namespace out of its [[stage]], where it is not to be watched any more"
_RIGHTS = _by_kind(
    "grant list and watch as deploy/kubernetes has it",
    "grant the user of [jenkins] Overall/Read and Job/Read",
    "grant the policy of deploy/vault",
)
_ITS_OWN = _by_kind(
    "look at the log of its API server, and at etcd",
    "look at the log of Jenkins, and at the proxy before it",
    "look at the log of Vault, and at its storage",
)
_FEWER = _by_kind(
    "look at what limits requests before its API server",
    "raise [jenkins] interval, or the limit of the proxy before it",
    "raise [vault] interval, or the rate limit quota of Vault",
)
_BY_ERROR: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Unreachable": _UNREACHABLE,
        "Timeout": _UNREACHABLE,
        "Unauthorized": _UNAUTHORIZED,
        "Forbidden": _RIGHTS,
        "NoAccess": _RIGHTS,
        "Empty": _RIGHTS,
        "ServerError": _ITS_OWN,
        "RateLimited": _FEWER,
        "NotJson": _ITS_OWN,
    }
)
_HITS: Mapping[str, str] = MappingProxyType(
    {
        "SeedJobStale": "all jobs that it makes: they stay as they are",
        OVERDUE: "what uses the tokens that it renews",
        "VaultSealed": "whatever needs a secret: no token is renewed, and init containers of new pods wait",
        WATCHDOG: "nobody",
    }
)
_NOT_SEEN = _by_kind(
    "nobody sees what runs in this cluster, good or bad",
    "nobody sees builds, seed and renewal jobs, good or bad",
    "nobody sees tokens, good or bad",
)


def advice(alert: AlertState) -> list[str]:
    """Return what to do about an alert of this rule, best first."""
    if alert.look and alert.alertname in _SAID_BY_ITS_ROW:
        return []
    if alert.alertname == "TokenLapsing" and alert.reason in _NO_RUN_HELPS:
        return [_REISSUE]
    if alert.alertname == "BuildFailed" and (alert.did or alert.namespace):
        return [f"open the build in Jenkins: {alert.did or _MAY_HAVE_DONE}"]
    if alert.alertname == OVERDUE and alert.did:
        return [f"{alert.did}: open it in Jenkins, mend what fails there, and run the job again"]
    if alert.alertname != "SourceDown":
        return [_STEPS[alert.alertname]] if alert.alertname in _STEPS else []
    if alert.reason == faults.INTERNAL:
        return ["look at the log of the collector and report it: this is a fault of statusdesk"]
    if alert.token:  # Vault as a whole answers
        return [CHECK]
    kind = _kind(alert)
    step = _BY_ERROR.get(alert.reason, _UNREACHABLE).get(kind, "")
    steps = [step, CHECK] if step else [CHECK]
    return [*steps, _NOT_OURS] if alert.namespace else steps


def hits_by_rule(alert: AlertState) -> str:
    """Return whom an alert of this rule hits, where neither namespace nor token says it; empty when not known."""
    if alert.alertname == "SourceDown":
        return safe(alert.unseen) or _NOT_SEEN.get(_kind(alert), "")
    return _HITS.get(alert.alertname, "")


def _kind(alert: AlertState) -> str:
    return alert.source.partition("/")[0]
