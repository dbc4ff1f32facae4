"""What an accessor of Vault looks like, by which a token is known without being held."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from statusdesk.redact import begins_like_token
from statusdesk.text import clean

MAX_BYTES = 1024


class Read(NamedTuple):
    """What a file tells: the accessor in it, or why it tells none and how to mend that; never what else it holds."""

    accessor: str = ""
    problem: str = ""


def accessor_problem(accessor: str) -> str:
    """Return what is wrong with an accessor and how to mend it, for a sentence; empty where nothing is."""
    if begins_like_token(accessor):
        return "looks like a token, not an accessor; put what `vault token lookup` calls accessor, and revoke it"
    if not accessor or re.search(r"\s", accessor):
        return "is no accessor; put what `vault token lookup` calls accessor"
    return ""


def read_accessor(file: Path) -> Read:
    """Return the accessor that a file holds, or the sentence of why it holds none, which names the file only."""
    name = clean(str(file))
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_BYTES).decode("utf-8").strip()
    except OSError as error:
        return Read(problem=f"{name} cannot be read: {os.strerror(error.errno or 0)}; put the accessor there")
    except UnicodeDecodeError:
        return Read(problem=f"{name} cannot be read: not UTF-8 text; put the accessor there")
    if not text:
        return Read(problem=f"{name} is empty; put the accessor there")
    wrong = accessor_problem(text)
    return Read(problem=f"what {name} holds {wrong}") if wrong else Read(accessor=text)
