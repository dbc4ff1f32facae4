"""A pod of a simulated cluster as the API tells it."""

import msgspec

from statusdesk.demo.kube_events import stamp
from statusdesk.demo.kube_kinds import PODS, Obj
from statusdesk.demo.kube_model import Condition, ContainerModel, PodModel, Run, Template
from statusdesk.demo.kube_objects import image_id, managed, owned_fields, owner, template_object
from statusdesk.demo.kube_store import KubeStore

_CONDITIONS = ("PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready")
_OWNED_CONDITION = '".":{},' + ",".join(
    f'"f:{name}":{{}}' for name in ("lastProbeTime", "lastTransitionTime", "observedGeneration", "status", "type")
)
_STATUS_FIELDS = (
    '{"f:status":{"f:conditions":{'
    + ",".join(f'"k:{{\\"type\\":\\"{name}\\"}}":{{{_OWNED_CONDITION}}}' for name in _CONDITIONS[1:])
    + '},"f:containerStatuses":{},"f:hostIP":{},"f:hostIPs":{},"f:initContainerStatuses":{},"f:observedGeneration":{},'
    '"f:phase":{},"f:podIP":{},"f:podIPs":{".":{},"k:{\\"ip\\":\\"%s\\"}":{".":{},"f:ip":{}}},"f:startTime":{}}}'
)
_TOLERATIONS = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for key in ("not-ready", "unreachable")
]


def put_pod(store: KubeStore, pod: PodModel) -> None:
    """Write a pod to the store."""
    fields = {
        "metadata.name": pod.name,
        "metadata.namespace": pod.namespace,
        "status.phase": pod.phase,
        "status.podIP": pod.ip,
        "spec.nodeName": pod.node,
        "spec.restartPolicy": "Always",
        "spec.schedulerName": "default-scheduler",
        "spec.serviceAccountName": "default",
    }
    pod.version = store.put(PODS, pod_object(pod), fields)


def hash_label(kind: str) -> str:
    """Return the pod label that tells the revisions of a kind of workload apart."""
    if kind == "Job":
        return "batch.kubernetes.io/controller-uid"
    return "pod-template-hash" if kind == "Deployment" else "controller-revision-hash"


def pod_object(pod: PodModel) -> Obj:
    """Return a pod."""
    revision, workload = pod.revision, pod.workload
    template = template_object(revision.template)
    if workload.kind == "Deployment":
        references = owner("ReplicaSet", revision.name, revision.uid)
    else:
        api = "batch/v1" if workload.kind == "Job" else "apps/v1"
        references = owner(workload.kind, workload.name, workload.uid, api)
    meta: Obj = {"name": pod.name}
    if pod.generate_name:
        meta["generateName"] = pod.generate_name
    meta |= {
        "namespace": pod.namespace,
        "uid": pod.uid,
        "resourceVersion": "",
        "generation": pod.generation,
        "creationTimestamp": stamp(pod.created_ms),
    }
    if pod.deletion_ms is not None:
        meta |= {"deletionTimestamp": stamp(pod.deletion_ms), "deletionGracePeriodSeconds": pod.grace_s}
    meta |= {"labels": pod.labels, "annotations": template["metadata"]["annotations"], "ownerReferences": references}
    made = managed("kube-controller-manager", pod.created_ms, _made_fields(revision.template, pod), api="v1")
    meta["managedFields"] = [made]
    if pod.accepted:
        told = msgspec.Raw((_STATUS_FIELDS % (pod.ip or "")).encode())
        meta["managedFields"].append(managed("kubelet", pod.updated_ms, told, api="v1", sub="status"))
    elif pod.conditions:
        scheduled = owned_fields({"status": {"conditions": [{"type": "PodScheduled"}]}})
        meta["managedFields"].append(managed("kube-scheduler", pod.updated_ms, scheduled, api="v1", sub="status"))
    return {"metadata": meta, "spec": _spec(pod, template["spec"]), "status": _status(pod)}


def _made_fields(template: Template, pod: PodModel) -> msgspec.Raw:
    if template.pod_fields is None:
        whole = template_object(template, (hash_label(pod.workload.kind), pod.revision.hash))
        whole["metadata"]["generateName"] = ""
        whole["spec"]["enableServiceLinks"] = True
        template.pod_fields = msgspec.Raw(msgspec.json.encode(owned_fields(whole)))
    return template.pod_fields


def _spec(pod: PodModel, wanted: Obj) -> msgspec.Raw:
    if pod.spec is not None:
        return pod.spec
    mount = {"name": pod.volume, "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    sources: list[Obj] = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]
    spec: Obj = {"volumes": [{"name": pod.volume, "projected": {"sources": sources, "defaultMode": 420}}]}
    spec |= wanted
    if pod.workload.kind == "Job":
        spec["restartPolicy"] = "Never"
    for part in ("initContainers", "containers"):
        if part in wanted:
            spec[part] = [container | {"volumeMounts": [mount]} for container in wanted[part]]
    spec |= {"serviceAccountName": "default", "serviceAccount": "default"}
    if pod.node:
        spec["nodeName"] = pod.node
    spec |= {"tolerations": _TOLERATIONS, "priority": 0, "enableServiceLinks": True}
    spec["preemptionPolicy"] = "PreemptLowerPriority"
    encoded = msgspec.Raw(msgspec.json.encode(spec))
    if pod.node:
        pod.spec = encoded
    return encoded


def _status(pod: PodModel) -> Obj:
    status: Obj = {"observedGeneration": 1} if pod.accepted else {}
    status["phase"] = pod.phase
    if pod.conditions:
        status["conditions"] = [_condition(c) for c in pod.conditions.values()]
    if pod.message:
        status["message"] = pod.message
    if pod.reason:
        status["reason"] = pod.reason
    if pod.accepted:
        status |= {"hostIP": pod.host_ip, "hostIPs": [{"ip": pod.host_ip}]}
        if pod.ip:
            status |= {"podIP": pod.ip, "podIPs": [{"ip": pod.ip}]}
        status["startTime"] = stamp(pod.start_ms)
        if pod.inits:
            status["initContainerStatuses"] = [_container(c) for c in pod.inits]
        status["containerStatuses"] = [_container(c) for c in pod.mains]
    status["qosClass"] = "Burstable"
    return status


def _condition(condition: Condition) -> Obj:
    told: Obj = {"type": condition.type}
    if condition.type != "PodScheduled" or condition.status == "False":
        told["observedGeneration"] = 1
    told |= {
        "status": condition.status,
        "lastProbeTime": None,
        "lastTransitionTime": stamp(condition.changed_ms),
    }
    if condition.reason:
        told["reason"] = condition.reason
    if condition.message:
        told["message"] = condition.message
    return told


def _ended(run: Run) -> Obj:
    return {
        "terminated": {
            "exitCode": run.exit_code,
            "reason": run.reason,
            "startedAt": stamp(run.started_ms),
            "finishedAt": stamp(run.ended_ms),
            "containerID": run.container_id,
        }
    }


def _container(container: ContainerModel) -> Obj:
    run = container.run
    if container.state == "running" and run is not None:
        state: Obj = {"running": {"startedAt": stamp(run.started_ms)}}
    elif container.state == "terminated" and run is not None:
        state = _ended(run)
    else:
        waiting = {"reason": container.reason}
        if container.message:
            waiting["message"] = container.message
        state = {"waiting": waiting}
    return {
        "name": container.name,
        "state": state,
        "lastState": _ended(container.last) if container.last else {},
        "ready": container.ready,
        "restartCount": container.restarts,
        "image": container.image,
        "imageID": image_id(container.image) if run else "",
        **({"containerID": run.container_id} if run else {}),
        "started": container.started,
    }
