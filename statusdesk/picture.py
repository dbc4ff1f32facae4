"""From the store's rows to the board: keeps the rows, and draws anew only what has changed or has become old."""

from collections.abc import Iterable

from statusdesk.board import Board, SourceView
from statusdesk.config import Config
from statusdesk.facts import JobClass
from statusdesk.judge.promotion import production_index
from statusdesk.picture_apps import Apps, is_well
from statusdesk.picture_jenkins import Jenkins
from statusdesk.picture_sources import Sources, data_age_ms
from statusdesk.states import (
    TROUBLED,
    AlertState,
    BuildState,
    Changes,
    Collector,
    Level,
    MutedThere,
    PostedThere,
    Silence,
    TokenState,
)

_SEVERITIES = ("critical", "warning")
_TOKEN_ORDER = {Level.FAILING: 0, Level.WARNING: 1, Level.UNKNOWN: 2}
_FAR_MS = 2**62
_OF_PLATFORM = (JobClass.SEED.value, JobClass.RENEWAL.value, JobClass.ENVIRONMENT.value)


class Picture:
    """The board of one configuration, for one thread; feed it the changes of the store in their order."""

    def __init__(self, config: Config) -> None:
        self._apps = Apps(config)
        self._sources = Sources(config)
        self._jenkins = Jenkins(config)
        self._title = config.board.title or ", ".join(cluster.name for cluster in config.clusters)
        self._stages = tuple(stage.name for stage in config.stages)
        self._production = production_index(config.stages)
        self._change = 0
        self._builds: dict[str, BuildState] = {}
        self._build_rows: tuple[BuildState, ...] = ()
        self._unnamed: dict[str, BuildState] = {}
        self._tokens: dict[str, TokenState] = {}
        self._ordered_tokens: tuple[TokenState, ...] = ()
        self._alerts: dict[tuple[str, int], AlertState] = {}
        self._firing: tuple[AlertState, ...] = ()
        self._pending: tuple[AlertState, ...] = ()
        self._silences: dict[str, Silence] = {}
        self._muted: dict[str, MutedThere] = {}
        self._posts: dict[tuple[str, int], PostedThere] | None = None
        self._jobs: dict[tuple[str, str], str] = {}
        self._collector: Collector | None = None

    def apply(self, changes: Changes) -> None:
        """Take the rows that changed; rows with an end go."""
        self._change = max(self._change, changes.change)
        for rollout in changes.rollouts:
            self._apps.put_rollout(rollout)
        for build in changes.builds:
            self._apps.put_build(build)
        if changes.builds:
            self._put_builds(changes.builds)
        for source in changes.sources:
            self._sources.put(source)
        if changes.tokens:
            self._put_tokens(changes.tokens)
        if changes.alerts:
            self._put_alerts(changes.alerts)
        for silence in changes.silences:
            self._silences[silence.id] = silence
        for muted in changes.muted:
            self._muted[muted.sink] = muted
        if changes.posts is not None:
            known = self._posts or {}
            self._posts = {**known, **{(each.sink, each.number): each for each in changes.posts}}
        self._jenkins.apply(changes)
        for job in changes.jobs:
            self._jobs[job.key] = job.name
        for key in changes.gone_jobs:
            self._jobs.pop(key, None)
        if changes.collector is not None:
            self._collector = changes.collector

    def board(self, now_ms: int, lost_ms: int | None = None) -> Board:
        """Return the board of this moment; ``lost_ms`` is how long no collector has worked, None when one does.

        Rows that nothing has touched are the very objects of the board before.
        """
        apps, views = self._apps, self._sources.views(now_ms)
        silent = self._sources.silent(now_ms)
        heard = self._sources.heard()
        apps.refresh(silent, self._sources.blanks(silent), now_ms, self._sources.closed(), heard)
        all_well = lost_ms is None and not self._firing and is_well(apps.counts) and self._is_calm(views)
        return Board(
            at_ms=now_ms,
            change=self._change,
            title=self._title,
            stages=self._stages,
            production=self._production,
            rows=apps.ordered,
            counts=apps.counts,
            lost_nodes=apps.lost_nodes,
            sources=views,
            tokens=self._ordered_tokens,
            firing=self._firing,
            builds=self._build_rows,
            data_age_ms=data_age_ms(views),
            collector=self._collector,
            collector_lost_ms=lost_ms,
            quiet_since_ms=apps.quiet_since_ms if all_well else None,
            unattributed=self._without_namespace(),
            jobs=len(self._jobs),
            all_well=all_well,
            pending=self._pending,
            silences=self._holding(now_ms),
            muted=tuple(self._muted.values()),
            posts=None if self._posts is None else tuple(each for each in self._posts.values() if each.peer),
            platform=self._jenkins.platform,
            environments=self._jenkins.environments,
            environment_hours=self._jenkins.environment_hours,
            incomplete_jobs=self._jenkins.incomplete_jobs,
            unread=self._jenkins.unread,
            queue=self._jenkins.queue,
            executors=self._jenkins.executors,
        )

    def _is_calm(self, views: tuple[SourceView, ...]) -> bool:
        tokens_live = not any(token.level in TROUBLED for token in self._ordered_tokens)
        return tokens_live and all(view.level is Level.OK for view in views)

    def _put_builds(self, builds: Iterable[BuildState]) -> None:
        """Keep them in order of their keys; only a key that is new or gone makes it necessary to sort."""
        resort = False
        for build in builds:
            if build.until_ms is not None:
                resort |= self._builds.pop(build.key, None) is not None
            else:
                resort |= build.key not in self._builds
                self._builds[build.key] = build
        if resort:
            self._builds = dict(sorted(self._builds.items()))
        self._build_rows = tuple(self._builds.values())
        self._unnamed = {build.key: build for build in self._build_rows if not build.namespace}

    def _without_namespace(self) -> frozenset[str]:
        """Return the rows of builds that are missed in some namespace: those of jobs that deploy, as far as is known.

        And those of jobs that make or destroy environments: which ones these did is not known.
        That is told by what a job is for, by parameters for a namespace or version, and by other builds of it that
        were attributed. That a job has the name of an app in its own tells nothing: tests of an app do not deploy.
        """
        return frozenset(key for key, build in self._unnamed.items() if self._is_missed(build))

    def _is_missed(self, build: BuildState) -> bool:
        if build.job_class in _OF_PLATFORM:
            return self._jenkins.makes_environments(build.source, build.job)
        return build.job_class == JobClass.DEPLOY.value or build.deploys or self._apps.is_attributed(build.job)

    def _put_tokens(self, tokens: Iterable[TokenState]) -> None:
        for token in tokens:
            if token.until_ms is not None:
                self._tokens.pop(token.key, None)
            else:
                self._tokens[token.key] = token
        self._ordered_tokens = tuple(sorted(self._tokens.values(), key=_token_order))

    def _put_alerts(self, alerts: Iterable[AlertState]) -> None:
        for alert in alerts:
            key = (alert.fingerprint, alert.started_ms)
            if alert.state != "resolved":
                self._alerts[key] = alert
            else:
                self._alerts.pop(key, None)
        ordered = sorted(self._alerts.values(), key=_alert_order)
        self._firing = tuple(alert for alert in ordered if alert.state == "firing")
        self._pending = tuple(alert for alert in ordered if alert.state == "pending")

    def _holding(self, now_ms: int) -> tuple[Silence, ...]:
        """Return the silences that hold or will, the newest first; the others are forgotten."""
        if not self._silences:
            return ()
        over = [each.id for each in self._silences.values() if each.expired_ms is not None or each.ends_ms <= now_ms]
        for silence_id in over:
            del self._silences[silence_id]
        return tuple(sorted(self._silences.values(), key=lambda each: (-each.created_ms, each.id)))


def _token_order(token: TokenState) -> tuple[int, bool, int, str]:
    """Worst first, of these what is dead, then what lapses soonest."""
    return _TOKEN_ORDER.get(token.level, 3), not token.is_dead, token.expire_ms or _FAR_MS, token.key


def _alert_order(alert: AlertState) -> tuple[int, int, str]:
    """Worst first, then the oldest."""
    severity = _SEVERITIES.index(alert.severity) if alert.severity in _SEVERITIES else len(_SEVERITIES)
    return (severity, alert.fired_ms or alert.started_ms, alert.fingerprint)
