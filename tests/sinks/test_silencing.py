"""Silences, and what was taken, kept at Alertmanagers that lose them, refuse them, or have them ended there."""

import datetime
import itertools
import time

import pytest
from msgspec.structs import replace

from statusdesk.alerts.tuning import Tuning
from statusdesk.clock import steady_clock
from statusdesk.sinks.alertmanager import Terms
from statusdesk.sinks.alertmanager_api import AlertmanagerApi
from statusdesk.sinks.sending import SendError
from statusdesk.sinks.silencing import Silencing
from statusdesk.sinks.wishes import LEASE_MS, Takings
from tests.sinks.make import ALERT, OVER, T0, secret, sink
from tests.sinks.office import config_of
from tests.sinks.silences_there import (  # noqa: F401  (fixtures)
    HOUR,
    LABELS,
    TAKEN,
    an_alertmanager,
    another_alertmanager,
    iso,
    kept_silences,
    silence,
)


def test_one_silence_that_is_refused_holds_up_no_other_and_is_told_of_once(there, keeping):
    keep = keeping(there)
    keep.silences = [silence("bad"), silence("good")]
    keep()
    keep()
    assert there.asked_for == ["bad", "good"]
    assert len(keep.narrated) == 1 and "refuses the silence bad: it answered 400: bad matcher" in keep.narrated[0]
    keep.silences.append(silence("late", T0 + 3 * HOUR))
    keep(2 * HOUR)
    assert there.asked_for == ["bad", "good", "late"]
    assert keep.made._left_alone == {}, "what is over by itself is forgotten"


def test_what_is_refused_because_of_the_credential_or_the_address_is_tried_again_ever_later(there, keeping):
    keep = keeping(there)
    keep.silences = [silence("basket")]
    there.denied = {"POST": 403}
    tried_s = []
    for second in range(45):
        if len(there.asked_for) > len(tried_s):
            tried_s.append(second)
        keep.second()
    waits_s = [after - before for before, after in itertools.pairwise(tried_s)]
    assert [5 <= waits_s[0] <= 8, 10 <= waits_s[1] <= 13, 20 <= waits_s[2] <= 23] == [True] * 3
    assert set(keep.problems) == {"it answered 403: not for you"} and keep.made.lacking() == (("basket",),)
    there.denied = {}
    while not there.holding:
        keep.second()
    problems = len(keep.problems)
    keep()
    assert len(keep.problems) == problems and keep.made.lacking() == () and len(there.holding) == 1
    assert not keep.narrated, "it is no matter of this silence"
    there.kept.clear()
    there.denied = {"POST": 403}
    asked = len(there.asked_for)
    for _ in range(12):
        keep.second()
    assert len(there.asked_for) == asked + 2, "as at the first time"
    keep.silences = [silence("late")]
    for _ in range(3):
        keep.second()
    assert [marker for _, marker, _ in keep.made._resting._refused] == ["(statusdesk silence late)"]


def test_a_credential_that_was_mended_is_used_at_the_next_attempt(there, keeping, tmp_path):
    keep = keeping(there, token=secret(tmp_path, "old", "token"))
    keep.silences = [silence("basket")]
    there.token = "new"
    for _ in range(300):
        keep.second()
    assert len(there.got) < 12 and not there.asked_for, "not asked again and again with what it has refused"
    secret(tmp_path, "new", "token")
    while not there.holding:
        keep.second()
    assert keep.now_ms < T0 + 365_000


def test_one_silence_that_is_turned_away_keeps_no_other_waiting_for_long(there, keeping):
    keep = keeping(there)
    keep.silences = [silence("basket"), silence("orders")]
    there.denied = {"POST": 403}
    with pytest.raises(SendError):
        keep()
    assert there.asked_for == ["basket"], "it may be about all of them"
    with pytest.raises(SendError):
        keep(3_000)
    assert there.asked_for == ["basket", "orders"]
    for _ in range(30):
        keep.second()
    there.denied = {}
    keep.silences.append(silence("late"))
    for _ in range(3):
        keep.second()
    assert there.asked_for[-1] == "late"


def test_an_end_that_is_refused_because_of_the_credential_is_tried_again(there, keeping):
    keep = keeping(there)
    keep.silences = [silence("basket")]
    keep()
    keep.silences = [replace(keep.silences[0], expired_ms=keep.now_ms)]
    there.denied = {"DELETE": 403}
    for _ in range(30):
        keep.second()
    assert there.holding and sum("/silence/" in got.path for got in there.got) == 3
    there.denied = {}
    while there.holding:
        keep.second()
    assert not keep.narrated


def test_an_alertmanager_that_has_lost_its_silences_gets_them_again(there, keeping):
    keep = keeping(there)
    keep.silences = [silence("basket")]
    keep()
    keep()
    assert there.asked_for == ["basket"] and len(there.holding) == 1
    there.kept.clear()
    keep()
    assert there.asked_for == ["basket"] * 2 and len(there.holding) == 1 and not keep.narrated


def test_a_silence_that_somebody_ended_there_stays_ended_and_that_is_said(there, keeping):
    keep = keeping(there)
    keep.silences = [silence("basket")]
    keep()
    there.end("id-0")
    keep()
    there.kept.clear()  # what is over is listed for some days only
    keep()
    assert there.asked_for == ["basket"] and not there.holding
    (said,) = keep.narrated
    assert keep.made.lacking() == (("basket",),)
    assert "the silence basket was ended at 127.0.0.1" in said and said.endswith(
        "it stays so, people are told there; here it still holds"
    )


def test_what_each_of_them_lacks_is_told_apart(there, other, keeping):
    keep = keeping(there, other)
    keep.silences = [silence("basket"), silence("till")]
    keep()
    keep()
    for peer, name in ((there, "basket"), (other, "till")):
        (number,) = [each["id"] for each in peer.holding if name in each["comment"]]
        peer.end(number)
    keep()
    assert keep.made.lacking() == (("basket",), ("till",))


def test_a_silence_that_was_ended_there_and_made_there_again_is_there(there, keeping):
    keep = keeping(there)
    keep.silences = [silence("basket")]
    keep()
    there.end("id-0")
    keep()
    assert keep.made.lacking() == (("basket",),)
    there.kept["id-1"] = there.kept["id-0"] | {"id": "id-1", "endsAt": iso(T0 + HOUR)}
    keep()
    assert keep.made.lacking() == () and there.asked_for == ["basket"] and len(there.holding) == 1


def test_what_one_of_several_has_lost_waits_a_look_for_its_peer_to_tell_it(there, other, keeping):
    keep = keeping(there, other)
    keep.silences = [silence("basket")]
    keep()
    assert there.asked_for == ["basket"] and other.asked_for == []
    other.kept.update(there.kept)
    keep()
    there.kept.clear()
    keep()
    assert there.asked_for == ["basket"]
    keep()
    assert there.asked_for == ["basket"] * 2 and other.asked_for == []
    keep.silences = [replace(keep.silences[0], expired_ms=keep.now_ms)]
    keep()
    keep()
    assert not there.holding and not other.holding


def test_what_is_lost_again_waits_again_for_a_peer_to_tell_it(there, other, keeping):
    keep = keeping(there, other)
    keep.silences = [silence("basket")]
    keep()
    other.kept.update(there.kept)
    for lost in (1, 2, 3):
        there.kept.clear()
        keep()
        assert len(there.asked_for) == lost, "its peer may tell it"
        if lost == 2:
            there.kept.update(other.kept)  # and does
            keep()
            there.kept.clear()
            keep()
            assert len(there.asked_for) == lost
        keep()
        assert len(there.asked_for) == lost + 1


@pytest.mark.parametrize("both", [True, False])
def test_a_silence_that_is_lost_is_there_again_within_five_seconds(there, other, keeping, both):
    for offset_s in range(4):
        keep = keeping(there, other)
        keep.silences = [silence(f"basket{offset_s}")]
        for _ in range(6 + offset_s):
            keep.second()
        assert there.holding and other.holding
        for each in (there, other) if both else (there,):
            each.kept.clear()
        for _ in range(5):
            keep.second()
        assert there.holding and (other.holding or not both)


def test_nothing_is_kept_of_silences_that_were_ended(there, other, keeping):
    keep = keeping(there, other)
    for number in range(5):
        keep.silences = [silence(f"basket{number}", keep.now_ms + 60_000)]
        keep()
        keep()
        keep.silences = [replace(keep.silences[0], expired_ms=keep.now_ms)]
        keep()
        keep()
        assert not there.holding and not other.holding
    assert not keep.made._missed


def test_what_is_taken_is_silenced_by_all_its_labels_until_it_is_given_back(there, keeping):
    keep = keeping(there)
    keep.alerts = (TAKEN,)
    keep()
    (made,) = there.holding
    meant = {each["name"]: each["value"] for each in made["matchers"] if each["isEqual"] and not each["isRegex"]}
    assert meant == LABELS | {"source": "", "token": "", "site": ""}
    assert made["createdBy"] == "statusdesk:root" and made["comment"].startswith("taken: on it (statusdesk ack ")
    for _ in range(6):
        keep(LEASE_MS // 3)
        assert [each["id"] for each in there.holding] == ["id-0"], "drawn out while it stands"
    keep.alerts = (ALERT,)
    keep()
    assert not there.holding
    keep.alerts = (replace(TAKEN, acked_ms=keep.now_ms),)
    keep()
    assert len(there.holding) == 1, "taken once more"
    there.end(there.holding[0]["id"])
    keep()
    keep()
    assert not there.holding and "the taken RolloutFailing 00c0ffee00c0ffee was ended at" in keep.narrated[0]


def test_what_is_taken_again_after_a_long_while_without_us_is_silenced_again(there, keeping):
    keep = keeping(there)
    keep.alerts = (TAKEN,)
    keep()
    keep(3 * LEASE_MS)
    assert len(there.kept) == 2 and len(there.holding) == 1 and not keep.narrated
    keep.alerts = ()  # not known any more: it may stand there a while, silenced
    keep()
    assert len(there.holding) == 1


def test_what_was_taken_until_a_moment_is_silenced_no_longer(there, keeping):
    keep = keeping(there)
    keep.alerts = (replace(TAKEN, ack_until_ms=T0 + 60_000),)
    keep()
    assert [there.ends_ms(each) for each in there.holding] == [T0 + 60_000]


def test_the_silence_of_what_is_over_ends_when_they_take_it_for_over(there, keeping):
    keep = keeping(there)
    keep.alerts = (TAKEN,)
    there.alerts = [{"labels": LABELS, "endsAt": iso(T0 + 240_000)}, {"labels": {"app": "x"}, "endsAt": iso(T0)}]
    keep()
    keep.alerts = (replace(OVER, acked_by="root", acked_ms=TAKEN.acked_ms),)
    keep()
    assert len(there.holding) == 1, "the resolve has not arrived yet: it would be told as firing"
    del there.alerts[0]
    keep()
    assert not there.holding


def test_where_they_find_out_by_themselves_the_silence_ends_at_the_same_moment(there, keeping):
    keep = keeping(there, expire=True)
    keep.alerts = (TAKEN,)
    there.alerts = [{"labels": LABELS, "endsAt": iso(T0 + 240_000)}]
    keep()
    keep.alerts = (replace(OVER, acked_by="root", acked_ms=TAKEN.acked_ms),)
    keep()
    assert [there.ends_ms(each) for each in there.holding] == [T0 + 240_000]
    there.alerts[0]["endsAt"] = iso(T0 + 260_000)  # the other of the pair saw it a little longer
    keep()
    assert [there.ends_ms(each) for each in there.kept.values()] == [T0 + 260_000]


def test_a_failing_again_of_what_was_taken_is_told(there, keeping):
    keep = keeping(there)
    keep.alerts = (TAKEN,)
    keep()
    keep.alerts = (replace(OVER, acked_by="root", acked_ms=TAKEN.acked_ms), replace(ALERT, started_ms=T0 + 90_000))
    keep()
    assert not there.holding


def test_one_of_several_that_is_away_keeps_nothing_from_the_others(there, other, keeping):
    keep = keeping(other, there)
    other.close()
    keep.alerts = (TAKEN,)
    with pytest.raises(SendError):
        keep()
    assert len(there.holding) == 1


@pytest.mark.parametrize("ahead_ms", [-1_200_000, 0, 1_200_000])
def test_a_silence_lasts_as_long_by_their_clock_as_by_ours(there, tmp_path, ahead_ms):
    def clock() -> int:
        return time.time_ns() // 1_000_000 + ahead_ms

    settings = sink("alertmanager")
    api = AlertmanagerApi(settings, [there.url], tmp_path, clock)
    now_ms = clock()
    mine = [replace(silence("media", now_ms + 300_000), starts_ms=now_ms)]
    takings = Takings(tuple, Terms(settings, 4 * 60_000, HOUR, expire=False), Tuning(config_of(tmp_path)), list)
    keeping = Silencing(
        api, lambda: mine, takings, clock=clock, steady=steady_clock, narrate=print, look_every_s=3600.0
    )
    try:
        keeping.keep()
        (body,) = [got.body for got in there.got if got.body]
        ends_s = datetime.datetime.fromisoformat(body["endsAt"]).timestamp()
        assert abs(ends_s - time.time() - 300) < 3
        assert datetime.datetime.fromisoformat(body["startsAt"]).timestamp() < time.time() + 3
    finally:
        keeping.stop()
        keeping.join(3.0)
