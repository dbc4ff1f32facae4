"""A configuration file as a test writes it, and signals as a program has them that a person starts."""

import signal

import pytest

from statusdesk.config_file import ConfigError, load


def pytest_configure() -> None:
    """Take interrupts where the tests were started in the background: what they start would inherit to ignore them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def read(tmp_path):
    """Write a configuration and load it with an empty environment but for HOME and what is given."""

    def read(text, env=None, **options):
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, {"HOME": str(tmp_path), **(env or {})}, **options)

    return read


@pytest.fixture
def problems(read, tmp_path):
    """Load a configuration that is wrong and return its problems without the file's name."""

    def problems(text, env=None, **options):
        with pytest.raises(ConfigError) as caught:
            read(text, env, **options)
        prefix = f"{tmp_path / 'config.toml'}: "
        assert all(problem.startswith(prefix) and "\n" not in problem for problem in caught.value.problems)
        return [problem.removeprefix(prefix) for problem in caught.value.problems]

    return problems
