"""The silence of an app, at Alertmanagers that know only labels."""

import re

import pytest
from msgspec.structs import replace

from statusdesk.alerts.mutes import matches
from statusdesk.sinks.message import labels_of
from statusdesk.sinks.wishes import of_silence
from statusdesk.states_alerts import Matcher
from tests.sinks.make import ALERT, T0
from tests.sinks.silences_there import an_alertmanager, kept_silences, silence  # noqa: F401  (fixtures)


def meant(body, labels):
    """Whether an Alertmanager takes an alert with these labels for silenced; a pattern is one of the whole value."""
    return all(
        bool(re.fullmatch(each["value"], labels.get(each["name"], "")) if each["isRegex"]
             else each["value"] == labels.get(each["name"], "")) is each["isEqual"]
        for each in body["matchers"]
    )  # fmt: skip


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
    body = of_silence(replace(silence("s"), matchers=(matcher,)), T0).body(0)
    assert {app for app in apps if meant(body, {"app": app})} == silenced
    assert {app for app in apps if matches((matcher,), replace(ALERT, app=app))} == silenced


def test_a_failed_build_that_is_silenced_by_its_app_is_silenced_there_by_its_own_labels(there, keeping):
    keep = keeping(there)
    keep.silences = [replace(silence("s"), matchers=(Matcher("app", "site"),), comment="moved")]
    failed = {"alertname": "BuildFailed", "cluster": "", "source": "jenkins", "silenced_by": "s"}
    build = replace(ALERT, app="deploy-site", job_app="site", **failed)
    workload = replace(ALERT, app="site/web", silenced_by="s", fingerprint="0" * 16)
    keep.alerts = (build, workload)
    keep()
    plain, own = sorted(there.holding, key=lambda each: len(each["matchers"]))
    assert [each["value"] for each in plain["matchers"]] == ["(site)(/.*)?"]
    assert meant(own, labels_of(build, "")) and not meant(own, labels_of(workload, ""))
    assert own["createdBy"] == "statusdesk:kim" and own["comment"].startswith("moved (statusdesk silence s ")
    keep()
    keep.silences = [replace(keep.silences[0], expired_ms=keep.now_ms)]
    keep.alerts = (replace(build, silenced_by=""), replace(workload, silenced_by=""))
    keep()
    keep()
    assert not there.holding and not keep.narrated


def test_a_failed_build_that_is_silenced_by_its_job_needs_no_other_silence(there, keeping):
    keep = keeping(there)
    keep.silences = [replace(silence("s"), matchers=(Matcher("app", "deploy-site"),))]
    keep.alerts = (replace(ALERT, cluster="", app="deploy-site", job_app="site", silenced_by="s"),)
    keep()
    assert len(there.holding) == 1
