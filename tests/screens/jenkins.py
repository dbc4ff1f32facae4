"""Hand-made boards of Jenkins and Vault: builds of many kinds, platform jobs, environments, tokens; hostile ones."""

from msgspec.structs import replace

from statusdesk.build_view import BuildKey, BuildReading, UnattributedJob
from statusdesk.facts import Build, BuildDetails, Commit, Executors, Node, QueueItem, Stage
from statusdesk.states import BuildState, EnvironmentState, Grant, Level, PlatformState, RunningBuild, TokenState
from tests.screens import boards
from tests.screens.boards import DAY, HOUR, MINUTE, NOW

LEVELS = {"SUCCESS": Level.OK, "FAILURE": Level.FAILING, "UNSTABLE": Level.WARNING, "": Level.UNKNOWN}


def state(job, namespace, number, result="SUCCESS", ago_ms=HOUR, **more):
    level = LEVELS[result]
    fields = {
        "key": f"jenkins/{job}@{namespace}",
        "job_class": "deploy",
        "level": level,
        "reason": {"SUCCESS": "Succeeded", "FAILURE": "Failed", "UNSTABLE": "Unstable"}.get(result, "NoResult"),
        "version": "1.4.2",
        "url": f"https://jenkins.example/job/{job}/{number}/",
        "started_ms": NOW - ago_ms,
        "duration_ms": 110_000,
        "usual_ms": 100_000,
        "level_since_ms": NOW - ago_ms,
        "cause": "Started by user Kim",
        "user": "kim",
        "git_revision": "3fd2a91c0ffee",
        "last_success_number": number if result == "SUCCESS" else number - 3,
        "last_success_ms": NOW - ago_ms if result == "SUCCESS" else NOW - DAY,
        "change": 1,
    }
    return BuildState(
        source="jenkins", job=job, namespace=namespace, number=number, result=result, **(fields | more)
    )  # fmt: skip


ROWS = (
    state("deploy-orders", "staging", 412, "FAILURE", 4 * MINUTE, version="1.5.0", duration_ms=402_000),
    state("deploy-orders", "testing", 411, ago_ms=2 * HOUR, version="1.5.0"),
    state("deploy-orders", "production", 398, ago_ms=9 * DAY, version="1.4.1"),
    state("deploy-billing", "staging", 54, other_number=55, other_started_ms=NOW - 70_000, other_version="3.3.1",
          other_cause="Started by user Kim", other_url="https://jenkins.example/job/deploy-billing/55/",
          running=(RunningBuild(55, NOW - 70_000, "https://jenkins.example/job/deploy-billing/55/", "3.3.1",
                                "Started by user Kim"),)),
    state("deploy-billing", "testing", 53, "UNSTABLE", 3 * HOUR),
    state("deploy-catalog", "performance", 1903, ago_ms=12 * MINUTE),
    state("deploy-mailer", "performance", 54, ago_ms=30 * DAY, other_number=55, other_result="ABORTED"),
    state("deploy-web", "production", 220, ago_ms=HOUR),
    state("deploy-lost", "", 7, ago_ms=HOUR, cause="Started by timer"),
    state("seed-jobs", "", 88, "FAILURE", job_class="seed"),
)  # fmt: skip
FAILED = BuildKey("jenkins", "deploy-orders", 412)
PAIR = ("jenkins", "deploy-orders", "staging")


def build(number, result="SUCCESS", ago_ms=HOUR, **more):
    fields = {
        "namespace": "staging",
        "namespaces": ("staging",),
        "attributed_by": "parameter",
        "duration_ms": 110_000,
        "version": "1.4.2",
        "cause": "Started by user Kim",
        "user": "kim",
        "url": f"https://jenkins.example/job/deploy-orders/{number}/",
        "git_revision": "3fd2a91c0ffee",
        "git_branch": "main",
    }
    return Build(
        source="jenkins", job="deploy-orders", number=number, result=result, started_ms=NOW - ago_ms, **(fields | more)
    )


HISTORY = (
    build(412, "FAILURE", 4 * MINUTE, version="1.5.0", duration_ms=402_000),
    build(410, "ABORTED", HOUR),
    build(409, "SUCCESS", DAY),
    build(405, "UNSTABLE", 2 * DAY),
    *(build(number, "SUCCESS", (420 - number) * DAY) for number in range(404, 388, -1)),
)
DETAILS = BuildDetails(
    source="jenkins",
    job="deploy-orders",
    number=412,
    at_ms=NOW,
    causes=("Started by user Kim",),
    parameters=(("NAMESPACE", "staging"), ("VERSION", "1.5.0"), ("DB_PASSWORD", "")),
    stages=(
        Stage(name="Checkout", status="SUCCESS", duration_ms=12_000),
        Stage(name="Roll out", status="FAILED", duration_ms=382_000, error="timed out waiting for the condition"),
    ),
    commits=(Commit(revision="3fd2a91c0ffee", message="Read the secret once", author="Kim"),),
)
PAGE = BuildReading(build=HISTORY[0], details=DETAILS, history=HISTORY)

PLATFORM = (
    PlatformState(
        key="jenkins/seed-jobs", source="jenkins", job="seed-jobs", job_class="seed", level=Level.FAILING,
        reason="SeedFailed", message="seed-jobs #88 failed: job definitions are as of 2h ago", number=88,
        result="FAILURE", last_success_ms=NOW - 2 * HOUR, period_s=3600, period_rule="learnt",
        next_expected_ms=NOW - HOUR, jobs_added=50, jobs_removed=20, url="https://jenkins.example/job/seed-jobs/",
    ),
    PlatformState(
        key="jenkins/renew-orders", source="jenkins", job="renew-orders", job_class="renewal", level=Level.OK,
        reason="Succeeded", message="renew-orders #12 succeeded", number=12, result="SUCCESS",
        last_success_ms=NOW - 50 * MINUTE, period_s=8 * 3600, period_rule="configured",
        next_expected_ms=NOW + 7 * HOUR,
    ),
)  # fmt: skip
ENVIRONMENTS = (
    EnvironmentState(
        key="eu/dev-kim", cluster="eu", namespace="dev-kim", level=Level.WARNING, reason="LeftUp",
        message="it is up after hours", up_since_ms=NOW - 2 * DAY, made_by="kim", job="env-create", number=31,
        last_job="env-create", last_number=31, last_result="SUCCESS", left_up_ms=NOW - 14 * HOUR, week_up_min=2880,
        week_after_hours_min=1900,
    ),
    EnvironmentState(
        key="eu/dev-lee", cluster="eu", namespace="dev-lee", level=Level.OK, reason="Up", up_since_ms=NOW - HOUR,
        message="made by lee with env-create #32", made_by="lee", job="env-create", number=32,
        last_job="env-create", last_number=32, last_result="SUCCESS", week_up_min=60,
    ),
    EnvironmentState(
        key="eu/dev-mia", cluster="eu", namespace="dev-mia", level=Level.OK, reason="Up", up_since_ms=NOW - 3 * HOUR,
        message="made by mia with env-make #8", made_by="mia", job="env-make", number=8, made_ms=NOW - 3 * HOUR,
        last_job="env-make", last_number=9, last_result="SUCCESS", week_up_min=180, renewed_ms=NOW - 20 * MINUTE,
        renewed_by="noa", renewed_job="env-make", renewed_number=9, job_gone_ms=NOW - 10 * MINUTE,
    ),
)  # fmt: skip


def token(name, level=Level.OK, left_ms=23 * HOUR, **more):
    fields = {
        "expire_ms": NOW + left_ms,
        "last_renewal_ms": NOW - HOUR,
        "granted_ms": DAY,
        "renew_every_s": 8 * 3600,
        "every_rule": "configured",
        "survives": 2,
        "next_renewal_ms": NOW + 7 * HOUR,
        "steady_since_ms": NOW - 31 * DAY,
        "reason": "Renewing",
        "renewal_job": f"renew-{name}",
        "apps": (name,),
        "namespaces": ("staging", "production"),
        "accessor_tail": "x9Kd",
        "change": 1,
    }
    return TokenState(key=f"vault/{name}", source="vault", name=name, level=level, **(fields | more))


TOKENS = (
    token("orders"),
    token("ledger", Level.WARNING, 98 * HOUR, reason="AtCap", at_cap=True, granted_ms=99 * HOUR, cap_ms=NOW + 98 * HOUR,
          message="at its cap: renewals no longer extend it; re-issue before 26 Nov 11:40"),
    token("payments", Level.FAILING, 130 * MINUTE, reason="LapsesBeforeNextRun", missed=2, survives=0,
          last_renewal_ms=NOW - 22 * HOUR, next_renewal_ms=NOW - 14 * HOUR, job_result="FAILURE", job_number=88,
          job_ended_ms=NOW - 3 * HOUR, job_says="job red, token lapses",
          message="renewal missed twice; lapses before the next run"),
    token("old", Level.FAILING, -HOUR, reason="Gone", message="Vault does not know it any more", dead_ms=NOW - HOUR),
    token("root", Level.OK, reason="NeverExpires", message="never expires", expire_ms=None, survives=None,
          renew_every_s=None, next_renewal_ms=None, last_renewal_ms=None, granted_ms=None, renewal_job=""),
)  # fmt: skip
GRANTS = {
    "vault/orders": tuple(
        Grant(
            key="vault/orders",
            renewed_ms=at,
            expire_ms=at + DAY,
            granted_ms=DAY,
            issue_ms=NOW - 31 * DAY,
            seen_ms=at + 8 * HOUR,
        )
        for at in (NOW - HOUR - n * 8 * HOUR for n in range(9))
    ),
    "vault/ledger": tuple(
        Grant(
            key="vault/ledger",
            renewed_ms=at,
            expire_ms=NOW + 98 * HOUR,
            granted_ms=NOW + 98 * HOUR - at,
            issue_ms=1,
            seen_ms=at + 8 * HOUR,
        )
        for at in (NOW - HOUR - n * 8 * HOUR for n in range(9))
    ),
}
QUEUE = (
    QueueItem(source="jenkins", id=9, job="deploy-web", namespace="testing", why="Waiting for next available executor",
              buildable=True, since_ms=NOW - 6 * MINUTE, stuck=True),
)  # fmt: skip
EXECUTORS = (Executors(source="jenkins", busy=4, total=6, offline=("node-2",), nodes=(Node(name="node-2"),)),)


def board(**more):
    """A board on which something of everything is wrong."""
    orders = boards.orders()
    made = [
        replace(
            cell,
            rollouts=tuple(
                replace(rollout, build_job="deploy-orders", build_number=412, build_rule="annotation",
                        build_url="https://jenkins.example/job/deploy-orders/412/")
                for rollout in cell.rollouts
            ),
        )
        if cell.stage == "staging"
        else cell
        for cell in orders.cells
    ]  # fmt: skip
    rows = [replace(orders, cells=tuple(made), builds=ROWS[:3], build=ROWS[0]), boards.well_row("web")]
    fields = {
        "builds": ROWS,
        "platform": PLATFORM,
        "environments": ENVIRONMENTS,
        "tokens": TOKENS,
        "queue": QUEUE,
        "executors": EXECUTORS,
        "unattributed": frozenset(row.key for row in ROWS if row.job_class == "deploy" and not row.namespace),
    }
    return boards.board(rows, **(fields | more))


def fill(app):
    """Give a desk what is read beside that board."""
    feed = app.hand
    feed.builds = {PAIR: HISTORY}
    feed.pages = {FAILED: PAGE}
    feed.without_namespace = (UnattributedJob("jenkins", "deploy-lost", 17, 7),)
    feed.granted = GRANTS
    return app


def hostile():
    """The same board, with everything that outside text may hold."""
    rows = [
        state(name, name, index + 1, "FAILURE", version=name, cause=name, message=name, user=name)
        for index, name in enumerate(boards.HOSTILE)
    ]
    tokens = [
        token(name, Level.FAILING, message=f"[/bold] {name}", owner=name, apps=(name,), notes=(name,))
        for name in boards.HOSTILE
    ]
    platform = [replace(PLATFORM[0], key=f"jenkins/{name}", job=name, message=name) for name in boards.HOSTILE]
    environments = [
        replace(ENVIRONMENTS[0], key=f"eu/{name}", namespace=name, made_by=name, message=name)
        for name in boards.HOSTILE
    ]
    return board(builds=tuple(rows), tokens=tuple(tokens), platform=tuple(platform), environments=tuple(environments))
