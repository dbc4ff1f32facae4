"""Secrets and the configuration file: none stands in it, none is repeated, and where they are kept is looked at."""

import pytest

STAGES = 'stages = ["testing", "production"]\n'


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('[jenkins]\nurl = "https://j"\nuser = "u"', "token"),
        ('[jenkins]\nurl = "https://j"\nuser = "u"', "password"),
        ('[jenkins]\nurl = "https://j"\nuser = "u"', "api_token"),
        ('[vault]\naddress = "https://v"', "token"),
        ('[vault]\naddress = "https://v"', "secret_id"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(problems, table, key):
    told = problems(f'{STAGES}{table}\n{key} = "hunter2"')
    name = table[1 : table.index("]")]
    assert (
        f"{name}.{key}: a secret does not belong in this file; name where it is kept with token_env, token_file or "
        "token_command" in told
    )
    assert "hunter2" not in "".join(told)


def test_a_token_anywhere_in_the_file_is_refused_and_not_repeated(problems):
    told = problems(f'{STAGES}[kubernetes]\n[board]\ntitle = "hvs.{"A" * 24}"')
    assert [sentence.split(":")[0] for sentence in told] == ["board.title"]
    assert "AAAA" not in told[0]


@pytest.mark.parametrize("prefix", ["hvs.", "hvb.", "hvr.", "s.", "b.", "r."])
@pytest.mark.parametrize("where", ["accessor", "accessors", "accessor_env"])
def test_a_token_in_the_place_of_an_accessor_is_refused_and_not_repeated(problems, prefix, where):
    token = f"{prefix}CAESIJ"
    entries = {
        "accessor": f'[[vault.token]]\nname = "a"\naccessor = "{token}"',
        "accessors": f'accessors = {{ a = "{token}" }}',
        "accessor_env": '[[vault.token]]\nname = "a"\naccessor_env = "A"',
    }
    told = problems(f'{STAGES}[vault]\naddress = "https://v"\n{entries[where]}', {"A": token})
    assert len(told) == 1 and "looks like a token, not an accessor" in told[0]
    assert "CAESIJ" not in told[0]


def test_an_accessor_of_a_namespace_is_no_token(read):
    config = read(STAGES + '[vault]\naddress = "https://v"\naccessors = { a = "9pW0vyTUZbbLx.Kq8d" }')
    assert config.vault.tokens[0].accessor == "9pW0vyTUZbbLx.Kq8d"


def test_files_of_secrets_that_are_missing_are_told_with_the_other_problems_and_no_command_is_run(problems, tmp_path):
    sources = '[jenkins]\nurl = "https://j"\nuser = "u"\nurk = 1\ntoken_file = "gone"\n[vault]\naddress = "https://v"\n'
    sink = f'[[sink]]\nname = "hook"\ntype = "webhook"\nurl_command = ["touch", "{tmp_path}/run"]\n'
    assert problems(STAGES + sources + sink) == [
        "jenkins.urk: unknown key; did you mean url?",
        f"jenkins.token_file: {tmp_path}/gone cannot be read: No such file or directory",
    ]
    assert not (tmp_path / "run").exists()
    assert problems(STAGES + sources, collecting=False) == ["jenkins.urk: unknown key; did you mean url?"]
