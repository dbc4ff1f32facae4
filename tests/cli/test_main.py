"""The grammar of the command line, its exit codes, and its one-line errors."""

import os
import pty
import subprocess
import sys

import pytest

import statusdesk.cli
from statusdesk import __version__
from statusdesk.cli import COMMANDS, board, main, status
from statusdesk.states import Level
from tests.cli.conftest import environment, rollout


def test_the_version_is_told(run):
    done = run("--version", configured=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"statusdesk {__version__}\n", "")


def test_help_begins_with_two_examples_and_names_every_command(run):
    done = run("--help", configured=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[0] == "examples:"
    assert all(line.startswith("  statusdesk ") for line in lines[1:3]) and lines[3] == ""
    assert all(f"    {command} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    done = run(command, "--help", configured=False)
    assert done.returncode == 0 and "--config" in done.stdout


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["bord"], "unknown command 'bord'; did you mean `statusdesk board`?"),
        (["xyzzy"], "unknown command 'xyzzy'; see `statusdesk --help`"),
        (["status", "--formt", "x"], "unrecognized arguments: --formt; did you mean --format?"),
        (["status", "--format", "xml"], "argument --format: invalid choice: 'xml'"),
        (["export"], "the following arguments are required: what; see `statusdesk export --help`"),
        (["export", "builds", "--since", "soon"], "--since soon: not a time: try 09:12, 2h ago"),
        (["export", "builds", "--since", "1h", "--until", "2h"], "--since must be before --until"),
        (["export", "builds", "--timezone", "Mars"], "--timezone: 'Mars' is no known time zone"),
        (["export", "builds", "-o", "no/such/file"], "no/such/file cannot be written: No such file or directory"),
        (["watch", "--timeout", "soon"], "--timeout must be a duration"),
        (["board"], "the board needs a terminal; try `statusdesk status`"),
        ([], "the board needs a terminal; try `statusdesk status`"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(run, put, argv, sentence):
    put()
    done = run(*argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"statusdesk: {sentence}") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "argv",
    [[], ["board"], ["board", "--attach"], ["status"], ["watch"], ["export", "builds"], ["check"]],
)
def test_without_a_configuration_the_demo_is_offered(run, argv):
    done = run(*argv, configured=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("statusdesk: no configuration: --config and $STATUSDESK_CONFIG name none")
    assert "/statusdesk/config.toml and /etc/statusdesk/config.toml; try `statusdesk demo`\n" in done.stderr


def test_every_problem_of_a_configuration_is_told(run, config):
    config.write_text('stages = ["a"]\n[jenkins]\nurk = "x"\ninterval = 5\n')
    done = run("status")
    assert done.returncode == 2
    assert [line.split(": ")[2] for line in done.stderr.splitlines()] == ["jenkins.urk", "jenkins.interval", "jenkins"]


@pytest.mark.parametrize("place", ["before", "after"])
def test_global_options_may_stand_before_and_after_the_command(run, put, config, tmp_path, place):
    put()
    options = ["-c", str(config), "--state-dir", str(tmp_path / "elsewhere")]
    argv = [*options, "status"] if place == "before" else ["status", *options]
    done = run(*argv, configured=False)
    assert done.returncode == 3 and "elsewhere/statusdesk.db" in done.stderr


def test_the_state_directory_of_the_environment_goes_before_the_file(run, put, tmp_path):
    put()
    done = run("status", env={"STATUSDESK_STATE_DIR": str(tmp_path / "elsewhere")})
    assert done.returncode == 3 and "elsewhere/statusdesk.db" in done.stderr


def test_an_error_of_our_own_is_one_line_and_a_traceback_only_when_asked_for(monkeypatch, capsys):
    def broken(args):
        raise ZeroDivisionError("hvs." + "A" * 30)

    monkeypatch.setattr(status, "run", broken)
    assert main(["status"]) == 70
    error = capsys.readouterr().err
    assert error.startswith("statusdesk: internal error: ZeroDivisionError (test_main.py:") and error.count("\n") == 1
    assert "AAAA" not in error
    assert main(["-v", "status"]) == 70
    error = capsys.readouterr().err
    assert "Traceback" in error and "AAAA" not in error


def test_an_interrupt_ends_with_130(monkeypatch):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(status, "run", interrupted)
    assert main(["status"]) == 130


def test_the_command_that_stands_alone_is_the_board(monkeypatch):
    monkeypatch.setattr(board, "run", lambda args: (args.command, args.config, args.attach))
    assert statusdesk.cli.main(["-c", "x"]) == ("board", "x", None)


def test_a_reader_that_goes_away_ends_an_export_quietly(config, put, tmp_path):
    from tests.cli.conftest import build

    put(builds=[build(f"job-{number % 7}", number) for number in range(5000)])
    argv = [sys.executable, "-m", "statusdesk", "-c", str(config), "export", "builds", "--since", "30d"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path)) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_dumb_terminal_is_sent_to_status(config, tmp_path):
    leader, follower = pty.openpty()
    argv = [sys.executable, "-m", "statusdesk", "-c", str(config)]
    env = environment(tmp_path, {"TERM": "dumb"})
    with subprocess.Popen(argv, stdin=follower, stdout=follower, stderr=subprocess.PIPE, env=env) as process:
        assert b"try `statusdesk status`" in process.stderr.read()
    assert process.returncode == 2
    os.close(leader)
    os.close(follower)


def test_a_board_that_would_have_to_collect_tells_first_why_it_cannot(config, tmp_path):
    config.write_text(config.read_text().replace("[store]", 'user = "u"\ntoken_env = "NOT_SET"\n[store]'))
    leader, follower = pty.openpty()
    argv = [sys.executable, "-m", "statusdesk", "-c", str(config), "board"]
    with subprocess.Popen(argv, stdin=follower, stdout=follower, stderr=follower, env=environment(tmp_path)) as p:
        p.wait(20)
    os.close(follower)
    said = os.read(leader, 65_536).decode().replace("\r\n", "\n")
    os.close(leader)
    assert p.returncode == 2
    assert said == (
        f"statusdesk: {config}: jenkins.token_env: the environment variable NOT_SET is not set; set it or name a file\n"
    )
    assert not (tmp_path / "state").exists()


def test_what_the_encoding_of_a_terminal_does_not_have_ends_nothing(run, put):
    put(rollout("orders", "staging", Level.FAILING, message="exit 1 \u00b7 \u6f22\u5b57 \u2026"))
    done = run("status", env={"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}, encoding="latin-1")
    assert done.returncode == 1 and "exit 1 \u00b7 \\u6f22\\u5b57 \\u2026" in done.stdout, done
    done = run("check", env={"PYTHONIOENCODING": "ascii"})
    assert "UnicodeEncodeError" not in done.stderr and "internal" not in done.stderr
