"""Makes the screens that are lists, by the names under which one goes to them."""

from screens.frame import Frame, Setup
from screens.ink import Ink
from statusdesk.board import Board


def make_list(
    name: str, setup: Setup, ink: Ink, past: Board | None, *, place: str = "", app: str = "", begin: str = ""
) -> Frame:
    """Return the screen of that name; ``place`` (a stage or a namespace) and ``app`` narrow the builds.

    ``begin``: the stage or namespace on whose first build the cursor is put.
    """
    if name == "tokens":
        from screens.tokens import TokensScreen

        return TokensScreen(setup, ink, past)
    if name == "environments":
        from screens.environments import EnvironmentsScreen

        return EnvironmentsScreen(setup, ink, past)
    if name == "alerts":
        from screens.alerts import AlertsScreen

        return AlertsScreen(setup, ink, past)
    from screens.build_rows import Scope
    from screens.builds import BuildsScreen

    return BuildsScreen(setup, ink, Scope(place=place, app=app), past, begin=begin)
