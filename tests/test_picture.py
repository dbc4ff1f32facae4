"""The picture: what changes redraw, what grows old, and what is never well."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from statusdesk.board import Board, Mark, Row
from statusdesk.config import (
    AppSettings,
    BoardSettings,
    ClusterSettings,
    Config,
    JenkinsSettings,
    StageSettings,
    StoreSettings,
    VaultSettings,
)
from statusdesk.facts import Job
from statusdesk.picture import Picture
from statusdesk.states import (
    AlertState,
    BuildState,
    Changes,
    Collector,
    Level,
    RolloutState,
    SourceState,
    TokenState,
)

NOW = 1_800_000_000_000
MINUTE = 60_000
STAGES = ("testing", "staging", "production")


def config(**changes: Any) -> Config:
    fields: dict[str, Any] = {
        "path": "statusdesk.toml",
        "stages": tuple(StageSettings(name=name, namespaces=(name,)) for name in STAGES),
        "clusters": (ClusterSettings(name="eu"),),
        "store": StoreSettings(state_dir="state"),
        "jenkins": JenkinsSettings(url="https://ci.example"),
        "vault": VaultSettings(address="https://vault.example"),
        "board": BoardSettings(stale_after_s=120.0),
    }
    return Config(**(fields | changes))


def rollout(app: str, stage: str, version: str = "1.0", level: Level = Level.OK, **changes: Any) -> RolloutState:
    fields: dict[str, Any] = {
        "key": f"{changes.get('cluster', 'eu')}/{stage}/Deployment/{app}",
        "cluster": "eu",
        "namespace": stage,
        "kind": "Deployment",
        "name": app,
        "app": app,
        "level": level,
        "reason": "Reason",
        "message": "it is as it is",
        "version": version,
        "version_since_ms": NOW - 60 * MINUTE,
        "started_ms": NOW - 60 * MINUTE,
        "level_since_ms": NOW - 60 * MINUTE,
        "ready": 2,
        "desired": 2,
        "updated": 2,
    }
    return RolloutState(**(fields | changes))


def source(name: str, last_ok_ms: int | None = NOW, level: Level = Level.OK, **changes: Any) -> SourceState:
    scope = changes.get("scope", "")
    fields: dict[str, Any] = {
        "key": f"{name}#{scope}" if scope else name,
        "source": name,
        "scope": "",
        "level": level,
        "last_ok_ms": last_ok_ms,
    }
    return SourceState(**(fields | changes))


SOURCES = (source("kubernetes/eu", live=True), source("jenkins"), source("vault"))


def build(app: str, stage: str, level: Level = Level.OK, **changes: Any) -> BuildState:
    fields: dict[str, Any] = {
        "key": f"jenkins/deploy-{app}@{stage}",
        "source": "jenkins",
        "job": f"deploy-{app}",
        "namespace": stage,
        "job_class": "deploy",
        "level": level,
        "number": 7,
        "started_ms": NOW - 61 * MINUTE,
        "message": f"deploy-{app} #7",
    }
    return BuildState(**(fields | changes))


def picture(*rollouts: RolloutState, sources: tuple[SourceState, ...] = SOURCES, **changes: Any) -> Picture:
    made = Picture(changes.pop("settings", None) or config())
    made.apply(Changes(change=1, rollouts=rollouts, sources=sources, **changes))
    return made


def rows(board: Board) -> dict[str, Row]:
    return {row.app: row for row in board.rows}


def everywhere(app: str, **changes: Any) -> Iterator[RolloutState]:
    return (rollout(app, stage, **changes) for stage in STAGES)


def test_rows_worst_first_and_counted() -> None:
    board = picture(
        *everywhere("web"),
        rollout("orders", "testing", "2.0"),
        rollout("orders", "staging", "2.0", Level.FAILING),
        rollout("orders", "production", "1.0"),
        rollout("billing", "production", "1.0", Level.FAILING),
        rollout("mailer", "staging", "1.0", Level.PROGRESSING),
        rollout("catalog", "staging", "1.0", Level.WARNING),
    ).board(NOW)
    assert [row.app for row in board.rows] == ["billing", "orders", "catalog", "mailer", "web"]
    assert msgspec.structs.asdict(board.counts) == {
        "failing": 1,
        "on_its_way": 1,
        "warning": 1,
        "moving": 1,
        "unknown": 0,
        "ok": 1,
    }
    assert (board.stages, board.production, board.change) == (STAGES, 2, 1)
    assert not board.all_well


def test_untouched_rows_stay_the_same_objects() -> None:
    made = picture(*everywhere("web"), *everywhere("orders"), builds=(build("web", "staging"),))
    before = made.board(NOW)
    assert made.board(NOW + 1000).rows is before.rows
    made.apply(Changes(change=2, rollouts=(rollout("orders", "staging", "1.0", Level.FAILING),)))
    after = made.board(NOW + 2000)
    assert rows(after)["web"] is rows(before)["web"]
    assert rows(after)["orders"].mark is Mark.FAILING
    made.apply(Changes(change=3, rollouts=(rollout("orders", "staging", "1.0", Level.FAILING),)))
    assert made.board(NOW + 3000).rows is after.rows


def test_fed_piece_by_piece_or_at_once_it_is_the_same_picture() -> None:
    parts = [*everywhere("web"), *everywhere("orders-api"), *everywhere("orders")]
    builds = [build(app, "staging") for app in ("orders-api", "orders", "web")]
    whole = picture(*parts, builds=tuple(builds)).board(NOW)
    made = picture()
    for number, part in enumerate(parts):
        made.apply(Changes(change=1, rollouts=(part,), builds=tuple(builds[number : number + 1])))
        made.board(NOW)
    assert made.board(NOW) == whole


def test_what_has_gone_goes() -> None:
    made = picture(*everywhere("web"), *everywhere("orders"))
    made.board(NOW)
    gone = [msgspec.structs.replace(each, until_ms=NOW) for each in everywhere("orders")]
    made.apply(Changes(change=2, rollouts=tuple(gone[:1])))
    cells = rows(made.board(NOW))["orders"].cells
    assert [cell.mark for cell in cells if cell] == [Mark.ABSENT, Mark.OK, Mark.OK]
    made.apply(Changes(change=3, rollouts=tuple(gone)))
    assert list(rows(made.board(NOW))) == ["web"]


def test_a_rollout_that_changes_its_app_moves() -> None:
    made = picture(*everywhere("web"))
    made.board(NOW)
    made.apply(Changes(change=2, rollouts=tuple(msgspec.structs.replace(r, app="shop") for r in everywhere("web"))))
    assert list(rows(made.board(NOW))) == ["shop"]


def test_namespaces_outside_every_stage_are_not_on_the_board() -> None:
    assert picture(rollout("web", "dev-bob")).board(NOW).rows == ()


def test_stages_may_be_named_by_globs_and_clusters() -> None:
    stages = (
        StageSettings(name="dev", namespaces=("dev-*",)),
        StageSettings(name="eu", namespaces=("shop",), clusters=("eu",)),
        StageSettings(name="us", namespaces=("shop",), clusters=("us",)),
    )
    settings = config(stages=stages, clusters=(ClusterSettings(name="eu"), ClusterSettings(name="us")))
    seen = (rollout("web", "dev-bob", "3"), rollout("web", "shop", "2"), rollout("web", "shop", "1", cluster="us"))
    sources = (*SOURCES, source("kubernetes/us"))
    cells = rows(picture(*seen, settings=settings, sources=sources).board(NOW))["web"].cells
    assert [cell.version for cell in cells if cell] == ["3", "2", "1"]


def test_silence_makes_unknown_and_an_answer_makes_it_known_again() -> None:
    made = picture(*everywhere("web", level=Level.FAILING))
    assert rows(made.board(NOW + 120_000))["web"].mark is Mark.FAILING
    row = rows(made.board(NOW + 120_001))["web"]
    assert row.mark is Mark.UNKNOWN
    assert [(c.level, c.last_level, c.since_ms) for c in row.cells if c] == [(Level.UNKNOWN, Level.FAILING, NOW)] * 3
    made.apply(Changes(change=2, sources=(source("kubernetes/eu", NOW + 130_000),)))
    assert rows(made.board(NOW + 131_000))["web"].mark is Mark.FAILING


def test_a_failing_source_is_shown_at_once_and_its_cells_age() -> None:
    made = picture(*everywhere("web"))
    down = source("kubernetes/eu", NOW, Level.FAILING, reason="Unreachable", message="it cannot be reached")
    made.apply(Changes(change=2, sources=(down,)))
    early = made.board(NOW + 60_000)
    view = next(view for view in early.sources if view.state.source == "kubernetes/eu")
    assert (view.level, view.words, view.age_ms) == (Level.FAILING, "it cannot be reached", 60_000)
    assert rows(early)["web"].mark is Mark.OK
    assert not early.all_well
    assert rows(made.board(NOW + 121_000))["web"].mark is Mark.UNKNOWN


def test_only_what_is_silent_is_drawn_anew() -> None:
    settings = config(clusters=(ClusterSettings(name="eu"), ClusterSettings(name="us")))
    seen = (*everywhere("web"), *(rollout("mail", stage, cluster="us") for stage in STAGES))
    made = picture(*seen, settings=settings, sources=(*SOURCES, source("kubernetes/us", NOW + MINUTE)))
    before = rows(made.board(NOW + MINUTE))
    after = rows(made.board(NOW + 2 * MINUTE + 1))
    assert after["mail"] is before["mail"]
    assert after["web"].mark is Mark.UNKNOWN
    assert after["mail"].mark is Mark.OK


def test_no_answer_ever_is_never_well() -> None:
    board = picture(*everywhere("web"), sources=()).board(NOW)
    assert rows(board)["web"].mark is Mark.UNKNOWN
    assert not board.all_well
    assert [(view.state.source, view.level, view.age_ms) for view in board.sources] == [
        ("jenkins", Level.UNKNOWN, None),
        ("kubernetes/eu", Level.UNKNOWN, None),
        ("vault", Level.UNKNOWN, None),
    ]
    assert board.data_age_ms is None


def test_an_empty_board_is_not_all_well() -> None:
    assert not picture().board(NOW).all_well


@pytest.mark.parametrize(
    "bad",
    [
        {"sources": (*SOURCES[:2], source("vault", NOW, Level.FAILING, reason="Sealed"))},
        {"sources": (SOURCES[0], source("jenkins", NOW, Level.FAILING, reason="Empty"), SOURCES[2])},
        {"sources": SOURCES[:2]},
        {"sources": (*SOURCES, source("kubernetes/eu", None, Level.UNKNOWN, scope="audit", reason="NoAccess"))},
        {"tokens": (TokenState(key="vault/a", source="vault", name="a", level=Level.WARNING),)},
        {"alerts": (AlertState(fingerprint="f", started_ms=1, alertname="A", severity="critical", state="firing"),)},
    ],
)
def test_all_well_wants_everything(bad: dict[str, Any]) -> None:
    assert picture(*everywhere("web")).board(NOW).all_well
    assert not picture(*everywhere("web"), **bad).board(NOW).all_well


def test_a_lost_collector_is_not_well_and_data_grows_old() -> None:
    made = picture(*everywhere("web"), collector=Collector(pid=1, owner="watch", started_ms=NOW, beat_ms=NOW))
    board = made.board(NOW + 5000, lost_ms=4000)
    assert (board.collector_lost_ms, board.all_well, board.data_age_ms) == (4000, False, 5000)
    assert board.collector is not None
    assert rows(made.board(NOW + 121_000, lost_ms=120_000))["web"].mark is Mark.UNKNOWN


def test_quiet_since_the_last_one_became_well() -> None:
    made = picture(*everywhere("web"), rollout("orders", "staging", level_since_ms=NOW - 5000))
    assert made.board(NOW).quiet_since_ms == NOW - 5000
    made.apply(Changes(change=2, rollouts=(rollout("orders", "staging", level=Level.FAILING, level_since_ms=NOW),)))
    assert made.board(NOW).quiet_since_ms is None


def test_closed_namespaces_say_so() -> None:
    closed = source("kubernetes/eu", None, Level.UNKNOWN, scope="production", reason="NoAccess")
    board = picture(rollout("web", "testing"), sources=(*SOURCES, closed)).board(NOW)
    cells = rows(board)["web"].cells
    assert [cell.mark for cell in cells if cell] == [Mark.OK, Mark.ABSENT, Mark.NO_ACCESS]
    assert [view.state.scope for view in board.sources] == ["", "", "production", ""]


def test_rights_that_are_taken_away_make_what_was_seen_unknown() -> None:
    made = picture(*everywhere("web"))
    made.board(NOW)
    closed = source("kubernetes/eu", NOW - 200_000, Level.UNKNOWN, scope="production", reason="NoAccess")
    made.apply(Changes(change=2, sources=(closed,)))
    cells = rows(made.board(NOW))["web"].cells
    assert [cell.level for cell in cells if cell] == [Level.OK, Level.OK, Level.UNKNOWN]


def test_a_namespace_that_may_not_be_read_any_more_says_so_at_once_with_what_was_known() -> None:
    made = picture(*everywhere("web"))
    made.board(NOW)
    closed = source("kubernetes/eu", NOW - 1000, Level.UNKNOWN, scope="production", reason="NoAccess")
    made.apply(Changes(change=2, sources=(closed,)))
    row = rows(made.board(NOW))["web"]
    cell = row.cells[2]
    assert cell is not None and (cell.mark, cell.reason, cell.version) == (Mark.NO_ACCESS, "NoAccess", "1.0")
    assert (cell.since_ms, cell.message) == (NOW - 1000, "no access to eu/production, last known: ok")
    assert (row.mark, row.message) == (Mark.NO_ACCESS, f"production: {cell.message}")
    lost = msgspec.structs.replace(closed, reason="Timeout", change=3)
    made.apply(Changes(change=3, sources=(lost,)))
    assert [cell.mark for cell in rows(made.board(NOW + 130_000))["web"].cells[2:] if cell] == [Mark.UNKNOWN]
    made.apply(Changes(change=4, sources=(source("kubernetes/eu", NOW, scope="production"),)))
    assert rows(made.board(NOW))["web"].mark is Mark.OK


def test_a_stage_in_a_cluster_never_heard_of_is_unknown_not_absent() -> None:
    stages = (
        StageSettings(name="staging", namespaces=("staging",), clusters=("eu",)),
        StageSettings(name="production", namespaces=("production",), clusters=("us",)),
    )
    settings = config(stages=stages, clusters=(ClusterSettings(name="eu"), ClusterSettings(name="us")))
    cells = rows(picture(rollout("web", "staging"), settings=settings).board(NOW))["web"].cells
    assert [cell.mark for cell in cells if cell] == [Mark.OK, Mark.UNKNOWN]


def test_jobs_find_their_app_also_when_it_comes_later() -> None:
    made = picture(*everywhere("orders"), builds=(build("orders-api", "staging"), build("orders", "staging")))
    assert len(rows(made.board(NOW))["orders"].builds) == 2
    made.apply(Changes(change=2, rollouts=tuple(everywhere("orders-api"))))
    found = rows(made.board(NOW))
    assert [b.job for b in found["orders"].builds] == ["deploy-orders"]
    assert [b.job for b in found["orders-api"].builds] == ["deploy-orders-api"]
    gone = tuple(msgspec.structs.replace(each, until_ms=NOW) for each in everywhere("orders-api"))
    made.apply(Changes(change=3, rollouts=gone))
    made.board(NOW)
    assert len(rows(made.board(NOW))["orders"].builds) == 2


def test_a_configured_app_that_is_nowhere_has_a_row_and_is_not_well() -> None:
    settings = config(apps=(AppSettings(name="ghost", stages=("staging",)),))
    row = rows(picture(settings=settings).board(NOW))["ghost"]
    assert row.mark is Mark.UNKNOWN
    assert [cell is None for cell in row.cells] == [True, False, True]


def test_time_alone_ends_a_soak() -> None:
    stages = tuple(StageSettings(name=name, namespaces=(name,), soak_s=600.0) for name in STAGES)
    fresh = {"version_since_ms": NOW, "level_since_ms": NOW}
    made = picture(rollout("web", "testing", "2", **fresh), rollout("web", "staging"), settings=config(stages=stages))

    def first(at_ms: int) -> Mark:
        made.apply(Changes(change=2, sources=(source("kubernetes/eu", at_ms),)))
        cell = rows(made.board(at_ms))["web"].cells[0]
        assert cell is not None
        return cell.mark

    assert [first(NOW), first(NOW + 599_999), first(NOW + 600_000)] == [Mark.SOAKING, Mark.SOAKING, Mark.OK]


def test_strip_tokens_jobs_and_builds() -> None:
    def alert(name: str, severity: str, fired_ms: int, state: str = "firing") -> AlertState:
        return AlertState(
            fingerprint=name, started_ms=1, alertname=name, severity=severity, state=state, fired_ms=fired_ms
        )

    def token(name: str, level: Level, expire_ms: int | None) -> TokenState:
        return TokenState(key=f"vault/{name}", source="vault", name=name, level=level, expire_ms=expire_ms)

    job = Job(source="jenkins", name="deploy-web", url="")
    made = picture(
        alerts=(
            alert("C", "warning", 1),
            alert("B", "critical", 9),
            alert("A", "critical", 5),
            alert("P", "w", 1, "pending"),
        ),
        tokens=(token("a", Level.OK, None), token("b", Level.OK, 5), token("c", Level.FAILING, 9)),
        jobs=(job,),
        builds=(build("web", "staging"), build("web", ""), build("web", "", job_class="seed", key="jenkins/seed@")),
    )
    board = made.board(NOW)
    assert [each.alertname for each in board.firing] == ["A", "B", "C"]
    assert [each.name for each in board.tokens] == ["c", "b", "a"]
    assert (board.jobs, len(board.unattributed), len(board.builds)) == (1, 1, 3)
    made.apply(Changes(change=2, alerts=(alert("A", "critical", 5, "resolved"),), gone_jobs=(job.key,)))
    after = made.board(NOW)
    assert [each.alertname for each in after.firing] == ["B", "C"]
    assert after.jobs == 0


@pytest.mark.parametrize(
    ("more", "counted"),
    [
        ({"job_class": "deploy"}, True),
        ({"job_class": "other"}, False),
        ({"job_class": "other", "deploys": True}, True),  # it has a parameter for a namespace or a version
        ({"job_class": "renewal", "deploys": True}, False),
        ({"job_class": "other", "job": "orders-smoke"}, False),  # that its name is that of an app tells nothing
        ({"job_class": "other", "job": "team/ship"}, True),  # another build of it went to staging
    ],
)
def test_what_could_not_be_attributed_is_counted_where_the_job_deploys(more, counted):
    row = build("web", "", **({"key": "jenkins/x@"} | more))
    others = (build("web", "staging", key="jenkins/team/ship@staging", job="team/ship"),)
    made = picture(rollout("orders", "staging"), builds=(row, *others))
    assert made.board(NOW).unattributed == ({row.key} if counted else frozenset())
