"""Hand-made rollouts: a failing init container, a slow one, a StatefulSet that is stuck, one with hostile text."""

from statusdesk.board import Counts, Mark
from statusdesk.facts import Build, Condition, Container, ContainerRole, Event, Revision
from statusdesk.rollout_view import Reading
from statusdesk.states import Evidence, Level, PodState, RolloutState, TokenState
from tests.screens import boards
from tests.screens.boards import DAY, HOUR, MINUTE, NOW

ORDERS = "eu/staging/Deployment/orders"
BILLING = "eu/staging/Deployment/billing"
LEDGER = "eu/production/StatefulSet/ledger"
NEW_DIGEST = "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
OLD_DIGEST = "sha256:9b2e1c7d55aa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202bfff00"


def container(name, role=ContainerRole.APP, **more):
    return Container(name=name, role=role, **more)


def init_that_exits(name="vault-agent", restarts=4, at_ms=NOW - 18_000, **more):
    fields = {
        "state": "waiting",
        "reason": "CrashLoopBackOff",
        "message": f"back-off 40s restarting failed container={name}",
        "last_exit_code": 1,
        "last_reason": "Error",
        "last_finished_ms": at_ms,
        "image": "registry.local/vault-agent:1.15",
    }
    return container(name, ContainerRole.INIT, restarts=restarts, **(fields | more))


def waiting_app(name="app", image="registry.local/orders:1.5.0"):
    return container(name, state="waiting", reason="PodInitializing", image=image)


def running_app(name="app", image="registry.local/orders:1.4.2", **more):
    fields = {"state": "running", "ready": True, "started": True, "since_ms": NOW - 9 * DAY}
    return container(name, image=image, image_id=f"registry.local/x@{OLD_DIGEST}", **(fields | more))


def pod(workload, name, containers, **more):
    cluster, namespace = workload.split("/")[:2]
    apps = [c for c in containers if c.role is ContainerRole.APP]
    fields = {
        "key": f"{cluster}/{namespace}/{name}",
        "ready": sum(c.ready for c in apps),
        "total": len(apps),
        "restarts": sum(c.restarts for c in containers),
        "created_ms": NOW - 4 * MINUTE,
        "node": "node-3",
        "status": "Running",
    }
    return PodState(
        cluster=cluster, namespace=namespace, name=name, workload=workload, containers=tuple(containers),
        **(fields | more),
    )  # fmt: skip


def period(key, level, since_ms, until_ms, version="1.5.0", revision="15", **more):
    cluster, namespace, kind, name = key.split("/", 3)
    return RolloutState(
        key=key, cluster=cluster, namespace=namespace, kind=kind, name=name, app=name, level=level, version=version,
        revision=revision, since_ms=since_ms, until_ms=until_ms, **more,
    )  # fmt: skip


def event(key, reason, message, at_ms, name, count=1, type="Warning", last_ms=None):
    cluster, namespace = key.split("/")[:2]
    return Event(
        cluster=cluster, namespace=namespace, uid=f"{reason}-{name}-{at_ms}", object_kind="Pod", object_name=name,
        type=type, reason=reason, message=message, count=count, first_ms=at_ms, last_ms=last_ms or at_ms,
    )  # fmt: skip


WHY = "init container vault-agent exits 1 (403 permission denied), 0 of 2 new pods ready"


def orders_state(**more):
    fields = {
        "reason": "InitCrashLoop",
        "message": WHY,
        "look": "logs of init container vault-agent, the previous run",
        "previous_version": "1.4.2",
        "exit_code": 1,
        "container": "vault-agent",
        "pod": "orders-7cc6f9fbf5-fq26d",
        "level_since_ms": NOW - 4 * MINUTE,
        "started_ms": NOW - 279_000,
        "deadline_ms": NOW + 321_000,
        "build_job": "deploy-orders",
        "build_number": 412,
        "build_url": "https://jenkins.example/job/deploy-orders/412/",
        "build_rule": "annotation",
        "ready": 2,
        "new_ready": 0,
        "updated": 2,
        "change": 7,
        "conditions": (
            Condition(type="Available", status="True", reason="MinimumReplicasAvailable",
                      message="Deployment has minimum availability.", updated_ms=NOW - 9 * DAY),
            Condition(type="Progressing", status="True", reason="ReplicaSetUpdated",
                      message='ReplicaSet "orders-7cc6f9fbf5" is progressing.', updated_ms=NOW - 4 * MINUTE),
        ),
    }  # fmt: skip
    return replace(boards.rollout("orders", "staging", "1.5.0", Level.FAILING, 4 * MINUTE), **(fields | more))


def orders_row(state=None):
    row = boards.orders()
    state = state or orders_state()
    cells = list(row.cells)
    cells[1] = replace(cells[1], rollouts=(state,), level=state.level, last_level=state.level)
    return replace(row, cells=tuple(cells))


def replace(struct, **changes):
    from msgspec.structs import replace

    return replace(struct, **changes)


LOG = (
    "2025-11-22T09:37:58Z [INFO]  authenticating to https://vault:8200",
    "2025-11-22T09:37:58Z [INFO]  renewing token of orders",
    "2025-11-22T09:37:59Z [WARN]  lookup-self: bad token",
    "2025-11-22T09:38:01Z [ERROR] GET /v1/secret/data/orders: 403",
    "2025-11-22T09:38:01Z [ERROR] * permission denied",
    "2025-11-22T09:38:02Z [FATAL] no secrets, giving up",
)


def orders_periods():
    return (
        period(ORDERS, Level.OK, NOW - 9 * DAY, NOW - 279_000, "1.4.2", "14"),
        period(
            ORDERS, Level.PROGRESSING, NOW - 279_000, NOW - 246_000, reason="Rolling", message="0 of 2 new pods ready"
        ),
        period(
            ORDERS,
            Level.WARNING,
            NOW - 246_000,
            NOW - 240_000,
            reason="InitExit",
            message="init container vault-agent exited 1, first time",
        ),
        replace(orders_state(), since_ms=NOW - 240_000),
    )


def orders_reading(**more):
    fields = {
        "pods": (
            pod(ORDERS, "orders-7cc6f9fbf5-fq26d", (init_that_exits(), waiting_app()), revision="7cc6f9fbf5",
                status="Init:CrashLoopBackOff"),
            pod(ORDERS, "orders-7cc6f9fbf5-8x2lm", (init_that_exits(at_ms=NOW - 20_000), waiting_app()),
                revision="7cc6f9fbf5", status="Init:CrashLoopBackOff", node="node-1"),
            pod(ORDERS, "orders-57fcffc77-dmwbp", (
                container("vault-agent", ContainerRole.INIT, state="terminated", reason="Completed", exit_code=0),
                running_app()), revision="57fcffc77", new=False, created_ms=NOW - 9 * DAY, node="node-2"),
        ),
        "events": (
            event(ORDERS, "BackOff", "Back-off restarting failed container vault-agent in pod",
                  NOW - 240_000, "orders-7cc6f9fbf5-fq26d", 9),
            event(ORDERS, "Pulled", "Container image already present", NOW - 250_000, "orders-7cc6f9fbf5-fq26d",
                  type="Normal"),
        ),
        "revisions": (
            Revision(cluster="eu", namespace="staging", kind="ReplicaSet", name="orders-7cc6f9fbf5", uid="b",
                     hash="7cc6f9fbf5", revision=15, created_ms=NOW - 279_000),
            Revision(cluster="eu", namespace="staging", kind="ReplicaSet", name="orders-57fcffc77", uid="a",
                     hash="57fcffc77", revision=14, created_ms=NOW - 9 * DAY),
        ),
        "evidence": (
            Evidence(key=ORDERS, since_ms=NOW - 4 * MINUTE, pod="orders-7cc6f9fbf5-fq26d", container="vault-agent",
                     previous=True, at_ms=NOW - 4 * MINUTE + 900, reason="InitCrashLoop", lines=LOG),
            Evidence(key=ORDERS, since_ms=NOW - 4 * MINUTE, pod="orders-7cc6f9fbf5-fq26d", container="vault-agent",
                     at_ms=NOW - 4 * MINUTE + 900, reason="InitCrashLoop", problem="the container has not begun"),
        ),
        "periods": orders_periods(),
        "builds": (
            Build(source="jenkins", job="deploy-orders", number=412, url="", namespace="staging", result="SUCCESS",
                  started_ms=NOW - 300_000, duration_ms=21_000, version="1.5.0", cause="by seed",
                  git_revision="3fd2a91c0ffee"),
        ),
    }  # fmt: skip
    return Reading(**(fields | more))


TOKEN = TokenState(
    key="vault/orders", source="vault", name="orders", level=Level.FAILING, reason="Gone",
    message="gone, no renewal since 08:12", expire_ms=NOW - 30 * MINUTE, level_since_ms=NOW - 29 * MINUTE,
)  # fmt: skip


def failing_init():
    rows = [orders_row(), boards.customers(), *(boards.well_row(name) for name in boards.NAMES[:5])]
    return boards.board(rows, counts=Counts(failing=1, on_its_way=1, ok=5), tokens=(TOKEN,))


def slow_state(**more):
    fields = {
        "level": Level.WARNING,
        "reason": "NeverReady",
        "message": "1 of 3 new pods ready; billing-6d5c8b7f9-k2x4p runs for 3m and has never been ready",
        "look": "readiness probe of container app; events of the pod",
        "previous_version": "3.3.0",
        "level_since_ms": NOW - 95_000,
        "started_ms": NOW - 190_000,
        "deadline_ms": NOW + 410_000,
        "desired": 3,
        "change": 3,
    }
    return replace(boards.rollout("billing", "staging", "3.3.1", Level.WARNING, 95_000), **(fields | more))


def slow_reading():
    def running(ready):
        return running_app("app", "registry.local/billing:3.3.1", ready=ready, since_ms=NOW - 185_000)

    message = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    return Reading(
        pods=(
            pod(BILLING, "billing-6d5c8b7f9-k2x4p", (running(False),), revision="6d5c8b7f9"),
            pod(BILLING, "billing-6d5c8b7f9-zz9ab", (running(True),), revision="6d5c8b7f9"),
            pod(BILLING, "billing-7bb9c4d5f-aaaa1", (running_app("app", "registry.local/billing:3.3.0"),),
                revision="7bb9c4d5f", new=False, created_ms=NOW - 2 * DAY),
        ),
        events=(event(BILLING, "Unhealthy", message, NOW - 170_000, "billing-6d5c8b7f9-k2x4p", 17),),
        periods=(
            period(BILLING, Level.OK, NOW - 2 * DAY, NOW - 190_000, "3.3.0", "14"),
            period(BILLING, Level.PROGRESSING, NOW - 190_000, NOW - 95_000, "3.3.1", message="1 of 3 new pods ready"),
            replace(slow_state(), since_ms=NOW - 95_000),
        ),
    )  # fmt: skip


def slow():
    row = boards.moving_rows()[0]
    cells = list(row.cells)
    state = slow_state()
    cells[1] = replace(cells[1], mark=Mark.WARNING, level=Level.WARNING, rollouts=(state,), message=state.message)
    bad = replace(row, cells=tuple(cells), mark=Mark.WARNING, rank=(1,), worst_stage="staging",
                  message=f"staging: {state.message}")  # fmt: skip
    return boards.board([bad, *(boards.well_row(name) for name in boards.NAMES[:5])], counts=Counts(warning=1, ok=5))


def ledger_state(**more):
    fields = {
        "key": LEDGER,
        "kind": "StatefulSet",
        "level": Level.FAILING,
        "reason": "CrashLoop",
        "message": "ledger-1: container app exits 137 (out of memory), restarted 6 times; ledger-0 waits behind it",
        "look": "memory limit of container app",
        "previous_version": "8.0.4",
        "level_since_ms": NOW - 7 * MINUTE,
        "started_ms": NOW - 9 * MINUTE,
        "revision": "ledger-7c6f9d5b4",
        "desired": 3,
        "pod": "ledger-1",
        "container": "app",
        "exit_code": 137,
    }
    return replace(boards.rollout("ledger", "production", "8.1.0", Level.FAILING), **(fields | more))


def ledger_reading():
    def app(**more):
        return running_app("app", "registry.local/ledger:8.1.0", **more)

    killed = {"last_exit_code": 137, "last_reason": "OOMKilled", "last_finished_ms": NOW - 65_000}
    crashing = app(state="waiting", reason="CrashLoopBackOff", message="back-off 2m40s restarting failed container=app",
                   ready=False, restarts=6, **killed)  # fmt: skip
    sidecar = container("proxy", ContainerRole.SIDECAR, state="running", started=True, ready=True, since_ms=NOW - HOUR)
    return Reading(
        pods=(
            pod(LEDGER, "ledger-0", (sidecar, running_app("app", "registry.local/ledger:8.0.4")), new=False,
                revision="ledger-5b8d7f6c9", created_ms=NOW - 30 * DAY),
            pod(LEDGER, "ledger-1", (sidecar, crashing), revision="ledger-7c6f9d5b4"),
            pod(LEDGER, "ledger-2", (sidecar, app()), revision="ledger-7c6f9d5b4"),
        ),
        evidence=(
            Evidence(key=LEDGER, since_ms=NOW - 7 * MINUTE, pod="ledger-1", container="app", previous=True,
                     at_ms=NOW - 7 * MINUTE, lines=("loading 4.1 GiB of postings", "java.lang.OutOfMemoryError")),
        ),
        periods=(
            period(LEDGER, Level.OK, NOW - 30 * DAY, NOW - 9 * MINUTE, "8.0.4", "ledger-5b8d7f6c9"),
            replace(ledger_state(), since_ms=NOW - 7 * MINUTE),
        ),
    )  # fmt: skip


def stateful():
    row = boards.well_row("ledger", "8.1.0")
    cells = list(row.cells)
    state = ledger_state()
    other = replace(
        boards.rollout("ledger-export", "production", "8.1.0"), app="ledger", version_since_ms=NOW - 3 * DAY
    )
    cells[4] = replace(cells[4], mark=Mark.FAILING, level=Level.FAILING, rollouts=(state, other), message=state.message)
    bad = replace(row, cells=tuple(cells), mark=Mark.FAILING, rank=(0,), worst_stage="production",
                  message=f"production: {state.message}")  # fmt: skip
    return boards.board([bad, *(boards.well_row(name) for name in boards.NAMES[:5])], counts=Counts(failing=1, ok=5))


READINGS = {ORDERS: orders_reading(), BILLING: slow_reading(), LEDGER: ledger_reading()}


def without_orders():
    """Return the board after someone has deleted the Deployment of orders in staging."""
    row = orders_row()
    cells = list(row.cells)
    cells[1] = replace(cells[1], mark=Mark.ABSENT, level=Level.UNKNOWN, rollouts=(), message="", version="")
    calm = replace(row, cells=tuple(cells), mark=Mark.OK, message="", rank=(9,), worst_stage="")
    return boards.board([calm, *(boards.well_row(name) for name in boards.NAMES[:5])], change=9)


def gone_reading():
    last = orders_reading().periods
    return Reading(periods=(*last[:-1], replace(last[-1], until_ms=NOW - 2 * MINUTE)),
                   evidence=orders_reading().evidence)  # fmt: skip


def hostile():
    """Return a board whose first rollout has hostile text everywhere, and what is read for it."""
    name = boards.HOSTILE[1]
    nasty = "[/x] [bold]$(reboot)[/] \u6c34\u6e90 \U0001f525 " + "n" * 300
    key = f"eu/testing/Deployment/{name}"
    board = boards.hostile()
    rows = list(board.rows)
    cells = list(rows[1].cells)
    state = replace(
        cells[0].rollouts[0], message=nasty, look=nasty, version=nasty, previous_version="[/y]", reason="[/x]",
        build_job="[/x]", build_number=1, build_url="https://x/[/x]", level_since_ms=NOW - MINUTE, pod="[/x]",
        conditions=(Condition(type="[/x]", status="False", reason=nasty, message=nasty),), started_ms=NOW - MINUTE,
    )  # fmt: skip
    cells[0] = replace(cells[0], rollouts=(state, replace(state, key=f"{key}2", name="[/x]2")))
    rows[1] = replace(rows[1], cells=tuple(cells), rank=(-1,))
    bad = init_that_exits(nasty, message=nasty, last_message=nasty, reason="[/x]", image=nasty)
    reading = Reading(
        pods=(pod(state.key, nasty, (bad, waiting_app("[/x]")), status="[/x]", node=nasty),
              pod(state.key, "[/x]", (), status=nasty)),
        events=(event(state.key, "[/x]", nasty, NOW - 3000, nasty, 3),),
        evidence=(Evidence(key=state.key, since_ms=NOW - MINUTE, pod="[/x]", container="[/x]", lines=(nasty, "[/x]")),),
        periods=(period(state.key, Level.FAILING, NOW - MINUTE, None, nasty, message=nasty),),
        builds=(Build(source="jenkins", job="[/x]", number=1, url="", result="[/x]", started_ms=NOW - 9000,
                      cause=nasty, version=nasty),),
    )  # fmt: skip
    return replace(board, rows=tuple(rows)), {state.key: reading}


def many_pods(number):
    """Return a reading with many pods, all ready but one."""
    pods = [
        pod(ORDERS, f"orders-7cc6f9fbf5-{index:05d}", (running_app(image="registry.local/orders:1.5.0"),),
            revision="7cc6f9fbf5") for index in range(number)
    ]  # fmt: skip
    return orders_reading(pods=(*pods, orders_reading().pods[0]))
