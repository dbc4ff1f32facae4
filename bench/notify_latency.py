"""From the first failing state at the API server to the notification at a webhook, for a rule without ``for``.

A pod whose container cannot be made (CreateContainerConfigError) fails its rollout at once. A watch of our own, beside
the collector's, tells when the API server has sent that event; the webhook tells when the message has come. Nothing
waits for a group (``group_wait = "0s"``) and each app is a group. The other side is what the issue allows: 1 s.
"""

import http.server
import json
import statistics
import threading
import time
from pathlib import Path

from demo_world import collecting, order, store_of, world
from report import finish, side
from stored import Stored
from verdict_latency import PODS_KNOWN, Witness

CASES, ALLOWED_MS = 60, 1000.0
SETTINGS = """
[alerts]
group_wait = "0s"
group_by = ["alertname", "app"]
[[sink]]
name = "hook"
type = "webhook"
urls = ["{url}"]
"""


class Webhook(http.server.ThreadingHTTPServer):
    """Keeps when each app's rollout was first told as failing."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}
        self.news = threading.Condition()
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                at_s = time.perf_counter()
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                with webhook.news:
                    for alert in told["alerts"]:
                        labels = alert["labels"]
                        if (labels["alertname"], alert["status"]) == ("RolloutFailing", "firing"):
                            webhook.seen.setdefault(labels["app"], at_s)
                    webhook.news.notify_all()

            def log_message(self, *args: object) -> None:
                return

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait(self, app: str) -> float:
        """Return when the message came."""
        with self.news:
            if not self.news.wait_for(lambda: app in self.seen, 30):
                raise TimeoutError(f"no message about {app}")
            return self.seen[app]


def main() -> None:
    took: list[float] = []
    webhook = Webhook()
    options = ("--control", "--scenario", "calm", "--apps", "12", "--speed", "5")
    with world(*options) as ready:
        config = Path(ready["config"])
        url = f"http://127.0.0.1:{webhook.server_address[1]}"
        config.write_text(config.read_text() + SETTINGS.format(url=url))
        with collecting(ready):
            Stored(store_of(ready)).wait(PODS_KNOWN)
            witness = Witness(ready["kubernetes"], "testing")
            witness.start()
            for number in range(CASES):
                app = f"case-{number}"
                how = {"version": "1.0.0", "replicas": 1, "behaviour": "config-missing"}
                order(ready, "apply", namespace="testing", app=app, **how)
                told_s = webhook.wait(app)
                took.append((told_s - witness.wait(app)) * 1000)
                order(ready, "delete", namespace="testing", app=app)
                time.sleep(0.05 + 0.0037 * (number % 17))
    median = side("failing state to notification at the webhook", took, "ms")
    p95 = statistics.quantiles(took, n=20)[-1]
    side("allowed", [ALLOWED_MS], "ms")
    finish(f"failing state to webhook, p95 {p95:.0f} ms (median {median:.0f} ms) / allowed", p95 / ALLOWED_MS, 1.0)


if __name__ == "__main__":
    main()
