"""Time until the first line of ``statusdesk logs`` is out, against a trivial program with the same HTTP client.

The trivial program imports urllib3 and PyYAML, reads the kubeconfig, asks for the pods of the namespace and for the
log of the first of them, and prints it. Both ask the same server, for the same app of one pod.
"""

import os
import subprocess
import sys
import time

from demo_world import argv_of, world
from report import finish, side

RUNS = 9
TARGET = 2.0
NAMESPACE, APP = "production", "web"
TRIVIAL = f"""
import json, os
import urllib3, yaml
config = yaml.safe_load(open(os.environ["KUBECONFIG"]))
server, token = config["clusters"][0]["cluster"]["server"], config["users"][0]["user"].get("token", "")
pool = urllib3.PoolManager()
def ask(path, query):
    return pool.request("GET", server + path, fields=query, headers={{"Authorization": "Bearer " + token}}).data
base = "/api/v1/namespaces/{NAMESPACE}/pods"
pods = json.loads(ask(base, {{"labelSelector": "app.kubernetes.io/name={APP}"}}))
print(ask(base + "/" + pods["items"][0]["metadata"]["name"] + "/log", {{"tailLines": "1"}}).decode())
"""


def seconds(argv: list[str], environment: dict[str, str]) -> float:
    """Return the seconds from the start of a program to its first line."""
    begun_s = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        took_s = time.perf_counter() - begun_s
        child.terminate()
    if not line.strip():
        sys.exit(f"{argv}: no line")
    return took_s


def main() -> None:
    mine: list[float] = []
    theirs: list[float] = []
    with world("--apps=4", "--scenario=calm") as ready:
        environment = {**os.environ, "KUBECONFIG": ready["kubeconfig"]}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        ours = argv_of(ready, "logs", APP, "-n", NAMESPACE, "--tail=1")
        trivial = [sys.executable, "-c", TRIVIAL]
        for run in range(RUNS + 1):
            took = seconds(ours, environment), seconds(trivial, environment)
            if run:  # the first one writes the compiled modules
                mine.append(took[0] * 1000)
                theirs.append(took[1] * 1000)
    a = side("statusdesk logs: start to first line", mine, "ms")
    b = side("trivial program with the same client: the same", theirs, "ms")
    finish("start of logs / of a trivial program", a / b, TARGET)


if __name__ == "__main__":
    main()
