"""CPU of a poll of 500 Jenkins jobs against python-jenkins asking each job, the server being another process.

Ours: process CPU of polls of the collector (tick, executors, queue) after the backfill. Before every second poll a
build has run, so that half of them have news to take; the mean of all polls counts.
The other side: ``get_job_info`` for each job, which is what a script with python-jenkins does to learn as much. A share
of the jobs is asked after each of our polls, so that both sides meet the same machine.
"""

import threading
import time
from pathlib import Path

import jenkins
import msgspec
from demo_world import order, world
from report import finish, side

from collectors.jenkins_builds import JenkinsBuilds
from statusdesk.clock import system_clock
from statusdesk.config import JenkinsSettings
from statusdesk.config_file import load
from statusdesk.credentials import read_secret
from statusdesk.facts import Build, Changed, Message, Visited

JOBS, BUILDS, POLLS, TARGET = 500, 20, 10, 1 / 50


class Polled:
    """The collector, polling when told to; ``told`` are the numbers of builds told since, by job."""

    def __init__(self, settings: JenkinsSettings, token: str) -> None:
        self._stop, self._visited = threading.Event(), threading.Semaphore(0)
        self.told: set[tuple[str, int]] = set()
        self._collector = JenkinsBuilds(settings, lambda: token, (), self._emit, self._stop, system_clock)
        self._thread = threading.Thread(target=self._collector.run)
        self._thread.start()
        self._visited.acquire()
        while self._collector.busy():
            time.sleep(0.2)

    def _emit(self, message: Message) -> None:
        if isinstance(message, Visited) and not message.scope:
            assert message.ok, message
            self._visited.release()
        elif isinstance(message, Changed):
            self.told |= {(build.job, build.number) for build in message.seen if isinstance(build, Build)}

    def poll(self) -> float:
        """Poll once; returns the CPU seconds of it."""
        began_s = time.process_time()
        self._collector.visit_now()
        self._visited.acquire()
        return time.process_time() - began_s

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


def build(ready: dict[str, str], client: jenkins.Jenkins, job: str) -> int:
    """Run a build to its end; returns its number."""
    before = client.get_job_info(job)["lastBuild"]["number"]
    order(ready, "build", job=job, parameters={"NAMESPACE": "testing"}, takes_s=0.0)
    while True:
        last = client.get_job_info(job)["lastBuild"]["number"]
        if last > before and not client.get_build_info(job, last)["building"]:
            return int(last)
        time.sleep(0.05)


def asked(client: jenkins.Jenkins, names: list[str]) -> float:
    """Ask for each of these jobs; returns the CPU seconds of it."""
    began_s = time.process_time()
    for name in names:
        client.get_job_info(name)
    return time.process_time() - began_s


def main() -> None:
    quiet, news, theirs = [], [], 0.0
    with world("--scenario", "calm", "--apps", "1", "--control") as ready:
        order(ready, "fleet", add=JOBS, builds=BUILDS)
        config = load(Path(ready["config"]), {})
        assert config.jenkins is not None and config.jenkins.token is not None
        token = read_secret(config.jenkins.token, Path(ready["config"]).parent)
        client = jenkins.Jenkins(ready["jenkins"], "statusdesk", token, timeout=30)
        names = [job["fullname"] for job in client.get_all_jobs() if "color" in job]
        built = [name for name in names if "deploy-fleet-" in name]
        settings = msgspec.structs.replace(config.jenkins, interval_s=3600.0, slow_interval_s=3600.0)
        polled = Polled(settings, token)
        polled.poll()
        for turn in range(POLLS):
            if turn % 2:
                key = built[turn], build(ready, client, built[turn])
                news.append(polled.poll())
                assert key in polled.told, key
            else:
                quiet.append(polled.poll())
            theirs += asked(client, names[turn::POLLS])
        polled.end()
    print(f"{len(names)} jobs, {BUILDS} builds each")
    side("collector: a poll without news", [poll * 1000 for poll in quiet], "ms CPU")
    side("collector: a poll that takes a build", [poll * 1000 for poll in news], "ms CPU")
    side("python-jenkins: get_job_info for each job", [theirs * 1000], "ms CPU")
    finish("CPU of a poll, the mean of both", sum(quiet + news) / POLLS / theirs, TARGET)


if __name__ == "__main__":
    main()
