"""A fault of our own, told by its kind and its place; never by its text, which may hold secrets."""

import traceback
from pathlib import PurePath

from statusdesk.redact import redact

INTERNAL = "Internal"


def named(error: BaseException) -> str:
    """Return what kind of fault it is and where it was met."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    place = f" ({PurePath(step.tb_frame.f_code.co_filename).name}:{step.tb_lineno})" if step is not None else ""
    return f"{type(error).__name__}{place}"


def told(error: BaseException) -> str:
    """Return one sentence that says what kind of fault it is and where it was met."""
    return f"statusdesk itself failed with {named(error)}: report this"


def trace(error: BaseException) -> str:
    """Return where it was met, call by call, without what looks like a secret; only for who asks for it."""
    return redact("".join(traceback.format_exception(error))).rstrip()
