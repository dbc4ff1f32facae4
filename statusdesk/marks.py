"""The glyph, its ASCII form and the word of each mark, and the mark of each level.

All glyphs are one column wide in every terminal: none is of ambiguous East Asian width, none is drawn as an emoji.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from statusdesk.board import Mark
from statusdesk.states import Level


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
        Mark.HELD: Glyph("⊣", "-|", "held back"),
        Mark.IDLE: Glyph("⊝", "00", "scaled to 0"),
        Mark.UNKNOWN: Glyph("?", "??", "unknown"),
        Mark.SKEW: Glyph("»", "<<", "older than later stages"),
        Mark.ABSENT: Glyph("-", "--", "not here"),
        Mark.NO_ACCESS: Glyph("⊠", "xx", "no access"),
    }
)

LEVEL_MARKS: Mapping[Level, Mark] = MappingProxyType(
    {
        Level.OK: Mark.OK,
        Level.PROGRESSING: Mark.PROGRESSING,
        Level.SCALING: Mark.PROGRESSING,
        Level.PAUSED: Mark.PAUSED,
        Level.IDLE: Mark.IDLE,
        Level.WARNING: Mark.WARNING,
        Level.FAILING: Mark.FAILING,
        Level.UNKNOWN: Mark.UNKNOWN,
    }
)
"""The mark of one rollout's level; a cell may have another one by what its neighbours run."""
