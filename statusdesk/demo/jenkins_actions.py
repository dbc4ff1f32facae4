"""The ``actions`` of builds and jobs: as mixed, as empty and in as varying an order as Jenkins gives them."""

from statusdesk.demo.jenkins_model import Build, Cause, Job, JobKind, Parameter, QueueItem, Trigger, Values
from statusdesk.demo.jenkins_tree import Bean

EMPTY = Bean("")
_RUN_DISPLAY = Bean("org.jenkinsci.plugins.displayurlapi.actions.RunDisplayAction")
_JOB_DISPLAY = Bean("org.jenkinsci.plugins.displayurlapi.actions.JobDisplayAction")
_CREDENTIALS = Bean("com.cloudbees.plugins.credentials.ViewCredentialsAction")
_DECLARATIVE = Bean("org.jenkinsci.plugins.pipeline.modeldefinition.actions.RestartDeclarativePipelineAction")
_FLOW_GRAPH = Bean("org.jenkinsci.plugins.workflow.job.views.FlowGraphAction")
_SCM_REVISION = Bean("jenkins.scm.api.SCMRevisionAction")
_SHARED_LIBRARY = "https://git.shop.example/platform/pipeline-library.git"


def cause_bean(cause: Cause) -> Bean:
    """Return a cause as exported."""
    if cause.trigger is Trigger.USER:
        values = {"shortDescription": f"Started by user {cause.user}", "userId": cause.user, "userName": cause.user}
        return Bean("hudson.model.Cause$UserIdCause", values)
    if cause.trigger is Trigger.UPSTREAM:
        return Bean(
            "hudson.model.Cause$UpstreamCause",
            {
                "shortDescription": f'Started by upstream project "{cause.job}" build number {cause.number}',
                "upstreamBuild": cause.number,
                "upstreamProject": cause.job,
                "upstreamUrl": "job/" + cause.job.replace("/", "/job/") + "/",
            },
        )
    if cause.trigger is Trigger.BRANCH:
        return Bean("jenkins.branch.BranchIndexingCause", {"shortDescription": "Branch indexing"})
    if cause.trigger is Trigger.SCM:
        return Bean("hudson.triggers.SCMTrigger$SCMTriggerCause", {"shortDescription": "Started by an SCM change"})
    return Bean("hudson.triggers.TimerTrigger$TimerTriggerCause", {"shortDescription": "Started by timer"})


def cause_action(cause: Cause) -> Bean:
    """Return the action that holds the cause."""
    return Bean("hudson.model.CauseAction", {"causes": [cause_bean(cause)]})


def parameters_action(values: Values) -> Bean:
    """Return the action that holds the parameters; a password has no value."""
    beans = []
    for name, value in values:
        if value is None:
            beans.append(Bean("hudson.model.PasswordParameterValue", {"name": name}))
        else:
            kind = "Boolean" if isinstance(value, bool) else "String"
            beans.append(Bean(f"hudson.model.{kind}ParameterValue", {"name": name, "value": value}))
    return Bean("hudson.model.ParametersAction", {"parameters": beans})


def _git_action(revision: str, branch: str, repository: str) -> Bean:
    head = Bean("", {"SHA1": revision, "name": branch})
    return Bean(
        "hudson.plugins.git.util.BuildData",
        {"lastBuiltRevision": Bean("", {"SHA1": revision, "branch": [head]}), "remoteUrls": [repository]},
    )


def build_actions(build: Build) -> list[Bean]:
    """Return a build's actions; their order depends on what started it, as in real answers."""
    cause = cause_action(build.cause)
    parameters = [parameters_action(build.parameters)] if build.parameters is not None else []
    if build.cause.trigger in (Trigger.USER, Trigger.SCM):
        actions = [*parameters, cause]
    elif build.cause.trigger is Trigger.UPSTREAM:
        actions = [cause, EMPTY, *parameters]
    else:
        actions = [cause, *parameters]
    pipeline = build.job.kind is JobKind.PIPELINE
    if build.revision:
        if pipeline:  # the shared library is checked out first: two BuildData, and the first is not the app's
            actions += [_SCM_REVISION, EMPTY, _git_action("0" * 33 + "1abe71c", "main", _SHARED_LIBRARY)]
        actions.append(_git_action(build.revision, build.branch, build.job.repository))
    actions += [EMPTY, EMPTY, _RUN_DISPLAY]
    if pipeline:
        actions += [_DECLARATIVE, EMPTY, _FLOW_GRAPH, EMPTY, EMPTY]
    return actions


def _definition(parameter: Parameter, *, named: bool) -> Bean:
    kind = "Boolean" if isinstance(parameter.default, bool) else "String"
    if parameter.default is None:
        kind = "Password"
    default: dict[str, object] = {"name": parameter.name} if named else {}
    if parameter.default is not None:
        default["value"] = parameter.default
    return Bean(
        f"hudson.model.{kind}ParameterDefinition",
        {
            "defaultParameterValue": Bean(f"hudson.model.{kind}ParameterValue", default),
            "description": parameter.description or None,
            "name": parameter.name,
            "type": f"{kind}ParameterDefinition",
        },
    )


def _definitions(job: Job, *, named: bool) -> list[Bean]:
    if not job.parameters:
        return []
    beans = [_definition(parameter, named=named) for parameter in job.parameters]
    return [Bean("hudson.model.ParametersDefinitionProperty", {"parameterDefinitions": beans})]


def job_actions(job: Job) -> list[Bean]:
    """Return a job's actions; the parameters of a freestyle job stand here a second time."""
    if job.kind is JobKind.PIPELINE:
        return [EMPTY, EMPTY, EMPTY, _JOB_DISPLAY, EMPTY, _CREDENTIALS]
    return [*_definitions(job, named=False), EMPTY, EMPTY, _JOB_DISPLAY, _CREDENTIALS]


def job_properties(job: Job) -> list[Bean]:
    """Return a job's properties, which hold its parameters."""
    return _definitions(job, named=True)


def queue_actions(item: QueueItem) -> list[Bean]:
    """Return the actions that a waiting item carries."""
    parameters = [parameters_action(item.parameters)] if item.parameters is not None else []
    return [*parameters, cause_action(item.cause)]


def queue_parameters(item: QueueItem) -> str:
    """Return the parameters of a waiting item as the text Jenkins makes of them."""
    return "".join(f"\n{name}={'********' if value is None else value}" for name, value in item.parameters or ())
