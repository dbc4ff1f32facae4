"""How builds look in short: the mark of a result, the strip of the last ones, how long they took. Pure."""

from collections.abc import Sequence

from rich.style import Style

from screens.pen import Pen
from screens.strips import Line
from statusdesk.board import Mark
from statusdesk.facts import Build
from statusdesk.states import BuildState
from statusdesk.text import span

RESULT_MARKS = {"SUCCESS": Mark.OK, "FAILURE": Mark.FAILING, "UNSTABLE": Mark.WARNING, "": Mark.UNKNOWN}
WORDS = {
    "SUCCESS": "success",
    "FAILURE": "failed",
    "UNSTABLE": "unstable",
    "ABORTED": "aborted",
    "NOT_BUILT": "not built",
    "VANISHED": "no result",
    "": "no result",
}
# Braille is one column wide in every terminal; block elements and circles are not.
SIGNS = {
    Mark.OK: ("\u28c0", "."),
    Mark.WARNING: ("\u28e4", "!"),
    Mark.FAILING: ("\u28ff", "X"),
    Mark.PROGRESSING: ("\u2812", "~"),
    Mark.IDLE: ("\u2802", "-"),
}
# Deleted in Jenkins since: history, as high as it was and half as wide, so that colour alone does not tell it.
DELETED_SIGNS = {
    Mark.OK: ("\u2840", ","),
    Mark.WARNING: ("\u2844", "i"),
    Mark.FAILING: ("\u2847", "x"),
}
LEVELS = ("\u2840\u28c0\u28c4\u28e4\u28e6\u28f6\u28f7\u28ff", "__--==##")
SLOW, SLOW_BY_MS = 1.5, 20_000
BAR = 10


def word(result: str) -> str:
    return WORDS.get(result, result.lower().replace("_", " "))


def mark_of(build: Build) -> Mark:
    """Return the mark of one build; one that was aborted or never built tells nothing about the version."""
    if build.building:
        return Mark.PROGRESSING
    return RESULT_MARKS.get(build.result or "VANISHED", Mark.IDLE)


def put_strip(line: Line, builds: Sequence[Build] | None, size: int, pen: Pen) -> Line:
    """Append the last builds, the newest at the right; None: they are not read yet. Deleted ones are history."""
    shown = list(reversed((builds or ())[:size]))
    line.put(" " * (size - len(shown)), pen.ink.plain)
    for build in shown:
        mark = mark_of(build)
        style = pen.ink.well_glyph if mark is Mark.OK else pen.ink.badges[mark]
        signs = DELETED_SIGNS.get(mark, SIGNS[mark]) if build.deleted else SIGNS[mark]
        line.put(signs[1 if pen.ascii else 0], pen.ink.quiet if build.deleted else style)
    return line


def levels(shares: Sequence[float], pen: Pen) -> str:
    """Return one sign for each share of the whole: a line that rises and falls."""
    signs = LEVELS[1 if pen.ascii else 0]
    return "".join(signs[max(0, min(len(signs) - 1, int(share * len(signs))))] for share in shares)


def took(duration_ms: int, usual_ms: int | None, pen: Pen) -> tuple[str, Style]:
    """Return how long a build took, and how many times the usual that is where it took unusually long."""
    if not duration_ms:
        return "", pen.ink.quiet
    words = span(duration_ms)
    if usual_ms and duration_ms > usual_ms * SLOW and duration_ms - usual_ms > SLOW_BY_MS:
        return f"{words} {pen.times}{duration_ms / usual_ms:.1f}", pen.ink.words[Mark.WARNING]
    return words, pen.ink.quiet


def put_progress(line: Line, started_ms: int | None, usual_ms: int | None, pen: Pen, room: int | None = None) -> Line:
    """Append how far a build is by how long the last ones took that succeeded, and what is left of that.

    With ``room``, no more cells than that: fewer words, and only then a mark where some have no room.
    """
    ink = pen.ink
    ran_ms = max(0, pen.now_ms - started_ms) if started_ms is not None else 0
    if room is not None:
        whole = put_progress(Line(), started_ms, usual_ms, pen)
        short = whole if whole.x <= room or usual_ms else Line().put(f"for {span(ran_ms)}", ink.quiet)
        return line.cut(short, room) if short.x <= room else line.cut_marked(short, room, pen.dots)
    if not usual_ms:
        return line.put(f"for {span(ran_ms)}; how long it takes is not known yet", ink.quiet)
    full, empty = pen.bar(ran_ms / usual_ms, BAR)
    line.put(full, ink.glyphs[Mark.PROGRESSING]).put(empty, ink.rule)
    if ran_ms > usual_ms:
        late = ran_ms > usual_ms * SLOW and ran_ms - usual_ms > SLOW_BY_MS
        said = f" {span(ran_ms)}, usually {span(usual_ms)}"
        return line.put(said, ink.words[Mark.WARNING] if late else ink.plain)
    return line.put(f" {ran_ms * 100 // usual_ms:>2}% ", ink.plain).put(
        f"about {span(usual_ms - ran_ms)} left", ink.quiet
    )


def is_running(state: BuildState) -> bool:
    return state.other_number is not None and not state.other_result
