"""``statusdesk`` that kills itself with SIGKILL at one moment of the life of one alert.

Arguments: the moment (``commit``: an alert is committed and nobody was told; ``am``, ``hook``: that sink has taken it
and nothing of that is kept), the app, the state of its alert, then those of statusdesk.
"""

import os
import signal
import sys
from collections.abc import Iterable

from statusdesk.alerts.telling import News
from statusdesk.cli import main
from statusdesk.sinks.message import Message
from statusdesk.sinks.peers import Peer
from statusdesk.sinks.teller import Sinks
from statusdesk.sinks.webhook import Webhook
from statusdesk.states_alerts import AlertState


def _arrange(moment: str, app: str, state: str) -> None:
    def die_for(alerts: Iterable[AlertState]) -> None:
        if any(alert.app == app and alert.state == state for alert in alerts):
            os.kill(os.getpid(), signal.SIGKILL)

    tell, send, worked = Sinks.tell, Webhook.send, Peer._worked

    def told(self: Sinks, news: News) -> None:
        die_for([*(news.standing or ()), *(alert for each in news.queued for alert in each.alerts)])
        tell(self, news)

    def sent(self: Webhook, message: Message) -> None:
        send(self, message)
        die_for(message.notification.alerts)

    def posted(self: Peer, *given: int) -> None:
        die_for(self._standing.alerts() or ())
        worked(self, *given)

    if moment == "commit":
        Sinks.tell = told  # type: ignore[method-assign]
    elif moment == "hook":
        Webhook.send = sent  # type: ignore[method-assign]
    else:
        Peer._worked = posted  # type: ignore[method-assign]


if __name__ == "__main__":
    _arrange(*sys.argv[1:4])
    sys.exit(main(sys.argv[4:]))
