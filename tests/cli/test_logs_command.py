"""``statusdesk logs`` against a server of logs, as a user runs it: what is on stdout, on stderr, and the exit code."""

import io
import json
import signal
import subprocess
import sys

import pytest

from collectors.log_lines import CUT_TEXT, CUT_UNREAD, FollowStatus, LineKind, LogLine, Origin
from collectors.log_reading import ROTATED
from collectors.log_stream import LAST_MISSING
from statusdesk.cli import logs_output
from statusdesk.cli.logs import DESCRIPTION
from tests.cli.conftest import environment
from tests.collectors.kubernetes_desk import Desk
from tests.collectors.kubernetes_server import Answer, wait_for
from tests.collectors.log_server import LogKube, Reply, container, ended, pod, refusal, stamped


@pytest.fixture
def kube():
    server = LogKube()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def run(kube, tmp_path):
    """Run the command with nothing but a kubeconfig."""
    desk = Desk(kube, tmp_path)

    def command(*argv, **how):
        env = environment(tmp_path) | {"KUBECONFIG": str(desk.kubeconfig)} | how.pop("env", {})
        return subprocess.run(
            [sys.executable, "-m", "statusdesk", "logs", *argv],
            env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False, **how,
        )  # fmt: skip

    return command


def test_it_is_told_once_that_of_some_only_the_last_lines_are_here(kube, run):
    kube.show(pod("orders-1"), pod("orders-2"))
    kube.replies["app"] = [Reply(stamped("two", "three", start=1))] * 2
    done = run("orders", "-n", "testing", "--no-follow", "--tail", "1")
    assert sorted(done.stdout.splitlines()) == ["[orders-1/app] three", "[orders-2/app] three"]
    assert done.stderr == "statusdesk: only the last lines are here: --tail N or --since asks for older ones\n"


def test_lines_are_on_stdout_and_all_else_on_stderr(kube, run):
    kube.show(pod("orders-1"), pod("orders-2", container(state=ended("run-1", 1, "Error"))))
    kube.replies["orders-1/app"] = [Reply(stamped("one", "ERROR two", "password=hunter2"))]
    kube.replies["orders-2/app"] = [Reply(stamped("three", second=1))]
    done = run("orders", "-n", "testing", "--no-follow")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.splitlines() == [
        "[orders-1/app] one", "[orders-1/app] ERROR two", "[orders-1/app] password=[hidden]", "[orders-2/app] three",
    ]  # fmt: skip
    assert {query.get("tailLines") for query in kube.asked_logs} == {"201"}


def test_lines_are_chosen_and_dressed_as_asked_for(kube, run):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [Reply(stamped("one", "ERROR two", "ERROR password=hunter2", "WARN"))]
    argv = (
        "orders",
        "-n",
        "testing",
        "--no-follow",
        "--grep",
        "(?i)err",
        "--grep",
        "word|two",
        "--exclude",
        "(?i)TWO",
        "--exclude",
        "x",
    )
    done = run(*argv, "--timestamps", "--no-redact", "--since-time", "2026-11-22T11:00:00Z")
    assert done.stdout.splitlines() == [
        "[orders-1/app] 2026-11-22T12:00:00.002000000Z ERROR password=hunter2",
    ]
    assert kube.asked_logs[0]["sinceTime"] == "2026-11-22T11:00:00Z" and "tailLines" not in kube.asked_logs[0]


def test_that_no_line_was_wanted_is_said(kube, run):
    kube.show(pod("orders-1", container(state=ended("run-1", 1, "Error"))))
    kube.replies["app"] = [Reply(stamped("one", "two"))]
    done = run("orders", "-n", "testing", "--no-follow", "--grep", "zebra")
    assert (done.returncode, done.stdout) == (0, "") and "no line of orders matches (2 read)" in done.stderr


def test_machines_get_json(kube, run):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [Reply(stamped("caf\u00e9 \x1b[31mred"))]
    done = run("orders", "-n", "testing", "--no-follow", "--format", "jsonl", "--color", "always")
    assert json.loads(done.stdout) == {
        "ts": "2026-11-22T12:00:00.000000000Z", "namespace": "testing", "pod": "orders-1",
        "container": "app", "text": "caf\u00e9 red",
    }  # fmt: skip
    assert done.stdout.isascii()


def test_colours_are_those_of_the_prefix_and_of_the_program(kube, run):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [Reply(stamped("\x1b[31mred\x1b]0;title\x07"))]
    done = run("orders", "-n", "testing", "--no-follow", "--color", "always")
    assert done.stdout == "\x1b[36m[orders-1/app]\x1b[0m \x1b[31mred\x1b[0m\n"


def test_a_file_is_added_to_and_is_for_its_owner_and_group(kube, run, tmp_path):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [Reply(stamped("one"))]
    for does in ("writing", "adding"):
        done = run("orders", "-n", "testing", "--no-follow", "-o", "out.log")
        assert done.returncode == 0 and done.stdout == ""
        assert f"{does} to out.log" in done.stderr
    assert (tmp_path / "out.log").read_text() == "[orders-1/app] one\n" * 2
    assert (tmp_path / "out.log").stat().st_mode & 0o777 & ~0o640 == 0


def test_no_such_app_cannot_be_told(kube, run):
    kube.show(pod("orders-1"))
    done = run("ordes", "-n", "testing")
    assert done.returncode == 3 and done.stdout == ""
    assert "nothing to read of ordes in namespace testing\n" in done.stderr


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_a_namespace_that_was_named_and_has_none_of_the_pods_is_told(kube, run, quiet):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [Reply(stamped("one"))]
    done = run("orders", "-n", "nope", "-n", "testing", "--no-follow", *quiet)
    assert done.returncode == 0 and done.stdout == "[testing/orders-1/app] one\n"
    assert done.stderr == "statusdesk: no pod of orders in namespace nope\n"


def test_a_refusal_cannot_be_told_and_names_the_right(kube, run):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [refusal(403, 'pods "x" is forbidden: User "ada" cannot get resource "pods/log"')]
    done = run("orders", "-n", "testing", "--no-follow")
    assert done.returncode == 3 and "kubectl create rolebinding" in done.stderr


def test_containers_and_runs_that_there_are_not_cannot_be_told(kube, run):
    kube.show(pod("orders-1", container(), container("proxy")))
    kube.replies["app"] = [Reply(stamped("one"))]
    done = run("orders", "-n", "testing", "--no-follow", "--container", "ap")
    assert done.returncode == 3 and "no container is called ap; there is app, proxy" in done.stderr
    done = run("orders", "-n", "testing", "--previous")
    assert done.returncode == 3 and "no previous run of orders-1/app, orders-1/proxy" in done.stderr


def test_a_server_that_is_not_well_for_long_cannot_be_told(kube, run):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [refusal(503, "the kubelet is away")]
    done = run("orders", "-n", "testing", "--no-follow")
    assert done.returncode == 3 and "answers 503: the kubelet is away" in done.stderr


@pytest.mark.parametrize("status", [404, 503])
def test_a_list_that_is_refused_for_long_is_told_in_the_words_of_the_server(kube, run, status):
    said = json.dumps({"kind": "Status", "message": "no quorum", "code": status}).encode()
    kube.answer(lambda request: request.resource == "pods", Answer(status=status, body=said))
    done = run("orders", "-n", "testing", "--no-follow")
    assert done.returncode == 3 and f"answers {status}: no quorum" in done.stderr


def test_a_source_that_is_not_there_cannot_be_told(kube, run):
    kube.stop()
    done = run("orders", "-n", "testing", "--no-follow")
    kube.start()
    assert done.returncode == 3 and "cannot reach" in done.stderr


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "name either an APP"),
        (("orders", "--job", "x"), "name either an APP"),
        (("orders", "-n", "testing", "--grep", "("), "is no regular expression"),
        (("orders", "--cluster", "elsewhere"), "has no context 'elsewhere'; it has test"),
        (("orders", "--since", "1h", "--since-time", "1h"), "say the same thing"),
        (("orders", "-n", "t", "--since", "yesterdayish"), "--since"),
        (("--job", "deploy"), "needs a configuration"),
        (("orders", "-n", "testing", "-o", "/nowhere/x"), "cannot be written"),
        (("orders", "--tail", "x"), "'x' must be a number of lines, or all"),
        (("orders", "--build", "7"), "--build is for a --job"),
        (("--job", "deploy", "--since", "1h", "--tail", "0", "-n", "t"), "no --namespace, --since, --tail"),
    ],
)
def test_what_cannot_be_carried_out_is_said_and_no_file_is_made(run, tmp_path, argv, said):
    done = run("-o", "out.log", *argv)
    assert done.returncode == 2 and said in done.stderr and done.stdout == ""
    assert not (tmp_path / "out.log").exists()


@pytest.mark.parametrize("named", ["none", "none:neither"])
def test_a_kubeconfig_that_is_not_there_is_named(run, tmp_path, named):
    done = run("orders", "-n", "testing", env={"KUBECONFIG": named})
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines()[0] == f"statusdesk: there is no kubeconfig {named}"


SLOW = ("--grep", "(a|a)" * 30 + "b")


@pytest.mark.parametrize("options", [SLOW, ("--exclude", SLOW[1]), ("--exclude", "x", "--grep", "a", *SLOW)])
def test_an_expression_that_takes_too_long_is_named(kube, run, options):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [Reply(stamped("b! " + "a" * 60))]
    done = run("orders", "-n", "testing", "--no-follow", *options)
    assert done.returncode == 2 and done.stdout == ""
    assert f"{options[-2]} {SLOW[1]!r} takes too long" in done.stderr and "Traceback" not in done.stderr


def test_what_is_looked_for_is_found_whatever_its_colours(kube, run):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [Reply(stamped("level=\x1b[31merror\x1b[0m", "level=info", "level=\x1b[31merror\x1b[0m x=1"))]
    argv = ("--grep", "level=e+rror$", "--exclude", "r x=")
    done = run("orders", "-n", "testing", "--no-follow", "--color", "always", *argv)
    assert done.stdout.count("\n") == 1 and "level=\x1b[31merror\x1b[0m" in done.stdout


def test_every_line_of_a_pod_tells_where_it_is_from(kube, run):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [Reply(stamped("one"))]
    assert (
        run("--pod", "orders-1", "--container", "app", "-n", "testing", "--no-follow").stdout == "[orders-1/app] one\n"
    )
    assert "pod and container in front, as more pods may always come" in run("--help").stdout.replace("\n", " ")


def set_contexts(tmp_path, current, **namespaces):
    path = tmp_path / "kubeconfig"
    config = json.loads(path.read_text())
    of_all = {"cluster": "test", "user": "test"}
    contexts = [{"name": name, "context": of_all | {"namespace": value}} for name, value in namespaces.items()]
    path.write_text(json.dumps(config | {"current-context": current, "contexts": contexts}))


@pytest.mark.parametrize(("argv", "namespace"), [((), "testing"), (("--cluster", "far"), "other")])
def test_without_a_namespace_it_is_that_of_the_context(kube, run, tmp_path, argv, namespace):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [Reply(stamped("one"))]
    set_contexts(tmp_path, "near", near="testing", far="other")
    done = run("orders", "--no-follow", *argv)
    assert {request.path for request in kube.requests} >= {f"/api/v1/namespaces/{namespace}/pods"}
    assert done.returncode == (0 if namespace == "testing" else 3)


def test_without_a_current_context_one_has_to_be_named(run, tmp_path):
    set_contexts(tmp_path, "", near="testing", far="other")
    done = run("orders", "--no-follow")
    assert done.returncode == 2 and "name one with --cluster: far, near" in done.stderr


@pytest.fixture
def following(kube, tmp_path):
    """Start the command on a log that goes on, and wait for its first line."""
    kube.show(pod("orders-1"))
    kube.replies["app"] = [Reply(stamped("one"), end="hang")]
    env = environment(tmp_path) | {"KUBECONFIG": str(Desk(kube, tmp_path).kubeconfig)}
    with subprocess.Popen(
        [sys.executable, "-m", "statusdesk", "logs", "orders", "-n", "testing"],
        env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            assert process.stdout.readline() == b"[orders-1/app] one\n"
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_is_a_quiet_end(following, number):
    following.send_signal(number)
    assert following.wait(10) == 0 and following.stderr.read() == b""


def test_an_app_that_has_no_pods_for_a_moment_is_waited_for(kube, following):
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.drop("orders-1")
    assert following.stderr.readline().startswith(b"statusdesk: orders-1/app: left: the pod has gone")
    assert following.stderr.readline() == b"statusdesk: waiting for pods of orders\n"
    kube.replies["app"] = [Reply(stamped("two", second=3), end="hang")]
    kube.show(pod("orders-2"), event="ADDED")
    assert following.stdout.readline() == b"[orders-2/app] two\n"


def test_an_interrupt_ends_it(following):
    following.send_signal(signal.SIGINT)
    assert following.wait(10) == 130 and following.stderr.read() == b""


def test_who_stops_reading_ends_it_quietly(kube, following):
    following.stdout.close()
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.replies["app"] = [Reply(stamped("two", second=3), end="hang")]
    kube.show(pod("orders-2"), event="ADDED")
    assert following.wait(10) in (141, -signal.SIGPIPE)
    assert b"Traceback" not in following.stderr.read()


def test_what_was_told_is_remembered_to_a_limit(monkeypatch):
    monkeypatch.setattr(logs_output, "TOLD_KEPT", 3)
    narration = io.StringIO()
    writing = logs_output.Writing(None, io.StringIO(), narration, what="orders")
    for number in range(10):
        writing._say(f"pod {number}")
        writing._say("the source does not answer")
    assert narration.getvalue().count("the source does not answer") == 1, "what is said again and again stays known"
    assert narration.getvalue().count("pod") == 10 and len(writing._told) == 3


def test_what_happens_is_told_between_the_lines_where_it_happened():
    class Source:
        origins = (Origin(pod="orders-1", container="app"),)

    terminal = io.StringIO()
    writing = logs_output.Writing(Source(), terminal, terminal, what="orders")
    mark = LogLine(2, 0, "restarted: exit 137 OOMKilled", LineKind.MARK)
    writing._write([LogLine(1, 0, "last words"), mark, LogLine(3, 0, "begin")])
    told = "statusdesk: orders-1/app: restarted: exit 137 OOMKilled"
    assert terminal.getvalue().splitlines() == ["[orders-1/app] last words", told, "[orders-1/app] begin"]


@pytest.mark.parametrize(("quiet", "told"), [(False, 1), (True, 0)])
def test_that_a_tail_is_not_all_is_told_once_unless_it_has_to_be_quiet(quiet, told):
    class Source:
        origins = (Origin(pod="orders-1", container="app"), Origin(pod="orders-2", container="app"))

    narration = io.StringIO()
    writing = logs_output.Writing(Source(), io.StringIO(), narration, what="orders", quiet=quiet)
    writing._write([LogLine(1, origin, CUT_TEXT, LineKind.CUT) for origin in (0, 1)])
    assert narration.getvalue().count("only the last lines are here: --tail N or --since asks for older ones") == told
    assert len(narration.getvalue().splitlines()) == told
    assert "nor that there are lines before those that --tail asks for" in DESCRIPTION


def test_what_is_missing_is_told_even_where_all_else_is_not():
    class Source:
        origins = (Origin(pod="orders-1", container="app"),)

    narration = io.StringIO()
    writing = logs_output.Writing(Source(), io.StringIO(), narration, what="orders", quiet=True)
    writing._write([LogLine(1, 0, CUT_UNREAD, LineKind.CUT)])
    assert narration.getvalue() == f"statusdesk: orders-1/app: {CUT_UNREAD}\n"
    narration.truncate(narration.seek(0))
    marks = ["joined", "restarted: exit 137 OOMKilled" + LAST_MISSING, ROTATED]
    writing._write([LogLine(1, 0, text, LineKind.MARK) for text in marks])
    writing._write([LogLine(1, 0, "3 lines skipped here", LineKind.SKIPPED)])
    told = [each.partition("app: ")[2] for each in narration.getvalue().splitlines()]
    assert told == [*marks[1:], "3 lines skipped here"]


class Silent:
    """A source that has ended; ``status`` is replaced by what it tells."""

    def __init__(self):
        self.origins, self.now = [], FollowStatus(found=True, listed=True)

    def status(self):
        return self.now


@pytest.mark.parametrize(
    ("since", "said"), [("10s", "no line of orders since 10s"), ("", "there are no lines of orders")]
)
def test_it_is_said_why_there_is_nothing(since, said):
    source, narration = Silent(), io.StringIO()
    source.now = FollowStatus(found=True, listed=True, ended=True)
    writing = logs_output.Writing(source, io.StringIO(), narration, what="orders", since=since)
    assert writing._look() == 0 and narration.getvalue() == f"statusdesk: {said}\n"


def test_lines_that_were_not_asked_for_are_not_said_to_be_missing():
    source, narration = Silent(), io.StringIO()
    source.now = FollowStatus(found=True, listed=True, ended=True)
    writing = logs_output.Writing(source, io.StringIO(), narration, what="orders", asked=False)
    assert writing._look() == 0
    assert narration.getvalue() == "statusdesk: no line of orders was asked for (--tail 0)\n"


def test_a_problem_that_comes_again_is_told_again(monkeypatch):
    monkeypatch.setattr(logs_output, "TELL_EVERY_S", 0.0)
    source, narration = Silent(), io.StringIO()
    writing = logs_output.Writing(source, io.StringIO(), narration, what="orders", quiet=True)
    for problems in (("the server is away",), ("the server is away",), (), ("the server is away",)):
        source.now = FollowStatus(found=True, listed=True, problems=problems)
        assert writing._look() is None
    assert narration.getvalue() == "statusdesk: the server is away\n" * 2
