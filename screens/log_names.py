"""Short names of where lines come from: as much of a pod's name as tells it from the others, and a colour each."""

from collections.abc import Sequence

import msgspec
from rich.cells import set_cell_size
from rich.style import Style

from collectors.log_lines import Origin
from screens.ink import Ink
from screens.strips import cells
from statusdesk.job_names import shown_job
from statusdesk.text import counted

SHORTEST = 3
ONLY_END = 8  # in no more cells than this only the end of a name has room


class Name(msgspec.Struct, frozen=True):
    """What stands before a line: a pod (or job), and a container where there are several."""

    pod: str
    container: str
    style: Style


class Names(msgspec.Struct, frozen=True):
    """The names of all origins, by index; ``width`` holds the longest."""

    names: tuple[Name, ...] = ()
    width: int = 0
    pods: int = 0
    containers: int = 0
    long: tuple[str, ...] = ()

    def words(self, there: int | None = None) -> str:
        """How many there are: ``4 pods, 2 containers``; ``there``: pods that are there now, if that is known."""
        pods = self.pods if there is None else there
        said = counted(pods, "pod")
        return f"{said}, {self.containers} containers" if self.containers > 1 else said


def make_names(origins: Sequence[Origin], ink: Ink) -> Names:
    """Name all origins; a pod has one colour, whatever its container."""
    if not origins:
        return Names()
    full = [_full(origin) for origin in origins]
    pods = list(dict.fromkeys(full))
    shorts = dict(zip(pods, shorten(pods), strict=True))
    tints = ink.tints[1:] or ink.tints
    styles = {pod: tints[index % len(tints)] for index, pod in enumerate(pods)}
    containers = {origin.container for origin in origins}
    names = tuple(
        Name(shorts[pod], origin.container if len(containers) > 1 else "", styles[pod])
        for pod, origin in zip(full, origins, strict=True)
    )
    width = max(cells(name.pod) + (cells(name.container) + 1 if name.container else 0) for name in names)
    return Names(names, width, len(pods), len(containers), tuple(origin.short for origin in origins))


def middle(text: str, width: int, dots: str) -> str:
    """Return a name in at most ``width`` cells, cut in the middle: what tells names apart is mostly at their end."""
    if cells(text) <= width or width < 2:
        return text if width > 1 else text[: max(0, width)]
    head = (width - 1) // 3 if width > ONLY_END else 0
    end = ""
    for letter in reversed(text):
        if cells(letter + end) > width - 1 - head:
            break
        end = letter + end
    return f"{set_cell_size(text, head)}{dots}{end}"


def _full(origin: Origin) -> str:
    if origin.job:
        return f"#{origin.build}" if origin.build is not None else shown_job(origin.job)
    return f"{origin.cluster}/{origin.namespace}/{origin.pod}"


def shorten(full: Sequence[str]) -> list[str]:
    """Return of each name its last parts, as few as tell it from all others, and at least three letters."""
    found = []
    for name in full:
        pod = name.rpartition("/")[2]
        others = [other for other in full if other != name]
        parts = pod.split("-")
        for count in range(1, len(parts) + 1):
            short = "-".join(parts[-count:])
            unique = not any(other.endswith((f"-{short}", f"/{short}")) for other in others)
            if unique and len(short) >= SHORTEST:
                break
        else:
            short = pod if not any(other.endswith(f"/{pod}") for other in others) else _apart(name, others)
        found.append(short)
    return found


def _apart(name: str, others: Sequence[str]) -> str:
    """Return a pod's name with as much of its place as tells it from its namesakes."""
    cluster, _, rest = name.partition("/")
    return rest if not any(other.endswith(f"/{rest}") for other in others) else f"{cluster}/{rest}"
