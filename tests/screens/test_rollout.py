"""The rollout screen as a person uses it: why, what changed, every pod, what happened, what next."""

import pytest
from msgspec.structs import replace

from screens.board import BoardScreen
from screens.build_page import BuildScreen
from screens.choice import Choice
from screens.rollout import RolloutScreen
from screens.rollout_dialogs import ProofScreen
from screens.rollout_lines import why_no_lines
from screens.workloads import WorkloadsScreen
from statusdesk.board import Mark, Silent
from statusdesk.build_view import BuildKey
from statusdesk.states import Evidence, Level
from tests.screens import boards, rollouts
from tests.screens.desk import lines, look, open_rollouts, shown, text, until

pytestmark = pytest.mark.usefixtures("whole_text")
WIDE = (140, 40)


async def test_why_it_fails_is_said_at_the_top():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        shown = lines(app)
        assert "statusdesk \u203a staging \u203a orders" in shown[0] and "data 1s" in shown[0]
        assert "vault \u2717 'orders' is gone" in shown[1]
        assert shown[2].startswith(f" \u2717 failing 4m  {rollouts.WHY}")
        assert "deadline in 5:21 \u25b0" in shown[2]
        assert "look at: logs of init container vault-agent" in shown[3]
        for words in (
            "1.4.2 \u21e2 1.5.0",
            "revision 14 \u21e2 15",
            "build deploy-orders #412 \u2713 by seed, 5m ago",
            "git 3fd2a91",
            "also in: testing \u2713 2h",
            "Deployment staging/orders in eu",
        ):
            assert words in text(app), words
        assert "y kubectl" in shown[-1] and "esc back" in shown[-1]


async def test_old_and_new_revision_side_by_side():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        first = next(line for line in lines(app) if " NEW " in line)
        assert "1.5.0   0 of 2 ready" in first and "OLD 1.4.2   1 of 1 ready, serving" in first
        second = lines(app)[lines(app).index(first) + 1]
        assert "orders-7cc6f9fbf5   4m   4f53cda18c2b" in second
        assert "orders-57fcffc77   9d   9b2e1c7d55aa" in second


async def test_every_pod_with_its_containers():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        shown = lines(app)
        titles = next(line for line in shown if " POD " in line)
        assert " ".join(titles.split()) == "POD INIT vault-agent APP app READY RESTARTS LAST EXIT NODE AGE"
        pods = [" ".join(line.split()) for line in shown[shown.index(titles) + 1 :][:3]]
        assert pods[0] == "\u2717 orders-7cc6f9fbf5-8x2lm CrashLoopBackOff waiting 0/1 4 1 09:41:50 node-1 4m"
        assert pods[2] == "\u2713 orders-57fcffc77-dmwbp done running 1/1 0 node-2 9d old"
        assert "CrashLoopBackOff   4 restarts   last exit 1 Error at 09:41:50" in text(app)
        assert "back-off 40s restarting failed container=vault-agent" in text(app)
        assert "\u2713 Progressing  True     ReplicaSetUpdated" in text(app)


async def test_what_happened_and_the_proof():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        shown = app.screen.text
        story = [" ".join(line[:80].split()) for line in shown.splitlines() if line[1:3].isdigit()]
        assert story[0].startswith("13 Nov 09:42 \u2713 ok: 1.4.2, revision 14")
        assert story[1].startswith("09:12:10 \u2717 token 'orders': gone, no renewal since 08:12 likely cause")
        assert story[2].startswith("09:37:31 \u2713 build deploy-orders #412 SUCCESS, 1.5.0, by seed")
        assert story[3].startswith("09:37:31 \u27f3 progressing: 1.5.0, revision 15, it was 1.4.2")
        assert story[4].startswith("09:38:04 \u2691 warning: init container vault-agent exited 1")
        assert "LAST LINES OF vault-agent (previous)" in shown
        assert "* permission denied" in shown and "no secrets, giving up" in shown
        assert "Pulled" not in shown
        await pilot.press("e")
        await until(pilot, lambda: "ALL EVENTS" in text(app))
        assert "Pulled: Container image already present" in app.screen.text
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ProofScreen))
        assert "the container has not begun" in str(app.screen.query_one("#proof").visual)


async def test_everything_is_read_on_a_thread_and_only_when_it_changed():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        assert app.hand.asked == [("rollout", rollouts.ORDERS, False)]
        for _ in range(5):
            app.hand_clock.ms += 1000
            app.poll()
            await pilot.pause()
        await app.workers.wait_for_complete()
        assert len(app.hand.asked) == 1, "time alone reads nothing"
        assert "deadline in 5:16" in text(app)
        app.hand.give(replace(rollouts.failing_init(), change=2))
        await until(pilot, lambda: len(app.hand.asked) == 2)
        await app.workers.wait_for_complete()
        for change in range(3, 9):
            app.hand.give(replace(rollouts.failing_init(), change=change))
            await shown(pilot)
        await app.workers.wait_for_complete()
        assert len(app.hand.asked) == 2, "what others change is looked for once a second"
        row = rollouts.orders_row(rollouts.orders_state(change=20, message="another verdict"))
        board = rollouts.failing_init()
        app.hand.give(replace(board, rows=(row, *board.rows[1:]), change=20))
        await until(pilot, lambda: len(app.hand.asked) == 3)
        assert "another verdict" in lines(app)[2]


async def test_the_cursor_stays_on_its_pod():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        await pilot.press("down")
        key = "pod:eu/staging/orders-7cc6f9fbf5-fq26d"
        assert app.screen.body.cursor == key
        reading = rollouts.orders_reading()
        fq26d, x2lm, old = reading.pods
        new = replace(x2lm, key="eu/staging/orders-7cc6f9fbf5-00000", name="orders-7cc6f9fbf5-00000")
        app.hand.readings[rollouts.ORDERS] = replace(reading, pods=(fq26d, new, x2lm, old))
        app.hand.give(replace(rollouts.failing_init(), change=5))
        app.hand_clock.ms += 2000
        await until(pilot, lambda: "orders-7cc6f9fbf5-00000" in text(app))
        assert app.screen.body.cursor == key
        assert app.screen.pod.name == "orders-7cc6f9fbf5-fq26d"
        app.hand.readings[rollouts.ORDERS] = replace(reading, pods=(new, x2lm, old))
        app.hand.give(replace(rollouts.failing_init(), change=6))
        app.hand_clock.ms += 2000
        await until(pilot, lambda: "fq26d  " not in text(app))
        assert app.screen.pod is not None


async def test_a_slow_rollout_counts_down():
    app = open_rollouts(rollouts.slow())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        assert "\u2691 warning 1m  1 of 3 new pods ready" in lines(app)[2]
        assert "deadline in 6:50" in lines(app)[2]
        full = lines(app)[2].count("\u25b0")
        app.hand_clock.ms += 300_000
        await until(pilot, lambda: "deadline in 1:50" in lines(app)[2])
        assert lines(app)[2].count("\u25b0") > full
        assert "event Unhealthy: Readiness probe failed" in app.screen.text and "(17 times)" in app.screen.text
        app.hand_clock.ms += 180_000
        await until(pilot, lambda: "deadline passed 1m ago" in lines(app)[2])


async def test_a_stateful_set_waits_for_ever_and_has_a_sibling():
    app = open_rollouts(rollouts.stateful())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        assert "no deadline: a StatefulSet waits for ever" in text(app)
        assert "137 OOMKilled 09:41:05" in text(app)
        assert "ledger" in lines(app)[2] and "ledger-export" in lines(app)[2]
        await pilot.press("tab")
        await until(pilot, lambda: app.screen.view.key.endswith("/ledger-export"))
        await until(pilot, lambda: "Deployment production/ledger-export" in text(app))
        x = lines(app)[2].index("ledger  ")
        await pilot.click("#tabs", offset=(x, 0))
        await until(pilot, lambda: app.screen.view.key == rollouts.LEDGER)


async def test_the_tab_of_a_workload_whose_cluster_is_silent_does_not_show_it_as_well():
    board = rollouts.stateful()
    row = board.rows[0]
    ledger, export = row.cells[4].rollouts
    silent = replace(row.cells[4], silent=(Silent(key=export.key, known_ms=board.at_ms - 60_000),))
    app = open_rollouts(replace(board, rows=(replace(row, cells=(*row.cells[:4], silent)), *board.rows[1:])))
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        assert "\u2717 ledger" in lines(app)[2] and "? ledger-export" in lines(app)[2]
        await pilot.press("tab")
        await until(pilot, lambda: "no news from eu; last known: ok" in text(app))
        assert "? ledger-export" in lines(app)[2]


async def test_a_rollout_that_has_gone_says_so():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        app.hand.readings[rollouts.ORDERS] = rollouts.gone_reading()
        app.hand.give(rollouts.without_orders())
        await until(pilot, lambda: "gone 2m ago" in lines(app)[2])
        assert "Deployment staging/orders is not in eu any more" in lines(app)[2]
        assert "last known: failing" in lines(app)[3]
        assert " POD " not in text(app) and "it has gone" in text(app)
        app.hand.readings[rollouts.ORDERS] = rollouts.orders_reading()
        app.hand.give(replace(rollouts.failing_init(), change=10))
        await until(pilot, lambda: "failing 4m" in lines(app)[2] and " POD " in text(app))


async def test_silence_is_not_failing():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        board = rollouts.failing_init()
        row = rollouts.orders_row()
        cells = list(row.cells)
        cells[1] = replace(cells[1], level=Level.UNKNOWN, reason="Stale", silent=(Silent(key=rollouts.ORDERS),))
        app.hand.give(replace(board, rows=(replace(row, cells=tuple(cells)), *board.rows[1:]), change=3))
        await until(pilot, lambda: "? unknown" in lines(app)[2])
        assert "no news from eu; last known: failing init container" in lines(app)[2]


async def test_what_may_not_be_read_any_more_says_so_with_its_age_and_without_a_countdown():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        await until(pilot, lambda: "deadline" in text(app))
        board, row = rollouts.failing_init(), rollouts.orders_row()
        cells = list(row.cells)
        known_ms = board.at_ms - 7000
        silent = (Silent(key=rollouts.ORDERS, known_ms=known_ms, closed=True),)
        cells[1] = replace(cells[1], level=Level.UNKNOWN, mark=Mark.NO_ACCESS, reason="NoAccess", silent=silent)
        app.hand.give(replace(board, rows=(replace(row, cells=tuple(cells)), *board.rows[1:]), change=3))
        await until(pilot, lambda: "no access 7s" in lines(app)[2])
        assert "staging may not be read; last known: failing init container" in lines(app)[2]
        assert "deadline" not in text(app)


async def test_what_cannot_be_read_is_said_and_the_rest_stays():
    app = open_rollouts(rollouts.failing_init())
    app.hand.problem_of_rollouts = "the store is of a newer statusdesk"
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: "the store is of a newer statusdesk" in text(app))
        assert rollouts.WHY in text(app)


async def test_commands_are_shown_and_copied_never_run():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        await pilot.press("down", "y")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        for command in (
            "kubectl -n staging describe deployment/orders",
            "kubectl -n staging logs orders-7cc6f9fbf5-fq26d -c vault-agent --previous --tail=200",
            "kubectl -n staging rollout history deployment/orders",
            "kubectl -n staging rollout undo deployment/orders",
        ):
            assert command in text(app)
        assert "this one changes the cluster" in text(app) and "nothing is run here" in text(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.clipboard == "kubectl -n staging describe pod/orders-7cc6f9fbf5-fq26d")
        assert "Copied" in text(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RolloutScreen))


async def test_the_build_and_the_other_stages():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, BuildScreen))
        assert app.screen.key == BuildKey("jenkins", "deploy-orders", 412)
        await pilot.press("escape", "v")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        assert "testing      \u2713 1.5.0  2h  the same version" in text(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, RolloutScreen))
        assert app.screen.view.stage == "performance"
        await until(pilot, lambda: "statusdesk \u203a performance \u203a orders" in lines(app)[0])


async def test_escape_goes_back_and_w_lists_the_stage():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WorkloadsScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RolloutScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        assert app.screen.matrix.selected_stage == "staging"


async def test_the_palette_leaves_the_rollout_for_another_application():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        await pilot.press("ctrl+p", *"go to basket")
        await until(pilot, lambda: "Go to basket" in text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        await until(pilot, lambda: app.screen.matrix.selected[0].app == "basket")


async def test_a_cell_without_a_workload_says_so():
    app = open_rollouts(boards.bad_rollout())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        app.screen.matrix.select("mailer", "audit")
        await pilot.press("enter")
        await until(pilot, lambda: any("mailer has no workload in audit" in n.message for n in app._notifications))
        assert isinstance(app.screen, BoardScreen)


async def test_times_in_place_of_ages():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        await pilot.press("T")
        await until(pilot, lambda: "failing 09:38:10" in lines(app)[2])
        assert "13 Nov 09:42" in text(app)


async def test_the_past_shows_no_pods_of_now():
    past = replace(rollouts.failing_init(), at_ms=boards.NOW - boards.HOUR)
    app = open_rollouts(rollouts.failing_init(), past=past)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("t", *"1h", "enter")
        await until(pilot, lambda: "as of" in lines(app)[0])
        await look(pilot)
        assert "as of Sat 22 Nov 08:42:10 UTC" in lines(app)[0]
        assert " POD " not in text(app) and "WHAT HAPPENED" in text(app)


async def test_help_tells_of_every_key():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=(120, 60)) as pilot:
        await look(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: bool(app.screen.query("#help-keys")))
        shown = str(app.screen.query_one("#help-keys").visual)
        for binding in (*RolloutScreen.BINDINGS, *WorkloadsScreen.BINDINGS):
            assert binding.id and binding.description and binding.tooltip
        for binding in RolloutScreen.BINDINGS:
            assert binding.tooltip in shown


def test_only_a_container_that_was_asked_has_written_nothing():
    """An unschedulable pod or a lost node has no container to blame, and no log was asked for."""
    of_pod = Evidence(key="k", since_ms=1, pod="orders-a", reason="Unschedulable")
    assert why_no_lines(of_pod) == "no container is to blame: no log was asked for"
    assert why_no_lines(replace(of_pod, container="app")) == "it wrote nothing"
    assert why_no_lines(replace(of_pod, container="app", problem="gone")) == "gone"
