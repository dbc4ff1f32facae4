"""Draw docs/board.svg and docs/rollout.svg by the program itself on the demo world. Run: python docs/screenshot.py"""

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from screens.app import DeskApp
from statusdesk.clock import system_clock
from statusdesk.collecting import Supervision
from statusdesk.config_file import load
from statusdesk.feed import StoreFeed
from statusdesk.watch import CollectorProcess

BOARD, ROLLOUT = (Path(__file__).with_name(name) for name in ("board.svg", "rollout.svg"))
SIZE = (132, 34)
WAIT_S = 60.0


async def draw(config_path: Path) -> None:
    """Collect from the world until both bad rollouts are on the board, and save the board and the worst rollout."""
    config = load(config_path, {}, collecting=True)
    stop = threading.Event()
    collector = threading.Thread(target=CollectorProcess(config, owner="screenshot").run, args=(stop,))
    collector.start()
    feed = StoreFeed(config, Path(config.store.state_dir) / "statusdesk.db", Supervision(None))
    app = DeskApp(config, feed, system_clock)
    try:
        async with app.run_test(size=SIZE) as pilot:
            end = time.monotonic() + WAIT_S
            while app.board is None or app.board.counts.failing < 1 or app.board.counts.on_its_way < 1:
                assert time.monotonic() < end, "the world does not show what it should"
                await pilot.pause(0.1)
            await pilot.pause(2.0)
            BOARD.write_text(_without_remote_fonts(app.export_screenshot(title="statusdesk")))
            await pilot.press("enter")
            await pilot.pause(3.0)
            ROLLOUT.write_text(_without_remote_fonts(app.export_screenshot(title="statusdesk")))
    finally:
        stop.set()
        collector.join()
        feed.close()


def _without_remote_fonts(svg: str) -> str:
    """A picture in a repository should ask no server for anything; the reader's monospace font will do."""
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def main() -> None:
    argv = [sys.executable, "-m", "statusdesk", "demo", "--serve"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as world:
        assert world.stdin is not None and world.stdout is not None
        try:
            asyncio.run(draw(Path(json.loads(world.stdout.readline())["config"])))
        finally:
            world.stdin.close()
    print(BOARD, ROLLOUT)


if __name__ == "__main__":
    main()
