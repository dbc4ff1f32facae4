"""Tokens in a desk: running down, silent, learnt from, and named as the cause."""

import msgspec
import pytest

from statusdesk.config import (
    Config,
    SecretIdSettings,
    StageSettings,
    StoreSettings,
    VaultSettings,
)
from statusdesk.facts import (
    Token,
    VaultHealth,
    Visited,
)
from statusdesk.pipeline.desk import Desk
from statusdesk.states import Level, TokenState
from tests.pipeline.desk_bench import (  # noqa: F401  (plain_bench is a fixture)
    SOURCE,
    T0,
    Bench,
    build,
    builds,
    plain_bench,
    pod,
    swept,
    workload,
)


def token(**fields) -> Token:
    return Token(**({"source": "vault", "name": "payments", "issue_ms": T0 - 3_600_000} | fields))


def day(number: float) -> int:
    return T0 + int(number * 86_400_000)


def test_a_token_runs_down_by_its_own_look_ups_and_not_by_those_of_others(bench):
    known = token(expire_ms=day(30), seen_ms=T0)
    bench.see(swept(Token, known, source="vault"))
    assert bench.writer.current(TokenState)["vault/payments"].level is Level.OK
    bench.now_ms = day(30) - 60_000
    assert bench.see(swept(Token, known, source="vault", started_ms=bench.now_ms)) == []
    known = msgspec.structs.replace(known, seen_ms=bench.now_ms)
    (transition,) = bench.see(swept(Token, known, source="vault", started_ms=bench.now_ms))
    assert transition.after.level is Level.FAILING


def test_a_token_whose_own_look_up_was_not_answered_since_its_end_is_not_known_though_others_were(bench):
    """A sweep that the server cuts short tells the last fact of what it did not come to."""
    bench.see(swept(Token, token(expire_ms=day(1), seen_ms=T0), token(name="web", seen_ms=T0), source="vault"))
    bench.now_ms = day(1) + 1
    late = (token(expire_ms=day(1), seen_ms=T0), token(name="web", seen_ms=bench.now_ms))
    bench.see(swept(Token, *late, source="vault", started_ms=bench.now_ms))
    row = bench.writer.current(TokenState)["vault/payments"]
    assert (row.level, row.reason) == (Level.UNKNOWN, "NoNews") and "not looked up since" in row.message
    asked = token(expire_ms=day(1), seen_ms=day(1) - 20_000, unknown_ms=bench.now_ms)
    bench.see(swept(Token, asked, source="vault", started_ms=bench.now_ms))
    assert bench.writer.current(TokenState)["vault/payments"].reason == "Lapsed"


def test_while_vault_is_silent_its_tokens_stay_as_they_were_and_then_are_not_known(bench):
    bench.see(swept(Token, token(expire_ms=day(30), seen_ms=T0), source="vault"))
    bench.now_ms = day(30) - 60_000
    assert bench.see() == []
    assert bench.writer.current(TokenState)["vault/payments"].level is Level.OK
    bench.now_ms = day(30) + 1
    (transition,) = bench.see()
    assert (transition.after.level, transition.after.reason) == (Level.UNKNOWN, "NoNews")
    renewed = token(expire_ms=day(60), last_renewal_ms=day(29), seen_ms=bench.now_ms)
    bench.see(swept(Token, renewed, source="vault", started_ms=bench.now_ms))
    assert bench.writer.current(TokenState)["vault/payments"].level is Level.OK


def test_after_a_restart_while_vault_is_silent_what_ends_is_no_longer_told_as_it_was(bench):
    bench.see(swept(Token, token(expire_ms=day(1), seen_ms=T0), source="vault"))
    bench.restart()
    assert bench.see() == []
    bench.now_ms = day(1) - 1
    assert bench.see() == []
    assert bench.writer.current(TokenState)["vault/payments"].level is Level.OK
    bench.now_ms = bench.desk.next_due_ms
    assert day(1) <= bench.now_ms < day(1) + 1000
    (transition,) = bench.see()
    assert (transition.after.level, transition.after.reason) == (Level.UNKNOWN, "NoNews")
    bench.restart()
    renewed = token(expire_ms=day(3), last_renewal_ms=day(1) - 1, seen_ms=bench.now_ms)
    assert bench.see() == [], "the first answers are waited for"
    bench.see(swept(Token, renewed, source="vault", started_ms=bench.now_ms))
    assert bench.writer.current(TokenState)["vault/payments"].level is Level.OK


def test_the_desk_wakes_when_a_token_is_due(bench):
    bench.see(swept(Token, token(expire_ms=T0 + 30_000, seen_ms=T0), source="vault"))
    assert bench.desk.next_due_ms is not None
    for _ in range(20):
        bench.now_ms = bench.desk.next_due_ms
        seen = token(expire_ms=T0 + 30_000, seen_ms=bench.now_ms)
        bench.see(swept(Token, seen, source="vault", started_ms=bench.now_ms))
        if bench.writer.current(TokenState)["vault/payments"].reason == "Lapsed":
            break
    assert bench.now_ms < T0 + 31_000
    assert bench.writer.current(TokenState)["vault/payments"].reason == "Lapsed"


def test_grants_are_learnt_from_over_a_restart(bench):
    for number in range(8):
        renewed_ms = day(number)
        for looked_ms in (renewed_ms, renewed_ms + 80_000_000, renewed_ms + 86_300_000):
            look(bench, looked_ms, renewed_ms)
        bench.restart()
    look(bench, renewed_ms + 86_301_000, renewed_ms)
    row = bench.writer.current(TokenState)["vault/payments"]
    assert (row.renew_every_s, row.every_rule, row.survives) == (86_400, "learnt", 2)
    grants = bench.writer.grants_of("vault/payments", 9)
    assert [grant.renewed_ms for grant in grants] == [day(number) for number in range(8)]
    seen = {grant.seen_ms - grant.renewed_ms for grant in grants[:-1]}
    assert seen == {86_300_000}, "what little was not written yet was when the store was closed"


def look(bench, now_ms, renewed_ms):
    """Look the token up, which was renewed for three days."""
    bench.now_ms = now_ms
    seen = token(expire_ms=renewed_ms + 3 * 86_400_000, last_renewal_ms=renewed_ms, seen_ms=now_ms)
    bench.see(swept(Token, seen, source="vault", started_ms=now_ms))
    bench.writer.commit()


def test_renewals_while_no_collector_worked_are_not_learnt_from(bench):
    """One for the first two hours of each day; it is renewed each hour."""
    hour = 3_600_000
    for number in range(6):
        for minute in range(0, 121, 10):
            now_ms = day(number) + minute * 60_000
            look(bench, now_ms, day(number) + minute // 60 * hour)
            row = bench.writer.current(TokenState)["vault/payments"]
            assert (row.level, row.reason) == (Level.OK, "Renewing")
            assert row.renew_every_s is None, "it may rest by night"
        bench.restart()


def test_when_a_grant_was_seen_last_outlives_a_collector_that_is_killed_but_for_a_part(bench, tmp_path):
    """And it costs few writes: one each time that a quarter of the time is new."""
    written = []
    for minute in range(0, 24 * 60, 5):
        look(bench, day(0) + minute * 60_000, day(0))
        (grant,) = bench.writer.grants_of("vault/payments", 9)
        assert bench.now_ms - grant.seen_ms <= 0.25 * (bench.now_ms - grant.renewed_ms)
        written.append(grant.seen_ms)
    assert len(set(written)) < 25
    look(bench, day(1), day(1))
    assert bench.writer.grants_of("vault/payments", 9)[0].seen_ms == day(1) - 5 * 60_000


def test_an_older_answer_says_nothing_of_when_a_grant_was_seen_last(bench):
    look(bench, day(0), day(0))
    look(bench, day(1), day(1))
    look(bench, day(1) + 1000, day(0))
    bench.restart()
    assert [grant.seen_ms for grant in bench.writer.grants_of("vault/payments", 9)] == [day(0), day(1)]


def test_a_clock_of_the_server_that_is_off_does_not_make_a_token_lapse(bench):
    ahead = VaultHealth(source="vault", initialized=True, sealed=False, standby=False, skew_ms=7_200_000)
    seen = token(issue_ms=T0, expire_ms=T0 + 7_500_000, seen_ms=T0)
    bench.see(swept(VaultHealth, ahead, source="vault"), swept(Token, seen, source="vault"))
    row = bench.writer.current(TokenState)["vault/payments"]
    assert (row.reason, row.expire_ms) == ("LapsesSoon", T0 + 300_000)
    wobbles = msgspec.structs.replace(ahead, skew_ms=7_201_000)
    bench.see(swept(VaultHealth, wobbles, source="vault", started_ms=T0 + 1))
    assert bench.writer.current(TokenState)["vault/payments"] == row


def test_our_own_token_is_not_known_while_vault_refuses_it(bench):
    own = token(name="statusdesk (own)", own=True, expire_ms=day(30), seen_ms=T0)
    both = (own, token(expire_ms=day(30), seen_ms=T0))
    bench.see(swept(Token, *both, source="vault"))
    rows = bench.writer.current(TokenState)
    assert rows["vault/statusdesk (own)"].level is Level.OK
    refused = Visited(source="vault", ok=False, at_ms=T0, problem="Unauthorized", message="refuses our token")
    bench.see(refused)
    row = rows["vault/statusdesk (own)"]
    assert (row.level, row.reason, row.left_ms(T0)) == (Level.UNKNOWN, "Refused", None) and "refuses it" in row.message
    assert rows["vault/payments"].level is Level.OK
    bench.restart()  # nothing is swept any more: what the store has of it must not look well again
    bench.see(refused)
    assert bench.writer.current(TokenState)["vault/statusdesk (own)"].level is Level.UNKNOWN
    bench.see(swept(Token, *both, source="vault", started_ms=T0 + 5), Visited(source="vault", ok=True, at_ms=T0 + 5))
    assert bench.writer.current(TokenState)["vault/statusdesk (own)"].level is Level.OK


def test_a_token_that_cannot_be_looked_up_has_a_row_that_says_why(bench):
    unread = token(issue_ms=None, problem="its accessor is of another Vault namespace")
    bench.see(swept(Token, unread, source="vault"))
    row = bench.writer.current(TokenState)["vault/payments"]
    assert (row.level, row.reason) == (Level.UNKNOWN, "NotLookedUp") and "another Vault namespace" in row.message
    bench.see(swept(Token, token(expire_ms=day(30), seen_ms=T0), source="vault", started_ms=T0 + 1))
    assert bench.writer.current(TokenState)["vault/payments"].level is Level.OK


@pytest.mark.parametrize("last", [{}, {"last_renewal_ms": T0 - 5}, {"num_uses": 1}])
def test_a_token_whose_look_up_is_refused_is_unknown_past_its_end_too(bench, last):
    known = token(expire_ms=T0 + 40_000, seen_ms=T0, **last)
    bench.see(swept(Token, known, source="vault"))
    refused = msgspec.structs.replace(known, problem="does not allow this to our token (403)")
    for at_ms in (T0 + 1, T0 + 39_000, T0 + 40_001, T0 + 200_000):
        bench.now_ms = at_ms
        bench.see(swept(Token, refused, source="vault", started_ms=at_ms))
        row = bench.writer.current(TokenState)["vault/payments"]
        assert (row.level, row.reason, row.dead_ms) == (Level.UNKNOWN, "NotLookedUp", None)
        assert row.message.startswith("last known to end at 20") and "look-ups refused: does not allow" in row.message
        assert row.expire_ms == T0 + 40_000
    gone = msgspec.structs.replace(known, gone=True)
    bench.see(swept(Token, gone, source="vault", started_ms=bench.now_ms + 1))
    assert bench.writer.current(TokenState)["vault/payments"].reason == "Gone"


@pytest.mark.parametrize("after_ms", [60_000, 2 * 86_400_000])
def test_a_known_death_is_kept_while_look_ups_are_refused_and_over_a_restart(bench, after_ms):
    known = token(expire_ms=day(1), seen_ms=T0, accessor_tail="abc123")
    bench.see(swept(Token, known, source="vault"))
    bench.now_ms = T0 + 30_000
    bench.see(swept(Token, msgspec.structs.replace(known, gone=True), source="vault", started_ms=bench.now_ms))
    died = bench.writer.current(TokenState)["vault/payments"]
    assert died.message.startswith("revoked before") and died.dead_ms == T0
    bench.desk = Desk(bench.config, bench.writer)
    for state in (
        {"problem": "(403)"},
        {"gone": True},
    ):
        bench.now_ms += after_ms
        found = Token(source="vault", name="payments", accessor_tail="abc123", **state)
        bench.see(swept(Token, found, source="vault", started_ms=bench.now_ms))
        row = bench.writer.current(TokenState)["vault/payments"]
        assert (row.level, row.reason) == (Level.FAILING, "Gone")
        assert (row.message, row.dead_ms) == (died.message, died.dead_ms)


def test_what_time_would_change_is_not_told_of_a_token_that_cannot_be_looked_up(bench):
    known = token(expire_ms=day(1), last_renewal_ms=T0, renewable=True, seen_ms=T0)
    bench.see(swept(Token, known, source="vault"))
    refused = msgspec.structs.replace(known, problem="(403)")
    bench.see(swept(Token, refused, source="vault"))
    row = bench.writer.current(TokenState)["vault/payments"]
    assert (row.next_renewal_ms, row.missed, row.survives, row.job_says) == (None, 0, None, "")
    once = msgspec.structs.replace(refused, unknown_ms=T0 + 1)
    bench.see(swept(Token, once, source="vault"))
    row = bench.writer.current(TokenState)["vault/payments"]
    assert row.level is Level.UNKNOWN and "not known to Vault at" in row.message


def test_what_was_known_of_a_token_is_not_told_of_the_one_that_was_issued_anew(bench):
    bench.see(swept(Token, token(accessor_tail="aaaaaa", expire_ms=day(1), seen_ms=T0), source="vault"))
    bench.see(swept(Token, token(accessor_tail="bbbbbb", issue_ms=None, problem="(403)"), source="vault"))
    row = bench.writer.current(TokenState)["vault/payments"]
    assert (row.reason, row.message, row.expire_ms) == ("NotLookedUp", "(403)", None)


def test_a_secret_id_that_cannot_be_looked_up_is_unknown_until_its_end_which_nothing_moves(tmp_path):
    bench = Bench(tmp_path)
    watched = SecretIdSettings(name="batch", role="shop", accessor="a")
    config = Config(
        path="c",
        stages=(StageSettings(name="staging", namespaces=("staging",)),),
        clusters=(),
        vault=VaultSettings(address="http://127.0.0.1:1", secret_ids=(watched,)),
        store=StoreSettings(state_dir=str(tmp_path)),
    )
    bench.desk = Desk(config, bench.writer)
    refused = token(name="batch", kind="secret-id", expire_ms=T0 + 40_000, seen_ms=T0, problem="(403)")
    bench.see(swept(Token, refused, source="vault"))
    row = bench.writer.current(TokenState)["vault/batch"]
    assert (row.level, row.reason) == (Level.UNKNOWN, "NotLookedUp")
    while bench.now_ms < T0 + 40_000:  # its alert is due before its end
        bench.now_ms = bench.desk.next_due_ms
        bench.see()
    assert bench.writer.current(TokenState)["vault/batch"].reason == "Lapsed"
    bench.writer.close()


def test_a_token_that_left_the_configuration_is_gone(bench):
    bench.see(swept(Token, token(expire_ms=T0 + 86_400_000), source="vault"))
    bench.see(swept(Token, started_ms=T0 + 1, source="vault"))
    assert bench.writer.current(TokenState)["vault/payments"].until_ms is not None


NO_FILE = "/etc/payments.accessor is empty; put the accessor there"


def test_a_token_whose_file_holds_no_accessor_is_not_known_to_be_well_and_says_why(bench):
    def judged(**fields):
        bench.now_ms += 1
        bench.see(swept(Token, token(**fields), source="vault", started_ms=bench.now_ms))
        return bench.writer.current(TokenState)["vault/payments"]

    alive = {"expire_ms": day(30), "seen_ms": T0, "accessor_tail": "abc123"}
    well = judged(**alive)
    row = judged(**alive, accessor_problem=NO_FILE)
    assert (row.level, row.reason, row.message) == (Level.UNKNOWN, "NotLookedUp", f"{well.message}; {NO_FILE}")
    bench.restart()  # and is started anew without an accessor
    row = judged(problem=NO_FILE, accessor_problem=NO_FILE, issue_ms=None)
    assert (row.level, row.accessor_tail, row.expire_ms) == (Level.UNKNOWN, "abc123", day(30))
    assert row.message.startswith("last known to end at") and row.message.endswith(f"; {NO_FILE}")
    assert row.message.count(NO_FILE) == 1 and "refused" not in row.message
    assert judged(**alive).message == well.message
    few = {**alive, "num_uses": 5}
    warned, row = judged(**few), judged(**few, accessor_problem=NO_FILE)
    assert (warned.level, row.level, row.reason) == (Level.WARNING, Level.WARNING, warned.reason)
    assert row.message == f"{warned.message}; {NO_FILE}"
    lapsing = {**alive, "expire_ms": T0 + 60_000}
    for _ in range(3):
        row = judged(**lapsing, accessor_problem=NO_FILE)
        assert row.level is Level.FAILING and row.message.count(NO_FILE) == 1
    row = judged(**lapsing)
    assert row.level is Level.FAILING and NO_FILE not in row.message, "what is mended is not told of what is held"
    died = judged(**lapsing, gone=True)
    for fields in ({**lapsing, "gone": True}, {"problem": NO_FILE, "issue_ms": None}):
        row = judged(**fields, accessor_problem=NO_FILE)
        assert (row.reason, row.message) == ("Gone", f"{died.message}; {NO_FILE}"), "what is dead stays dead"


def test_a_token_never_seen_whose_file_holds_no_accessor_is_unknown_with_that_sentence(bench):
    unread = token(issue_ms=None, problem=NO_FILE, accessor_problem=NO_FILE)
    bench.see(swept(Token, unread, source="vault"))
    row = bench.writer.current(TokenState)["vault/payments"]
    assert (row.level, row.reason, row.message) == (Level.UNKNOWN, "NotLookedUp", NO_FILE)
