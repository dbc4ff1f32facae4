"""What the console of a simulated build says, and the stages of a Pipeline; both follow from the build alone."""

from statusdesk.demo.jenkins_model import Build, JobKind, Trigger

_REGISTRY = "registry.shop.example"
Line = tuple[float, str]
"""A console line and the share of the build's duration at which it appears."""

_STAGES = (("Checkout", 0.0, 0.15), ("Render", 0.15, 0.4), ("Deploy", 0.4, 0.75), ("Verify", 0.75, 1.0))


def console(build: Build, now_ms: int) -> str:
    """Return the console of a build as far as it has come, lines ended by a line feed."""
    share = 1.0
    if build.building:
        share = min(0.99, (now_ms - build.started_ms) / max(1, build.planned_ms))
    lines = [text for at, text in _lines(build) if at <= share]
    return "".join(f"{line}\n" for line in lines)


def _lines(build: Build) -> list[Line]:
    lines: list[Line] = [(0.0, _who(build))]
    if build.job.kind is JobKind.PIPELINE:
        lines += [(0.0, "[Pipeline] Start of Pipeline"), (0.01, "[Pipeline] node")]
    lines += [(0.02, f"Running on agent-{build.number % 2 + 1} in {_workspace(build)}")]
    if build.revision:
        lines += [
            (0.04, f" > git fetch --tags --force --progress -- {build.job.repository} +refs/heads/*:refs/remotes/*"),
            (0.1, f"Checking out Revision {build.revision} ({build.branch})"),
            (0.12, f" > git checkout -f {build.revision}"),
        ]
    lines += _work(build)
    lines += [(0.72, text) for text in build.trouble]
    if build.result == "ABORTED":
        lines += [(0.73, "Aborted by operator"), (0.74, "Sending interrupt signal to process")]
    if build.result == "FAILURE" and build.job.kind is not JobKind.PIPELINE:
        lines.append((0.99, "Build step 'Execute shell' marked build as failure"))
    if build.job.kind is JobKind.PIPELINE:
        lines.append((1.0, "[Pipeline] End of Pipeline"))
    lines.append((1.0, f"Finished: {build.result}"))
    return lines


def _who(build: Build) -> str:
    cause = build.cause
    if cause.trigger is Trigger.USER:
        return f"Started by user {cause.user}"
    if cause.trigger is Trigger.UPSTREAM:
        return f'Started by upstream project "{cause.job}" build number {cause.number}'
    return {Trigger.TIMER: "Started by timer", Trigger.BRANCH: "Branch indexing"}.get(
        cause.trigger, "Started by an SCM change"
    )


def _workspace(build: Build) -> str:
    return f"/var/lib/jenkins/workspace/{build.job.full_name}"


def _work(build: Build) -> list[Line]:
    if build.job.app:
        return _deploying(build)
    if build.job.name.startswith("vault-renew-"):
        return [
            (0.2, "+ curl -sS -X POST -H @header.secret $VAULT_ADDR/v1/auth/token/renew-self"),
            (0.6, f"+ jq .auth.lease_duration renewed-{build.number}.json"),
        ]
    if build.job.name.startswith("seed"):
        return [(0.2, "Processing DSL script jobs/deploy.groovy"), (0.5, "Processing DSL script jobs/platform.groovy")]
    namespace = build.parameter("NAMESPACE")
    if build.job.name == "env-create":
        return [(0.2, f"+ kubectl create namespace {namespace}"), (0.5, f"+ kustomize build dev -n {namespace}")]
    if build.job.name == "env-destroy":
        return [(0.3, f"+ kubectl delete namespace {namespace} --wait=false")]
    return [(0.4, f"+ make {build.job.name}")]


def _deploying(build: Build) -> list[Line]:
    app = build.job.app
    namespace, version = build.parameter("NAMESPACE") or "staging", build.parameter("VERSION") or "latest"
    lines: list[Line] = [
        (0.2, f"+ kustomize edit set image {app}={_REGISTRY}/{app}:{version}"),
        (0.35, f"+ kustomize build overlays/{namespace} | kubectl apply -n {namespace} -f -"),
    ]
    if build.result in ("FAILURE", "NOT_BUILT", "ABORTED"):
        return lines[: 1 if build.result == "NOT_BUILT" else 2]
    return [
        *lines,
        (0.7, f"serviceaccount/{app} unchanged"),
        (0.7, f"configmap/{app}-config configured"),
        (0.7, f"service/{app} unchanged"),
        (0.71, f"deployment.apps/{app} configured"),
    ]


def stages(build: Build, now_ms: int, href: str) -> dict[str, object]:
    """Return the answer of ``wfapi/describe``; ``href`` is the build's path. Note FAILED, not FAILURE."""
    took_ms = build.duration_ms if not build.building else now_ms - build.started_ms
    words = {"FAILURE": "FAILED", None: "IN_PROGRESS", "NOT_BUILT": "NOT_EXECUTED"}
    listed = (_stage(build, index, took_ms, href) for index in range(len(_STAGES)))
    return {
        "_links": {"self": {"href": f"/{href}wfapi/describe"}},
        "id": str(build.number),
        "name": f"#{build.number}",
        "status": "IN_PROGRESS" if build.building else words.get(build.result, build.result),
        "startTimeMillis": build.started_ms,
        "endTimeMillis": build.started_ms + took_ms,
        "durationMillis": took_ms,
        "queueDurationMillis": 8,
        "pauseDurationMillis": 0,
        "stages": [stage for stage in listed if stage is not None],
    }


def _stage(build: Build, index: int, took_ms: int, href: str) -> dict[str, object] | None:
    """Return one stage; None when the build has not reached it."""
    name, begin, end = _STAGES[index]
    span_ms = max(1, build.planned_ms if build.building else build.duration_ms)
    reached = took_ms / span_ms
    if build.building and reached < begin:
        return None
    status = _stage_status(build, index, reached)
    stage: dict[str, object] = {
        "_links": {"self": {"href": f"/{href}execution/node/{6 + 5 * index}/wfapi/describe"}},
        "id": str(6 + 5 * index),
        "name": name,
        "execNode": "",
        "status": status,
    }
    if status == "FAILED":
        message = build.trouble[-1] if build.trouble else "script returned exit code 1"
        stage["error"] = {"message": message, "type": "hudson.AbortException"}
    share = min(end, reached) - begin if build.building else end - begin
    stage["startTimeMillis"] = build.started_ms + int(begin * span_ms)
    stage["durationMillis"] = int(share * span_ms)
    stage["pauseDurationMillis"] = 0
    return stage


def _stage_status(build: Build, index: int, reached: float) -> str:
    last = index == len(_STAGES) - 1
    if build.building:
        return "IN_PROGRESS" if reached < _STAGES[index][2] else "SUCCESS"
    if build.result in ("FAILURE", "UNSTABLE") and last:
        return "FAILED" if build.result == "FAILURE" else "UNSTABLE"
    if build.result in ("ABORTED", "NOT_BUILT") and index:
        return "ABORTED" if build.result == "ABORTED" else "NOT_EXECUTED"
    return "SUCCESS"
