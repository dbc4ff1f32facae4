"""How far a server's clock is off: by steps only, and by dates that are those of UTC whatever they leave out."""

import time

import pytest

from statusdesk.clock import SAME_CLOCK_MS
from statusdesk.server_clock import ServerSkew, date_ms

MOMENT_MS = 1_795_348_800_000


@pytest.fixture(params=["Europe/Berlin", "America/New_York"])
def elsewhere(request, monkeypatch):
    """Another time zone than UTC for the whole process."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("zone", [" GMT", " +0000", " -0000", ""])
def test_a_date_without_a_zone_is_one_of_utc(elsewhere, zone):
    assert date_ms(f"Sun, 22 Nov 2026 12:00:00{zone}") == MOMENT_MS


def test_a_date_of_another_zone_is_read_by_it():
    assert date_ms("Sun, 22 Nov 2026 13:00:00 +0100") == MOMENT_MS


@pytest.mark.parametrize(
    "header", [None, "", " ", "0", "today", "Sun, 99 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:00:00 +9999"]
)
def test_what_is_no_date_is_none(header):
    assert date_ms(header) is None


def test_it_moves_only_by_steps():
    skew = ServerSkew()
    assert not skew.heard(SAME_CLOCK_MS) and skew.ms == 0
    assert skew.heard(-600_000) and skew.ms == -600_000
    assert not skew.heard(-600_000 + SAME_CLOCK_MS) and skew.ms == -600_000
    assert skew.heard(-SAME_CLOCK_MS) and skew.ms == 0, "what is left is no more than servers tell"


def test_a_clock_of_ours_that_was_set_is_off_from_theirs_by_as_much():
    skew = ServerSkew()
    skew.stepped(600_000)
    assert skew.ms == -600_000
    skew.stepped(-600_000 + SAME_CLOCK_MS)
    assert skew.ms == 0
