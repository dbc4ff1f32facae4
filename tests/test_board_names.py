"""The names that the configuration may hold are those that the console really has."""

import importlib
import inspect
import pkgutil

import pytest
from textual._xterm_parser import XTermParser
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.theme import BUILTIN_THEMES

import screens
from screens.prompts import FilterInput
from screens.themes import ALIASES
from screens.themes import THEMES as OUR_OWN
from statusdesk.board_names import BINDING_IDS, KEYS, OTHER_SPELLINGS, OWN_THEMES, TEXTUAL_THEMES, key_named


def test_themes():
    assert set(OWN_THEMES) == {theme.name for theme in OUR_OWN}
    assert set(OTHER_SPELLINGS) == set(ALIASES)
    assert set(TEXTUAL_THEMES) == set(BUILTIN_THEMES)


def owners():
    """Yield every screen and widget of ours that is no dialog."""
    for module in pkgutil.iter_modules(screens.__path__, "screens."):
        for _, owner in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            ours = owner.__module__ == module.name and issubclass(owner, DOMNode)
            if ours and not issubclass(owner, ModalScreen | FilterInput):
                yield owner


def test_ids_of_keys():
    bindings = [binding for owner in owners() for binding in vars(owner).get("BINDINGS", ())]
    ids = {binding.id for binding in bindings if isinstance(binding, Binding) and binding.id}
    assert set(BINDING_IDS) == ids, "statusdesk/board_names.py: what differs belongs into it, or out of it"
    assert len(set(BINDING_IDS)) == len(BINDING_IDS)


@pytest.mark.parametrize(
    "sent", ["a", "A", "/", "?", "!", "+", "-", "_", "@", ",", ";", "[", "`", "~", "\x1b[A", "\x1bOP", "\x1b[15~", "\t"]
    + ["\x11", "\x1b[1;5C", "\x1b[1;2A", "\x1b[1;6A", "\x7f", "\r", " "],
)  # fmt: skip
def test_what_a_terminal_sends_has_a_name_that_is_known(sent):
    [event] = XTermParser().feed(sent)
    assert key_named(event.key) == event.key


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("/", "slash"),
        ("+", "plus"),
        (" f ", "f"),
        ("\u00f6", "\u00f6"),
        ("shift+ctrl+up", "ctrl+shift+up"),
        ("bananas", None),
        ("", None),
        ("ctrl+", None),
        ("strg+q", None),
        ("shift+a", None),
        ("ctrl+ctrl+a", None),
    ],
)
def test_keys_as_people_write_them(written, key):
    assert key_named(written) == key


def test_every_key_is_named_once():
    assert len(KEYS) == len(set(KEYS)) and all(key_named(key) == key for key in KEYS)
