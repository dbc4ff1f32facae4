"""What ``statusdesk check`` has found."""

from typing import NamedTuple

OK, WARNING, FAILED = "ok", "warning", "FAIL"


class Finding(NamedTuple):
    """One thing looked at: what, ``ok``, ``warning`` or ``FAIL``, and a sentence."""

    what: str
    result: str
    message: str
