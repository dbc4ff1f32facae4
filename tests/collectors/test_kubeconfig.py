"""Kubeconfigs that are read without the client: as the client reads them, and all others are left to it."""

import base64
import http.server
import json
import ssl
import subprocess
import threading

import msgspec
import pytest

from collectors.kubeconfig import paths_of, read_contexts, read_plain
from collectors.kubernetes_api import KubernetesApi
from collectors.kubernetes_connection import ClientConnection, PlainConnection
from collectors.kubernetes_credentials import _from_kubeconfig, log_in
from collectors.kubernetes_problems import ApiProblem
from statusdesk.config import ClusterSettings

QUERY = [("labelSelector", "a in (b,c),d=e/f"), ("limit", "500")]
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def kubeconfig(path, user=(), cluster=None, **more):
    """Write a kubeconfig of one context."""
    config = {
        "current-context": "here",
        "contexts": [
            {"name": "here", "context": {"cluster": "here", "user": "me", "namespace": "shop"}},
            {"name": "there", "context": {"cluster": "there", "user": "me"}},
        ],
        "clusters": [
            {"name": "here", "cluster": {"server": "http://127.0.0.1:1/"} | (cluster or {})},
            {"name": "there", "cluster": {"server": "http://127.0.0.1:2/k8s"}},
        ],
        "users": [{"name": "me", "user": user if user != () else {}}],
    }
    path.write_text(json.dumps(config | more))
    return path


@pytest.mark.parametrize("context", ["", "there"])
@pytest.mark.parametrize(
    "user", [{"token": "secret"}, {"tokenFile": "token"}, {"token": "a", "tokenFile": "token"}, {}]
)
def test_a_plain_request_is_that_of_the_client(tmp_path, user, context):
    (tmp_path / "token").write_text("from-a-file")
    path = kubeconfig(tmp_path / "config", user)
    settings = ClusterSettings(name="c", kubeconfig=str(path), context=context)
    plain, client = log_in(settings).connection, _from_kubeconfig(settings, [str(path)]).connection
    assert isinstance(plain, PlainConnection) and isinstance(client, ClientConnection)
    ours = plain.prepare("GET", "/api/v1/pods", QUERY, "*/*", None)
    method, url, headers, _, _ = client.prepare("GET", "/api/v1/pods", QUERY, "*/*", None)._arguments
    theirs = {name.lower(): value for name, value in headers.items()} | {"user-agent": "statusdesk"}
    assert ours._method == method and plain.host == client.host
    assert {name.lower(): value for name, value in ours._headers.items()} == theirs
    assert ours._url.replace("%2F", "/") == url.replace("%2F", "/")


@pytest.mark.parametrize(
    "changed",
    [
        {"user": None},
        {"user": {"exec": {"command": "x"}}},
        {"user": {"auth-provider": {"name": "oidc"}}},
        {"user": {"username": "a", "password": "b"}},
        {"user": {"tokenFile": "nowhere"}},
        {"user": {"token": "two\nlines"}},
        {"user": {"token": 7}},
        {"user": {"client-certificate": "nowhere", "client-key": "nowhere"}, "cluster": {"server": "https://k"}},
        {"cluster": {"insecure-skip-tls-verify": True}},
        {"cluster": {"proxy-url": "http://proxy"}},
        {"cluster": {"server": "unix:///x"}},
        {"cluster": {"server": "https://k", "certificate-authority-data": "bm9uZQ=="}},
        {"contexts": []},
        {"clusters": None},
        {"current-context": "another"},
        {"users": [{"name": "me", "user": {}}, {"name": "me", "user": {}}]},
    ],
)
def test_what_is_not_plain_is_left_to_the_client(tmp_path, changed):
    assert read_plain([kubeconfig(tmp_path / "config", **changed)], "") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "a: b"])
def test_what_is_no_kubeconfig_is_left_to_the_client(tmp_path, text):
    (tmp_path / "config").write_text(text)
    assert read_plain([tmp_path / "config"], "") is None


def test_several_files_and_proxies_are_left_to_the_client(tmp_path, monkeypatch):
    path = kubeconfig(tmp_path / "config")
    assert read_plain([path], "") is not None
    assert read_plain([path, path], "") is None and read_plain([tmp_path / "nowhere"], "") is None
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:8080")
    assert read_plain([path], "") is None


def test_contexts_are_read_of_all_files(tmp_path):
    one = kubeconfig(tmp_path / "one")
    two = tmp_path / "two"
    two.write_text(json.dumps({"contexts": [{"name": "far", "context": {"cluster": "c"}}]}))
    found = read_contexts(f"{one}:{two}:{tmp_path / 'nowhere'}")
    assert found is not None and found.current == "here"
    assert found.namespaces == {"here": "shop", "there": "default", "far": "default"}
    two.write_text("{")
    assert read_contexts(f"{one}:{two}") is None


def test_where_kubeconfigs_are(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    assert paths_of("") == [tmp_path / ".kube" / "config"]
    monkeypatch.setenv("KUBECONFIG", "/a:~/b")
    assert [str(path) for path in paths_of("")] == ["/a", f"{tmp_path}/b"]
    assert [str(path) for path in paths_of("/c")] == ["/c"]


# -- TLS --------------------------------------------------------------------------------------------------------------


def certificate(directory, name, issuer=None, names="IP:127.0.0.1"):
    """Make a certificate and its key with openssl; one without an issuer is an authority."""
    new = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    new += [
        "-subj",
        f"/CN={name}",
        "-keyout",
        f"{name}.key",
        "-out",
        f"{name}.pem",
        "-addext",
        f"subjectAltName={names}",
    ]
    if issuer:
        new += ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-addext", "basicConstraints=CA:FALSE"]
    subprocess.run(new, cwd=directory, check=True, capture_output=True)


class Who(http.server.BaseHTTPRequestHandler):
    """Answers with the name in the certificate of who asks."""

    def do_GET(self):
        peer = self.connection.getpeercert()
        said = json.dumps(peer["subject"][-1][0][1] if peer else "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    place = tmp_path_factory.mktemp("pki")
    try:
        certificate(place, "root")
        certificate(place, "server", "root", "DNS:kubernetes.default")
        certificate(place, "me", "root")
        certificate(place, "stranger")
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        pytest.skip(f"openssl makes no certificates here: {error}")
    return place


@pytest.fixture
def server(pki):
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Who)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "server.pem", pki / "server.key")
    context.load_verify_locations(pki / "root.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"https://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()
    httpd.server_close()


def ask(pki, server, user, authority="root", name="kubernetes.default"):
    """Ask the server by a kubeconfig that stands beside the certificates."""
    cluster = {"server": server, "certificate-authority": f"{authority}.pem"}
    if name:
        cluster["tls-server-name"] = name
    path = kubeconfig(pki / "config", user, cluster)
    settings = ClusterSettings(name="c", kubeconfig=str(path), request_timeout_s=5.0)
    assert isinstance(log_in(settings).connection, PlainConnection)
    api = KubernetesApi(settings)
    try:
        return msgspec.json.decode(api.get("/version"))
    finally:
        api.close()


def test_a_certificate_tells_who_we_are(pki, server):
    data = {
        f"client-{kind}-data": base64.b64encode((pki / file).read_bytes()).decode()
        for kind, file in (("certificate", "me.pem"), ("key", "me.key"))
    }
    assert ask(pki, server, {"client-certificate": "me.pem", "client-key": "me.key"}) == "me"
    assert ask(pki, server, data) == "me"
    assert ask(pki, server, {}) == ""


@pytest.mark.parametrize(("authority", "name"), [("stranger", "kubernetes.default"), ("root", ""), ("root", "other")])
def test_a_server_that_is_not_who_it_should_be_is_not_asked(pki, server, authority, name):
    with pytest.raises(ApiProblem, match="no trusted connection") as raised:
        ask(pki, server, {"token": "secret"}, authority, name)
    assert raised.value.problem == "Unreachable" and "secret" not in raised.value.message
