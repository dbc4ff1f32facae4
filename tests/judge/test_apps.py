import pytest

from statusdesk.config import AppSettings
from statusdesk.judge.apps import match_job

APPS = {"orders", "orders-api", "billing", "api", "web", "pay-ments"}
RULES = (AppSettings(name="legacy", jobs=("old/*", "release-monolith")),)


@pytest.mark.parametrize(
    ("job", "app"),
    [
        ("deploy-orders", "orders"),
        ("deploy-orders-api", "orders-api"),
        ("orders", "orders"),
        ("orders-deploy", "orders"),
        ("shop/team-a/deploy-billing", "billing"),
        ("billing/deploy", None),
        ("deploy-ordersx", None),
        ("deploy-reorders", None),
        ("deploy-pay-ments-prod", "pay-ments"),
        ("deploy-web-api", "api"),
        ("web", "web"),
        ("seed", None),
        ("", None),
        ("old/deploy-orders", "legacy"),
        ("release-monolith", "legacy"),
        ("deploy--orders", "orders"),
    ],
)
def test_job(job: str, app: str | None) -> None:
    assert match_job(job, APPS, RULES) == app


def test_without_the_longer_app_the_shorter_one_has_it() -> None:
    assert match_job("deploy-orders-api", {"orders"}, ()) == "orders"
