"""``check`` says which names and patterns of jobs speak of no job that there is."""

import pytest

from statusdesk.cli.check_jobs import held_against, unmatched
from statusdesk.config import (
    AppSettings,
    Config,
    EnvironmentSettings,
    JenkinsSettings,
    StoreSettings,
    TokenSettings,
    VaultSettings,
)

NAMES = ["seed-everything", "vault-renew-orders", "infra/env-create", "deploy-orders", "team/a/deploy-web"]


def config(tokens=(), apps=(), environments=None, **jenkins) -> Config:
    return Config(
        path="c",
        stages=(),
        clusters=(),
        store=StoreSettings(state_dir="s"),
        jenkins=JenkinsSettings(url="http://x", **jenkins),
        vault=VaultSettings(address="https://v", tokens=tokens),
        environments=environments or EnvironmentSettings(),
        apps=apps,
    )


def token(renewal_job) -> TokenSettings:
    return TokenSettings(name="t", accessor="a", renewal_job=renewal_job)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (config(), []),
        (config(seed_jobs=("seed*",), renewal_jobs=("vault-renew*", "renew-*", "*token-renew*")), []),
        (config(tokens=(token(""), token("vault-renew-orders"), token("infra-env-create"))), []),
        (
            config(tokens=(token("vault-renew-orders"), token("vault-renew-order"))),
            ["vault.token[2].renewal_job: no job that Jenkins lists matches 'vault-renew-order';"
             " did you mean 'vault-renew-orders'?"],
        ),
        (
            config(seed_jobs=("seed*", "sead*")),
            ["jenkins.seed_jobs: no job that Jenkins lists matches 'sead*'; did you mean 'seed-everything'?"],
        ),
        (
            config(environment_jobs=("env-creat",)),
            ["jenkins.environment_jobs: no job that Jenkins lists matches 'env-creat';"
             " did you mean 'infra/env-create'?"],
        ),
        (
            config(deploy_jobs=("deploy*",), renewal_jobs=("zzz*",)),
            ["jenkins.renewal_jobs: no job that Jenkins lists matches 'zzz*'; correct it, or take it out"],
        ),
        (
            config(environments=EnvironmentSettings(create_jobs=("infra/*create*", "env-create"))),
            ["environments.create_jobs: no job that Jenkins lists matches 'env-create';"
             " did you mean 'infra/env-create'?"],
        ),
        (
            config(
                namespace_patterns=(r"^team/(?P<ns>\w+)/", r"^squad/(?P<ns>\w+)/deploy-web"),
                namespace_folders=("infra = ops",),
            ),
            [r"jenkins.namespace_patterns: no job that Jenkins lists matches '^squad/(?P<ns>\w+)/deploy-web';"
             " did you mean 'team/a/deploy-web'?"],
        ),
        (
            config(namespace_folders=("teem = a",)),
            ["jenkins.namespace_folders: no job that Jenkins lists matches 'teem = a'; correct it, or take it out"],
        ),
        (
            config(apps=(AppSettings(name="a", jobs=("deploy-*", "deploy-order")),)),
            ["app[1].jobs: no job that Jenkins lists matches 'deploy-order'; did you mean 'deploy-orders'?"],
        ),
    ],
)  # fmt: skip
def test_what_speaks_of_no_job_is_told_with_where_it_is_and_the_nearest_name(settings, said):
    assert list(unmatched(settings, NAMES)) == said


def test_jobs_of_environments_that_neither_make_nor_destroy_one_are_told():
    names = ["env-create", "env-destroy", "env-backup"]
    assert list(held_against(config(), names[:2])) == []
    assert list(held_against(config(), names)) == [
        "jenkins.environment_jobs: 'env-backup' is in neither create_jobs nor destroy_jobs of [environments], so that"
        " it counts for no environment; name it there, or leave out here what does neither"
    ]
    [said] = held_against(config(), ["infra/env-extend", *names])
    assert "'infra/env-extend' and 1 other are in neither" in said and "so that they count" in said
    assert list(held_against(config(environment_jobs=("env-create", "env-destroy")), names)) == []
