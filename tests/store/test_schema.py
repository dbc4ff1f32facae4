"""Making a store, and bringing an older one up to date."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from statusdesk.states import Level
from statusdesk.store import schema
from statusdesk.store.errors import StoreError
from statusdesk.store.opening import directory_problem, open_for_writing, wal_of
from statusdesk.store.reader import Reader
from statusdesk.store.schema import SCHEMA_VERSION, Step, migrate
from statusdesk.store.writer import Writer
from tests.store.conftest import Clock
from tests.store.rows import build, rollout


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o077, 0o022, 0o000])
def test_the_group_may_read_and_nobody_else(path: Path, clock: Clock, umask: int) -> None:
    before = os.umask(umask)
    try:
        with Writer(path, 1e6, clock) as writer:
            writer.put([rollout()], 1_000)
            writer.commit()
            assert mode(wal_of(path)) == 0o640
    finally:
        os.umask(before)
    assert (mode(path.parent), mode(path)) == (0o750, 0o640)
    assert directory_problem(path.parent) == ""


def test_a_directory_that_exists_keeps_its_mode_and_is_told_when_others_may_write(tmp_path: Path, clock: Clock) -> None:
    tmp_path.chmod(0o770)
    Writer(tmp_path / "statusdesk.db", 1e6, clock).close()
    assert mode(tmp_path) == 0o770
    assert "chmod 0750" in directory_problem(tmp_path)


def test_a_file_in_the_place_of_the_directory_is_told(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StoreError, match="state is a file"):
        Writer(tmp_path / "state" / "statusdesk.db", 1e6, clock)


def test_what_was_added_since_is_added_to_an_older_file(path: Path, clock: Clock) -> None:
    with Writer(path, 1e9, clock) as writer:
        writer.put([rollout(digest="sha256:1")], 1_000)
        writer.put([rollout(level=Level.FAILING)], 2_000)
        writer.put_builds([build(1)])
        writer.commit()
    with sqlite3.connect(path) as db:
        for statement in (
            "ALTER TABLE rollout_current DROP COLUMN digest",
            "ALTER TABLE rollout_history DROP COLUMN exit_code",
            "ALTER TABLE builds DROP COLUMN parameters",
            "DROP INDEX builds_started_ms",
            "DROP TABLE grants",
            "UPDATE meta SET value = 1 WHERE name = 'shape'",
        ):
            db.execute(statement)
    with Writer(path, 1e9, clock) as writer:
        assert writer.put([rollout(level=Level.FAILING)], 3_000) == []
        writer.put([rollout(level=Level.FAILING, digest="sha256:2")], 3_000)
        assert writer.commit() == 2
        with Reader(path) as reader:
            assert reader.changes(0).rollouts[0].digest == "sha256:2"
            assert reader.as_of(1_500).rollouts[0].exit_code is None
            assert reader.builds("deploy-orders", None, 9) == [build(1)]
            assert reader.grants("vault/none", 1) == []
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT 1 FROM sqlite_master WHERE name = 'builds_started_ms'").fetchone()


def rename(db: object) -> None:
    db.execute("UPDATE rollout_current SET reason = 'CrashLoop' WHERE reason = 'Crashing'")


def test_a_step_runs_once_when_the_file_is_older(path: Path, clock: Clock) -> None:
    with Writer(path, 1e9, clock) as writer:
        writer.put([rollout(reason="Crashing")], 1_000)
    step = Step(SCHEMA_VERSION + 1, "Crashing is called CrashLoop", rename)
    assert migrate(path, SCHEMA_VERSION + 1, [step])
    assert not migrate(path, SCHEMA_VERSION + 1, [step])
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT reason FROM rollout_current").fetchone() == ("CrashLoop",)
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)
    with pytest.raises(StoreError, match="newer statusdesk"):
        Writer(path, 1e9, clock)


def test_a_step_does_not_run_on_a_new_file(tmp_path: Path) -> None:
    def never(db: object) -> None:
        raise AssertionError("a new file has nothing to mend")

    path = tmp_path / "statusdesk.db"
    assert migrate(path, SCHEMA_VERSION, [Step(SCHEMA_VERSION, "nothing", never)])


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path, clock: Clock) -> None:
    def fail(db: object) -> None:
        db.execute("UPDATE rollout_current SET reason = 'half done'")
        db.execute("SELECT no_such_column FROM rollout_current")

    with Writer(path, 1e9, clock) as writer:
        writer.put([rollout(reason="Whole")], 1_000)
    with pytest.raises(StoreError, match="cannot be brought to schema"):
        migrate(path, SCHEMA_VERSION + 1, [Step(SCHEMA_VERSION + 1, "fails", fail)])
    with Writer(path, 1e9, clock) as writer:
        assert writer.put([rollout(reason="Whole")], 2_000) == []


def test_another_database_is_not_touched(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "statusdesk.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE holidays (day TEXT)")
    content = path.read_bytes()
    with pytest.raises(StoreError, match="not a store of statusdesk"):
        Writer(path, 1e6, clock)
    assert path.read_bytes() == content


def test_sqlite_utils_is_imported_only_to_migrate(path: Path) -> None:
    open_for_writing(path).close()
    code = (
        "import sys; from pathlib import Path\n"
        "from statusdesk.store.writer import Writer; from statusdesk.store.reader import Reader\n"
        f"path = Path({str(path)!r}); Writer(path, 1, lambda: 1).close(); Reader(path).close()\n"
        "print(sorted(name for name in sys.modules if name.partition('.')[0] in "
        "('sqlite_utils', 'textual', 'kubernetes', 'jenkins', 'hvac', 'asyncio', 'httpx')))"
    )
    root = Path(schema.__file__).parents[2]
    shown = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_store_with_smaller_pages_keeps_them_and_is_written(path: Path, clock: Clock) -> None:
    def page_bytes() -> int:
        with sqlite3.connect(path) as db:
            return int(db.execute("PRAGMA page_size").fetchone()[0])

    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA page_size = 4096")
        db.execute(schema.META)
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    with Writer(path, 1e6, clock) as writer:
        writer.put([rollout()], 1_000)
    with Reader(path) as reader:
        assert [row.key for row in reader.changes(0).rollouts] == [rollout().key]
    assert page_bytes() == 4096
    path.unlink()
    Writer(path, 1e6, clock).close()
    assert page_bytes() == schema.PAGE_BYTES
