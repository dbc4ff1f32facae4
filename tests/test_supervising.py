"""A collector that fails by a fault of ours is told as its source's, and begun again, later each time."""

import threading

from statusdesk.facts import Visited
from statusdesk.supervising import Supervision


class Failing:
    """A collector that fails so often, then runs until it is told to end."""

    def __init__(self, stop, times):
        self.stop, self.times, self.runs = stop, times, 0

    def run(self):
        self.runs += 1
        if self.runs <= self.times:
            raise ZeroDivisionError("token=abcdefgh1234")
        self.stop.set()

    def visit_now(self):
        return


def test_each_fault_is_told_as_the_sources_and_waited_for_longer(monkeypatch):
    monkeypatch.setattr("statusdesk.supervising.AGAIN_FIRST_S", 0.01)
    stop, emitted, said = threading.Event(), [], []
    collectors = Supervision(emitted.append, stop, lambda: 1_000, said.append, verbose=False)
    collectors.start([("vault", Failing(stop, 3)), ("jenkins", Failing(stop, 10**6))])
    assert stop.wait(10)
    collectors.join(10)
    of_vault = [each for each in emitted if each.source == "vault"]
    assert [each.next_try_ms for each in of_vault] == [1_010, 1_020, 1_040]
    assert all(isinstance(each, Visited) and not each.ok and each.problem == "Internal" for each in of_vault)
    assert {each.partition(": ")[2].partition(":")[0] for each in said} == {"vault", "jenkins"}
    assert not any("abcdefgh1234" in each for each in (*said, *(each.message for each in of_vault)))
