"""What is wrong with tokens, in half a sentence: the one that hits most, and how many more. Pure."""

from collections.abc import Sequence

from statusdesk.board import Board
from statusdesk.states import OF_ITS_TIME, TROUBLED, TokenState
from statusdesk.text import age, span
from statusdesk.token_users import uses


def bad_tokens(board: Board, source: str) -> list[TokenState]:
    """Return the tokens of a source that are not well: worst, nearest to production, then the newest trouble first."""
    bad = [token for token in board.tokens if token.level in TROUBLED and token.source == source]
    return sorted(bad, key=lambda token: (TROUBLED.index(token.level), -_reach(token, board), *_urgency(token)))


def words_of_all(tokens: Sequence[TokenState], now_ms: int) -> str:
    """Return what is wrong with the first token, and how many more are as bad."""
    first = tokens[0]
    more = sum(token.level is first.level for token in tokens) - 1
    return token_words(first, now_ms) + (f", and {more} more" if more else "")


def token_words(token: TokenState, now_ms: int) -> str:
    """Return what is wrong with a token, as a half sentence with its name."""
    is_timed = token.reason in OF_ITS_TIME and token.reason != "ParentLapses"
    if token.expire_ms is None or (token.message and not is_timed):
        return f"'{token.name}': {token.message or token.reason}"
    if token.reason == "Gone" and token.dead_ms != token.expire_ms:
        return f"'{token.name}' is gone"
    left_ms = token.expire_ms - now_ms
    if left_ms <= 0:
        return f"'{token.name}' {'should have ended' if token.is_unseen else 'lapsed'} {age(-left_ms)} ago"
    return f"'{token.name}' is gone" if token.is_dead else f"'{token.name}' lapses in {span(left_ms)}"


def _reach(token: TokenState, board: Board) -> int:
    """Return how near to production a token is used: the index of that stage, -1 where nobody is known to use it."""
    return max(
        (
            stage
            for row in board.rows
            for stage, cell in enumerate(row.cells)
            if cell is not None and any(uses(token, each.app, each.namespace) for each in cell.rollouts)
        ),
        default=-1,
    )


def _urgency(token: TokenState) -> tuple[int, int]:
    """Sort what is dead first, the newest death before older ones; then what lapses soonest."""
    if token.is_dead:
        return 0, -(token.dead_ms or token.level_since_ms)
    return 1, token.expire_ms or 0
