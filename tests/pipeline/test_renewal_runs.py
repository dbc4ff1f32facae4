"""The jobs that renew tokens, as the desk looks at them: whose runs they are, and when they are looked at again."""

import msgspec
import pytest

from statusdesk.config import Config, JenkinsSettings, StageSettings, StoreSettings, TokenSettings, VaultSettings
from statusdesk.facts import Build, Job, QueueItem, Token, VaultHealth
from statusdesk.pipeline import renewal_runs
from statusdesk.pipeline.desk import Desk
from statusdesk.states import Level, TokenState
from tests.pipeline.desk_bench import T0, Bench, build, builds, swept
from tests.pipeline.test_desk_tokens import token

H = 3_600_000


class RenewalBench(Bench):
    """A desk with tokens that are renewed by jobs."""

    tokens: tuple[TokenSettings, ...] = ()

    def open(self) -> None:
        super().open()
        config = Config(
            path="c",
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            clusters=(),
            jenkins=JenkinsSettings(url="http://jenkins"),
            vault=VaultSettings(address="http://127.0.0.1:1", tokens=self.tokens),
            store=StoreSettings(state_dir=str(self.directory)),
        )
        self.desk = Desk(config, self.writer)

    def renewed_by(self, **jobs: str) -> None:
        """Have tokens that are renewed by these jobs."""
        self.tokens = tuple(TokenSettings(name=name, accessor=name, renewal_job=job) for name, job in jobs.items())
        self.restart()

    def held(self, name: str) -> tuple[str, int | None]:
        row = self.writer.current(TokenState)[f"vault/{name}"]
        return row.reason, row.job_number


@pytest.fixture
def bench(tmp_path):
    made = RenewalBench(tmp_path)
    yield made
    made.writer.close()


def run(number: int, result: str = "SUCCESS", job: str = "infra/renew", **fields) -> Build:
    """A run of a renewal job, one an hour, of no namespace."""
    made = build(number, result, namespace=None, duration_ms=1000, **fields)
    return msgspec.structs.replace(made, job=job, attributed_by="", started_ms=T0 + (number - 10) * H)


def of_app(number: int, app: str, **fields) -> Build:
    """A run of a job with a parameter for what it renews."""
    return msgspec.structs.replace(run(number), renews=(("APP", app),), **fields)


def vault(*names: str, started_ms: int = T0, **fields):
    """Vault's tokens, which were renewed five hours ago."""
    known = {"expire_ms": T0 + 25 * H, "issue_ms": T0 - 99 * H, "last_renewal_ms": T0 - 5 * H, "seen_ms": T0} | fields
    return swept(Token, *(token(name=name, **known) for name in names), source="vault", started_ms=started_ms)


def test_a_job_that_is_spelt_in_two_ways_renews_the_tokens_of_both(bench):
    bench.renewed_by(orders="infra/renew", payments="infra-renew")
    bench.see(builds(run(9, "FAILURE")), vault("orders", "payments"))
    assert (bench.held("orders"), bench.held("payments")) == (("RenewalFailed", 9), ("RenewalFailed", 9))
    bench.see(builds(run(9, "FAILURE"), of_app(10, "orders", started_ms=T0 - H // 2)))
    assert (bench.held("orders"), bench.held("payments")) == (("NotRenewed", 10), ("RenewalFailed", 9))


def test_of_two_jobs_of_one_spelling_the_last_that_was_begun_counts(bench):
    bench.renewed_by(orders="infra-renew")
    flat = msgspec.structs.replace(run(8), job="infra-renew", number=50)
    bench.see(builds(run(9, "FAILURE"), flat, run(7)), vault("orders"))
    assert bench.held("orders") == ("RenewalFailed", 9)


def test_a_job_is_looked_at_again_where_something_of_it_is_new_and_once_for_all_its_tokens(bench, monkeypatch):
    looked: list[str] = []

    def counting(name):
        done = getattr(renewal_runs, name)
        monkeypatch.setattr(renewal_runs, name, lambda *args, **fields: looked.append(name) or done(*args, **fields))

    def taken() -> dict[str, int]:
        counts = {name: looked.count(name) for name in looked}
        looked.clear()
        return counts

    counting("runs_of")
    counting("last_run")
    bench.renewed_by(orders="infra/renew", payments="infra/renew", mail="renew-mail")
    renewal, other = (Job(source="jenkins", name=name, url="u", complete=True) for name in ("infra/renew", "deploy"))
    bench.see(swept(Job, renewal, other, source="jenkins"), builds(run(8)), vault("orders", "payments", "mail"))
    assert taken() == {"runs_of": 1, "last_run": 3}
    bench.see()  # by the grants that came with them
    assert taken() == {"last_run": 3}
    for at_ms in (T0 + 10_000, T0 + 20_000):
        bench.see(
            swept(Job, renewal, other, source="jenkins", started_ms=at_ms),
            swept(QueueItem, source="jenkins", started_ms=at_ms),
            builds(run(8), build(3)),
            vault("orders", "payments", "mail", started_ms=at_ms),
        )
    assert taken() == {}, "nothing of the jobs that renew tokens is new"
    bench.see(builds(run(9)))
    assert taken() == {"runs_of": 1, "last_run": 2} and bench.held("orders") == ("NotRenewed", 9)
    disabled = msgspec.structs.replace(renewal, disabled=True)
    bench.see(swept(Job, disabled, other, source="jenkins", started_ms=T0 + 30_000))
    assert taken()["last_run"] == 2
    bench.see(swept(Job, other, source="jenkins", started_ms=T0 + 40_000))
    assert taken() == {"last_run": 2} and bench.held("orders") == ("NotRenewed", None), (
        "it has gone, and renewed nothing"
    )


def test_a_token_that_vault_tells_later_is_held_against_its_job_though_nothing_is_new_at_jenkins(bench):
    bench.renewed_by(orders="infra/renew", payments="renew-payments")
    bench.see(builds(run(9, "FAILURE"), run(9, "FAILURE", "renew-payments")), vault("orders"))
    bench.see(vault("orders", "payments", started_ms=T0 + 30_000))
    assert bench.held("payments") == ("RenewalFailed", 9)


def test_which_runs_renewed_a_token_is_told_anew_when_the_clock_of_vault_is_known(bench):
    bench.renewed_by(orders="infra/renew", payments="infra/renew")
    bench.see(builds(*(of_app(number, f"?0{number}") for number in (6, 7, 8)), of_app(9, "?09", result="FAILURE")))
    ahead_ms = 600_000
    for number in (6, 7, 8):
        renewed_ms = T0 + (number - 10) * H + ahead_ms
        bench.see(vault("orders", last_renewal_ms=renewed_ms, expire_ms=renewed_ms + 30 * H, seen_ms=T0 + ahead_ms))
    bench.see()
    row = bench.writer.current(TokenState)["vault/orders"]
    assert (row.job_number, row.job_says) == (9, ""), "the runs renewed it ten minutes before they began"
    health = VaultHealth(source="vault", initialized=True, sealed=False, standby=False, skew_ms=ahead_ms)
    bench.see(swept(VaultHealth, health, source="vault"))
    row = bench.writer.current(TokenState)["vault/orders"]
    assert (row.job_number, row.job_says) == (9, "job red, token lapses")


@pytest.mark.parametrize("result", ["FAILURE", "SUCCESS"])
@pytest.mark.parametrize("newer", ["ABORTED", "NOT_BUILT", None, "SUCCESS"])
def test_what_a_run_told_of_a_token_stays_until_a_renewal_is_seen(bench, result, newer):
    """A newer run that runs, did not come to a result, or is too young to be judged, renewed nothing as far as seen."""
    told = ("RenewalFailed" if result == "FAILURE" else "NotRenewed", Level.WARNING)
    bench.renewed_by(orders="infra/renew")
    bench.see(builds(run(9, result)), vault("orders"))

    def seen() -> tuple[str, Level]:
        row = bench.writer.current(TokenState)["vault/orders"]
        return row.reason, row.level

    assert seen() == told
    bench.see(builds(run(9, result), run(10, newer)))
    assert seen() == told
    bench.restart()
    bench.see(builds(run(9, result), run(10, newer)), vault("orders"))
    assert seen() == told, "over a restart"
    says = "job red, token lapses" if result == "FAILURE" else "job green, token dying"
    assert bench.writer.current(TokenState)["vault/orders"].job_says == says
    bench.now_ms = T0 + 60_000
    bench.see(vault("orders", started_ms=bench.now_ms, last_renewal_ms=T0 + 1, expire_ms=T0 + 30 * H))
    assert seen() == ("Renewing", Level.OK)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_failed_run_that_is_deleted_or_whose_job_has_gone_renewed_nothing_all_the_same(bench, restarted):
    bench.renewed_by(orders="infra/renew")
    bench.see(builds(run(9, "FAILURE")), vault("orders"))
    bench.see(builds(run(9, "FAILURE", deleted=True)))
    if restarted:
        bench.restart()
        bench.see(vault("orders"))
    row = bench.writer.current(TokenState)["vault/orders"]
    assert (row.reason, row.level, row.job_says) == ("RenewalFailed", Level.WARNING, "job red, token lapses")


def test_a_run_that_turns_out_to_have_been_for_another_token_is_no_longer_held_against_this_one(bench):
    bench.renewed_by(orders="infra/renew", payments="infra/renew")
    failed = of_app(9, "mail", result="FAILURE", url="http://jenkins/9")
    bench.see(builds(failed), vault("orders", "payments"))
    assert bench.held("orders") == ("RenewalFailed", 9), "that word may be of no token"
    bench.see(builds(failed, of_app(8, "payments")))
    assert bench.held("orders")[0] == "Renewing", "it names what is renewed"
