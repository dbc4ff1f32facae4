"""What waits in the queue of each Jenkins, and the executors that it waits for."""

from statusdesk.facts import Executors, QueueItem, Swept
from statusdesk.pipeline.clock_steps import moved
from statusdesk.store.writer import Writer


class BuildQueue:
    """Takes what waits and what could build it, as it was told last, and puts it."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._items: dict[str, tuple[QueueItem, ...]] = {}
        self._executors: dict[str, Executors] = {}

    def sweep(self, swept: Swept) -> None:
        """Take a whole sweep of either."""
        if swept.kind is QueueItem:
            items = tuple(item for item in swept.facts if isinstance(item, QueueItem))
            self._items[swept.source] = items
            self._writer.put_queue(swept.source, items)
        elif swept.kind is Executors:
            for fact in swept.facts:
                assert isinstance(fact, Executors)
                self._executors[fact.source] = fact
                self._writer.put_executors(fact)

    def items(self) -> list[QueueItem]:
        """Return what waits."""
        return [item for items in self._items.values() for item in items]

    def executors(self) -> list[Executors]:
        """Return the executors of each Jenkins."""
        return list(self._executors.values())

    def restamp(self, step_ms: int) -> None:
        """Move what was seen with our clock, which was set."""
        self._items = {source: moved(items, step_ms) for source, items in self._items.items()}
