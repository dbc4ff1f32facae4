"""Who has refused a credential is asked again, later each time, and as at the first time once that was well."""

from statusdesk.sinks.resting import Resting
from statusdesk.sinks.sending import TurnedAway


def test_each_refusal_is_followed_by_a_longer_rest():
    now = 7_000
    resting = Resting(lambda: now)
    waits_s = []
    for number in range(6):
        assert resting.problem("a") is None
        resting.refused("a", TurnedAway(f"no {number}"))
        began = now
        while (problem := resting.problem("a")) is not None:
            assert str(problem) == f"no {number}" and resting.problem("b") is None
            now += 1_000
        waits_s.append((now - began) // 1_000)
    assert waits_s == [5, 10, 20, 40, 60, 60]
    resting.over("a")
    resting.refused("a", TurnedAway("no"))
    now += 5_000
    assert resting.problem("a") is None


def test_what_is_not_wanted_any_more_is_forgotten():
    resting = Resting(lambda: 0)
    resting.refused("a", TurnedAway("no"))
    resting.refused("b", TurnedAway("no"))
    resting.forget_but({"b"})
    assert resting.problem("a") is None and resting.problem("b") is not None
