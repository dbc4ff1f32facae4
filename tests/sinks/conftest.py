"""What the tests of sinks share."""

import pytest

from tests.sinks.receiver import Receiver


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()
