"""A simulated Kubernetes cluster: what scenarios and tests drive."""

import enum
from collections.abc import Sequence

from statusdesk.demo.clock import WorldClock


class Behaviour(enum.StrEnum):
    """What the pods of a revision do."""

    GOOD = "good"
    SLOW = "slow"  # 60 s until ready
    CRASH = "crash"  # exits 1, again and again
    OOM = "oom"  # 137 OOMKilled, again and again
    IMAGE_MISSING = "image-missing"  # ErrImagePull, ImagePullBackOff
    CONFIG_MISSING = "config-missing"  # CreateContainerConfigError: configmap "app-config" not found
    INIT_CRASH = "init-crash"  # the init container exits 1; its log tells of a 403 from Vault
    NEVER_READY = "never-ready"  # runs, readiness probe fails
    UNSCHEDULABLE = "unschedulable"  # asks for more than any node has
    QUOTA = "quota"  # pods are refused: FailedCreate, ReplicaFailure


class Applied(enum.StrEnum):
    """What ``kubectl apply`` would have printed."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"


class KubeCluster:
    """One cluster with its controllers and kubelets, driven by calls, seen over HTTP (``kube_http.kube_app``).

    All calls are made on the event loop's thread, none of them waits; ``run`` lets time pass. ``kind`` is Deployment,
    StatefulSet or DaemonSet; a workload is named after its app unless ``name`` says otherwise. Calls on a workload
    that does not exist raise KeyError.
    """

    def __init__(
        self,
        clock: WorldClock,
        *,
        seed: int = 1,
        nodes: int = 3,
        token: str | None = None,
        deadline_s: int = 600,
        history: int = 5000,
    ) -> None:
        """Make an empty cluster; ``token`` is the bearer token asked for, ``history`` the events kept per kind."""
        raise NotImplementedError

    async def run(self) -> None:
        """Let the cluster live until cancelled."""

    def pass_time(self, world_seconds: float) -> None:
        """Let the cluster live ``world_seconds`` at once; only for a clock over ``SteppedTime``."""

    def add_namespace(self, name: str, labels: dict[str, str] | None = None) -> None:
        """Make a namespace; ``apply`` makes those that are missing."""

    def delete_namespace(self, name: str) -> None:
        """Delete a namespace and everything in it (pods terminate first)."""

    def apply(
        self,
        namespace: str,
        app: str,
        version: str,
        *,
        kind: str = "Deployment",
        name: str | None = None,
        replicas: int = 2,
        behaviour: Behaviour = Behaviour.GOOD,
        init_container: str | None = "vault-agent",
        build: str | None = None,
        labels: dict[str, str] | None = None,
        deadline_s: int | None = None,
        settled: bool = False,
        age_s: float = 86400.0,
    ) -> Applied:
        """Apply a manifest as a deploy job does; ``build`` (``deploy-orders#42``) is written into annotations.

        ``settled`` places the workload directly in the state it would be in ``age_s`` seconds after the rollout:
        nothing moves, times lie in the past. ``labels`` are added to workload and pods.
        """
        raise NotImplementedError

    def scale(self, namespace: str, app: str, replicas: int, *, kind: str = "Deployment") -> None:
        """Set the number of pods without a new revision."""

    def pause(self, namespace: str, app: str) -> None:
        """Pause a Deployment's rollout."""

    def resume(self, namespace: str, app: str) -> None:
        """Resume a paused Deployment."""

    def undo(self, namespace: str, app: str, *, kind: str = "Deployment") -> None:
        """Go back to the revision before, as ``kubectl rollout undo``."""

    def restart(self, namespace: str, app: str, *, kind: str = "Deployment") -> None:
        """Replace all pods with the same version, as ``kubectl rollout restart``."""

    def delete(self, namespace: str, app: str, *, kind: str = "Deployment") -> None:
        """Delete the workload; its pods terminate."""

    def delete_pod(self, namespace: str, pod: str) -> None:
        """Delete one pod gracefully; its controller makes another."""

    def evict(self, namespace: str, pod: str) -> None:
        """Evict one pod from its node: phase Failed, reason Evicted, left lying about."""

    def fail_now(self, namespace: str, app: str, behaviour: Behaviour, *, kind: str = "Deployment") -> None:
        """Let the running pods of the present revision begin to fail, one after the other within seconds.

        CRASH, OOM and NEVER_READY happen where the pods are; for the others the pods are replaced and the new ones fail.
        """

    def recover(self, namespace: str, app: str, *, kind: str = "Deployment") -> None:
        """Take the cause of a failure away: what ``behaviour`` or ``fail_now`` broke becomes good again."""

    def pods(self, namespace: str, app: str, *, kind: str = "Deployment") -> Sequence[str]:
        """Return the names of a workload's live pods."""
        raise NotImplementedError

    def truth(self) -> dict[str, object]:
        """Return what the cluster knows: ``{"rollouts": [{namespace, kind, name, app, version, revision, state,
        reason, failing_since_ms, started_ms, versions: {version: ready pods}, pods: [...]}]}``.

        ``state`` is ok, progressing, failing, degraded (failing after its rollout was complete), paused or idle.
        """
        raise NotImplementedError

    async def churn(self, changes_per_s: float) -> None:
        """Touch the status of random pods, that many times a second, until cancelled."""
