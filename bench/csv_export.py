"""CPU of exporting a million builds as CSV, against ``sqlite3 -csv`` with the same SQL on the same store.

The SQL makes the cells on both sides: ISO 8601 times, formula-safe text. Both write to a file, each in a process of its
own; counted is user and system time of that process, start included. Both files must hold the same rows.
"""

import csv
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from report import finish, side

from statusdesk.facts import Build
from statusdesk.store.export import query
from statusdesk.store.writer import Writer

ROWS, RUNS, TARGET = 1_000_000, 3, 2.2
START_MS, STEP_MS = 1_760_000_000_000, 7_000
RESULTS = ("SUCCESS", "SUCCESS", "SUCCESS", "FAILURE", "ABORTED", "UNSTABLE")
STAGES = ("testing", "staging", "performance", "audit", "production")
OURS = """
import sys
from pathlib import Path
from statusdesk.store.export import export
with open(sys.argv[2], "w", encoding="utf-8", newline="") as out:
    export(Path(sys.argv[1]), "builds", 0, 2**60, (), (), "csv", out)
"""


def fill(path: Path) -> None:
    """Write the builds of 500 jobs through the writer."""
    writer = Writer(path, 9e9, lambda: START_MS)
    for first in range(0, ROWS, 50_000):
        writer.put_builds([build(number) for number in range(first, first + 50_000)])
        writer.commit()
    writer.close()


def build(number: int) -> Build:
    """Return one build; now and then with a text that a spreadsheet would take for a formula."""
    job, stage = f"deploy-app-{number % 500:03d}", STAGES[number % 5]
    return Build(
        source="jenkins",
        job=job,
        number=number // 500 + 1,
        url=f"https://jenkins.example/job/{job}/{number // 500 + 1}/",
        namespace=stage,
        namespaces=(stage,),
        attributed_by="parameter",
        result=RESULTS[number % 6],
        started_ms=START_MS + number * STEP_MS + number % 1000,
        duration_ms=30_000 + number % 90_000,
        version=f"1.{number % 40}.{number % 7}",
        cause="=cmd" if number % 1000 == 0 else "started by an SCM change",
        git_revision=f"{number:040x}",
    )


def cpu_of(argv: list[str], out: Path | None = None) -> float:
    """Run a command; return its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    if out is None:
        subprocess.run(argv, check=True)
    else:
        with out.open("wb") as stream:
            subprocess.run(argv, check=True, stdout=stream)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def same(ours: Path, theirs: Path) -> None:
    """End when the two files do not hold the same rows (the shell quotes more and ends lines otherwise)."""
    with ours.open(encoding="utf-8", newline="") as one, theirs.open(encoding="utf-8", newline="") as other:
        for number, (mine, its) in enumerate(zip(csv.reader(one), csv.reader(other), strict=True)):
            if mine != its:
                sys.exit(f"row {number} differs: {mine} and {its}")


def main() -> None:
    """Measure alternately and print the result."""
    shell = shutil.which("sqlite3")
    if shell is None:
        sys.exit("this measurement needs the sqlite3 command")
    asked = query("builds", 0, 2**60)
    figures: dict[str, list[float]] = {"ours": [], "theirs": []}
    with tempfile.TemporaryDirectory() as name:
        path, ours, theirs = (Path(name) / file for file in ("statusdesk.db", "ours.csv", "theirs.csv"))
        fill(path)
        given = [part for key, value in asked.given.items() for part in ("-cmd", f".param set :{key} {value}")]
        shell_argv = [shell, "-readonly", "-csv", "-header", *given, str(path), asked.sql]
        for _ in range(RUNS):
            figures["theirs"].append(cpu_of(shell_argv, theirs))
            figures["ours"].append(cpu_of([sys.executable, "-c", OURS, str(path), str(ours)]))
        same(ours, theirs)
        size = ours.stat().st_size / 1e6
    version = subprocess.run([shell, "--version"], check=True, capture_output=True, text=True).stdout.split()[0]
    print(f"{ROWS} builds, {len(asked.header)} columns, {size:.0f} MB; CPU of the process; sqlite3 shell {version}")
    mine = side("export builds --format csv", figures["ours"], "s")
    its = side("sqlite3 -csv, same SQL", figures["theirs"], "s")
    finish("CSV export: ours / sqlite3 -csv", mine / its, TARGET)


if __name__ == "__main__":
    main()
