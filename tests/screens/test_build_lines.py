"""How builds are drawn and chosen, without an application: signs, strips, progress, titles."""

import pytest
from msgspec.structs import replace

from screens.build_lines import draw_build, draw_running, share_out
from screens.build_marks import levels, mark_of, put_strip
from screens.build_page_lines import _build
from screens.build_rows import Scope, choose
from screens.entries import heading
from screens.goto import Target, targets
from screens.ink import make_ink
from screens.lens import Lens
from screens.pen import Pen
from screens.strips import Line
from statusdesk.board import Mark
from statusdesk.states import Level, RunningBuild
from tests.screens import boards, jenkins
from tests.screens.boards import DAY, HOUR, NOW

STAGES = {name: (name,) for name in boards.STAGES}


def test_what_a_text_means():
    board = jenkins.board()
    assert targets(board, ":tokens") == [Target("", "", "tokens")]
    assert targets(board, "env") == [Target("", "", "environments")]
    assert targets(board, "builds ")[0] == Target("", "", "builds")
    assert targets(board, "builds nowhere") == []
    assert targets(board, "orders")[0] == Target("orders")


def test_a_namespace_is_green_since_its_last_one_became_so():
    rows = tuple(jenkins.state(f"deploy-{n}", "testing", n, ago_ms=n * HOUR) for n in (1, 2, 3))
    chosen = choose(jenkins.board(builds=rows), Scope(), Lens(), STAGES)
    assert [(group.name, group.green_ms, group.bad) for group in chosen.groups] == [("testing", NOW - HOUR, 0)]
    seen_late = tuple(replace(row, level_since_ms=NOW) for row in rows)
    [group] = choose(jenkins.board(builds=seen_late), Scope(), Lens(), STAGES).groups
    assert group.green_ms == NOW - HOUR, "it was green before a new desk saw it"
    told = tuple(replace(row, green_since_ms=NOW - n * DAY, was_red=True) for n, row in enumerate(rows, 3))
    new = replace(rows[0], key="new", green_since_ms=NOW - HOUR)
    never = tuple(replace(row, was_red=False) for row in told)
    destroyed = replace(rows[0], key="x", level=Level.IDLE, green_since_ms=NOW - 2 * DAY, was_red=True)
    for shown, days in ((told, 3), ((*told, new), 3), ((*told, destroyed), 2), ((*never, new), 5)):
        [group] = choose(jenkins.board(builds=shown), Scope(), Lens(), STAGES).groups
        assert group.green_ms == NOW - days * DAY, "not since the last success, but since the last one that was none"
    silent = replace(rows[0], level=Level.UNKNOWN)
    [group] = choose(jenkins.board(builds=(silent,)), Scope(), Lens(), STAGES).groups
    assert (group.green_ms, group.silent) == (None, 1), "no result is not green"
    [group] = choose(jenkins.board(builds=(silent, *rows[1:])), Scope(place="testing"), Lens(), STAGES).groups
    assert (group.green_ms, group.silent, group.count) == (NOW - 2 * HOUR, 1, 3)
    bad = replace(rows[0], level=Level.FAILING)
    [group] = choose(jenkins.board(builds=(bad, *rows[1:])), Scope(), Lens(), STAGES).groups
    assert (group.green_ms, group.bad) == (None, 1)


def test_a_place_that_is_asked_for_lists_its_platform_jobs_too_well_or_not():
    aborted = replace(jenkins.state("env-create", "dev-d", 7, "", job_class="environment"), number=None)
    renewal = jenkins.state("vault-renew", "staging", 6, job_class="renewal", running=(RunningBuild(7, NOW),))
    made = jenkins.state("env-create", "dev-b", 5, job_class="environment")
    board = jenkins.board(builds=(aborted, renewal, made))
    assert choose(board, Scope(), Lens(), STAGES).groups == (), "only what is not well, unless it is asked for"
    for place, row, green in (("dev-d", aborted, False), ("staging", renewal, True), ("dev-b", made, True)):
        for by_job in (False, True):
            chosen = choose(board, Scope(place=place, by_job=by_job), Lens(), STAGES)
            assert [group.rows for group in chosen.groups] == [(row,)]
            assert (chosen.groups[0].green_ms is not None) is green
            assert chosen.running == tuple((row, run) for run in row.running)


def test_signs_are_narrow():
    import datetime

    pen = Pen(ink=make_ink({}, True), ascii=False, zone=datetime.UTC, now_ms=NOW, width=80)
    line = put_strip(Line(), jenkins.HISTORY, 20, pen)
    assert line.x == 20 and "".join(part.text for part in line.segments).endswith("\u28ff")
    assert levels([0, 0.5, 1, 2, -1], pen) == "\u2840\u28e6\u28ff\u28ff\u2840"
    assert mark_of(jenkins.build(1, "NOT_BUILT")) is Mark.IDLE
    assert mark_of(jenkins.build(1, "UNSTABLE", building=True)) is Mark.PROGRESSING


def drawn(entry_or_lines, pen):
    made = entry_or_lines.draw(pen) if hasattr(entry_or_lines, "draw") else entry_or_lines
    return ["".join(part.text for part in line.segments) for line in made]


def narrow(width):
    import datetime

    return Pen(ink=make_ink({}, True), ascii=False, zone=datetime.UTC, now_ms=NOW, width=width)


@pytest.mark.parametrize("width", [60, 70, 80, 100, 160])
def test_how_long_a_build_runs_is_never_cut_without_a_mark(width):
    pen = narrow(width)
    first, run = replace(jenkins.ROWS[3], usual_ms=None), RunningBuild(55, NOW - 142_000)
    (said,) = drawn(draw_running(first, run, pen), pen)
    assert "for 2m 22s; how long it takes is not known yet" in said or "for 2m 22s  " in f"{said}  "
    (known,) = drawn(draw_running(replace(first, usual_ms=200_000), run, pen), pen)
    assert "left" in known or pen.dots in known
    assert max(map(len, (said, known))) <= width


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_build_that_waits_for_a_person_shows_no_progress(width):
    pen = narrow(width)
    run = RunningBuild(55, NOW - 2 * HOUR, cause="Started by timer", waits=True)
    (said,) = drawn(draw_running(replace(jenkins.ROWS[3], usual_ms=60_000), run, pen), pen)
    assert "waits for a" in said and "usually" not in said and "\u25b0" not in said
    assert len(said) <= width and (width < 160 or "waits for a person to decide, began 2h ago   Started by" in said)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_what_stands_beside_a_title_is_not_cut_where_it_has_room_below(width):
    said = "2 still up after hours; last 7 days: 1200 h up, 840 h of them after hours"
    lines = drawn(heading("12 up, 3 half made, 1 destroyed by half, 2 being made"[: width - 4], said), narrow(width))
    assert " ".join(" ".join(lines).split()).endswith(said)
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize(("ascii_only", "there", "deleted"), [(False, "⠂⣿⣤⣀", "⠂⡇⡄⡀"), (True, "-X!.", "-xi,")])
def test_a_deleted_build_is_drawn_as_history(ascii_only, there, deleted):
    pen = replace(narrow(80), ascii=ascii_only)
    builds = [jenkins.build(4 - at, result) for at, result in enumerate(("SUCCESS", "UNSTABLE", "FAILURE", "ABORTED"))]
    line = put_strip(Line(), builds, 4, pen)
    assert "".join(part.text for part in line.segments) == there
    line = put_strip(Line(), [replace(build, deleted=True) for build in builds], 4, pen)
    assert "".join(part.text for part in line.segments) == deleted
    assert {part.style for part in line.segments if part.text} == {pen.ink.quiet}


def test_a_deleted_build_of_the_page_says_so():
    failed = replace(jenkins.HISTORY[0], deleted=True)
    assert "deleted in Jenkins" in drawn(_build(failed, False, narrow(120)), narrow(120))[0]
    assert "deleted" not in drawn(_build(jenkins.HISTORY[0], False, narrow(120)), narrow(120))[0]


def test_a_branch_is_shown_as_it_is_called_and_found_by_that():
    branch = jenkins.state("mb/feature%2Flogin", "testing", 4, running=(RunningBuild(5, NOW - 60_000),))
    board, pen = jenkins.board(builds=(branch,)), narrow(160)
    chosen = choose(board, Scope(), Lens(text="feature/login"), STAGES)
    [row] = chosen.groups[0].rows
    shown = drawn(draw_build(row, share_out([row], False, 160), None, pen), pen)
    shown += drawn(draw_running(row, row.running[0], pen), pen)
    assert all("mb/feature/login" in line for line in shown) and len(shown) == 2
    assert Scope(job=branch.job).words == ("builds", "mb/feature/login")
