"""The cap of a token's mount, held against what its renewals really gave."""

from typing import Any

import msgspec

from statusdesk.facts import Token
from statusdesk.states import Level
from tests.judge.token_make import EVERY_8H, T0, H, after, token


def beyond(mount_max_h: int, **changes: Any) -> list[Token]:
    """A token that is renewed every 8 hours to live 24 more, with what is known of its mount at each look."""
    born = T0 - 4 * H
    return [
        token(
            issue_ms=born,
            last_renewal_ms=T0 + number * 8 * H,
            expire_ms=T0 + (number * 8 + 24) * H,
            mount_max_s=mount_max_h * 3600,
            **changes,
        )
        for number in range(12)
    ]


def test_a_renewal_that_goes_beyond_the_cap_of_the_mount_refutes_it_for_good() -> None:
    states = after(*beyond(60), rules=EVERY_8H)
    said = [(state.level, state.reason) for state in states]
    assert (Level.WARNING, "AtCap") in said, "until a renewal has shown it, the mount's word is what there is"
    refuted = next(index for index, state in enumerate(states) if state.expire_ms > T0 + 56 * H + 2000)
    assert {(state.level, state.reason) for state in states[refuted:]} == {(Level.OK, "Renewing")}
    assert all(not state.at_cap and state.cap_ms is None for state in states[refuted:])
    raised = beyond(60)[:6] + beyond(400)[6:]  # asked anew: a cap that is still to come
    assert after(*raised, rules=EVERY_8H)[-1].cap_ms == T0 + 396 * H


def test_renewals_that_go_on_before_a_raised_cap_are_no_trouble() -> None:
    raised = beyond(60)[:3] + beyond(900)[3:]
    assert {state.reason for state in after(*raised, rules=EVERY_8H)} == {"Renewing"}


def test_an_explicit_cap_is_not_refuted() -> None:
    states = after(*beyond(60, explicit_max_s=100 * 3600)[:9], rules=EVERY_8H)
    assert states[-1].cap_ms == T0 + 96 * H


def test_a_token_of_a_role_may_be_periodic_so_its_mount_says_nothing_of_its_end() -> None:
    by_role = beyond(60, path="auth/token/create/svc")
    assert {state.reason for state in after(*by_role, rules=EVERY_8H)} == {"Renewing"}
    direct = beyond(60, path="auth/token/create-orphan")
    assert "AtCap" in {state.reason for state in after(*direct, rules=EVERY_8H)}


def test_what_a_capped_renewal_gave_is_told_whatever_the_mount_says() -> None:
    seen = [*beyond(900)[:4]]
    capped = msgspec.structs.replace(seen[-1], last_renewal_ms=T0 + 32 * H)
    assert after(*seen, capped, rules=EVERY_8H)[-1].reason == "AtCap"
