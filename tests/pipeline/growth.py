"""Days of a team in which everything is new each day, and what a process keeps of the days that are over."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from msgspec.structs import replace

from statusdesk.alerts.telling import Outcome
from statusdesk.config import (
    ClusterSettings,
    Config,
    JenkinsSettings,
    StageSettings,
    StoreSettings,
    TokenSettings,
    VaultSettings,
)
from statusdesk.config_alerts import AlertsSettings, SinkSettings
from statusdesk.facts import (
    Build,
    Changed,
    Event,
    Job,
    JobClass,
    LogTail,
    Pod,
    QueueItem,
    Revision,
    Swept,
    Token,
    Visited,
    Workload,
)
from statusdesk.pipeline.desk import Desk
from statusdesk.settings import Secret
from statusdesk.store.writer import Writer
from statusdesk.wants import EventsWanted, LogWanted, RevisionsWanted, Wanted, subkind_of
from tests.pipeline.desk_bench import T0, pod, workload

EU, US = "kubernetes/eu", "kubernetes/us"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LASTING = "orders"
PRUNED_ROWS = 2_000


class Days:
    """A desk that lives through days; ``live`` goes on by one of them. A day is kept, two hours of pods."""

    def __init__(self, directory: Path) -> None:
        self.day = 0
        self.order = 0
        self.now_ms = T0
        self._wanted: list[Wanted] = []
        sinks = (
            SinkSettings(name="hook", type="webhook", urls=("http://hook",), group_wait_s=0.0),
            SinkSettings(name="am", type="alertmanager", urls=("http://am",)),
        )
        self.config = Config(
            path="config.toml",
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            clusters=(ClusterSettings(name="eu"), ClusterSettings(name="us")),
            jenkins=JenkinsSettings(url="http://jenkins"),
            vault=VaultSettings(
                address="https://vault",
                tokens=(TokenSettings(name="payments", accessor=Secret(env="A"), renewal_job="renew"),),
            ),
            store=StoreSettings(state_dir=str(directory), keep_s=DAY_MS / 1000),
            alerts=AlertsSettings(group_wait_s=0.0, group_by=("alertname", "app")),
            sinks=sinks,
        )
        self.writer = Writer(directory / "statusdesk.db", DAY_MS / 1000, lambda: self.now_ms, pods_keep_s=7200.0)
        self.desk = Desk(self.config, self.writer, self._wanted.append, steady=lambda: self.now_ms - T0, sends=True)

    def live(self) -> None:
        """Live through a day: what is new comes, fails, is mended and goes; the night tidies up."""
        self.day += 1
        day = self.day
        self._visit(f"env-{day}")
        self._namespace(f"env-{day}")
        self._jenkins(f"deploy-{day}", day)
        self._cluster(day, fails=True)
        for _ in range(6):
            self._pass(HOUR_MS // 2)
        self._cluster(day, fails=False)
        self._vault(day)
        for _ in range(6):
            self._pass(HOUR_MS // 2)
        self._all_gone()
        for _ in range(18):
            self._pass(HOUR_MS)

    def _pass(self, ms: int) -> None:
        self.now_ms += ms
        for source in (EU, US, "jenkins", "vault"):
            self.desk.take(Visited(source=source, ok=True, at_ms=self.now_ms, live=source in (EU, US)))
        for _ in range(3):
            self.desk.flush(self.now_ms)
            self._answer()
            self.now_ms += 4_000
        self.desk.take_events()
        news = self.desk.take_news()
        self.desk.settle(
            Outcome(id=each.id, state="sent", at_ms=self.now_ms, attempts=1, sent=each)
            for each in (news.queued if news is not None else ())
        )
        self.writer.prune(self.now_ms, PRUNED_ROWS, {"hook", "am"})

    def _visit(self, namespace: str) -> None:
        self.desk.take(Visited(source=EU, scope=namespace, ok=False, at_ms=self.now_ms, problem="NoAccess"))
        self._pass(60_000)
        self.desk.take(Visited(source=EU, scope=namespace, ok=True, at_ms=self.now_ms))

    def _swept(self, kind: type, *facts: object, source: str = EU, subkind: str = "", **more: object) -> None:
        now_ms = self.now_ms
        self.desk.take(
            Swept(source=source, kind=kind, facts=facts, started_ms=now_ms, at_ms=now_ms, subkind=subkind, **more)
        )

    def _namespace(self, namespace: str) -> None:
        """A cluster that is read namespace by namespace: one is there for a day, and goes."""
        self.order += 1
        where = {"source": US, "scope": namespace, "order": self.order}
        deployed = replace(workload("web", uid=f"us-{namespace}"), cluster="us", namespace=namespace)
        made = replace(pod("web"), cluster="us", namespace=namespace, uid=f"us-{namespace}")
        self._swept(Pod, made, **where)
        self._swept(Workload, deployed, subkind="Deployment", **where)
        self._pass(60_000)
        changed = {"source": US, "at_ms": self.now_ms, "heard_ms": self.now_ms - 1000}
        self.desk.take(Changed(kind=Workload, seen=(replace(deployed, generation=9),), **changed))
        self._pass(60_000)
        where["order"] = self.order + 1
        self._swept(Pod, over=True, **where)
        self._swept(Workload, subkind="Deployment", over=True, **where)
        self._pass(60_000)

    def _cluster(self, day: int, *, fails: bool) -> None:
        """An environment of that day, and another version of what is always there."""
        waiting = {"waiting": "CrashLoopBackOff", "restarts": 5} if fails else {}
        counts = {"ready": 0, "available": 0} if fails else {}
        number = 2 * day + (not fails)
        times = {"generation": number, "observed_generation": number, "revision": str(number)}
        names = ((LASTING, "staging"), ("web", f"env-{day}"), (f"app-{day}", "staging"))
        workloads = [
            replace(
                workload(name, version=f"1.{day}", **counts, **times), namespace=namespace, uid=f"{name}-{namespace}"
            )
            for name, namespace in names
        ]
        pods = [
            replace(pod(name, f"d{day}-{n}", **waiting), namespace=namespace, uid=f"{name}-{namespace}-{day}-{n}")
            for name, namespace in names
            for n in range(3)
        ]
        self._swept(Workload, *workloads, subkind="Deployment")
        self._swept(Pod, *pods)

    def _jenkins(self, job: str, day: int) -> None:
        jobs = [
            Job(source="jenkins", name=name, url=f"http://jenkins/{name}", job_class=job_class, last_number=day)
            for name, job_class in (
                (job, JobClass.DEPLOY), ("deploy", JobClass.DEPLOY), ("renew", JobClass.RENEWAL),
                (f"create-{day}", JobClass.ENVIRONMENT), ("seed", JobClass.SEED),
            )
        ]  # fmt: skip
        self._swept(Job, *jobs, source="jenkins")
        builds = [
            Build(
                source="jenkins", job=each.name, number=day, url=f"{each.url}/{day}", namespace=namespace,
                namespaces=(namespace,) if namespace else (), building=False,
                result="FAILURE" if each.name == job else "SUCCESS", started_ms=self.now_ms, duration_ms=1_000,
            )
            for each in jobs
            for namespace in [None if each.job_class in (JobClass.SEED, JobClass.RENEWAL) else f"env-{day}"]
        ]  # fmt: skip
        running = [replace(each, number=day + 1_000, building=True, result=None, duration_ms=0) for each in builds]
        self.desk.take(Changed(source="jenkins", kind=Build, at_ms=self.now_ms, seen=(*running, *builds)))
        self._swept(QueueItem, QueueItem(source="jenkins", id=day, job=job), source="jenkins")
        self._pass(60_000)
        ended = tuple(replace(each, building=False, result="SUCCESS", duration_ms=1) for each in running)
        self.desk.take(Changed(source="jenkins", kind=Build, at_ms=self.now_ms, seen=ended))

    def _vault(self, day: int) -> None:
        known = Token(
            source="vault", name="payments", issue_ms=T0, accessor_tail=str(day), last_renewal_ms=self.now_ms,
            expire_ms=self.now_ms + 40 * DAY_MS, seen_ms=self.now_ms, period_s=40 * 86_400,
        )  # fmt: skip
        self._swept(Token, known, source="vault")

    def _all_gone(self) -> None:
        self._swept(Workload, workload(LASTING), subkind="Deployment")
        self._swept(Pod, pod(LASTING))
        self._swept(Job, source="jenkins")
        self._swept(QueueItem, source="jenkins")

    def _answer(self) -> None:
        wanted, self._wanted[:] = list(self._wanted), []
        for each in wanted:
            now_ms = self.now_ms
            if isinstance(each, LogWanted):
                fields = {name: getattr(each, name) for name in each.__struct_fields__}
                tail = LogTail(**fields, at_ms=now_ms, lines=("out of luck",))
                self.desk.take(Changed(source=EU, kind=LogTail, at_ms=now_ms, seen=(tail,)))
                continue
            _, namespace, _, name = each.workload
            subkind = subkind_of(each.workload)
            if isinstance(each, RevisionsWanted):
                made = {
                    "cluster": "eu",
                    "namespace": namespace,
                    "kind": "ReplicaSet",
                    "hash": "abc",
                    "owner_uid": each.uid,
                }
                found = Revision(**made, name=f"{name}-abc", uid=f"{name}-abc", revision=self.day)
                self._swept(Revision, found, subkind=subkind, scope=namespace)
            if isinstance(each, EventsWanted):
                about = {"object_kind": "Pod", "object_name": name, "object_uid": each.uids[-1]}
                told = Event(
                    cluster="eu", namespace=namespace, uid=f"e{self.day}-{name}", **about, type="Warning",
                    reason="BackOff", last_ms=now_ms,
                )  # fmt: skip
                self._swept(Event, told, subkind=subkind, scope=namespace)


def sizes(*roots: object) -> dict[str, int]:
    """Return how many entries the containers below some objects have in all, by the way that leads to them.

    A way names classes and attributes; what is in a container is one step, ``[]``, whichever entry it is.
    """
    found: dict[str, int] = {}
    seen: set[int] = set()

    def walk(each: object, way: str) -> None:
        if id(each) in seen or isinstance(each, (str, bytes, int, float, type(None), type, Path)):
            return
        seen.add(id(each))
        if isinstance(each, (Mapping, list, tuple, AbstractSet)) or type(each).__name__ == "deque":
            found[way] = found.get(way, 0) + len(each)
            for inner in list(each.values() if isinstance(each, Mapping) else each):
                walk(inner, f"{way}[]")
        elif type(each).__module__.split(".")[0] in ("statusdesk", "collectors"):
            for name, inner in _attributes(each):
                walk(inner, f"{way}.{name}" if way.endswith("]") else f"{type(each).__name__}.{name}")

    for root in roots:
        walk(root, type(root).__name__)
    return found


def _attributes(each: object) -> Iterator[tuple[str, object]]:
    names = {*getattr(each, "__dict__", ())}
    for base in type(each).__mro__:
        slots = getattr(base, "__slots__", ())
        names.update((slots,) if isinstance(slots, str) else slots)
    for name in sorted(names):
        if hasattr(each, name):
            yield name, getattr(each, name)
