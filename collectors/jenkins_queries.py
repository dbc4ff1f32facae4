"""The requests that Jenkins is asked, as text.

Never a range of builds over all jobs: Stapler's range asks for the size of the list first, which reads up to 100 builds
per job from disk. ``lastBuild`` reads one. ``estimatedDuration`` and ``healthReport`` read several, and are left out.
"""

from urllib.parse import quote

MAX_LEVELS = 10
LISTED = 100
"""So many builds are in ``builds``; ``allBuilds`` has all of them."""

_CAUSES = "causes[shortDescription,userId,upstreamProject,upstreamBuild]"
# The revision lies in an action of the build that is read anyway; without it only fetched builds would have one.
_ACTIONS = f"actions[parameters[name,value],{_CAUSES},lastBuiltRevision[SHA1,branch[name]],remoteUrls]"
_BUILD = f"number,url,result,building,timestamp,duration,{_ACTIONS}"
_JOB = f"_class,fullName,url,color,inQueue,lastBuild[{_BUILD}]"
_DEFINITION = "_class,fullName,url,property[parameterDefinitions[name,type,defaultParameterValue[value]]]"
_BELOW = "jobs[fullName]"

WHO_AM_I = "whoAmI/api/json"
RUNNING = (
    "computer/api/json?tree="
    + quote(
        "busyExecutors,totalExecutors,computer[displayName,offline,temporarilyOffline,offlineCauseReason,"
        "executors[likelyStuck,progress,currentExecutable[_class,url,number]],"
        "oneOffExecutors[progress,currentExecutable[_class,url,number]]]",
        safe=",",
    )
)  # fmt: skip
QUEUE = (
    "queue/api/json?tree="
    + quote(
        "items[id,why,blocked,buildable,stuck,inQueueSince,actions[parameters[name,value]],task[name,url]]", safe=","
    )
)  # fmt: skip


def _nested(fields: str, levels: int, innermost: str) -> str:
    tree = f"jobs[{fields},{innermost}]"
    for _ in range(levels - 1):
        tree = f"jobs[{fields},{tree}]"
    return tree


def tick(levels: int) -> str:
    """All jobs with their last build, one request; ``levels`` is 1 without folders, 2 with folders, and so on.

    The names one level below ``levels`` are asked too, to see whether it is deep enough.
    """
    return "api/json?tree=" + quote("quietingDown," + _nested(_JOB, levels, _BELOW), safe=",")


def slow_scan(levels: int) -> str:
    """All job definitions, and the names one level below as in ``tick``."""
    return "api/json?tree=" + quote(_nested(_DEFINITION, levels, _BELOW), safe=",")


def page_of_builds(job_path: str, begin: int, end: int) -> str:
    """Some builds of one job, counted from the newest, and its first.

    Costs the server as many reads as the job has builds: up to 100, and all where it is asked for others than these,
    which ``builds`` does not list.
    """
    which = "builds" if end <= LISTED else "allBuilds"
    return f"{job_path}api/json?tree=" + quote(f"{which}[{_BUILD}]{{{begin},{end}}},firstBuild[number]", safe=",")


def remaining_builds(job_path: str) -> str:
    """Which builds one job still has, newest first; costs the server as ``page_of_builds`` does."""
    spared = "lastSuccessfulBuild[number],lastStableBuild[number]"
    fields = f"builds[number,timestamp,keepLog]{{0,100}},firstBuild[number,keepLog],{spared}"
    return f"{job_path}api/json?tree=" + quote(fields, safe=",")


def build_details(build_path: str) -> str:
    """What a build page shows beside what is known of every build; reads one build and its change log."""
    items = "items[commitId,msg,author[fullName],timestamp]"
    fields = f"displayName,description,{_BUILD},changeSets[{items}],changeSet[{items}],runs[number,url,result]"
    return f"{build_path}api/json?tree=" + quote(fields, safe=",")


def stage_view(build_path: str) -> str:
    """The stages of a Pipeline's build; nothing else is asked of the stage view. Source: pipeline-rest-api plugin."""
    return f"{build_path}wfapi/describe"


def one_build(job_path: str, number: int) -> str:
    """One build; reads only that build."""
    return f"{job_path}{number}/api/json?tree=" + quote(_BUILD, safe=",")
