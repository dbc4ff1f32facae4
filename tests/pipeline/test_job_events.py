"""Which jobs were renamed: shown by two lists of jobs, or told with their builds; each once, and in what order."""

from statusdesk.facts import Job, JobMove
from statusdesk.pipeline.job_events import JobEvents


def move(before, after):
    return JobMove("jenkins", before, after, f"http://jenkins/job/{after}/")


def listed(**starts):
    jobs = (Job(source="jenkins", name=name, url="", last_number=7, last_ms=ms) for name, ms in starts.items())
    return {job.key: job for job in jobs}


def words(events):
    return [(each.what, each.name, each.other) for each in events]


EXCHANGED = [("renamed", "a", "b"), ("renamed", "b", "a")]


def test_two_jobs_may_exchange_their_names_again_and_again():
    events, told = JobEvents(), []
    for at_ms in (1_000, 2_000, 3_000):
        made = events.hear([move("a", "b"), move("b", "a")], at_ms)
        assert words(made) == EXCHANGED
        told += made
    for known in (events, JobEvents(told)):
        assert known.earlier_names("jenkins", "a") == [("b", 3_000), ("a", 2_000), ("b", 1_000)]


def test_a_rename_that_the_lists_show_is_no_second_one_when_it_is_told_with_the_builds():
    events = JobEvents()
    shown = events.compare(listed(a=5), listed(b=5), None, 1_000)
    assert words(shown) == [("renamed", "a", "b")]
    assert words(events.compare(listed(b=5), listed(c=5), None, 2_000)) == [("renamed", "b", "c")]
    assert events.hear([move("a", "b"), move("b", "c")], 2_100) == []
    assert words(events.hear([move("c", "a")], 3_000)) == [("renamed", "c", "a")]
    assert words(events.hear([move("a", "b")], 4_000)) == [("renamed", "a", "b")], "anew, though it was once before"


def test_a_job_that_has_a_name_anew_is_not_renamed_by_what_is_told_late():
    events = JobEvents()
    events.compare(listed(a=5), listed(b=5), None, 1_000)
    (came,) = events.compare(listed(b=5), listed(a=9, b=5), None, 2_000)
    assert came.what == "appeared"
    assert events.hear([move("a", "b")], 2_100) == [] and events.renamed_to("jenkins", "a") == ""
    assert events.vanished_ms("jenkins", "a") is None
