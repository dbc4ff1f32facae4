"""What the keys of the logs screen take along: a line in full, lines to copy, lines in a file."""

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message

from collectors.log_lines import LogLine, Origin
from screens.frame import Frame
from screens.log_doors import in_background
from screens.log_missing import with_missing
from screens.log_pane import LogPane
from screens.log_rows import size
from screens.log_saving import as_text, file_name, for_copying, path_problem, save
from statusdesk.redact import safe
from statusdesk.text import counted

if TYPE_CHECKING:
    from screens.log_dialogs import LineScreen


class WholeRead(Message):
    """All of a line has been read, for a dialog that shows it, or could not be."""

    def __init__(self, dialog: "LineScreen", text: str, missing: str = "") -> None:
        """``missing``: what of the line could not be read, and why; ``text`` is what there is of it."""
        super().__init__()
        self.dialog, self.text, self.missing = dialog, text, missing


class Saved(Message):
    """Lines have been written to a file, or could not be."""

    def __init__(self, words: str, problem: bool) -> None:
        super().__init__()
        self.words, self.problem = words, problem


class LogTaking(Frame):
    """The part of the logs screen that gives lines away."""

    @property
    def pane(self) -> LogPane:
        """The log that the keys go to."""
        raise NotImplementedError

    def hurry(self) -> None:
        """Go on sooner than at the next tick."""
        raise NotImplementedError

    def say(self, words: str) -> None:
        """Tell the reader something, if it is anything."""
        if words:
            self.app.notify(words, markup=False, timeout=4)

    def line(self) -> LogLine | None:
        """Return the line under the cursor, else the newest one that is shown."""
        pane = self.pane
        number = pane.view.cursor
        if number is None or number not in pane.feed.ring:
            number = pane.feed.shown[len(pane.feed.shown) - 1] if len(pane.feed.shown) else None
        return pane.feed.ring[number] if number is not None else None

    def action_whole(self) -> None:
        """Unfold a trace, else show all of the line."""
        from screens.log_dialogs import LineScreen

        pane, line = self.pane, self.line()
        if line is None:
            return
        cursor = pane.view.cursor
        if cursor is not None and pane.toggle_trace(cursor):
            self.hurry()
            return
        follower, origins = pane.feed.follower, pane.feed.origins
        origin = origins[line.origin] if line.origin < len(origins) else None
        cut = bool(line.cut_bytes) and follower is not None
        redact = pane.request.redact
        dialog = LineScreen(line, origin, self.zone, reading=cut, redacted=redact)
        self.app.push_screen(dialog)
        if cut and follower is not None:
            in_background(partial(self._read_whole, partial(follower.whole, redact=redact), line, dialog))

    def _read_whole(self, whole: Callable[[LogLine], str], line: LogLine, dialog: "LineScreen") -> None:
        """Read all of a line; runs on a thread."""
        try:
            message = WholeRead(dialog, whole(line))
        except Exception as error:  # whatever the network raises is told above what is here of the line
            why = safe(str(error)) or type(error).__name__
            message = WholeRead(dialog, line.text, f"The last {size(line.cut_bytes)} of it are missing: {why}.")
        self.post_message(message)

    @on(WholeRead)
    def _whole_read(self, message: WholeRead) -> None:
        message.dialog.show_missing(message.missing)
        message.dialog.show_text(message.text)

    def action_copy_line(self) -> None:
        line = self.line()
        if line is not None:
            cut = f"; {counted(line.cut_bytes, 'byte')} of it are not here: enter, then y" if line.cut_bytes else ""
            self.app.copy(f"One line{cut}", as_text(line, self.pane.feed.origins))

    def action_copy_lines(self) -> None:
        """Copy from the nearest mark to the cursor; without a mark what is in sight."""
        pane = self.pane
        view, shown = pane.view, pane.feed.shown
        numbers = view.in_sight()
        if view.cursor is not None and view.marked:
            cursor = view.cursor
            mark = min(view.marked, key=lambda number: abs(number - cursor))
            first, last = shown.place(min(mark, cursor)), shown.place(max(mark, cursor))
            numbers = shown.with_traces(shown[place] for place in range(first, min(last + 1, len(shown))))
        lines = [pane.feed.ring[number] for number in numbers]
        text, count, left = for_copying(lines, pane.feed.origins)
        more = f"; {left:,} more are too much for a terminal: S saves them" if left else ""
        cut = sum(line.cut_bytes > 0 for line in lines[:count])
        more += f"; {cut:,} cut: S saves them whole" if cut else ""
        self.app.copy(f"{counted(count, 'line')}{more}", text)

    def action_save(self) -> None:
        """Ask which lines and where, and write them to a new file."""
        from screens.choice import Choice, Entry

        pane = self.pane
        if not pane.filters.any:
            self._ask_where(pane, everything=True)
            return
        entries = [Entry(f"what the filters let through: {counted(len(_let_through(pane)), 'line')}")]
        entries.append(Entry(f"everything that is here: {counted(len(pane.feed.ring), 'line')}"))

        def chosen(index: int | None) -> None:
            if index is not None:
                self._ask_where(pane, everything=index == 1)

        self.app.push_screen(Choice("Save", entries, "enter: where to. esc: back"), chosen)

    def _ask_where(self, pane: LogPane, *, everything: bool) -> None:
        from screens.prompts import Prompt

        def answered(text: str | None) -> None:
            if text:
                ring = pane.feed.ring
                numbers = range(ring.first, ring.end) if everything else _let_through(pane)
                lines, follower = with_missing(ring, numbers, pane.feed.further.asked_from_ns), pane.feed.follower
                redact = pane.request.redact
                whole = partial(follower.whole, redact=redact) if follower is not None else attrgetter("text")
                work = partial(self._save, Path(text.strip()).expanduser(), lines, list(pane.feed.origins), whole)
                self.run_worker(work, thread=True, group="save", exit_on_error=False)

        name = file_name(pane.request.where, self.app.now_ms, self.zone)
        hint = "a new file; what looks like a secret is hidden" if pane.request.redact else "a new file, WITH SECRETS"
        self.app.push_screen(Prompt("Save to", hint, path_problem, value=name), answered)

    def _save(self, path: Path, lines: list[LogLine], origins: list[Origin], whole: Callable[[LogLine], str]) -> None:
        """Write the file; runs on a thread."""
        try:
            count, cut = save(path, lines, origins, whole)
        except OSError as error:
            self.post_message(Saved(f"{path}: {error.strerror or error}", problem=True))
        else:
            said = f"; {cut:,} of them cut, as the rest cannot be read any more" if cut else ""
            self.post_message(Saved(f"{counted(count, 'line')} saved to {path.absolute()}{said}", problem=False))

    @on(Saved)
    def _saved(self, message: Saved) -> None:
        self.app.notify(message.words, severity="error" if message.problem else "information", markup=False, timeout=10)


def _let_through(pane: LogPane) -> list[int]:
    """Return the lines that the filters let through, whether their traces are folded or not."""
    shown = pane.feed.shown
    return shown.with_traces(shown[place] for place in range(len(shown)))
