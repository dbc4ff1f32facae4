"""A line of JSON in full: a field per row, and texts of several lines, such as stack traces, over rows of their own."""

import msgspec

from screens.log_json import trace_lines
from statusdesk.redact import may_hold_secret, redact
from statusdesk.text import clean_line


def pretty(text: str, *, redacted: bool = True) -> str:
    """Return JSON on several lines, any other text as it is; what its escapes stand for is made harmless again.

    ``redacted``: secrets that only escapes kept from being seen are hidden.
    """
    if text[:1] not in "{[":
        return text
    text = redact(text) if redacted and may_hold_secret(text) else text
    try:
        formatted = msgspec.json.format(text.encode(), indent=2).decode()
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    return "\n".join(row for line in formatted.split("\n") for row in _rows(line, redacted))


def _rows(line: str, redacted: bool) -> list[str]:
    """Return one line of formatted JSON, its text below its name where that has lines of its own."""
    named = _named_text(line.strip().removesuffix(",")) if "\\n" in line else None
    if named is None or "\n" not in named[1].strip():
        return [clean_line(line, len(line) + 8)]
    blank = " " * (len(line) - len(line.lstrip(" ")))
    name = clean_line(named[0], len(named[0]))
    whole = "\n".join([f'{blank}"{name}":' if name else f"{blank}-", *trace_lines(named[1])])
    head, *below = (redact(whole) if redacted else whole).split("\n")
    return [head, *(f"{blank}  {each}" for each in below)]


def _named_text(field: str) -> tuple[str, str] | None:
    """Return the name and the text of a field, of an element of an array without a name; None of what is no text."""
    if not field.endswith('"'):
        return None
    try:
        ((name, value),) = msgspec.json.decode(f"{{{field}}}", type=dict[str, str]).items()
    except msgspec.DecodeError:
        return "", msgspec.json.decode(field, type=str)
    return name, value
