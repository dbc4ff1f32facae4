"""The logs of many pods, followed through restarts, replaced pods and cut connections: all lines, once, in order."""

import shutil

import pytest

from tests.e2e.log_load import Trouble, check, check_against, follow_through
from tests.e2e.world import serving


def followed(tmp_path, trouble):
    with serving(tmp_path / "truth", "--apps", "2", "--scenario", "calm") as world:
        ours, theirs, told = follow_through(world, trouble, tmp_path)
    check(ours, trouble)
    if shutil.which("kubectl"):
        assert check_against(ours, theirs) > trouble.pods * trouble.per_s
    return told.read_text()


def test_no_line_is_lost_or_repeated(tmp_path):
    trouble = Trouble(pods=6, per_s=200, seconds=5, restarts=2, replaced=2, cuts=6, away=2)
    told = followed(tmp_path, trouble)
    assert told.count("restarted: exit 137 OOMKilled\n") == 4 and "may be missing" not in told
    assert told.count("/app: joined") == 2 and told.count("/app: left: the pod has gone") == 2


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_no_line_is_lost_or_repeated_in_a_minute_of_fifty_pods(tmp_path):
    followed(tmp_path, Trouble(pods=50, per_s=200, seconds=60, restarts=10, replaced=5, cuts=20, away=10))
