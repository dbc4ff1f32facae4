"""What ``statusdesk check`` says of a source: one line per thing tried."""

import msgspec


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One thing tried at a source: whether it works, what it was, and a sentence with how to mend it when not.

    ``warns``: what does not work can be done without.
    """

    ok: bool
    what: str
    message: str
    warns: bool = False
