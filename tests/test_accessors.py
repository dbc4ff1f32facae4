"""What may be an accessor: anything on one line that is no token."""

import pytest

from statusdesk.accessors import accessor_problem, read_accessor


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("hYpewabcdefghijklmnopMtmi", ""),
        ("hYpewabcdefghijklmnopMtmi.bOBH9x", ""),  # of a namespace
        ("00000000-1347-aa90-a4f6-aca8b7558780", ""),
        ("hvs.CAESIJ", "looks like a token"),
        ("s.abc", "looks like a token"),
        ("", "is no accessor"),
        ("a b", "is no accessor"),
        ("abc\n", "is no accessor"),
    ],
)
def test_an_accessor_is_no_token(text, wrong):
    assert accessor_problem(text).startswith(wrong) and bool(accessor_problem(text)) == bool(wrong)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "{} cannot be read: No such file or directory; put the accessor there"),
        (b"", "{} is empty; put the accessor there"),
        (b" \n", "{} is empty; put the accessor there"),
        (b"\xff\xfe", "{} cannot be read: not UTF-8 text; put the accessor there"),
        (b"two words", "what {} holds is no accessor; put what `vault token lookup` calls accessor"),
        (b"hvs.CAESIJ", "what {} holds looks like a token, not an accessor; put what `vault token lookup` calls"),
    ],
)
def test_a_file_that_holds_no_accessor_is_told_by_its_name_and_nothing_of_its_content(tmp_path, content, said):
    file = tmp_path / "payments.accessor"
    if content is not None:
        file.write_bytes(content)
    read = read_accessor(file)
    assert read.accessor == "" and read.problem.startswith(said.format(file))
    assert "CAESIJ" not in read.problem and "two words" not in read.problem


def test_the_accessor_of_a_file_is_what_stands_there_without_the_end_of_its_line(tmp_path):
    (tmp_path / "a").write_text("9pW0vyTUZbbLx\n")
    assert read_accessor(tmp_path / "a") == ("9pW0vyTUZbbLx", "")
