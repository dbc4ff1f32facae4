"""What is said of tokens in a few words: nothing dead is told as living, and production comes first."""

import pytest
from msgspec.structs import replace

from screens.token_words import bad_tokens, words_of_all
from statusdesk.states import Level, TokenState
from tests.screens import boards
from tests.screens.boards import HOUR, MINUTE, NOW
from tests.screens.desk import desk, lines


def token(name: str, left_ms: int | None = 22 * HOUR, reason: str = "Gone", **more) -> TokenState:
    fields = {"key": f"vault/{name}", "source": "vault", "name": name, "level": Level.FAILING, "reason": reason}
    return TokenState(**(fields | {"expire_ms": NOW + left_ms if left_ms is not None else None} | more))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (token("pay", dead_ms=NOW - MINUTE), "'pay' is gone"),
        (token("pay", -3 * MINUTE, dead_ms=NOW - 3 * MINUTE), "'pay' lapsed 3m ago"),
        (token("pay", -3 * MINUTE), "'pay' is gone"),
        (token("pay", -3 * MINUTE, dead_ms=NOW - 5 * MINUTE), "'pay' is gone"),
        (token("pay", -3 * MINUTE, "Lapsed"), "'pay' lapsed 3m ago"),
        (token("pay", None, message="Vault does not know it"), "'pay': Vault does not know it"),
        (token("pay", reason="LapsesSoon"), "'pay' lapses in 22h"),
        (token("pay", reason="ParentLapses", message="dies with 'boss', which made it and is gone"),
         "'pay': dies with 'boss', which made it and is gone"),
    ],
)  # fmt: skip
def test_a_dead_token_has_nothing_left(bad, said):
    board = replace(boards.calm(), tokens=(bad,))
    assert words_of_all(bad_tokens(board, "vault"), NOW) == said


def test_the_line_names_the_dead_token_that_hits_production_and_counts_the_others():
    old = token("aaa", -30 * HOUR, "Lapsed", dead_ms=NOW - 30 * HOUR)
    newer = token("bbb", dead_ms=NOW - HOUR)
    live = token("zzz", dead_ms=NOW - 2 * HOUR, apps=("orders",))
    board = replace(boards.bad_rollout(), tokens=(old, newer, live))
    assert words_of_all(bad_tokens(board, "vault"), NOW) == "'zzz' is gone, and 2 more"
    staging = replace(live, namespaces=("nowhere",))
    assert [each.name for each in bad_tokens(replace(board, tokens=(old, staging, newer)), "vault")][0] == "bbb"


async def test_the_line_of_sources_says_gone():
    board = replace(boards.calm(), tokens=(token("payments", dead_ms=NOW - MINUTE),))
    async with desk(board).run_test(size=(120, 24)) as pilot:
        assert "vault \u2717 'payments' is gone" in lines(pilot.app)[1]
