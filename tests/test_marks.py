import unicodedata

from statusdesk.board import Mark
from statusdesk.marks import GLYPHS


def test_every_mark_has_a_glyph_of_its_own_that_is_one_column_wide() -> None:
    assert set(GLYPHS) == set(Mark)
    for glyph in GLYPHS.values():
        assert len(glyph.unicode) == 1
        assert unicodedata.east_asian_width(glyph.unicode) in ("N", "Na")
        assert len(glyph.ascii) == 2 and glyph.ascii.isascii()
        assert glyph.word
    for index in range(3):
        assert len({glyph[index] for glyph in GLYPHS.values()}) == len(Mark)
