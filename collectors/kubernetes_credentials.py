"""Who we are to an API server: kubeconfig, plugins, tokens and certificates, loaded again when they change or expire.

What is no plain kubeconfig is left to the loader of the client, but for credentials plugins: it lets them run for ever,
reads our standard input to them, and goes on as nobody when one fails.
"""

import datetime
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from collectors.kubeconfig import DEFAULT, SERVICE_ACCOUNT, not_there, paths_of, read_plain
from collectors.kubernetes_connection import ClientConnection, Connection, PlainConnection
from collectors.kubernetes_problems import ApiProblem
from statusdesk.config import ClusterSettings
from statusdesk.redact import safe

if TYPE_CHECKING:
    from kubernetes.client import Configuration

PLUGIN_TIMEOUTS = 3  # a credentials plugin may take this many times the timeout of a request
EXPIRES_EARLY_S = 30.0
LOOK_EVERY_S = 1.0
FILE_KEYS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")

Marks = tuple[tuple[int, int, int] | None, ...]


class Login:
    """A connection with its credentials, and whether these are still what the files and plugins would give."""

    def __init__(self, connection: Connection, files: Iterable[Path], expires_s: float | None) -> None:
        self.connection = connection
        self._files = tuple(files)
        self._marks = _marks(self._files)
        self._expires_s = expires_s
        self._looked_s = time.monotonic()

    def is_stale(self) -> bool:
        """Return whether a file has changed since it was read, or a certificate that a plugin gave expires."""
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return False
        self._looked_s = now_s
        if self._expires_s is not None and time.time() >= self._expires_s - EXPIRES_EARLY_S:
            return True
        return _marks(self._files) != self._marks


def log_in(settings: ClusterSettings) -> Login:
    """Return a connection for the settings. Raises: ApiProblem (Misconfigured)."""
    plain = read_plain(paths_of(settings.kubeconfig), settings.context)
    if plain is not None:
        return Login(PlainConnection(plain, _pool_size(settings)), plain.files, None)
    return _log_in_by_client(settings)


def _log_in_by_client(settings: ClusterSettings) -> Login:
    import yaml
    from kubernetes import config

    given = settings.kubeconfig or os.environ.get("KUBECONFIG", "")
    name = f"kubeconfig {given or DEFAULT}"
    try:
        if not given and not Path(DEFAULT).expanduser().exists():
            name = "the service account of this pod (and there is no kubeconfig)"
            return _in_cluster(settings)
        return _from_kubeconfig(settings, [str(path) for path in paths_of(settings.kubeconfig)])
    except yaml.YAMLError:
        # its text quotes the file, which holds credentials
        raise ApiProblem("Misconfigured", f"{name} is not valid YAML") from None
    except (config.ConfigException, OSError) as error:
        raise ApiProblem("Misconfigured", f"cannot use {name}: {error}") from error
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ApiProblem("Misconfigured", f"{name} is malformed ({type(error).__name__})") from error


def _configuration(settings: ClusterSettings) -> "Configuration":
    from kubernetes.client import Configuration

    configuration = Configuration()
    configuration.retries = False
    configuration.keep_alive = True
    configuration.connection_pool_maxsize = _pool_size(settings)
    return configuration


def _pool_size(settings: ClusterSettings) -> int:
    return 4 * (settings.max_namespaced_watches + 2)


def _in_cluster(settings: ClusterSettings) -> Login:
    from kubernetes import config
    from kubernetes.client import ApiClient

    configuration = _configuration(settings)
    config.load_incluster_config(client_configuration=configuration)
    return Login(
        ClientConnection(ApiClient(configuration)), (SERVICE_ACCOUNT / "token", SERVICE_ACCOUNT / "ca.crt"), None
    )


def _from_kubeconfig(settings: ClusterSettings, paths: list[str]) -> Login:
    from kubernetes import config
    from kubernetes.client import ApiClient
    from kubernetes.config.kube_config import KubeConfigMerger

    merged = KubeConfigMerger(os.pathsep.join(paths)).config
    if merged is None:
        missing = not_there(settings.kubeconfig)
        raise config.ConfigException("there is no such file" if missing else "it holds no configuration")
    configuration = _configuration(settings)
    loader = _loader_class(settings.request_timeout_s * PLUGIN_TIMEOUTS)(
        config_dict=merged, active_context=settings.context or None, config_base_path=None
    )
    loader.load_and_set(configuration)
    expires_s = None
    if "token" not in loader.__dict__ and "expiry" in loader.__dict__:
        expires_s = loader.expiry.timestamp()  # of a certificate; a token has the client's own hook
    files = [Path(path) for path in paths]
    for node in (loader._cluster, loader._user):
        base = Path(loader._get_base_path(node.path)) if node is not None else Path()
        files += [base / node.value[key] for key in FILE_KEYS if node is not None and node.value.get(key)]
    return Login(ClientConnection(ApiClient(configuration)), files, expires_s)


def _loader_class(timeout_s: float) -> Any:  # noqa: ANN401  (the client has no types)
    from kubernetes import config
    from kubernetes.config.kube_config import FileOrData, KubeConfigLoader

    class Loader(KubeConfigLoader):  # type: ignore[misc]
        """The client's own, with a credentials plugin that is bounded and whose failure is told."""

        def _load_from_exec_plugin(self) -> bool | None:
            if "exec" not in self._user:
                return None
            base = self._get_base_path(self._cluster.path)
            try:
                given = run_plugin(self._user["exec"].value, self._cluster.value, base, timeout_s)
            except PluginError as error:
                raise config.ConfigException(str(error)) from None
            self.__dict__.pop("expiry", None)
            if expires := given.get("expirationTimestamp"):
                moment = datetime.datetime.fromisoformat(expires)
                self.expiry = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
            if given.get("token"):
                self.token = f"Bearer {given['token']}"
            if given.get("clientCertificateData"):
                for attribute, key in (("cert_file", "clientCertificateData"), ("key_file", "clientKeyData")):
                    data = FileOrData(given, None, data_key_name=key, base64_file_content=False)
                    setattr(self, attribute, data.as_file())
            return True

    return Loader


class PluginError(Exception):
    """A credentials plugin gave no credentials; the sentence says why."""


class _Answer(msgspec.Struct):
    status: dict[str, Any]


def run_plugin(plugin: Mapping[str, Any], cluster: Mapping[str, Any], base: str, timeout_s: float) -> Mapping[str, Any]:
    """Run a credentials plugin of a kubeconfig and return the ``status`` of its ``ExecCredential``.

    It gets no terminal, runs for at most ``timeout_s``, and what it has started ends with it.

    Raises: PluginError.
    """
    command = str(plugin.get("command", ""))
    name = f"the credentials plugin {Path(command).name or '(no command)'}"
    version = plugin.get("apiVersion", "client.authentication.k8s.io/v1")
    spec: dict[str, object] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = {key: value for key, value in cluster.items() if key != "extensions"}
    asked = {"apiVersion": version, "kind": "ExecCredential", "spec": spec}
    environment = {**os.environ, "KUBERNETES_EXEC_INFO": msgspec.json.encode(asked).decode()}
    environment |= {str(one["name"]): str(one["value"]) for one in plugin.get("env") or ()}
    argv = [command, *(str(one) for one in plugin.get("args") or ())]
    try:
        code, said, complaint = _run(argv, environment, base, timeout_s)
    except (OSError, ValueError) as error:
        raise PluginError(f"{name} cannot be run: {error}") from None
    except subprocess.TimeoutExpired:
        raise PluginError(f"{name} gave no answer within {timeout_s:g} s; does it wait for a login?") from None
    if code:
        tail = safe(complaint.decode("utf-8", "replace").strip())
        raise PluginError(f"{name} ended with status {code}" + (f": {tail}" if tail else ""))
    try:
        status = msgspec.json.decode(said, type=_Answer).status
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise PluginError(f"{name} answers with something else than an ExecCredential") from None
    if not status.get("token") and not (status.get("clientCertificateData") and status.get("clientKeyData")):
        raise PluginError(f"{name} gives neither a token nor a certificate with its key")
    return status


def _run(argv: list[str], environment: dict[str, str], base: str, timeout_s: float) -> tuple[int, bytes, bytes]:
    """Run a command in a session of its own. Raises: OSError, TimeoutExpired."""
    with subprocess.Popen(
        argv,
        cwd=base or None,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            said, complaint = process.communicate(timeout=timeout_s)
        except BaseException:
            # its children too: they would hold the pipes that are waited for
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, said, complaint


def _marks(files: Iterable[Path]) -> Marks:
    return tuple(_mark(file) for file in files)


def _mark(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
