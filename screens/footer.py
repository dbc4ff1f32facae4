"""The bottom line: the keys, as they are bound now; each can be clicked."""

from collections.abc import Sequence

from textual.binding import ActiveBinding

from screens.ink import Ink
from screens.linewidget import LineWidget
from screens.strips import Line, cells

PINNED = 2


class FooterLine(LineWidget):
    """Draws the bindings that are marked to be shown, in order, as far as they fit; help and quit always."""

    def __init__(self, ink: Ink) -> None:
        super().__init__(ink, id="footer")
        self._keys: list[tuple[str, str, str]] = []

    def show_bindings(self, active: dict[str, ActiveBinding], order: Sequence[str]) -> None:
        """Take the keys from the active bindings: one entry per action, by its first key.

        ``order``: the actions of the screen as it lists them; what all screens have is bound before what one has.
        """
        entries: dict[str, tuple[str, str, str]] = {}
        for _, binding, enabled, _ in active.values():
            if binding.show and enabled and binding.action not in entries:
                entries[binding.action] = (self.app.get_key_display(binding), binding.description, binding.action)
        ours = iter([action for action in order if action in entries])
        self._keys = [entries[next(ours)] if action in order else entry for action, entry in entries.items()]
        self.redraw()

    def draw(self, width: int) -> Line:
        line = Line().put(" ", self.ink.plain)
        if not self._keys:
            return line
        pinned = self._keys[-PINNED:]
        reserved = sum(cells(key) + cells(words) + 4 for key, words, _ in pinned) - 3
        for key, words, action in self._keys[:-PINNED]:
            if line.x + cells(key) + cells(words) + 4 + reserved <= width:
                self._put(line, key, words, action)
        for key, words, action in pinned:
            self._put(line, key, words, action)
        return line

    def _put(self, line: Line, key: str, words: str, action: str) -> None:
        start = line.x
        line.put(key, self.ink.key).put(f" {words}", self.ink.quiet)
        self.spots.append((start, line.x, f"screen.{action}" if "." not in action else action))
        line.put("   ", self.ink.plain)
