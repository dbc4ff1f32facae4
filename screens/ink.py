"""The styles that lines are drawn with, made once from a theme.

Colour is spent on what is not well. Without colour (``NO_COLOR`` or a theme that has none) the levels are told by
reverse, bold, underline and dim; glyph and word tell them in any case.
"""

from collections.abc import Mapping

import msgspec
from rich.style import Style
from textual.color import Color, ColorParseError

from statusdesk.board import Mark

TINTS = 6
_FALLBACKS = {"desk-moving": "primary", "desk-soaking": "accent", "desk-skew": "secondary", "desk-blocked": "warning"}


class Ink(msgspec.Struct, frozen=True, kw_only=True):
    """Styles by what they mean. ``well_`` variants are for rows in which nothing is wrong."""

    plain: Style
    quiet: Style
    strong: Style
    title: Style
    rule: Style
    key: Style
    good: Style
    alarm: Style  # reverse: the collector has gone, the store cannot be read
    past: Style  # the banner of a board of the past
    glyphs: Mapping[Mark, Style]
    badges: Mapping[Mark, Style]  # the glyph in front of a row
    words: Mapping[Mark, Style]  # version and sentences of that mark
    tints: tuple[Style, ...]
    well_glyph: Style
    well_tints: tuple[Style, ...]
    row: Style  # laid over the row under the cursor
    cell: Style  # laid over the cell under the cursor
    well_cell: Style  # the same in a row that is well, whose text is too dim to stand on it


def make_ink(variables: Mapping[str, str], colourless: bool) -> Ink:
    """Return the ink for a theme's variables, or without any colour."""
    if colourless or variables.get("background", "").startswith("ansi"):
        return _colourless()
    return _coloured(variables)


class _Palette:
    """The colours of a theme, with what stands in where it gives none."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.ground = ground = _colour(variables, "background", "#101010")
        self.face = face = _colour(variables, "foreground", "#d0d0d0")
        self.error = _colour(variables, "error", "#ff5f5f")
        self.quiet = _colour(variables, "desk-quiet", "", ground.blend(face, 0.5))
        self.good = _colour(variables, "success", "#5faf5f")
        self.warning = _colour(variables, "warning", "#d7af5f")
        self.primary = _colour(variables, "primary", "#87afd7")
        self.strong = face.blend(Color.parse("white"), 0.4 if ground.brightness < 0.5 else 0)
        self.cursor = ground.blend(face, 0.13).blend(self.primary, 0.28).rich_color
        self.tints = [_colour(variables, f"desk-tint-{n}", "", _spread(face, ground, n)) for n in range(TINTS)]
        self._variables = variables

    def named(self, name: str) -> Color:
        """Return one of our own colours, or the theme's colour that is nearest in meaning."""
        return _colour(self._variables, name, "", _colour(self._variables, _FALLBACKS[name], "#87afd7"))

    def on_ground(self, color: Color, *, bold: bool | None = None, italic: bool | None = None) -> Style:
        """Return the style of text in a colour on the background."""
        return Style(color=color.rich_color, bgcolor=self.ground.rich_color, bold=bold, italic=italic)


def _coloured(variables: Mapping[str, str]) -> Ink:
    palette = _Palette(variables)
    ground, face, on_ground = palette.ground, palette.face, palette.on_ground
    on = ground.rich_color
    shout = Style(color=on, bgcolor=palette.error.rich_color, bold=True)
    glyphs, words = _marks(palette)
    return Ink(
        plain=on_ground(face),
        quiet=on_ground(palette.quiet),
        strong=on_ground(palette.strong, bold=True),
        title=on_ground(palette.quiet),
        rule=on_ground(ground.blend(face, 0.22)),
        key=on_ground(palette.primary),
        good=on_ground(palette.good),
        alarm=shout,
        past=Style(color=on, bgcolor=palette.warning.rich_color, bold=True),
        glyphs=glyphs,
        badges={**glyphs, Mark.ON_ITS_WAY: shout, Mark.FAILING: on_ground(palette.error, bold=True)},
        words=words,
        tints=tuple(on_ground(tint) for tint in palette.tints),
        well_glyph=on_ground(ground.blend(palette.good, 0.6)),
        well_tints=tuple(on_ground(ground.blend(tint, 0.6)) for tint in palette.tints),
        row=Style(bgcolor=ground.blend(face, 0.06).rich_color),
        cell=Style(bgcolor=palette.cursor),
        well_cell=Style(color=face.rich_color, bgcolor=palette.cursor),
    )


def _marks(palette: _Palette) -> tuple[dict[Mark, Style], dict[Mark, Style]]:
    """Return the styles of the glyph and of the words of each mark."""
    colors = {
        Mark.OK: palette.good,
        Mark.PROGRESSING: palette.named("desk-moving"),
        Mark.SOAKING: palette.named("desk-soaking"),
        Mark.BLOCKED: palette.named("desk-blocked"),
        Mark.SKEW: palette.named("desk-skew"),
        Mark.HELD: palette.named("desk-soaking"),
    }
    error, ground = palette.error, palette.ground
    bad = Style(color=error.rich_color, bgcolor=ground.blend(error, 0.16).rich_color, bold=True)
    warning = palette.on_ground(palette.warning, bold=True)
    glyphs = {mark: palette.on_ground(colors.get(mark, palette.quiet)) for mark in Mark}
    glyphs |= {Mark.FAILING: bad, Mark.ON_ITS_WAY: bad, Mark.WARNING: warning}
    unknown = palette.on_ground(palette.quiet, italic=True)
    return glyphs, {Mark.FAILING: bad, Mark.ON_ITS_WAY: bad, Mark.WARNING: warning, Mark.UNKNOWN: unknown}


def _colourless() -> Ink:
    plain, dim, bold = Style(), Style(dim=True), Style(bold=True)
    loud = Style(bold=True, reverse=True)
    glyphs = dict.fromkeys(Mark, plain) | {
        Mark.PROGRESSING: Style(underline=True),
        Mark.WARNING: bold,
        Mark.FAILING: loud,
        Mark.ON_ITS_WAY: loud,
        Mark.BLOCKED: bold,
        Mark.UNKNOWN: Style(dim=True, italic=True),
        Mark.SKEW: bold,
        Mark.ABSENT: dim,
    }
    return Ink(
        plain=plain,
        quiet=dim,
        strong=bold,
        title=dim,
        rule=dim,
        key=bold,
        good=bold,
        alarm=loud,
        past=loud,
        glyphs=glyphs,
        badges=glyphs,
        words={Mark.FAILING: bold, Mark.ON_ITS_WAY: bold, Mark.WARNING: bold, Mark.UNKNOWN: Style(italic=True)},
        tints=(plain,) * TINTS,
        well_glyph=dim,
        well_tints=(dim,) * TINTS,
        row=plain,
        cell=Style(reverse=True),
        well_cell=Style(reverse=True, dim=False),
    )


def _colour(variables: Mapping[str, str], name: str, fallback: str, instead: Color | None = None) -> Color:
    """Return a theme's colour, or the fallback where the theme has none or one that only CSS can resolve."""
    try:
        return Color.parse(variables[name])
    except (KeyError, ColorParseError):
        return instead if instead is not None else Color.parse(fallback)


def _spread(face: Color, ground: Color, number: int) -> Color:
    """Return the tint of a theme that gives none: foreground, fading with the number."""
    return ground.blend(face, 0.95 - 0.08 * number)
