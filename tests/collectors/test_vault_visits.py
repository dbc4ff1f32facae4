"""Visits of a Vault that cannot answer, answers slowly or only in part: what is told, and what goes on."""

import json

import msgspec
import pytest

from collectors.vault_facts import token_of
from collectors.vault_tokens import OWN_NAME
from collectors.vault_wire import Envelope
from statusdesk.judge.sources import judge_source
from statusdesk.states import Level
from tests.collectors.recorded_vault import (
    HEALTH,
    HTML,
    LOOKUP,
    NOW_S,
    RECORDED,
    SECONDARY,
    SECRET,
    SELF,
    RecordedVault,
    recorded,
)
from tests.collectors.stage import Answer, staged
from tests.collectors.vault_watch import Watched


@pytest.mark.parametrize(
    ("health", "problem", "says"),
    [
        (recorded("sealed_health_GET"), "Sealed", "unseal it"),
        (recorded("uninit_health_GET"), "Sealed", "not initialised"),
        (recorded("ha_health_ns"), "Misconfigured", "operation unavailable"),
        (Answer(404), "Misconfigured", "a proxy does"),
        (Answer(503, b"", HTML), "ServerError", "proxy before it"),
        (Answer(429, b"", HTML), "RateLimited", "429"),
        (Answer(200, b"<html>", HTML), "NotJson", "web page"),
        (SECONDARY, "Standby", "disaster recovery"),
    ],
)
def test_a_server_that_cannot_answer_for_tokens(health, problem, says):
    with staged(RecordedVault(**{HEALTH: health})) as stage, Watched(stage.url, SECRET, {"a": "x"}) as watched:
        (visit,) = watched.visits()
        assert (visit.ok, visit.problem) == (False, problem)
        assert says in visit.message
        assert watched.sweeps() == []
        assert stage.paths() == [HEALTH]


@pytest.mark.parametrize("path", [HEALTH, SELF, LOOKUP])
def test_the_time_that_a_server_asks_for_is_kept(path):
    limited = recorded("rate_limit_429")
    limited = limited._replace(headers=(*limited.headers, ("Retry-After", "17")))
    vault = RecordedVault(**{path: limited})
    with staged(vault) as stage, Watched(stage.url, SECRET, {"a": "AAA"}, interval_s=1.0) as watched:
        (visit,) = watched.visits()
        assert (visit.ok, visit.problem) == (False, "RateLimited")
        assert visit.message.endswith("; it is not asked again for 17s")
        assert visit.next_try_ms is not None and visit.next_try_ms - visit.at_ms == 17_000
        state = judge_source(visit, None)
        assert (state.reason, state.level) == ("RateLimited", Level.FAILING)


def test_a_server_that_asks_for_fewer_requests_while_a_loss_is_confirmed_is_not_asked_on():
    vault, limited = RecordedVault(), recorded("rate_limit_429")
    vault.lookups["lost"] = recorded("lookup_accessor_revoked")

    def answer(asked):
        if asked.path == LOOKUP and sum(each.path == LOOKUP for each in stage.asked) > 1:
            return limited._replace(headers=(*limited.headers, ("Retry-After", "9")))
        return vault(asked)

    with staged(answer) as stage, Watched(stage.url, SECRET, {"lost": "lost"}, interval_s=1.0) as watched:
        (visit,) = watched.visits()
        assert visit.problem == "RateLimited" and visit.next_try_ms - visit.at_ms == 9_000


def test_a_standby_is_a_problem_though_it_answers_and_nothing_is_gone_by_its_word():
    vault = RecordedVault(**{HEALTH: recorded("standby_health_GET")})
    vault.lookups["lost"] = recorded("lookup_accessor_revoked")
    with staged(vault) as stage, Watched(stage.url, SECRET, {"a": "AAA", "lost": "lost"}) as watched:
        for _ in range(3):
            visit = watched.visit()
        assert (visit.ok, visit.problem) == (False, "Standby")
        assert watched.health().standby
        assert list(watched.tokens()) == [OWN_NAME, "a"]


def test_a_performance_standby_is_none():
    standby = RECORDED["standby_health_GET"]["body"] | {"performance_standby": True}
    vault = RecordedVault(**{HEALTH: Answer(473, json.dumps(standby).encode())})
    with staged(vault) as stage, Watched(stage.url, SECRET) as watched:
        assert watched.visits()[0].ok


def test_unknown_once_then_found_again_is_not_gone():
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, {"a": "AAA"}) as watched:
        for _ in range(2):
            vault.lookups["AAA"] = recorded("lookup_accessor_revoked")
            watched.visit()
            assert not watched.tokens()["a"].gone
            del vault.lookups["AAA"]
            watched.visit()
        assert not watched.tokens()["a"].gone


def test_one_token_that_fails_in_its_own_way_keeps_its_fact_and_the_others_go_on():
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, {"a": "AAA", "b": "BBB"}) as watched:
        vault.lookups["AAA"] = recorded("ns_accessor_from_root")
        assert watched.visit().ok
        assert watched.parts() == [("a", False, "Misconfigured")]
        assert list(watched.tokens()) == [OWN_NAME, "a", "b"]
        del vault.lookups["AAA"]
        watched.visit()
        assert watched.parts()[-1] == ("a", True, "")


def test_a_token_that_was_never_seen_is_told_with_why_it_cannot_be_looked_up():
    vault = RecordedVault()
    vault.lookups["AAA"] = recorded("ns_accessor_from_root")
    with staged(vault) as stage, Watched(stage.url, SECRET, {"a": "AAA", "b": "BBB"}) as watched:
        unread = watched.tokens()["a"]
        assert "another Vault namespace" in unread.problem and not unread.gone and unread.seen_ms is None
        assert watched.tokens()["b"].problem == ""
        del vault.lookups["AAA"]
        watched.visit()
        assert watched.tokens()["a"].problem == "" and watched.tokens()["a"].seen_ms is not None


def test_a_failure_on_the_way_tells_no_tokens_and_recovers():
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, {"a": "AAA", "b": "BBB"}) as watched:
        vault.lookups["BBB"] = recorded("sealed_lookup_accessor")
        assert watched.visit().problem == "Sealed"
        assert len(watched.sweeps()) == 1
        vault.lookups.clear()
        assert watched.visit().ok
        assert len(watched.sweeps()) == 2


def test_a_clock_that_is_off_is_told_in_the_detail():
    with staged(RecordedVault()) as stage, Watched(stage.url, SECRET) as watched:
        watched.collector._clock = lambda: (NOW_S - 60) * 1000
        assert watched.visit().detail == "Vault 2.7.2, its clock 1m ahead of ours"


def test_hostile_names_are_made_harmless():
    data = RECORDED["lookup_accessor_service_ttl"]["body"]["data"] | {
        "display_name": "\x1b]0;x\x07a\u202eb" + "n" * 400
    }
    seen = token_of(msgspec.convert({"data": data}, Envelope).data, "x")
    assert seen.display_name.startswith("abn")
    assert seen.display_name.isprintable()
    assert len(seen.display_name) <= 300


def test_an_accessor_in_a_file_is_read_again_when_the_token_was_issued_anew(tmp_path):
    file = tmp_path / "orders.accessor"
    file.write_text("AAA\n")
    vault = RecordedVault()
    vault.lookups["AAA"] = recorded("lookup_accessor_revoked")
    with staged(vault) as stage, Watched(stage.url, SECRET, {"orders": "AAA", "web": "WWW"}) as watched:
        items = watched.collector._items
        watched.collector._items = tuple(
            msgspec.structs.replace(item, accessor_file=str(file)) if item.name == "orders" else item for item in items
        )
        watched.visit()
        assert watched.tokens()["orders"].gone
        for unfit in ("", SECRET, "two words"):  # half written, or the token itself: it stays as it is
            file.write_text(unfit)
            watched.visit()
            assert watched.tokens()["orders"].gone
        file.unlink()
        watched.visit()
        file.write_text("BBB\n")
        watched.visit()
        assert not watched.tokens()["orders"].gone
        assert not any(SECRET.encode() in asked.body for asked in stage.asked)


def by_file(watched, name, file, **more):
    """Have a token's accessor read from a file."""
    watched.collector._items = tuple(
        msgspec.structs.replace(item, accessor_file=str(file), **more) if item.name == name else item
        for item in watched.collector._items
    )


def test_a_file_that_holds_no_accessor_at_the_start_leaves_its_token_alone_unknown(tmp_path):
    file = tmp_path / "orders.accessor"
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, {"orders": "AAA", "web": "WWW"}) as watched:
        by_file(watched, "orders", file, accessor="")
        for unfit, said in ((None, "cannot be read"), ("", "is empty"), (SECRET, "looks like a token")):
            if unfit is not None:
                file.write_text(unfit)
            watched.visit()
            orders, web = watched.tokens()["orders"], watched.tokens()["web"]
            assert said in orders.problem and str(file) in orders.problem and SECRET not in orders.problem
            assert (orders.accessor_problem, orders.seen_ms) == (orders.problem, None)
            assert web.seen_ms is not None and not web.accessor_problem
            assert watched.visits()[-1].ok, "nothing else is stopped"
        file.write_text("BBB\n")
        watched.visit()
        orders = watched.tokens()["orders"]
        assert orders.seen_ms is not None and not orders.problem and not orders.accessor_problem
        assert not any(SECRET.encode() in asked.body for asked in stage.asked)


def test_an_accessor_is_doubted_once_its_file_holds_none_at_two_visits(tmp_path):
    """At one visit, it may just be written."""
    file = tmp_path / "orders.accessor"
    file.write_text("AAA\n")
    with staged(RecordedVault()) as stage, Watched(stage.url, SECRET, {"orders": "AAA"}) as watched:
        by_file(watched, "orders", file)
        watched.visit()
        file.write_text("")
        watched.visit()
        assert not watched.tokens()["orders"].accessor_problem
        watched.visit()
        orders = watched.tokens()["orders"]
        assert f"{file} is empty" in orders.accessor_problem and orders.seen_ms is not None and not orders.problem
        file.write_text("AAA\n")
        watched.visit()
        assert not watched.tokens()["orders"].accessor_problem


@pytest.mark.parametrize("set_ms", [-600_000, 600_000])
def test_when_our_clock_is_set_everything_is_asked_again_and_was_seen_as_long_ago(set_ms):
    vault = RecordedVault()
    with staged(vault) as stage, Watched(stage.url, SECRET, {"a": "AAA", "b": "BBB"}) as watched:
        before = watched.tokens()
        watched.set_by_ms = set_ms
        vault.lookups["BBB"] = recorded("rate_limit_429")  # what it does not come to is as it was known
        watched.visit()
        after = watched.tokens()
        assert {name for name in after if name in before} >= {"a", "b"}
        for name in ("a", "b"):
            moved_ms = after[name].seen_ms - before[name].seen_ms
            assert -50 < moved_ms - set_ms < 60_000, "two clocks are read one after the other"
        watched.set_by_ms = 0
        watched.visit()
        assert abs(watched.tokens()["b"].seen_ms - before["b"].seen_ms) < 2_000, "as long ago as it was"
