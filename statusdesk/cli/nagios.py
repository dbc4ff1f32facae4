"""The board as one line for Nagios and its kin, with performance data, and their own exit codes."""

from collections.abc import Mapping
from types import MappingProxyType

from statusdesk import exit_codes
from statusdesk.board import Board, Mark
from statusdesk.cli.reading import exit_code_of
from statusdesk.config import Config
from statusdesk.states import BLIND, TROUBLED, Level
from statusdesk.text import clean_line, counted, span

OK, WARNING, CRITICAL, UNKNOWN = range(4)
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_SEVERITIES: Mapping[str, int] = MappingProxyType({"critical": CRITICAL, "warning": WARNING})
_FAILING = (Mark.FAILING, Mark.ON_ITS_WAY)
_UNWELL = (*_FAILING, Mark.WARNING)
_MOST_NAMED = 3


def nagios(board: Board, config: Config) -> tuple[str, int]:
    """Return the line and the exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.

    Critical: a critical alert fires, production or a token fails. Warning: anything else fires, fails or is warned of.
    What is silenced is counted and makes no alarm. Unknown, where nothing is known to be wrong, as ``status`` has it;
    without a collector always.
    """
    alerts, quiet = _alerts(board)
    matters = [*alerts, *_untold(board)]
    cannot_tell = exit_code_of(board) == exit_codes.CANNOT_TELL
    code = max((each for each, _ in matters), default=OK)
    if board.collector_lost_ms is not None or (code == OK and cannot_tell):
        code = UNKNOWN
    words = [*_worst(alerts, "more"), *quiet, *_worst(matters[len(alerts) :], "more that are not well")]
    doubt = _doubt(board, cannot_tell=cannot_tell)
    if not matters and not doubt:
        words.append(f"{counted(board.counts.ok, 'application')} well")
    said = "; ".join(part for part in (*words, doubt) if part)
    firing = f"{len(board.firing)} firing: " if board.firing else ""
    # a bar would begin the performance data, whatever a source calls its things
    text = clean_line(f"{WORDS[code]} - {firing}{said}").replace("|", "/")
    return f"{text} | {' '.join(_figures(board, config))}", code


def _worst(found: list[tuple[int, str]], more: str) -> list[str]:
    """Return the words of the worst, and how many others there are."""
    words = [said for _, said in sorted(found, key=lambda each: -each[0])]
    rest = len(words) - _MOST_NAMED
    return [*words[:_MOST_NAMED], f"{rest} {more}"] if rest > 0 else words


def _alerts(board: Board) -> tuple[list[tuple[int, str]], list[str]]:
    """Return what fires and makes an alarm, each with its code, and how many alerts make none; together they are all.

    What an alert tells already is not told again.
    """
    heard = [(_SEVERITIES.get(alert.severity, OK), alert) for alert in board.firing if not alert.silenced_by]
    known = {alert.fingerprint: code for code, alert in heard}
    telling = [(code, alert) for code, alert in heard if alert.severity != "info"]
    loud = [(code, alert) for code, alert in telling if known.get(alert.inhibited_by, -1) < code]
    quiet = {
        "silenced": len(board.firing) - len(heard),
        "told by others": len(telling) - len(loud),
        "for information": len(heard) - len(telling),
    }
    words = [f"{number} {what}" for what, number in quiet.items() if number]
    return [(code, f"{alert.alertname} {alert.place}") for code, alert in loud], words


def _untold(board: Board) -> list[tuple[int, str]]:
    """Return what is wrong and no alert tells of, each with its code."""
    found = []
    told = {alert.app_name for alert in board.firing if alert.app}
    tokens = {alert.token for alert in board.firing if alert.token}
    production = board.stages[board.production] if board.stages else ""
    for row in board.rows:
        if row.mark in _UNWELL and row.app not in told:
            code = CRITICAL if row.mark in _FAILING and row.worst_stage == production else WARNING
            found.append((code, f"{row.app} {row.message}"))
    for token in board.tokens:
        if token.level in TROUBLED and token.name not in tokens:
            code = CRITICAL if token.level is Level.FAILING else WARNING
            found.append((code, f"token {token.name} {token.message or token.reason}"))
    return found


def _doubt(board: Board, *, cannot_tell: bool) -> str:
    """Return why not everything can be told, nothing if it can."""
    if board.collector_lost_ms is not None:
        return f"no collector has worked for {span(board.collector_lost_ms)}"
    if board.data_age_ms is None:
        return "nothing has been seen yet"
    silent = [view for view in board.sources if view.level in BLIND]
    if silent:
        return "; ".join(f"{view.state.key}: {view.words}" for view in silent[:_MOST_NAMED])
    if not cannot_tell:
        return ""
    if not board.rows:
        return "no application is known"
    lost = [f"node {each.node} of {each.cluster} is lost" for each in board.lost_nodes[:_MOST_NAMED]]
    return "; ".join([f"{board.counts.unknown} unknown", *lost])


def _figures(board: Board, config: Config) -> list[str]:
    """Return the performance data: name=value;warn;crit;min."""
    counts = board.counts
    figures = [
        f"firing={len(board.firing)};;;0",
        f"pending={len(board.pending)};;;0",
        f"failing={counts.failing + counts.on_its_way};;;0",
        f"warning={counts.warning};;;0",
        f"unknown={counts.unknown};;;0",
    ]
    if board.data_age_ms is not None:
        figures.append(f"data_age={board.data_age_ms // 1000}s;;;0")
    limits = {token.name: token for token in (config.vault.tokens if config.vault else ())}
    for token in sorted(board.tokens, key=lambda each: each.name):
        left_ms = token.left_ms(board.at_ms)
        if left_ms is None:
            continue
        left_s = left_ms // 1000
        limit = limits.get(token.name)
        # too little is what is bad: Nagios writes that "value:"
        bounds = f"{limit.warn_s:.0f}:;{limit.critical_s:.0f}:" if limit is not None else ";"
        figures.append(f"'vault_{_label(token.name)}_ttl'={left_s}s;{bounds};0")
    return figures


def _label(name: str) -> str:
    """Return a name that may stand between quotes in performance data."""
    return "".join(char if char.isalnum() or char in "._-" else "_" for char in clean_line(name))
