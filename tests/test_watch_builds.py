"""The collector process and the builds that it looks up: what failed, and what somebody has opened."""

import contextlib
import threading

import pytest

from statusdesk.clock import system_clock
from statusdesk.config import Config, JenkinsSettings, StageSettings, StoreSettings
from statusdesk.console_requests import LookUpBuild, submit
from statusdesk.store.errors import StoreError
from statusdesk.store.lock import StateLock
from statusdesk.store.reader import Reader
from statusdesk.watch import CollectorProcess
from tests.collectors.small_jenkins import SmallJenkins, build
from tests.collectors.stage import staged
from tests.e2e.world import wait_for


def fresh(number, result, **more):
    """A build that began a minute ago."""
    return build(number, result, timestamp=system_clock() - 60_000 + number, **more)


def known(tmp_path, number):
    """Return a build as the store has it, or None while there is none."""
    try:
        with Reader(tmp_path / "statusdesk.db") as reader:
            return reader.build("jenkins", "deploy", number)
    except StoreError:
        return None


@contextlib.contextmanager
def watched(tmp_path, jenkins, *, ahead_s=0.0, **more):
    """A real collector process over a Jenkins; yields a function that reads what was looked up of a build."""
    with staged(jenkins) as stage, StateLock(tmp_path):
        stage.ahead_s = ahead_s
        config = Config(
            path=str(tmp_path / "config.toml"),
            clusters=(),
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            jenkins=JenkinsSettings(url=stage.url, **{"interval_s": 1.0, **more}),
            store=StoreSettings(state_dir=str(tmp_path)),
        )
        process = CollectorProcess(config, owner="test", narrate=lambda said: None)
        stop = threading.Event()
        thread = threading.Thread(target=process.run, args=(stop,))
        thread.start()

        def details(number):
            try:
                with Reader(tmp_path / "statusdesk.db") as reader:
                    return reader.build_details("jenkins", "deploy", number)
            except StoreError:
                return None

        try:
            yield details, stage
        finally:
            stop.set()
            thread.join()


def test_a_build_that_failed_is_looked_up(tmp_path):
    jenkins = SmallJenkins()
    jenkins.add("deploy", fresh(1, "SUCCESS"), fresh(2, "FAILURE"))
    with watched(tmp_path, jenkins) as (details, _):
        found = wait_for(lambda: details(2), 10, "the details of what failed")
        assert found.result == "FAILURE", found.problem
        assert details(1) is None, "what went well is not looked up"


def test_a_build_that_somebody_opened_is_looked_up_by_the_address_in_the_store(tmp_path):
    jenkins = SmallJenkins()
    jenkins.add("deploy", fresh(1, "SUCCESS"), fresh(2, "SUCCESS"))
    with watched(tmp_path, jenkins) as (details, _):
        wait_for(lambda: known(tmp_path, 1), 10, "the build")
        submit(tmp_path, LookUpBuild(source="jenkins", job="deploy", number=1))
        assert wait_for(lambda: details(1), 10, "the details of what was opened").result == "SUCCESS"
        assert details(2) is None


def test_a_running_build_is_looked_up_and_again_when_it_has_ended(tmp_path):
    jenkins = SmallJenkins()
    runs = fresh(1, None)
    jenkins.add("deploy", runs)
    with watched(tmp_path, jenkins) as (details, _):
        assert wait_for(lambda: details(1), 10, "the details of what runs").building
        jenkins.add("deploy", fresh(1, "SUCCESS") | {"timestamp": runs["timestamp"]})  # else it is of another job
        wait_for(lambda: details(1).result == "SUCCESS", 15, "the details of what has ended")


@pytest.mark.parametrize(
    ("ahead_s", "ago_s", "reason"),
    [(-600.0, 60, "Succeeded"), (600.0, 60, "Succeeded"), (600.0, 540, "RenewalOverdue")],
)
def test_a_clock_of_jenkins_that_is_off_makes_no_renewal_overdue_and_hides_none(tmp_path, ahead_s, ago_s, reason):
    jenkins = SmallJenkins()
    started_ms = system_clock() + round(ahead_s - ago_s) * 1000
    jenkins.add("vault-renew-orders", build(1, timestamp=started_ms, namespace=None), default=None)

    def told():
        try:
            with Reader(tmp_path / "statusdesk.db") as reader:
                return reader.changes(0).platform
        except StoreError:
            return None

    with watched(tmp_path, jenkins, ahead_s=ahead_s, renewal_every_s=300.0):
        [row] = wait_for(told, 15, "no row of the renewal job")
        assert row.reason == reason
        assert abs(row.last_success_ms - (system_clock() - ago_s * 1000)) < 10_000


def test_builds_of_a_clock_that_is_off_are_the_same_after_a_restart(tmp_path):
    jenkins = SmallJenkins()
    jenkins.add("deploy", *(build(n, timestamp=system_clock() + 600_000 - (9 - n) * 60_000) for n in (1, 2)))
    told = []
    for _ in range(2):
        with watched(tmp_path, jenkins, ahead_s=600.0) as (_, stage):
            told.append([wait_for(lambda n=n: known(tmp_path, n), what="no build") for n in (1, 2)])
            wait_for(lambda stage=stage: stage.paths().count("/queue/api/json") >= 2, what="no second visit")
            read = [path for path in stage.paths() if path.startswith("/job/")]
    assert told[0] == told[1] and all(abs(each.skew_ms - 600_000) < 2500 for each in told[1])
    assert read == [], "nothing is read anew"


@pytest.mark.parametrize("known_before", [0, 10])
def test_what_is_stored_between_two_visits_is_not_attributed_anew_by_a_restart(tmp_path, known_before):
    jenkins = SmallJenkins()
    first_ms = system_clock() - 600_000
    builds = [build(number, timestamp=first_ms + number, namespace=None) for number in range(1, 151)]

    def job():
        try:
            with Reader(tmp_path / "statusdesk.db") as reader:
                return next(iter(reader.changes(0).jobs), None)
        except StoreError:
            return None

    if known_before:
        jenkins.add("deploy", *builds[:known_before])
        with watched(tmp_path, jenkins):
            wait_for(lambda: job() and job().is_whole, 10, "all that was there first")
    jenkins.add("deploy", *builds, default="staging")
    with watched(tmp_path, jenkins, interval_s=3600.0):
        for number in (known_before + 1, 60, 101):
            wait_for(lambda number=number: known(tmp_path, number), 10, "the builds of every page")
        assert job().read_builds == known_before and not job().is_whole, "no visit has said that they are read"
    jenkins.defaults["deploy"] = "production"
    with watched(tmp_path, jenkins):
        wait_for(lambda: job().is_whole and job().read_builds, 10, "all of the builds")
    assert {known(tmp_path, number).namespace for number in range(1, 151)} == {"staging"}
