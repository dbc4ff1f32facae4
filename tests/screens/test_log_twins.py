"""Pods of the same name in several places."""

from operator import attrgetter

from msgspec.structs import replace

from collectors.log_lines import Origin, Selection, Target
from screens.log_dialogs import container_choice, side_choice
from screens.log_filter import Filters
from screens.log_request import LogRequest
from screens.log_saving import save
from tests.screens.log_hand import line


def test_pods_of_one_name_in_two_clusters_are_told_apart_wherever_they_are_named(tmp_path):
    selection = Selection(targets=tuple(Target(cluster=name, namespace="testing", app="two") for name in ("e", "w")))
    twins = [
        Origin(cluster=name, namespace="testing", pod="two-0", container="app", place=selection.place(name, "testing"))
        for name in ("e", "w")
    ]
    assert [twin.short for twin in twins] == ["e/testing/two-0/app", "w/testing/two-0/app"]
    save(tmp_path / "a.log", [replace(line("x"), origin=each) for each in (0, 1)], twins, attrgetter("text"))
    first, second = (tmp_path / "a.log").read_text().splitlines()
    assert " e/testing/two-0/app | " in first and " w/testing/two-0/app | " in second
    dialog, picked = container_choice(twins, LogRequest(), Filters())
    assert [entry.line for entry in dialog._entries[2:4]] == ["pod e/testing/two-0", "pod w/testing/two-0"]
    assert [[picked[at].filters.are_of(twin) for twin in twins] for at in (2, 3)] == [[True, False], [False, True]]
    dialog, _ = side_choice(twins, twins[0], LogRequest(where=("testing", "two")))
    assert len({entry.line for entry in dialog._entries}) == len(dialog._entries) == 3


def test_a_place_is_told_as_far_as_places_differ():
    here, there = Target(cluster="e", namespace="testing"), Target(cluster="e", namespace="production")
    assert Selection(targets=(here, there)).place("e", "production") == "production/"
    assert Selection(targets=(here,)).place("e", "testing") == ""
