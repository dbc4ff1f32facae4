"""Whatever happens in whatever order: an alert fires once, is over once; nothing is concluded of what is not seen."""

from hypothesis import given, settings
from hypothesis import strategies as st

from statusdesk.alerts.outbox import Outbox
from statusdesk.alerts.telling import Outcome
from statusdesk.config_alerts import SinkSettings
from statusdesk.states import Level
from tests.alerts.make import EU, HOUR, MINUTE, SECOND, World, config, rollout, rule

RULES = st.sampled_from(
    [(), (rule(for_s=60.0),), (rule(keep_firing_for_s=90.0),), (rule(for_s=30.0, keep_firing_for_s=30.0),)]
)
STEPS = st.lists(
    st.sampled_from(
        ["bad", "bad", "well", "well", "unknown", "gone", "down", "up", "restart", "wait", "wait", "clock", "long"]
    ),
    max_size=40,
)


class Life:
    """A world with one rollout and one source, and a sink that is told of it."""

    def __init__(self, rules) -> None:
        self.world = World(*rules, rule("RolloutStuck", enabled=False), rule("SourceDown", enabled=False))
        self.is_down = False
        self.sinks = (SinkSettings(name="desk", type="jsonl", group_wait_s=10.0),)
        self.sent = []
        self.rows = {}
        self.open()

    def open(self) -> None:
        settings_ = config(sinks=self.sinks)
        last = [row for row in self.rows.values() if row.state == "sent"][-1:]
        self.outbox = Outbox(
            settings_.alerts, self.sinks, self.world.tuning,
            active=[alert for alert in self.world.stored.values() if alert.state == "firing"],
            queued=[row for row in self.rows.values() if row.state == "queued"], last_of_groups=last,
            last_id=max(self.rows, default=0),
        )  # fmt: skip

    def tell(self) -> None:
        now_ms = self.world.t  # a clock of its own, that nobody sets
        self.keep(self.outbox.step(list(self.world.stored.values()), now_ms))
        due = [row for row in self.rows.values() if row.state == "queued" and row.due_ms <= now_ms]
        for row in due:
            self.sent.append(row.what)
            self.keep(self.outbox.hear([Outcome(id=row.id, state="sent", at_ms=now_ms, attempts=1)]))

    def keep(self, written) -> None:
        self.rows.update((row.id, row) for row in written)

    def do(self, what: str) -> None:
        world = self.world
        told = len(world.told)
        if what == "restart":
            world.restart(heard=() if self.is_down else None)
            if self.is_down:
                world.alerts.failed(EU, world.now_ms)
        elif what == "down":
            self.is_down = True
            world.alerts.failed(EU, world.now_ms)
        elif what == "up":
            self.is_down = False
            world.alerts.answered(EU, world.t)
        elif what == "clock":
            world.set_by += 7 * MINUTE
        elif what in ("wait", "long"):
            world.later(40 * SECOND if what == "wait" else HOUR, answering=() if self.is_down else (EU,))
        else:
            levels = {"bad": Level.FAILING, "well": Level.OK, "unknown": Level.UNKNOWN, "gone": Level.OK}
            world.step(rollout(levels[what], until_ms=1 if what == "gone" else None))
        world.step()
        if self.is_down:
            assert world.told[told:] == [], "of what is not seen nothing is told"


@settings(max_examples=150, deadline=None)
@given(rules=RULES, steps=STEPS)
def test_it_fires_and_is_over_by_turns(rules, steps):
    life = Life(rules)
    for what in steps:
        life.do(what)
    turns = [what for what, _ in life.world.told if what in ("firing", "flapping", "resolved")]
    assert all((what == "resolved") is bool(number % 2) for number, what in enumerate(turns))
    stored = life.world.stored.values()
    assert sum(alert.state == "firing" for alert in stored) == len(turns) % 2
    # in the end the truth is told
    life.do("up")
    life.world.step(rollout(Level.OK))
    life.world.later(HOUR)
    assert life.world.states() == {}


@settings(max_examples=100, deadline=None)
@given(rules=RULES, steps=STEPS)
def test_a_sink_hears_of_each_end_that_it_heard_the_beginning_of(rules, steps):
    life = Life(rules)
    for what in steps:
        if what == "restart":  # of the outbox alone: its clock must go on
            life.open()
        else:
            life.do(what)
        life.tell()
    life.do("up")
    life.world.step(rollout(Level.OK))
    for _ in range(3):
        life.world.later(HOUR)
        life.tell()
    ends = [number for number, what in enumerate(life.sent) if what == "resolved"]
    assert not life.sent or life.sent[-1] == "resolved"
    assert all(life.sent[number - 1] == "firing" for number in ends), "never two ends, and none without a beginning"
