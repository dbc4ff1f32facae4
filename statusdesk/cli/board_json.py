"""The board as one JSON object; its form is documented in the README and only grows."""

import json
from typing import Any

from statusdesk.alerts_view import Outlook, muted_at
from statusdesk.board import Board, Cell, LostNodeSum, Row, SourceView
from statusdesk.last_build import last_build
from statusdesk.rollout_view import effective_level
from statusdesk.states import AlertState, BuildRule, BuildState, RolloutState, TokenState
from statusdesk.states_alerts import Muted
from statusdesk.text import iso

FORM = 1


def board_json(board: Board, outlook: Outlook) -> str:
    """Return the board as JSON, ASCII only, so that nothing in it can do anything to a terminal."""
    document = {
        "form": FORM,
        "at": iso(board.at_ms),
        "change": board.change,
        "data_age_s": _seconds(board.data_age_ms),
        "collector": _collector(board),
        "stages": list(board.stages),
        "production": board.stages[board.production] if board.stages else None,
        "counts": {name: getattr(board.counts, name) for name in board.counts.__struct_fields__},
        "apps": [_row(row) for row in board.rows],
        "lost_nodes": [_lost_node(lost) for lost in board.lost_nodes],
        "tokens": [_token(token) for token in board.tokens],
        "sources": [_source(view) for view in board.sources],
        "firing": [_alert(alert, board, outlook) for alert in board.firing],
        "pending": [_alert(alert, board, outlook) for alert in board.pending],
        "unattributed_builds": len(board.unattributed),
    }
    return json.dumps(document, indent=2, ensure_ascii=True)


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


def _moment(ms: int | None) -> str | None:
    return iso(ms) or None


def _collector(board: Board) -> dict[str, Any]:
    collector = board.collector
    return {
        "running": board.collector_lost_ms is None,
        "lost_s": _seconds(board.collector_lost_ms),
        "pid": collector.pid if collector is not None else None,
        "version": collector.version if collector is not None else None,
        "started": _moment(collector.started_ms) if collector is not None else None,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "app": row.app,
        "mark": row.mark.value,
        "message": row.message,
        "note": row.note,
        "worst_stage": row.worst_stage,
        "next_stop": row.next_stop,
        "version_ahead": row.version_ahead,
        "stages": [_cell(cell) for cell in row.cells if cell is not None],
        "build": _build(row.build) if row.build is not None else None,
        "last_build": _last_build(row.build) if row.build is not None else None,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "stage": cell.stage,
        "mark": cell.mark.value,
        "level": cell.level.value,
        "last_level": cell.last_level.value,
        "version": cell.version,
        "reason": cell.reason,
        "message": cell.message,
        "since": _moment(cell.since_ms),
        "ready": cell.ready,
        "desired": cell.desired,
        "drift": cell.drift,
        "digest_differs": cell.digest_differs,
        "faults": list(cell.faults),
        "notes": list(cell.notes),
        "rollouts": [_rollout(cell, rollout) for rollout in cell.rollouts],
    }


def _rollout(cell: Cell, rollout: RolloutState) -> dict[str, Any]:
    return {
        "cluster": rollout.cluster,
        "namespace": rollout.namespace,
        "kind": rollout.kind,
        "name": rollout.name,
        "level": effective_level(cell, rollout).value,
        "last_level": rollout.level.value,
        "reason": rollout.reason,
        "message": rollout.message,
        "version": rollout.version,
        "revision": rollout.revision,
        "pod": rollout.pod,
        "container": rollout.container,
        "exit_code": rollout.exit_code,
        "since": _moment(rollout.since_ms),
        "build": _made_by(rollout),
        "held_back": _held_back(rollout) if rollout.held_by else None,
    }


def _held_back(rollout: RolloutState) -> dict[str, Any]:
    """Return what keeps pods from ``version``, which one these run (null: not known), and how many have it."""
    counts = {"updated": rollout.updated, "desired": rollout.desired}
    return {"by": rollout.held_by, "runs": rollout.held_version or None, **counts}


def _made_by(rollout: RolloutState) -> dict[str, Any] | None:
    """Return the build that did it and the rule that tells; null where that is not known.

    Where none did it, ``back_to`` is the build whose version came back.
    """
    if not rollout.build_rule:
        return None
    build = {"job": rollout.build_job or None, "number": rollout.build_number, "url": rollout.build_url or None}
    if rollout.build_rule != BuildRule.NONE:
        return {"rule": rollout.build_rule, **build, "back_to": None}
    back = build if rollout.build_number is not None else None
    return {"rule": BuildRule.NONE.value, **dict.fromkeys(build), "back_to": back}


def _build(build: BuildState) -> dict[str, Any]:
    return {
        "job": build.job,
        "namespace": build.namespace,
        "number": build.number,
        "result": build.result,
        "level": build.level.value,
        "reason": build.reason,
        "message": build.message,
        "version": build.version,
        "url": build.url,
        "started": _moment(build.started_ms),
        "duration_s": _seconds(build.duration_ms),
    }


def _last_build(build: BuildState) -> dict[str, Any] | None:
    last = last_build(build)
    if last is None:
        return None
    names = ("number", "result", "namespace", "running")
    return {"level": last.level.value, **{name: getattr(last, name) for name in names}}


def _lost_node(lost: LostNodeSum) -> dict[str, Any]:
    return {
        "cluster": lost.cluster,
        "node": lost.node,
        "since": _moment(lost.since_ms),
        "workloads": lost.workloads,
        "pods": lost.pods,
    }


def _token(token: TokenState) -> dict[str, Any]:
    return {
        "name": token.name,
        "level": token.level.value,
        "reason": token.reason,
        "message": token.message,
        "since": _moment(token.level_since_ms),
        "expires": _moment(token.expire_ms),
        "last_renewal": _moment(token.last_renewal_ms),
        "renewal_job": token.renewal_job,
        "survives": token.survives,
        "missed": token.missed,
        "next_renewal": _moment(token.next_renewal_ms),
    }


def _source(view: SourceView) -> dict[str, Any]:
    state = view.state
    return {
        "source": state.source,
        "scope": state.scope,
        "level": view.level.value,
        "words": view.words,
        "reason": state.reason,
        "message": state.message,
        "age_s": _seconds(view.age_ms),
        "since": _moment(state.level_since_ms or None),
        "last_ok": _moment(state.last_ok_ms),
        "live": state.live,
    }


def _alert(alert: AlertState, board: Board, outlook: Outlook) -> dict[str, Any]:
    labels = {name: getattr(alert, name) for name in ("alertname", "severity", "cluster", "namespace", "app")}
    return {
        **labels,
        "source": alert.source,
        "token": alert.token,
        "stage": alert.stage,
        "fingerprint": alert.fingerprint,
        "state": alert.state,
        "summary": alert.summary,
        "version": alert.version,
        "started": _moment(alert.started_ms),
        "fired": _moment(alert.fired_ms),
        "flapping": alert.flapping,
        "acked_by": alert.acked_by or None,
        "ack_comment": alert.ack_comment or None,
        "ack_until": _moment(alert.ack_until_ms),
        "silenced_by": alert.silenced_by or None,
        "stale_since": _moment(alert.stale_since_ms),
        "inhibited_by": alert.inhibited_by or None,
        "hits": list(alert.hits),
        "still_told_to": list(outlook.still_told(alert, board)),
        "muted_in": [_muted(sink, muted) for sink, muted in muted_at(board, alert.fingerprint)],
    }


def _muted(sink: str, muted: Muted) -> dict[str, Any]:
    return {
        "sink": sink,
        "inhibited": muted.inhibited,
        "by": muted.by or None,
        "until": _moment(muted.until_ms),
        "comment": muted.comment or None,
    }
