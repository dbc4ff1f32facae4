"""What the processes of ``test_processes`` do: ``python -m tests.store.child write|say|follow|answer STATE_DIR``."""

import json
import os
import sys
import threading
from pathlib import Path

from statusdesk.clock import system_clock
from statusdesk.states import Collector, RolloutState
from statusdesk.store.lock import StateLock
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.store.rows import build, rollout

KEYS = 40
NOBODY = 65_534


def write(state_dir: Path) -> None:
    """Give every rollout a new version, and every version a build, in one commit after another; say which is done."""
    StateLock(state_dir).acquire()
    writer = Writer(state_dir / "statusdesk.db", 1e6, system_clock)
    turn = max((int(row.version) for row in writer.current(RolloutState).values()), default=0)
    while True:
        turn += 1
        writer.put([rollout(f"app-{number}", version=str(turn)) for number in range(KEYS)], turn)
        writer.put_builds([build(turn, version=str(turn))])
        writer.commit()
        print(turn, flush=True)


def say(state_dir: Path) -> None:
    """Give the one rollout each line of stdin as its version; at the end of stdin, stop cleanly."""
    with StateLock(state_dir), Writer(state_dir / "statusdesk.db", 1e6, system_clock) as writer:
        for line in sys.stdin:
            now_ms = system_clock()
            writer.put([rollout("app", version=line.strip())], now_ms)
            writer.beat(Collector(pid=os.getpid(), owner="watch", started_ms=now_ms, beat_ms=now_ms))
            writer.commit()
            print("said", flush=True)


def follow(state_dir: Path) -> None:
    """Follow the store until the end of stdin; end with an error when a commit is ever seen in part."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    reader = Reader(state_dir / "statusdesk.db")
    rows: dict[str, RolloutState] = {}
    change = version = reads = 0
    print("following", flush=True)
    while not ended.wait(0.001):
        reader.reopen_if_needed()
        if reader.data_version() == version:
            continue
        version = reader.data_version()
        changes = reader.changes(change)
        if changes.change < change:
            sys.exit(f"change went from {change} to {changes.change}")
        change = changes.change
        rows.update((row.key, row) for row in changes.rollouts)
        versions = {row.version for row in rows.values()}
        newest = reader.builds("deploy-orders", None, 1)
        if len(versions) > 1 or len(rows) not in (0, KEYS) or (rows and newest[0].number < int(versions.pop())):
            sys.exit(f"a commit was seen in part: {len(rows)} rows, versions {versions}, newest build {newest}")
        reads += 1
    print(reads, flush=True)


def answer(state_dir: Path) -> None:
    """Without any right to write, tell what is read for each line of stdin."""
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    reader = Reader(state_dir / "statusdesk.db")
    for _ in sys.stdin:
        reopened = reader.reopen_if_needed()
        names = sorted(row.name for row in reader.changes(0).rollouts)
        print(json.dumps({"live": reader.live, "reopened": reopened, "names": names}), flush=True)


if __name__ == "__main__":
    {"write": write, "say": say, "follow": follow, "answer": answer}[sys.argv[1]](Path(sys.argv[2]))
