"""What facts of Jenkins tell by themselves."""

import pytest

from statusdesk.facts import Build


@pytest.mark.parametrize(
    ("namespace", "namespaces", "said"),
    [
        (None, (), ()),
        ("", (), ()),
        ("staging", (), ("staging",)),  # as an older desk has written it
        ("staging", ("staging",), ("staging",)),
        ("staging", ("staging", "audit"), ("staging", "audit")),
    ],
)
def test_the_namespaces_of_a_build_are_all_that_are_told_of_it(namespace, namespaces, said) -> None:
    build = Build(source="jenkins", job="deploy", number=1, url="", namespace=namespace, namespaces=namespaces)
    assert build.all_namespaces == said
