"""The console: owns the board, the modes and the theme, and nothing more."""

import datetime
import gc
import os
import sys
import threading
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen, Screen

from screens.board import BoardScreen
from screens.frame import Frame, Setup
from screens.ink import Ink, make_ink
from screens.lineview import KeyedLines
from screens.themes import ALIASES, THEMES
from statusdesk.board import Board
from statusdesk.board_feed import Feed, FeedError
from statusdesk.clock import Clock, system_clock
from statusdesk.config import Config

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.theme import Theme

    from screens.dialog import Dialog
    from screens.line_input import LineInput
    from screens.log_request import Doors, LogRequest

POLL_S = 0.1
KEY_WORDS = {"enter": "enter", "escape": "esc", "up": "up", "down": "down", "left": "left", "right": "right"} | {
    "pageup": "pgup",
    "pagedown": "pgdn",
    "home": "home",
    "end": "end",
    "tab": "tab",
}


def _places() -> "type[Provider]":
    from screens.commands import Places

    return Places


class Polled(Message):
    """The feed has been asked: a new board, or why there is none, or nothing new."""

    def __init__(self, now_ms: int, board: Board | None, problem: str = "") -> None:
        super().__init__()
        self.now_ms, self.board, self.problem = now_ms, board, problem


class DeskApp(App[None]):
    """Asks the feed for boards and shows them; who made the feed closes it. Ends with 0 on ``q``, 130 on ctrl+c."""

    TITLE = "statusdesk"
    CSS_PATH = "statusdesk.tcss"
    DEFAULT_MODE = "board"
    COMMANDS = App.COMMANDS | {_places}
    BINDINGS = [
        Binding("q", "quit", "quit", id="app.quit", tooltip="Leave the desk"),
        Binding("ctrl+c", "interrupt", "interrupt", id="app.interrupt", tooltip="Leave at once", show=False),
    ]

    board: reactive[Board | None] = reactive(None, layout=False, repaint=False, init=False, always_update=True)
    now_ms: reactive[int] = reactive(0, layout=False, repaint=False, init=False)
    problem: reactive[str] = reactive("", layout=False, repaint=False, init=False)

    def __init__(
        self,
        config: Config,
        feed: Feed,
        clock: Clock = system_clock,
        *,
        ascii_only: bool | None = None,
        past: bool = False,
        log_doors: "Doors | None" = None,
    ) -> None:
        """``ascii_only`` None: as the configuration says. ``past``: feed and clock stand still at a moment.

        ``log_doors`` None: logs are followed as the configuration says.
        """
        self._themes: dict[str, Theme] = {}
        # With native colours Textual can leave them out altogether; otherwise NO_COLOR would become shades of grey.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self._config, self._feed, self._now = config, feed, clock
        self._ascii = config.board.glyphs == "ascii" if ascii_only is None else ascii_only
        self.always_past = past
        self._log_doors = log_doors
        self.stands = False  # whether the first screen is there; before that the app must not be told to exit
        self._complaints: list[str] = []
        self._polling = self._settled = False
        self._asking = threading.Lock()
        for theme in THEMES:
            self.register_theme(theme)
        self._choose_theme(config.board.theme)
        self.set_reactive(DeskApp.now_ms, clock())
        self.set_class(self._ascii, "-ascii")
        self.add_mode("board", self._make_board)

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        for complaint in self._complaints:
            self.notify(complaint, severity="warning", timeout=15, markup=False)
        self.set_interval(POLL_S, self.poll)

    async def on_event(self, event: Event) -> None:
        """Do what a key or a paste is for at once, before the next one is looked at.

        Handed on, letters would overtake the keys that are bound to something, which come back here first; and those
        that follow the one by which a line is opened or left would go elsewhere.
        """
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self.app_focus = True  # so that the line has the focus again; Textual does it for keys only
            typist = self._typist
            if typist is not None and await typist.take(event):
                return
            if isinstance(event, Key) and await self._do_bound(event):
                return
        await super().on_event(event)

    async def _do_bound(self, key: Key) -> bool:
        """Do what a key is bound to; return whether it is to anything, and not to be typed in a line of Textual's."""
        focused = self.focused
        if focused is not None and focused.check_consume_key(key.key, key.character):
            return False
        bound = self.screen.active_bindings.get(key.key)
        return bound is not None and bound.enabled and await self.run_action(bound.binding.action, bound.node)

    @property
    def _typist(self) -> "Dialog[object] | LineInput | None":
        """Where one types now, if one does; until one has, the modules of lines and dialogs are not loaded."""
        if "screens.line_input" not in sys.modules:
            return None
        from screens.dialog import Dialog
        from screens.line_input import LineInput

        if self.screen_stack and isinstance(self.screen, Dialog):
            return self.screen
        return self.focused if isinstance(self.focused, LineInput) else None

    def on_ready(self) -> None:
        """Collect garbage again if the start had turned it off; what was made until now stays unsearched."""
        self.stands = True
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    def settle(self) -> None:
        """Leave out of the search for garbage what the first log has loaded, too: a key must not wait for that search.

        Only once: lines of a log that is closed by then would never be given back.
        """
        if not self._settled:
            self._settled = True
            gc.freeze()

    def poll(self) -> None:
        """Ask for a new board, unless the last question is not answered yet, and let the clock go on.

        A thread asks: a store that is written to may let a reader wait, and a collector may have to be started.
        """
        now_ms = self._now()
        if not self._polling:
            self._polling = True
            self.run_worker(partial(self._poll_on_thread, now_ms), thread=True, group="poll")
        if now_ms // 1000 != self.now_ms // 1000:
            self.now_ms = now_ms

    def _poll_on_thread(self, now_ms: int) -> None:
        """Send what is new as one message: a thread touches neither widget nor reactive."""
        try:
            polled = self._ask(now_ms)
            if polled.board is not None or polled.problem != self.problem:
                self.post_message(polled)
        finally:
            self._polling = False

    def _ask(self, now_ms: int) -> "Polled":
        try:
            return Polled(now_ms, self._feed.poll(now_ms))
        except FeedError as error:
            return Polled(now_ms, None, str(error))

    def on_polled(self, message: "Polled") -> None:
        self._take(message)

    def _take(self, polled: "Polled") -> None:
        """Show a board, or say why there is none."""
        self.problem = polled.problem
        if polled.board is not None:
            self.set_reactive(DeskApp.now_ms, max(polled.now_ms, self.now_ms))
            self.board = polled.board

    def register_theme(self, theme: "Theme") -> None:
        """Register a theme; kept by name, too."""
        super().register_theme(theme)
        self._themes[theme.name] = theme

    def get_theme(self, theme_name: str) -> "Theme | None":
        """Return a theme by name: Textual asks for each line that it paints, and copies a dictionary of all for it."""
        return self._themes.get(theme_name) or super().get_theme(theme_name)

    def action_interrupt(self) -> None:
        self.exit(return_code=130)

    def action_command_palette(self) -> None:
        """Open the palette; Textual's own is drawn with more than ASCII."""
        if not self._ascii:
            super().action_command_palette()
        elif not isinstance(self.screen, ModalScreen):
            from screens.palette import AsciiPalette

            self.push_screen(AsciiPalette(placeholder="Search for commands", id="--command-palette"))

    def get_key_display(self, binding: Binding) -> str:
        """Write keys as they are printed on keyboards; Textual's own signs are of ambiguous width."""
        return KEY_WORDS.get(binding.key) or super().get_key_display(binding)

    def copy(self, title: str, text: str) -> None:
        """Copy a text and show it, for terminals that ignore it."""
        from screens.copying import CopyScreen

        self.copy_to_clipboard(text)
        self.push_screen(CopyScreen(title, text))

    def open_logs(self, request: "LogRequest") -> None:
        """Open the logs screen over the one that is shown."""
        # Imported here: most starts never open a log, and no client may be loaded before one is.
        from screens.log_doors import LogDoors
        from screens.logs import LogsScreen

        if self._log_doors is None:
            self._log_doors = LogDoors(self._config)
        screen = LogsScreen(self._setup(), self._ink(), request, self._log_doors)
        screen.begin()
        self.push_screen(screen)

    def open_console(self, job: str, build: int | None = None) -> None:
        """Open the console log of a build in the logs screen; of the last one where it is None."""
        from screens.log_request import of_console

        self.open_logs(of_console(job, build))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Fill the palette from the bindings of the screen, so that it cannot tell of keys that are not."""
        seen = set()
        for node, binding, enabled, tooltip in screen.active_bindings.values():
            if enabled and binding.id and binding.action not in seen and not binding.id.startswith("cursor."):
                seen.add(binding.action)
                action = binding.action
                yield SystemCommand(
                    binding.description.capitalize(),
                    tooltip or binding.tooltip,
                    lambda action=action, node=node: self.run_action(action, node),
                )
        yield SystemCommand("Theme", "Choose another theme", self.action_change_theme)

    def _make_board(self) -> BoardScreen:
        """Make the first screen. The first board is read before it is painted: one paint instead of two."""
        self._bind_keys()
        self._take(self._ask(self._now()))
        return BoardScreen(self._setup(), self._ink())

    def _setup(self) -> Setup:
        return Setup(
            config=self._config,
            feed=self._feed,
            zone=_zone(self._config.board.timezone),
            ascii=self._ascii,
            asking=self._asking,
        )

    def _ink(self) -> Ink:
        return make_ink(self.theme_variables, self.no_color)

    def _theme_changed(self, _theme: "Theme") -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Frame):
                screen.set_ink(self._ink())

    def _choose_theme(self, name: str) -> None:
        name = ALIASES.get(name, name)
        if name in self.available_themes:
            self.theme = name
        else:
            self.theme = "statusdesk"
            self._complaints.append(f"theme '{name}' is not known; see ctrl+p, Theme")

    def _bind_keys(self) -> None:
        """Take the keymap of the configuration; tell of ids that no binding has."""
        from screens.matrix import Matrix

        keymap = dict(self._config.board.keymap)
        known = _binding_ids(DeskApp, BoardScreen, Matrix)
        if keymap.keys() - known:
            # Imported only for this: most starts change no key, and the first paint does not wait for these screens.
            from screens.alerts import AlertsScreen
            from screens.build_page import BuildScreen
            from screens.builds import BuildsScreen
            from screens.environments import EnvironmentsScreen
            from screens.log_lineview import LogLineView
            from screens.logs import LogsScreen
            from screens.rollout import RolloutScreen
            from screens.tokens import TokenScreen, TokensScreen
            from screens.workloads import WorkloadsScreen

            known |= _binding_ids(RolloutScreen, KeyedLines, WorkloadsScreen, LogsScreen, LogLineView, AlertsScreen)
            known |= _binding_ids(BuildsScreen, BuildScreen, TokensScreen, TokenScreen, EnvironmentsScreen)
        for unknown in sorted(keymap.keys() - known):
            from difflib import get_close_matches

            near = get_close_matches(unknown, known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(sorted(known))}"
            self._complaints.append(f"keymap: no key has the id '{unknown}'{hint}")
        self.set_keymap({id: keys for id, keys in keymap.items() if id in known})


def _binding_ids(*owners: type[DOMNode]) -> set[str]:
    """Return the ids of the keys that a screen or widget itself has."""
    bindings = (binding for owner in owners for binding in owner.BINDINGS)
    return {binding.id for binding in bindings if isinstance(binding, Binding) and binding.id}


def _zone(name: str) -> datetime.tzinfo:
    if name in ("", "UTC"):
        return datetime.UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)
