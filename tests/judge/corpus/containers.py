"""Containers that do not start, do not get ready, or end."""

from tests.judge.corpus.words import CREATING, FAILING, MOUNT, OK, PROGRESSING, SHORT, WARNING
from tests.judge.make import (
    container,
    deployment,
    done,
    looping,
    old_pod,
    pod,
    restarted,
    rolling,
    unready,
    waiting,
)
from tests.judge.sequence import Case, Seen, at, ended, event

AGAIN = unready(
    restarted(2, "migrate", "init", last_reason="Completed", last_exit_code=0), waiting("PodInitializing"), name="a"
)
OF_OLD, STARTS = {"created_ms": at(-9000)}, (PROGRESSING, "Starting")
CONTAINERS = [
    Case(
        "native sidecar runs beside the app: nothing to say",
        [Seen(60, deployment(), (pod(container("proxy", "sidecar"), container()), pod(name="b")), OK, "Complete")],
    ),
    Case(
        "native sidecar that does not start holds the app up",
        [
            Seen(
                t,
                rolling(),
                (unready(container("proxy", "sidecar", started=False, ready=False), waiting("PodInitializing")),),
                level,
                "InitRunning" if level is WARNING else "Rolling",
            )
            for t, level in ((30, PROGRESSING), (62, WARNING))
        ],
        "sidecar proxy runs and does not start",
    ),
    Case(
        "native sidecar that crashes",
        [Seen(9, rolling(), (unready(looping("proxy", "sidecar"), container()),), FAILING, "CrashLoopBackOff")],
        "sidecar proxy exits 1",
    ),
    Case(
        "init container runs again after its node was: it had done its work",
        [
            Seen(10, deployment(**SHORT), (AGAIN, pod(name="b")), PROGRESSING, "Starting"),
            Seen(29, deployment(**SHORT), (AGAIN, pod(name="b")), PROGRESSING, "Starting"),
        ],
        "1 pod starts, 1 of 2 available",
    ),
    Case(
        "init container of a young pod runs for the third time, each time well",
        [Seen(40, rolling(), (AGAIN,), PROGRESSING, "Rolling")],
    ),
    Case(
        "init container ran again well, and fails then: that is its first failure",
        [
            Seen(10, deployment(**SHORT), (unready(*AGAIN.containers, name="a", **OF_OLD), pod(name="b")), *STARTS),
            Seen(
                40,
                deployment(**SHORT),
                (
                    unready(restarted(3, "migrate", "init", since_ms=at(39)), waiting(""), name="a", **OF_OLD),
                    pod(name="b"),
                ),
                WARNING,
                "DegradedInitExit",
            ),
        ],
    ),
    Case(
        "init container runs again because it failed",
        [Seen(4, rolling(), (unready(restarted(1, "migrate", "init"), waiting("")),), WARNING, "InitExit")],
    ),
    Case(
        "init container runs for 20 minutes: Vault does not answer",
        [
            Seen(
                t,
                rolling(),
                (unready(container("vault-agent", "init", ready=False), waiting("PodInitializing")), old_pod()),
                level,
                "InitRunning" if level is not PROGRESSING else "Rolling",
            )
            for t, level in ((10, PROGRESSING), (61, WARNING), (299, WARNING), (300, FAILING), (1200, FAILING))
        ],
        "init container vault-agent runs and does not finish",
    ),
    Case(
        "second init container fails after the first has ended well",
        [
            Seen(
                4,
                rolling(),
                (
                    unready(
                        done("consul-template"), waiting("CrashLoopBackOff", "", "migrate", "init", last_exit_code=3)
                    ),
                ),
                FAILING,
                "InitExit",
            )
        ],
        "init container migrate exits 3",
    ),
    Case(
        "FailedMount: a Secret that is missing",
        [
            Seen(
                t,
                rolling(),
                (CREATING,),
                level,
                reason,
                (event("FailedMount", MOUNT, first_ms=at(2), last_ms=at(t), count=count),),
            )
            for t, count, level, reason in (
                (5, 1, WARNING, "FailedMount"),
                (20, 2, WARNING, "FailedMount"),
                (25, 3, FAILING, "FailedMount"),
            )
        ],
        'secret "orders-tls" not found',
    ),
    Case(
        "FailedMount that lasts for two minutes, told once",
        [Seen(123, rolling(), (CREATING,), FAILING, "FailedMount", (event("FailedMount", MOUNT, first_ms=at(2)),))],
    ),
    Case(
        "FailedMount whose events have been forgotten: failing until the pod starts",
        [
            Seen(200, rolling(), (CREATING,), FAILING, "FailedMount", (event("FailedMount", MOUNT),)),
            Seen(210, rolling(), (CREATING,), FAILING, "FailedMount"),
            Seen(220, rolling(), (unready(container(ready=False, since_ms=at(219))),), PROGRESSING, "Rolling"),
        ],
    ),
    Case(
        "FailedMount that is over: the container runs, though the event is still there",
        [
            Seen(5, rolling(), (CREATING,), WARNING, "FailedMount", (event("FailedMount", MOUNT),)),
            Seen(
                9,
                rolling(),
                (unready(container(ready=False, since_ms=at(8))),),
                PROGRESSING,
                "Rolling",
                (event("FailedMount", MOUNT),),
            ),
        ],
    ),
    Case(
        "FailedMount of an earlier pod of the same name is not this one's",
        [Seen(5, rolling(), (CREATING,), PROGRESSING, "Rolling", (event("FailedMount", MOUNT, object_uid="other"),))],
    ),
    Case(
        "sandbox that cannot be made: a warning, then failing",
        [
            Seen(
                t,
                rolling(),
                (CREATING,),
                level,
                "FailedCreatePodSandBox",
                (event("FailedCreatePodSandBox", "no IP addresses available", count=count),),
            )
            for t, count, level in ((3, 1, WARNING), (9, 2, FAILING))
        ],
        "no IP addresses available",
    ),
    Case(
        "InvalidImageName",
        [Seen(2, rolling(), (unready(waiting("InvalidImageName", "bad reference")),), FAILING, "InvalidImageName")],
        "bad reference",
    ),
    Case(
        "the message of the probe stands in the sentence",
        [
            Seen(
                100,
                rolling(),
                (unready(container(ready=False)),),
                WARNING,
                "NeverReady",
                (event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", last_ms=at(99)),),
            )
        ],
        "statuscode: 503",
    ),
    Case(
        "a liveness probe ends the container over and over",
        [
            Seen(
                100,
                rolling(),
                (unready(restarted(2, last_exit_code=137, last_reason="Error", since_ms=at(95))),),
                FAILING,
                "CrashLoopBackOff",
                (event("Unhealthy", "Liveness probe failed: connection refused", last_ms=at(94)),),
            )
        ],
        "Liveness probe failed: connection refused",
    ),
    Case(
        "a config map that appears: failing, then on its way",
        [
            Seen(
                3,
                rolling(),
                (unready(waiting("CreateContainerConfigError", 'configmap "c" not found')),),
                FAILING,
                "Create",
            ),
            Seen(30, rolling(), (unready(container(ready=False, since_ms=at(29))),), PROGRESSING, "Rolling"),
        ],
    ),
    Case(
        "OOMKilled once, then well: a warning that goes",
        [
            Seen(9, rolling(), (unready(ended(137, reason="OOMKilled")),), WARNING, "OOMKilled"),
            Seen(12, rolling(), (unready(restarted(1, last_reason="OOMKilled", last_exit_code=137)),), WARNING, "OOM"),
            Seen(
                60,
                rolling(),
                (pod(container(restarts=1, since_ms=at(11)), ready_changed_ms=at(14)),),
                PROGRESSING,
                "Roll",
            ),
        ],
    ),
    Case(
        "all containers are ready and the pod is not: a readiness gate",
        [Seen(100, rolling(), (unready(container(), ready_reason="ReadinessGatesNotReady"),), WARNING, "NeverReady")],
        "is not ready though its containers are",
    ),
    Case(
        "one of two containers is not ready: it is the one named",
        [Seen(100, rolling(), (unready(container("web"), container("api", ready=False)),), WARNING, "NeverReady")],
        "(api)",
    ),
]
