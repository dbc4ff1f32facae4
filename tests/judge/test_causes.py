"""Causes: a dead token explains a rollout's trouble only where it is known to be dead, used, and dead before."""

from typing import Any

import pytest
from msgspec.structs import replace

from statusdesk.facts import Container, ContainerRole
from statusdesk.judge.causes import Cause, cause_left, cause_of, denies
from statusdesk.states import Level, RolloutState, TokenState
from statusdesk.token_users import uses

T0 = 1_800_000_000_000
MINUTE = 60_000


def rollout(**changes: Any) -> RolloutState:
    fields: dict[str, Any] = {
        "key": "eu/staging/Deployment/orders",
        "cluster": "eu",
        "namespace": "staging",
        "kind": "Deployment",
        "name": "orders",
        "app": "orders",
        "level": Level.FAILING,
        "reason": "InitExit",
        "container": "vault-agent",
        "exit_code": 1,
        "level_since_ms": T0,
    }
    return RolloutState(**(fields | changes))


def token(name: str = "orders", **changes: Any) -> TokenState:
    fields: dict[str, Any] = {
        "key": f"vault/{name}",
        "source": "vault",
        "name": name,
        "level": Level.FAILING,
        "reason": "Gone",
        "apps": ("orders",),
        "expire_ms": T0 - 10 * MINUTE,
        "dead_ms": T0 - 10 * MINUTE,
    }
    return TokenState(**(fields | changes))


FOUND = Cause("token 'orders' has expired", "token:vault/orders", T0 - 10 * MINUTE)


@pytest.mark.parametrize(
    ("failing", "dead", "denied", "found"),
    [
        (rollout(), token(), False, FOUND),
        (rollout(reason="InitRunning"), token(), False, FOUND),
        (rollout(level=Level.WARNING), token(reason="Lapsed"), False, FOUND),
        (rollout(), token(namespaces=("stag*",)), False, FOUND),
        (rollout(reason="CrashLoopBackOff"), token(), True, FOUND),
        (rollout(reason="CrashLoopBackOff", message="container orders exits 1 (403 permission denied)"), token(),
         False, FOUND),
        (rollout(), token(dead_ms=None), True,
         Cause("token 'orders' is not known to Vault", "token:vault/orders", None)),
        # nothing says that it was refused
        (rollout(reason="CrashLoopBackOff"), token(), False, None),
        (rollout(reason="ErrImagePull"), token(), False, None),
        (rollout(exit_code=137), token(), False, None),
        (rollout(container=""), token(), True, None),
        (rollout(level=Level.PROGRESSING), token(), True, None),
        # another app's, another namespace's, or nobody knows whose
        (rollout(app="web"), token(), True, None),
        (rollout(), token(namespaces=("production",)), True, None),
        (rollout(), token(apps=()), True, None),
        # it is not known to be dead, or was alive when the trouble began
        (rollout(), token(reason="NoNews", level=Level.UNKNOWN), True, None),
        (rollout(), token(reason="LapsesSoon"), True, None),
        (rollout(), token(dead_ms=None), False, None),
        (rollout(), token(dead_ms=T0 + 1), True, None),
        (rollout(), token(until_ms=T0), True, None),
    ],
)  # fmt: skip
def test_cause(failing: RolloutState, dead: TokenState, denied: bool, found: Cause | None) -> None:
    assert cause_of(failing, [dead], denied=denied) == found


def test_a_revoked_token_is_gone_not_expired() -> None:
    cause = cause_of(rollout(), [token(expire_ms=T0 + MINUTE)], denied=False)
    assert cause is not None
    assert cause.words == "token 'orders' is gone"


def test_of_several_the_one_that_died_last_is_the_cause() -> None:
    tokens = [token("old", dead_ms=T0 - 99 * MINUTE), token("new", dead_ms=T0 - MINUTE), token("late", dead_ms=T0 + 1)]
    cause = cause_of(rollout(), tokens, denied=False)
    assert cause is not None
    assert cause.key == "token:vault/new"


MINE = {"cause": "token 'orders' is gone", "cause_key": "token:vault/orders", "cause_ms": T0 - 10 * MINUTE}
ANEW = token(level=Level.OK, reason="Running", dead_ms=None, issue_ms=T0 + 5 * MINUTE, level_since_ms=T0 + 6 * MINUTE)


def crashed(at_min: int | None, **changes: Any) -> Container:
    failed_ms = T0 + at_min * MINUTE if at_min is not None else None
    fields: dict[str, Any] = {"last_exit_code": 1, "last_finished_ms": failed_ms} | changes
    return replace(Container(name="vault-agent", role=ContainerRole.INIT, state="waiting"), **fields)


@pytest.mark.parametrize(
    ("failing", "anew", "container", "stays"),
    [
        (rollout(**MINE), ANEW, crashed(4), True),
        (rollout(**MINE), ANEW, crashed(None), True),
        (rollout(**MINE), ANEW, None, True),
        (rollout(**MINE), ANEW, crashed(None, state="running", since_ms=T0 - MINUTE), True),
        (rollout(**MINE, reason="InitRunning"), ANEW, crashed(4, state="running", since_ms=T0 + 7 * MINUTE), True),
        (rollout(**MINE), ANEW, crashed(7), False),
        (rollout(**MINE), ANEW, crashed(7, last_exit_code=0), True),
        (rollout(**MINE), ANEW, crashed(4, state="terminated", exit_code=1, since_ms=T0 + 7 * MINUTE), False),
        # issued long ago, and given to it since: from when we saw that one
        (rollout(**MINE), replace(ANEW, issue_ms=T0 - 90 * MINUTE), crashed(5), True),
        (rollout(**MINE), replace(ANEW, issue_ms=T0 - 90 * MINUTE), crashed(7), False),
        # it is well, fails otherwise, or nothing is known of the token
        (rollout(**MINE, level=Level.OK), ANEW, crashed(4), False),
        (rollout(**MINE, reason="ErrImagePull"), ANEW, crashed(4), False),
        (rollout(**MINE, exit_code=137), ANEW, crashed(4), False),
        (rollout(**MINE), replace(ANEW, level=Level.UNKNOWN), crashed(4), False),
        (rollout(**MINE), replace(ANEW, until_ms=T0), crashed(4), False),
        (rollout(**MINE), None, crashed(4), False),
    ],
)  # fmt: skip
def test_what_failed_before_a_token_was_issued_anew_is_explained_until_it_fails_again(
    failing: RolloutState, anew: TokenState | None, container: Container | None, stays: bool
) -> None:
    left = cause_left(failing, anew, container, denied=False)
    said = Cause("token 'orders' was gone until it was issued anew", "token:vault/orders", T0 - 10 * MINUTE)
    assert left == (said if stays else None)


@pytest.mark.parametrize(
    ("text", "says_so"),
    [
        ("[ERROR] GET /v1/secret/data/orders: 403", True),
        ("* Permission denied", True),
        ("bad token", True),
        ("order 14035 was shipped", False),
        ("", False),
    ],
)
def test_what_says_that_somebody_was_refused(text: str, says_so: bool) -> None:
    assert denies(text) is says_so


def test_globs_of_apps_and_namespaces() -> None:
    assert uses(token(apps=("ord*",), namespaces=("prod*",)), "orders", "production")
    assert not uses(token(apps=("ord*",), namespaces=("prod*",)), "orders", "staging")
