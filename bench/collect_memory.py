"""Peak memory of the collector at 10,000 pods, against the Kubernetes client's own list call."""

from collect_pods import main

if __name__ == "__main__":
    main("memory")
