"""The workloads of an app, by which pods belong to it that carry no label of their own, as on the board."""

import re
from urllib.parse import quote

import msgspec

from collectors.kubernetes_api import KubernetesApi
from collectors.kubernetes_names import APP_LABEL, AppRules
from collectors.kubernetes_pages import all_pages
from collectors.kubernetes_problems import ApiProblem, Refused
from collectors.kubernetes_wire import METADATA_ONLY, ListWire, PodMetaWire, Wire

_PATHS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}
_TIME = re.compile(r"-[0-9]{8,10}$")
"""Minutes since 1970, which have 8 digits until 2160; of older controllers seconds."""


class _MetaWire(Wire):
    metadata: PodMetaWire


_PAGE: msgspec.json.Decoder[ListWire[_MetaWire]] = msgspec.json.Decoder(ListWire[_MetaWire])


def owner_of(meta: PodMetaWire) -> tuple[str, str]:
    """Return kind and name of the workload that a pod belongs to; empty where nothing controls it."""
    template_hash = meta.labels.template_hash if meta.labels is not None else ""
    for owner in meta.owner_references or ():
        if owner.controller:
            if owner.kind == "ReplicaSet" and template_hash and owner.name.endswith(f"-{template_hash}"):
                return "Deployment", owner.name.removesuffix(f"-{template_hash}")
            return owner.kind, owner.name
    return "", ""


def cron_job_of(kind: str, name: str) -> str:
    """Return the CronJob that a Job is of if its name is a CronJob's and a time, ``nightly-29388540``; else nothing.

    A pod names its Job only. A number that is no such time may be a revision: ``orders-12`` is nobody's. Source:
    ``getJobName`` of the CronJob controller.
    """
    time = _TIME.search(name) if kind == "Job" else None
    return name[: time.start()] if time else ""


def owners_of(api: KubernetesApi, namespace: str, app: str, rules: AppRules) -> frozenset[tuple[str, str]]:
    """Return kinds and names of the workloads that carry the label of an app and are its own.

    Who may read pods only gets those without this. Raises: ApiProblem.
    """
    found: set[tuple[str, str]] = set()
    query = [("labelSelector", f"{APP_LABEL}={app}")]
    for kind, group in _PATHS.items():
        path = f"/apis/{group}/namespaces/{quote(namespace, safe='')}/{kind.lower()}s"
        try:
            metas, _ = all_pages(api, path, query, _PAGE, METADATA_ONLY)
        except Refused:
            continue
        except ApiProblem as problem:
            if problem.status != 404:
                raise
            continue
        names = (one.metadata.name for one in metas)
        found.update((kind, name) for name in names if rules.app_of(name, app) == app)
    return frozenset(found)
