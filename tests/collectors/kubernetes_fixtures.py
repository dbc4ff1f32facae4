"""Fixtures of the Kubernetes tests; a test module imports what it needs."""

import pytest

from tests.collectors.kubernetes_desk import Desk
from tests.collectors.kubernetes_server import Kube


@pytest.fixture(name="kube")
def running_kube():
    server = Kube()
    server.start()
    yield server
    server.stop()


@pytest.fixture(name="desk")
def waiting_desk(kube, tmp_path):
    desk = Desk(kube, tmp_path)
    yield desk
    desk.end()
