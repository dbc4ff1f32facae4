"""Textual's palette for terminals that show ASCII only: no icon, plain lines, no scroll bar."""

from textual.command import CommandPalette, SearchIcon


class AsciiPalette(CommandPalette):
    """Opened in place of Textual's own when glyphs are ASCII."""

    CSS = """
    AsciiPalette #--input, AsciiPalette #--input.--list-visible { border: none; }
    AsciiPalette SearchIcon { width: 1; }
    AsciiPalette CommandList { border: none; text-overflow: clip; scrollbar-size-vertical: 0; }
    AsciiPalette LoadingIndicator, AsciiPalette LoadingIndicator.--visible { display: none; border: none; }
    """

    def on_mount(self) -> None:
        self.query_one(SearchIcon).icon = ">"
