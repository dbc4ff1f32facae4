"""The simulated Jenkins over HTTP: paths, rights and answers of its remote API."""

import hashlib
from urllib.parse import unquote

from aiohttp import web

from statusdesk.demo.jenkins_answers import (
    Accounts,
    BadTokenError,
    error_page,
    forbidden_page,
    json_answer,
    not_found_redirect,
    oops_page,
    page,
    text_answer,
)
from statusdesk.demo.jenkins_engine import Jenkins
from statusdesk.demo.jenkins_logs import console, stages
from statusdesk.demo.jenkins_model import Build, Folder, Job, JobKind
from statusdesk.demo.jenkins_tree import Bean, TreeError, parse_tree
from statusdesk.demo.jenkins_views import Nodes, Queue, Root, Views

_PERMALINKS: dict[str, tuple[str, ...]] = {
    "lastCompletedBuild": (),
    "lastFailedBuild": ("FAILURE",),
    "lastStableBuild": ("SUCCESS",),
    "lastSuccessfulBuild": ("SUCCESS", "UNSTABLE"),
    "lastUnstableBuild": ("UNSTABLE",),
    "lastUnsuccessfulBuild": ("FAILURE", "UNSTABLE", "ABORTED", "NOT_BUILT"),
}
_API = ["api", "json"]


def jenkins_app(jenkins: Jenkins, accounts: Accounts) -> web.Application:
    """Return the HTTP application of a simulated Jenkins."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _Desk(jenkins, accounts).answer)
    return app


class _Desk:
    def __init__(self, jenkins: Jenkins, accounts: Accounts) -> None:
        self._jenkins = jenkins
        self._accounts = accounts
        self._views = Views(jenkins)

    @property
    def _headers(self) -> dict[str, str]:
        return {"X-Jenkins": self._jenkins.version, "X-Jenkins-Session": self._jenkins.session}

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request; clients tell a Jenkins by a header of its pages."""
        answered = self._answer(request)
        for name, value in self._headers.items():
            answered.headers.setdefault(name, value)
        return answered

    def _answer(self, request: web.Request) -> web.Response:
        try:
            user, account = self._accounts.who(request)
        except BadTokenError as error:
            return error_page(request, 401, str(error), {"WWW-Authenticate": 'Basic realm="Jenkins"'})
        steps = [unquote(part) for part in request.rel_url.raw_path.split("/") if part]
        if steps[:1] == ["whoAmI"]:
            return json_answer(request, _who_am_i(user), self._headers)
        if steps[:1] == ["login"]:
            return page("Sign in")
        if account is None:
            return forbidden_page(request, user, "hudson.model.Hudson.Read", self._headers)
        if request.method not in ("GET", "HEAD"):
            permission = "hudson.model.Item.Build" if steps[:1] == ["job"] else "hudson.model.Hudson.Administer"
            return forbidden_page(request, user, permission, self._headers)
        if steps[:1] == ["job"]:
            if not account.reads_jobs:
                return error_page(request, 404, "Not Found")
            return self._job(request, steps)
        return self._server(request, steps, user, reads_jobs=account.reads_jobs)

    def _server(self, request: web.Request, steps: list[str], user: str, *, reads_jobs: bool) -> web.Response:
        if steps[:2] == ["view", "all"]:
            steps = steps[2:]
        if steps == _API:
            if not reads_jobs:
                return json_answer(request, {"_class": "hudson.model.Hudson", "jobs": []}, self._headers)
            return self._export(request, Root())
        if steps == ["computer", *_API]:
            return self._export(request, Nodes())
        if steps[:1] == ["computer"] and steps[2:] == _API:
            named = "master" if steps[1] == "(master)" else steps[1]
            for computer in self._jenkins.computers:
                if computer.name == named:
                    return self._export(request, computer)
        if steps == ["queue", *_API]:
            return self._export(request, Queue())
        if steps[:2] == ["queue", "item"] and len(steps) == 5:
            for item in self._jenkins.queue:
                if str(item.id) == steps[2]:
                    return self._export(request, item)
        if steps == ["crumbIssuer", *_API]:
            crumb = hashlib.sha256(f"{user}:{self._jenkins.session}".encode()).hexdigest()
            values = {"crumb": crumb, "crumbRequestField": "Jenkins-Crumb"}
            return self._export(request, Bean("hudson.security.csrf.DefaultCrumbIssuer", values))
        if steps == ["me", *_API]:
            url = f"{self._jenkins.url}user/{user}"
            about: dict[str, object] = {
                "absoluteUrl": url,
                "description": None,
                "fullName": user,
                "id": user,
                "property": [],
            }
            return self._export(request, Bean("hudson.model.User", about))
        return page("Dashboard") if not steps else error_page(request, 404, "Not Found")

    def _job(self, request: web.Request, steps: list[str]) -> web.Response:
        here: Folder | Job = self._jenkins.root
        while len(steps) >= 2 and steps[0] == "job" and isinstance(here, Folder):
            child = here.children.get(steps[1])
            if child is None:
                return error_page(request, 404, "Not Found")
            here, steps = child, steps[2:]
        if not steps:
            return page(here.full_name)
        if steps == _API:
            return self._export(request, here)
        if isinstance(here, Job):
            if steps == ["wfapi", "runs"] and here.kind is JobKind.PIPELINE:
                now = self._jenkins.now_ms()
                runs = [stages(build, now, build.url_path) for build in here.builds[:-11:-1]]
                return json_answer(request, runs, {})
            build = _build_of(here, steps[0])
            if build is not None:
                return self._build(request, build, steps[1:])
        return error_page(request, 404, "Not Found")

    def _build(self, request: web.Request, build: Build, steps: list[str]) -> web.Response:
        now = self._jenkins.now_ms()
        if steps == _API:
            return self._export(request, build)
        if steps == ["consoleText"]:
            return text_answer(console(build, now))
        if steps == ["logText", "progressiveText"]:
            return self._progressive(request, build)
        if steps[:1] == ["wfapi"]:
            if build.job.kind is not JobKind.PIPELINE:
                return not_found_redirect()
            if steps == ["wfapi", "describe"]:
                return json_answer(request, stages(build, now, build.url_path), {})
            if steps == ["wfapi", "pendingInputActions"]:
                return json_answer(request, [], {})
        if steps in ([], ["console"]):
            return page(f"{build.job.full_name} #{build.number}")
        return error_page(request, 404, "Not Found")

    def _progressive(self, request: web.Request, build: Build) -> web.Response:
        try:
            start = int(request.query.get("start", "0"))
        except ValueError:
            return oops_page(self._headers)
        if start < 0:
            return oops_page(self._headers)
        whole = console(build, self._jenkins.now_ms()).encode()
        if start > len(whole):
            start = 0  # "text rolled over": everything again
        headers = {"X-Text-Size": str(len(whole))}
        if build.building:
            headers["X-More-Data"] = "true"
        return text_answer(whole[start:].decode("utf-8", "replace"), headers, carriage_returns=True)

    def _export(self, request: web.Request, value: object) -> web.Response:
        exporter = self._views.exporter
        if "tree" in request.query:
            try:
                exported = exporter.by_tree(value, parse_tree(request.query["tree"]))
            except TreeError:
                return oops_page(self._headers)
        else:
            try:
                depth = int(request.query.get("depth", "0"))
            except ValueError:
                return oops_page(self._headers)
            exported = exporter.by_depth(value, min(depth, 3))
        return json_answer(request, exported, self._headers)


def _build_of(job: Job, name: str) -> Build | None:
    if name.isdecimal():
        return job.by_number.get(int(name))
    if name == "lastBuild":
        return job.last
    if name == "firstBuild":
        return job.builds[0] if job.builds else None
    return job.newest(*_PERMALINKS[name]) if name in _PERMALINKS else None


def _who_am_i(user: str) -> dict[str, object]:
    return {
        "_class": "hudson.security.WhoAmI",
        "anonymous": user == "anonymous",
        "authenticated": True,
        "authorities": ["anonymous"] if user == "anonymous" else ["authenticated"],
        "name": user,
    }
