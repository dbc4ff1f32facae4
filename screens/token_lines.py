"""The lines of the tokens: how long each will live, what its renewals gave, and who needs it. Pure."""

from collections.abc import Sequence

import msgspec
from rich.style import Style

from screens.build_marks import levels, word
from screens.pen import Pen
from screens.strips import Line, cells, fit, fold, right
from statusdesk.board import Mark
from statusdesk.job_names import shown_build
from statusdesk.marks import LEVEL_MARKS
from statusdesk.states import TROUBLED, Grant, Level, TokenState
from statusdesk.text import age, counted, span

BAR, LEAST_BAR, SAW, NAME_MOST = 14, 6, 16, 28
LEFT, RENEWED, EVERY, NEXT, SURVIVES = 8, 7, 5, 11, 8
FIXED = 4 + 2 + 1 + LEFT + 2 + RENEWED + 2 + EVERY + 2 + NEXT + 2 + SURVIVES + 1
"""What all columns but the name and the bar take, with the blanks between them."""
SAW_FROM, BESIDE_FROM, ALL_BESIDE_FROM = 100, 130, 180
RED_AND_LAPSING, IDLE = "job red, token lapses", "job has not run"
"""What the judgement says of a token in danger whose job fails, in how long is told here; and of a job that rests."""
MOST_FOLDS = 3
TEETH = 5  # more of them would be drawn too narrow to be seen


Folds = tuple[int, ...]
"""In how many lines each sentence below the line of a token is told."""


class TokenColumns(msgspec.Struct, frozen=True):
    """Widths; 0 for what there is no room for."""

    name: int
    bar: int
    saw: int


def share_out(tokens: Sequence[TokenState], width: int) -> TokenColumns:
    """Return the widths for these tokens; the bar gives way to the names, both to the figures."""
    name = min(NAME_MOST, max([8, *(cells(token.name) for token in tokens)]))
    bar = max(LEAST_BAR, min(BAR, width - FIXED - name))
    return TokenColumns(min(name, max(8, width - FIXED - bar)), bar, SAW if width >= SAW_FROM else 0)


def draw_titles(columns: TokenColumns, pen: Pen) -> Line:
    line = Line().put(" " * (2 + len(pen.glyph(Mark.OK))), pen.ink.title)
    titles = [fit("TOKEN", columns.name), fit("LEFT", columns.bar + 1 + LEFT), right("RENEWED", RENEWED)]
    titles += [right("EVERY", EVERY), right("NEXT", NEXT), right("SURVIVES", SURVIVES)]
    titles += [fit("LAST GRANTS", columns.saw)] if columns.saw else []
    titles += ["VERDICT"] if pen.width >= BESIDE_FROM else []
    return line.put("  ".join(titles), pen.ink.title)


def height_of(token: TokenState, width: int, folds: Folds = ()) -> int:
    folded = sum(folds) - len(folds)
    return (0 if _is_beside(token, width) else 1) + (2 if token.level in TROUBLED else 1) + folded


def _is_beside(token: TokenState, width: int) -> bool:
    """Say whether the verdict has room beside the figures; what is not well is told in full."""
    return width >= (ALL_BESIDE_FROM if token.level in TROUBLED else BESIDE_FROM)


def plan_folds(tokens: Sequence[TokenState], room: int, pen: Pen) -> dict[str, Folds]:
    """Share out lines that would stay empty: what is not well is told in full as far as they go, first things first."""
    spare = room - sum(height_of(token, pen.width) for token in tokens)
    folds = {}
    for token in tokens:
        if spare <= 0:
            break
        if token.level is Level.OK:
            continue
        lines = []
        for text, _ in _below(token, pen):
            more = min(spare, len(fold(text, _room(token, pen), MOST_FOLDS)) - 1)
            spare -= max(0, more)
            lines.append(1 + max(0, more))
        folds[token.key] = tuple(lines)
    return folds


def draw_token(
    token: TokenState, columns: TokenColumns, grants: Sequence[Grant] | None, pen: Pen, folds: Folds = ()
) -> list[Line]:
    """Return the line of a token; below, the verdict where it has no room beside, and who needs it when it is bad.

    ``folds``: in how many lines each sentence below is told, one where nothing is said.
    """
    ink, mark = pen.ink, LEVEL_MARKS[token.level]
    bad = token.level in TROUBLED
    face = ink.plain if bad else ink.quiet
    line = pen.put_mark(Line().put(" ", ink.plain), mark)
    line.put(fit(token.name, columns.name, pen.dots) + "  ", ink.strong if bad else ink.plain)
    _put_left(line, token, columns.bar, pen)
    renewed = pen.ago(token.last_renewal_ms) if token.last_renewal_ms is not None else "-"
    line.put("  " + right(renewed, RENEWED), face)
    line.put("  " + right(age(token.renew_every_s * 1000) if token.renew_every_s else "-", EVERY), face)
    words, style = _next(token, pen)
    line.put("  " + right(words, NEXT), style)
    line.put(
        "  " + right(survives(token), SURVIVES),
        ink.words[Mark.WARNING] if token.survives == 0 and not token.is_dead else face,
    )
    if columns.saw:
        line.put(
            "  " + fit(levels(sawtooth((grants or ())[:TEETH], columns.saw, token, pen.now_ms), pen), columns.saw), face
        )
    lines = [line]
    if _is_beside(token, pen.width):
        said, style = _said(token, pen)
        line.put("  ", ink.plain).put(fit(said, max(0, pen.width - line.x - 3), pen.dots).rstrip(), style)
    for index, (text, style) in enumerate(_below(token, pen)):
        most = folds[index] if index < len(folds) else 1
        parts = fold(text, _room(token, pen), most, pen.dots) or [""]
        lines += [Line().put(" " * _indent(token, pen), ink.plain).put(part, style) for part in parts]
    return lines


def _indent(token: TokenState, pen: Pen) -> int:
    return 4 + len(pen.glyph(LEVEL_MARKS[token.level]))


def _room(token: TokenState, pen: Pen) -> int:
    return pen.width - _indent(token, pen) - 1


def _said(token: TokenState, pen: Pen) -> tuple[str, Style]:
    """Return the verdict; of what is not bad with who needs it, which has no line of its own."""
    if token.level in TROUBLED:
        return verdict(token, pen), pen.ink.words.get(LEVEL_MARKS[token.level], pen.ink.plain)
    return f"{verdict(token, pen)}   {needs(token, pen)}", pen.ink.quiet


def _below(token: TokenState, pen: Pen) -> list[tuple[str, Style]]:
    """Return the sentences below the line of a token; as many as ``height_of`` counts."""
    said = [] if _is_beside(token, pen.width) else [_said(token, pen)]
    return [*said, (needs(token, pen), pen.ink.plain)] if token.level in TROUBLED else said


def _put_left(line: Line, token: TokenState, bar: int, pen: Pen) -> None:
    ink, mark = pen.ink, LEVEL_MARKS[token.level]
    if token.is_dead:
        said = "lapsed" if token.reason == "Lapsed" else "gone"
        line.put(said, ink.words[Mark.FAILING]).put(" " * (bar + 1 + LEFT - len(said)), ink.plain)
        return
    if token.reason == "ParentLapses":
        line.put(fit("as its parent", bar + 1 + LEFT), ink.words.get(mark, ink.plain))
        return
    unknown = token.level is Level.UNKNOWN or token.is_unseen
    if token.expire_ms is None or unknown:
        known = "never expires" if token.reason == "NeverExpires" else "never"
        line.put(fit("not known" if unknown else known, bar + 1 + LEFT), ink.quiet)
        return
    left_ms = max(0, token.expire_ms - pen.now_ms)
    whole_ms = token.granted_ms or (token.expire_ms - token.issue_ms if token.issue_ms is not None else left_ms) or 1
    full, empty = pen.bar(left_ms / whole_ms, bar)
    line.put(full, ink.well_glyph if mark is Mark.OK else ink.glyphs[mark]).put(empty, ink.rule)
    line.put(right(span(left_ms), LEFT + 1), ink.plain if token.level in TROUBLED else ink.quiet)


def _next(token: TokenState, pen: Pen) -> tuple[str, Style]:
    if token.next_renewal_ms is None or token.is_dead or token.level is Level.UNKNOWN:
        return "-", pen.ink.quiet
    left_ms = token.next_renewal_ms - pen.now_ms
    when = pen.when(token.next_renewal_ms) if pen.absolute else ""
    if token.missed:
        return f"overdue {age(-left_ms)}", pen.ink.words[Mark.WARNING]
    return when or (f"in {age(left_ms)}" if left_ms >= 0 else "due now"), pen.ink.quiet


def survives(token: TokenState) -> str:
    """Say how many missed runs in a row the last grant lives through."""
    if token.survives is None or token.is_dead or token.level is Level.UNKNOWN:
        return "-"
    return counted(token.survives, "run")


def verdict(token: TokenState, pen: Pen) -> str:
    """Say how it stands in words; what is well says for how long it has been."""
    parts = ["at its cap" if token.at_cap and token.reason not in ("AtCap", "NearsCap") else ""]
    if token.level is Level.OK and token.reason == "Renewing" and token.steady_since_ms is not None:
        parts.append(f"renewed on time for {span(pen.now_ms - token.steady_since_ms)}")
    else:
        parts.append(token.message or token.reason)
    parts += token.notes
    return "; ".join(filter(None, parts))


def needs(token: TokenState, pen: Pen) -> str:
    """Say which applications and namespaces need it, and what its renewal job did last."""
    users = ", ".join(token.apps) or "no application that is known"
    where = f" in {', '.join(token.namespaces)}" if token.namespaces else ""
    parts = [f"used by {users}{where}", job_words(token, pen), f"owner {token.owner}" if token.owner else ""]
    return "   ".join(filter(None, parts))


def job_words(token: TokenState, pen: Pen) -> str:
    """Say what the renewal job did last, held against the token."""
    if not token.renewal_job:
        return ""
    job, says = shown_build(token.renewal_job, token.job_number), _says(token, pen)
    run = ""
    if token.job_number is not None:
        when = f" {pen.since(token.job_ended_ms)}" if token.job_ended_ms is not None else ""
        run = f" {word(token.job_result)}{when}"
    if says and token.said_number not in (None, token.job_number):  # what ended later does not help, or tells nothing
        since = " since" if says == IDLE else ""
        return f"{shown_build(token.renewal_job, token.said_number)}: {says}{since}; then #{token.job_number}{run}"
    return f"{job}{run}" + (f": {says}" if says else "")


def _says(token: TokenState, pen: Pen) -> str:
    """Return what the judgement says of the job, in the tense of now."""
    says = token.job_says
    if token.is_dead:
        return says.replace("token lapses", "token gone").replace("token dying", "token gone")
    if says != RED_AND_LAPSING or token.expire_ms is None or token.reason == "ParentLapses":
        return says
    left_ms = token.expire_ms - pen.now_ms
    return f"{says} in {span(left_ms)}" if left_ms > 0 else "job red, token lapsed"


def sawtooth(grants: Sequence[Grant], size: int, token: TokenState, now_ms: int) -> list[float]:
    """Return how much was left of the longest grant at ``size`` moments from the oldest grant until now.

    ``grants`` are newest first.
    """
    if not grants:
        return []
    begin_ms = grants[-1].renewed_ms
    most_ms = max(1, *(grant.granted_ms for grant in grants))
    step_ms = max(1, (now_ms - begin_ms) / max(1, size - 1))
    shares = []
    for index in range(size):
        at_ms = begin_ms + index * step_ms
        grant = next((each for each in grants if each.renewed_ms <= at_ms), grants[-1])
        shares.append(max(0.0, grant.renewed_ms + grant.granted_ms - at_ms) / most_ms)
    return shares
