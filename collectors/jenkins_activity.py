"""What a Jenkins is about to do: its queue and its executors, each a part that may fail without the rest."""

from collections.abc import Mapping

from collectors.jenkins_api import JenkinsApi
from collectors.jenkins_facts import Definition, executors_of, queue_items
from collectors.jenkins_queries import QUEUE, RUNNING
from collectors.jenkins_skew import ServerClock
from collectors.jenkins_wire import Computers, Queue
from collectors.transport import VisitFailed
from collectors.visiting import Visits
from statusdesk.clock import Clock
from statusdesk.config import JenkinsSettings
from statusdesk.facts import Executors, QueueItem


class Activity:
    """Tells queue and executors of one Jenkins, or why they could not be read."""

    def __init__(
        self, settings: JenkinsSettings, visits: Visits[JenkinsApi], server_clock: ServerClock, clock: Clock
    ) -> None:
        self._settings = settings
        self._visits = visits
        self._server_clock = server_clock
        self._clock = clock

    def look_at_executors(self, api: JenkinsApi, quieting_down: bool) -> frozenset[str]:
        """Tell the executors; returns the URLs of the builds that run on them."""
        started_ms = self._clock()
        try:
            computers = api.get(RUNNING, Computers)
        except VisitFailed as error:
            self._visits.tell_part("executors", error)
            return frozenset()
        executors = executors_of(computers, quieting_down, self._settings)
        self._visits.tell_sweep(Executors, (executors,), started_ms)
        self._visits.tell_part("executors", None)
        return frozenset(url for url, _ in executors.running)

    def look_at_queue(self, api: JenkinsApi, definitions: Mapping[str, Definition]) -> None:
        """Tell what waits."""
        started_ms = self._clock()
        try:
            queue = api.get(QUEUE, Queue)
        except VisitFailed as error:
            self._visits.tell_part("queue", error)
            return
        items = queue_items(queue, definitions, self._settings, self._server_clock.ms)
        self._visits.tell_sweep(QueueItem, tuple(items), started_ms)
        self._visits.tell_part("queue", None)
