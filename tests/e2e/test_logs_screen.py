"""Logs in a real terminal, of the demo world: one key from the red cell to the line that says why."""

import pytest

from tests.e2e.terminal import needs_tmux, terminal
from tests.e2e.world import serving, wait_for

pytestmark = [needs_tmux, pytest.mark.slow]


def test_from_a_red_cell_to_its_lines_and_to_the_run_before(tmp_path):
    with (
        serving(tmp_path / "truth.json", "--speed", "2") as world,
        world.watch(),
        terminal(world.command("board", "--attach")) as screen,
    ):
        screen.wait_for("next stop performance")
        screen.press("l")
        screen.wait_for("permission denied")
        top = screen.screen().splitlines()
        assert "staging \u203a orders \u203a logs" in top[0] and "following" in top[2]
        screen.press("e")
        screen.wait_for("regular expression")
        screen.press(*"INFO", "Enter")
        screen.wait_for("exclude: INFO")
        wait_for(lambda: not any(" INFO " in line for line in screen.screen().splitlines()[3:]), 10, "no INFO")
        screen.press("p")
        screen.wait_for("the run before")  # it is read already, or told to be this one while the container waits
        screen.wait_for("permission denied")
        screen.press("Escape")
        screen.wait_for("next stop performance")
        screen.press("q")
        wait_for(screen.ended, 5, "the end")
