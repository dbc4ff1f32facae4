"""What Alertmanagers mute, read to be shown: one question at each look, and no failure of it is met by anybody else."""

import itertools
import json
import threading

import pytest

from statusdesk.sinks.alertmanager_api import AlertmanagerApi
from statusdesk.sinks.message import labels_of
from statusdesk.sinks.readback import SILENCE_KEPT_S, Readback
from statusdesk.states_alerts import Muted
from tests.sinks.make import ALERT, HOSTILE, OVER, T0, sink
from tests.sinks.office import Office, alertmanager, config_of
from tests.sinks.receiver import Receiver

ID = "0d1c7e0a-5b3f-4a44-9f35-0c1e2d3f4a5b"


class Alertmanager(Receiver):
    """Lists one alert of ours as muted, and one of somebody else; ``says`` replaces what it answers, by path."""

    def __init__(self):
        super().__init__()
        self.site = ""
        self.silenced_by = [ID]
        self.silence = {"createdBy": "kim", "comment": "moving", "endsAt": "2027-01-15T09:00:00.000Z"}
        self.says = {}

    def answer(self, body):
        path = self.got[-1].path
        found = next((said for part, said in self.says.items() if part in path), None)
        if found is not None:
            return found
        if "/silence/" in path:
            return 200, {}, json.dumps(self.silence).encode()
        status = {"state": "suppressed", "silencedBy": self.silenced_by, "inhibitedBy": ["5ec0"]}
        listed = [
            {"labels": labels, "status": status}
            for labels in (labels_of(ALERT, self.site), {"alertname": "Other", "app": "theirs"})
        ]
        return 200, {}, json.dumps(listed).encode()

    def about_posted(self, app):
        posted = [got.body for got in list(self.got) if isinstance(got.body, list)]
        return [alert for body in posted for alert in body if alert["labels"].get("app") == app]

    def paths(self):
        paths = [got.path for got in self.got]
        self.got.clear()
        return paths


@pytest.fixture
def there():
    made = Alertmanager()
    yield made
    made.close()


@pytest.fixture
def reading(there, tmp_path):
    made = []

    def read(*urls, alerts=(ALERT,), site=""):
        steady, clock = itertools.count(0, 1_000), itertools.count(T0, 1_000)
        api = AlertmanagerApi(sink("alertmanager", timeout_s=1.0), urls or (there.url,), tmp_path)
        clocks = {"clock": lambda: next(clock), "steady": lambda: next(steady)}
        reader = Readback(api, lambda: alerts, site=site, look_every_s=3600.0, **clocks)
        made.append(reader)
        return reader

    yield read
    for each in made:
        each.stop()
        each.join(3.0)


def looked(reader):
    reader.look()
    return reader.take()


def test_who_silenced_it_and_until_when_is_asked_once_and_the_rest_each_time(there, reading):
    reader = reading()
    told = looked(reader)
    assert told.muted == (Muted(fingerprint=ALERT.fingerprint, by="kim", comment="moving", until_ms=1_800_003_600_000),)
    assert not told.problem
    assert reader.take() is None
    listing, silence = there.paths()
    assert listing == "/api/v2/alerts?active=false&unprocessed=false&silenced=true&inhibited=true"
    assert silence == f"/api/v2/silence/{ID}"
    assert looked(reader).muted == told.muted and there.paths() == [listing]


def test_a_silence_that_was_drawn_out_is_seen_after_a_while_and_one_that_is_over_is_forgotten(there, reading):
    reader = reading()
    looked(reader)
    asked_at, known = reader._silences[ID]
    reader._silences[ID] = (asked_at - round(SILENCE_KEPT_S * 1000) - 60_000, known)
    there.silence["endsAt"] = "2027-01-15T12:00:00Z"
    assert looked(reader).muted[0].until_ms == 1_800_014_400_000
    there.says["alerts"] = (200, {}, b"[]")
    assert looked(reader).muted == () and not reader._silences


def test_inhibited_there_and_a_silence_of_which_nothing_is_told(there, reading):
    there.silenced_by = []
    assert looked(reading()).muted == (Muted(fingerprint=ALERT.fingerprint, inhibited=True),)
    there.silenced_by, there.silence = [ID], {}
    assert looked(reading()).muted == (Muted(fingerprint=ALERT.fingerprint),)


def test_what_is_over_or_somebody_elses_or_has_another_site_is_not_ours(there, reading):
    assert looked(reading(alerts=(OVER,))).muted == ()
    assert looked(reading(alerts=None)).muted == ()
    assert looked(reading(site="north")).muted == ()
    there.site = "north"
    assert len(looked(reading(site="north")).muted) == 1


def test_hostile_words_are_clean_and_hold_no_secret(there, reading):
    there.silence |= {"createdBy": HOSTILE, "comment": HOSTILE}
    (muted,) = looked(reading()).muted
    for text in (muted.by, muted.comment):
        assert "\x1b" not in text and "\u202e" not in text and "abcdefgh1234" not in text and len(text) <= 300


@pytest.mark.parametrize(
    ("part", "said", "words"),
    [
        ("alerts", (500, {}, b"down"), "it answered 500: down"),
        ("alerts", (401, {}, b""), "it answered 401"),
        ("alerts", (302, {"Location": "http://elsewhere/"}, b""), "redirects are not followed"),
        ("alerts", (200, {}, b"<html>"), "not its API"),
        ("alerts", (200, {}, b'[{"labels": {"a": 1}}]'), "not its API"),
        ("alerts", (200, {}, b"\xff\xfe"), "not its API"),
    ],
)
def test_a_failure_is_told_with_what_was_read_last_and_since_when(there, reading, part, said, words):
    reader = reading()
    known = looked(reader).muted
    there.says[part] = said
    first = looked(reader)
    assert words in first.problem and first.muted == known and first.problem_ms == T0
    assert looked(reader) is None, "the same failure is the same fact: it is not told again"
    there.says[part] = (418, {}, b"")
    assert looked(reader).problem == "it answered 418" and reader._seen.problem_ms == T0
    there.says.clear()
    assert looked(reader).problem == "" and looked(reader).problem_ms is None


@pytest.mark.parametrize("said", [(404, {}, b""), (200, {}, b'{"endsAt": "soon"}'), (503, {}, b"")])
def test_what_is_listed_is_taken_though_its_silence_cannot_be_read(there, reading, said):
    there.says["/silence/"] = said
    reader = reading()
    told = looked(reader)
    assert told.muted == (Muted(fingerprint=ALERT.fingerprint),) and not told.problem
    there.says.clear()
    there.paths()
    looked(reader)
    asked_again = any("/silence/" in path for path in there.paths())
    assert asked_again is (said[0] == 503), "one that is gone is asked for seldom, one that is late at the next look"


def test_who_silenced_it_is_known_still_when_that_cannot_be_read_again(there, reading):
    reader = reading()
    known = looked(reader).muted
    reader._silences = {each: (at - 3_600_000, silence) for each, (at, silence) in reader._silences.items()}
    there.says["/silence/"] = (404, {}, b"")
    assert looked(reader).muted == known and known[0].by == "kim"


def test_an_id_that_would_lead_elsewhere_is_not_asked_for(there, reading):
    there.silenced_by = ["../../api/v2/status?x="]
    told = looked(reading())
    assert told.muted == (Muted(fingerprint=ALERT.fingerprint),) and not told.problem
    assert not any("status" in path.partition("?")[0] for path in there.paths())


def test_the_next_one_of_a_cluster_is_asked_when_one_is_away(there, reading):
    reader = reading("http://127.0.0.1:1", there.url)
    assert len(looked(reader).muted) == 1
    assert looked(reading("http://127.0.0.1:1")).problem == "no connection"


def test_posts_go_on_while_an_answer_is_awaited(there, tmp_path):
    office = Office(config_of(tmp_path / "state", alertmanager(there.url)))
    asked, go_on = threading.Event(), threading.Event()
    plain = there.answer

    def answer(body):
        if body is None:
            asked.set()
            go_on.wait(20)
        return plain(body)

    there.answer = answer
    (reader,) = office.sinks._readers
    looking = threading.Thread(target=reader.look)
    looking.start()
    assert asked.wait(5)
    office.fail("meanwhile")
    office.until(lambda: there.about_posted("meanwhile"), what="the post")
    go_on.set()
    looking.join(5)
    (stats,) = office.sinks.stats()
    assert not stats.problem
    office.close()
