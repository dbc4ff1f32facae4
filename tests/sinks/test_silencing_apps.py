"""The silence of an app, at Alertmanagers that know only labels."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from statusdesk.alerts.mutes import hold_for, matches, parts_about, pattern_problem
from statusdesk.alerts.tuning import Tuning
from statusdesk.sinks.alertmanager import Terms
from statusdesk.sinks.message import labels_of
from statusdesk.sinks.wishes import Takings, of_silence
from statusdesk.states_alerts import Matcher
from tests.sinks.make import ALERT, T0, sink
from tests.sinks.office import config_of
from tests.sinks.silences_there import an_alertmanager, kept_silences, silence  # noqa: F401  (fixtures)


def meant(bodies, labels):
    """Whether an Alertmanager takes an alert with these labels for silenced; a pattern is one of the whole value."""
    return any(
        all(
            bool(re.fullmatch(each["value"], labels.get(each["name"], "")) if each["isRegex"]
                 else each["value"] == labels.get(each["name"], "")) is each["isEqual"]
            for each in body["matchers"]
        )
        for body in bodies
    )  # fmt: skip


def bodies_of(asked):
    return [wish.body(0) for wish in of_silence(asked, T0)]


@pytest.mark.parametrize(
    ("matcher", "silenced"),
    [
        (Matcher("app", "site"), {"site", "site/web"}),
        (Matcher("app", "site/web"), {"site/web"}),
        (Matcher("app", "si.e"), set()),
        (Matcher("app", "s.*|shop", is_regex=True), {"site", "site/web", "sites", "shop/db"}),
        (Matcher("app", "site", is_equal=False), {"sites", "shop/db"}),
        (Matcher("app", "si.*", is_regex=True, is_equal=False), {"shop/db"}),
    ],
)
def test_the_silence_of_an_app_is_one_of_its_workloads_there_as_it_is_here(matcher, silenced):
    apps = ("site", "site/web", "sites", "shop/db")
    bodies = bodies_of(replace(silence("s"), matchers=(matcher,)))
    assert {app for app in apps if meant(bodies, {"app": app, "cluster": "eu"})} == silenced
    assert {app for app in apps if matches((matcher,), replace(ALERT, app=app))} == silenced


def test_a_failed_build_that_is_silenced_by_its_app_is_silenced_there_by_its_own_labels(there, keeping):
    keep = keeping(there)
    keep.silences = [replace(silence("s"), matchers=(Matcher("app", "site"),), comment="moved")]
    failed = {"alertname": "BuildFailed", "cluster": "", "source": "jenkins", "silenced_by": "s"}
    build = replace(ALERT, app="deploy-site", job_app="site", **failed)
    workload = replace(ALERT, app="site/web", silenced_by="s", fingerprint="0" * 16)
    keep.alerts = (build, workload)
    keep()
    inside, elsewhere, own = sorted(there.holding, key=lambda each: len(each["matchers"]))
    assert [each["value"] for each in inside["matchers"]] == ["(site)(/.*)?", ""]
    assert [each["value"] for each in elsewhere["matchers"]] == ["site", ""]
    assert meant([own], labels_of(build, "")) and not meant([own], labels_of(workload, ""))
    assert own["createdBy"] == "statusdesk:kim" and own["comment"].startswith("moved (statusdesk silence s ")
    keep()
    keep.silences = [replace(keep.silences[0], expired_ms=keep.now_ms)]
    keep.alerts = (replace(build, silenced_by=""), replace(workload, silenced_by=""))
    keep()
    keep()
    assert not there.holding and not keep.narrated


def test_of_a_silence_of_an_app_only_the_part_that_was_ended_there_is_not_there(there, keeping):
    keep = keeping(there)
    keep.silences = [replace(silence("s"), matchers=(Matcher("app", "site"),))]
    failed = {"alertname": "BuildFailed", "cluster": "", "source": "jenkins", "silenced_by": "s"}
    build = replace(ALERT, app="deploy-site", job_app="site", **failed)
    keep.alerts = (build,)
    keep()
    said = {}
    for each in there.holding:
        there.end(each["id"])
        keep()
        (lacking,) = keep.made.lacking()
        new = set(lacking) - set(said)
        said |= dict.fromkeys(new, each["comment"])
    own = f"s {build.fingerprint}"
    assert said == {name: f"(statusdesk silence {name})" for name in ("s", "s elsewhere", own)}


def test_a_failed_build_that_is_silenced_by_its_job_needs_no_other_silence(there, keeping):
    keep = keeping(there)
    keep.silences = [replace(silence("s"), matchers=(Matcher("app", "deploy-site"),))]
    keep.alerts = (replace(ALERT, cluster="", app="deploy-site", job_app="site", silenced_by="s"),)
    keep()
    assert all(len(each["matchers"]) == 2 for each in there.holding)


NAMES = ("shop", "site", "pay.ments", "shop-db", "sites", "deploy-shop", "")
ALERTS = st.one_of(
    st.builds(  # of a workload
        lambda app, workload, cluster: replace(
            ALERT, app=f"{app}/{workload}" if workload else app, cluster=cluster, alertname="RolloutFailing"
        ),
        st.sampled_from(NAMES[:-1]), st.sampled_from(NAMES), st.sampled_from(["eu", "us"]),
    ),
    st.builds(  # of a failed build: a job stands in folders
        lambda folders, app: replace(
            ALERT, app="/".join(folders), job_app=app, cluster="", source="jenkins", alertname="BuildFailed"
        ),
        st.lists(st.sampled_from(NAMES[:-1]), min_size=1, max_size=3), st.sampled_from(NAMES),
    ),
    st.builds(  # of an app as a whole, of a token, of a source
        lambda app, cluster: replace(ALERT, app=app, cluster=cluster, alertname="BadVersionAhead"),
        st.sampled_from(NAMES), st.sampled_from(["", "eu"]),
    ),
)  # fmt: skip
PARTS = st.sampled_from(["shop", "site", r"pay\.ments", ".*", "shop/", "/", "s", "deploy-"])
PATTERNS = st.lists(st.lists(PARTS, min_size=1, max_size=3).map("".join), min_size=1, max_size=3).map("|".join)
OF_APPS = st.one_of(
    st.builds(Matcher, st.just("app"), st.sampled_from([*NAMES, "shop/site", "site/shop/site"]), st.just(False),
              st.booleans()),
    st.builds(Matcher, st.just("app"), PATTERNS.filter(lambda each: not pattern_problem(each)), st.just(True),
              st.booleans()),
)  # fmt: skip
OTHERS = st.sampled_from(
    [Matcher("cluster", "eu"), Matcher("cluster", ""), Matcher("cluster", "e.*|", is_regex=True),
     Matcher("cluster", "", is_equal=False), Matcher("alertname", "BuildFailed"), Matcher("namespace", "shop"),
     Matcher("source", "jenkins", is_equal=False)]
)  # fmt: skip
TUNING = Tuning(config_of(Path()))
BUILD_OF_A_FOLDER = replace(
    ALERT, alertname="BuildFailed", cluster="", source="jenkins", app="shop/deploy-payments", job_app="payments"
)


@settings(max_examples=300, deadline=None)
@given(st.lists(OF_APPS, min_size=1, max_size=2), st.lists(OTHERS, max_size=1), ALERTS)
@example([Matcher("app", "shop")], [], BUILD_OF_A_FOLDER)
@example([Matcher("app", "shop", is_equal=False)], [Matcher("namespace", "shop")], BUILD_OF_A_FOLDER)
@example([Matcher("app", "payments", is_equal=False)], [Matcher("namespace", "shop")], BUILD_OF_A_FOLDER)
def test_who_is_silent_there_is_who_is_silent_here(apps, others, alert):
    """Whatever the apps, the workloads and the jobs are called: by its labels, or by a silence of its own."""
    asked = replace(silence("s"), matchers=(*apps, *others))
    silenced = matches(asked.matchers, alert)
    standing = (replace(alert, silenced_by="s" if silenced else ""),)
    settings_ = sink("alertmanager", resend_s=60.0)
    takings = Takings(lambda: standing, Terms(settings_, 240_000, 3_600_000), TUNING, lambda: [asked])
    wishes = [*of_silence(asked, T0), *takings.wishes(T0)]
    about = {wish.about for wish in wishes if meant([wish.body(0)], labels_of(alert, ""))}
    assert bool(about) is silenced and about == parts_about(*standing, [asked], T0)
    for wish in of_silence(asked, T0):
        assert meant([wish.body(0)], labels_of(alert, "")) is hold_for(wish.matchers, labels_of(alert, ""))


def test_a_silence_that_can_only_mean_what_is_in_a_cluster_is_one_silence_there():
    within = (Matcher("app", "shop"), Matcher("cluster", "eu"))
    assert len(bodies_of(replace(silence("s"), matchers=within))) == 1
    assert len(bodies_of(replace(silence("s"), matchers=(Matcher("app", "shop/db"),)))) == 1
