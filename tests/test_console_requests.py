"""Requests of people: made whole, taken once, checked as anything from outside; who asks is who owns the file."""

import getpass
import json
import os
import stat
from pathlib import Path

import pytest

from statusdesk.console_requests import (
    DIRECTORY,
    MOST_AT_ONCE,
    MOST_BYTES,
    Ack,
    AddSilence,
    Asked,
    ExpireSilence,
    Inbox,
    MatcherAsked,
    RequestError,
    submit,
)
from statusdesk.store.alerts import MOST
from statusdesk.store.lock import StateLock


@pytest.fixture
def state(tmp_path):
    """A state directory on which a collector works."""
    with StateLock(tmp_path):
        assert Inbox(tmp_path).open() == ""
        yield tmp_path


def taken(state_dir):
    return Inbox(state_dir).take()


@pytest.mark.parametrize(
    "request_",
    [
        Ack(fingerprints=("a", "b"), comment="on it", until_ms=5),
        Ack(fingerprints=("a",), withdraw=True),
        AddSilence(id="s", matchers=(MatcherAsked("app", "x", is_regex=True),), ends_ms=9, comment="[/x]"),
        ExpireSilence(id="s"),
    ],
)
def test_what_is_asked_arrives_once(state, request_):
    submit(state, request_)
    (file,) = (state / DIRECTORY).iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert taken(state) == ([Asked(request_, getpass.getuser())], [])
    assert taken(state) == ([], []) and not list((state / DIRECTORY).iterdir())


def test_as_many_alerts_as_are_listed_can_be_taken_at_once_and_more_is_refused_where_it_is_asked(state):
    many = Ack(fingerprints=tuple(f"{number:016x}" for number in range(MOST)), comment="x" * 200)
    submit(state, many)
    assert [asked.request for asked in taken(state)[0]] == [many]
    with pytest.raises(RequestError, match="too much at once"):
        submit(state, Ack(fingerprints=many.fingerprints * 4))
    assert not list((state / DIRECTORY).iterdir())


def test_what_cannot_be_removed_is_named_once_and_takes_nobodys_place(state):
    for number in range(MOST_AT_ONCE + 50):
        (state / DIRECTORY / f"0-{number:03}.json" / "full").mkdir(parents=True)
    submit(state, ExpireSilence(id="s"))
    inbox = Inbox(state)
    asked, problems = inbox.take()
    assert [each.request for each in asked] == [ExpireSilence(id="s")]
    assert "cannot be removed (0-000.json, 0-001.json, 0-002.json and 197 more)" in problems[-1]
    assert len(inbox.take()[1]) == 2 and inbox.take() == ([], [])
    submit(state, ExpireSilence(id="t"))
    assert [each.request for each in inbox.take()[0]] == [ExpireSilence(id="t")]


def test_what_was_begun_and_left_is_removed_after_a_minute(state):
    for name in (".old", ".young", ".dir"):
        (state / DIRECTORY / name).mkdir() if name == ".dir" else (state / DIRECTORY / name).write_text("{")
    for name in (".old", ".dir"):
        os.utime(state / DIRECTORY / name, (1, 1))
    assert taken(state) == ([], [])
    assert [file.name for file in (state / DIRECTORY).iterdir()] == [".young"]


def test_in_the_order_in_which_they_were_made(state):
    for number in range(5):
        submit(state, ExpireSilence(id=str(number)))
    assert sorted(asked.request.id for asked in taken(state)[0]) == ["0", "1", "2", "3", "4"]


def test_the_directory_is_for_the_group_and_nobody_takes_what_is_not_his(state):
    assert stat.S_IMODE((state / DIRECTORY).stat().st_mode) == 0o3770


def test_where_setgid_is_forbidden_the_collector_can_read_it_all_the_same(state, monkeypatch):
    really = Path.chmod

    def forbidding(path, mode):
        if mode & stat.S_ISGID:
            raise PermissionError(1, "Operation not permitted")
        really(path, mode)

    monkeypatch.setattr(Path, "chmod", forbidding)
    assert Inbox(state).open() == ""
    assert stat.S_IMODE((state / DIRECTORY).stat().st_mode) == 0o1770
    submit(state, ExpireSilence(id="s"))
    (file,) = (state / DIRECTORY).iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [asked.request for asked in taken(state)[0]] == [ExpireSilence(id="s")]


def test_without_a_collector_it_says_so(tmp_path):
    with pytest.raises(RequestError, match="no collector works"):
        submit(tmp_path, ExpireSilence(id="s"))


def test_a_directory_that_is_not_there_is_told(state):
    (state / DIRECTORY).rmdir()
    with pytest.raises(RequestError, match="cannot be written"):
        submit(state, ExpireSilence(id="s"))
    assert taken(state) == ([], [])
    (state / DIRECTORY).write_text("a file")
    assert "nothing can be acknowledged" in Inbox(state).open()


HOSTILE = [
    b"",
    b"not json",
    b"[]",
    b'{"what": "drop tables"}',
    b'{"what": "ack", "fingerprints": "all"}',
    b'{"what": "ack", "fingerprints": ["a"], "by": "somebody else"}',
    b'{"what": "silence", "id": "s", "matchers": []}',
    b'{"what": "expire", "id": 5}',
    b'{"what": "expire", "id": "\xff\xfe"}',
    b"x" * (MOST_BYTES + 1),
    json.dumps({"what": "ack", "fingerprints": [["deep"] * 1000]}).encode(),
]


@pytest.mark.parametrize("content", HOSTILE)
def test_what_is_no_request_is_refused_in_words_and_removed(state, content):
    (state / DIRECTORY / "1-\x1b[2J.json").write_bytes(content)
    submit(state, ExpireSilence(id="good"))
    asked, problems = taken(state)
    assert [each.request for each in asked] == [ExpireSilence(id="good")]
    (problem,) = problems
    assert "was refused" in problem and "\x1b" not in problem and "\n" not in problem
    assert not list((state / DIRECTORY).iterdir())


def test_links_pipes_and_directories_are_not_followed(state, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"what": "expire", "id": "from the secret"}')
    (state / DIRECTORY / "1.json").symlink_to(secret)
    os.mkfifo(state / DIRECTORY / "2.json")
    (state / DIRECTORY / "3.json").mkdir()
    asked, problems = taken(state)
    assert asked == [] and len(problems) == 1 and "(1.json, 2.json, 3.json)" in problems[0]
    assert not list((state / DIRECTORY).iterdir()) and secret.exists()


def test_one_that_nobody_took_in_time_is_not_taken_later(state):
    submit(state, ExpireSilence(id="s"))
    (file,) = (state / DIRECTORY).iterdir()
    os.utime(file, (file.stat().st_mtime - 120,) * 2)
    asked, (problem,) = taken(state)
    assert asked == [] and "nobody took it" in problem and not list((state / DIRECTORY).iterdir())


def test_a_half_written_one_is_not_seen(state):
    (state / DIRECTORY / ".1.json").write_text('{"what": "exp')
    assert taken(state) == ([], [])


def test_who_may_not_write_there_is_told_what_to_do(state, monkeypatch):
    def refused(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("statusdesk.console_requests.os.open", refused)
    group = (state / DIRECTORY).group()
    monkeypatch.setattr("statusdesk.console_requests.holder", lambda _: 1)
    with pytest.raises(RequestError, match=f"may not write to .*{DIRECTORY}; be in the group that owns it .{group}."):
        submit(state, ExpireSilence(id="s"))
