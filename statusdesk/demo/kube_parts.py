"""What the parts of a simulated cluster share: time, objects, events, names and chance."""

import random
import uuid
from dataclasses import dataclass, field

from statusdesk.demo.clock import WorldClock
from statusdesk.demo.kube_agenda import Agenda
from statusdesk.demo.kube_events import EventRecorder
from statusdesk.demo.kube_kinds import NODES
from statusdesk.demo.kube_model import PodModel
from statusdesk.demo.kube_objects import node_object
from statusdesk.demo.kube_podobject import put_pod
from statusdesk.demo.kube_store import KubeStore

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(slots=True)
class KubeParts:
    """Time, objects, events and chance of one cluster; ``flourish`` is added to messages, for hostile tests.

    ``loud`` says how many lines a second the containers of an app (namespace, app) write, where that matters.
    """

    clock: WorldClock
    agenda: Agenda
    store: KubeStore
    events: EventRecorder
    chance: random.Random
    nodes: list[str]
    pulled: set[tuple[str, str]]
    addresses: int = 0
    flourish: str = ""
    loud: dict[tuple[str, str], float] = field(default_factory=dict)

    def now_ms(self) -> int:
        """Return the time of the world."""
        return self.clock.now_ms()

    def uid(self) -> str:
        """Return a new uid."""
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def letters(self, count: int) -> str:
        """Return letters of the kind that generated names end in."""
        return "".join(self.chance.choices(_LETTERS, k=count))

    def container_id(self) -> str:
        """Return a new container id."""
        return f"containerd://{self.chance.getrandbits(256):064x}"

    def address(self) -> str:
        """Return a pod address that is not in use."""
        self.addresses += 1
        number = self.addresses % 0xFFFFFE + 1
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def host_address(self, node: str) -> str:
        """Return the address of a node."""
        number = self.nodes.index(node) + 1
        return f"192.168.{number >> 8}.{number & 255}"

    def show(self, pod: PodModel) -> None:
        """Write a pod to the store."""
        pod.updated_ms = self.now_ms()
        put_pod(self.store, pod)

    def make_nodes(self, age_s: float) -> None:
        """Write the nodes to the store."""
        made_ms = int(self.now_ms() - age_s * 1000)
        for node in self.nodes:
            made = node_object(node, self.uid(), self.host_address(node), made_ms)
            self.store.put(NODES, made, {"metadata.name": node})
