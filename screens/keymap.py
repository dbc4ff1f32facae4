"""Which keys of a keymap are given to two bindings that one screen has."""

from collections.abc import Iterator, Mapping

from textual.binding import Binding
from textual.dom import DOMNode

from screens.alerts import AlertsScreen
from screens.app import DeskApp
from screens.board import BoardScreen
from screens.build_page import BuildScreen
from screens.builds import BuildsScreen
from screens.environments import EnvironmentsScreen
from screens.lineview import KeyedLines
from screens.log_lineview import LogLineView
from screens.logs import LogsScreen
from screens.matrix import Matrix
from screens.rollout import RolloutScreen
from screens.tokens import TokenScreen, TokensScreen
from screens.workloads import WorkloadsScreen

TOGETHER: tuple[tuple[type[DOMNode], ...], ...] = (
    (DeskApp, BoardScreen, Matrix),
    (DeskApp, RolloutScreen, KeyedLines),
    (DeskApp, WorkloadsScreen, KeyedLines),
    (DeskApp, AlertsScreen, KeyedLines),
    (DeskApp, BuildsScreen, KeyedLines),
    (DeskApp, BuildScreen, KeyedLines),
    (DeskApp, TokensScreen, KeyedLines),
    (DeskApp, TokenScreen, KeyedLines),
    (DeskApp, EnvironmentsScreen, KeyedLines),
    (DeskApp, LogsScreen, LogLineView),
)
"""What hears a key at the same time: the app, a screen, and the table in it."""


def clashes(keymap: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return each key that the keymap gives to a binding while another one of the same screen has it.

    A tuple is the key and the two ids, in the order of the alphabet.
    """
    found: set[tuple[str, str, str]] = set()
    for nodes in TOGETHER:
        holders: dict[str, set[str]] = {}
        for name, keys in _bindings(nodes):
            for key in keymap.get(name, keys).split(","):
                holders.setdefault(key.strip(), set()).add(name)
        for key, names in holders.items():
            ours = sorted(names)
            found.update(
                (key, one, other)
                for number, one in enumerate(ours)
                for other in ours[number + 1 :]
                if one in keymap or other in keymap
            )
    return sorted(found)


def _bindings(nodes: tuple[type[DOMNode], ...]) -> Iterator[tuple[str, str]]:
    """Yield id and keys of every binding with an id that these have, their own or inherited."""
    for node in nodes:
        for owner in node.__mro__:
            for binding in vars(owner).get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.id:
                    yield binding.id, binding.key
