"""What opens over the logs: what of them to see, from when on, beside what; and a line in full."""

import datetime
import itertools
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from collectors.log_lines import LogLine, Origin, Target
from screens.choice import Choice, Entry
from screens.dialog import Dialog
from screens.log_filter import Filters
from screens.log_pretty import pretty
from screens.log_request import LogRequest
from screens.log_whole import WholeText
from statusdesk.text import counted, local

if TYPE_CHECKING:
    from screens.app import DeskApp

MOST_PAIRED = 12  # pods of which each two are offered
SINCE: tuple[tuple[str, int | None], ...] = (
    ("the last lines of each", None),
    ("1 minute", 60),
    ("5 minutes", 300),
    ("15 minutes", 900),
    ("1 hour", 3600),
    ("6 hours", 6 * 3600),
    ("24 hours", 86400),
    ("all there is", 0),
)


def since_choice(request: LogRequest) -> Choice:
    """Return the list of how far back a log may go."""
    chosen = next((at for at, (_, since_s) in enumerate(SINCE) if since_s == request.since_s), 0)
    return Choice(
        "How far back", [Entry(words) for words, _ in SINCE], "enter: read it again. esc: back", chosen=chosen
    )


class Picked(msgspec.Struct, frozen=True):
    """One thing to choose: a filter to set, or init containers to be read too (or not)."""

    filters: Filters | None = None
    init: bool | None = None


def container_choice(origins: Sequence[Origin], request: LogRequest, filters: Filters) -> tuple[Choice, list[Picked]]:
    """Return the list of containers and pods, and what each entry means."""
    picked, entries = [Picked(filters.only())], [Entry("everything")]
    for container in dict.fromkeys(origin.container for origin in origins):
        entries.append(Entry(f"container {container}"))
        picked.append(Picked(filters.only(container=container)))
    for origin in _pods(origins):
        entries.append(Entry(f"pod {origin.told_pod}"))
        picked.append(Picked(filters.only(origin)))
    if not request.job:
        words = "without init containers that are done" if request.init else "with all init containers"
        entries.append(Entry(words))
        picked.append(Picked(init=not request.init))
    chosen = next((at for at, each in enumerate(picked) if each.filters == filters), 0)
    hint = "enter: only this. esc: back"
    return Choice("Which containers and pods", entries, hint, chosen=chosen), picked


class Beside(msgspec.Struct, frozen=True):
    """What to show at the left (of the log that is here), and the request for the right.

    ``container``: only this one at the left; empty: the whole pod.
    """

    left: Origin
    container: str
    right: LogRequest

    def narrowed(self, origins: Collection[Origin], container: str) -> "Beside":
        """Return it with two pods narrowed to a container, if one was picked."""
        if self.container or not container:
            return self
        init = any(each.init for each in origins if each.container == container)
        where = (*self.right.where, container)
        right = msgspec.structs.replace(self.right, where=where, containers=(container,), init=init)
        return msgspec.structs.replace(self, container=container, right=right)


def side_choice(
    origins: Sequence[Origin], origin: Origin, request: LogRequest, single: Collection[Origin] = ()
) -> tuple[Choice, list[Beside]]:
    """Return the list of what can be seen side by side: two runs of a container, or two pods; ``origin`` first.

    Of containers that are ``single`` there is one run only.
    """
    entries, pairs = [], []
    other_run = "the run before" if not request.previous else "this run"
    for each in [origin, *(other for other in dict.fromkeys(origins) if other != origin)]:
        if each in single:
            continue
        pod = Target(cluster=each.cluster, namespace=each.namespace, pods=(each.pod,))
        right = msgspec.structs.replace(
            request,
            where=(*request.where[:1], each.told_pod, each.container, other_run),
            targets=(pod,),
            containers=(each.container,),
            init=each.init,
            previous=not request.previous,
            failing=None,
        )
        entries.append(Entry(f"{each.told_pod} {each.container}, and {other_run} of it"))
        pairs.append(Beside(each, each.container, right))
    for left, other in _pairs_of_pods([origin, *origins]):
        pod = Target(cluster=other.cluster, namespace=other.namespace, pods=(other.pod,))
        right = msgspec.structs.replace(
            request, where=(*request.where[:1], other.told_pod), targets=(pod,), failing=None
        )
        entries.append(Entry(f"{left.told_pod}, and pod {other.told_pod}"))
        pairs.append(Beside(left, "", right))
    return Choice("Side by side", entries, "enter: show both. x: one again. esc: back"), pairs


def _pods(origins: Sequence[Origin]) -> list[Origin]:
    """Return one origin of each pod."""
    known: dict[tuple[str, str, str], Origin] = {}
    for each in origins:
        known.setdefault((each.cluster, each.namespace, each.pod), each)
    return list(known.values())


def _pairs_of_pods(origins: Sequence[Origin]) -> list[tuple[Origin, Origin]]:
    """Return each two pods once, those with the first pod first; where there are many, only those."""
    pods = _pods(origins)
    if len(pods) > MOST_PAIRED:
        return [(pods[0], other) for other in pods[1:]]
    return list(itertools.combinations(pods, 2))


class LineScreen(Dialog[None]):
    """One line in full: where and when it was written, and all of its text, wrapped; it is copied as it came."""

    app: "DeskApp"
    BINDINGS = [
        Binding("escape,q,enter", "leave", "back", id="line.leave", tooltip="Close"),
        Binding("y", "copy", "copy", id="line.copy", tooltip="Copy all of it"),
    ]
    DEFAULT_CSS = """
    LineScreen WholeText { height: 1fr; }
    LineScreen #line-missing { color: $text-warning; height: auto; margin-bottom: 1; display: none; }
    """
    _missing = ""
    """What of the line is not here, and why."""

    def __init__(
        self, line: LogLine, origin: Origin | None, zone: datetime.tzinfo, *, reading: bool, redacted: bool
    ) -> None:
        """``reading``: the rest of it is still being read; ``show_text`` gives it."""
        super().__init__()
        at = f"  {local(line.at_ns // 1_000_000, zone, '%a %d %b %H:%M:%S %Z')}" if line.at_ns else ""
        self._heading = f"{origin.short if origin is not None else ''}{at}"
        self._line, self._redacted, self._reading = line.text, redacted, reading
        self._text = pretty(line.text, redacted=redacted)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall wide"):
            yield Static(Content(self._heading), classes="dialog-title")
            yield Static(Content(self._missing), id="line-missing")
            yield WholeText(self._text)
            yield Static(Content(self._hint()), id="line-hint", classes="dialog-hint")

    def on_mount(self) -> None:
        super().on_mount()
        self._show()
        self.query_one(WholeText).focus()

    def show_missing(self, words: str) -> None:
        """Say what of the line is not here, if anything."""
        self._missing = words
        self._show()

    def show_text(self, text: str) -> None:
        """Show all of the line, now that it has been read."""
        self._line, self._reading = text, False
        self._text = pretty(text, redacted=self._redacted)
        self._show()

    def _show(self) -> None:
        """Show what is known of the line; while nothing is composed yet, it is shown once it is."""
        if not self.is_attached:
            return
        for told in self.query("#line-missing").results(Static):
            told.update(Content(self._missing))
            told.display = bool(self._missing)
        for whole in self.query(WholeText):
            whole.show(self._text)
        for hint in self.query("#line-hint").results(Static):
            hint.update(Content(self._hint()))

    def _hint(self) -> str:
        said = "reading the rest of it   " if self._reading else ""
        return f"{said}{counted(len(self._text), 'character')}   y: copy   esc: back"

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._line)
        self.query_one("#line-hint", Static).update(Content(f"{self._copied()}   esc: back"))

    def _copied(self) -> str:
        part = "What is here of it was copied" if self._missing else "Copied"
        return f"{part}, if the terminal allows it.{' ' * bool(self._missing)}{self._missing}"

    def action_leave(self) -> None:
        self.dismiss(None)
