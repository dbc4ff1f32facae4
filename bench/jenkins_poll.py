"""CPU of a poll of 500 Jenkins jobs against python-jenkins asking each job, the server being another process.

Ours: process CPU of a poll of the collector (tick, executors, queue) after the backfill, the median of several.
The other side: ``get_job_info`` for each job, which is what a script with python-jenkins does to learn as much.
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
from statusdesk.facts import Message, Visited

JOBS, BUILDS, POLLS, TARGET = 500, 20, 9, 1 / 50


def ours(settings: JenkinsSettings, token: str) -> list[float]:
    """Return the CPU seconds of each of ``POLLS`` polls in which nothing but the poll was done."""
    stop, visited = threading.Event(), threading.Semaphore(0)

    def emit(message: Message) -> None:
        if isinstance(message, Visited) and not message.scope:
            assert message.ok, message
            visited.release()

    collector = JenkinsBuilds(settings, lambda: token, (), emit, stop, system_clock)
    thread = threading.Thread(target=collector.run)
    thread.start()
    visited.acquire()
    while collector.busy():
        time.sleep(0.2)
    polls = []
    for _ in range(POLLS):
        began_s = time.process_time()
        collector.visit_now()
        visited.acquire()
        polls.append(time.process_time() - began_s)
    stop.set()
    thread.join()
    return polls


def theirs(url: str, token: str) -> tuple[float, int]:
    """Return the CPU seconds of asking each job, and how many jobs there are."""
    client = jenkins.Jenkins(url, "statusdesk", token, timeout=30)
    jobs = [job["fullname"] for job in client.get_all_jobs() if "color" in job]
    began_s = time.process_time()
    for name in jobs:
        client.get_job_info(name)
    return time.process_time() - began_s, len(jobs)


def main() -> None:
    with world("--scenario", "calm", "--apps", "1", "--control") as ready:
        order(ready, "fleet", add=JOBS, builds=BUILDS)
        config = load(Path(ready["config"]), {})
        assert config.jenkins is not None and config.jenkins.token is not None
        token = read_secret(config.jenkins.token, Path(ready["config"]).parent)
        settings = msgspec.structs.replace(config.jenkins, interval_s=3600.0, slow_interval_s=3600.0)
        polls = ours(settings, token)
        naive, jobs = theirs(ready["jenkins"], token)
    print(f"{jobs} jobs, {BUILDS} builds each")
    a = side("collector: a poll", [poll * 1000 for poll in polls], "ms CPU")
    b = side("python-jenkins: get_job_info for each job", [naive * 1000], "ms CPU")
    finish("CPU of a poll", a / b, TARGET)


if __name__ == "__main__":
    main()
