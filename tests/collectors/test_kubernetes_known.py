"""Until when what a cluster tells is known to hold, as its collector tells it."""

import pytest

from collectors.kubernetes_kinds import DEPLOYMENT, POD
from collectors.kubernetes_known import CLOSED_MS, KnownLines
from collectors.kubernetes_problems import ApiProblem, Refused
from collectors.kubernetes_standing import Standing
from statusdesk.clock import ClockSteps
from statusdesk.facts import KnownUntil, Pod, Swept
from tests.collectors.kubernetes_fixtures import running_kube, waiting_desk  # noqa: F401  (fixtures)
from tests.collectors.kubernetes_server import Answer, wait_for

SETTLE_MS, HUSH_MS = 500, 70_000


class Cluster:
    """The lines of a cluster, a clock that the test moves, and what was told."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self.told: list[KnownUntil] = []
        self.standing = Standing(
            "kubernetes/eu", lambda visited: None, lambda: self.now_ms, silence_ms=150_000, patience_ms=1_000,
            proven_ms=1_000, grace_ms=2_500, steps=ClockSteps(lambda: self.now_ms),
            known=KnownLines("kubernetes/eu", self.told.append, SETTLE_MS, HUSH_MS),
        )  # fmt: skip

    def passes(self, ms: int) -> list[tuple[int | None, bool]]:
        """Let time pass; return until when something was told to be known meanwhile, and whether it is broken."""
        before = len(self.told)
        for _ in range(0, ms, 500):
            self.now_ms += 500
            self.standing.tick()
        return [(each.until_ms, each.broken) for each in self.told[before:]]

    def watched(self, scope=""):
        line = self.standing.line(POD, scope)
        line.listed(10)
        line.opens()
        assert self.passes(2_000) == [(None, False)]
        return line


def test_a_watch_that_ends_and_is_begun_anew_is_nothing_to_wait_for():
    cluster = Cluster()
    line = cluster.watched()
    line.closes()
    assert cluster.passes(CLOSED_MS - 500) == []
    line.opens()
    assert cluster.passes(5_000) == []


def test_what_fails_is_known_until_its_watch_closed_and_again_once_it_was_listed():
    cluster = Cluster()
    line = cluster.watched("staging")
    cluster.passes(20_000)
    closed_ms = cluster.now_ms
    line.closes()
    cluster.now_ms += 300
    line.fails(ApiProblem("ServerError", "500"), 0)
    (told,) = cluster.told[1:]
    assert (told.until_ms, told.broken, told.scope, told.kind, told.at_ms) == (
        closed_ms, True, "staging", Pod, cluster.now_ms,
    )  # fmt: skip
    line.fails(ApiProblem("ServerError", "500"), 0)
    assert cluster.passes(60_000) == []
    line.listed(200)
    assert (cluster.told[-1].until_ms, cluster.told[-1].broken) == (cluster.now_ms - 200, False)
    line.opens()
    assert cluster.passes(2_000) == [(None, False)]


def test_a_watch_that_is_not_heard_may_be_dead_until_it_is_heard_again():
    cluster = Cluster()
    line = cluster.watched()
    heard_ms = line.heard_ms
    assert cluster.passes(100_000) == [(heard_ms + HUSH_MS, False)]
    line.hears(cluster.now_ms)
    assert cluster.passes(2_000) == [(None, False)]


def test_a_process_that_slept_has_read_nothing_of_what_came_meanwhile():
    cluster = Cluster()
    line = cluster.watched()
    awake_ms = cluster.now_ms
    cluster.now_ms += 60_000
    cluster.standing.tick()
    assert [(each.until_ms, each.broken) for each in cluster.told[1:]] == [(awake_ms, False)]
    line.hears(cluster.now_ms)
    assert cluster.passes(2_000) == [(None, False)]


def test_what_is_polled_is_known_as_of_each_list():
    cluster = Cluster()
    line = cluster.standing.line(DEPLOYMENT, "staging")
    line.listed(0)
    first_ms = cluster.now_ms
    assert cluster.passes(30_000) == [(first_ms, False)]
    line.listed(100)
    assert cluster.told[-1].until_ms == cluster.now_ms - 100
    assert cluster.passes(30_000) == []


@pytest.mark.parametrize("begun_again", [False, True])
def test_what_is_not_asked_for_any_more_keeps_nobody_waiting(begun_again):
    cluster = Cluster()
    line = cluster.watched("staging")
    line.closes()
    line.fails(Refused("kim may not"), 0)
    assert cluster.told[-1].broken
    (cluster.standing.end if begun_again else lambda: cluster.standing.drop(line))()
    assert cluster.told[-1].until_ms is None


def test_a_cluster_that_breaks_and_comes_back_says_so_after_its_list(kube, desk):
    desk.start()
    desk.wait_live()

    def told() -> list[KnownUntil]:
        return [each for each in desk.messages if isinstance(each, KnownUntil) and each.kind is Pod]

    wait_for(lambda: told() and told()[-1].until_ms is None)
    kube.answer(lambda one: one.resource == "pods", Answer(status=500, body=b"{}"))
    kube.close_watches("pods")
    wait_for(lambda: told()[-1].broken)
    kube.forget()
    wait_for(lambda: told()[-1].until_ms is None)
    swept = [each for each in desk.messages if isinstance(each, Swept) and each.kind is Pod][-1]
    assert desk.messages.index(swept) < desk.messages.index(told()[-1])
