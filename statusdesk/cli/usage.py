"""A command line that was understood but cannot be carried out."""

from typing import NoReturn


class UsageError(Exception):
    """The text says what cannot be carried out and what to do instead."""


def refuse(sentence: str) -> NoReturn:
    """End the command with exit code 2 and one sentence.

    Raises: UsageError.
    """
    raise UsageError(sentence) from None
