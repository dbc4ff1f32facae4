"""The demo world as a child process, for measurements that need three living sources."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def world(*options: str) -> Iterator[dict[str, str]]:
    """Serve a world with these options of ``statusdesk demo`` and yield what it prints when ready."""
    argv = [sys.executable, "-m", "statusdesk", "demo", "--serve", *options]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        try:
            yield json.loads(child.stdout.readline())
        finally:
            child.stdin.close()
            child.wait(20)
