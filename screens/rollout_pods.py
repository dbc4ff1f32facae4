"""The pods of a rollout: one line each, worst first, and the containers of the one under the cursor. Pure."""

from collections.abc import Sequence

import msgspec
from rich.style import Style
from textual.strip import Strip

from screens.pen import Pen
from screens.strips import Line, cells, fit, fold
from statusdesk.board import Mark
from statusdesk.facts import Container, ContainerRole
from statusdesk.rollout_view import RolloutView
from statusdesk.states import Level, PodState
from statusdesk.text import age, counted

CALM = ("", "ContainerCreating", "PodInitializing")
NODE_FROM = 96
FULL_NAME_FROM = 132
MANY, SHOWN_WELL = 24, 6
KEY_PREFIX = "pod:"
EXIT = 22


class Saying(msgspec.Struct, frozen=True):
    """What is said of some containers in a word or two, and how bad that is."""

    words: str
    mark: Mark


class PodColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Widths in cells; ``node`` is 0 when it is not shown. ``narrow``: short titles, ages in place of times."""

    name: int
    init: int
    app: int
    exit: int
    node: int
    narrow: bool


class Blame(msgspec.Struct, frozen=True):
    """The pod that a verdict names, and how bad it is: one that is never ready shows no other sign of it."""

    pod: str = ""
    mark: Mark = Mark.PROGRESSING


NO_BLAME = Blame()
BLAMES = {Level.FAILING: Mark.FAILING, Level.WARNING: Mark.WARNING, Level.UNKNOWN: Mark.UNKNOWN}
WORST_FIRST = (Mark.FAILING, Mark.WARNING, Mark.UNKNOWN, Mark.PROGRESSING, Mark.OK, Mark.IDLE)


def ordered(pods: Sequence[PodState], everything: bool, blame: Blame = NO_BLAME) -> tuple[list[PodState], int]:
    """Return the pods worst first, new before old before leftovers, and how many well ones a long list leaves out."""

    def order(pod: PodState) -> tuple[bool, bool, int, str]:
        return (bool(pod.leftover), not pod.new, WORST_FIRST.index(mark_of(pod, blame)), pod.name)

    found = sorted(pods, key=order)
    if everything or len(found) <= MANY:
        return found, 0
    shown, well = [], {True: 0, False: 0}
    for pod in found:
        if mark_of(pod) is Mark.OK:
            well[pod.new] += 1
            if well[pod.new] > SHOWN_WELL:
                continue
        shown.append(pod)
    return shown, len(found) - len(shown)


def mark_of(pod: PodState, blame: Blame = NO_BLAME) -> Mark:
    """Return how a pod stands: gone (soon), ready, in trouble, or on its way; the blamed one as bad as the verdict."""
    if pod.deleting_ms is not None or pod.leftover:
        return Mark.IDLE
    if pod.is_ready:
        return Mark.OK
    if Mark.FAILING in (init_saying(pod).mark, app_saying(pod).mark):
        return Mark.FAILING
    return blame.mark if pod.name == blame.pod else Mark.PROGRESSING


def init_saying(pod: PodState) -> Saying:
    """Say how far the init containers are: the first that has not done its work speaks."""
    inits = [c for c in pod.containers if c.role is not ContainerRole.APP]
    if not inits or pod.leftover:
        return Saying("", Mark.OK)
    for container in inits:
        done = container.state == "terminated" and container.exit_code == 0
        if done or (container.role is ContainerRole.SIDECAR and container.started):
            continue
        said = container_saying(container)
        several = f"{container.name} " if len(inits) > 1 else ""
        return Saying(f"{several}{said.words}", said.mark)
    sidecars = [c for c in inits if c.role is ContainerRole.SIDECAR]
    return Saying("running" if len(sidecars) == len(inits) else "done", Mark.OK)


def app_saying(pod: PodState) -> Saying:
    """Say how the containers that do the work are: the worst speaks."""
    apps = [c for c in pod.containers if c.role is ContainerRole.APP]
    if pod.deleting_ms is not None:
        return Saying("terminating", Mark.IDLE)
    if pod.leftover:
        return Saying(pod.leftover, Mark.IDLE)
    if not apps:
        trouble = pod.status not in ("Pending", "Running", "Succeeded", "")
        return Saying(pod.status or "no status", Mark.FAILING if trouble else Mark.PROGRESSING)
    sayings = [(container_saying(c), c) for c in apps]
    if pod.is_held:
        return Saying("pod not ready", Mark.PROGRESSING)
    worst, container = min(sayings, key=lambda each: (Mark.FAILING, Mark.PROGRESSING, Mark.OK).index(each[0].mark))
    if len(apps) == 1:
        return worst
    if worst.mark is Mark.OK:
        return Saying(f"{len(apps)} running", Mark.OK)
    return Saying(f"{container.name} {worst.words}", worst.mark)


def container_saying(container: Container) -> Saying:
    """Say how one container is."""
    if container.state == "waiting":
        if container.reason in CALM:
            return Saying("waiting", Mark.PROGRESSING)
        return Saying(container.reason, Mark.FAILING)
    if container.state == "terminated":
        if container.exit_code == 0:
            return Saying("done", Mark.OK if container.role is not ContainerRole.APP else Mark.PROGRESSING)
        return Saying(f"exit {container.exit_code}", Mark.FAILING)
    if container.state == "running":
        if container.role is ContainerRole.INIT:
            return Saying("running", Mark.PROGRESSING)
        if container.ready or container.role is ContainerRole.SIDECAR:
            return Saying("running", Mark.OK)
        again = container.restarts > 0 and container.last_exit_code not in (None, 0)
        return Saying("not ready", Mark.FAILING if again else Mark.PROGRESSING)
    return Saying("not begun", Mark.PROGRESSING)


def last_exit(container: Container) -> tuple[int | None, str, int | None]:
    """Return exit code, reason and time of the last end of a container that was not a success."""
    if container.state == "terminated" and container.exit_code != 0:
        return container.exit_code, container.reason, container.since_ms
    if container.last_exit_code is not None and container.last_exit_code != 0:
        return container.last_exit_code, container.last_reason, container.last_finished_ms
    return None, "", None


def exit_words(containers: Sequence[Container], pen: Pen, *, narrow: bool = False) -> str:
    """Return ``137 OOMKilled 09:41:52`` of the container that ended last; ``narrow``: an age in place of the time."""
    ends = [last_exit(container) for container in containers]
    code, reason, at_ms = max(ends, key=lambda end: (end[2] or 0, end[0] is not None), default=(None, "", None))
    if code is None:
        return ""
    said = f" {reason}" if reason and reason != "Error" else ""
    if at_ms is None:
        return f"{code}{said}"
    return f"{code}{said} {age(pen.now_ms - at_ms) if narrow else pen.when(at_ms)}"


def draw_pods(view: RolloutView, pen: Pen, everything: bool) -> list[tuple[str, Strip]]:
    """Return the title and one line per pod, each with the key of its pod."""
    pods, left_out = ordered(view.pods, everything, _blame(view))
    columns = _columns(pods, view, pen)
    lines = [("", _titles(pods, columns, pen))]
    if not pods:
        lines.append(("", Line().put("   none", pen.ink.quiet)))
    lines += [(KEY_PREFIX + pod.key, _pod_line(pod, view, columns, pen)) for pod in pods]
    if left_out:
        words = f"   and {left_out} more, all ready    [a] all pods"
        lines.append(("", Line().put(words, pen.ink.quiet)))
    return [(key, line.strip(pen.width, pen.ink.plain)) for key, line in lines]


def _blame(view: RolloutView) -> Blame:
    state = view.state
    return Blame(state.pod, BLAMES[state.level]) if state is not None and state.level in BLAMES else NO_BLAME


def name_span(view: RolloutView, pen: Pen, everything: bool) -> tuple[int, int]:
    """Return where the names of the pods stand."""
    start = 1 + len(pen.glyph(Mark.OK)) + 1
    return start - 1, start + _columns(ordered(view.pods, everything, _blame(view))[0], view, pen).name + 1


def short_name(pod: PodState, view: RolloutView, pen: Pen) -> str:
    """Return the end of a pod's name that tells it from its siblings."""
    prefix = f"{view.state.name if view.state else ''}-{pod.revision}-"
    if view.state is None or view.state.kind == "StatefulSet" or not pod.name.startswith(prefix):
        return pod.name
    return pen.dots + pod.name.removeprefix(prefix)


def _columns(pods: Sequence[PodState], view: RolloutView, pen: Pen) -> PodColumns:
    """Share out the width: names as long as they must be, the two states what they need."""
    names = [_name(pod, view, pen) for pod in pods]
    name = min(max([3, *map(cells, names)]), pen.width // 3)
    init = max([0, *(cells(init_saying(pod).words) for pod in pods)])
    app = max([3, *(cells(app_saying(pod).words) for pod in pods)])
    inits = _container_names(pods, apps=False)
    titles = (cells(_title("INIT", inits)) if init else 0, cells(_title("APP", _container_names(pods, apps=True))))
    narrow = pen.width < NODE_FROM
    node = 0 if narrow else 14
    end = min(EXIT, max([9, *(cells(exit_words(pod.containers, pen, narrow=narrow)) for pod in pods)]))
    room = pen.width - 4 - name - 2 - 7 - (5 if narrow else 10) - end - 2 - (node + 2 if node else 0) - 4 - 9
    wish_init, wish_app = max(init, min(titles[0], 20)), max(app, min(titles[1], 16))
    if wish_init + wish_app > room:
        wish_init = min(wish_init, max(room // 2, room - wish_app))
        wish_app = max(3, room - wish_init)
    return PodColumns(name=name, init=wish_init, app=wish_app, exit=end, node=node, narrow=narrow)


def _name(pod: PodState, view: RolloutView, pen: Pen) -> str:
    return pod.name if pen.width >= FULL_NAME_FROM else short_name(pod, view, pen)


def _container_names(pods: Sequence[PodState], *, apps: bool) -> set[str]:
    return {c.name for pod in pods for c in pod.containers if (c.role is ContainerRole.APP) is apps}


def _title(word: str, names: set[str]) -> str:
    return f"{word} {next(iter(names))}" if len(names) == 1 else word


def _titles(pods: Sequence[PodState], columns: PodColumns, pen: Pen) -> Line:
    style, dots = pen.ink.title, pen.dots
    line = Line().to(1 + cells(pen.glyph(Mark.OK)) + 1, style).put(fit("POD", columns.name) + "  ", style)
    if columns.init:
        line.put(fit(_title("INIT", _container_names(pods, apps=False)), columns.init, dots) + "  ", style)
    line.put(fit(_title("APP", _container_names(pods, apps=True)), columns.app, dots) + "  ", style)
    line.put("READY  RST  " if columns.narrow else "READY  RESTARTS  ", style).put(
        fit("LAST EXIT", columns.exit) + "  ", style
    )
    if columns.node:
        line.put(fit("NODE", columns.node) + "  ", style)
    return line.put("AGE", style)


def _pod_line(pod: PodState, view: RolloutView, columns: PodColumns, pen: Pen) -> Line:
    ink, mark = pen.ink, mark_of(pod, _blame(view))
    calm = mark in (Mark.OK, Mark.IDLE)
    line = pen.put_mark(Line().put(" ", ink.plain), mark)
    line.put(fit(_name(pod, view, pen), columns.name, pen.dots) + "  ", ink.quiet if calm else ink.plain)
    if columns.init:
        _put_saying(line, init_saying(pod), columns.init, pen)
    _put_saying(line, app_saying(pod), columns.app, pen)
    line.put(fit(f"{pod.ready}/{pod.total}", 7), ink.quiet if calm else ink.plain)
    line.put(fit(str(pod.restarts), 5 if columns.narrow else 10), ink.plain if pod.restarts else ink.quiet)
    ended = exit_words(pod.containers, pen, narrow=columns.narrow)
    line.put(fit(ended, columns.exit, pen.dots) + "  ", ink.quiet if calm else ink.plain)
    if columns.node:
        line.put(fit(pod.node, columns.node, pen.dots) + "  ", ink.quiet)
    aged = pen.ago(pod.created_ms) if pod.created_ms is not None else ""
    line.put(aged.ljust(5), ink.quiet)
    return line.put("" if pod.new else " old", ink.quiet)


def _put_saying(line: Line, saying: Saying, width: int, pen: Pen) -> None:
    line.put(fit(saying.words, width, pen.dots), style_of(saying.mark, pen)).put("  ", pen.ink.plain)


def style_of(mark: Mark, pen: Pen) -> Style:
    """Return the style of words of a mark: what is well is dim."""
    if mark is Mark.FAILING:
        return pen.ink.badges[Mark.FAILING]
    return pen.ink.quiet if mark in (Mark.OK, Mark.IDLE) else pen.ink.plain


def draw_containers(pod: PodState, pen: Pen) -> list[Line]:
    """Return the containers of a pod, with everything that is known of each."""
    ink = pen.ink
    lines = [Line().put(" CONTAINERS ", ink.title).put(f" {pod.name}  {pod.leftover or pod.status}", ink.quiet)]
    if pod.is_held:
        lines[0].put(", the pod is not ready though its containers are", ink.plain)
    width = min(24, max([4, *(cells(c.name) for c in pod.containers)]))
    for container in pod.containers:
        lines += _container_lines(container, width, pen)
    if not pod.containers:
        lines.append(Line().put("   no container has begun", ink.quiet))
    return lines


def _container_lines(container: Container, width: int, pen: Pen) -> list[Line]:
    ink, said = pen.ink, container_saying(container)
    line = Line().put(f" {container.role:<8}", ink.quiet).put(fit(container.name, width, pen.dots) + "  ", ink.plain)
    line.put(said.words, style_of(said.mark, pen))
    if container.state == "running" and container.since_ms is not None:
        line.put(f" since {pen.when(container.since_ms)}", ink.quiet)
    if container.restarts:
        line.put(f"   {counted(container.restarts, 'restart')}", ink.plain)
    code, reason, at_ms = last_exit(container)
    if code is not None:
        at = f" at {pen.when(at_ms)}" if at_ms is not None else ""
        line.put(f"   last exit {code} {reason}{at}", ink.plain)
    image = container.image.rpartition("/")[2]
    if line.x + 4 + cells(image) < pen.width:
        line.put(f"   {image}", ink.quiet)
    lines = [line]
    for message in dict.fromkeys(filter(None, (container.message, container.last_message))):
        for part in fold(message, pen.width - 12, 2, pen.dots):
            lines.append(Line().to(9, ink.plain).put(part, ink.quiet))
    return lines
