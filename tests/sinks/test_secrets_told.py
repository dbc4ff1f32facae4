"""Whatever sends a secret of the configuration tells that it was read, so that it is hidden from then on."""

import contextlib
import time

import pytest
from msgspec.structs import replace

from statusdesk.alerts.telling import News
from statusdesk.config import Config, StoreSettings
from statusdesk.credentials import TellingReader
from statusdesk.settings import Secret
from statusdesk.sinks.heartbeat import Heartbeat
from statusdesk.sinks.sending import SendError
from statusdesk.sinks.teller import Sinks, sender_of
from statusdesk.states import Level, SourceState
from tests.e2e.world import wait_for
from tests.sinks.make import ALERT, message, sink
from tests.sinks.test_mail import box as box


@pytest.fixture
def told():
    return {}


@pytest.fixture
def reader(told):
    made = TellingReader()
    made.listen(lambda secret, found: told.__setitem__(secret, found))
    return made


def config_of(tmp_path, *sinks):
    return Config(
        path=str(tmp_path / "config.toml"),
        clusters=(),
        stages=(),
        store=StoreSettings(state_dir=str(tmp_path)),
        sinks=sinks,
    )


@pytest.mark.parametrize(
    ("kind", "secrets"),
    [("webhook", ("url", "token")), ("slack", ("url",)), ("pagerduty", ("key",)), ("apprise", ("url",))],
)
def test_a_sender_tells_what_it_reads(tmp_path, receiver, reader, told, kind, secrets):
    if kind == "apprise":
        pytest.importorskip("apprise", reason="apprise is an extra: pip install statusdesk[notify]")
    texts = {"url": f"{'json' if kind == 'apprise' else 'http'}{receiver.url.removeprefix('http')}/T0"}
    given = {name: Secret(command=("echo", texts.get(name, f"{name}-s3cr3t"))) for name in secrets}
    more = {} if "url" in given else {"urls": (receiver.url,)}
    settings = sink(kind, **given, **more)
    sender_of(settings, config_of(tmp_path, settings), lambda line: True, reader).send(message())
    assert told == {secret: secret.command[1] for secret in given.values()}


def test_mail_tells_what_it_reads(tmp_path, box, reader, told):
    fields = {"host": "127.0.0.1", "port": box.port, "sender": "desk@example.com", "tls": "none", "timeout_s": 3.0}
    password = Secret(command=("echo", "pa55-w0rd"))
    settings = sink("email", to=("team@example.com",), user="desk", password=password, **fields)
    with contextlib.suppress(SendError):  # this server takes no password
        sender_of(settings, config_of(tmp_path, settings), lambda line: True, reader).send(message())
    assert told == {password: "pa55-w0rd"}


def test_what_speaks_with_alertmanagers_tells_what_it_reads(tmp_path, receiver, reader, told):
    token = Secret(command=("echo", "t0k3n-of-it"))
    config = config_of(tmp_path, sink("alertmanager", urls=(receiver.url,), token=token))
    asked = {"ask": lambda: None, "silences": list, "print_line": lambda line: True, "narrate": lambda said: None}
    sinks = Sinks(config, **asked, read=reader)
    sinks.tell(News(standing=(replace(ALERT, started_ms=int(time.time() * 1000)),)))
    wait_for(lambda: told == {token: "t0k3n-of-it"}, what="what was read")
    sinks.stop(3.0)


def test_the_heartbeat_tells_what_it_reads(tmp_path, receiver, reader, told):
    url = Secret(command=("echo", f"{receiver.url}/beat"))
    row = SourceState(key="vault", source="vault", scope="", level=Level.OK, since_ms=1, last_try_ms=2)
    clocks = {"clock": lambda: 0, "steady": lambda: 0, "narrate": lambda said: None}
    beat = Heartbeat(url, tmp_path, lambda: [row], interval_s=30.0, **clocks, read=reader)
    wait_for(lambda: told == {url: f"{receiver.url}/beat"}, what="what was read")
    beat.stop()
    beat.join(3.0)


def test_who_listens_late_is_told_what_was_read_last(tmp_path):
    told, made = [], TellingReader()
    (tmp_path / "token").write_text("one")
    token = Secret(file="token")
    made(token, tmp_path)
    (tmp_path / "token").write_text("two")
    made(token, tmp_path)
    made.listen(lambda *each: told.append(each))
    assert told == [(token, "two")]
    assert made(token, tmp_path) == "two" and told == [(token, "two")] * 2
