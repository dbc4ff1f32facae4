"""A Vault collector that visits only when told to."""

import threading

from collectors.vault_tokens import CLOCK, VaultTokens
from statusdesk.clock import ClockSteps, boot_clock, system_clock
from statusdesk.config import TokenSettings, VaultSettings
from statusdesk.facts import Swept, Token, VaultHealth, Visited
from tests.collectors.stage import Heard, running

FAR_S = 3600.0


class Watched:
    def __init__(self, address, token, accessors=(), **more):
        tokens = tuple(TokenSettings(name=name, accessor=accessor) for name, accessor in dict(accessors).items())
        settings = VaultSettings(address=address, tokens=tokens, **({"interval_s": FAR_S, "timeout_s": 5.0} | more))
        self.heard = Heard()
        self.stop = threading.Event()
        self.token = token
        read = None if token is None else lambda: self.token
        self.set_by_ms = 0
        steps = ClockSteps(boot_clock)
        self.collector = VaultTokens(settings, read, self.heard.put, self.stop, self.clock, steps)

    def clock(self):
        """The clock of the collector, which a test may set."""
        return system_clock() + self.set_by_ms

    def __enter__(self):
        self._running = running(self.collector, self.stop)
        self._running.__enter__()
        self.heard.wait_for(lambda _: self.visits())
        return self

    def __exit__(self, *error):
        return self._running.__exit__(*error)

    def visits(self):
        return [each for each in self.heard.of(Visited) if not each.scope]

    def parts(self):
        """Return what was told of tokens alone; recorded answers have the clock of the day of their recording."""
        told = [each for each in self.heard.of(Visited) if each.scope and each.scope != CLOCK]
        return [(each.scope, each.ok, each.problem) for each in told]

    def visit(self):
        """Visit once more; returns what was said of it."""
        before = len(self.visits())
        self.collector.visit_now()
        self.heard.wait_for(lambda _: len(self.visits()) > before)
        return self.visits()[-1]

    def sweeps(self, kind=Token):
        return [each for each in self.heard.of(Swept) if each.kind is kind]

    def tokens(self):
        """Return the tokens of the newest sweep by name."""
        return {token.name: token for token in self.sweeps()[-1].facts}

    def health(self):
        return self.sweeps(VaultHealth)[-1].facts[0]
