"""What all conversations with one cluster have in common: its connection, its waits, where the facts go."""

import random
import threading
from collections.abc import Callable

import msgspec

from collectors.kubernetes_api import KubernetesApi
from collectors.kubernetes_names import AppRules, Interest
from collectors.kubernetes_problems import ApiProblem
from collectors.kubernetes_standing import Standing
from statusdesk.backoff import doubled
from statusdesk.clock import Clock
from statusdesk.facts import Message

LISTS_AT_ONCE = 4


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long the conversation waits, in seconds; tests make it shorter."""

    backoff_first_s: float = 0.5
    backoff_limit_s: float = 8.0  # short, so that a source is well again within 10 s of its server
    rouse_s: float = 2.0  # one that answers again wakes the others, at most this often
    grace_s: float = 2.5  # what is over sooner (a restart, a cut watch, a compaction) is no failure of the source
    silence_s: float = 150.0  # bookmarks come about every minute
    # not heard for longer, it may be dead: nothing is called worse by time alone until it is heard
    hush_s: float = 70.0
    settle_s: float = 0.5  # a watch that opens tells first what has happened meanwhile
    reprobe_s: float = 60.0  # a right that we lack is asked for again: one small question per kind and namespace
    relook_s: float = 60.0  # the same for what is only looked up: one small question
    blind_s: float = 15.0  # the same while nothing at all is readable: that may be a passing fault of the server
    names_s: float = 60.0  # namespaces behind a glob are looked up again
    watch_s: tuple[int, int] = (240, 290)  # what we ask the server for, at random between the two
    lookups_per_s: float = 4.0  # requests about what is not healthy
    quick_s: float = 1.0  # a watch that ends sooner without an event has failed

    def backoff_s(self, problem: ApiProblem, failures: int) -> float:
        """Return how long to wait after so many failures in a row: what the server asks for, or each time longer."""
        if problem.retry_after_s is not None:
            return problem.retry_after_s * random.uniform(1.0, 1.2)
        return doubled(self.backoff_first_s, failures, self.backoff_limit_s) * random.uniform(0.6, 1.0)


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What all conversations with one cluster have in common."""

    source: str
    cluster: str
    api: KubernetesApi
    standing: Standing
    rules: AppRules
    interest: Interest
    emit: Callable[[Message], None]
    clock: Clock
    timing: Timing
    page_size: int
    poll_interval_s: float
    lists: threading.BoundedSemaphore
    """Bounds the lists in flight."""
    rouse: Callable[[], None]
    """Says that the server answers again, so that nobody waits for it any longer."""
