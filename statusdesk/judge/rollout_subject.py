"""What a verdict is about: a workload with its pods, sorted by what is expected of them."""

from collections.abc import Sequence

import msgspec

from statusdesk.facts import Event, Pod, Workload
from statusdesk.judge.pods import is_live
from statusdesk.judge.rollout_counts import desired_of
from statusdesk.judge.rollout_due import due_of
from statusdesk.judge.rollout_scene import Finding
from statusdesk.states import RolloutState
from statusdesk.text import counted


class Rollout(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A workload with its pods: ``pods`` the live ones of the new revision (hash ``revision``), ``all_pods`` all.

    ``held``: the live ones of the old revision that stay, which are the service whatever becomes of the rollout.
    ``completed``: this revision was complete once, so that what is bad now is the service, not the rollout.
    ``complete``: the counts say that it is so now. ``calm``: there is nothing to be found at any of its pods.
    ``scaling``: the number wanted was changed and is not reached yet; ``owed`` pods the service was to have before, and
    still is. ``fresh`` names those that were made since and are not ready, ``added`` those of them that nobody misses.
    """

    workload: Workload
    pods: tuple[Pod, ...]
    all_pods: tuple[Pod, ...]
    held: tuple[Pod, ...]
    revision: str
    before: RolloutState | None
    completed: bool
    complete: bool
    calm: bool
    scaling: bool
    owed: int
    fresh: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    events: Sequence[Event] = ()

    @property
    def counts(self) -> str:
        """How far it is, in words: of what is due."""
        if self.completed:
            return self.served
        desired, due = desired_of(self.workload), due_of(self.workload)
        due = max(due, len(self.pods)) if due < desired else desired
        ready = sum(pod.ready for pod in self.pods)
        return f"{min(ready, due)} of {counted(due, 'new pod')} ready"  # fewer may be wanted now than are there

    @property
    def served(self) -> str:
        """How much of the service is there, in words."""
        workload = self.workload
        there = workload.available
        if workload.kind == "StatefulSet" and not workload.min_ready_s:
            there = there or workload.ready  # old ones do not say what is available
        desired = desired_of(workload)
        return f"{min(there, desired)} of {desired} available"

    @property
    def is_out(self) -> bool:
        """Whether nobody is served: nothing is available, and no pod of any revision is ready."""
        if self.workload.available or self.workload.ready:
            return False
        return not any(pod.ready and is_live(pod) for pod in self.all_pods)

    @property
    def service(self) -> tuple[Pod, ...]:
        """The pods by which it is judged."""
        return self.pods + self.held if self.held else self.pods

    @property
    def had(self) -> tuple[Pod, ...]:
        """Those of them that were there before the number wanted was changed."""
        return tuple([pod for pod in self.service if pod.name not in self.fresh]) if self.fresh else self.service

    @property
    def relied_on(self) -> tuple[Pod, ...]:
        """Those of them of which anything but a place to run is expected by now."""
        return tuple([pod for pod in self.service if pod.name not in self.added]) if self.added else self.service

    @property
    def is_less(self) -> bool:
        """Whether the service has less than it is owed, whatever number is wanted now."""
        return self.workload.available < self.owed and self.workload.ready < self.owed

    @property
    def has_all_owed(self) -> bool:
        """Whether only pods that are new because of a higher number have not been made."""
        return self.scaling and self.workload.replicas >= self.owed

    def is_of_service(self, found: Finding) -> bool:
        """Return whether what was found is the service's trouble, not the rollout's."""
        return self.completed or any(pod.name == found.pod for pod in self.held)
