"""Lines to a reader that reads, that is too slow, and that goes away: the collector is never held up."""

import subprocess
import sys
import threading

from tests.e2e.world import wait_for

CHILD = """
import sys, threading
from statusdesk.cli.printing import LinePrinter
said, gone = [], threading.Event()
printer = LinePrinter(said.append, gone.set, max_lines=100)
for number in range(int(sys.argv[1])):
    printer.put("x" * 1000 + f" {number}")
print("put", file=sys.stderr, flush=True)
sys.stdin.readline()
printer.put("last")
printer.close()
print(*said, f"gone={gone.is_set()}", sep="\\n", file=sys.stderr)
"""


def child(lines):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(lines)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_lines_come_in_order():
    with child(50) as process:
        assert process.stderr.readline() == "put\n"
        out, _ = process.communicate("\n", timeout=20)
    assert [line.split()[-1] for line in out.splitlines()] == [*map(str, range(50)), "last"]


def test_a_reader_that_does_not_read_holds_nothing_up_and_is_told():
    with child(5000) as process:
        assert process.stderr.readline() == "put\n"
        read = []
        reader = threading.Thread(target=lambda: read.extend(process.stdout))
        reader.start()
        wait_for(lambda: len(read) >= 100, 20, "the lines that were kept")
        process.stdin.write("\n")
        process.stdin.close()
        reader.join(20)
        said = process.stderr.read()
    assert "too slow" in said
    assert "lines were not printed" in said
    assert read[-1] == "last\n"


def test_a_reader_that_goes_away_is_noticed():
    with child(3) as process:
        assert process.stderr.readline() == "put\n"
        process.stdout.close()
        process.stdin.write("\n")
        process.stdin.close()
        said = process.stderr.read()
        assert process.wait(20) == 0
    assert "gone=True" in said
    assert "Traceback" not in said
