"""The help panel: what the screen is for, what the signs mean, and every key as it is bound now."""

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Markdown, Static

from screens.dialog import Dialog
from screens.ink import Ink
from statusdesk.marks import GLYPHS


class HelpScreen(Dialog[None]):
    """Made from the bindings' own tooltips and the screen's ``HELP``, so that it cannot tell of keys that are not."""

    BINDINGS = [Binding("escape,q,question_mark", "leave", "back", id="help.leave", tooltip="Close the help")]

    def __init__(self, markdown: str, active: dict[str, ActiveBinding], ink: Ink, ascii_only: bool) -> None:
        super().__init__()
        self._markdown, self._active, self._ink, self._ascii = markdown, active, ink, ascii_only

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield Static(Content("Help"), classes="dialog-title")
            with VerticalScroll(classes="dialog-body"):
                yield Static(self._keys(), id="help-keys")
                yield Static(self._legend(), id="help-signs")
                yield Markdown(self._markdown)

    def action_leave(self) -> None:
        self.dismiss(None)

    def _keys(self) -> Text:
        """Return one line per action: all its keys, then what it does."""
        actions: dict[str, tuple[list[str], str]] = {}
        for _, binding, _, tooltip in sorted(self._active.values(), key=_moves_cursor):
            said = tooltip or binding.tooltip
            if said and not binding.system:
                keys, _ = actions.setdefault(binding.action, ([], said))
                keys.append(self.app.get_key_display(binding))
        text = Text()
        for keys, said in actions.values():
            text.append(f"{' '.join(dict.fromkeys(keys)):>16}  ", self._ink.key)
            text.append(f"{said}\n", self._ink.plain)
        return text

    def _legend(self) -> Text:
        text = Text()
        for mark, (unicode_glyph, ascii_glyph, word) in GLYPHS.items():
            text.append(f"{ascii_glyph if self._ascii else unicode_glyph:>16}  ", self._ink.glyphs[mark])
            text.append(f"{word}\n", self._ink.plain)
        for unicode_sign, ascii_sign, word in (
            ("\u21e32", "-2", "so many versions behind the stage to its left"),
            ("\u2262", "!=", "same version as to its left, but another image digest"),
        ):
            text.append(f"{ascii_sign if self._ascii else unicode_sign:>16}  ", self._ink.key)
            text.append(f"{word}\n", self._ink.plain)
        return text


def _moves_cursor(active: ActiveBinding) -> bool:
    """Say whether a key only moves about; those come last."""
    return active.binding.action.partition("(")[0] in ("cursor", "page", "edge")
