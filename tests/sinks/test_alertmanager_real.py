"""Held against a real Alertmanager: whoever hears of it hears once that an alert fires and once that it is over."""

import datetime
import json
import signal
import urllib.request

import pytest
from msgspec.structs import replace

from statusdesk.alerts.telling import News
from statusdesk.config_alerts import HaSettings
from statusdesk.sinks.message import labels_of
from statusdesk.states_alerts import AlertState, Matcher, Silence
from statusdesk.store.reader import Reader
from tests.sinks.alertmanagers import MISSING, PROGRAM, one, two
from tests.sinks.office import RESEND_S, Office, alertmanager, config_of
from tests.sinks.receiver import Receiver

pytestmark = [pytest.mark.skipif(PROGRAM is None, reason=MISSING), pytest.mark.timeout(90)]
BOTH = ["firing", "resolved"]
FLUSH_S = 0.8  # longer than a group interval: what would be told wrongly has been told by then


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with one(tmp_path_factory.mktemp("am")) as (manager, receiver):
        yield manager, receiver


@pytest.fixture
def office(tmp_path, running):
    made = Office(config_of(tmp_path / "state", alertmanager(running[0].url)))
    yield made
    made.close()


def ask(url, path):
    with urllib.request.urlopen(f"{url}/api/v2/{path}", timeout=5) as answer:
        return json.loads(answer.read())


def post(url, path, body):
    sent = urllib.request.Request(
        f"{url}/api/v2/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(sent, timeout=5) as answer:
        return json.loads(answer.read())


def listed(url, app):
    return [each for each in ask(url, "alerts") if each["labels"].get("app") == app]


def heard(receiver: Receiver, app: str, what: list[str]):
    return lambda: receiver.about(app) == what


def test_fired_and_over_is_told_once_each_over_a_restart_of_ours(office, running):
    manager, receiver = running
    office.fail("restarted")
    office.until(heard(receiver, "restarted", ["firing"]), what="the alert")
    office.restart()
    office.fail("restarted")
    office.go_on(FLUSH_S)
    office.mend("restarted")
    office.until(heard(receiver, "restarted", BOTH), what="its end")
    office.restart()
    office.go_on(FLUSH_S)
    assert receiver.about("restarted") == BOTH
    (first, second) = (got.body["alerts"][0] for got in receiver.got if got.body["alerts"][0]["labels"].get("app"))
    assert first["annotations"] | {"description": ""} == second["annotations"] | {"description": ""}
    assert first["startsAt"] == second["startsAt"]
    assert set(first["labels"]) == {"alertname", "app", "cluster", "namespace", "severity"}


def test_our_collector_that_is_killed_and_comes_back_tells_nothing_twice(tmp_path, running):
    manager, receiver = running
    config = config_of(tmp_path / "state", alertmanager(manager.url))
    office = Office(config)
    office.fail("killed")
    office.until(heard(receiver, "killed", ["firing"]), what="the alert")
    office.sinks.stop(2.0)
    office.writer._db.close()  # as a kill leaves it
    office = Office(config)
    office.fail("killed")
    office.go_on(FLUSH_S)
    office.mend("killed")
    office.until(heard(receiver, "killed", BOTH), what="its end")
    office.close()


def test_an_alertmanager_that_is_restarted_hears_what_stands_and_repeats_nothing(office, running):
    manager, receiver = running
    office.fail("am-again")
    office.until(heard(receiver, "am-again", ["firing"]), what="the alert")
    manager.stop(signal.SIGTERM)
    office.go_on(0.5)
    manager.start()
    office.until(lambda: listed(manager.url, "am-again"), what="the alert, told again")
    office.go_on(FLUSH_S)
    assert receiver.about("am-again") == ["firing"]
    manager.stop(signal.SIGTERM)
    office.mend("am-again")
    office.go_on(0.5)
    manager.start()
    office.until(heard(receiver, "am-again", BOTH), 20, "its end, though that came while it was away")


@pytest.mark.parametrize("down_s", [4.0, pytest.param(8.0, marks=pytest.mark.soak)])
def test_down_for_ten_minutes_on_a_clock_75_times_as_fast(office, running, down_s):
    """Rounds of 60 s are 0.8 s here, so 8 s are ten minutes; alerts end after four rounds."""
    manager, receiver = running
    stays, mended, new = (f"{name}-{down_s:g}" for name in ("stays", "mended", "new"))
    office.fail(stays, mended)
    office.until(lambda: receiver.about(stays) == receiver.about(mended) == ["firing"], what="two alerts")
    manager.stop(signal.SIGTERM)
    office.mend(mended)
    office.fail(new)
    office.go_on(down_s)
    manager.start()
    office.until(lambda: receiver.about(mended) == BOTH and receiver.about(new) == ["firing"], 20, "what has changed")
    office.go_on(FLUSH_S)
    assert receiver.about(stays) == ["firing"]
    assert sum(stats.waiting for stats in office.sinks.stats()) == 0, "nothing queues up for one that is told anew"


@pytest.mark.parametrize("times", [2, pytest.param(6, marks=pytest.mark.soak)])
def test_a_receiver_that_answers_500_hears_once_what_it_takes(office, running, times):
    _, receiver = running
    app = f"refused-{times}"
    receiver.refusing[app] = times
    office.fail(app)
    office.until(lambda: len(receiver.about(app)) == times + 1, 40, "the one that is taken")
    office.mend(app)
    office.until(lambda: receiver.about(app)[times + 1 :] == ["resolved"], what="its end")
    assert receiver.about(app)[: times + 1] == ["firing"] * (times + 1), "all but the last were answered with 500"


def test_of_64_alerts_63_arrive_and_the_refused_one_is_counted(office, running, monkeypatch):
    manager, _ = running

    def labels_with_a_bad_name(alert, site):
        labels = labels_of(alert, site)
        return labels | ({"no-name": "x"} if alert.app == "many-40" else {})

    monkeypatch.setattr("statusdesk.sinks.alertmanager.labels_of", labels_with_a_bad_name)
    now_ms = office.clock()
    made = [AlertState(fingerprint=f"{n:016x}", started_ms=now_ms, fired_ms=now_ms, state="firing",
                       alertname="Many", severity="warning", app=f"many-{n}") for n in range(64)]  # fmt: skip

    def arrived():
        return {each["labels"]["app"] for each in ask(manager.url, "alerts") if each["labels"]["alertname"] == "Many"}

    office.sinks.tell(News(standing=tuple(made)))
    office.until(lambda: len(arrived()) == 63, what="63 alerts")
    assert arrived() == {f"many-{n}" for n in range(64) if n != 40}
    office.go_on(2 * RESEND_S + 0.5)
    (stats,) = office.sinks.stats()
    assert stats.quarantined == 1 and not stats.problem
    assert office.messages() == [("am", "firing", "quarantined")], "kept, once"
    said = [line for line in office.narrated if "refuses the alert" in line]
    assert len(said) == 1 and "no-name" in said[0]


@pytest.mark.parametrize("by_ms", [-600_000, 600_000], ids=["back", "ahead"])
def test_our_clock_that_is_set_by_ten_minutes_tells_nothing_twice(office, running, by_ms):
    _, receiver = running
    app = f"clock{'-back' if by_ms < 0 else '-ahead'}"
    office.fail(app)
    office.until(heard(receiver, app, ["firing"]), what="the alert")
    office.set_by_ms = by_ms
    office.go_on(2 * FLUSH_S)
    assert receiver.about(app) == ["firing"]
    office.mend(app)
    office.until(heard(receiver, app, BOTH), what="its end")
    office.set_by_ms = 0
    office.go_on(FLUSH_S)
    assert receiver.about(app) == BOTH
    assert any("our clock is" in line for line in office.narrated)


def test_a_silence_is_passed_on_and_ended_there_too(tmp_path, running, monkeypatch):
    manager, receiver = running
    monkeypatch.setattr("statusdesk.sinks.silencing.LOOK_EVERY_S", 0.2)
    office = Office(config_of(tmp_path / "state", alertmanager(manager.url)))
    now_ms = office.clock()
    silence = Silence(id="s1", matchers=(Matcher("app", "hush"),), starts_ms=now_ms, ends_ms=now_ms + 600_000,
                      created_by="kim", comment="mine")  # fmt: skip
    kept = [silence]
    monkeypatch.setattr(office, "silences", lambda: kept)
    for silencer in office.sinks._silencers:
        silencer._silences, silencer._look_every_s = (lambda: kept), 0.2
    office.until(lambda: [s for s in ask(manager.url, "silences") if "s1" in s["comment"]], what="the silence")
    office.fail("hush")
    office.until(lambda: listed(manager.url, "hush"), what="the alert")
    assert listed(manager.url, "hush")[0]["status"]["state"] == "suppressed"
    there = [s for s in ask(manager.url, "silences") if "s1" in s["comment"]]
    assert len(there) == 2, "one for the clusters, one for jobs and apps as a whole"
    assert all(s["createdBy"] == "statusdesk:kim" and s["comment"].startswith("mine ") for s in there)
    kept[:] = [replace(silence, expired_ms=office.clock())]
    office.until(heard(receiver, "hush", ["firing"]), what="the alert, after the silence")
    office.mend("hush")
    office.until(heard(receiver, "hush", BOTH), what="its end")
    office.close()


def test_what_is_silenced_or_inhibited_over_there_is_read_back_and_stops_no_post(office, running):
    manager, _ = running
    office.fail("theirs", "says-more", "says-less", "loud")
    office.until(lambda: listed(manager.url, "says-more") and listed(manager.url, "theirs"), what="the alerts")
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=2)
    made = {
        "matchers": [{"name": "app", "value": "theirs", "isRegex": False, "isEqual": True}],
        "startsAt": "2020-01-01T00:00:00Z", "endsAt": until.isoformat(), "createdBy": "sam", "comment": "moving",
    }  # fmt: skip
    silence_id = post(manager.url, "silences", made)["silenceID"]
    (reader,), apps = office.sinks._readers, {}

    def muted():
        reader.look()
        office.step()
        with Reader(office.path) as store:
            (row,) = store.changes(0).muted
            apps.update({alert.fingerprint: alert.app for alert in store.alerts()})
        assert not row.problem
        return {apps[each.fingerprint]: each for each in row.muted}

    office.until(lambda: muted().keys() == {"theirs", "says-less"}, what="what is muted there")
    found = muted()
    assert found["says-less"].inhibited and not found["theirs"].inhibited
    assert (found["theirs"].by, found["theirs"].comment) == ("sam", "moving")
    assert abs(found["theirs"].until_ms - until.timestamp() * 1000) < 2
    urllib.request.urlopen(
        urllib.request.Request(f"{manager.url}/api/v2/silence/{silence_id}", method="DELETE"), timeout=5
    ).close()
    office.mend("says-more")
    office.until(lambda: muted() == {}, what="nothing is muted any more")
    (stats,) = office.sinks.stats()
    assert not stats.problem and not stats.failed
    office.mend("theirs", "says-less", "loud")


def test_a_cluster_of_two_is_told_by_both_and_tells_once_also_when_one_dies(tmp_path):
    with two(tmp_path / "cluster") as ((left, right), receiver):
        office = Office(config_of(tmp_path / "state", alertmanager(left.url, right.url)))
        office.fail("clustered")
        office.until(heard(receiver, "clustered", ["firing"]), 20, "the alert")
        office.until(lambda: listed(left.url, "clustered") and listed(right.url, "clustered"), what="it at both")
        office.go_on(FLUSH_S)  # the one that told it lets the other know
        left.stop(signal.SIGKILL)
        office.go_on(FLUSH_S)
        office.mend("clustered")
        office.until(heard(receiver, "clustered", BOTH), 20, "its end, by the one that lives")
        office.go_on(FLUSH_S)
        assert receiver.about("clustered") == BOTH
        assert {bool(stats.problem) for stats in office.sinks.stats()} == {True, False}
        office.close()


def test_two_collectors_that_see_things_at_different_moments_tell_once(tmp_path, running):
    manager, receiver = running
    pair = HaSettings(mode="pair")
    offices = [Office(config_of(tmp_path / name, alertmanager(manager.url), ha=pair)) for name in ("one", "other")]
    first, second = offices
    first.fail("paired")
    for _ in range(3):  # the other one has not seen it yet, or sees it as mended
        first.go_on(0.3)
        second.mend("paired")
    second.fail("paired")
    first.until(heard(receiver, "paired", ["firing"]), what="the alert")
    first.mend("paired")
    first.go_on(FLUSH_S)
    second.go_on(0.2)
    assert receiver.about("paired") == ["firing"], "it fires as long as one of them sees it"
    second.mend("paired")
    second.until(heard(receiver, "paired", BOTH), 20, "its end, four rounds after the last post")
    for office in offices:
        office.go_on(FLUSH_S / 2)
        office.close()
    assert receiver.about("paired") == BOTH


@pytest.mark.parametrize("down_s", [0.0, 3.0], ids=["in time", "when it has ended there"])
def test_what_is_over_when_we_come_back_is_told_once_as_that(tmp_path, running, down_s):
    """What they still take to fire is posted at once; what has ended there fires again only when it is known to."""
    manager, receiver = running
    app = f"back-after-{down_s:.0f}"
    office = Office(config_of(tmp_path / "state", alertmanager(manager.url)))
    office.fail(app)
    office.until(heard(receiver, app, ["firing"]), what="the alert")
    office.beat()
    office.close()
    if down_s:
        office.until(heard(receiver, app, BOTH), what="that it has ended there", steps=False)
    office.open(heard=False)
    office.go_on(FLUSH_S)
    assert receiver.about(app) == (BOTH if down_s else ["firing"])
    office.visit()
    office.mend(app)
    office.until(heard(receiver, app, BOTH), what="its end")
    office.go_on(FLUSH_S)
    assert receiver.about(app) == BOTH
    office.close()
