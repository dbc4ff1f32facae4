"""Trying sinks out: whether they can be reached, and a test message to one of them."""

import importlib.util
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from statusdesk.alerts.making import fingerprint
from statusdesk.alerts.sink_kinds import LEVEL_TRIGGERED, addresses
from statusdesk.config import Config
from statusdesk.config_alerts import SinkSettings
from statusdesk.sinks.alertmanager import posted, terms_of
from statusdesk.sinks.desktop import NOBODY_THERE, PROGRAM, has_desktop, has_terminal
from statusdesk.sinks.http import Http, accepted, host_of
from statusdesk.sinks.message import Message
from statusdesk.sinks.sending import PrintLine, SendError
from statusdesk.sinks.teller import sender_of
from statusdesk.states_alerts import AlertState, Notification

TEST_LASTS_MS = 60_000


class _Version(msgspec.Struct, frozen=True):
    version: str = "?"


class _Status(msgspec.Struct, frozen=True, rename={"version_info": "versionInfo"}):
    version_info: _Version = _Version()


class Tried(msgspec.Struct, frozen=True):
    """What trying a sink came to: well or not, and a sentence."""

    ok: bool
    message: str


def reach(config: Config, sink: SinkSettings) -> Iterator[Tried]:
    """Look whether a sink can be used, without telling anybody anything."""
    if sink.type == LEVEL_TRIGGERED:
        yield from _reach_alertmanagers(config, sink)
    elif sink.type == "command":
        name = sink.command[0]
        found = shutil.which(str(Path(config.path).parent / name) if "/" in name else name)
        yield Tried(bool(found), "its program is there" if found else f"there is no program {name} to start")
    elif sink.type == "apprise":
        there = importlib.util.find_spec("apprise") is not None
        yield Tried(there, "apprise is installed" if there else "apprise is missing; install statusdesk[notify]")
    elif sink.type == "jsonl" and sink.path:
        state_dir = Path(config.store.state_dir)
        directory = (state_dir / Path(sink.path).expanduser()).parent
        writable = _is_writable(directory, state_dir)
        yield Tried(writable, f"its lines go to {directory}" if writable else f"{directory} cannot be written")
    elif sink.type == "desktop":
        shown = shutil.which(PROGRAM) and has_desktop(os.environ)
        bell = "no desktop here: the bell of the terminal is rung; a `watch` without a terminal tells nobody"
        heard = bool(shown) or has_terminal()
        yield Tried(heard, f"told by {PROGRAM}" if shown else bell if heard else NOBODY_THERE)
    else:
        yield Tried(True, f"not tried here; `statusdesk check --send-test {sink.name}` tries it")


def _is_writable(directory: Path, state_dir: Path) -> bool:
    """Whether a file can be made there; where only the first run makes the directory, whether that run can."""
    there = directory
    if not directory.exists() and state_dir.is_relative_to(directory):
        there = next(each for each in directory.parents if each.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _reach_alertmanagers(config: Config, sink: SinkSettings) -> Iterator[Tried]:
    http = Http(sink, Path(config.path).parent)
    versions, urls = [], addresses(sink)
    for url in urls:
        try:
            accepted(http.ask("GET", f"{url}/-/ready"), http.hidden())
            answer = accepted(http.ask("GET", f"{url}/api/v2/status"), http.hidden())
            versions.append(msgspec.json.decode(answer.body, type=_Status).version_info.version)
            if answer.date_ms is not None and abs(skew_s := time.time() - answer.date_ms / 1000) > 30:
                yield Tried(False, f"{host_of(url)}: its clock and ours differ by {abs(skew_s):.0f} s; mend one")
        except SendError as error:
            yield Tried(False, f"{host_of(url)} is not ready: {error}")
        except msgspec.DecodeError:
            yield Tried(False, f"{host_of(url)} answers, but not as an Alertmanager's API (v2)")
    http.close()
    if versions:
        yield Tried(True, f"{len(versions)}/{len(urls)} ready ({', '.join(versions)})")


def send_test(config: Config, sink: SinkSettings, who: str, now_ms: int, print_line: PrintLine) -> None:
    """Send a test message to a sink: an alert that says it is none, and at once or within a minute that it is over.

    Raises: SendError.
    """
    alert = _test_alert(who, now_ms)
    if sink.type == LEVEL_TRIGGERED:
        http = Http(sink, Path(config.path).parent)
        terms = msgspec.structs.replace(terms_of(config, sink), ends_after_ms=TEST_LASTS_MS)
        for url in addresses(sink):
            answer = http.ask("POST", f"{url}/api/v2/alerts", [posted(alert, terms, now_ms, 0)])
            accepted(answer, http.hidden())
        http.close()
        return
    sender = sender_of(sink, config, print_line)
    states = ("firing", "resolved") if sink.send_resolved else ("firing",)
    try:
        for number, state in enumerate(states):
            over = msgspec.structs.replace(alert, state=state, resolved_ms=now_ms if state == "resolved" else None)
            sender.send(Message(_notification(sink, over, now_ms, number), site=config.ha.site))
    finally:
        sender.close()


def _test_alert(who: str, now_ms: int) -> AlertState:
    alert = AlertState(
        fingerprint="",
        alertname="Test",
        severity="info",
        source="statusdesk",
        started_ms=now_ms,
        fired_ms=now_ms,
        state="firing",
        summary=f"a test of statusdesk, sent by {who}; nothing is broken, there is nothing to do",
    )
    return msgspec.structs.replace(alert, fingerprint=fingerprint(alert.labels))


def _notification(sink: SinkSettings, alert: AlertState, now_ms: int, number: int) -> Notification:
    return Notification(
        id=number,
        sink=sink.name,
        group_key='{alertname="Test"}',
        what=alert.state,
        why="new" if alert.state == "firing" else "resolved",
        created_ms=now_ms,
        due_ms=now_ms,
        idempotency_key=f"{sink.name}-test-{now_ms}-{number}",
        group_labels=(("alertname", "Test"),),
        fingerprints=(alert.fingerprint,),
        alerts=(alert,),
    )
