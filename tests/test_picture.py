"""The picture: what changes redraw, and what is never well."""

from typing import Any

import msgspec
import pytest

from statusdesk.board import Mark
from statusdesk.config import (
    AppSettings,
    ClusterSettings,
    StageSettings,
)
from statusdesk.facts import Job
from statusdesk.states import (
    AlertState,
    Changes,
    Collector,
    Level,
    TokenState,
)
from tests.pictures import NOW, SOURCES, STAGES, build, config, everywhere, picture, rollout, rows, source


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
        ({"job_class": "environment", "job": "env-destroy-all"}, True),  # what it destroyed is not known
        ({"job_class": "environment", "job": "env-report"}, False),
        ({"job_class": "other", "job": "orders-smoke"}, False),  # that its name is that of an app tells nothing
        ({"job_class": "other", "job": "team/ship"}, True),  # another build of it went to staging
    ],
)
def test_what_could_not_be_attributed_is_counted_where_the_job_deploys(more, counted):
    row = build("web", "", **({"key": "jenkins/x@"} | more))
    others = (build("web", "staging", key="jenkins/team/ship@staging", job="team/ship"),)
    made = picture(rollout("orders", "staging"), builds=(row, *others))
    assert made.board(NOW).unattributed == ({row.key} if counted else frozenset())
