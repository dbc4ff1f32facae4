"""Secrets come from where the configuration says, and appear in no sentence."""

import os
import stat
import sys
import time
from pathlib import Path

import pytest

from statusdesk import credentials
from statusdesk.config import Config, JenkinsSettings, Secret, StoreSettings, VaultSettings
from statusdesk.credentials import CredentialError, problems_of, read_secret, warnings_about

PYTHON = sys.executable


def test_a_secret_comes_from_the_environment(tmp_path):
    assert read_secret(Secret(env="T"), tmp_path, {"T": "hunter2\n"}) == "hunter2"


def test_a_secret_comes_from_a_file_beside_the_configuration(tmp_path):
    (tmp_path / "token").write_text("hunter2\n")
    assert read_secret(Secret(file="token"), tmp_path) == "hunter2"
    assert read_secret(Secret(file=str(tmp_path / "token")), Path("/")) == "hunter2"


def test_a_secret_comes_from_a_command_that_no_shell_sees(tmp_path):
    script = "import os, sys; print(sys.argv[1], os.getcwd(), sep='@')"
    secret = read_secret(Secret(command=(PYTHON, "-c", script, "$(id); `id`")), tmp_path)
    assert secret == f"$(id); `id`@{tmp_path.resolve()}"


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        (Secret(env="NOT_SET"), "the environment variable NOT_SET is not set"),
        (Secret(env="EMPTY"), "the environment variable EMPTY gives an empty text"),
        (Secret(file="gone"), "gone cannot be read: No such file or directory"),
        (Secret(file="empty"), "empty gives an empty text"),
        (Secret(file="binary"), "binary is not UTF-8 text"),
        (Secret(file="lines"), "lines gives more than one line or control characters"),
        (Secret(command=("/no/such/program",)), "the command /no/such/program cannot be run: No such file"),
        (Secret(command=(PYTHON, "-c", "")), "gives an empty text"),
        (Secret(command=(PYTHON, "-c", "import sys; sys.exit(7)")), "ended with status 7"),
        (Secret(), "no source is named"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told(tmp_path, secret, sentence):
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "lines").write_text("hunter2\nhunter3\n")
    with pytest.raises(CredentialError) as caught:
        read_secret(secret, tmp_path, {"EMPTY": ""})
    assert sentence in str(caught.value)
    assert "hunter" not in str(caught.value)


def test_what_a_failing_command_prints_is_not_repeated(tmp_path):
    script = "import sys; print('hunter2'); print('hunter2', file=sys.stderr); sys.exit(1)"
    with pytest.raises(CredentialError) as caught:
        read_secret(Secret(command=(PYTHON, "-c", script)), tmp_path)
    assert "hunter2" not in str(caught.value)


def test_a_command_that_hangs_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(credentials, "COMMAND_TIMEOUT_S", 0.3)
    begin = time.monotonic()
    with pytest.raises(CredentialError, match=r"gave no answer within 0\.3 s"):
        read_secret(Secret(command=(PYTHON, "-c", "import time; time.sleep(60)")), tmp_path)
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize(
    ("mode", "who"), [(0o600, None), (0o400, None), (0o640, "its group"), (0o644, "everybody"), (0o604, "everybody")]
)
def test_a_file_that_others_may_read_is_warned_about(tmp_path, mode, who):
    file = tmp_path / "token"
    file.write_text("hunter2")
    file.chmod(mode)
    warnings = warnings_about(Secret(file="token"), tmp_path)
    if who is None:
        assert warnings == []
    else:
        assert warnings == [f"{file} can be read by {who} (mode {mode:04o}); run chmod 600 {file}"]
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_there_is_nothing_to_warn_about_without_a_file(tmp_path):
    assert warnings_about(Secret(env="T"), tmp_path) == []
    assert warnings_about(Secret(file="gone"), tmp_path) == []


def test_every_secret_of_a_configuration_is_looked_at(tmp_path):
    config = Config(
        path=str(tmp_path / "config.toml"),
        stages=(),
        clusters=(),
        store=StoreSettings(state_dir=str(tmp_path)),
        jenkins=JenkinsSettings(url="https://j", user="u", token=Secret(file="gone")),
        vault=VaultSettings(address="https://v", token=Secret(env="NOT_SET")),
    )
    assert problems_of(config, {}) == [
        f"{tmp_path}/config.toml: jenkins.token_file: {tmp_path}/gone cannot be read: No such file or directory",
        f"{tmp_path}/config.toml: vault.token_env: the environment variable NOT_SET is not set; set it or name a file",
    ]
    (tmp_path / "gone").write_text("here")
    assert problems_of(config, {"NOT_SET": "set"}) == []


def test_nothing_is_read_from_this_process_when_an_environment_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("REAL", "hunter2")
    assert os.environ["REAL"] == "hunter2"
    with pytest.raises(CredentialError):
        read_secret(Secret(env="REAL"), tmp_path, {})
