"""The StatefulSet and DaemonSet controllers of a simulated cluster."""

from statusdesk.demo.kube_kinds import REVISIONS, WORKLOADS
from statusdesk.demo.kube_model import PodModel, RevisionModel, WorkloadModel
from statusdesk.demo.kube_objects import controller_revision_object, workload_object
from statusdesk.demo.kube_parts import KubeParts
from statusdesk.demo.kube_pods import PodMaker, refusal_delay_s


class OrderedController:
    """Makes StatefulSets real pod by pod, and DaemonSets node by node."""

    def __init__(self, parts: KubeParts, pods: PodMaker) -> None:
        self._parts = parts
        self._pods = pods

    def enqueue(self, workload: WorkloadModel, delay_s: float = 0.02) -> None:
        """Look at a workload soon."""
        if not workload.queued:
            workload.queued = True
            self._parts.agenda.after(delay_s, lambda: self._sync(workload))

    def show(self, workload: WorkloadModel) -> None:
        """Write a workload to the store."""
        workload.updated_ms = self._parts.now_ms()
        fields = {"metadata.name": workload.name, "metadata.namespace": workload.namespace}
        shown = workload_object(workload)
        if workload.kind == "StatefulSet":
            newest = workload.newest()
            update = newest.name if newest else ""
            revisions = {"currentRevision": workload.current or update, "updateRevision": update}
            shown["status"] |= revisions | {"collisionCount": 0}
        self._parts.store.put(WORKLOADS[workload.kind], shown, fields)

    def _sync(self, workload: WorkloadModel) -> None:
        workload.queued = False
        if workload.gone:
            return
        newest = self.make_revision(workload)
        workload.observed = workload.generation
        if workload.kind == "StatefulSet":
            self._order(workload, newest)
        else:
            self._spread(workload, newest)
        self.tell_status(workload, newest)

    def make_revision(self, workload: WorkloadModel) -> RevisionModel:
        """Return the revision of the present template; make it, or number it anew, where needed."""
        newest = workload.newest()
        highest = max((r.number for r in workload.revisions), default=0)
        if newest is None:
            digest = self._parts.letters(10)
            uid, now_ms = self._parts.uid(), self._parts.now_ms()
            newest = RevisionModel(f"{workload.name}-{digest}", digest, uid, workload.template, highest + 1, now_ms)
            if workload.kind == "StatefulSet":
                newest.hash = newest.name
            workload.revisions.append(newest)
        elif newest.number == highest:
            return newest
        else:
            newest.number = highest + 1
        fields = {"metadata.name": newest.name, "metadata.namespace": workload.namespace}
        self._parts.store.put(REVISIONS, controller_revision_object(workload, newest), fields)
        return newest

    def _retry(self, workload: WorkloadModel, revision: RevisionModel) -> None:
        self.enqueue(workload, refusal_delay_s(revision.refusals))

    def _order(self, workload: WorkloadModel, newest: RevisionModel) -> None:
        """Take one step of a StatefulSet: every pod waits for those before it."""
        by_ordinal: dict[int, PodModel] = {int(p.name.rpartition("-")[2]): p for p in workload.pods()}
        for ordinal in range(workload.replicas):
            pod = by_ordinal.get(ordinal)
            if pod is None:
                made = self._pods.new_pod(workload, newest, f"{workload.name}-{ordinal}", f"{workload.name}-")
                if not self._pods.create(made):
                    self._retry(workload, newest)
                return
            if not pod.active and pod.deletion_ms is None:
                self._pods.delete(pod)
                return
            if not pod.ready or pod.deletion_ms is not None:
                return
        for ordinal in sorted(by_ordinal, reverse=True):
            pod = by_ordinal[ordinal]
            if ordinal >= workload.replicas or pod.revision is not newest:
                self._pods.delete(pod)
                return

    def _spread(self, workload: WorkloadModel, newest: RevisionModel) -> None:
        """Take one step of a DaemonSet: a pod on every node, at most one node without at a time."""
        by_node: dict[str, list[PodModel]] = {node: [] for node in self._parts.nodes}
        for pod in workload.pods():
            by_node[pod.node].append(pod)
        for node, pods in by_node.items():
            if not pods:
                pod = self._pods.generated(newest, workload)
                pod.node = node
                if not self._pods.create(pod):
                    self._retry(workload, newest)
                    return
        everywhere = [p for pods in by_node.values() for p in pods]
        if any(p.deletion_ms is not None for p in everywhere):
            return
        old = [p for p in everywhere if p.revision is not newest]
        sick = [p for p in old if not p.ready]
        unready_new = [p for p in everywhere if p.revision is newest and not p.ready]
        if old and (sick or not unready_new):
            self._pods.delete((sick or old)[0])

    def tell_status(self, workload: WorkloadModel, newest: RevisionModel) -> None:
        """Bring the status up to date."""
        active = [p for p in workload.pods() if p.active]
        ready = sum(1 for p in active if p.ready)
        updated = sum(1 for p in active if p.revision is newest)
        good = sum(1 for p in active if p.revision is newest and p.ready)
        if workload.kind == "StatefulSet":
            wanted = workload.replicas
            if not workload.current or (updated == wanted == ready):
                workload.current = newest.name
            current = sum(1 for p in active if p.revision.name == workload.current)
            counts = {"replicas": len(active), "readyReplicas": ready, "currentReplicas": current}
            counts |= {"updatedReplicas": updated, "availableReplicas": ready}
            status = {"replicas": counts["replicas"]} | {name: n for name, n in counts.items() if n}
            status["availableReplicas"] = ready
        else:
            wanted = len(self._parts.nodes)
            status = {"currentNumberScheduled": len(active), "numberMisscheduled": 0}
            status |= {"desiredNumberScheduled": wanted, "numberReady": ready}
            optional = {"updatedNumberScheduled": updated, "numberAvailable": ready}
            optional["numberUnavailable"] = wanted - ready
            status |= {name: n for name, n in optional.items() if n}
        workload.status = status
        if updated == wanted == good and len(active) == wanted:
            workload.complete = True
        shown = (workload.generation, workload.observed, tuple(status.items()), workload.current, newest.name)
        if (shown, tuple(workload.annotations.items())) != workload.shown:
            workload.shown = (shown, tuple(workload.annotations.items()))
            self.show(workload)
