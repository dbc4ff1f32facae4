"""Where an alert leads, whatever its workload is called."""

from msgspec.structs import replace

from screens.alert_ways import logs_of, rollout_of
from tests.screens import alerts


def test_an_alert_of_a_workload_with_a_name_of_its_own_leads_to_its_app():
    shown = alerts.board()
    row, rollout = next(
        (row, rollout) for row in shown.rows for cell in row.cells if cell is not None for rollout in cell.rollouts
    )
    about = replace(
        alerts.FAILING, app=f"{row.app}/worker", cluster=rollout.cluster, namespace=rollout.namespace,
        subject=f"RolloutState:{rollout.key}",
    )  # fmt: skip
    assert rollout_of(about, shown) == rollout.key
    request = logs_of(about, shown)
    assert request is not None
    assert rollout_of(replace(about, app="nothing/worker"), shown) == ""
