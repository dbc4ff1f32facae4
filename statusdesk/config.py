"""The settings: frozen, validated, passed to constructors. ``config_file`` reads them from TOML.

Durations are seconds here (``_s``); the file writes them as ``30s``, ``5m``, ``2h``, ``7d``. A ``Secret`` is where a
secret comes from, never the secret itself. Field comments are the manual; ``config.example.toml`` says the same.
"""

import fnmatch

from msgspec.structs import replace

from statusdesk.config_alerts import AlertsSettings, GateSettings, HaSettings, SinkSettings
from statusdesk.settings import Secret as Secret
from statusdesk.settings import Settings as Settings
from statusdesk.source_names import JENKINS, KUBERNETES, VAULT


class ClusterSettings(Settings, frozen=True):
    """``[[cluster]]``: a context of a kubeconfig."""

    name: str
    kubeconfig: str = ""  # path; empty: $KUBECONFIG, ~/.kube/config, or in-cluster
    context: str = ""  # empty: the current one
    request_timeout_s: float = 10.0
    page_size: int = 250
    max_namespaced_watches: int = 25  # more namespaces than this, without cluster-wide rights, are polled
    poll_interval_s: float = 30.0


class RolloutThresholds(Settings, frozen=True):
    """``[thresholds]``, and per stage in its ``thresholds``: when a rollout is warned of, and when it is failing."""

    restarts: int = 2  # restarts since the rollout began, or within restart_window after it, that make it failing
    restart_window_s: float = 300.0
    pull_backoff_s: float = 30.0
    unschedulable_warn_s: float = 15.0
    unschedulable_fail_s: float = 90.0
    scale_up_s: float = 300.0  # a cluster autoscaler that is at work puts failing off for so long
    never_ready_warn_s: float = 90.0
    never_ready_deadline_share: float = 0.5
    init_running_s: float = 60.0
    unavailable_warn_s: float = 30.0  # a completed rollout without an available pod, or with one not ready any more
    unavailable_fail_s: float = 90.0
    mount_fail_s: float = 120.0  # a volume cannot be mounted, or attached
    flaps: int = 3  # changes between ready and not ready within flap_window that are warned of
    flap_window_s: float = 300.0
    terminating_s: float = 60.0  # a pod is still there so long after its grace period
    paused_warn_s: float = 3600.0
    idle_warn_s: float = 0.0  # warn for so long after a workload was scaled to 0; 0: never
    production_idle_warn_s: float = 86_400.0  # ... in the production stage, where that is longer
    latch_s: float = 30.0


class StageSettings(Settings, frozen=True):
    """``[[stage]]``: one step of promotion, in order; the last one is production unless another says so."""

    name: str
    namespaces: tuple[str, ...]  # names or globs; default: (name,)
    clusters: tuple[str, ...] = ()  # empty: all
    production: bool = False
    # minimum healthy time before the next stage; None: that of [gate] for a gate, else none
    soak_s: float | None = None
    thresholds: RolloutThresholds | None = None  # those of [thresholds], with what this stage says otherwise

    def holds(self, cluster: str, namespace: str) -> bool:
        """Whether a namespace of a cluster belongs to this stage; an empty ``cluster`` stands for any."""
        if cluster and self.clusters and cluster not in self.clusters:
            return False
        return any(namespace == entry or fnmatch.fnmatchcase(namespace, entry) for entry in self.namespaces)


class AppSettings(Settings, frozen=True):
    """``[[app]]``: refines what is discovered."""

    name: str
    workloads: tuple[str, ...] = ()  # globs of workload names
    jobs: tuple[str, ...] = ()  # globs of Jenkins job full names
    container: str = ""  # whose image is the version; empty: named as the app, else the first
    version: str = "image-tag"  # image-tag | label:NAME | annotation:NAME
    stages: tuple[str, ...] = ()  # stages that it can reach; empty: all


class JenkinsSettings(Settings, frozen=True):
    """``[jenkins]``."""

    url: str
    user: str = ""
    token: Secret | None = None  # token_env, token_file, token_command
    ca_file: str = ""
    interval_s: float = 10.0
    slow_interval_s: float = 300.0
    timeout_s: float = 10.0
    backfill_builds: int = 50
    backfill_parallel: int = 4
    namespace_parameters: tuple[str, ...] = ("NAMESPACE", "K8S_NAMESPACE", "TARGET_NAMESPACE", "ENV", "ENVIRONMENT")
    version_parameters: tuple[str, ...] = ("VERSION", "IMAGE_TAG", "TAG")
    namespace_patterns: tuple[str, ...] = ()  # regular expressions over job full names, with a group "ns"
    namespace_folders: tuple[str, ...] = ()  # "folder = namespace": what is in a folder, where nothing else tells
    split_namespaces: bool = False  # "a,b" is two namespaces
    seed_jobs: tuple[str, ...] = ("seed*",)  # globs over job full names
    renewal_jobs: tuple[str, ...] = ("vault-renew*", "renew-*", "*token-renew*")
    environment_jobs: tuple[str, ...] = ("env-*", "*-environment")
    deploy_jobs: tuple[str, ...] = ("deploy*",)
    seed_every_s: float | None = None  # None: learnt from its timed runs
    seed_stale_s: float = 7 * 86400.0  # job definitions are old after this, however seldom the seed job runs
    renewal_every_s: float | None = None  # of jobs whose token does not say; None: learnt
    queue_warn_s: float = 600.0  # a platform job that waits in the queue for so long


class TokenSettings(Settings, frozen=True):
    """``[[vault.token]]``: one token to watch, by accessor."""

    name: str
    accessor: str  # accessor, accessor_env, accessor_file (resolved by the loader)
    owner: str = ""
    parent: str = ""  # the token that made it, by its name here, when it dies with that one
    renewal_job: str = ""
    renew_every_s: float | None = None  # None: learnt
    apps: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    warn_s: float = 24 * 3600.0
    critical_s: float = 2 * 3600.0
    reissue_warn_s: float = 72 * 3600.0  # for what no renewal extends: a person must replace it
    reissue_critical_s: float = 24 * 3600.0
    accessor_file: str = ""  # where the accessor was read: read again when that file changes


class SecretIdSettings(Settings, frozen=True):
    """``[[vault.secret_id]]``: a secret-id of an AppRole, by its own accessor; the policy must allow its look-up."""

    name: str
    role: str
    accessor: str  # accessor, accessor_env, accessor_file
    mount: str = "approle"
    owner: str = ""
    apps: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    warn_s: float = 14 * 86400.0
    critical_s: float = 3 * 86400.0
    accessor_file: str = ""  # as of a token


class CertificateSettings(Settings, frozen=True):
    """``[[vault.certificate]]``: a certificate that Vault has issued, by its serial number."""

    name: str
    serial: str
    mount: str = "pki"
    owner: str = ""
    apps: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    warn_s: float = 14 * 86400.0
    critical_s: float = 3 * 86400.0


class VaultSettings(Settings, frozen=True):
    """``[vault]``."""

    address: str
    token: Secret | None = None
    namespace: str = ""
    ca_file: str = ""
    interval_s: float = 30.0
    slow_interval_s: float = 300.0  # of what is far from its end
    timeout_s: float = 5.0
    renew_own: bool = False  # renew our own token, by auth/token/renew-self: the only thing that is ever written
    mount_caps: bool = False  # ask each mount for its max_lease_ttl; the policy must allow it
    tokens: tuple[TokenSettings, ...] = ()
    secret_ids: tuple[SecretIdSettings, ...] = ()
    certificates: tuple[CertificateSettings, ...] = ()


class StoreSettings(Settings, frozen=True):
    """``[store]``."""

    state_dir: str  # resolved: flag, $STATUSDESK_STATE_DIR, $STATE_DIRECTORY, file, XDG
    keep_s: float = 90 * 86400.0
    batch_ms: int = 100


class BoardSettings(Settings, frozen=True):
    """``[board]``."""

    title: str = ""
    theme: str = "statusdesk"  # statusdesk | statusdesk-colourblind | mono | any Textual theme
    glyphs: str = "unicode"  # unicode | ascii
    timezone: str = "UTC"
    stale_after_s: float = 120.0
    log_lines: int = 100_000  # that one view of a log holds; more make it forget the oldest
    keymap: tuple[tuple[str, str], ...] = ()  # binding id -> keys, both checked by name


class EnvironmentSettings(Settings, frozen=True):
    """``[environments]``: development namespaces that come and go."""

    create_jobs: tuple[str, ...] = ("*create*",)  # globs over full names of [jenkins] environment_jobs
    destroy_jobs: tuple[str, ...] = ("*destroy*", "*delete*", "*remove*")
    work_days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri")
    holidays: tuple[str, ...] = ()  # days such as 2026-12-25 on which nobody works
    work_from: str = "07:00"
    work_until: str = "20:00"
    timezone: str = ""  # empty: that of [board]
    grace_s: float = 1800.0  # after work_until, before one that is up is told


class Config(Settings, frozen=True):
    """Everything, resolved and validated."""

    path: str
    stages: tuple[StageSettings, ...]
    clusters: tuple[ClusterSettings, ...]
    store: StoreSettings
    jenkins: JenkinsSettings | None = None
    vault: VaultSettings | None = None
    alerts: AlertsSettings = AlertsSettings()
    sinks: tuple[SinkSettings, ...] = ()
    ha: HaSettings = HaSettings()
    gate: GateSettings = GateSettings()
    apps: tuple[AppSettings, ...] = ()
    thresholds: RolloutThresholds = RolloutThresholds()
    board: BoardSettings = BoardSettings()
    environments: EnvironmentSettings = EnvironmentSettings()

    @property
    def namespaces(self) -> tuple[str, ...]:
        """All namespaces of all stages, in order, each once."""
        return tuple(dict.fromkeys(ns for stage in self.stages for ns in stage.namespaces))

    def source_names(self) -> tuple[str, ...]:
        """The names of all sources that are to be asked."""
        names = [f"{KUBERNETES}{cluster.name}" for cluster in self.clusters]
        names += [JENKINS] if self.jenkins is not None else []
        names += [VAULT] if self.vault is not None else []
        return tuple(names)

    def namespaces_of(self, cluster: str) -> tuple[str, ...]:
        """The namespaces of the stages that belong to ``cluster``, in order, each once."""
        stages = [stage for stage in self.stages if not stage.clusters or cluster in stage.clusters]
        return tuple(dict.fromkeys(namespace for stage in stages for namespace in stage.namespaces))

    def stage_of(self, cluster: str, namespace: str) -> StageSettings | None:
        """The stage that a namespace belongs to."""
        return next((stage for stage in self.stages if stage.holds(cluster, namespace)), None)

    def thresholds_of(self, cluster: str, namespace: str) -> RolloutThresholds:
        """The thresholds of the stage that a namespace belongs to, those of all stages where it says nothing."""
        stage = next((stage for stage in self.stages if stage.production and stage.holds(cluster, namespace)), None)
        found = self._thresholds_of(cluster, namespace)
        if stage is None or found.idle_warn_s >= found.production_idle_warn_s:
            return found
        return replace(found, idle_warn_s=found.production_idle_warn_s)

    def _thresholds_of(self, cluster: str, namespace: str) -> RolloutThresholds:
        for stage in self.stages:
            if stage.thresholds is not None and stage.holds(cluster, namespace):
                return stage.thresholds
        return self.thresholds
