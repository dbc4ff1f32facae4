"""The glyph, its ASCII form and the word of each mark.

All glyphs are one column wide in every terminal: none is of ambiguous East Asian width, none is drawn as an emoji.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from statusdesk.board import Mark


class Glyph(NamedTuple):
    """A mark as a character, as two ASCII characters, and as a word."""

    unicode: str
    ascii: str
    word: str


GLYPHS: Mapping[Mark, Glyph] = MappingProxyType(
    {
        Mark.OK: Glyph("✓", "ok", "ok"),
        Mark.PROGRESSING: Glyph("⟳", "~~", "moving"),
        Mark.WARNING: Glyph("⚑", "!?", "warning"),
        Mark.FAILING: Glyph("✗", "XX", "failing"),
        Mark.ON_ITS_WAY: Glyph("‼", "!!", "on its way"),
        Mark.SOAKING: Glyph("◌", "..", "soaking"),
        Mark.BLOCKED: Glyph("⊘", "##", "blocked"),
        Mark.PAUSED: Glyph("¦", "||", "paused"),
        Mark.IDLE: Glyph("⊝", "00", "scaled to 0"),
        Mark.UNKNOWN: Glyph("?", "??", "unknown"),
        Mark.SKEW: Glyph("»", "<<", "older than later stages"),
        Mark.ABSENT: Glyph("-", "--", "not here"),
        Mark.NO_ACCESS: Glyph("⊠", "xx", "no access"),
    }
)
