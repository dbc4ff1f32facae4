"""The board as one line for Nagios and its kin, with performance data, and their own exit codes."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from statusdesk import exit_codes
from statusdesk.alerts.rules import AT_CAP, STUCK, app_label
from statusdesk.board import Board, Cell, Mark, Row
from statusdesk.cli.reading import exit_code_of
from statusdesk.config import Config
from statusdesk.states import BLIND, TROUBLED, Level, RolloutState
from statusdesk.states_alerts import BUILD_FAILED, AlertState
from statusdesk.text import MOST_NAMED, clean_line, counted, few, span

OK, WARNING, CRITICAL, UNKNOWN = range(4)
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_SEVERITIES: Mapping[str, int] = MappingProxyType({"critical": CRITICAL, "warning": WARNING})
_FAILING = (Mark.FAILING, Mark.ON_ITS_WAY)
_UNWELL = (*_FAILING, Mark.WARNING)


def nagios(board: Board, config: Config) -> tuple[str, int]:
    """Return the line and the exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.

    Critical: a critical alert fires, production or a token fails. Warning: anything else fires, fails or is warned of.
    What is silenced is counted and makes no alarm, nor does the trouble that it is about; other trouble of the same
    app does. Unknown, where nothing is known to be wrong, as ``status`` has it; without a collector always.
    """
    alerts, quiet = _alerts(board)
    untold = _untold(board)
    matters = [*alerts, *untold]
    cannot_tell = exit_code_of(board) == exit_codes.CANNOT_TELL
    code = max((each for each, _ in matters), default=OK)
    if board.collector_lost_ms is not None or (code == OK and cannot_tell):
        code = UNKNOWN
    words = [*_worst(alerts, "more"), *quiet, *_worst(untold, "more that are not well")]
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
    rest = len(words) - MOST_NAMED
    return [*words[:MOST_NAMED], f"{rest} {more}"] if rest > 0 else words


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
    telling: dict[str, list[AlertState]] = {}
    for alert in board.firing:
        if alert.app and alert.severity != "info":
            telling.setdefault(alert.app_name, []).append(alert)
    production = board.stages[board.production] if board.stages else ""
    found = []
    for row in board.rows:
        if row.mark in _UNWELL:
            untold = _untold_of(row, telling.get(row.app, ()), production)
            found += [max(untold, key=lambda each: each[0])] if untold else []
    of_tokens = {  # one that nears its cap may lapse besides
        (alert.token, level)
        for alert in board.firing
        for level in (TROUBLED if alert.alertname != AT_CAP else (Level.WARNING,))
        if alert.token and alert.severity != "info"
    }
    for token in board.tokens:
        if token.level in TROUBLED and (token.name, token.level) not in of_tokens:
            code = CRITICAL if token.level is Level.FAILING else WARNING
            found.append((code, f"token {token.name} {token.message or token.reason}"))
    return found


def _untold_of(row: Row, alerts: Sequence[AlertState], production: str) -> list[tuple[int, str]]:
    """Return the troubles of an app that no alert of it tells of, nearest to production first."""
    found = []
    for cell in reversed(row.cells):
        if cell is None:
            continue
        here = [alert for alert in alerts if alert.stage_now == cell.stage]
        heard = [alert for alert in here if not alert.silenced_by]
        code = max((_SEVERITIES.get(alert.severity, OK) for alert in heard), default=OK)
        for rollout in cell.rollouts if cell.level in TROUBLED else ():
            bad = CRITICAL if rollout.level is Level.FAILING and cell.stage == production else WARNING
            if rollout.level in TROUBLED and bad > code and not any(_tells_of(alert, rollout) for alert in here):
                found.append((bad, f"{row.app} {_words(row, cell, rollout)}"))
        if cell.faults and not heard and not any(alert.alertname == BUILD_FAILED for alert in here):
            found.append((WARNING, f"{row.app} {cell.stage}: {cell.faults[0]}"))
    return found


def _tells_of(alert: AlertState, rollout: RolloutState) -> bool:
    """Whether an alert of its app and stage is about the trouble of a rollout; one that takes long may fail besides."""
    if not (alert.cluster or alert.namespace):  # of an app as a whole
        return alert.version == rollout.runs
    is_of_it = (alert.cluster, alert.namespace, alert.app) == (rollout.cluster, rollout.namespace, app_label(rollout))
    return is_of_it and not (rollout.level is Level.FAILING and alert.alertname == STUCK)


def _words(row: Row, cell: Cell, rollout: RolloutState) -> str:
    if cell.stage == row.worst_stage and rollout == cell.rollouts[0]:
        return row.message
    return f"{cell.stage}: {rollout.message or rollout.reason}"


def _doubt(board: Board, *, cannot_tell: bool) -> str:
    """Return why not everything can be told, nothing if it can."""
    if board.collector_lost_ms is not None:
        return f"no collector has worked for {span(board.collector_lost_ms)}"
    if board.data_age_ms is None:
        return "nothing has been seen yet"
    silent = [view for view in board.sources if view.level in BLIND]
    if silent:
        return few([f"{view.state.key}: {view.words}" for view in silent], apart="; ")
    if not cannot_tell:
        return ""
    if not board.rows:
        return "no application is known"
    lost = [f"node {each.node} of {each.cluster} is lost" for each in board.lost_nodes]
    return "; ".join(filter(None, (f"{board.counts.unknown} unknown", few(lost, apart="; "))))


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
