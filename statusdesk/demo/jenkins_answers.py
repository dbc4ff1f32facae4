"""The simulated Jenkins' answers that are not exports: refusals, login pages and error pages as recorded."""

import base64
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import msgspec
from aiohttp import web

_SERVER = "Jetty(9.4.33.v20201020)"
_GZIP_ABOVE_BYTES = 1024


@dataclass(slots=True, frozen=True)
class Account:
    """A user with an API token; ``reads_jobs`` is Job/Read."""

    token: str
    reads_jobs: bool = True


@dataclass(slots=True, frozen=True)
class Accounts:
    """Who may do what; without any account everybody may read everything."""

    by_user: Mapping[str, Account]

    def who(self, request: web.Request) -> tuple[str, Account | None]:
        """Return the user's name and account; the account is None for anonymous.

        Raises: BadTokenError.
        """
        header = request.headers.get("Authorization", "")
        if not header.startswith("Basic "):
            return "anonymous", None if self.by_user else Account("")
        try:
            user, _, token = base64.b64decode(header[6:], validate=True).decode().partition(":")
        except (ValueError, UnicodeDecodeError) as error:
            raise BadTokenError("unknown") from error
        if not self.by_user:
            return user, Account(token)
        account = self.by_user.get(user)
        if account is None or account.token != token:
            raise BadTokenError(user)
        return user, account


class BadTokenError(Exception):
    """A wrong password or API token."""

    def __init__(self, user: str) -> None:
        super().__init__(f"Invalid password/token for user: {user}")


def json_answer(request: web.Request, value: object, headers: Mapping[str, str]) -> web.Response:
    """Answer with JSON, compressed when the client takes gzip."""
    body = msgspec.json.encode(value)
    extra = {
        "X-Content-Type-Options": "nosniff",
        **headers,
        "X-Frame-Options": "deny",
        "Content-Type": "application/json;charset=utf-8",
        "Server": _SERVER,
    }
    if len(body) > _GZIP_ABOVE_BYTES and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, 1, mtime=0)
        extra |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return web.Response(body=body, headers=extra)


def text_answer(text: str, headers: Mapping[str, str] | None = None, *, carriage_returns: bool = False) -> web.Response:
    """Answer with a log; progressive answers end lines with CR LF although the offset counts LF only."""
    if carriage_returns:
        text = text.replace("\n", "\r\n")
    extra = {"Content-Type": "text/plain;charset=utf-8", "X-Content-Type-Options": "nosniff", "Server": _SERVER}
    return web.Response(body=text.encode(), headers=extra | dict(headers or {}))


def error_page(
    request: web.Request, status: int, reason: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Answer with the container's own error page, as for 401 and 404."""
    path = request.rel_url.raw_path
    body = (
        '<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>\n'
        f"<title>Error {status} {reason}</title>\n</head>\n<body><h2>HTTP ERROR {status} {reason}</h2>\n<table>\n"
        f"<tr><th>URI:</th><td>{path}</td></tr>\n<tr><th>STATUS:</th><td>{status}</td></tr>\n"
        f"<tr><th>MESSAGE:</th><td>{reason}</td></tr>\n<tr><th>SERVLET:</th><td>Stapler</td></tr>\n</table>\n"
        '<hr><a href="https://eclipse.org/jetty">Powered by Jetty:// 9.4.33.v20201020</a><hr/>\n\n</body>\n</html>\n'
    )
    extra = {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "must-revalidate,no-cache,no-store",
        "Content-Type": "text/html;charset=iso-8859-1",
        "Server": _SERVER,
    }
    return web.Response(status=status, body=body.encode("latin-1", "replace"), headers=extra | dict(headers or {}))


def oops_page(headers: Mapping[str, str]) -> web.Response:
    """Answer 500 with Jenkins' own page, as for a bad ``tree=``."""
    body = (
        '\n  \n  <!DOCTYPE html><html class=""><head resURL="/static/00000000" data-rooturl="">\n'
        '    <title>Jenkins [Jenkins]</title></head><body><div id="main-panel"><h1>Oops!</h1>'
        "<p>A problem occurred while processing the request.</p></div></body></html>"
    )
    extra = {"Content-Type": "text/html;charset=utf-8", "Cache-Control": "no-cache,no-store,must-revalidate"}
    return web.Response(status=500, body=body.encode(), headers=extra | dict(headers))


def forbidden_page(request: web.Request, user: str, permission: str, headers: Mapping[str, str]) -> web.Response:
    """Answer 403: a page that sends browsers to the login, and headers that say what is missing."""
    back = f"/login?from={quote(request.rel_url.raw_path, safe='')}"
    body = (
        f"<html><head><meta http-equiv='refresh' content='1;url={back}'/><script>window.location.replace('{back}');"
        "</script></head><body style='background-color:white; color:white;'>\n\n\nAuthentication required\n<!--\n"
        f"You are authenticated as: {user}\nGroups that you are in:\n  \n"
        f"Permission you need to have (but didn't): {permission}\n"
        " ... which is implied by: hudson.security.Permission.GenericRead\n"
        " ... which is implied by: hudson.model.Hudson.Administer\n-->\n\n</body></html>"
    )
    extra = {
        "Content-Type": "text/html;charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "X-Hudson": "1.395",
        "X-You-Are-Authenticated-As": user,
        "X-Required-Permission": permission,
        "X-Permission-Implied-By": "hudson.model.Hudson.Administer",
        "Server": _SERVER,
    }
    return web.Response(status=403, body=body.encode(), headers=extra | dict(headers))


def not_found_redirect() -> web.Response:
    """Answer 404 as ``wfapi`` does on a freestyle job."""
    body = (
        "<html><head><meta http-equiv='refresh' content='1;url=..'/><script>window.location.replace('..');</script>"
        "</head><body style='background-color:white; color:white;'>Not found</body></html>\n"
    )
    headers = {"Content-Type": "text/html;charset=utf-8", "X-Content-Type-Options": "nosniff", "Server": _SERVER}
    return web.Response(status=404, body=body.encode(), headers=headers)


def page(title: str) -> web.Response:
    """Answer with a small page, for people who follow a link to a job or build."""
    safe = title.replace("&", "&amp;").replace("<", "&lt;")
    body = f"<!DOCTYPE html><html><head><title>{safe} [Jenkins]</title></head><body><h1>{safe}</h1></body></html>"
    return web.Response(body=body.encode(), headers={"Content-Type": "text/html;charset=utf-8"})
