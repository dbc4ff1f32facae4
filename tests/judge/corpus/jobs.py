"""Jobs and CronJobs."""

from tests.judge.corpus.words import FAILING, OK, PAUSED, PROGRESSING, QUOTA, WARNING
from tests.judge.make import (
    looping,
    waiting,
)
from tests.judge.sequence import Case, Seen, at, ended, event, job, job_condition, job_pod

FAILED = (job_condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"),)
SIDECAR = {"name": "proxy", "role": "sidecar"}
CRON = {"kind": "CronJob", "name": "nightly", "app": "nightly", "revision": ""}
JOBS = [
    Case("a Job runs", [Seen(5, job(), (job_pod(),), PROGRESSING, "Running")], "0 of 1 completed"),
    Case(
        "a Job runs for an hour: it need not be ready",
        [Seen(3600, job(), (job_pod(),), PROGRESSING, "Running")],
    ),
    Case(
        "a Job completes",
        [
            Seen(5, job(), (job_pod(),), PROGRESSING, "Running"),
            Seen(
                60,
                job(replicas=0, ready=1, available=1, conditions=(job_condition("Complete"),)),
                (job_pod(ended(0), phase="Succeeded"),),
                OK,
                "Complete",
            ),
        ],
        "1 of 1 completed",
    ),
    Case(
        "a Job tries again, and fails at last",
        [
            Seen(5, job(), (job_pod(),), PROGRESSING, "Running"),
            Seen(9, job(replicas=0, failed=1), (job_pod(ended(2), phase="Failed"),), WARNING, "JobRetries"),
            Seen(20, job(failed=1), (job_pod(ended(2), phase="Failed"), job_pod(name="b")), WARNING, "JobRetries"),
            Seen(
                90,
                job(replicas=0, failed=7, conditions=FAILED),
                (job_pod(ended(2), phase="Failed"),),
                FAILING,
                "BackoffLimitExceeded",
            ),
        ],
        "its tries are used up, 0 of 1 completed; container app exited 2",
    ),
    Case(
        "a Job fails by its app: its sidecar is told to end only then",
        [
            Seen(
                57,
                job(replicas=0, failed=1, backoff_limit=0, conditions=FAILED),
                (job_pod(ended(143, **SIDECAR, since_ms=at(57)), ended(1, since_ms=at(55)), phase="Failed"),),
                FAILING,
                "BackoffLimitExceeded",
            )
        ],
        "container app exited 1 in migrate-aaaaa",
    ),
    Case(
        "a Job of two app containers fails by that which ended first",
        [
            Seen(
                57,
                job(replicas=0, failed=1),
                (job_pod(ended(137, name="b", since_ms=at(57)), ended(2, since_ms=at(56)), phase="Failed"),),
                WARNING,
                "JobRetries",
            )
        ],
        "container app exited 2",
    ),
    Case(
        "a Job's work has ended well, and its sidecar by the signal that it was sent for that",
        [Seen(61, job(), (job_pod(ended(143, **SIDECAR), ended(0)),), PROGRESSING, "Running")],
    ),
    Case(
        "a Job whose indexes have limits of their own has none as a whole",
        [Seen(20, job(desired=5, ready=1, failed=2, backoff_limit=2**31 - 1), (), WARNING, "JobRetries")],
        "2 tries have failed, 1 of 5 completed",
    ),
    Case(
        "a Job that works through a queue does not say how often",
        [Seen(20, job(desired=None, replicas=2, ready=1), (job_pod(),), PROGRESSING, "Running")],
        "1 pod completed",
    ),
    Case(
        "a Job tries again, and succeeds",
        [
            Seen(9, job(replicas=0, failed=1), (job_pod(ended(2), phase="Failed"),), WARNING, "JobRetries"),
            Seen(60, job(replicas=0, failed=1, ready=1, conditions=(job_condition("Complete"),)), (), OK, "Complete"),
        ],
    ),
    Case(
        "a Job that restarts in place is tried again, too",
        [Seen(60, job(), (job_pod(looping()),), WARNING, "CrashLoopBackOff")],
    ),
    Case(
        "a Job whose image is not there fails at once",
        [Seen(5, job(), (job_pod(waiting("ErrImagePull", "not found")),), FAILING, "ErrImagePull")],
        "not found, 0 of 1 completed",
    ),
    Case(
        "a Job that took too long",
        [
            Seen(
                130,
                job(replicas=0, deadline_s=120, conditions=(job_condition("Failed", "DeadlineExceeded"),)),
                (),
                FAILING,
                "D",
            )
        ],
        "it took longer than it may",
    ),
    Case("a Job that is suspended", [Seen(5, job(replicas=0, paused=True), (), PAUSED, "Suspended")]),
    Case(
        "a Job with a Failed condition that is False has not failed",
        [Seen(5, job(conditions=(job_condition("Failed", status="False"),)), (job_pod(),), PROGRESSING, "Running")],
    ),
    Case(
        "a Job whose pods may not be made",
        [
            Seen(
                9,
                job(replicas=0, updated=0),
                (),
                FAILING,
                "FailedCreate",
                (event("FailedCreate", f"Error creating: {QUOTA}", "migrate", object_kind="Job", last_ms=at(5)),),
            )
        ],
        "exceeded quota: q",
    ),
    Case(
        "a CronJob: a run in which nothing is wrong changes nothing before its end",
        [
            Seen(5, job(**CRON, replicas=0, ready=1, conditions=(job_condition("Complete"),)), (), OK, "LastJob"),
            Seen(60, job(**CRON), (job_pod(),), OK, "LastJob"),
            Seen(90, job(**CRON, replicas=0, failed=7, conditions=FAILED), (), FAILING, "BackoffLimitExceeded"),
            Seen(120, job(**CRON), (job_pod(),), FAILING, "BackoffLimitExceeded"),
            Seen(150, job(**CRON, replicas=0, ready=1, conditions=(job_condition("Complete"),)), (), OK, "LastJob"),
        ],
    ),
]
