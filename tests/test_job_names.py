"""How names and patterns of the settings speak of jobs: each rule once, for those who use it and for ``check``."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import collectors
import screens
import statusdesk
from statusdesk.job_names import (
    folder_entry,
    is_inside,
    last_part,
    matches,
    matches_full_or_last,
    shown_build,
    shown_job,
    sought_job,
    spellings,
)


@pytest.mark.parametrize(
    ("job", "globs", "full", "full_or_last"),
    [
        ("deploy-orders", ("deploy-*",), True, True),
        ("team/a/deploy-orders", ("deploy-*",), False, True),
        ("team/a/deploy-orders", ("team/*",), True, True),  # a star takes slashes too
        ("team/a/deploy-orders", ("a/deploy-*",), False, False),
        ("Deploy-orders", ("deploy-*",), False, False),
        ("deploy-orders", ("seed", "deploy-*"), True, True),
        ("deploy-orders", (), False, False),
    ],
)
def test_globs_speak_of_the_whole_name_or_of_its_last_part_too(job, globs, full, full_or_last):
    assert (matches(job, globs), matches_full_or_last(job, globs)) == (full, full_or_last)


def test_a_job_is_named_with_its_slashes_or_with_dashes_for_them():
    assert spellings("team/a/deploy") == {"team/a/deploy", "team-a-deploy"} and spellings("deploy") == {"deploy"}
    assert last_part("team/a/deploy") == "deploy" == last_part("deploy")


@pytest.mark.parametrize("entry", ["team/a=staging", " /team/a/ =staging"])
def test_an_entry_of_folders_speaks_of_all_that_is_inside(entry):
    folder, value = folder_entry(entry)
    assert (folder, value) == ("team/a", "staging")
    assert is_inside("team/a/deploy", folder) and is_inside("team/a/b/deploy", folder)
    assert not is_inside("team/ab/deploy", folder) and not is_inside("team/a", folder)


@pytest.mark.parametrize(
    ("job", "shown"),
    [
        ("mb/feature%2Flogin", "mb/feature/login"),
        ("infra/env-create", "infra/env-create"),
        ("mb/x%1B%5B31mred%0Anext", "mb/xred next"),  # what was encoded is made harmless, too
        ("mb/caf%C3%A9", "mb/caf\u00e9"),
    ],
)
def test_a_branch_is_shown_as_people_have_written_it(job, shown):
    assert shown_job(job) == shown
    assert (shown_build(job, 7), shown_build(job, None)) == (f"{shown} #7", shown)
    assert set(sought_job(job).split()) == {*job.split(), *shown.split()}


def _words(source: str) -> Iterator[ast.JoinedStr]:
    """All strings of a module that are put together with a blank between what they hold: they are for people."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            texts = [part.value for part in node.values if isinstance(part, ast.Constant)]
            if any(" " in str(text) for text in texts):
                yield node


def test_what_is_said_of_a_job_has_the_name_that_people_know():
    """Keys and addresses have no blank in them; whatever has one is read by people."""
    raw = []
    for package in (statusdesk, screens, collectors):
        for path in Path(package.__path__[0]).rglob("*.py"):
            if "demo" in path.parts:
                continue
            fields = [part for words in _words(path.read_text()) for part in words.values]
            values = [field.value for field in fields if isinstance(field, ast.FormattedValue)]
            named = (each for each in values if isinstance(each, ast.Attribute) and each.attr.endswith("job"))
            raw += [f"{path.name}:{each.lineno} {ast.unparse(each)}" for each in named]
    assert raw == []
