"""An API server whose clock is off: its times are told in ours."""

import email.utils
import threading

import pytest

from collectors.kubernetes_cluster import KubernetesCluster
from collectors.kubernetes_remembered import Times
from collectors.kubernetes_skew import Skew
from statusdesk.clock import ClockSteps
from statusdesk.config import ClusterSettings

NOW_MS = 1_795_348_800_000
TEXT = "2026-11-22T12:00:00Z"


def heard(skew, ahead_s):
    skew.heard(email.utils.formatdate(NOW_MS / 1000 + ahead_s, usegmt=True))
    return skew.ms


@pytest.fixture
def skew():
    return Skew(lambda: NOW_MS)


@pytest.mark.parametrize("ahead_s", [300, -300, 6, -6])
def test_a_clock_that_is_off(skew, ahead_s):
    assert abs(heard(skew, ahead_s) - ahead_s * 1000) <= 1000


@pytest.mark.parametrize("ahead_s", [0, 4, -4])
def test_a_clock_that_agrees(skew, ahead_s):
    assert heard(skew, ahead_s) == 0


def test_it_does_not_tremble_and_follows_a_clock_that_is_set(skew):
    first = heard(skew, 300)
    assert heard(skew, 303) == first
    assert heard(skew, 200) < first
    assert heard(skew, 1) == 0


@pytest.mark.parametrize("date", [None, "", "today", "Sun, 99 Nov 2026 12:00:00 GMT"])
def test_what_is_no_date_changes_nothing(skew, date):
    before = heard(skew, 300)
    skew.heard(date)
    assert skew.ms == before


def test_times_are_told_in_our_clock_also_those_that_were_told_before(skew):
    times = Times(skew)
    assert times[TEXT] == NOW_MS
    ahead_ms = heard(skew, 300)
    assert times[TEXT] == NOW_MS - ahead_ms
    assert times[None] is None and times["soon"] is None


def test_our_own_clock_that_is_set_is_known_at_once_to_be_off():
    even, set_by = [0], [0]
    skew = Skew(lambda: NOW_MS + even[0] + set_by[0], ClockSteps(lambda: even[0]))
    times = Times(skew)
    skew.look()
    right = times[TEXT]
    for set_ms in (600_000, -600_000, 0):
        even[0] += 60_000
        set_by[0] = set_ms
        skew.look()
        assert times[TEXT] == right + set_ms, "nobody has told us anything by then"
    assert skew.ms == 0


def test_the_clock_that_a_collector_is_given_is_the_one_that_the_server_is_held_against():
    even, set_by = [0], [0]

    def clock() -> int:
        return NOW_MS + even[0] + set_by[0]

    made = KubernetesCluster(
        ClusterSettings(name="eu"), (), (), [].append, threading.Event(), clock, even=lambda: even[0]
    )
    skew = made._api.skew
    assert heard(skew, 0) == 0
    set_by[0] = 600_000
    skew.look()
    assert skew.ms == -600_000
