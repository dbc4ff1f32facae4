"""A corpus of manifests and sequences, from what clusters really do; each row says what must be said, and when."""

import itertools

import pytest

from tests.judge.corpus.by_hand import BY_HAND
from tests.judge.corpus.containers import CONTAINERS
from tests.judge.corpus.drops import DROPS
from tests.judge.corpus.held import HELD, PAUSES
from tests.judge.corpus.jobs import JOBS
from tests.judge.corpus.nodes import LOST_NODES
from tests.judge.corpus.numbers import NUMBERS
from tests.judge.corpus.outages import OUTAGES
from tests.judge.corpus.owed import OWED
from tests.judge.corpus.recreate import RECREATE
from tests.judge.corpus.rollouts import ROLLOUTS
from tests.judge.corpus.service import SERVICE
from tests.judge.corpus.sets import DAEMONS, STATEFUL
from tests.judge.corpus.undoes import UNDOES
from tests.judge.corpus.waiting import WAITING
from tests.judge.sequence import Case, at, follow

CORPUS = [*STATEFUL, *DAEMONS, *CONTAINERS, *SERVICE, *NUMBERS, *ROLLOUTS, *HELD, *PAUSES, *JOBS, *LOST_NODES]
CORPUS += [*RECREATE, *UNDOES, *DROPS, *OWED, *WAITING, *OUTAGES, *BY_HAND]


@pytest.mark.parametrize("case", CORPUS, ids=[case.name for case in CORPUS])
def test_case(case: Case) -> None:
    verdicts = follow(case.steps, case.thresholds)
    said = [
        (verdict.state.level, verdict.state.reason[: len(step.reason)])
        for verdict, step in zip(verdicts, case.steps, strict=True)
    ]
    assert said == [(step.level, step.reason) for step in case.steps]
    assert case.says in verdicts[-1].state.message


@pytest.mark.parametrize("case", CORPUS, ids=[case.name for case in CORPUS])
def test_time_alone_is_announced(case: Case) -> None:
    """Where nothing but time passed between two steps and the verdict changed, somebody had asked to look again."""
    verdicts = follow(case.steps, case.thresholds)
    for index, (before, after) in enumerate(itertools.pairwise(case.steps)):
        unchanged = (before.workload, before.pods, before.events) == (after.workload, after.pods, after.events)
        if unchanged and verdicts[index].state.level is not verdicts[index + 1].state.level:
            again_ms = verdicts[index].look_again_ms
            assert again_ms is not None and again_ms <= at(after.at_s)


def test_the_corpus_is_as_large_as_it_says() -> None:
    assert len(CORPUS) >= 60
    assert len({case.name for case in CORPUS}) == len(CORPUS)
