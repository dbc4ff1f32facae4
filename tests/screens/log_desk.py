"""A board whose logs come from a follower that a test hands lines to."""

from screens.logs import LogsScreen
from tests.screens import rollouts
from tests.screens.desk import desk, lines, until
from tests.screens.log_hand import STORY, HandDoors

WIDE = (140, 40)


def open_desk(lines=STORY, board=None, **more):
    doors = HandDoors(lines)
    app = desk(board or rollouts.failing_init(), readings=rollouts.READINGS, logs=doors, **more)
    app.doors = doors
    return app


async def logs(pilot, key="l"):
    """Open the logs and wait until all lines are on the screen."""
    app = pilot.app
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, LogsScreen) and bool(app.doors.opened))
    await until(pilot, lambda: not app.doors.last._lines and app.screen.pane.feed.shown.complete)
    await pilot.pause()
    return app.screen


def body(app):
    """Return the lines of the log that are in sight."""
    return [each for each in lines(app)[3:-1] if each]
