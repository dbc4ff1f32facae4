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


def _coloured(variables: Mapping[str, str]) -> Ink:
    ground = _colour(variables, "background", "#101010")
    face = _colour(variables, "foreground", "#d0d0d0")
    error = _colour(variables, "error", "#ff5f5f")
    quiet = _colour(variables, "desk-quiet", "", ground.blend(face, 0.5))
    good = _colour(variables, "success", "#5faf5f")
    warning = _colour(variables, "warning", "#d7af5f")
    panel = ground.blend(face, 0.13)

    cursor = panel.blend(_colour(variables, "primary", "#87afd7"), 0.28).rich_color

    def named(name: str) -> Color:
        return _colour(variables, name, "", _colour(variables, _FALLBACKS[name], "#87afd7"))

    tints = [_colour(variables, f"desk-tint-{n}", "", _spread(face, ground, n)) for n in range(TINTS)]
    on = ground.rich_color
    fg = {
        Mark.OK: good,
        Mark.PROGRESSING: named("desk-moving"),
        Mark.WARNING: warning,
        Mark.FAILING: error,
        Mark.ON_ITS_WAY: error,
        Mark.SOAKING: named("desk-soaking"),
        Mark.BLOCKED: named("desk-blocked"),
        Mark.SKEW: named("desk-skew"),
    }
    glyphs = {mark: Style(color=fg.get(mark, quiet).rich_color, bgcolor=on) for mark in Mark}
    bad = Style(color=error.rich_color, bgcolor=ground.blend(error, 0.16).rich_color, bold=True)
    shout = Style(color=on, bgcolor=error.rich_color, bold=True)
    glyphs |= {Mark.FAILING: bad, Mark.ON_ITS_WAY: bad, Mark.WARNING: glyphs[Mark.WARNING] + Style(bold=True)}
    badges = glyphs | {Mark.ON_ITS_WAY: shout, Mark.FAILING: Style(color=error.rich_color, bgcolor=on, bold=True)}
    unknown = Style(color=quiet.rich_color, bgcolor=on, italic=True)
    words = {Mark.FAILING: bad, Mark.ON_ITS_WAY: bad, Mark.WARNING: glyphs[Mark.WARNING], Mark.UNKNOWN: unknown}
    return Ink(
        plain=Style(color=face.rich_color, bgcolor=on),
        quiet=Style(color=quiet.rich_color, bgcolor=on),
        strong=Style(
            color=face.blend(Color.parse("white"), 0.4 if ground.brightness < 0.5 else 0).rich_color,
            bgcolor=on,
            bold=True,
        ),
        title=Style(color=quiet.rich_color, bgcolor=on),
        rule=Style(color=ground.blend(face, 0.22).rich_color, bgcolor=on),
        key=Style(color=_colour(variables, "primary", "#87afd7").rich_color, bgcolor=on),
        good=Style(color=good.rich_color, bgcolor=on),
        alarm=shout,
        past=Style(color=on, bgcolor=warning.rich_color, bold=True),
        glyphs=glyphs,
        badges=badges,
        words=words,
        tints=tuple(Style(color=tint.rich_color, bgcolor=on) for tint in tints),
        well_glyph=Style(color=ground.blend(good, 0.6).rich_color, bgcolor=on),
        well_tints=tuple(Style(color=ground.blend(tint, 0.6).rich_color, bgcolor=on) for tint in tints),
        row=Style(bgcolor=ground.blend(face, 0.06).rich_color),
        cell=Style(bgcolor=cursor),
        well_cell=Style(color=face.rich_color, bgcolor=cursor),
    )


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
