"""An error that ends a command, as one sentence on stderr and an exit code."""

import errno
import sys
from collections.abc import Mapping
from types import MappingProxyType

from statusdesk import exit_codes
from statusdesk.cli.usage import UsageError
from statusdesk.config_file import ConfigError
from statusdesk.console_requests import RequestError
from statusdesk.credentials import CredentialError
from statusdesk.faults import named, trace
from statusdesk.redact import redact
from statusdesk.store.errors import LockHeld, StoreError

UNWRITABLE: Mapping[int, str] = MappingProxyType(
    {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the quota of the disk is used up",
        errno.EFBIG: "the file would be larger than is allowed",
        errno.EIO: "the device fails (input/output error)",
    }
)
"""What can be wrong with the place where a command writes; errors of the store are told by the store."""


def tell(error: Exception, *, verbose: bool) -> int:
    """Say what went wrong and return the exit code; a traceback only when the error is ours and it was asked for."""
    if isinstance(error, ConfigError):
        for problem in error.problems:
            _say(problem)
        return exit_codes.USAGE
    for kind, code in (
        (UsageError, exit_codes.USAGE),
        (CredentialError, exit_codes.USAGE),
        (LockHeld, exit_codes.ALREADY_RUNNING),
        (StoreError, exit_codes.CANNOT_TELL),
        (RequestError, exit_codes.CANNOT_TELL),
    ):
        if isinstance(error, kind):
            _say(str(error))
            return code
    if isinstance(error, OSError) and (why := UNWRITABLE.get(error.errno or 0)):
        _say(f"the output cannot be written: {why}; it is not complete")
        return exit_codes.CANNOT_TELL
    if verbose:
        print(trace(error), file=sys.stderr)
    hint = "" if verbose else "; run it again with -v for the details"
    _say(f"internal error: {named(error)}{hint}")
    return exit_codes.INTERNAL


def problem_of(error: Exception) -> str:
    """Return what went wrong as one line."""
    said = "; ".join(error.problems) if isinstance(error, ConfigError) else str(error) or type(error).__name__
    return " ".join(redact(said).split())


def _say(sentence: str) -> None:
    one_line = " ".join(redact(sentence).split())
    print(f"statusdesk: {one_line}", file=sys.stderr)
