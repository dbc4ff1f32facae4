"""When nobody looked, as the rows of collectors and sources tell."""

from pathlib import Path

from msgspec.structs import replace

from statusdesk.states import Collector, Level, SourceState
from statusdesk.store.gaps import COLLECTED_SINCE, gaps
from statusdesk.store.writer import Writer

MINUTE = 60_000
EU = SourceState(key="kubernetes/eu", source="kubernetes/eu", scope="", level=Level.OK)
CLOSED = replace(EU, key="kubernetes/eu#qa", scope="qa", level=Level.UNKNOWN, reason="NoAccess")


def collected(writer: Writer, start: int, end: int, *, killed: bool = False) -> None:
    stopped = None if killed else end * MINUTE
    writer.beat(Collector(pid=1, owner="watch", started_ms=start * MINUTE, beat_ms=end * MINUTE, stopped_ms=stopped))
    writer.commit()


def test_between_collectors_and_while_a_source_does_not_answer(tmp_path: Path) -> None:
    with Writer(tmp_path / "s.db", 1e9, lambda: 1) as writer:
        collected(writer, 1, 10)
        collected(writer, 12, 20, killed=True)
        collected(writer, 31, 100)
        writer.put([EU], 12 * MINUTE)
        writer.put([replace(EU, level=Level.FAILING, reason="Timeout")], 40 * MINUTE)
        writer.put([EU], 45 * MINUTE)
        writer.put([CLOSED], 90 * MINUTE)
        writer.commit()

        def found(since: int, *keys: str) -> list[tuple[int, int]]:
            read = gaps(writer._db, keys, since * MINUTE, 100 * MINUTE)
            return [(begin // MINUTE, end // MINUTE) for begin, end in read]

        assert found(5, "kubernetes/eu") == [(10, 12), (20, 31), (40, 45)]
        assert found(15, "kubernetes/eu") == [(20, 31), (40, 45)]
        assert found(25, "kubernetes/us") == [(20, 31)], "the gap had begun before"
        assert found(42, "kubernetes/eu", "kubernetes/eu#qa") == [(40, 45), (90, 100)]
        assert found(50, "kubernetes/eu") == []
        plan = writer._db.execute(f"EXPLAIN QUERY PLAN {COLLECTED_SINCE}", (1,)).fetchall()
        assert all(step[3].startswith(("SEARCH", "SCALAR")) for step in plan), plan


def test_collectors_that_overlap_leave_no_gap(tmp_path: Path) -> None:
    with Writer(tmp_path / "s.db", 1e9, lambda: 1) as writer:
        collected(writer, 1, 50)
        collected(writer, 5, 20)  # the clock was set back between them
        collected(writer, 40, 60)
        assert gaps(writer._db, (), 2 * MINUTE, 100 * MINUTE) == ()
