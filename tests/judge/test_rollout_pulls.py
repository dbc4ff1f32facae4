"""Why an image cannot be pulled: by what is said, not by what it is called, and kept while the node backs off."""

import msgspec
import pytest

from statusdesk.judge.rollout_pulls import is_missing, is_refused, why
from statusdesk.judge.rollouts import judge_rollout
from statusdesk.states import Level
from tests.judge.make import IMAGE, T0, THRESHOLDS, container, old_pod, progressing, rolling, unready, waiting
from tests.judge.sequence import Seen, event, follow

NOT_FOUND = (
    f'rpc error: code = NotFound desc = failed to pull and unpack image "{IMAGE}": '
    f'failed to resolve reference "{IMAGE}": {IMAGE}: not found'
)
BACK_OFF = f'Back-off pulling image "{IMAGE}"'
MISSING = f"image {IMAGE} not found, 0 of 2 new pods ready"
FIRST = waiting("ErrImagePull", NOT_FOUND)
THEN = waiting("ImagePullBackOff", BACK_OFF)


def head(image: str, status: str) -> str:
    host, _, rest = image.partition("/")
    name, _, tag = rest.partition(":")
    return (
        f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": unexpected status from '
        f"HEAD request to https://{host}/v2/{name}/manifests/{tag}: {status}"
    )


@pytest.mark.parametrize(
    ("image", "said", "missing", "refused"),
    [
        ("reg/denied-parties:2", head("reg/denied-parties:2", "503 Service Unavailable"), False, False),
        ("reg/denied-parties:2", head("reg/denied-parties:2", "403 Forbidden"), False, True),
        ("reg/page-notfound:2", head("reg/page-notfound:2", "503 Service Unavailable"), False, False),
        ("reg/shop/forbidden:2", head("reg/shop/forbidden:2", "502 Bad Gateway"), False, False),
        ("reg/shop/unauthorized:2", head("reg/shop/unauthorized:2", "401 Unauthorized"), False, True),
        ("reg/denied:2", "denied: requested access to the resource is denied", False, True),
        ("denied.example:5000/x:2", "dial tcp: lookup denied.example:5000: no such host", False, False),
        ("denied.example/x:2", "dial tcp: lookup denied.example on 10.0.0.10:53: no such host", False, False),
        ("denied-x:2", "Error response from daemon: manifest for denied-x:2 not found: manifest unknown", True, False),
        ("denied-x:2", "Get 'https://registry-1.docker.io/v2/library/denied-x/manifests/2': EOF", False, False),
        ("denied-x", "pull access denied for denied-x, repository does not exist", False, True),
        ("denied-x", "cannot fetch denied-x: context deadline exceeded", False, False),
        (IMAGE, NOT_FOUND, True, False),
        (IMAGE, "reading manifest 1.5.0 in registry.local/orders: manifest unknown", True, False),
        (IMAGE, "no match for platform in manifest: not found", True, True),
        (IMAGE, "not found", True, False),
        (IMAGE, "", False, False),
    ],
)
def test_a_message_is_told_by_its_words_not_by_the_name_of_the_image(image, said, missing, refused) -> None:
    assert (is_missing(said, image), is_refused(said, image)) == (missing, refused)


def test_what_a_newer_node_repeats_while_it_backs_off_is_the_same_cause() -> None:
    assert why(BACK_OFF) == ""
    assert why(f"{BACK_OFF}: ErrImagePull: {NOT_FOUND}") == NOT_FOUND
    assert why(NOT_FOUND) == NOT_FOUND


def test_the_cause_is_kept_while_the_node_backs_off() -> None:
    steps = [
        Seen(at_s, rolling(), (unready(each), old_pod()), Level.FAILING, "ErrImagePull")
        for at_s, each in ((3, FIRST), (5, THEN), (18, FIRST), (30, THEN), (60, THEN))
    ]
    assert {verdict.state.message for verdict in follow(steps)} == {MISSING}


def test_the_cause_outlasts_a_moment_in_which_nobody_has_looked_at_the_spec() -> None:
    newer = rolling(generation=3)
    steps = [
        Seen(3, rolling(), (unready(FIRST),), Level.FAILING, "ErrImagePull"),
        Seen(5, newer, (unready(THEN),), Level.FAILING, "ErrImagePull"),
        Seen(6, rolling(), (unready(THEN),), Level.FAILING, "ErrImagePull"),
    ]
    assert follow(steps)[-1].state.message == MISSING


@pytest.mark.parametrize("said", [NOT_FOUND, "unauthorized: authentication required", "i/o timeout, again"])
def test_a_desk_that_was_started_again_knows_the_cause_from_its_last_verdict(said) -> None:
    found = (unready(waiting("ErrImagePull", said)), old_pod())
    first = judge_rollout(rolling(), found, None, THRESHOLDS, T0 + 40_000).state
    again = judge_rollout(rolling(), (unready(THEN), old_pod()), first, THRESHOLDS, T0 + 50_000).state
    assert (again.level, again.message) == (first.level, first.message)


def test_a_desk_that_comes_late_learns_the_cause_from_the_events() -> None:
    told = event("Failed", f'Failed to pull image "{IMAGE}": {NOT_FOUND}')
    state = judge_rollout(rolling(), (unready(THEN),), None, THRESHOLDS, T0 + 5000, events=(told,)).state
    assert (state.level, state.message) == (Level.FAILING, MISSING)


def test_the_cause_of_another_image_is_not_taken() -> None:
    other = IMAGE.replace("1.5.0", "1.6.0")
    anew = (progressing("ReplicaSetUpdated", at_ms=T0 + 4000),)
    later = msgspec.structs.replace(THEN, image=other, message=f'Back-off pulling image "{other}"')
    steps = [
        Seen(3, rolling(), (unready(FIRST),), Level.FAILING, "ErrImagePull"),
        Seen(5, rolling(revision="3", conditions=anew), (unready(later, name="z"),), Level.WARNING, "ErrImagePull"),
    ]
    verdicts = follow(steps)
    assert (verdicts[1].state.level, "not found" in verdicts[1].state.message) == (Level.WARNING, False)


def test_a_cause_is_forgotten_with_the_image_that_was_pulled() -> None:
    steps = [
        Seen(3, rolling(), (unready(FIRST),), Level.FAILING, "ErrImagePull"),
        Seen(9, rolling(), (unready(container(ready=False)),), Level.PROGRESSING, "Rolling"),
    ]
    memory = follow(steps)[-1].memory
    assert memory is None or memory.pulls == ()


def test_what_several_pods_say_differently_does_not_depend_on_their_order() -> None:
    found = [unready(waiting("ErrImagePull", said), name=said) for said in ("timeout", "eof")]
    memories = [judge_rollout(rolling(), each, None, THRESHOLDS, T0).memory for each in (found, found[::-1])]
    assert memories[0] == memories[1] is not None
