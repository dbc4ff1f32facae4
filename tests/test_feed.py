"""The feed of a console: boards from a store that is not there yet, is written, left, replaced."""

import pytest

from statusdesk.board_feed import FeedError
from statusdesk.collecting import Supervision
from statusdesk.config import ClusterSettings, Config, StageSettings, StoreSettings
from statusdesk.facts import Build
from statusdesk.feed import PastFeed, StoreFeed
from statusdesk.rollout_view import RolloutView
from statusdesk.states import BuildState, Collector, Evidence, Level, PodState, RolloutState, SourceState
from statusdesk.store.writer import Writer

NOW = 1_795_348_800_000
KEY = "eu/staging/Deployment/orders"


def rollout(level=Level.OK, version="1.0"):
    return RolloutState(
        key=KEY, cluster="eu", namespace="staging", kind="Deployment", name="orders", app="orders",
        level=level, version=version, desired=1, ready=1,
    )  # fmt: skip


def source():
    return SourceState(
        key="kubernetes/eu",
        source="kubernetes/eu",
        scope="",
        level=Level.OK,
        live=True,
        last_ok_ms=NOW,
        last_try_ms=NOW,
    )


def collector(at_ms, stopped_ms=None):
    return Collector(pid=1, owner="watch", started_ms=NOW, beat_ms=at_ms, stopped_ms=stopped_ms)


@pytest.fixture
def config(tmp_path):
    return Config(
        path=str(tmp_path / "config.toml"),
        stages=(StageSettings(name="staging", namespaces=("staging",)),),
        clusters=(ClusterSettings(name="eu"),),
        store=StoreSettings(state_dir=str(tmp_path)),
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "statusdesk.db"


@pytest.fixture
def write(path):
    """Open a writer at ``path`` and return a function that puts states and commits them."""
    writers = []

    def write(*states, at_ms=NOW, beat=True):
        if not writers:
            writers.append(Writer(path, 86_400, lambda: at_ms))
        writer = writers[0]
        if states:
            writer.put(states, at_ms)
        if beat:
            writer.beat(collector(at_ms))
        writer.commit()
        return writer

    yield write
    for writer in writers:
        writer.close()


@pytest.fixture
def feed(config, path):
    feed = StoreFeed(config, path, Supervision(None))
    yield feed
    feed.close()


def marks(board):
    return {row.app: row.cells[0].level for row in board.rows}


def test_without_a_store_the_feed_says_so_and_goes_on_when_there_is_one(feed, write):
    with pytest.raises(FeedError, match="there is no store"):
        feed.poll(NOW)
    assert feed.poll(NOW + 100) is None
    write(rollout(), source())
    board = feed.poll(NOW + 1000)
    assert marks(board) == {"orders": Level.OK} and board.collector_lost_ms is None


def test_a_collector_that_is_being_started_is_told(config, path):
    class Child:
        code = None

        def exit_code(self):
            return self.code

        def last_words(self):
            return "vault.address: wrong"

        def tidy(self): ...

        def stop(self): ...

    child = Child()
    feed = StoreFeed(config, path, Supervision(lambda: child))
    with pytest.raises(FeedError, match="no data yet: the collector is starting"):
        feed.poll(NOW)
    child.code = 2
    with pytest.raises(FeedError, match=r"the collector ended with exit code 2: vault\.address: wrong"):
        feed.poll(NOW + 1000)
    feed.close()


def test_a_change_is_given_at_the_next_poll_and_nothing_in_between(feed, write):
    write(rollout(), source())
    assert marks(feed.poll(NOW)) == {"orders": Level.OK}
    assert feed.poll(NOW + 100) is None
    write(rollout(Level.FAILING), at_ms=NOW + 150, beat=False)
    assert marks(feed.poll(NOW + 200)) == {"orders": Level.FAILING}
    assert feed.poll(NOW + 300) is None


def test_time_alone_gives_a_board_once_a_second(feed, write):
    write(rollout(), source())
    boards = [feed.poll(NOW + tenth * 100) for tenth in range(21)]
    assert [index for index, board in enumerate(boards) if board is not None] == [0, 10, 20]


def test_a_collector_that_falls_silent_is_lost_after_two_seconds_and_nothing_stays_green(feed, write):
    write(rollout(), source())
    assert feed.poll(NOW).collector_lost_ms is None
    assert feed.poll(NOW + 2000).collector_lost_ms is None
    assert feed.poll(NOW + 3000).collector_lost_ms == 3000


def test_a_store_left_cleanly_is_read_and_a_new_collector_is_seen(feed, path):
    with Writer(path, 86_400, lambda: NOW) as writer:
        writer.put([rollout(), source()], NOW)
        writer.beat(collector(NOW, stopped_ms=NOW))
        writer.commit()
    assert feed.poll(NOW + 5000).collector_lost_ms == 5000
    with Writer(path, 86_400, lambda: NOW) as writer:
        writer.put([rollout(Level.FAILING)], NOW + 6000)
        writer.beat(collector(NOW + 6000))
        writer.commit()
        board = feed.poll(NOW + 6100)
        assert board.collector_lost_ms is None and marks(board) == {"orders": Level.FAILING}


def test_another_store_in_its_place_is_read_from_its_beginning(feed, path, write):
    write(rollout(), source())
    write(rollout(Level.FAILING), at_ms=NOW + 10)
    assert marks(feed.poll(NOW + 100)) == {"orders": Level.FAILING}
    for file in path.parent.glob("statusdesk.db*"):
        file.unlink()
    with Writer(path, 86_400, lambda: NOW) as writer:
        writer.put([source()], NOW + 1000)
        writer.beat(collector(NOW + 1000))
        writer.commit()
        assert feed.poll(NOW + 1200).rows == ()


def test_what_the_command_line_leaves_out_is_left_out(config, path, write):
    write(rollout(), source())
    feed = StoreFeed(
        config, path, Supervision(None), narrow=lambda board: type(board)(**{**_fields(board), "rows": ()})
    )
    assert feed.poll(NOW).rows == ()
    feed.close()


def _fields(board):
    return {name: getattr(board, name) for name in board.__struct_fields__}


def test_pods_and_closed_periods_are_asked_of_the_store(feed, write):
    writer = write(rollout(version="1.0"), source())
    pod = PodState(key="eu/staging/a", cluster="eu", namespace="staging", name="a", workload=KEY)
    writer.put_pods([pod])
    write(rollout(version="1.1"), at_ms=NOW + 1000)
    write(rollout(version="1.2"), at_ms=NOW + 2000)
    feed.poll(NOW + 2500)
    assert [each.name for each in feed.pods(KEY)] == ["a"]
    assert [(each.version, each.until_ms) for each in feed.history("orders")] == [
        ("1.1", NOW + 2000),
        ("1.0", NOW + 1000),
    ]
    assert feed.history("nobody") == []


def test_a_rollout_is_read_with_all_that_belongs_to_it(feed, write, config, path):
    writer = write(rollout(version="1.0"), source())
    pod = PodState(key="eu/staging/a", cluster="eu", namespace="staging", name="a", workload=KEY)
    build = Build(source="jenkins", job="deploy-orders", number=7, url="", namespace="staging",
                  namespaces=("staging",), result="SUCCESS", started_ms=NOW + 500)  # fmt: skip
    outcome = BuildState(key="jenkins/deploy-orders@staging", source="jenkins", job="deploy-orders",
                         namespace="staging", job_class="deploy", level=Level.OK, number=7)  # fmt: skip
    writer.put_pods([pod])
    writer.put_builds([build])
    writer.put_evidence([Evidence(key=KEY, since_ms=NOW + 1000, pod="a", container="app", lines=("gone",))])
    write(rollout(Level.FAILING, version="1.1"), outcome, at_ms=NOW + 1000)
    view = feed.rollout(RolloutView(key=KEY, app="orders"), feed.poll(NOW + 1500))
    assert (view.state.level, view.stage, view.gone) == (Level.FAILING, "staging", False)
    reading = view.reading
    assert [each.name for each in reading.pods] == ["a"]
    assert [each.version for each in reading.periods] == ["1.0", "1.1"]
    assert [each.lines for each in reading.evidence] == [("gone",)]
    assert [each.number for each in reading.builds] == [7]
    board = feed.at(NOW + 100)
    past = feed.rollout(RolloutView(key=KEY, app="orders", past=True), board)
    assert (past.reading.pods, past.reading.evidence, past.reading.builds) == ((), (), ())
    assert [each.version for each in past.reading.periods] == ["1.0"]
    writer.gone(RolloutState, [KEY], NOW + 2000)
    write(at_ms=NOW + 2000)
    gone = feed.rollout(view, feed.poll(NOW + 2500))
    assert gone.gone and gone.gone_ms == NOW + 2000 and gone.state.version == "1.1"


def test_the_past_is_given_once(config, path, write):
    write(rollout(), source())
    write(rollout(Level.FAILING), at_ms=NOW + 60_000)
    past = PastFeed(config, path, NOW + 120_000)
    assert marks(past.poll(NOW + 120_000)) == {"orders": Level.FAILING}
    assert [period.level for period in past.history("orders")] == [Level.OK]
    past = PastFeed(config, path, NOW + 30_000)
    assert marks(past.poll(NOW + 30_000)) == {"orders": Level.OK}
    assert past.poll(NOW + 30_000) is None and list(past.pods(KEY)) == []
    assert marks(past.at(NOW + 61_000)) == {"orders": Level.FAILING}
    past.close()


def test_a_past_without_a_store_is_told(config, path):
    with pytest.raises(FeedError, match="there is no store"):
        PastFeed(config, path, NOW).poll(NOW)


def test_why_no_collector_can_be_started_is_on_the_board_of_an_old_store(config, path, write):
    def refused():
        raise OSError(30, "Read-only file system", "collector.log")

    write(rollout(), source())
    feed = StoreFeed(config, path, Supervision(refused))
    try:
        assert feed.poll(NOW).collector_problem == ""
        board = feed.poll(NOW + 60_000)
        assert board.rows and board.collector_lost_ms == 60_000
        assert board.collector_problem == "no collector can be started: collector.log: Read-only file system"
        write(at_ms=NOW + 62_000)
        assert feed.poll(NOW + 62_000).collector_problem == ""
    finally:
        feed.close()
