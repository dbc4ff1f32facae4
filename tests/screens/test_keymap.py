"""A key may do one thing in one screen, whatever the keymap says."""

import inspect

from textual.binding import Binding
from textual.dom import DOMNode

from screens.keymap import TOGETHER, clashes
from statusdesk.board_names import BINDING_IDS


def test_a_key_that_another_binding_of_the_screen_has_is_told_with_both():
    assert clashes({"board.filter": "q"}) == [("q", "app.quit", "board.filter")]
    assert ("j", "cursor.down", "tokens.open") in clashes({"tokens.open": "x,j"})
    assert clashes({"board.filter": "f5", "board.times": "f5"}) == [("f5", "board.filter", "board.times")]


def test_keys_of_other_screens_and_keys_that_were_given_away_are_free():
    assert clashes({}) == []
    assert clashes({"board.filter": "f5", "rollout.times": "f5"}) == []
    assert clashes({"app.quit": "ctrl+q", "board.filter": "q"}) == []


def test_no_two_keys_clash_as_they_are_and_every_key_is_looked_at():
    everything = {name: keys for nodes in TOGETHER for name, keys in _keys(nodes)}
    assert clashes(everything) == []
    assert everything.keys() == set(BINDING_IDS)


def _keys(nodes: tuple[type[DOMNode], ...]):
    for node in nodes:
        for owner in inspect.getmro(node):
            for binding in vars(owner).get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.id:
                    yield binding.id, binding.key
