"""(job, namespace) pairs shown right, of a fleet of 500 jobs with 20 builds over 8 namespaces, against job colours.

Ours: the states of a desk fed by the collector, held against the world's own truth. The other side is what a wall of
job colours says of each pair. The ratio is of wrong pairs, ours to theirs, and the target is none at all.
"""

import json
import time
import urllib.request
from pathlib import Path

from demo_world import collecting, order, store_of, world
from report import finish, side

from statusdesk.store.errors import StoreError
from statusdesk.store.reader import Reader

JOBS, BUILDS, PATIENCE_S = 500, 20, 180.0
COLOURS = {"blue": "SUCCESS", "red": "FAILURE", "yellow": "UNSTABLE"}
Pair = tuple[str, str]


def truth(control: str) -> dict[Pair, str]:
    """Return the result of the newest conclusive build of each pair of the fleet, empty where there is none."""
    with urllib.request.urlopen(f"{control}/truth", timeout=60) as answer:
        builds = json.loads(answer.read())["builds"]
    pairs = {tuple(key.rpartition("@")[::2]): entry["result"] or "" for key, entry in builds.items()}
    return {(job, namespace): result for (job, namespace), result in pairs.items() if "deploy-fleet-" in job}


def shown(store: Path) -> tuple[dict[Pair, str], dict[str, str]]:
    """Return the result of each pair as the store has it, and what the colour of each job says."""
    try:
        with Reader(store) as reader:
            changes = reader.changes(0)
    except StoreError:
        return {}, {}
    colours = {job.name: COLOURS.get(job.color.removesuffix("_anime"), "") for job in changes.jobs}
    return {(build.job, build.namespace): build.result for build in changes.builds}, colours


def main() -> None:
    with world("--scenario", "calm", "--apps", "1", "--control") as ready:
        order(ready, "fleet", add=JOBS, builds=BUILDS)
        real = truth(ready["control"])
        with collecting(ready):
            end_s = time.monotonic() + PATIENCE_S
            pairs, colours = shown(store_of(ready))
            while not real.keys() <= pairs.keys() and time.monotonic() < end_s:
                time.sleep(1)
                pairs, colours = shown(store_of(ready))
    wrong = sum(pairs.get(pair) != result for pair, result in real.items())
    by_colour = sum(colours.get(job) != result for (job, _), result in real.items())
    green = {job for job, result in colours.items() if result == "SUCCESS"}
    hidden = {job for (job, _), result in real.items() if result == "FAILURE" and job in green}
    print(
        f"{len(real)} pairs of {JOBS} jobs; {len(hidden)} jobs look green while a namespace's newest build has failed"
    )
    share = 100 / len(real)
    side("statusdesk: pairs shown right", [100 - wrong * share], "%")
    side("job colours: pairs shown right", [100 - by_colour * share], "%")
    finish("wrong pairs", wrong / max(1, by_colour), 0.0)


if __name__ == "__main__":
    main()
