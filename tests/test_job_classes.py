"""What a job is for: by the globs over its name, and by the tokens that name it."""

import pytest

from statusdesk.config import JenkinsSettings
from statusdesk.config_file import load
from statusdesk.facts import JobClass
from statusdesk.job_classes import class_of

TOKEN_JOBS = frozenset({"vault-rotate", "deploy-shop", "infra/seed-all", "env-create", "a-b"})
SETTINGS = JenkinsSettings(url="http://j", token_jobs=TOKEN_JOBS)


@pytest.mark.parametrize(
    ("name", "job_class"),
    [
        ("vault-rotate", JobClass.RENEWAL),
        ("deploy-shop", JobClass.DEPLOY),  # a pipeline that deploys, and renews the token that it uses
        ("infra/seed-all", JobClass.SEED),
        ("a/b", JobClass.RENEWAL),  # with dashes for the slashes of folders
        ("infra/vault-rotate", JobClass.OTHER),
        ("vault-renew-web", JobClass.RENEWAL),
        ("seed-tokens", JobClass.SEED),
        ("deploy-web", JobClass.DEPLOY),
        ("env-create", JobClass.ENVIRONMENT),
    ],
)
def test_a_job_that_no_glob_takes_and_a_token_names_renews_it(name, job_class):
    assert class_of(name, SETTINGS) is job_class


def test_the_configuration_tells_the_jobs_that_its_tokens_name(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        """stages = ["testing"]
[jenkins]
url = "http://j"
[vault]
address = "http://127.0.0.1:8200"
[[vault.token]]
name = "web"
accessor = "a1"
renewal_job = "platform/rotate"
[[vault.token]]
name = "mail"
accessor = "a2"
"""
    )
    config = load(path, env={"VAULT_TOKEN": "t"})
    assert config.jenkins is not None and config.jenkins.token_jobs == {"platform/rotate"}
