"""The lines of the page of one token. Pure."""

from collections.abc import Callable, Sequence
from functools import partial

from screens.entries import Entry, blank, fact, heading, sentence
from screens.pen import ROW_LINES, Pen
from screens.strips import Line, fit, right
from screens.token_lines import job_words, verdict
from statusdesk.board import Mark
from statusdesk.grant_order import follows
from statusdesk.marks import LEVEL_MARKS
from statusdesk.states import TROUBLED, Grant, Level, TokenState
from statusdesk.text import span

LABEL, BAR, WHEN = 14, 20, 13

Fact = str | int | Callable[[Pen], str]


def draw_page(token: TokenState, grants: Sequence[Grant] | None, pen: Pen) -> list[Entry]:
    """Return what is known of a token, then what its renewals gave, newest first."""
    height = len(_verdict(token, pen))
    entries = [Entry(partial(_verdict, token), "token", height), *(_fact(*fact) for fact in _facts(token)), blank()]
    if grants is None:
        return [*entries, sentence("reading")]
    if not grants:
        return [*entries, sentence("No renewal of it was seen yet.")]
    most_ms = max(1, *(grant.granted_ms for grant in grants))
    title = heading("WHAT ITS RENEWALS GAVE", f"the last {len(grants)}, in the server's clock")
    before = [*grants[1:], None]
    return [*entries, title, *(Entry(partial(_grant, *pair, most_ms)) for pair in zip(grants, before, strict=True))]


def _verdict(token: TokenState, pen: Pen) -> list[Line]:
    mark = LEVEL_MARKS[token.level]
    line = pen.put_mark(Line().put(" ", pen.ink.plain), mark)
    line.put(f"{token.name}  ", pen.ink.strong)
    style = pen.ink.words.get(mark, pen.ink.plain) if token.level in TROUBLED else pen.ink.plain
    return pen.put_folded([line], verdict(token, pen), style, ROW_LINES)


def _end_label(token: TokenState) -> str:
    if token.level is Level.UNKNOWN or token.is_unseen or (token.is_dead and token.dead_ms is None):
        return "known to end"
    if not token.is_dead:
        return "lapses"
    early = token.expire_ms is not None and (token.dead_ms or 0) < token.expire_ms
    return "would lapse" if early else "lapsed"


def _facts(token: TokenState) -> list[tuple[str, Fact]]:
    """Return labels with what is known: words, a moment, or words that time changes."""
    known = token.level is not Level.UNKNOWN and not token.is_unseen
    where = f" in {', '.join(token.namespaces)}" if token.namespaces else ""
    uses = "once more" if token.num_uses == 1 else f"{token.num_uses} more times" if token.num_uses else ""
    facts: list[tuple[str, Fact | None]] = [
        (_end_label(token), token.expire_ms),
        ("last renewal", token.last_renewal_ms),
        ("which gave", span(token.granted_ms) if token.granted_ms else ""),
        ("renewed every", _every(token)),
        ("next expected", partial(_next, token) if known and token.next_renewal_ms is not None else ""),
        ("missed", f"{token.missed} in a row" if known and token.missed else ""),
        (
            "survives",
            f"{token.survives} {'more ' if token.missed else ''}missed in a row"
            if known and token.survives is not None
            else "",
        ),
        ("cap", token.cap_ms),
        ("at its cap", "yes: renewals no longer extend it" if token.at_cap else ""),
        ("period", span(token.period_s * 1000) if token.period_s else ""),
        ("may be used", uses),
        ("died", token.dead_ms),
        ("issued", token.issue_ms),
        ("used by", (", ".join(token.apps) or "no application that is known") + where),
        ("owner", token.owner),
        ("parent", token.parent if not token.orphan else "none: it lives by itself"),
        ("accessor", f"ends in {token.accessor_tail}" if token.accessor_tail else ""),
        ("renewal job", partial(job_words, token) if token.renewal_job else ""),
    ]
    return [(label, value) for label, value in facts if value]


def _every(token: TokenState) -> str:
    """Say how often it is renewed, also that nobody can tell yet; nothing of what is not renewed."""
    if token.renew_every_s:
        return f"{span(token.renew_every_s * 1000)} ({token.every_rule})"
    is_renewed = token.kind == "token" and token.renewable and token.expire_ms is not None and not token.is_dead
    return "not known yet" if is_renewed else ""


def _fact(label: str, value: Fact) -> Entry:
    def words(pen: Pen) -> str:
        if callable(value):
            return value(pen)
        if isinstance(value, str):
            return value
        away_ms = value - pen.now_ms
        return f"{pen.when(value)}   {'in ' + span(away_ms) if away_ms >= 0 else span(-away_ms) + ' ago'}"

    return fact(label, LABEL, words)


def _next(token: TokenState, pen: Pen) -> str:
    """Say when the next renewal is due, or since when it is overdue."""
    assert token.next_renewal_ms is not None
    away_ms = token.next_renewal_ms - pen.now_ms
    if token.missed:
        return f"overdue since {pen.when(token.next_renewal_ms)}, for {span(-away_ms)}"
    return f"{pen.when(token.next_renewal_ms)}   {'in ' + span(away_ms) if away_ms >= 0 else 'due now'}"


def _grant(grant: Grant, before: Grant | None, most_ms: int, pen: Pen) -> list[Line]:
    """Return the line of one renewal, how long after the one before, and what it gave as a bar."""
    ink = pen.ink
    line = Line().put("   " + fit(pen.when(grant.renewed_ms), WHEN), ink.plain)
    full, empty = pen.bar(grant.granted_ms / most_ms, BAR)
    shrunk = before is not None and grant.granted_ms < before.granted_ms * 0.95
    line.put(right(span(grant.granted_ms), 9) + "  ", ink.words[Mark.WARNING] if shrunk else ink.plain)
    line.put(full, ink.glyphs[Mark.WARNING] if shrunk else ink.well_glyph).put(empty, ink.rule)
    said = "the first seen"
    if before is not None:
        which = "before" if follows(before, grant) else "seen before"
        said = f"{span(grant.renewed_ms - before.renewed_ms)} after the one {which}"
    said += ", and gave less" if shrunk else ""
    return [line.put("  ", ink.plain).put(fit(said, max(0, pen.width - line.x - 3), pen.dots).rstrip(), ink.quiet)]
