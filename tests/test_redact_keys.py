"""The lines of private keys are hidden, whatever stands around them; what stands among them stays."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.log_text import Redactor
from statusdesk.redact import HIDDEN, may_hold_secret, redact, redact_lines, safe_lines
from tests.redact_keys_made import AROUND, ORDINARY, Around, body_of, private_keys

SECRET = "q7Zk2Wm9Xr4Tb1Lc8Vn5"
KEY = "-----BEGIN RSA PRIVATE " + "KEY-----"


def test_the_lines_of_a_private_key_are_hidden():
    lines = ["begin", KEY, SECRET * 3, SECRET * 3, "-----END RSA PRIVATE KEY-----", "end"]
    assert redact_lines(lines) == ["begin", KEY, "[hidden]", "[hidden]", "-----END RSA PRIVATE KEY-----", "end"]


BODY = [f"MIIEowIBAAKCAQEA{number:048d}" for number in range(6)]
END = "-----END RSA PRIVATE " + "KEY-----"
PATH = "GET /api/v1/namespaces/staging/pods"


@pytest.mark.parametrize(
    ("lines", "hidden"),
    [
        ([*BODY, "aQ0w==", END, "up"], range(7)),  # the last line of a key may be short
        (BODY, range(6)),  # and its end may be still to come
        ([*BODY, "aQ0w=="], range(7)),
        ([BODY[0], f"  {BODY[1]}  ", END], range(2)),
        ([*BODY, "INFO up"], ()),  # not a key, or it would have an end
        (["INFO up", *BODY], ()),
        (["INFO up", *BODY, "aQ0w==", END, *BODY], range(1, 8)),
        (["INFO up", f"out: {BODY[0]}", f"out: {BODY[1]}", END], (1, 2)),  # with something before it
        ([PATH, KEY, *BODY, "aQ0w==", END, *BODY], range(2, 9)),
        ([PATH, f"{KEY}{BODY[0]}{END}", PATH], ()),
        ([KEY, *BODY[:1] * 198, END], range(1, 199)),
        ([KEY, "Proc-Type: 4,ENCRYPTED", "", *BODY, "aQ0w==", END, "up"], range(1, 10)),
        ([KEY, *BODY, "aQ0w", "up", "down"], range(1, 8)),
        ([f"expected {KEY}", "INFO up", "done", PATH, "2026-11-23T09:00:00Z ERROR down"], ()),
        ([KEY, *BODY, "2026-11-23T09:00:00Z ERROR down", BODY[0], "up"], [*range(1, 7), 8]),  # two that write at once
        ([f"out: {KEY}", f"out: {BODY[0]}", "out: aQ0w==", "out: up"], (1, 2)),
        ([f"+{KEY}", "+Proc-Type: 4,ENCRYPTED", "+", "+abcdefghijklmnopqrst", "+INFO up"], (1, 2, 3)),
        ([f"a {KEY} +0ms", f"a {BODY[0]} +1ms", "a aQ0w +12ms", "a up +13ms"], (1, 2)),
        ([f"1 {KEY}", f"  9 {BODY[0]}", " 10 aQ0w", " 11 up"], (1, 2)),
        ([f"[a1] {KEY}", f"[b2] {BODY[0]}", "[c3] aQ0w", "[d4] up"], (1, 2)),
        ([KEY, "INFO up", "OrdersServiceStarted", "up"], ()),
        ([f">{KEY}", ">INFO up", ">MCUCAQEEIFwleakhHJgTXAMDTZdhHteugcnMCVE8io7eeXNY+8DtQg==", ">up"], (2,)),
        ([KEY, *BODY, "INFO up", "ab+Cd", END], [*range(1, 7), 8]),
        ([KEY, *BODY, "done", "aQ0w5", END], range(1, 9)),  # so short a word may be the last of it, too
        ([KEY, *["INFO up"] * 250, BODY[0], "up"], ()),
    ],
)
def test_what_belongs_to_a_key_is_the_same_in_a_log_and_in_what_is_kept_of_it(lines, hidden):
    shown = redact_lines(lines)
    assert [at for at, text in enumerate(shown) if text == "[hidden]"] == list(hidden)
    assert not any("MIIE" in text for at, text in enumerate(shown) if at in hidden or KEY in lines[at])
    assert Redactor().lines("\n".join(lines), lines) == shown


BY_MANY = settings(max_examples=150, deadline=None)
AROUNDS = st.sampled_from(AROUND)
FIRST = st.integers(1, 95)  # the number of the first line, so that it grows longer within a key
MANY_ORDINARY = st.lists(st.sampled_from(ORDINARY), min_size=1, max_size=4)


def written(key: list[str], around: Around, first: int) -> list[str]:
    return [around(first + at, line) for at, line in enumerate(key)]


@given(private_keys(), AROUNDS, FIRST, MANY_ORDINARY, st.integers(0, 200))
@BY_MANY
def test_no_line_of_a_key_is_shown_whatever_stands_around_it(key, around, first, ordinary, cut):
    lines = [*ordinary, *written(key, around, first), *ordinary]
    shown = redact_lines(lines)
    body = [len(ordinary) + at for at in body_of(key)]
    assert [shown[at] for at in body] == [HIDDEN] * len(body)
    assert shown[: len(ordinary)] == ordinary == shown[-len(ordinary) :]
    redactor = Redactor()
    chunks = [some for some in (lines[:cut], lines[cut:]) if some]
    shown = [text for some in chunks for text in redactor.lines("\n".join(some), some)]
    assert [shown[at] for at in body] == [HIDDEN] * len(body), "however it comes"


@given(private_keys(), AROUNDS, FIRST, MANY_ORDINARY, st.data())
@BY_MANY
def test_of_a_key_that_is_cut_off_no_line_is_shown(key, around, first, ordinary, data):
    lines, body = written(key, around, first), body_of(key)
    shown = redact_lines(lines[:-1])
    assert [shown[at] for at in body] == [HIDDEN] * len(body), "its end is still to come"
    cut = data.draw(st.sampled_from(body))
    shown = redact_lines([*ordinary, *lines[cut:]])
    assert shown[len(ordinary) : -1] == [HIDDEN] * (body[-1] + 1 - cut), "its beginning was not read"
    assert shown[: len(ordinary)] == ordinary


@pytest.mark.parametrize("before", ["", "out: ", "-", "2026-11-23T10:00:0{at}.{at}Z "])
def test_a_log_may_begin_in_the_middle_of_a_key(before):
    lines = [before.format(at=at) + text for at, text in enumerate([*BODY, "aQ0w=="], 5)]
    redactor = Redactor()
    chunks = [lines[:3], lines[3:5], [*lines[5:], "INFO up"], BODY]
    shown = [redactor.lines("\n".join(some), some) for some in chunks]
    assert shown == [[HIDDEN] * 3, [HIDDEN] * 2, [HIDDEN] * 2 + ["INFO up"], BODY]
    assert Redactor().lines("\n".join([*lines, "INFO up"]), [*lines, "INFO up"]) == [*lines, "INFO up"]


@given(private_keys(), AROUNDS, FIRST, st.data())
@BY_MANY
def test_lines_of_others_may_stand_among_those_of_a_key(key, around, first, data):
    lines, body, of_key = written(key, around, first), body_of(key), list[bool]()
    mixed: list[str] = []
    for at, line in enumerate(lines):
        mixed.append(line)
        of_key.append(at in body)
        if at in body and data.draw(st.integers(0, 5)) == 0:
            mixed.append(around(first + at, data.draw(st.sampled_from(ORDINARY))))
            of_key.append(False)
    shown = redact_lines(mixed)
    assert [text == HIDDEN for text, is_its in zip(shown, of_key, strict=True) if is_its] == [True] * len(body)
    others = [at for at, is_its in enumerate(of_key) if not is_its and mixed[at] not in lines]
    assert [shown[at] for at in others] == [redact(mixed[at]) for at in others]


@given(private_keys(), AROUNDS, FIRST)
@BY_MANY
def test_empty_lines_between_those_of_a_key_end_it_not(key, around, first):
    shown = redact_lines([text for line in written(key, around, first) for text in (line, "")])  # as YAML folds them
    assert [shown[2 * at] for at in body_of(key)] == [HIDDEN] * len(body_of(key))


@given(AROUNDS, st.permutations(ORDINARY), FIRST)
@BY_MANY
def test_a_mention_of_a_key_hides_nothing_of_what_follows(around, ordinary, first):
    for mention in (f"expected {KEY}", KEY, END):
        lines = written([mention, *ordinary], around, first)
        assert redact_lines(lines) == [redact(line) for line in lines]
        assert redact_lines([mention, *ordinary])[1:] == ordinary


@given(private_keys(), st.integers(0, 2), st.booleans())
@BY_MANY
def test_a_key_within_json_is_hidden_and_leaves_json(key, times, is_cut):
    text = "\n".join(key[:-1] if is_cut else key)
    for _ in range(times + 1):
        text = json.dumps({"at": "12:00", "key": text, "x": [1, "2"]})
    for hidden in (redact(text), *safe_lines([text], 100_000)):
        assert json.loads(hidden)["x"] == [1, "2"]
        assert not any(key[at] in hidden for at in body_of(key) if len(key[at]) > 16)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"{BODY[1]}\n{BODY[2]}\naQ0w==\n{END} up", f"[hidden]{END} up"),
        (f"up {BODY[1]}\\n{END}", f"up [hidden]{END}"),
        (f"aQ0w=={END}", f"[hidden]{END}"),
        (f"up \\n{BODY[1]}\\n{END}", f"up \\n[hidden]{END}"),
        (f'["{KEY}", "{BODY[0]}", "aQ0w==", "{END}"]', f'["{KEY}[hidden]{END}"]'),
        (f'["{KEY}", "{BODY[0]}", "aQ0w=="]', f'["{KEY}[hidden]"]'),
        (f'{{"k":"{KEY}\\n{BODY[0]}","x":1}}', f'{{"k":"{KEY}[hidden]","x":1}}'),
        (f"{KEY}{BODY[0]}{END}{KEY}{BODY[1]}", f"{KEY}[hidden]{END}{KEY}[hidden]"),
        (f'{{"log":"{KEY}\\n","stream":"stdout"}}', None),
        (f"+{END}", None),
    ],
)
def test_a_key_in_one_text_is_hidden_as_far_as_it_goes(text, left):
    assert redact(text) == (text if left is None else left) == redact(redact(text))
    assert left is None or may_hold_secret(text)
