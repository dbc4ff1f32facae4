"""Where a configuration file and the state directory are looked for."""

import pytest

from statusdesk import config_file
from statusdesk.config_file import ConfigError, NoConfigError, find_config, state_directory


def test_the_flag_goes_before_the_variable_and_that_before_the_places(tmp_path, monkeypatch):
    monkeypatch.setattr(config_file, "SYSTEM_FILE", tmp_path / "etc.toml")
    user = tmp_path / "xdg" / "statusdesk" / "config.toml"
    user.parent.mkdir(parents=True)
    for path in (tmp_path / "flag.toml", tmp_path / "env.toml", user, tmp_path / "etc.toml"):
        path.write_text("")
    env = {"STATUSDESK_CONFIG": str(tmp_path / "env.toml"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert find_config(str(tmp_path / "flag.toml"), env) == tmp_path / "flag.toml"
    assert find_config(None, env) == tmp_path / "env.toml"
    del env["STATUSDESK_CONFIG"]
    assert find_config(None, env) == user
    user.unlink()
    assert find_config(None, env) == tmp_path / "etc.toml"


def test_the_current_directory_is_not_searched(tmp_path, monkeypatch):
    monkeypatch.setattr(config_file, "SYSTEM_FILE", tmp_path / "none" / "config.toml")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "statusdesk").mkdir()
    (tmp_path / "statusdesk" / "config.toml").write_text("")
    with pytest.raises(
        NoConfigError, match="none is at .*home.*config.toml and .*none.config.toml; try `statusdesk demo`"
    ):
        find_config(None, {"HOME": str(tmp_path / "home")})


def test_the_home_directory_is_searched_without_xdg(tmp_path):
    path = tmp_path / ".config" / "statusdesk" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert find_config(None, {"HOME": str(tmp_path)}) == path


@pytest.mark.parametrize(("flag", "env", "by"), [("gone", {}, "--config"), (None, "gone", "$STATUSDESK_CONFIG")])
def test_a_named_file_that_is_not_there_is_told_and_no_other_is_taken(tmp_path, flag, env, by):
    environment = {"STATUSDESK_CONFIG": env} if env else {}
    with pytest.raises(ConfigError) as caught:
        find_config(flag, environment)
    assert caught.value.problems[0].endswith(f"gone: no such file (named by {by})")
    assert not isinstance(caught.value, NoConfigError)


def test_the_state_directory_is_flag_then_environment_then_file_then_user(tmp_path):
    env = {
        "STATUSDESK_STATE_DIR": "/env",
        "STATE_DIRECTORY": "/systemd:/second",
        "XDG_STATE_HOME": "/xdg",
        "HOME": "/home/x",
    }
    assert state_directory("/flag", env, "/file") == "/flag"
    assert state_directory(None, env, "/file") == "/env"
    del env["STATUSDESK_STATE_DIR"]
    assert state_directory(None, env, "/file") == "/systemd"
    del env["STATE_DIRECTORY"]
    assert state_directory(None, env, "/file") == "/file"
    assert state_directory(None, env, "") == "/xdg/statusdesk"
    del env["XDG_STATE_HOME"]
    assert state_directory(None, env, "") == "/home/x/.local/state/statusdesk"
