"""CPU of writing history through the store's writer, against sqlite3 ``executemany`` of the same rows.

50,000 changes of level of 2,500 rollouts, measured in two ways; the larger ratio counts.

In batches of 500 (some 60 ms of a cluster that restarts). Ours: ``Writer.put`` and ``commit`` per batch, that is
comparing, stamping, encoding, closing periods. Theirs: the very rows that ours wrote, tuples already, into the same
tables (history ``WITHOUT ROWID``, current with its index), same pragmas, same statements, same transactions.

At once. Ours: ``put`` of all batches, one ``commit``. Theirs: the same history rows by one ``executemany``, and the
last current rows, in one transaction.
"""

import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from report import finish, side

from statusdesk.states import Level, RolloutState
from statusdesk.store.kinds import ROLLOUTS
from statusdesk.store.opening import open_for_writing
from statusdesk.store.writer import Writer

KEYS, ROUNDS, BATCH, RUNS = 2_500, 21, 500, 5
PER_ROUND = KEYS // BATCH
TARGET = 1.5
HISTORY, CURRENT = ROLLOUTS.history.name, ROLLOUTS.current.name
START_MS, STEP_MS = 1_760_000_000_000, 60_000
TURNS = ((Level.PROGRESSING, "RollingOut", "2 of 3 updated"), (Level.OK, "Available", "3 of 3 available"))

Tuples = list[tuple[object, ...]]


def batches() -> list[tuple[int, list[RolloutState]]]:
    """Return (time, states) of every batch; each round changes every key once, the first makes them."""
    made = []
    for turn in range(ROUNDS):
        level, reason, message = TURNS[turn % 2]
        for first in range(0, KEYS, BATCH):
            states = [state(number, level, reason, message, turn) for number in range(first, first + BATCH)]
            made.append((START_MS + turn * STEP_MS + first, states))
    return made


def state(number: int, level: Level, reason: str, message: str, turn: int) -> RolloutState:
    """Return one rollout as the judge would."""
    name, namespace = f"app-{number // 5:03d}", f"stage-{number % 5}"
    return RolloutState(
        key=f"eu/{namespace}/Deployment/{name}",
        cluster="eu",
        namespace=namespace,
        kind="Deployment",
        name=name,
        app=name,
        level=level,
        reason=reason,
        message=message,
        version=f"1.{turn // 2}.0",
        revision=str(turn // 2),
        image=f"registry.example/{name}:1.{turn // 2}.0",
        digest="sha256:" + f"{number:064x}",
        desired=3,
        updated=3,
        ready=3,
        available=3,
        started_ms=START_MS,
    )


def ours(path: Path, loads: list[tuple[int, list[RolloutState]]], *, per_batch: bool) -> float:
    """Write through the writer, committing each batch or all at once; return CPU seconds."""
    writer = Writer(path, 90 * 86_400, lambda: START_MS)
    before = time.process_time()
    for at_ms, states in loads:
        writer.put(states, at_ms)
        if per_batch:
            writer.commit()
    writer.commit()
    took_s = time.process_time() - before
    writer.close()
    return took_s


def rows_of(path: Path, loads: list[tuple[int, list[RolloutState]]]) -> list[tuple[Tuples, Tuples]]:
    """Return the rows that the writer wrote in each batch: those into history, and those into current."""
    with sqlite3.connect(path) as db:
        history = {(row[0], row[1]): row[2:] for row in db.execute(f"SELECT key, since_ms, h.* FROM {HISTORY} h")}
        current = {row[0]: row[1:] for row in db.execute(f"SELECT key, c.* FROM {CURRENT} c")}
    made = []
    since_ms = {}
    for at_ms, states in loads:
        closed = [history[each.key, since_ms[each.key]] for each in states if each.key in since_ms]
        since_ms.update((each.key, at_ms) for each in states)
        made.append((closed, [history.get((each.key, at_ms), current[each.key]) for each in states]))
    return made


def theirs(path: Path, loads: list[tuple[Tuples, Tuples]]) -> float:
    """Write the same rows in the same transactions; return CPU seconds."""
    db = open_for_writing(path)
    before = time.process_time()
    for closed, current in loads:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(ROLLOUTS.history.insert, closed)
        db.executemany(ROLLOUTS.current.upsert, current)
        db.execute("COMMIT")
    took_s = time.process_time() - before
    db.close()
    return took_s


def main() -> None:
    """Measure alternately and print the result."""
    loads = batches()
    figures: dict[str, list[float]] = {name: [] for name in ("ours", "theirs", "ours once", "theirs once")}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        ours(directory / "first.db", loads, per_batch=True)
        rows = rows_of(directory / "first.db", loads)
        together = [
            ([row for closed, _ in rows for row in closed], [row for _, last in rows[-PER_ROUND:] for row in last])
        ]
        for _ in range(RUNS):
            figures["ours"].append(ours(directory / "a.db", loads, per_batch=True))
            figures["theirs"].append(theirs(directory / "b.db", rows))
            figures["ours once"].append(ours(directory / "c.db", loads, per_batch=False))
            figures["theirs once"].append(theirs(directory / "d.db", together))
            same([directory / f"{letter}.db" for letter in "abcd"])
            for left in directory.iterdir():
                left.unlink()
    print(f"{len(together[0][0])} history rows, {KEYS} keys; CPU of the process; SQLite {sqlite3.sqlite_version}")
    batched = side("Writer: put and commit, batches of 500", figures["ours"], "s")
    plain = side("executemany: same rows and transactions", figures["theirs"], "s")
    print(f"in batches: ratio {batched / plain:.3f}")
    once = side("Writer: put all, one commit", figures["ours once"], "s")
    plain_once = side("executemany: same rows, one transaction", figures["theirs once"], "s")
    print(f"at once: ratio {once / plain_once:.3f}")
    finish("history insert: Writer / executemany, the larger", max(batched / plain, once / plain_once), TARGET)


def same(paths: list[Path]) -> None:
    """End when the sides did not come to the same history."""
    question = f"SELECT count(*), sum(since_ms), sum(until_ms), sum(length(message)) FROM {HISTORY}"
    answers = set()
    for path in paths:
        db = sqlite3.connect(path)
        answers.add(db.execute(question).fetchone())
        db.close()
    if len(answers) != 1:
        sys.exit(f"the sides differ: {answers}")


if __name__ == "__main__":
    main()
