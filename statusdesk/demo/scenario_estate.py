"""The estate: which applications there are, how they are built, and which version runs where when the world begins."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from statusdesk.demo.jenkins_model import JobKind

STAGES = ("testing", "staging", "performance", "audit", "production")
DEVELOPMENT = ("dev-alice", "dev-bob")
PEOPLE = ("alice", "bob", "carol", "dora", "erik")

_NAMES = (
    *("orders", "customers", "billing", "web", "catalog", "mailer", "payments", "inventory", "search", "auth"),
    *(
        "gateway",
        "ledger",
        "basket",
        "checkout",
        "delivery",
        "invoices",
        "loyalty",
        "media",
        "notifications",
        "pricing",
    ),
    *(
        "reports",
        "reviews",
        "shipping",
        "stock",
        "accounts",
        "fraud",
        "profiles",
        "recommendations",
        "returns",
        "taxes",
    ),
    *("suppliers", "vouchers", "warehouse", "wishlist"),
)
_KINDS = {"gateway": "DaemonSet", "search": "StatefulSet", "ledger": "StatefulSet"}
_FINANCE = frozenset({"payments", "ledger", "invoices", "taxes"})
_PIPELINES = frozenset({"auth", "checkout", "shipping"}) | _FINANCE
_REACHES = {"mailer": STAGES[2:], "reports": (*STAGES[:2], *STAGES[3:])}
_REPLICAS = {"testing": 1, "staging": 2, "performance": 2, "audit": 1, "production": 3}
_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S


@dataclass(slots=True, eq=False)
class App:
    """One application: its workload kind, its deploy job, and what runs in each namespace.

    ``ages_s`` tells how long ago each version was deployed when the world began; ``earlier`` which one ran before.
    """

    name: str
    kind: str
    job: str
    job_kind: JobKind
    stages: tuple[str, ...]
    replicas: dict[str, int]
    versions: dict[str, str] = field(default_factory=dict)
    earlier: dict[str, str] = field(default_factory=dict)
    ages_s: dict[str, float] = field(default_factory=dict)
    builds: dict[str, int] = field(default_factory=dict)  # number of the build that deployed it
    ailing: set[str] = field(default_factory=set)  # namespaces where it does not do well
    busy: bool = False

    @property
    def repository(self) -> str:
        return f"https://git.shop.example/shop/{self.name}.git"


def make_estate(rng: random.Random, apps: int, pods: int) -> list[App]:
    """Make ``apps`` applications that together have about ``pods`` pods (0: a small number that suits each stage)."""
    estate = [_app(name) for name in _names(apps)]
    places = sum(len(app.stages) for app in estate)
    for number, app in enumerate(estate):
        if pods:
            base, rest = divmod(pods, max(1, places))
            app.kind = "Deployment" if app.kind == "DaemonSet" else app.kind  # as many pods as asked, not as nodes
            app.replicas = {stage: max(1, base + (number < rest / len(STAGES))) for stage in app.stages}
        _settle_versions(rng, app)
    return estate


def _names(count: int) -> Iterator[str]:
    for number in range(count):
        turn, index = divmod(number, len(_NAMES))
        yield _NAMES[index] if turn == 0 else f"{_NAMES[index]}-{turn + 1}"


def _app(name: str) -> App:
    job, job_kind = f"deploy-{name}", JobKind.FREESTYLE
    if name in _PIPELINES:
        job_kind = JobKind.PIPELINE
    if name in _FINANCE:
        job = f"finance/{job}"
    if name == "catalog":
        job, job_kind = "catalog-service/main", JobKind.PIPELINE
    if name == "media":
        job_kind = JobKind.MATRIX
    stages = _REACHES.get(name, STAGES)
    replicas = {stage: _REPLICAS[stage] for stage in stages}
    return App(name, _KINDS.get(name, "Deployment"), job, job_kind, stages, replicas)


def _settle_versions(rng: random.Random, app: App) -> None:
    """Let versions fall off towards production, each having been there for longer."""
    major, minor, patch = rng.randint(1, 7), rng.randint(0, 9), rng.randint(2, 12)
    age_s = rng.uniform(1 * _HOUR_S, 9 * _HOUR_S)
    for stage in app.stages:
        app.versions[stage] = f"{major}.{minor}.{patch}"
        app.earlier[stage] = f"{major}.{minor}.{max(0, patch - 1)}"
        app.ages_s[stage] = age_s
        if rng.random() < 0.35 and patch > 1:
            patch -= 1
            age_s += rng.uniform(0.5 * _DAY_S, 4 * _DAY_S)
        else:
            age_s += rng.uniform(1 * _HOUR_S, 1.5 * _DAY_S)


def next_version(rng: random.Random, version: str) -> str:
    """Return a later version: mostly a patch, now and then a minor one."""
    major, minor, patch = (int(part) for part in version.split("."))
    return f"{major}.{minor + 1}.0" if rng.random() < 0.15 else f"{major}.{minor}.{patch + 1}"


def newer(one: str, other: str) -> bool:
    """Tell whether version ``one`` is later than ``other``."""
    return [int(part) for part in one.split(".")] > [int(part) for part in other.split(".")]
