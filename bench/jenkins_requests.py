"""Requests per poll of 500 Jenkins jobs, counted at a proxy before the server.

Ours: a poll of the collector after its first backfill; the target is three (tick, executors, queue). The other side,
for comparison, is what python-jenkins needs to ask each job for its last build. The last line's "ratio" is ours.
"""

import threading
import time
from pathlib import Path

import msgspec
from counting_proxy import Counter, counting
from demo_world import world
from report import finish, side

from collectors.jenkins_builds import JenkinsBuilds
from statusdesk.clock import system_clock
from statusdesk.config_file import load
from statusdesk.credentials import read_secret
from statusdesk.facts import Job, Message, Swept, Visited

APPS, POLLS, TARGET = 470, 5, 3.0


def ours(config_path: str, url: str, counter: Counter) -> tuple[list[float], int]:
    """Return the requests of each of ``POLLS`` polls once the backfill has ended, and the number of jobs."""
    config = load(Path(config_path), {})
    assert config.jenkins is not None and config.jenkins.token is not None
    settings = msgspec.structs.replace(config.jenkins, url=url, interval_s=1.0, slow_interval_s=3600.0)
    token = read_secret(config.jenkins.token, Path(config_path).parent)
    stop = threading.Event()
    polls: list[float] = []
    jobs = 0

    def emit(message: Message) -> None:
        nonlocal jobs
        if isinstance(message, Swept) and message.kind is Job:
            jobs = len(message.facts)
        if isinstance(message, Visited):
            assert message.ok, message
            polls.append(len(counter.take()))

    collector = JenkinsBuilds(settings, lambda: token, (), emit, stop, system_clock)
    thread = threading.Thread(target=collector.run)
    thread.start()
    while len(polls) < POLLS or sum(polls[-POLLS:]) > TARGET * POLLS * 3:
        time.sleep(0.2)
    stop.set()
    thread.join()
    return polls[-POLLS:], jobs


def theirs(url: str, token: str, counter: Counter) -> int:
    """Return the requests that python-jenkins makes to see every job and its last build."""
    import jenkins

    client = jenkins.Jenkins(url, "statusdesk", token, timeout=30)
    counter.take()
    for job in client.get_all_jobs():
        client.get_job_info(job["fullname"])
    return len(counter.take())


def main() -> None:
    options = ("--scenario", "calm", "--apps", str(APPS), "--seed", "1")
    with world(*options) as ready, counting(ready["jenkins"]) as (url, counter):
        polls, jobs = ours(ready["config"], url, counter)
        config = load(Path(ready["config"]), {})
        assert config.jenkins is not None and config.jenkins.token is not None
        token = read_secret(config.jenkins.token, Path(ready["config"]).parent)
        naive = theirs(url, token, counter)
    print(f"{jobs} jobs")
    a = side("collector: requests per poll", polls, "requests")
    side("python-jenkins, one get_job_info per job", [naive], "requests")
    finish("requests per poll", a, TARGET)


if __name__ == "__main__":
    main()
