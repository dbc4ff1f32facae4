"""A StatefulSet whose pods are held back, by each of the ways in which a version is told."""

from msgspec.structs import replace

from statusdesk.facts import Container, Pod, Workload
from statusdesk.judge.rollout_memory import Memory
from statusdesk.states import RolloutState
from tests.judge.corpus.held import sts
from tests.judge.corpus.words import LONG_AGO, sts_pod
from tests.judge.make import container, judge


def digest(number: int) -> str:
    return f"sha256:{str(number) * 64}"


def by_tag(number: int) -> tuple[str, str, Container]:
    image = f"r.local:5000/orders:1.{number}"
    return image, f"1.{number}", container(image=image, image_id=f"r.local:5000/orders@{digest(number)}")


def beside_digest(number: int) -> tuple[str, str, Container]:
    image = f"r.local:5000/orders:1.{number}@{digest(number)}"
    return image, f"1.{number}", container(image=image, image_id=f"r.local:5000/orders@{digest(number)}")


def by_digest(number: int) -> tuple[str, str, Container]:
    image = f"r.local:5000/orders@{digest(number)}"
    return image, digest(number)[:19], container(image=image, image_id=image)


def by_digest_of_a_tag(number: int) -> tuple[str, str, Container]:
    """A node that has a tag for it calls it by that."""
    image = f"r.local:5000/orders@{digest(number)}"
    return image, digest(number)[:19], container(image="r.local:5000/orders:stable", image_id=image)


def by_mark(number: int) -> tuple[str, str, Container]:
    """By a label or an annotation, which pods do not tell."""
    image = f"r.local:5000/orders:main-{number}"
    return image, str(number), container(image=image)


def by_mark_alone(number: int) -> tuple[str, str, Container]:
    image = "r.local:5000/orders:stable"
    return image, str(number), container(image=image)


TOLD = (by_tag, beside_digest, by_digest, by_digest_of_a_tag)
UNTOLD = (by_mark, by_mark_alone)
WAYS = TOLD + UNTOLD


class HeldSet:
    """Three pods with their (version, revision), and what is asked for; ``look`` judges it as the desk would."""

    def __init__(self, way, strategy: str = "OnDelete", partition: int = 0) -> None:
        self.way, self.strategy, self.partition = way, strategy, partition
        self.asked = (4, 1)
        self.pods = [self.asked] * 3
        self.current = self.seen = self.generation = 1
        self.at_s = 10.0
        self.state: RolloutState | None = None
        self.memory: Memory | None = None

    @property
    def version(self) -> str:
        """What is asked for."""
        return self.way(self.asked[0])[1]

    @property
    def run(self) -> list[str]:
        """What each pod runs."""
        return [self.way(version)[1] for version, _ in self.pods]

    def ask(self, version: int) -> None:
        """Ask for a version, or for the same one in another way."""
        self._ask((version, self.generation + 1))

    def ask_back(self, ordinal: int) -> None:
        """Ask for what a pod runs: its revision is the newest one again."""
        self._ask(self.pods[ordinal])

    def _ask(self, asked: tuple[int, int]) -> None:
        self.seen, self.asked = self.asked[1], asked
        self.generation += 1

    def replaced(self, ordinal: int) -> None:
        """Delete a pod under OnDelete: it comes back as what is asked for."""
        self.pods[ordinal] = self.asked

    def _due(self) -> int:
        return 3 if self.strategy == "OnDelete" else min(self.partition, 3)

    def rolled(self) -> None:
        """Let a rollout replace what it may; without a partition it has then come through."""
        for ordinal in range(self._due(), 3):
            self.pods[ordinal] = self.asked
        if self.strategy != "OnDelete" and not self.partition and set(self.pods) == {self.asked}:
            self.current = self.asked[1]

    def workload(self, observed: bool = True) -> Workload:
        image, version, _ = self.way(self.asked[0])
        newest = self.asked[1] if observed else self.seen
        return sts(
            version=version,
            image=image,
            images=(("app", image),),
            generation=self.generation,
            observed_generation=self.generation if observed else self.generation - 1,
            strategy=self.strategy,
            partition=self.partition if self.strategy != "OnDelete" else None,
            revision=f"r{newest}",
            update_revision=f"r{newest}",
            current_revision=f"r{self.current}",
            updated=sum(revision == newest for _, revision in self.pods),
        )

    def live(self) -> tuple[Pod, ...]:
        return tuple(
            sts_pod(n, self.way(version)[2], revision=f"r{revision}", **LONG_AGO)
            for n, (version, revision) in enumerate(self.pods)
        )

    def look(self, observed: bool = True, without: int | None = None) -> RolloutState:
        """Judge it; ``without``: the ordinal of a pod that is away just now, as while its node is drained."""
        self.at_s += 5
        workload, pods = self.workload(observed), self.live()
        if without is not None:
            pods = tuple(pod for n, pod in enumerate(pods) if n != without)
            gone = workload.updated - (self.pods[without][1] == self.asked[1] and observed)
            workload = replace(workload, updated=gone, replicas=2, ready=2, available=2)
        verdict = judge(workload, *pods, before=self.state, after_s=self.at_s, memory=self.memory)
        self.state, self.memory = verdict.state, verdict.memory
        return verdict.state

    def restarted(self) -> None:
        """Forget what only a process that lives knows."""
        self.memory = None
