"""The desk: what is on its way to production, what is failing on that way, and why."""

__version__ = "0.1.0"
