"""From the event that completes a rule to its verdict in the store.

A pod whose container cannot be made (CreateContainerConfigError) fails its rollout at once. A watch of our own, beside
the collector's, tells when the API server has sent that event; the store is looked at every 2 ms until its row says
failing. The other side is what the issue allows: 150 ms, which contains the batch of the writer (60 ms).
"""

import http.client
import json
import statistics
import threading
import time
from urllib.parse import urlsplit

from demo_world import collecting, order, store_of, world
from report import finish, side
from stored import Stored

CASES, ALLOWED_MS = 60, 150.0
FAILING = "select 1 from rollout_current where level = 'failing' and key = ?"
PODS_KNOWN = "select count(*) > 10 from pod_current"


class Witness(threading.Thread):
    """A watch of the pods of one namespace; keeps when each app's pod was first seen to wait for its configuration."""

    def __init__(self, url: str, namespace: str) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self._connection.request("GET", f"/api/v1/namespaces/{namespace}/pods?watch=true")
        self._seen: dict[str, float] = {}
        self._news = threading.Condition()

    def run(self) -> None:
        for line in self._connection.getresponse():
            at_s = time.perf_counter()
            if b"CreateContainerConfigError" not in line:
                continue
            app = json.loads(line)["object"]["metadata"]["labels"]["app.kubernetes.io/name"]
            with self._news:
                self._seen.setdefault(app, at_s)
                self._news.notify_all()

    def wait(self, app: str) -> float:
        """Return when the event came."""
        with self._news:
            if not self._news.wait_for(lambda: app in self._seen, 30):
                raise TimeoutError(f"no event of {app}")
            return self._seen[app]


def main() -> None:
    took: list[float] = []
    options = ("--control", "--scenario", "calm", "--apps", "12", "--speed", "5")
    with world(*options) as ready, collecting(ready):
        stored = Stored(store_of(ready))
        stored.wait(PODS_KNOWN)
        witness = Witness(ready["kubernetes"], "testing")
        witness.start()
        for number in range(CASES):
            app = f"case-{number}"
            how = {"version": "1.0.0", "replicas": 1, "behaviour": "config-missing"}
            order(ready, "apply", namespace="testing", app=app, **how)
            stored_s = stored.wait(FAILING, f"demo/testing/Deployment/{app}")
            took.append((stored_s - witness.wait(app)) * 1000)
            order(ready, "delete", namespace="testing", app=app)
            time.sleep(0.05 + 0.0037 * (number % 17))
    median = side("event to verdict in the store", took, "ms")
    p95 = statistics.quantiles(took, n=20)[-1]
    print(f"p95 {p95:.1f} ms, {sum(each > ALLOWED_MS for each in took)} of {CASES} over {ALLOWED_MS:.0f} ms")
    side("allowed: one batch", [ALLOWED_MS], "ms")
    finish(f"event to verdict in the store, p95 (median {median:.0f} ms) / allowed", p95 / ALLOWED_MS, 1.0)


if __name__ == "__main__":
    main()
