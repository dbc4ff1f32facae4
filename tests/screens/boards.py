"""Hand-made boards: calm, with a bad rollout on its way, and with hostile text."""

from msgspec.structs import replace

from statusdesk.board import Board, Cell, Counts, Mark, Row, SourceView
from statusdesk.lost_nodes import lost_nodes_of_rows
from statusdesk.states import (
    AlertState,
    BuildState,
    Collector,
    Level,
    LostNode,
    PodState,
    RolloutState,
    SourceState,
    TokenState,
)

NOW = 1_763_804_530_000  # 2025-11-22T09:42:10Z
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
STAGES = ("testing", "staging", "performance", "audit", "production")
LEVELS = {
    Mark.OK: Level.OK,
    Mark.PROGRESSING: Level.PROGRESSING,
    Mark.WARNING: Level.WARNING,
    Mark.FAILING: Level.FAILING,
    Mark.SOAKING: Level.OK,
    Mark.HELD: Level.OK,
    Mark.UNKNOWN: Level.UNKNOWN,
    Mark.SKEW: Level.OK,
    Mark.ABSENT: Level.UNKNOWN,
    Mark.NO_ACCESS: Level.UNKNOWN,
}


def rollout(app, stage, version, level=Level.OK, age_ms=DAY, **more):
    return RolloutState(
        key=f"eu/{stage}/Deployment/{app}",
        cluster="eu",
        namespace=stage,
        kind="Deployment",
        name=app,
        app=app,
        level=level,
        version=version,
        image=f"registry.local/{app}:{version}",
        digest="sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
        revision="15",
        desired=2,
        ready=2,
        since_ms=NOW - age_ms,
        **more,
    )


def cell(app, stage, version, mark=Mark.OK, age_ms=DAY, tint=0, **more):
    level = LEVELS[mark]
    extra = more.pop("rollout", {})
    return Cell(
        stage=stage,
        mark=mark,
        level=level,
        last_level=level,
        version=version,
        since_ms=NOW - age_ms,
        tint=tint,
        rollouts=(rollout(app, stage, version, level, age_ms, **extra),),
        **more,
    )


def build(app, number, result, namespace, **more):
    return BuildState(
        key=f"jenkins/deploy-{app}@{namespace}",
        source="jenkins",
        job=f"deploy-{app}",
        namespace=namespace,
        job_class="deploy",
        level=Level.FAILING if result == "FAILURE" else Level.OK,
        number=number,
        result=result,
        url=f"https://jenkins.example/job/deploy-{app}/{number}/",
        started_ms=NOW - 5 * MINUTE,
        cause="seed",
        **more,
    )


def row(app, cells, mark=Mark.OK, rank=(9,), **more):
    return Row(app=app, mark=mark, rank=rank, cells=tuple(cells), **more)


def well_row(app, version="1.0.0", age_ms=DAY):
    cells = [cell(app, stage, version, age_ms=age_ms + index * HOUR) for index, stage in enumerate(STAGES)]
    newest = build(app, 40, "SUCCESS", "production")
    return row(app, cells, build=newest, builds=(newest,))


def orders(age_ms=4 * MINUTE):
    why = "init container vault-agent exits 1 (403 permission denied), 0 of 2 new pods ready"
    newest = build("orders", 412, "SUCCESS", "staging")
    bad = {
        "reason": "InitCrashLoop",
        "look": "logs of init container vault-agent, the previous run",
        "previous_version": "1.4.2",
        "exit_code": 1,
        "container": "vault-agent",
        "pod": "orders-7cc6f9fbf5-fq26d",
    }
    return row(
        "orders",
        [
            cell("orders", "testing", "1.5.0", age_ms=2 * HOUR, tint=2),
            cell(
                "orders", "staging", "1.5.0", Mark.FAILING, age_ms, 2, reason="InitCrashLoop", message=why, rollout=bad
            ),
            cell("orders", "performance", "1.4.2", tint=1, drift=1),
            cell("orders", "audit", "1.4.2", age_ms=2 * DAY, tint=1, digest_differs=True),
            cell("orders", "production", "1.4.1", age_ms=9 * DAY, tint=0, drift=1),
        ],
        Mark.ON_ITS_WAY,
        (0, 2),
        message=f"staging: {why} \u00b7 next stop performance",
        worst_stage="staging",
        next_stop="performance",
        version_ahead="1.5.0",
        build=newest,
        builds=(newest,),
    )


def lost_node(*nodes, pods=1, apps=6):
    """Return a board with a bad rollout on which apps are unknown in staging since these nodes are lost."""
    lost = tuple(LostNode(node, pods, NOW - 4 * MINUTE) for node in nodes)
    rows = []
    for index in range(apps):
        base, words = well_row(f"app-{index}"), f"nothing is known of pod app-{index}-x"
        cells = list(base.cells)
        gone = {"lost": lost, "reason": "DegradedNodeLost", "message": words}
        cells[1] = cell(
            f"app-{index}",
            "staging",
            "1.0.0",
            Mark.UNKNOWN,
            4 * MINUTE,
            rollout=gone,
            reason="DegradedNodeLost",
            message=words,
        )
        rows.append(replace(base, cells=tuple(cells), mark=Mark.UNKNOWN, rank=(5,), worst_stage="staging"))
    board = bad_rollout()
    both = (*board.rows, *rows)
    return replace(board, rows=both, lost_nodes=lost_nodes_of_rows(both), counts=replace(board.counts, unknown=apps))


def customers():
    newest = build("customers", 97, "FAILURE", "testing")
    cells = [
        cell("customers", "testing", "2.1.0", Mark.FAILING, 11 * MINUTE, 2, reason="ImagePull", message="not found"),
        cell("customers", "staging", "2.0.9", age_ms=3 * HOUR, tint=1, drift=1),
        cell("customers", "performance", "2.0.9", tint=1),
        cell("customers", "audit", "2.0.8", age_ms=6 * DAY, drift=1),
        cell("customers", "production", "2.0.8", age_ms=6 * DAY),
    ]
    return row(
        "customers",
        cells,
        Mark.FAILING,
        (1, 1),
        message="testing: image registry.local/customers:2.1.0 not found",
        worst_stage="testing",
        build=newest,
        builds=(newest,),
    )


def moving_rows():
    running = build("billing", 54, "SUCCESS", "staging", other_number=55, other_started_ms=NOW - MINUTE)
    billing = [
        cell("billing", "testing", "3.3.1", age_ms=HOUR, tint=1),
        cell("billing", "staging", "3.3.1", Mark.PROGRESSING, MINUTE, 1, ready=1, desired=3),
        *(cell("billing", stage, "3.3.0", age_ms=2 * DAY, drift=int(stage == "performance")) for stage in STAGES[2:]),
    ]
    web = [cell("web", stage, "5.1.9", Mark.SKEW if stage == "audit" else Mark.OK, 5 * HOUR) for stage in STAGES[:4]]
    web.append(cell("web", "production", "5.2.0", age_ms=HOUR, tint=1))
    catalog = [
        cell("catalog", "testing", "7.7.1", age_ms=5 * HOUR, tint=2),
        cell("catalog", "staging", "7.7.0", age_ms=9 * HOUR, tint=1, drift=1),
        cell("catalog", "performance", "7.7.0", Mark.SOAKING, 12 * MINUTE, 1),
        cell("catalog", "audit", "7.6.9", age_ms=9 * DAY),
        cell("catalog", "production", "7.6.9", age_ms=9 * DAY),
    ]
    mailer = [
        cell("mailer", "testing", "", Mark.ABSENT),
        cell("mailer", "staging", "", Mark.NO_ACCESS),
        cell("mailer", "performance", "3.1", Mark.UNKNOWN, 9 * MINUTE),
        None,
        cell("mailer", "production", "3.1", age_ms=30 * DAY),
    ]
    aborted = build("mailer", 54, "SUCCESS", "staging", other_number=55, other_result="ABORTED")
    return (
        row("billing", billing, Mark.PROGRESSING, (4,), build=running, builds=(running,)),
        row("web", web, Mark.SKEW, (5,), build=build("web", 220, "SUCCESS", "production")),
        row(
            "mailer",
            mailer,
            Mark.UNKNOWN,
            (6,),
            message="performance: not seen for 9m",
            worst_stage="performance",
            build=aborted,
        ),
        row("catalog", catalog, build=build("catalog", 1903, "SUCCESS", "performance")),
    )


def source(name, level=Level.OK, age_ms=3_000, live=False, words="", **more):
    state = SourceState(key=name, source=name, scope="", level=level, live=live, last_ok_ms=NOW - age_ms, **more)
    return SourceView(state=state, level=level, age_ms=age_ms, words=words)


SOURCES = (source("jenkins"), source("kubernetes/eu", live=True), source("kubernetes/us", live=True), source("vault"))
BEATING = Collector(pid=4242, owner="watch", started_ms=NOW - DAY, beat_ms=NOW - 500)


def board(rows, *, counts=None, **more):
    fields = {
        "at_ms": NOW,
        "change": 1,
        "title": "shop-eu",
        "stages": STAGES,
        "production": 4,
        "sources": SOURCES,
        "tokens": (),
        "firing": (),
        "builds": (),
        "data_age_ms": 1_000,
        "collector": BEATING,
        "jobs": 500,
    }
    return Board(rows=tuple(rows), counts=counts or Counts(ok=len(rows)), **(fields | more))


NAMES = (
    "accounts",
    "assets",
    "audit-log",
    "basket",
    "cards",
    "catalogue",
    "checkout",
    "claims",
    "contracts",
    "ledger",
    "offers",
    "payments",
    "pricing",
    "profiles",
    "quotes",
    "ratings",
    "refunds",
    "search",
    "shipping",
    "stock",
)


def calm(number=20):
    return board(
        [well_row(name, f"1.{index}.0") for index, name in enumerate(NAMES[:number])],
        quiet_since_ms=NOW - 90 * MINUTE,
        all_well=True,
    )


def bad_rollout():
    rows = [orders(), customers(), *moving_rows(), *(well_row(name) for name in NAMES)]
    token = TokenState(
        key="vault/payments",
        source="vault",
        name="payments",
        level=Level.WARNING,
        expire_ms=NOW + 130 * MINUTE,
        reason="LapsesSoon",
        message="lapses soon",
    )
    alerts = (
        AlertState(
            fingerprint="a",
            started_ms=NOW - 4 * MINUTE,
            alertname="RolloutFailing",
            severity="warning",
            state="firing",
            namespace="staging",
            app="orders",
        ),
        AlertState(
            fingerprint="b",
            started_ms=NOW - 130 * MINUTE,
            alertname="TokenLapsing",
            severity="critical",
            state="firing",
            token="payments",
        ),
        AlertState(fingerprint="c", started_ms=NOW - MINUTE, alertname="NotYet", severity="warning", state="pending"),
    )
    return board(
        rows, counts=Counts(failing=2, on_its_way=1, moving=3, unknown=1, ok=21), tokens=(token,), firing=alerts
    )


HOSTILE = (
    "[/x]",
    "[bold red]pay[/]",
    "a\u0301\u0301",
    "\u6c34\u6e90\u7ba1\u7406",
    "\U0001f525fire",
    "\u05e9\u05dc\u05d5\u05dd",
    "n" * 300,
    "x]y[z",
    "$(reboot)",
    "@click=app.quit",
)


def hostile():
    rows = []
    for index, name in enumerate(HOSTILE):
        why = f"{name} [/bold] [link=https://x]x[/] {name}"
        cells = [cell(name, stage, f"[{name}]", Mark.FAILING, reason="[/x]", message=why) for stage in STAGES]
        rows.append(
            row(
                name,
                cells,
                Mark.FAILING,
                (index,),
                message=f"testing: {why}",
                worst_stage="testing",
                build=build("[/x]", 1, "SUCCESS", "[/x]"),
            )
        )
    bad = source("vault", Level.FAILING, words="[/x] is [bold]sealed", reason="Sealed", level_since_ms=NOW - MINUTE)
    return board(rows, counts=Counts(failing=len(rows)), title="[/x]", sources=(*SOURCES[:3], bad))


def many(number, bad=7):
    rows = [orders()] + [well_row(f"app-{index:03d}", f"1.{index}.0") for index in range(number - 1)]
    return board(rows, counts=Counts(on_its_way=1, ok=number - 1))


def pods(key):
    namespace = key.split("/")[1]
    return [
        PodState(key=f"eu/{namespace}/orders-7cc6f9fbf5-fq26d", cluster="eu", namespace=namespace,
                 name="orders-7cc6f9fbf5-fq26d", workload=key, status="Init:CrashLoopBackOff", ready=0, total=1,
                 restarts=4, node="n-3", created_ms=NOW - 4 * MINUTE),
        PodState(key=f"eu/{namespace}/orders-57fcffc77-dmwbp", cluster="eu", namespace=namespace, new=False,
                 name="orders-57fcffc77-dmwbp", workload=key, status="Running", ready=1, total=1,
                 node="n-2", created_ms=NOW - 9 * DAY),
    ]  # fmt: skip


def history(app):
    common = {
        "key": f"eu/staging/Deployment/{app}",
        "cluster": "eu",
        "namespace": "staging",
        "kind": "Deployment",
        "name": app,
        "app": app,
    }
    return [
        RolloutState(
            **common,
            level=Level.PROGRESSING,
            version="1.5.0",
            since_ms=NOW - 5 * MINUTE,
            until_ms=NOW - 4 * MINUTE,
            reason="Rolling",
        ),
        RolloutState(**common, level=Level.OK, version="1.4.2", since_ms=NOW - 9 * DAY, until_ms=NOW - 5 * MINUTE),
    ]
