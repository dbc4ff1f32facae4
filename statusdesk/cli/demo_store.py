"""A store for the commands that only read one: a collector on the demo's world, until its first picture is complete."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from statusdesk.cli.opening import now_ms, store_path
from statusdesk.collecting import CollectorChild
from statusdesk.config import Config
from statusdesk.config_file import load
from statusdesk.picture import Picture
from statusdesk.store.errors import StoreError
from statusdesk.store.reader import Reader

COMPLETE_WITHIN_S = 60.0
LOOK_EVERY_S = 0.1


@contextlib.contextmanager
def filled_store(path: Path, state_dir: str | None) -> Iterator[None]:
    """Collect from the world of this configuration; go on when every source was visited.

    Raises: StoreError when that does not come about.
    """
    config = load(path, os.environ, state_dir)
    argv = [sys.executable, "-m", "statusdesk", "--config", str(path), "--state-dir", config.store.state_dir]
    argv += ["watch", "--owner", "demo", "--exit-with-stdin", "--format", "text"]
    child = CollectorChild(argv, Path(config.store.state_dir))
    try:
        _wait(config, child)
        yield
    finally:
        child.stop()


def _wait(config: Config, child: CollectorChild) -> None:
    end = time.monotonic() + COMPLETE_WITHIN_S
    while not _is_complete(config):
        code = child.exit_code()
        if code is not None:
            raise StoreError(f"the collector of the demo ended with exit code {code}: {child.last_words()}")
        if time.monotonic() > end:
            raise StoreError(f"the demo's sources did not all answer within {COMPLETE_WITHIN_S:.0f} s; try again")
        time.sleep(LOOK_EVERY_S)


def _is_complete(config: Config) -> bool:
    """Tell whether every source of the configuration was visited, well or not, and something is known."""
    picture = Picture(config)
    try:
        with Reader(store_path(config)) as reader:
            picture.apply(reader.changes(0))
    except StoreError:
        return False
    board = picture.board(now_ms())
    return bool(board.rows) and all(view.state.last_try_ms is not None for view in board.sources)
