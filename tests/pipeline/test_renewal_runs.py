"""The jobs that renew tokens, as the desk looks at them: whose runs they are, and when they are looked at again."""

import msgspec
import pytest

from statusdesk.config import Config, JenkinsSettings, StageSettings, StoreSettings, TokenSettings, VaultSettings
from statusdesk.facts import Build, Token
from statusdesk.pipeline.desk import Desk
from statusdesk.states import TokenState
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


def vault(*names: str, started_ms: int = T0, **fields):
    """Vault's tokens, which were renewed five hours ago."""
    known = {"expire_ms": T0 + 25 * H, "issue_ms": T0 - 99 * H, "last_renewal_ms": T0 - 5 * H, "seen_ms": T0} | fields
    return swept(Token, *(token(name=name, **known) for name in names), source="vault", started_ms=started_ms)


def test_a_job_that_is_spelt_in_two_ways_renews_the_tokens_of_both(bench):
    bench.renewed_by(orders="infra/renew", payments="infra-renew")
    bench.see(builds(run(9, "FAILURE")), vault("orders", "payments"))
    assert (bench.held("orders"), bench.held("payments")) == (("Renewing", 9), ("Renewing", 9)), "nothing tells whose"
    bench.renewed_by(orders="infra/renew")
    bench.see(builds(run(9, "FAILURE")), vault("orders"))
    assert bench.held("orders") == ("RenewalFailed", 9)
