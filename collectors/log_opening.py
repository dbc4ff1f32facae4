"""Makes the followers of logs out of the settings; the one door through which a screen gets at them.

The clients of Kubernetes and Jenkins are imported when a follower is opened, not when this is imported.
"""

from typing import TYPE_CHECKING

from collectors.log_lines import LogFollower, Manner, Selection

if TYPE_CHECKING:
    from statusdesk.config import Config


def open_pod_logs(config: "Config", selection: Selection) -> LogFollower:
    """Return a follower of the logs of pods, not started yet; clusters of targets are names of ``[[cluster]]``.

    Raises: LookupError for another cluster.
    """
    from collectors.kubernetes_names import AppRules
    from collectors.pod_logs import PodLogs

    clusters = {settings.name: settings for settings in config.clusters}
    return PodLogs(clusters, AppRules(config.apps), selection)


def open_console(
    config: "Config",
    job: str,
    build: int | None = None,
    *,
    redact: bool = True,
    revealable: bool = False,
    colours: bool = False,
    follow: bool = True,
) -> LogFollower:
    """Return a follower of the console log of a build (the last one where None), not started yet.

    Raises: LookupError when there is no Jenkins in the configuration.
    """
    from pathlib import Path

    from collectors.jenkins_console import JenkinsConsole
    from statusdesk.credentials import read_secret

    settings = config.jenkins
    if settings is None:
        raise LookupError("there is no Jenkins in the configuration: add [jenkins] url")
    secret = settings.token
    token = None if secret is None else lambda: read_secret(secret, Path(config.path).parent)
    manner = Manner(redact=redact, revealable=revealable, colours=colours)
    return JenkinsConsole(settings, token, job, build, manner=manner, follow=follow)
