"""Objects of a simulated cluster as the API tells them: workloads, revisions, namespaces, nodes."""

import hashlib

from statusdesk.demo.kube_events import stamp
from statusdesk.demo.kube_kinds import Obj
from statusdesk.demo.kube_model import Behaviour, Condition, RevisionModel, Template, WorkloadModel

REGISTRY = "registry.local"
INIT_VERSION = "1.4.2"
_UNKEYED = {"conditions": ("type",), "ownerReferences": ("uid",), "podIPs": ("ip",), "hostIPs": ("ip",)}


def owned_fields(value: object, name: str = "") -> Obj:
    """Return the FieldsV1 tree that ownership of ``value`` is written as."""
    if isinstance(value, dict):
        return {f"f:{key}": owned_fields(inner, key) for key, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        keys = _UNKEYED.get(name) or (("containerPort", "protocol") if name == "ports" else ("name",))
        tree: Obj = {".": {}}
        for item in value:
            key = ",".join(f'"{k}":{_quoted(item.get(k))}' for k in keys)
            tree[f"k:{{{key}}}"] = {".": {}} | owned_fields(item)
        return tree
    return {}


def _quoted(value: object) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


def managed(manager: str, at_ms: int, fields: object, *, api: str, operation: str = "Update", sub: str = "") -> Obj:
    """Return one entry of managedFields; ``fields`` is a FieldsV1 tree, or one already encoded."""
    entry: Obj = {
        "manager": manager,
        "operation": operation,
        "apiVersion": api,
        "time": stamp(at_ms),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    if sub:
        entry["subresource"] = sub
    return entry


def image_id(image: str) -> str:
    """Return the digest that an image resolves to."""
    name, _, _ = image.rpartition(":")
    return f"{name}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def init_image(template: Template) -> str:
    """Return the image of the init container."""
    return f"{REGISTRY}/{template.init_container}:{INIT_VERSION}"


def template_object(template: Template, label: tuple[str, str] | None = None) -> Obj:
    """Return a pod template; ``label`` is the one that tells revisions apart."""
    labels = dict(template.labels)
    if label:
        labels[label[0]] = label[1]
    annotations = {"checksum/config": hashlib.sha256(f"{template.app} {template.config}".encode()).hexdigest()[:16]}
    if template.restarted_at:
        annotations["kubectl.kubernetes.io/restartedAt"] = template.restarted_at
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod_spec(template)}


def pod_spec(template: Template) -> Obj:
    """Return the pod spec of a template."""
    tail = {
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
    spec: Obj = {}
    if template.init_container:
        small = {"requests": {"cpu": "10m", "memory": "16Mi"}}
        first = {"name": template.init_container, "image": init_image(template), "resources": small}
        spec["initContainers"] = [first | tail]
    cpu = "5000" if template.config is Behaviour.UNSCHEDULABLE else "50m"
    probe = {
        "httpGet": {"path": "/ready", "port": 8080, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 2,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    main = {
        "name": "app",
        "image": template.image,
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "envFrom": [{"configMapRef": {"name": "app-config"}}],
        "env": [{"name": "APP", "value": template.app}],
        "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": cpu, "memory": "64Mi"}},
        "readinessProbe": probe,
    }
    spec["containers"] = [main | tail]
    return spec | {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }


def condition_object(condition: Condition) -> Obj:
    """Return a condition of a workload."""
    return {
        "type": condition.type,
        "status": condition.status,
        "lastUpdateTime": stamp(condition.updated_ms),
        "lastTransitionTime": stamp(condition.changed_ms),
        "reason": condition.reason,
        "message": condition.message,
    }


def workload_object(workload: WorkloadModel) -> Obj:
    """Return a Deployment, StatefulSet or DaemonSet."""
    meta: Obj = {
        "name": workload.name,
        "namespace": workload.namespace,
        "uid": workload.uid,
        "resourceVersion": "",
        "generation": workload.generation,
        "creationTimestamp": stamp(workload.created_ms),
        "labels": workload.labels,
        "annotations": dict(workload.annotations),
    }
    spec = _workload_spec(workload)
    status: Obj = {"observedGeneration": workload.observed} if workload.observed else {}
    status |= workload.status
    if workload.conditions:
        status["conditions"] = [condition_object(c) for c in workload.conditions]
    applied = owned_fields({"metadata": {"labels": workload.labels}, "spec": spec})
    meta["managedFields"] = [
        managed("kubectl", workload.applied_ms, applied, api="apps/v1", operation="Apply"),
        managed(
            "kube-controller-manager",
            workload.updated_ms,
            {"f:status": owned_fields(status)},
            api="apps/v1",
            sub="status",
        ),
    ]
    return {"metadata": meta, "spec": spec, "status": status}


def _workload_spec(workload: WorkloadModel) -> Obj:
    selector = {"matchLabels": {"app.kubernetes.io/name": workload.app}}
    template = template_object(workload.template)
    if workload.kind == "Deployment":
        spec: Obj = {
            "replicas": workload.replicas,
            "selector": selector,
            "template": template,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
            "revisionHistoryLimit": 10,
        }
        if workload.paused:
            spec["paused"] = True
        return spec | {"progressDeadlineSeconds": workload.deadline_s}
    if workload.kind == "StatefulSet":
        return {
            "replicas": workload.replicas,
            "selector": selector,
            "template": template,
            "serviceName": workload.name,
            "podManagementPolicy": "OrderedReady",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "revisionHistoryLimit": 10,
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        }
    return {
        "selector": selector,
        "template": template,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        "revisionHistoryLimit": 10,
    }


def owner(kind: str, name: str, uid: str, api: str = "apps/v1") -> list[Obj]:
    """Return owner references with one controller."""
    reference = {"apiVersion": api, "kind": kind, "name": name, "uid": uid}
    return [reference | {"controller": True, "blockOwnerDeletion": True}]


def _set_status(revision: RevisionModel) -> Obj:
    counts = revision.counts
    status: Obj = {"replicas": counts.replicas}
    if counts.replicas:
        status["fullyLabeledReplicas"] = counts.replicas
    if counts.ready:
        status |= {"readyReplicas": counts.ready, "availableReplicas": counts.ready}
    if revision.observed:
        status |= {"terminatingReplicas": counts.terminating, "observedGeneration": revision.observed}
    if revision.failure:
        failed = {"type": "ReplicaFailure", "status": "True", "lastTransitionTime": stamp(revision.failure[1])}
        status["conditions"] = [failed | {"reason": "FailedCreate", "message": revision.failure[0]}]
    return status


def replica_set_object(workload: WorkloadModel, revision: RevisionModel) -> Obj:
    """Return the ReplicaSet of a revision."""
    label = ("pod-template-hash", revision.hash)
    labels = revision.template.labels | {label[0]: label[1]}
    surge = -(-workload.replicas // 4)
    annotations = {
        "deployment.kubernetes.io/desired-replicas": str(revision.desired),
        "deployment.kubernetes.io/max-replicas": str(revision.desired + surge),
        "deployment.kubernetes.io/revision": str(revision.number),
    }
    if revision.history:
        annotations["deployment.kubernetes.io/revision-history"] = ",".join(map(str, revision.history))
    status = _set_status(revision)
    spec = {
        "replicas": revision.replicas,
        "selector": {"matchLabels": {"app.kubernetes.io/name": workload.app, label[0]: label[1]}},
        "template": template_object(revision.template, label),
    }
    references = owner("Deployment", workload.name, workload.uid)
    made = {"metadata": {"annotations": annotations, "labels": labels, "ownerReferences": references}, "spec": spec}
    manager = "kube-controller-manager"
    meta = {
        "name": revision.name,
        "namespace": workload.namespace,
        "uid": revision.uid,
        "resourceVersion": "",
        "generation": revision.generation,
        "creationTimestamp": stamp(revision.created_ms),
        "labels": labels,
        "annotations": annotations,
        "ownerReferences": references,
        "managedFields": [
            managed(manager, revision.created_ms, owned_fields(made), api="apps/v1"),
            managed(manager, revision.updated_ms, {"f:status": owned_fields(status)}, api="apps/v1", sub="status"),
        ],
    }
    return {"metadata": meta, "spec": spec, "status": status}


def controller_revision_object(workload: WorkloadModel, revision: RevisionModel) -> Obj:
    """Return the ControllerRevision of a revision."""
    meta = {
        "name": revision.name,
        "namespace": workload.namespace,
        "uid": revision.uid,
        "resourceVersion": "",
        "creationTimestamp": stamp(revision.created_ms),
        "labels": revision.template.labels | {"controller-revision-hash": revision.hash},
        "ownerReferences": owner(workload.kind, workload.name, workload.uid),
    }
    data = {"spec": {"template": template_object(revision.template) | {"$patch": "replace"}}}
    return {"metadata": meta, "data": data, "revision": revision.number}


def namespace_object(name: str, uid: str, labels: dict[str, str], at_ms: int, *, ending: bool = False) -> Obj:
    """Return a Namespace."""
    own = labels | {"kubernetes.io/metadata.name": name}
    meta: Obj = {"name": name, "uid": uid, "resourceVersion": "", "creationTimestamp": stamp(at_ms), "labels": own}
    meta["managedFields"] = [
        managed("kubectl", at_ms, owned_fields({"metadata": {"labels": labels}}), api="v1", operation="Apply")
    ]
    phase = {"phase": "Terminating" if ending else "Active"}
    return {"metadata": meta, "spec": {"finalizers": ["kubernetes"]}, "status": phase}


def node_object(name: str, uid: str, address: str, at_ms: int) -> Obj:
    """Return a Node that is ready."""
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    ready = {
        "type": "Ready",
        "status": "True",
        "lastHeartbeatTime": stamp(at_ms),
        "lastTransitionTime": stamp(at_ms),
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
    }
    room = {"cpu": "64", "memory": "263882792Ki", "pods": "5000"}
    return {
        "metadata": {
            "name": name,
            "uid": uid,
            "resourceVersion": "",
            "creationTimestamp": stamp(at_ms),
            "labels": labels,
        },
        "spec": {},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [ready],
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "nodeInfo": {"kubeletVersion": "v1.36.2", "operatingSystem": "linux", "architecture": "amd64"},
        },
    }
