"""Opinions: pure functions from facts to level, reason and message."""
