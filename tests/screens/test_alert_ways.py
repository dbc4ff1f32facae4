"""Where an alert leads, whatever its workload is called."""

from msgspec.structs import replace

from screens.alert_ways import logs_of, rollout_of
from statusdesk.facts import Container, ContainerRole
from tests.screens import alerts, boards


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


def test_the_logs_of_an_alert_begin_where_the_container_failed_if_that_was_before():
    shown, alert = alerts.board(), alerts.FAILING
    key = rollout_of(alert, shown)
    rollout = next(
        each for row in shown.rows for cell in row.cells if cell for each in cell.rollouts if each.key == key
    )
    before_ms = alert.started_ms - 5 * boards.MINUTE

    def begins(name, container, **state):
        crashed = replace(
            boards.pods(key)[0], name=name, containers=(Container(name=container, role=ContainerRole.APP, **state),)
        )
        return logs_of(alert, shown, (crashed, boards.pods(key)[1])).at_ms

    crashes = {"state": "waiting", "last_exit_code": 1, "last_finished_ms": before_ms}
    assert begins(rollout.pod, rollout.container, **crashes) == before_ms
    loops = crashes | {"state": "running", "since_ms": before_ms + boards.MINUTE}
    assert begins(rollout.pod, rollout.container, **loops) == before_ms
    later = {"state": "terminated", "exit_code": 1, "since_ms": alert.started_ms + boards.MINUTE}
    assert begins(rollout.pod, rollout.container, **later) == alert.started_ms
    assert begins(rollout.pod, "another", **crashes) == alert.started_ms, "it is not to blame"
    assert begins("another", rollout.container, **crashes) == alert.started_ms
    long_ago = {"last_exit_code": 137, "last_finished_ms": alert.started_ms - 7 * boards.DAY}
    runs = {"state": "running", "since_ms": alert.started_ms - 7 * boards.DAY}
    assert begins(rollout.pod, rollout.container, **runs, **long_ago) == alert.started_ms, "it is another trouble"
    assert begins(rollout.pod, rollout.container, state="waiting", **long_ago) is None, "its last lines, not a week's"
