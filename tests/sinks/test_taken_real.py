"""Held against a real Alertmanager: nobody is told again of what was taken, and all are told that it is over."""

import json
import signal
import urllib.request
from functools import partial

import pytest

from statusdesk.config_alerts import HaSettings
from statusdesk.console_requests import Ack, AddSilence, Asked, ExpireSilence, MatcherAsked
from statusdesk.sinks.silencing import Silencing
from statusdesk.states_alerts import MutedThere
from statusdesk.store.reader import Reader
from tests.sinks.alertmanagers import MISSING, PROGRAM, one, two
from tests.sinks.office import Office, alertmanager, config_of

pytestmark = [pytest.mark.skipif(PROGRAM is None, reason=MISSING), pytest.mark.timeout(90)]
BOTH = ["firing", "resolved"]
FLUSH_S = 1.2  # longer than a repetition: what would be told again has been told by then


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("statusdesk.sinks.silencing.ALL_EVERY_MS", 100)
    monkeypatch.setattr("statusdesk.sinks.teller.Silencing", partial(Silencing, look_every_s=0.1))


@pytest.fixture(scope="module")
def repeating(tmp_path_factory):
    with one(tmp_path_factory.mktemp("am"), repeat="500ms") as (manager, receiver):
        yield manager, receiver


@pytest.fixture
def make(tmp_path):
    made = []

    def made_of(manager, **given):
        urls = [each.url for each in manager] if isinstance(manager, tuple) else [manager.url]
        made.append(Office(config_of(tmp_path / f"state-{len(made)}", alertmanager(*urls), **given)))
        return made[-1]

    yield made_of
    for office in made:
        office.close()


def ask(url, path):
    with urllib.request.urlopen(f"{url}/api/v2/{path}", timeout=5) as answer:
        return json.loads(answer.read())


def state(manager, app):
    return [each["status"]["state"] for each in ask(manager.url, "alerts") if each["labels"].get("app") == app]


def made_for(manager, app):
    return [
        each
        for each in ask(manager.url, "silences")
        if any(matcher["name"] == "app" and matcher["value"] in (app, f"({app})(/.*)?") for matcher in each["matchers"])
    ]


def holding(manager, app):
    return [each for each in made_for(manager, app) if each["status"]["state"] == "active"]


def ack(office, app, *, withdraw=False):
    rows = office.writer.alert_rows.unresolved()
    fingerprints = tuple(each.fingerprint for each in rows if each.app == app)
    request = Ack(fingerprints=fingerprints, comment="on it", until_ms=None, withdraw=withdraw)
    office.desk.answer(Asked(request, "root"), office.clock())
    office.step()


def test_what_is_taken_is_told_again_to_nobody_and_that_it_is_over_to_all(make, repeating):
    manager, receiver = repeating
    office = make(manager)
    office.fail("paged", "beside")
    office.until(lambda: receiver.about("paged")[:2] == ["firing"] * 2, what="it, told again and again")
    ack(office, "paged")
    office.until(lambda: state(manager, "paged") == ["suppressed"], what="it, silenced")
    office.go_on(0.3)  # what was on its way
    before, beside = len(receiver.about("paged")), len(receiver.about("beside"))
    office.go_on(FLUSH_S)
    assert len(receiver.about("paged")) == before and len(receiver.about("beside")) > beside
    (there,) = holding(manager, "paged")
    assert there["createdBy"] == "statusdesk:root" and there["comment"].startswith("taken: on it ")
    (reader,) = office.sinks._readers
    reader.look()
    read = [found.muted for found in office.sinks.outcomes() if isinstance(found, MutedThere)]
    assert read == [()], "taken, not silenced by somebody"
    office.mend("paged")
    office.until(lambda: receiver.about("paged")[before:], what="its end")
    office.until(lambda: not holding(manager, "paged"), what="no silence any more")
    office.go_on(FLUSH_S)
    assert receiver.about("paged")[before:] == ["resolved"]
    office.mend("beside")


def test_what_is_given_back_is_told_again(make, repeating):
    manager, receiver = repeating
    office = make(manager)
    office.fail("back")
    office.until(lambda: receiver.about("back"), what="it")
    ack(office, "back")
    office.until(lambda: state(manager, "back") == ["suppressed"], what="it, silenced")
    office.go_on(0.3)
    before = len(receiver.about("back"))
    ack(office, "back", withdraw=True)
    office.until(lambda: receiver.about("back")[before:] == ["firing"], what="it, told again")
    assert not holding(manager, "back")
    office.mend("back")


def test_an_alertmanager_that_was_killed_gets_back_what_was_silenced_and_taken(make, tmp_path):
    with one(tmp_path / "killed") as (manager, receiver):
        office = make(manager)
        request = AddSilence(id="s1", matchers=(MatcherAsked("app", "hush"),), ends_ms=office.clock() + 600_000)
        office.desk.answer(Asked(request, "kim"), office.clock())
        office.fail("mine", "hush")
        office.until(lambda: receiver.about("mine"), what="it")
        ack(office, "mine")
        office.until(lambda: holding(manager, "mine") and holding(manager, "hush"), what="two silences")
        manager.stop(signal.SIGKILL)
        manager.start()
        office.until(lambda: state(manager, "mine") == state(manager, "hush") == ["suppressed"], what="both again")
        assert len(holding(manager, "mine")) == 1
        asked = sorted((each["comment"], len(each["matchers"])) for each in holding(manager, "hush"))
        assert asked == [("(statusdesk silence s1 elsewhere)", 2), ("(statusdesk silence s1)", 2)]


def test_a_silence_that_somebody_ended_there_is_not_made_again(make, repeating):
    manager, _ = repeating
    office = make(manager)
    office.fail("ended")
    ack(office, "ended")
    office.until(lambda: holding(manager, "ended"), what="a silence")
    (there,) = holding(manager, "ended")
    url = f"{manager.url}/api/v2/silence/{there['id']}"
    urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=5).close()
    office.until(lambda: any("people are told there" in line for line in office.narrated), what="that it is said")
    office.go_on(0.5)
    (reader,) = office.sinks._readers
    reader.look()
    office.step()
    with Reader(office.path) as store:
        ((alert,), (row,)) = store.alerts(), store.changes(0).muted
    assert row.lacking == ((alert.fingerprint,),)
    assert not holding(manager, "ended") and sum("stays so" in line for line in office.narrated) == 1
    office.mend("ended")


def test_what_was_ended_here_is_not_said_to_be_silenced_there_until_the_next_reading(make, repeating):
    manager, receiver = repeating
    office = make(manager)  # which reads twice a minute what is muted there
    request = AddSilence(id="s1", matchers=(MatcherAsked("app", "early"),), ends_ms=office.clock() + 600_000)
    office.desk.answer(Asked(request, "kim"), office.clock())
    office.until(lambda: holding(manager, "early"), what="a silence")
    office.fail("early")
    office.until(lambda: state(manager, "early") == ["suppressed"], what="that it is silent")
    (reader,) = office.sinks._readers
    reader.look()

    def muted():
        office.step()
        with Reader(office.path) as store:
            return [each.by for row in store.changes(0).muted for each in row.muted]

    assert muted() == ["statusdesk:kim"]
    office.desk.answer(Asked(ExpireSilence(id="s1"), "kim"), office.clock())
    office.until(lambda: muted() == [], what="that it is known to be over there")
    office.until(lambda: receiver.about("early"), what="that it is told")
    office.mend("early")


def test_a_pair_that_lets_them_find_out_has_the_silence_end_with_the_alert(make, repeating):
    manager, receiver = repeating
    first, second = (make(manager, ha=HaSettings(mode="pair")) for _ in range(2))
    for office in (first, second):
        office.fail("paired")
    first.until(lambda: receiver.about("paired"), what="it")
    ack(first, "paired")
    first.until(lambda: state(manager, "paired") == ["suppressed"], what="it, silenced")
    first.go_on(0.3)
    before = len(receiver.about("paired"))
    (reader,) = second.sinks._readers
    reader.look()
    (found,) = [each for row in second.sinks.outcomes() if isinstance(row, MutedThere) for each in row.muted]
    assert found.taken and (found.by, found.comment) == ("root", "on it")
    first.mend("paired")
    second.go_on(0.4)
    second.mend("paired")
    first.until(lambda: receiver.about("paired")[before:], 20, what="its end, when both have stopped posting")
    first.go_on(FLUSH_S)
    assert receiver.about("paired")[before:] == ["resolved"]
    assert len(made_for(manager, "paired")) == 1, "drawn out, not made anew"


def test_members_of_a_cluster_have_one_silence_also_when_one_dies(make, tmp_path):
    with two(tmp_path / "cluster") as ((left, right), receiver):
        office = make((left, right))
        office.fail("clustered")
        office.until(lambda: receiver.about("clustered"), 20, "it")
        ack(office, "clustered")
        office.until(lambda: state(left, "clustered") == state(right, "clustered") == ["suppressed"], what="at both")
        left.stop(signal.SIGKILL)
        office.go_on(0.5)
        assert state(right, "clustered") == ["suppressed"]
        office.mend("clustered")
        office.until(lambda: receiver.about("clustered")[-1:] == ["resolved"], 20, "its end, by the one that lives")
        assert not holding(right, "clustered")
