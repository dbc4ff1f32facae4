"""One sweep of 1,000 Vault accessors beside the same look-ups by hvac, one after the other, on a real OpenBao.

The server runs on the same machine, so that both sides share its cores with it. The limits of a sweep alone (3 s and
0.8 CPU s) are printed as well; the last line's ratio is the worse of both measures, each against its own target.
"""

import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from report import side

from collectors.vault_api import POLICY
from collectors.vault_tokens import VaultTokens
from statusdesk.clock import system_clock
from statusdesk.config import TokenSettings, VaultSettings
from statusdesk.facts import Message, Swept, Token, Visited
from tests.collectors.openbao_server import OpenBao, openbao

TOKENS, ROUNDS = 1000, 5
WALL_TARGET, CPU_TARGET = 0.9, 1.1
WALL_LIMIT_S, CPU_LIMIT_S = 3.0, 0.8


def prepare(bao: OpenBao) -> tuple[str, list[str]]:
    """Make our own token and those that are watched; returns ours and the accessors."""
    bao.policy("statusdesk", POLICY)
    ours, _ = bao.create(policies=["statusdesk"], no_default_policy=True, period="24h")
    return ours, [bao.create(ttl="24h")[1] for _ in range(TOKENS)]


class Ours:
    """The collector, told to look at everything again and again."""

    def __init__(self, address: str, token: str, accessors: list[str]) -> None:
        tokens = tuple(TokenSettings(name=f"t{n}", accessor=each) for n, each in enumerate(accessors))
        settings = VaultSettings(address=address, tokens=tokens, interval_s=3600.0, slow_interval_s=3600.0)
        self._stop = threading.Event()
        self._visited = threading.Semaphore(0)
        self.swept = 0
        self.collector = VaultTokens(settings, lambda: token, self._emit, self._stop, system_clock)
        self._thread = threading.Thread(target=self.collector.run)
        self._thread.start()
        self._visited.acquire()

    def _emit(self, message: Message) -> None:
        if isinstance(message, Swept) and message.kind is Token:
            self.swept = len(message.facts)
        if isinstance(message, Visited) and not message.scope:
            assert message.ok, message
            self._visited.release()

    def sweep(self) -> tuple[float, float]:
        """Look at all; returns wall and CPU seconds."""
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        self.collector.visit_now()
        self._visited.acquire()
        assert self.swept == TOKENS + 1, self.swept
        return time.perf_counter() - wall_s, time.process_time() - cpu_s

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


def theirs(address: str, token: str, accessors: list[str]) -> tuple[float, float]:
    """Look at all with one hvac client, whose session is kept from asking for proxies, which makes it faster."""
    import hvac
    import requests

    session = requests.Session()
    session.trust_env = False
    client = hvac.Client(url=address, token=token, session=session)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for accessor in accessors:
        assert client.auth.token.lookup_accessor(accessor)["data"]["accessor"] == accessor
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


def main() -> None:
    with tempfile.TemporaryDirectory() as home, openbao(Path(home)) as bao:
        token, accessors = prepare(bao)
        ours = Ours(bao.address, token, accessors)
        theirs(bao.address, token, accessors)
        pairs = [(ours.sweep(), theirs(bao.address, token, accessors)) for _ in range(ROUNDS)]
        ours.close()
    wall_s = side("collector: wall time of a sweep", [a[0] for a, _ in pairs], "s")
    side("hvac, one after the other: wall time", [b[0] for _, b in pairs], "s")
    cpu_s = side("collector: CPU of a sweep", [a[1] for a, _ in pairs], "s")
    side("hvac, one after the other: CPU", [b[1] for _, b in pairs], "s")
    wall = statistics.median(a[0] / b[0] for a, b in pairs)
    cpu = statistics.median(a[1] / b[1] for a, b in pairs)
    print(f"limits of a sweep: {wall_s:.2f} of {WALL_LIMIT_S:.1f} s, {cpu_s:.2f} of {CPU_LIMIT_S:.1f} CPU s")
    met = wall <= WALL_TARGET and cpu <= CPU_TARGET and wall_s <= WALL_LIMIT_S and cpu_s <= CPU_LIMIT_S
    said = f"wall {wall:.3f} (target <= {WALL_TARGET:.1f}), CPU {cpu:.3f} (target <= {CPU_TARGET:.1f})"
    print(f"sweep of {TOKENS} accessors: ratio of {said}: {'met' if met else 'MISSED'}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
