"""Until when all that was there has been told: that a watch is open is no proof of it."""

from collectors.kubernetes_kinds import DEPLOYMENT, POD
from collectors.kubernetes_known import KnownLines
from collectors.kubernetes_problems import ApiProblem
from collectors.kubernetes_standing import HEARTBEAT_MS, SEND_EVERY_MS, Standing
from statusdesk.clock import ClockSteps
from statusdesk.facts import Visited

T0 = 1_000_000


class Cluster:
    """The lines of a cluster, a clock that the test moves, and what was sent."""

    def __init__(self) -> None:
        self.now_ms = T0
        self.sent: list[Visited] = []
        self.standing = Standing(
            "kubernetes/eu", self.sent.append, lambda: self.now_ms, silence_ms=150_000, patience_ms=1_000,
            proven_ms=1_000, grace_ms=0, steps=ClockSteps(lambda: self.now_ms),
            known=KnownLines("kubernetes/eu", lambda known: None, 500, 70_000),
        )  # fmt: skip

    def watched(self, kind=POD):
        line = self.standing.line(kind, "")
        line.asks()
        line.answered()
        line.listed(0)
        line.opens()
        return line

    def passes(self, ms: int) -> Visited:
        """Let time pass; return what was sent last."""
        for _ in range(0, ms, 1_000):
            self.now_ms += 1_000
            self.standing.tick()
        return self.sent[-1]


def test_an_open_watch_is_live_and_told_only_until_something_came():
    cluster = Cluster()
    line = cluster.watched()
    quiet = cluster.passes(40_000)
    assert (quiet.ok, quiet.live, quiet.heard_ms) == (True, True, T0)
    assert cluster.now_ms - quiet.at_ms < HEARTBEAT_MS
    line.hears(cluster.now_ms)
    heard_ms = cluster.now_ms
    assert cluster.passes(10_000).heard_ms == heard_ms


def test_the_quietest_line_decides_and_a_list_tells_what_was_there_when_it_began():
    cluster = Cluster()
    pods, deployments = cluster.watched(), cluster.watched(DEPLOYMENT)
    cluster.passes(20_000)
    pods.hears(cluster.now_ms)
    assert cluster.passes(10_000).heard_ms == T0
    deployments.listed(3_000)
    listed_ms = cluster.now_ms - 3_000
    assert cluster.passes(10_000).heard_ms == min(listed_ms, pods.told_ms)


def test_a_watch_is_an_answer_when_it_has_had_time_to_tell_what_was_before_it():
    cluster = Cluster()
    line, other = cluster.watched(), cluster.watched(DEPLOYMENT)
    asked_ms = {}
    for each in (line, other):
        each.closes()
        cluster.now_ms += 2_000
        each.asks()
        asked_ms[each] = cluster.now_ms
        each.answered()
        each.opens()
    cluster.standing.changed(line)
    assert cluster.sent[-1].began_ms == T0, "the other one may have to tell more"
    assert cluster.passes(10_000).began_ms == asked_ms[line], "the oldest answer of all"
    line.listed(1_000)
    assert cluster.passes(10_000).began_ms == asked_ms[other]


def test_that_a_watch_is_an_answer_by_now_is_told_soon():
    cluster = Cluster()
    line = cluster.watched()
    cluster.passes(10_000)
    line.closes()
    cluster.now_ms += HEARTBEAT_MS
    line.asks()
    asked_ms = cluster.now_ms
    line.opens()
    line.answered()
    cluster.standing.tick()
    assert (cluster.sent[-1].at_ms, cluster.sent[-1].began_ms) == (asked_ms, T0)
    assert cluster.passes(SEND_EVERY_MS).began_ms == asked_ms


def test_what_is_open_again_has_told_nothing_yet_and_what_the_server_ended_had_told_all():
    cluster = Cluster()
    line = cluster.watched()
    cluster.passes(10_000)
    line.closes()
    line.fails(ApiProblem("Unreachable", "it is gone"), 0)
    assert not cluster.passes(20_000).ok
    line.opens()
    mended = cluster.passes(10_000)
    assert (mended.ok, mended.live, mended.heard_ms) == (True, True, T0)
    line.ends()
    line.closes()
    ended_ms = cluster.now_ms
    line.opens()
    assert cluster.passes(10_000).heard_ms == ended_ms
