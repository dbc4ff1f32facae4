"""A Jenkins of a few jobs for the tests of the collector: jobs with builds that a test adds and ends."""

import json
import re
from collections.abc import Callable

from tests.collectors.stage import Answer, Asked

JSON = (("Content-Type", "application/json;charset=utf-8"), ("X-Jenkins", "2.541.1"))
ONE_BUILD = re.compile(r"^/((?:job/[^/]+/)+)(\d+)/api/json$")
JOB = re.compile(r"^/((?:job/[^/]+/)+)api/json$")
RANGE = re.compile(r"(builds|allBuilds)\[.*\]\{(\d+),(\d+)\}")
LISTED = 100  # of ``builds``, however many are asked for


def build(number: int, result: str | None = "SUCCESS", namespace: str | None = "staging", **more: object) -> dict:
    """One build as Jenkins says it; ``result`` None is running, ``namespace`` None is without parameters."""
    actions: list[dict] = [{}]
    if namespace is not None:
        parameters = [{"name": "NAMESPACE", "value": namespace}, {"name": "VERSION", "value": f"1.{number}"}]
        actions.append({"_class": "hudson.model.ParametersAction", "parameters": parameters})
    upstream = more.pop("upstream", None)
    if upstream:
        cause = {
            "shortDescription": "Started by upstream",
            "upstreamProject": upstream[0],
            "upstreamBuild": upstream[1],
        }
        actions.append({"causes": [cause]})
    made = {"number": number, "result": result, "building": result is None, "timestamp": 1_700_000_000_000 + number}
    return made | {"duration": 0 if result is None else 1000, "actions": actions} | more


class SmallJenkins:
    """Answers as a Jenkins; ``fault`` may answer in its place."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[int, dict]] = {}
        self.folders: list[str] = []  # those that may be empty
        self.defaults: dict[str, str] = {}
        self.running: list[str] = []
        self.session = "s1"
        self.user = "monitor"
        self.fault: Callable[[Asked], Answer | None] = lambda asked: None

    def add(self, job: str, *builds: dict, default: str | None = "staging") -> None:
        of_job = self.jobs.setdefault(job, {})
        for each in builds:
            of_job[each["number"]] = each
        if default is not None:
            self.defaults[job] = default

    def url(self, job: str) -> str:
        return "http://jenkins.elsewhere:8080/" + "".join(f"job/{part}/" for part in job.split("/"))

    def __call__(self, asked: Asked) -> Answer:
        fault = self.fault(asked)
        if fault is not None:
            return fault
        found = self._find(asked)
        headers = (*JSON, ("X-Jenkins-Session", self.session))
        if found is None:
            return Answer(404, b"<html>Not Found</html>", (("Content-Type", "text/html"),))
        return Answer(200, json.dumps(found).encode(), headers)

    def _find(self, asked: Asked) -> dict | None:
        if asked.path == "/whoAmI/api/json":
            return {"name": self.user, "anonymous": self.user == "anonymous"}
        if asked.path == "/computer/api/json":
            busy = [{"progress": 10, "currentExecutable": {"url": url, "number": 1}} for url in self.running]
            return {"busyExecutors": len(busy), "totalExecutors": 2, "computer": [{"oneOffExecutors": busy}]}
        if asked.path == "/queue/api/json":
            return {"items": []}
        if asked.path == "/api/json":
            return {"jobs": self._tree("property" in asked.query, asked.query.count("fullName") - 1)}
        return self._find_builds(asked)

    def _find_builds(self, asked: Asked) -> dict | None:
        names = {"/" + self.url(job).split("/", 3)[3]: job for job in self.jobs}
        one = ONE_BUILD.match(asked.path)
        if one:
            return self.jobs.get(names.get(f"/{one[1]}", ""), {}).get(int(one[2]))
        job = JOB.match(asked.path)
        builds = self.jobs.get(names.get(f"/{job[1]}", "")) if job else None
        page = RANGE.search(asked.query)
        if builds is None or page is None:
            return None
        newest_first = [builds[number] for number in sorted(builds, reverse=True)]
        listed = newest_first[:LISTED] if page[1] == "builds" else newest_first
        found: dict = {page[1]: listed[int(page[2]) : int(page[3])]}
        if "firstBuild" in asked.query:
            good = [number for number in builds if builds[number]["result"] == "SUCCESS"]
            last = builds[max(good)] if good else None
            found |= {"firstBuild": builds[min(builds)] if builds else None}
            found |= {"lastSuccessfulBuild": last, "lastStableBuild": last}
        return found

    def _tree(self, definitions: bool, levels: int) -> list[dict]:
        """Return the jobs in their folders, so many levels of them, and the names of what lies one level below."""
        root: list[dict] = []
        for name, builds in (dict.fromkeys(self.folders) | self.jobs).items():
            parts, level = name.split("/"), root
            for depth in range(1, min(len(parts), levels + 1) + 1):
                full = "/".join(parts[:depth])
                if depth == len(parts) <= levels and builds is not None:
                    level.append(self._definition(full) if definitions else self._job(full, builds))
                    break
                folder = next((each for each in level if each["fullName"] == full), None)
                if folder is None:
                    folder = {"fullName": full} | ({"url": self.url(full), "jobs": []} if depth <= levels else {})
                    level.append(folder)
                level = folder.get("jobs", [])
        return root

    def _job(self, job: str, builds: dict[int, dict]) -> dict:
        last = builds[max(builds)] if builds else None
        return {"fullName": job, "url": self.url(job), "color": "blue", "inQueue": False, "lastBuild": last}

    def _definition(self, job: str) -> dict:
        default = self.defaults.get(job)
        parameter = {"name": "NAMESPACE", "type": "x", "defaultParameterValue": {"value": default}}
        properties = [{}, {"parameterDefinitions": [parameter]}] if default is not None else [{}]
        return {"fullName": job, "url": self.url(job), "buildable": True, "property": properties}
