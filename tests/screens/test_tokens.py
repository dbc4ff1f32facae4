"""The tokens, soonest trouble first, the page of one; and the environments."""

import datetime

import pytest
from msgspec.structs import replace

from screens.build_page import BuildScreen
from screens.build_rows import Scope
from screens.builds import BuildsScreen
from screens.environments import EnvironmentsScreen
from screens.ink import make_ink
from screens.pen import Pen
from screens.token_lines import job_words, sawtooth
from screens.tokens import TokenScreen, TokensScreen, trouble
from statusdesk.build_view import BuildKey
from statusdesk.facts import Job
from statusdesk.states import EnvironmentHours, Level
from tests.screens import boards, jenkins
from tests.screens.boards import DAY, HOUR, MINUTE, NOW
from tests.screens.desk import desk, lines, text, until
from tests.screens.test_ascii import strange
from tests.screens.test_typing import burst

WIDE = (140, 40)


def open_desk(board=None, **more):
    return jenkins.fill(desk(board or jenkins.board(), **more))


async def list_tokens(pilot, *keys):
    await pilot.press("K")
    await until(pilot, lambda: isinstance(pilot.app.screen, TokensScreen))
    await until(pilot, lambda: "vault/orders" in pilot.app.screen.grants)
    await pilot.press(*keys)
    await pilot.pause()


async def test_soonest_trouble_first_in_words():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_tokens(pilot)
        names = [line.split()[1] for line in lines(app)[3:] if line[:2] in (" \u2717", " \u2691", " \u2713")]
        assert names == ["old", "payments", "ledger", "orders", "root"]
        shown = text(app)
        assert "renewal missed twice; lapses before the next run" in shown and "overdue 14h    0 runs" in shown
        assert "used by payments in staging, production   renew-payments #88 failed 3h ago: " in shown
        assert "job red, token lapses in 2h 10m" in shown
        assert "at its cap: renewals no longer extend it; re-issue before 26 Nov 11:40" in shown
        assert "renewed on time for 31d" in shown and "never expires" in shown
        assert any("\u28ff" in line for line in lines(app) if " orders " in line)


async def test_what_is_not_well_is_told_in_full_where_lines_would_stay_empty():
    bad = [each for each in jenkins.TOKENS if each.name in ("old", "payments")]
    refused = jenkins.token("refused", Level.UNKNOWN, reason="NotLookedUp", message="look-ups refused: " + "so " * 40)
    tokens = (*bad, refused, jenkins.token("orders"))
    app = open_desk(jenkins.board(tokens=tokens))
    async with app.run_test(size=(80, 24)) as pilot:
        await list_tokens(pilot)
        job = next(index for index, line in enumerate(lines(app)) if "renew-payments #88" in line)
        assert " ".join(" ".join(lines(app)[job : job + 2]).split()).endswith("job red, token lapses in 2h 10m")
        assert sum("so so" in line for line in lines(app)) == 2
        cut = [line for line in lines(app)[2:] if "⋯" in line]
        assert all("renewed on time" in line for line in cut), "what is well stays on one line"
        await pilot.resize_terminal(80, 15)
        await until(pilot, lambda: sum("so so" in line for line in lines(app)) == 1)
        assert "renewed on time" in text(app), "nothing is pushed out of sight"


async def test_the_page_of_a_token_tells_what_is_not_known_of_its_renewals():
    """Nobody looked for a night, and how often it is renewed is not learnt yet."""
    last, before, *others = jenkins.GRANTS["vault/orders"][:4]
    token = jenkins.token("orders", renew_every_s=None, every_rule="", survives=None)
    app = open_desk(board=jenkins.board(tokens=(token,)))
    app.hand.granted = {"vault/orders": (last, replace(before, seen_ms=before.renewed_ms + HOUR), *others)}
    async with app.run_test(size=WIDE) as pilot:
        await list_tokens(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, TokenScreen) and "RENEWALS GAVE" in text(app))
        said = [line.split("▰")[-1].strip() for line in lines(app) if "after the one" in line]
        assert ["seen before" in line for line in said] == [True, False, False]
        assert "8h after the one seen before" in said[0]
        (every,) = [line for line in lines(app) if "renewed every" in line]
        assert "not known yet" in every


async def test_the_page_of_a_token_and_its_renewal_job():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_tokens(pilot, "down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, TokenScreen) and "RENEWALS GAVE" in text(app))
        shown = text(app)
        assert "8h after the one before, and gave less" in shown and "the first seen" in shown
        assert "ends in x9Kd" in shown and "4d 3h" in shown
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BuildsScreen))
        assert app.screen.scope == Scope(job="renew-ledger")
        await pilot.press("escape", "escape", "b")
        await until(pilot, lambda: isinstance(app.screen, BuildsScreen))


async def test_filters_updates_and_what_is_hidden():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_tokens(pilot, "exclamation_mark")
        await until(pilot, lambda: "2 more, all well    esc shows all" in text(app))
        app.screen.list.select("vault/ledger")
        gone = tuple(each for each in jenkins.TOKENS if each.name != "old")
        app.hand.give(jenkins.board(tokens=gone, change=2))
        await until(pilot, lambda: "Vault does not know" not in text(app))
        assert app.screen.list.cursor == "vault/ledger"
        app.hand.give(jenkins.board(tokens=(jenkins.token("orders"),), change=3))
        await until(pilot, lambda: "No token is in trouble (1 are well)." in text(app))
        app.hand.give(jenkins.board(tokens=(), change=4))
        await until(pilot, lambda: "No token is watched" in text(app))


async def test_what_is_dead_is_not_told_as_lapsing_and_what_never_ends_as_such():
    payments = next(each for each in jenkins.TOKENS if each.name == "payments")
    dead = replace(payments, reason="Gone", expire_ms=NOW - 3 * MINUTE, dead_ms=NOW - 3 * MINUTE, message="expired")
    root = jenkins.token("root", Level.WARNING, reason="RootToken", message="a root token", expire_ms=None)
    child = jenkins.token("child", Level.FAILING, reason="ParentLapses", message="dies with 'payments'")
    app = open_desk(jenkins.board(tokens=(dead, root, child, jenkins.token("orders"))))
    async with app.run_test(size=WIDE) as pilot:
        await list_tokens(pilot)
        shown = text(app)
        assert "job red, token gone" in shown and "lapses in 0s" not in shown
        assert next(line for line in lines(app) if " root " in line).split()[2] == "never"
        assert "as its parent" in next(line for line in lines(app) if " child " in line)


async def test_of_a_token_that_is_not_looked_up_only_the_last_known_end_is_told():
    board = jenkins.board()
    old = board.tokens[0]
    unread = replace(
        old, level=Level.UNKNOWN, reason="NoNews", message="not looked up", expire_ms=NOW - MINUTE,
        next_renewal_ms=NOW - HOUR, missed=2, survives=5, renew_every_s=3600, dead_ms=None,
    )  # fmt: skip
    app = open_desk(replace(board, tokens=(unread,)))
    async with app.run_test(size=WIDE) as pilot:
        await list_tokens(pilot)
        assert "overdue" not in text(app) and "5 runs" not in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TokenScreen))
        await until(pilot, lambda: "known to end" in text(app))
        shown = text(app)
        assert not any(word in shown for word in ("next expected", "survives", "in a row", "lapses"))


async def test_a_sealed_vault_is_told():
    sources = (*boards.SOURCES[:3], boards.source("vault", Level.FAILING, words="is sealed", reason="Sealed"))
    app = open_desk(jenkins.board(sources=sources))
    async with app.run_test(size=WIDE) as pilot:
        await list_tokens(pilot)
        assert "vault: is sealed. What stands here is as it was last seen." in text(app)


async def test_what_is_refused_of_one_token_says_nothing_of_the_others():
    other = boards.source("vault", Level.FAILING, words="token far: of another namespace", reason="Misconfigured")
    off = boards.source("vault", Level.WARNING, words="its clock is off", reason="SkewedClock")
    scoped = [replace(v, state=replace(v.state, scope=s)) for v, s in ((other, "far"), (off, "clock"))]
    far = jenkins.token("far", Level.UNKNOWN, reason="NotLookedUp", message="of another namespace", expire_ms=None)
    app = open_desk(jenkins.board(sources=(*boards.SOURCES, *scoped), tokens=(far, *jenkins.TOKENS)))
    async with app.run_test(size=WIDE) as pilot:
        await list_tokens(pilot)
        shown = text(app)
        assert "as it was last seen" not in shown and "token far: " not in shown and "vault: its clock is off." in shown
        assert (
            "not known" in next(line for line in lines(app)[2:] if " far " in line) and "of another namespace" in shown
        )


def test_the_line_of_grants_rises_with_each_renewal():
    token = jenkins.TOKENS[0]
    grants = jenkins.GRANTS["vault/orders"][:3]
    shares = sawtooth(grants, 17, token, NOW)
    assert len(shares) == 17 and shares[0] == 1.0
    rises = [later > sooner for sooner, later in zip(shares, shares[1:], strict=False)]
    assert rises.count(True) == 2 and shares[-1] == pytest.approx((DAY - HOUR) / DAY)
    assert sawtooth((), 16, token, NOW) == []


def test_order_of_trouble():
    soon, later = jenkins.token("a", Level.WARNING, HOUR), jenkins.token("b", Level.WARNING, DAY)
    lapsed = jenkins.token("z", Level.FAILING, -HOUR, reason="Lapsed")
    never = replace(later, name="c", expire_ms=None)
    own = replace(jenkins.token("own"), own=True)
    ordered = sorted([never, later, soon, lapsed, own], key=lambda token: trouble(token, NOW))
    assert [token.name for token in ordered] == ["own", "z", "a", "b", "c"], "all else is seen through our own"


async def test_environments_that_are_half_made_are_not_counted_as_up():
    kim, lee, _ = jenkins.ENVIRONMENTS
    off = replace(kim, day_off=True)
    made = replace(kim, key="eu/sat", namespace="sat", day_off=True, up_since_ms=NOW - HOUR, left_up_ms=NOW - HOUR)
    half = replace(
        lee, key="eu/half", namespace="half", level=Level.FAILING, reason="HalfMade", message="it is half made"
    )
    making = replace(lee, key="eu/making", namespace="making", level=Level.PROGRESSING, reason="Making", message="soon")
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("E")
        app.hand.give(jenkins.board(environments=(half, off, made, making, lee), change=2))
        await until(pilot, lambda: "half made" in text(app))
        shown = text(app)
        assert "3 up, 1 half made, 1 being made  2 still up after hours" in shown
        assert "still up on a day off, 14h after the last working day ended, made with env-create #31 by kim" in shown
        assert "up on a day off, made 1h ago with env-create #31 by kim" in shown
        cut = replace(off, last_job="env-destroy", last_number=9, last_result="ABORTED")
        app.hand.give(jenkins.board(environments=(cut,), change=4))
        words = "made with env-create #31 by kim; env-destroy #9 was aborted: it may be destroyed by half"
        await until(pilot, lambda: words in " ".join(text(app).split()))
        whole = replace(lee, reason="Up", level=Level.OK, up_since_ms=NOW - 50 * HOUR, made_ms=NOW - 2 * HOUR)
        since = replace(made, up_since_ms=NOW - HOUR, made_ms=NOW - HOUR // 2)
        app.hand.give(jenkins.board(environments=(whole, since), change=5))
        words = f"half made 2d 2h ago, made whole 2h ago with {lee.job} #{lee.number} by {lee.made_by}"
        await until(pilot, lambda: words in text(app))
        assert "up on a day off, half made 1h ago, made whole 30m ago with env-create #31 by kim" in text(app)


async def test_environments():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, EnvironmentsScreen) and "dev-kim" in text(app))
        shown = text(app)
        assert "still up 14h after the working day ended, made with env-create #31 by kim" in shown
        renewed = "made with env-make #8 by mia, renewed 20m ago with env-make #9 by noa"
        assert f"{renewed}; its job env-make went from Jenkins 10m ago" in shown
        assert "LAST 7 DAYS" in shown and "THIS WEEK" not in shown
        assert "48.0 h" in shown and "3 up  1 still up after hours; last 7 days: 52 h up, 32 h of them" in shown
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BuildScreen))
        assert app.screen.key == BuildKey("jenkins", "env-create", 31)
        await pilot.press("escape", "b")
        await until(pilot, lambda: isinstance(app.screen, BuildsScreen))
        assert app.screen.scope == Scope(place="dev-kim") and "No build of dev-kim is known." in text(app)


async def test_the_hours_of_environments_that_are_down_count_too():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        down = EnvironmentHours(source="jenkins", namespaces=2, week_up_min=1680, week_after_hours_min=480)
        app.hand.give(jenkins.board(environments=(), environment_hours=(down,), change=2))
        await pilot.press("colon", *"env", "enter")
        await until(pilot, lambda: "No environment is up." in text(app))
        assert "0 up  last 7 days: 28 h up, 8 h of them after hours, with 2 that are down now" in text(app)
        down = replace(down, namespaces=1)
        app.hand.give(jenkins.board(environment_hours=(down,), change=2))
        words = "last 7 days: 80 h up, 40 h of them after hours, with 1 that is down now"
        await until(pilot, lambda: words in text(app))
        app.hand.give(jenkins.board(environments=(), change=2))
        await until(pilot, lambda: "No environment is up." in text(app) and "last 7 days" not in text(app))


async def test_where_it_is_not_known_which_environments_are_up_no_hours_are_told():
    """What is said for which jobs is in ``test_build_news``."""
    unread = {job.key: job for job in (Job(source="jenkins", name="env-create", url="u"),)}
    app = open_desk(jenkins.board(environments=(), incomplete_jobs=("env-create",), unread=unread))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("E")
        words = "Which environments are up is not known yet: the older builds of env-create are not read yet."
        await until(pilot, lambda: words in text(app))
        assert "No environment is up." not in text(app)
        app.hand.give(jenkins.board(incomplete_jobs=("env-create",), unread=unread, change=2))
        await until(pilot, lambda: "This is not sure: the older builds" in text(app) and "dev-kim" in text(app))
        assert "last 7 days: not known" in text(app) and " h up" not in text(app)
        app.hand.give(jenkins.board(environments=(), jobs=0, change=3))
        words = "Which environments are up is not known yet: Jenkins has shown no job."
        await until(pilot, lambda: words in text(app) and "No environment is up." not in text(app))


@pytest.mark.parametrize("size", [(60, 16), (200, 60)])
@pytest.mark.parametrize("key", ["K", "E"])
async def test_hostile_text(size, key):
    app = open_desk(jenkins.hostile())
    async with app.run_test(size=size) as pilot:
        await pilot.press(key)
        for pressed in ("end", "home", "down", "T", "exclamation_mark", "enter", "end", "enter", "question_mark"):
            await pilot.press(pressed)
            await pilot.pause()
            lines(app)
        assert app.is_running and app.return_code is None


@pytest.mark.parametrize("keys", [("K",), ("K", "enter"), ("E",)])
async def test_ascii_is_ascii(keys):
    app = open_desk(ascii_only=True)
    async with app.run_test(size=(110, 30)) as pilot:
        await pilot.press(*keys)
        await until(pilot, lambda: len(app.screen_stack) == len(keys) + 1)
        await pilot.pause()
        assert strange(app) == []


async def test_enter_behind_a_filter_opens_what_it_leaves_however_fast_it_comes():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_tokens(pilot)
        burst(app, "/orders\r\r")
        await until(pilot, lambda: isinstance(app.screen, TokenScreen))
        await until(pilot, lambda: lines(app)[0].split()[1:2] == ["orders"] or "orders" in text(app).splitlines()[0])


async def test_of_a_vault_that_has_never_answered_it_is_not_said_that_no_token_is_watched():
    never = boards.source("vault", Level.FAILING, words="it cannot be reached", reason="Unreachable")
    never = replace(never, state=replace(never.state, last_ok_ms=None))
    app = open_desk(jenkins.board(sources=(never,), tokens=()))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("K")
        await until(pilot, lambda: "No token is known yet" in text(app))
        assert "No token is known yet: Vault has not answered" in text(app) and "is watched" not in text(app)


def test_beside_what_is_said_of_the_renewal_job_stands_the_run_that_it_is_said_of():
    said = {"job_says": "job green, token dying", "said_number": 264}
    run = {"job_number": 267, "job_result": "FAILURE", "job_ended_ms": NOW - MINUTE}
    dead = jenkins.token("pay", Level.FAILING, reason="Gone", dead_ms=NOW - HOUR, **said, **run)
    pen = Pen(ink=make_ink({}, True), ascii=False, zone=datetime.UTC, now_ms=NOW, width=120)
    assert job_words(dead, pen) == "renew-pay #264: job green, token gone; then #267 failed 1m ago"
