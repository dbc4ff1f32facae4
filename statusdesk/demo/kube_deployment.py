"""The Deployment and ReplicaSet controllers of a simulated cluster."""

from statusdesk.demo.kube_deploystatus import set_condition, tell_status
from statusdesk.demo.kube_events import About
from statusdesk.demo.kube_kinds import DEPLOYMENTS, REPLICA_SETS
from statusdesk.demo.kube_model import Counts, RevisionModel, WorkloadModel
from statusdesk.demo.kube_objects import replica_set_object, workload_object
from statusdesk.demo.kube_parts import KubeParts
from statusdesk.demo.kube_pods import PodMaker, refusal_delay_s, victims

REVISION = "deployment.kubernetes.io/revision"
_HISTORY = 10


class DeploymentController:
    """Makes Deployments real by scaling their ReplicaSets, and ReplicaSets by making pods."""

    def __init__(self, parts: KubeParts, pods: PodMaker) -> None:
        self._parts = parts
        self._pods = pods

    def enqueue(self, workload: WorkloadModel, delay_s: float = 0.02) -> None:
        """Look at a Deployment soon."""
        if not workload.queued:
            workload.queued = True
            self._parts.agenda.after(delay_s, lambda: self._sync(workload))

    def enqueue_set(self, workload: WorkloadModel, revision: RevisionModel, delay_s: float = 0.01) -> None:
        """Look at a ReplicaSet soon."""
        if not revision.queued:
            revision.queued = True
            self._parts.agenda.after(delay_s, lambda: self._sync_set(workload, revision))

    def show(self, workload: WorkloadModel) -> None:
        """Write a Deployment to the store."""
        workload.updated_ms = self._parts.now_ms()
        fields = {"metadata.name": workload.name, "metadata.namespace": workload.namespace}
        self._parts.store.put(DEPLOYMENTS, workload_object(workload), fields)

    def show_set(self, workload: WorkloadModel, revision: RevisionModel) -> None:
        """Write a ReplicaSet to the store if it has changed."""
        number = (revision.number, tuple(revision.history), revision.desired)
        state = (revision.generation, revision.observed, revision.replicas, revision.counts, revision.failure, number)
        if revision.shown == state:
            return
        revision.shown = state
        revision.updated_ms = self._parts.now_ms()
        fields = {
            "metadata.name": revision.name,
            "metadata.namespace": workload.namespace,
            "status.replicas": str(revision.counts.replicas),
        }
        self._parts.store.put(REPLICA_SETS, replica_set_object(workload, revision), fields)

    def _sync(self, workload: WorkloadModel) -> None:
        workload.queued = False
        if workload.gone:
            return
        newest = workload.newest()
        if newest is None and not workload.paused:
            self._create_set(workload)
            return
        if newest is not None and not workload.paused:
            self._renumber(workload, newest)
        workload.observed = workload.generation
        if workload.paused:
            self._scale_paused(workload)
        elif newest is not None:
            self._roll(workload, newest)
        if tell_status(self._parts, workload):
            self.show(workload)
        self._plan_deadline(workload)
        self._clean_up(workload)

    def _create_set(self, workload: WorkloadModel) -> None:
        """Make the ReplicaSet of a new template, already scaled as far as the surge allows."""
        parts = self._parts
        number = max((r.number for r in workload.revisions), default=0) + 1
        digest = parts.letters(parts.chance.choice((9, 10, 10, 10)))
        revision = RevisionModel(
            f"{workload.name}-{digest}", digest, parts.uid(), workload.template, number, parts.now_ms()
        )
        room = workload.replicas + surge(workload) - sum(r.replicas for r in workload.revisions)
        revision.replicas = max(0, min(workload.replicas, room))
        revision.desired = workload.replicas
        workload.revisions.append(revision)
        workload.annotations[REVISION] = str(number)
        self.show_set(workload, revision)
        now_ms = parts.now_ms()
        created = f'Created new replica set "{revision.name}"'
        set_condition(workload, "Progressing", "True", "NewReplicaSetCreated", created, now_ms)
        self.show(workload)
        if revision.replicas:
            self._tell_scaling(workload, revision, 0)
        # The Deployment is looked at before its ReplicaSet has pods, and again after: each step is told.
        self.enqueue(workload, 0.01)
        self.enqueue_set(workload, revision, 0.02)

    def _renumber(self, workload: WorkloadModel, newest: RevisionModel) -> None:
        """Give the ReplicaSet of the present template the highest revision number: a rollback re-uses it."""
        highest = max((r.number for r in workload.revisions if r is not newest), default=0)
        if newest.number < highest:
            newest.history.append(newest.number)
            newest.number = highest + 1
            self.show_set(workload, newest)
        if workload.annotations.get(REVISION) != str(newest.number):
            workload.annotations[REVISION] = str(newest.number)
            self.show(workload)

    def _tell_scaling(self, workload: WorkloadModel, revision: RevisionModel, before: int) -> None:
        way = "up" if revision.replicas > before else "down"
        message = f"Scaled {way} replica set {revision.name} from {before} to {revision.replicas}"
        about = About("Deployment", "apps/v1", workload.namespace, workload.name, workload.uid)
        self._parts.events.record(about, "ScalingReplicaSet", message, "deployment-controller")

    def _scale(self, workload: WorkloadModel, revision: RevisionModel, replicas: int) -> None:
        if revision.replicas == replicas and revision.desired == workload.replicas:
            return
        before, revision.replicas, revision.desired = revision.replicas, replicas, workload.replicas
        if before != replicas:
            revision.generation += 1
            self._tell_scaling(workload, revision, before)
        self.show_set(workload, revision)
        self.enqueue_set(workload, revision)

    def _scale_paused(self, workload: WorkloadModel) -> None:
        active = [r for r in workload.revisions if r.replicas]
        if len(active) == 1:
            self._scale(workload, active[0], workload.replicas)

    def _roll(self, workload: WorkloadModel, newest: RevisionModel) -> None:
        """Scale the new ReplicaSet up and the old ones down, within surge and unavailability."""
        total = sum(r.replicas for r in workload.revisions)
        if newest.replicas < workload.replicas:
            room = workload.replicas + surge(workload) - total
            wanted = newest.replicas + max(0, min(room, workload.replicas - newest.replicas))
            self._scale(workload, newest, wanted)
            if wanted > newest.counts.replicas:
                return
        else:
            self._scale(workload, newest, workload.replicas)
        old = [r for r in workload.revisions if r is not newest and r.replicas]
        if not old:
            return
        total = sum(r.replicas for r in workload.revisions)
        unavailable = max(0, newest.replicas - newest.counts.ready)
        room = total - (workload.replicas - max_unavailable(workload)) - unavailable
        for revision in sorted(old, key=lambda r: r.created_ms):
            sick = max(0, revision.replicas - revision.counts.ready)
            gone = min(room, sick)
            if gone > 0:
                self._scale(workload, revision, revision.replicas - gone)
                room -= gone
        spare = sum(min(r.counts.ready, r.replicas) for r in workload.revisions)
        spare -= workload.replicas - max_unavailable(workload)
        for revision in sorted(old, key=lambda r: r.created_ms):
            gone = min(spare, revision.replicas)
            if gone > 0:
                self._scale(workload, revision, revision.replicas - gone)
                spare -= gone

    def _sync_set(self, workload: WorkloadModel, revision: RevisionModel) -> None:
        revision.queued = False
        if workload.gone or revision not in workload.revisions:
            return
        if revision.observed != revision.generation:
            revision.observed = revision.generation
            self.show_set(workload, revision)
        active = revision.active()
        missing = revision.replicas - len(active)
        for _ in range(max(0, missing)):
            if not self._pods.create(self._pods.generated(revision, workload)):
                self.enqueue_set(workload, revision, refusal_delay_s(revision.refusals))
                break
        if missing <= 0:
            revision.failure = None
        for pod in victims(active, -missing) if missing < 0 else ():
            self._pods.delete(pod)
        self.count(revision)
        self.show_set(workload, revision)
        self.enqueue(workload)

    def count(self, revision: RevisionModel) -> None:
        """Count the pods of a ReplicaSet."""
        active = revision.active()
        ending = sum(1 for pod in revision.pods.values() if pod.deletion_ms is not None)
        revision.counts = Counts(len(active), sum(1 for pod in active if pod.ready), ending)

    def _plan_deadline(self, workload: WorkloadModel) -> None:
        """Look again when the progress deadline passes."""
        progress = workload.condition("Progressing")
        if progress is None or progress.reason in ("NewReplicaSetAvailable", "ProgressDeadlineExceeded"):
            return
        due_ms = progress.updated_ms + self._parts.clock.wall_s(workload.deadline_s) * 1000
        if workload.deadline_check_ms < due_ms:
            workload.deadline_check_ms = int(due_ms)
            left_s = self._parts.clock.world_s((due_ms - self._parts.now_ms()) / 1000)
            self._parts.agenda.after(left_s + 0.05, lambda: self.enqueue(workload))

    def _clean_up(self, workload: WorkloadModel) -> None:
        spent = [r for r in workload.revisions if not r.replicas and not r.pods and r is not workload.newest()]
        for revision in sorted(spent, key=lambda r: r.number)[:-_HISTORY]:
            workload.revisions.remove(revision)
            self._parts.store.remove(REPLICA_SETS, workload.namespace, revision.name)


def surge(workload: WorkloadModel) -> int:
    """Return how many pods more than wanted there may be: 25 %, rounded up."""
    return -(-workload.replicas // 4)


def max_unavailable(workload: WorkloadModel) -> int:
    """Return how many pods fewer than wanted there may be: 25 %, rounded down."""
    return workload.replicas // 4
