"""A real OpenBao, which speaks Vault's API, in memory on a free port."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT_TOKEN = "root-for-tests"  # of a server that lives in memory, on loopback, for seconds
START_S = 30.0


def binary() -> str | None:
    """Return where ``bao`` is: beside the Python that runs the tests, or on the path."""
    beside = Path(sys.executable).parent / "bao"
    return str(beside) if beside.exists() else shutil.which("bao")


class OpenBao:
    """The running server, with the calls that tests make in the role of its operator."""

    def __init__(self, address: str, unseal_key: str) -> None:
        self.address = address
        self._unseal_key = unseal_key

    def call(self, method: str, path: str, body: dict | None = None, token: str = ROOT_TOKEN) -> dict:
        request = urllib.request.Request(
            f"{self.address}/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Vault-Token": token},
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as response:
            return json.loads(response.read() or b"{}")

    def create(self, **options: object) -> tuple[str, str]:
        """Create an orphan token; returns it and its accessor."""
        auth = self.call("POST", "auth/token/create-orphan", options)["auth"]
        return auth["client_token"], auth["accessor"]

    def policy(self, name: str, text: str) -> None:
        self.call("PUT", f"sys/policies/acl/{name}", {"policy": text})

    def renew(self, accessor: str) -> None:
        self.call("POST", "auth/token/renew-accessor", {"accessor": accessor})

    def revoke(self, accessor: str) -> None:
        self.call("POST", "auth/token/revoke-accessor", {"accessor": accessor})

    def use(self, token: str) -> None:
        self.call("GET", "auth/token/lookup-self", token=token)

    def seal(self) -> None:
        self.call("PUT", "sys/seal")

    def unseal(self) -> None:
        self.call("PUT", "sys/unseal", {"key": self._unseal_key})
        _until_active(self)


def _until_active(server: OpenBao) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            if not server.call("GET", "sys/health")["sealed"]:
                return
        except (OSError, urllib.error.HTTPError, ValueError):
            assert time.monotonic() < end, "OpenBao did not start"
        time.sleep(0.05)


def _unseal_key(process: subprocess.Popen) -> str:
    """Read the server's greeting up to its key; the rest of its output is read by nobody and goes to a file."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Unseal Key:"):
            return line.split(":", 1)[1].strip()
    raise AssertionError("OpenBao ended before it told its unseal key")


@contextlib.contextmanager
def openbao(home: Path) -> Iterator[OpenBao]:
    found = binary()
    assert found is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [found, "server", "-dev", f"-dev-root-token-id={ROOT_TOKEN}", f"-dev-listen-address=127.0.0.1:{port}",
         "-dev-no-store-token", "-log-level=error"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=home,
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
    )  # fmt: skip
    try:
        server = OpenBao(f"http://127.0.0.1:{port}", _unseal_key(process))
        _until_active(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
