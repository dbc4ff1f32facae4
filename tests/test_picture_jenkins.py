"""What Jenkins does beside builds: kept in order, and the same object while nothing changes."""

import msgspec

from statusdesk.config import Config, EnvironmentSettings, JenkinsSettings, StoreSettings
from statusdesk.facts import Executors, Job, QueueItem
from statusdesk.picture_jenkins import Jenkins
from statusdesk.states import Changes, EnvironmentHours, EnvironmentState, JobEvent, Level, PlatformState

CONFIG = Config(
    path="c",
    stages=(),
    clusters=(),
    store=StoreSettings(state_dir="s"),
    jenkins=JenkinsSettings(url="http://jenkins"),
    environments=EnvironmentSettings(create_jobs=("*create*",), destroy_jobs=("*destroy*",)),
)


def listed(name, *, complete=False):
    return Job(source="jenkins", name=name, url="u", complete=complete)


def platform(job, level=Level.OK, job_class="renewal", **more):
    return PlatformState(key=f"jenkins/{job}", source="jenkins", job=job, job_class=job_class, level=level, **more)


def environment(name, level=Level.OK, up_since_ms=5, **more):
    return EnvironmentState(
        key=f"eu/{name}", cluster="eu", namespace=name, level=level, up_since_ms=up_since_ms, **more
    )


def test_worst_first_and_what_has_an_end_goes():
    jenkins = Jenkins(CONFIG)
    rows = (platform("b"), platform("seed", job_class="seed"), platform("a", Level.WARNING), platform("c"))
    environments = (environment("new", up_since_ms=9), environment("old"), environment("bad", Level.FAILING, 99))
    jenkins.apply(Changes(change=1, platform=rows, environments=environments))
    assert [row.job for row in jenkins.platform] == ["a", "seed", "b", "c"]
    assert [row.namespace for row in jenkins.environments] == ["bad", "old", "new"]
    before = jenkins.platform
    jenkins.apply(Changes(change=2))
    assert jenkins.platform is before
    jenkins.apply(Changes(change=3, platform=(platform("a", until_ms=7), platform("c", Level.FAILING))))
    assert [row.job for row in jenkins.platform] == ["c", "seed", "b"]


def test_the_queue_and_the_executors_are_replaced_and_stay_the_same_objects_while_they_are_as_they_were():
    jenkins = Jenkins(CONFIG)
    items = tuple(QueueItem(source="jenkins", id=number, job="x", since_ms=10 - number) for number in (1, 2))
    hours = (EnvironmentHours(source="jenkins", namespaces=1),)
    jenkins.apply(Changes(change=1, queue=items, executors=(Executors(source="a", busy=1),), environment_hours=hours))
    assert [item.id for item in jenkins.queue] == [2, 1]
    before = jenkins.executors
    jenkins.apply(Changes(change=2, executors=(Executors(source="a", busy=1),)))
    assert jenkins.executors is before and jenkins.environment_hours is hours and len(jenkins.queue) == 2
    jenkins.apply(Changes(change=3, executors=(Executors(source="a", busy=2),)))
    assert [(each.source, each.busy) for each in jenkins.executors] == [("a", 2)]
    jenkins.apply(Changes(change=4, queue=(), executors=(), environment_hours=()))
    assert jenkins.queue == jenkins.executors == jenkins.environment_hours == ()


def test_jobs_that_make_environments_are_incomplete_until_their_older_builds_are():
    made = Jenkins(CONFIG)
    found = (listed("env-destroy"), listed("env-create", complete=True), listed("env-report"))
    made.apply(Changes(change=1, jobs=(*found, listed("create-orders"))))
    assert made.incomplete_jobs == ("env-destroy",)
    made.apply(Changes(change=2, jobs=(listed("env-create"),)))
    assert made.incomplete_jobs == ("env-create", "env-destroy")
    known = listed("env-destroy", complete=True)
    made.apply(Changes(change=3, jobs=(known,), gone_jobs=(("jenkins", "env-create"),)))
    assert made.incomplete_jobs == ()


def test_a_job_that_was_renamed_is_incomplete_until_what_it_made_under_its_earlier_names_is():
    def renamed(before, after, at_ms):
        return JobEvent(source="jenkins", name=before, other=after, at_ms=at_ms, what="renamed")

    made = Jenkins(CONFIG)
    made.apply(Changes(change=1, jobs=(listed("maker"), listed("other")), renamed=()))
    assert made.incomplete_jobs == ()
    events = (renamed("env-create", "first", 1), renamed("first", "maker", 2))
    made.apply(Changes(change=2, renamed=events))
    assert made.incomplete_jobs == ("maker",)
    made.apply(Changes(change=3, jobs=(listed("other"), listed("env-create"))))
    assert made.incomplete_jobs == ("env-create", "maker")
    made.apply(Changes(change=4, gone_jobs=(("jenkins", "maker"),), jobs=(listed("cleanup"),), renamed=events))
    assert made.incomplete_jobs == ("env-create",)
    made.apply(Changes(change=5, jobs=(listed("env-create", complete=True),)))
    assert made.incomplete_jobs == ()


def test_jobs_are_unread_until_their_older_builds_are_told_and_the_same_object_while_nothing_changes():
    made = Jenkins(CONFIG)
    made.apply(Changes(change=1, jobs=(listed("a"), listed("b"), listed("c", complete=True))))
    assert [name for _, name in made.unread] == ["a", "b"]
    before = made.unread
    made.apply(Changes(change=2, jobs=(listed("c", complete=True),)))
    assert made.unread is before
    cut = Job(source="jenkins", name="b", url="u", cut=True, read_builds=1000)
    made.apply(Changes(change=3, jobs=(listed("a", complete=True), cut)))
    assert made.unread == {cut.key: cut}
    made.apply(Changes(change=4, gone_jobs=(cut.key,)))
    assert made.unread == {}


def test_a_job_is_unread_while_newer_builds_are_or_single_ones_cannot_be_whatever_of_the_older_ones():
    made = Jenkins(CONFIG)
    whole = listed("env-create", complete=True)
    for change, doubt in enumerate(({"gap_after": 30}, {"unreadable": (12,)}, {}), 1):
        job = msgspec.structs.replace(whole, **doubt)
        made.apply(Changes(change=change, jobs=(job,)))
        assert (made.unread, made.incomplete_jobs) == (({job.key: job}, ("env-create",)) if doubt else ({}, ()))
