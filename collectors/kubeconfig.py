"""Kubeconfigs: their contexts, and the connections that need nothing but what stands in them.

Loading the Kubernetes client takes 140 ms of processor time, most of it for OAuth and its models, while a person waits
for a log. What is not plain here (plugins, providers of credentials, passwords, proxies, several files, mistakes) is
left to the client, which also has the words for mistakes.
"""

import base64
import os
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

DEFAULT = "~/.kube/config"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
USER_KEYS = {"token", "tokenFile", "client-certificate", "client-key"}
CLUSTER_KEYS = {"server", "certificate-authority", "tls-server-name", "extensions"}
DATA_KEYS = {"client-certificate-data", "client-key-data", "certificate-authority-data"}

Node = Mapping[str, Any]


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """All that a connection needs. ``files`` are those that it was read from."""

    host: str
    token: str
    tls: ssl.SSLContext | None
    server_name: str
    files: tuple[Path, ...]


class Contexts(msgspec.Struct, frozen=True, kw_only=True):
    """The contexts of a kubeconfig with their namespaces, and the one that is current."""

    current: str
    namespaces: Mapping[str, str]


def paths_of(given: str) -> list[Path]:
    """Return the files of a setting; where it is empty, those of ``KUBECONFIG`` or the usual one."""
    given = given or os.environ.get("KUBECONFIG", "") or DEFAULT
    return [Path(path).expanduser() for path in given.split(os.pathsep) if path]


def not_there(given: str) -> str:
    """Return what was named as kubeconfig where no such file exists; empty where one does, or none was named."""
    named = given or os.environ.get("KUBECONFIG", "")
    return named if named and not any(path.exists() for path in paths_of(given)) else ""


def read_contexts(given: str) -> Contexts | None:
    """Return the contexts of all files, None where one cannot be read. As in the client, the last file's is current."""
    import yaml

    namespaces: dict[str, str] = {}
    current = ""
    try:
        for path in paths_of(given):
            if path.exists():
                read = yaml.safe_load(path.read_text())
                current = str(read.get("current-context") or current)
                for each in read.get("contexts") or ():
                    namespaces.setdefault(str(each["name"]), str(each["context"].get("namespace") or "default"))
    except (yaml.YAMLError, OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return Contexts(current=current, namespaces=namespaces)


def own_namespace(context: str) -> str:
    """Return the namespace of a context (the current one where empty), or that of this pod; ``default`` without one."""
    contexts = read_contexts("")
    if contexts is not None and contexts.namespaces:
        return contexts.namespaces.get(context or contexts.current, "default")
    try:
        return (SERVICE_ACCOUNT / "namespace").read_text().strip() or "default"
    except OSError:
        return "default"


def read_plain(paths: list[Path], context: str) -> Plain | None:
    """Return what a connection needs; None where that is more than stands in one file, or where anything is wrong."""
    import yaml

    if len(paths) != 1 or any(kind != "no" for kind in urllib.request.getproxies()):
        return None
    try:
        return _read(paths[0], context)
    except (yaml.YAMLError, OSError, ValueError, TypeError, LookupError, AttributeError):
        return None


def _read(path: Path, context: str) -> Plain | None:
    import yaml

    config = yaml.safe_load(path.read_text())
    chosen = _named(config["contexts"], context or config["current-context"])["context"]
    cluster = _named(config["clusters"], chosen["cluster"])["cluster"]
    user = _named(config["users"], chosen["user"])["user"] if chosen.get("user") else {}
    if set(user) - USER_KEYS - DATA_KEYS or set(cluster) - CLUSTER_KEYS - DATA_KEYS:
        return None
    host = cluster["server"].rstrip("/")
    base = path.absolute().parent
    if not host.startswith(("https://", "http://")):
        return None
    names = [node[key] for node in (cluster, user) for key in USER_KEYS | CLUSTER_KEYS if _is_file(key) and key in node]
    return Plain(
        host=host,
        token=_token(user, base),
        tls=_tls(cluster, user, base) if host.startswith("https://") else None,
        server_name=cluster.get("tls-server-name") or "",
        files=(path, *(base / name for name in names)),
    )


def _is_file(key: str) -> bool:
    return key in ("tokenFile", "certificate-authority", "client-certificate", "client-key")


def _named(nodes: list[Node], name: str) -> Node:
    """Return the one of a name. Raises: ValueError when there are none or several."""
    (found,) = [node for node in nodes if node["name"] == name]
    return found


def _token(user: Node, base: Path) -> str:
    """Return the token, empty where there is none. Raises: ValueError for one that cannot be sent."""
    if "token" not in user and "tokenFile" not in user:
        return ""
    token = user["token"] if "token" in user else (base / user["tokenFile"]).read_text()
    token = token.strip()
    if not token or not (token.isascii() and token.isprintable()):
        raise ValueError("no token")
    return str(token)


def _tls(cluster: Node, user: Node, base: Path) -> ssl.SSLContext:
    """Return what verifies the server and, where there is a certificate, tells it who we are."""
    from urllib3.util.ssl_ import create_urllib3_context

    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    authority = _pem(cluster, "certificate-authority", base)
    if authority is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cadata=authority.decode("ascii"))
    certificate, key = _pem(user, "client-certificate", base), _pem(user, "client-key", base)
    if certificate is not None and key is not None:
        import tempfile

        # The library takes files only; these are gone before anybody could look.
        with tempfile.TemporaryDirectory(prefix="statusdesk-") as place:
            files = Path(place, "certificate"), Path(place, "key")
            for file, data in zip(files, (certificate, key), strict=True):
                file.touch(mode=0o600)
                file.write_bytes(data)
            context.load_cert_chain(files[0], files[1], password="")
    elif certificate is not None or key is not None:
        raise ValueError("a certificate needs its key")
    return context


def _pem(node: Node, key: str, base: Path) -> bytes | None:
    """Return what stands in the file itself, else in the one that it names; None without either."""
    if f"{key}-data" in node:
        return base64.b64decode(node[f"{key}-data"])
    return (base / node[key]).read_bytes() if key in node else None
