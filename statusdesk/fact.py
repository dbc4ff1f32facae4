"""What all facts have in common."""

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of all facts: frozen, slotted, and kept out of the cyclic garbage collector (facts hold no cycles)."""
