"""Jobs of the simulated Kubernetes: they end, are tried again, and are given up."""

from typing import Any

import pytest
from kube_support import objects, stepped

from statusdesk.demo.kube_cluster import Behaviour, KubeCluster
from statusdesk.demo.kube_kinds import JOBS, PODS


def conditions(cluster: KubeCluster) -> dict[str, str]:
    return {each["type"]: each["reason"] for each in objects(cluster, JOBS)[0]["status"].get("conditions", [])}


def status(cluster: KubeCluster) -> dict[str, Any]:
    return objects(cluster, JOBS)[0]["status"]


def test_a_job_runs_and_completes():
    cluster = stepped()
    cluster.run_job("testing", "migrate", "1.5.0", app="orders")
    cluster.pass_time(3)
    assert (status(cluster)["active"], status(cluster)["ready"]) == (1, 1)
    pod = objects(cluster, PODS)[0]
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "Job" and pod["spec"]["restartPolicy"] == "Never"
    assert pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "migrate"
    cluster.pass_time(10)
    assert conditions(cluster) == {"SuccessCriteriaMet": "CompletionsReached", "Complete": "CompletionsReached"}
    assert status(cluster)["succeeded"] == 1 and status(cluster)["completionTime"]
    assert [each["status"]["phase"] for each in objects(cluster, PODS)] == ["Succeeded"]
    assert cluster.truth()["rollouts"] == []


@pytest.mark.parametrize("behaviour", [Behaviour.CRASH, Behaviour.OOM])
def test_a_job_tries_again_later_and_later_and_is_given_up(behaviour: Behaviour):
    cluster = stepped()
    cluster.run_job("testing", "migrate", "1.5.0", behaviour=behaviour, backoff_limit=2)
    cluster.pass_time(12)
    assert status(cluster)["failed"] == 1 and "active" not in status(cluster)
    cluster.pass_time(8)
    assert status(cluster)["active"] == 1
    cluster.pass_time(60)
    assert status(cluster)["failed"] == 3
    assert conditions(cluster) == {"FailureTarget": "BackoffLimitExceeded", "Failed": "BackoffLimitExceeded"}
    version = cluster.parts.store.version
    cluster.pass_time(100)
    assert cluster.parts.store.version == version


def test_several_completions_come_one_after_the_other():
    cluster = stepped()
    cluster.run_job("testing", "index", "1.5.0", completions=3)
    cluster.pass_time(40)
    assert status(cluster)["succeeded"] == 3 and "Complete" in conditions(cluster)


def test_jobs_of_a_cronjob_name_it_and_go_with_their_pods():
    cluster = stepped()
    cluster.run_job("testing", "nightly-1", "2.0", cron="nightly")
    cluster.pass_time(20)
    reference = objects(cluster, JOBS)[0]["metadata"]["ownerReferences"][0]
    assert (reference["kind"], reference["name"], reference["apiVersion"]) == ("CronJob", "nightly", "batch/v1")
    with pytest.raises(ValueError, match="there already"):
        cluster.run_job("testing", "nightly-1", "2.0", cron="nightly")
    cluster.delete_job("testing", "nightly-1")
    cluster.pass_time(5)
    assert objects(cluster, JOBS) == [] == objects(cluster, PODS)


def test_a_namespace_takes_its_jobs_along():
    cluster = stepped()
    cluster.run_job("dev-1", "migrate", "1.5.0")
    cluster.pass_time(2)
    cluster.delete_namespace("dev-1")
    cluster.pass_time(10)
    assert cluster.jobs("dev-1") == [] and objects(cluster, PODS, "dev-1") == []
