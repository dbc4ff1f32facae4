"""The closed periods of a rollout, as the writer is asked for them."""

from statusdesk.states import Level, RolloutState
from statusdesk.store.writer import Writer

KEY = "eu/staging/Deployment/orders"


def state(revision: str, name: str = "orders") -> RolloutState:
    key = KEY.replace("orders", name)
    place = {"cluster": "eu", "namespace": "staging", "kind": "Deployment", "name": name, "app": name}
    return RolloutState(key=key, level=Level.OK, revision=revision, **place)


def test_periods_are_told_oldest_first_with_those_that_wait_to_be_written(tmp_path):
    with Writer(tmp_path / "statusdesk.db", 86_400.0, lambda: 5_000) as writer:
        for at_ms, revision in enumerate("1234"):
            writer.put([state(revision), state(revision, "web")], 1_000 + at_ms)
            if revision == "3":
                writer.commit()
        assert [row.revision for row in writer.earlier.periods(KEY, 10)] == ["1", "2", "3"], "the last is not over"
        assert [row.revision for row in writer.earlier.periods(KEY, 2)] == ["2", "3"]
        assert writer.earlier.periods("eu/staging/Deployment/nobody", 10) == []
        writer.commit()
        assert [(row.key, row.revision) for row in writer.earlier.periods(KEY, 10)] == [(KEY, n) for n in "123"]
