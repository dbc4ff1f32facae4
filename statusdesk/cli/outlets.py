"""What ``watch`` tells alerts with: sinks, or what only shows what they would send, and the heartbeat.

The store answers what they ask: how everything stands now, which silences there are, when sources were visited.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from statusdesk.clock import steady_clock, system_clock
from statusdesk.collecting import lost_ms
from statusdesk.config import Config
from statusdesk.states import Level, SourceState
from statusdesk.states_alerts import Silence
from statusdesk.store.errors import StoreError
from statusdesk.store.opening import FILE_NAME
from statusdesk.store.reader import Reader

if TYPE_CHECKING:
    from statusdesk.credentials import ReadSecret
    from statusdesk.sinks.heartbeat import Heartbeat
    from statusdesk.sinks.message import Tally
    from statusdesk.sinks.rehearsal import Rehearsal
    from statusdesk.sinks.teller import Sinks

T = TypeVar("T")


class Stored:
    """What the store of a configuration says; opened anew each time, as threads share it. None: it cannot be read."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._path = Path(config.store.state_dir) / FILE_NAME
        self._sources = frozenset(config.source_names())

    def _ask(self, question: Callable[[Reader], T]) -> T | None:
        try:
            with Reader(self._path) as reader:
                return question(reader)
        except StoreError:
            return None

    def tally(self) -> "Tally | None":
        """Return how everything stands now; what a source that does not answer has shown is unknown, not well."""
        from statusdesk.picture_sources import unseen_places
        from statusdesk.sinks.message import Tally

        def count(reader: Reader) -> Tally:
            states = [alert.state for alert in reader.alerts()]
            unseen = unseen_places(self._config, reader.sources(scopes=True), system_clock())
            ok = unknown = 0
            for cluster, namespace, level, number in reader.standing():
                if level is Level.UNKNOWN or cluster in unseen or f"{cluster}/{namespace}" in unseen:
                    unknown += number
                elif level is Level.OK:
                    ok += number
            return Tally(firing=states.count("firing"), pending=states.count("pending"), ok=ok, unknown=unknown)

        return self._ask(count)

    def silences(self) -> list[Silence]:
        """Return the silences, also those that are over."""
        return self._ask(lambda reader: reader.silences()) or []

    def sources(self) -> list[SourceState] | None:
        """Return the sources, None when one was never visited or the collector has stopped beating."""

        def visited(reader: Reader) -> list[SourceState] | None:
            if lost_ms(reader.collector(), system_clock()) is not None:
                return None
            rows = [row for row in reader.sources() if row.source in self._sources]
            return rows if len(rows) == len(self._sources) else None

        return self._ask(visited)


def warnings_of(config: Config) -> list[str]:
    """Return what people must know of the sinks when a collector begins to tell them."""
    from statusdesk.sinks.schedule import unpaired_names

    names = unpaired_names(config)
    if not names:
        return []
    return [
        f'[ha] mode = "pair": each of the two collectors tells {", ".join(names)}, so everybody there is told twice; '
        "tell them through an Alertmanager, or keep these sinks in the configuration of one of the two only"
    ]


def sinks_of(
    config: Config, print_line: Callable[[str], bool], narrate: Callable[[str], None], read: "ReadSecret"
) -> "Sinks | None":
    """Return who tells the sinks of a configuration, None when it has none; ``read`` reads their secrets."""
    if not config.sinks:
        return None
    from statusdesk.sinks.teller import Sinks

    stored = Stored(config)
    return Sinks(config, ask=stored.tally, silences=stored.silences, print_line=print_line, narrate=narrate, read=read)


def rehearsal_of(config: Config, print_line: Callable[[str], bool], *, as_json: bool) -> "tuple[Config, Rehearsal]":
    """Return the configuration of a dry run, and who shows what it would send."""
    from statusdesk.sinks.rehearsal import Rehearsal, rehearsed

    changed = rehearsed(config, str(system_clock()))
    return changed, Rehearsal(changed, ask=Stored(config).tally, show=print_line, as_json=as_json)


def heartbeat_of(config: Config, narrate: Callable[[str], None], read: "ReadSecret") -> "Heartbeat | None":
    """Return the heartbeat of a configuration, begun; None when it has none. ``read`` reads its address."""
    if config.ha.heartbeat_url is None:
        return None
    from statusdesk.sinks.heartbeat import Heartbeat, interval_of

    return Heartbeat(
        config.ha.heartbeat_url,
        Path(config.path).parent,
        Stored(config).sources,
        interval_s=interval_of(config),
        clock=system_clock,
        steady=steady_clock,
        narrate=narrate,
        read=read,
    )
