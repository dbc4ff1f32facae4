"""The tokens: which will lapse, when, why, and who is in need of it; and what the renewals of one gave."""

from collections.abc import Mapping, Sequence
from functools import partial

from textual.binding import Binding
from textual.message import Message

from screens.entries import Entry, EntryScreen, blank, sentence
from screens.frame import Setup, filter_key
from screens.ink import Ink
from screens.pen import Pen
from screens.strips import Line
from screens.token_lines import Folds, TokenColumns, draw_titles, draw_token, height_of, plan_folds, share_out
from screens.token_page import draw_page
from statusdesk.board import Board, SourceView
from statusdesk.job_names import sought_job
from statusdesk.states import TROUBLED, Grant, Level, TokenState

FAR_MS = 2**62
HELP = """
**Tokens** of Vault: our own one, then soonest trouble first. `LEFT` is how long a token will live if nobody renews it,
against what its last renewal gave.
`SURVIVES`: how many missed renewals in a row it lives through. The line of the last grants rises
with each renewal and falls until the next; teeth that grow smaller mean that renewals give less and less.

A token at its cap is not extended by renewals any more: it must be issued again. Of accessors only the end is shown.
`enter` shows what the renewals of a token gave, and its renewal job. How often it is renewed is *not known yet* until
enough of that was seen: nothing is learnt of a time in which nobody looked, and `renew_every` tells it. After *the one
seen before* others may have come that nobody saw.
"""


class GrantsRead(Message):
    """The grants of some tokens have been read, or could not be."""

    def __init__(self, grants: Mapping[str, tuple[Grant, ...]], problem: str = "") -> None:
        super().__init__()
        self.grants, self.problem = grants, problem


class GrantsScreen(EntryScreen):
    """A screen that needs the grants of tokens; they are read on a thread when a token has changed."""

    def __init__(self, setup: Setup, ink: Ink, past: Board | None = None) -> None:
        super().__init__(setup, ink, past)
        self.grants: dict[str, tuple[Grant, ...]] = {}
        self._read_for: dict[str, int] = {}
        self._reading = False

    def tokens_in_need(self) -> Sequence[TokenState]:
        """Return the tokens whose grants are in sight."""
        raise NotImplementedError

    def read_more(self) -> None:
        """Read the grants of what has changed."""
        if self._reading:
            return
        due = {each.key: each.change for each in self.tokens_in_need() if self._read_for.get(each.key) != each.change}
        if due:
            self._reading = True
            self._read_for |= due
            self.run_worker(partial(self._read, tuple(due)), thread=True, group="grants", exit_on_error=False)

    def _read(self, keys: Sequence[str]) -> None:
        """Ask the feed; runs on a thread."""
        past_ms = self.past_ms
        grants, problem = self.asked(lambda: {key: tuple(self.feed.grants(key, past_ms)) for key in keys})
        self.post_message(GrantsRead(grants or {}, problem))

    def on_grants_read(self, message: GrantsRead) -> None:
        self._reading = False
        if message.problem:
            self._read_for.clear()
        self.grants |= message.grants
        self.problem = message.problem
        self.draw_again()

    def open_jobs(self, token: TokenState) -> None:
        """Open the builds of the renewal job."""
        if not token.renewal_job:
            self.app.notify(f"No renewal job is configured for {token.name}.", markup=False)
            return
        from screens.build_rows import Scope
        from screens.builds import BuildsScreen

        self.app.push_screen(BuildsScreen(self.setup, self.ink, Scope(job=token.renewal_job), self.past))


class TokensScreen(GrantsScreen):
    """Lists all tokens."""

    HELP = HELP
    BINDINGS = [
        Binding("enter", "open", "look", id="tokens.open", tooltip="What the renewals of the selected token gave"),
        Binding("b", "builds", "renewals", id="tokens.builds", tooltip="The builds of its renewal job"),
        Binding("exclamation_mark", "only_bad", "not well", id="tokens.only_bad", tooltip="Only what is not well"),
        filter_key("tokens", "tokens"),
        Binding("T", "times", "times", id="tokens.times", tooltip="Ages or times of day", show=False),
        Binding("escape", "back", "back", id="tokens.back", tooltip="Show all; back to where you came from"),
        Binding("question_mark", "help", "help", id="tokens.help", tooltip="This help"),
    ]

    def __init__(self, setup: Setup, ink: Ink, past: Board | None = None) -> None:
        super().__init__(setup, ink, past)
        self._shown: dict[str, TokenState] = {}

    def where(self) -> tuple[str, ...]:
        return ("tokens",)

    def column_titles(self, pen: Pen) -> Line | None:
        return draw_titles(share_out(tuple(self._shown.values()), pen.width), pen) if self._shown else None

    def entries(self, board: Board, pen: Pen) -> list[Entry]:
        """Return what Vault itself says, then the tokens."""
        words = self.lens.text.casefold().split()
        matching = [each for each in board.tokens if all(word in _hay(each) for word in words)]
        shown = [each for each in matching if not self.lens.only_bad or each.level in TROUBLED]
        shown.sort(key=lambda token: trouble(token, pen.now_ms))
        self._shown = {token.key: token for token in shown}
        columns = share_out(shown, pen.width)
        above = [sentence(text) for text in _vault(board)]
        below = []
        hidden, filtered = len(matching) - len(shown), len(board.tokens) - len(matching)
        if not shown:
            below = [blank(), sentence(_nothing(board, hidden, filtered, self.lens.text))]
        elif hidden or filtered:
            said = [f"{hidden} more, all well" if hidden else "", f"{filtered} more, filtered out" if filtered else ""]
            below = [blank(), sentence("    ".join([*filter(None, said), "esc shows all"]))]
        room = self.list.size.height - 1 - sum(len(each.draw(pen)) for each in (*above, *below))
        folds = plan_folds(shown, room, pen)
        rows = []
        for token in shown:
            told = folds.get(token.key, ())
            draw = partial(self._draw_token, token, columns, told)
            rows.append(Entry(draw, token.key, height_of(token, pen.width, told)))
        return [*above, *rows, *below]

    def _draw_token(self, token: TokenState, columns: TokenColumns, folds: Folds, pen: Pen) -> list[Line]:
        return draw_token(token, columns, self.grants.get(token.key), pen, folds)

    def tokens_in_need(self) -> Sequence[TokenState]:
        return [self._shown[key] for key in self.list.keys_in_sight() if key in self._shown]

    def action_open(self) -> None:
        token = self._shown.get(self.list.cursor)
        if token is not None:
            self.app.push_screen(TokenScreen(self.setup, self.ink, token.key, self.past))

    def action_builds(self) -> None:
        token = self._shown.get(self.list.cursor)
        if token is not None:
            self.open_jobs(token)


class TokenScreen(GrantsScreen):
    """Shows one token: all that is known of it, and its grants."""

    HELP = HELP
    BINDINGS = [
        Binding("enter", "open", "renewals", id="token.open", tooltip="The builds of its renewal job"),
        Binding("T", "times", "times", id="token.times", tooltip="Ages or times of day", show=False),
        Binding("escape", "back", "back", id="token.back", tooltip="Back to where you came from"),
        Binding("question_mark", "help", "help", id="token.help", tooltip="This help"),
    ]

    def __init__(self, setup: Setup, ink: Ink, key: str, past: Board | None = None) -> None:
        super().__init__(setup, ink, past)
        self.key = key

    @property
    def token(self) -> TokenState | None:
        """The token as the board has it; None when it has gone from the configuration."""
        tokens = self.shown_board.tokens if self.shown_board is not None else ()
        return next((token for token in tokens if token.key == self.key), None)

    def where(self) -> tuple[str, ...]:
        return ("tokens", self.key.partition("/")[2])

    def entries(self, board: Board, pen: Pen) -> list[Entry]:
        """Return the token's page."""
        token = self.token
        if token is None:
            return [blank(), sentence("This token is not watched any more.")]
        return draw_page(token, self.grants.get(self.key), pen)

    def tokens_in_need(self) -> Sequence[TokenState]:
        return [self.token] if self.token is not None else []

    def action_back(self) -> None:
        self.dismiss(None)

    def action_open(self) -> None:
        if self.token is not None:
            self.open_jobs(self.token)


def trouble(token: TokenState, now_ms: int) -> tuple[bool, int, int, str]:
    """Sort: our own, then by when there will be trouble: dead, then what fails, warns or is unknown, then time left."""
    rank = {Level.FAILING: 1, Level.WARNING: 2, Level.UNKNOWN: 3}.get(token.level, 4)
    return (
        not token.own,
        0 if token.is_dead else rank,
        FAR_MS if token.expire_ms is None else token.expire_ms,
        token.name,
    )


def _hay(token: TokenState) -> str:
    parts = (token.name, token.owner, token.kind, token.reason, token.message, sought_job(token.renewal_job))
    return " ".join((*parts, *token.apps, *token.namespaces)).casefold()


def is_vault(view: SourceView) -> bool:
    """Whether it is the Vault, or a part of it."""
    return view.state.source.startswith("vault")


def _vault(board: Board) -> list[str]:
    """Say so where Vault is sealed or gives no news, and what it refuses that no row of a token tells."""
    told = {token.name for token in board.tokens if token.level is Level.UNKNOWN}
    said = []
    for view in board.sources:
        state = view.state
        if is_vault(view) and view.level is not Level.OK and state.scope not in told:
            whole = " What stands here is as it was last seen." if not state.scope else ""
            said.append(f"{state.source}: {(view.words or state.reason).rstrip('.')}.{whole}")
    return said


def _nothing(board: Board, hidden: int, filtered: int, text: str) -> str:
    if not board.tokens:
        unread = any(not (view.state.scope or view.state.last_ok_ms) for view in board.sources if is_vault(view))
        if unread:
            return "No token is known yet: Vault has not answered since the first start."
        return "No token is watched: [[vault.token]] of the configuration names them."
    return f"No token is in trouble ({hidden} are well)." if hidden else f"Nothing matches /{text}"
