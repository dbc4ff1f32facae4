"""Our own secrets hidden in what a source answers: a server, or a job on it, may tell what it was sent."""

import base64
import json
import re
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from collectors.transport import plain_url
from statusdesk.redact import HIDDEN, looks_secret, safe

LEAST_CHARS = 8
"""What is shorter is no secret, and stands in words that mean something else."""
_CODED = 5
_ESCAPED = re.compile(rb"\\u00[2-7]")  # JSON may write any character so, but nobody writes one of ASCII so


def _written(form: str) -> tuple[bytes, ...]:
    """Return a form as it stands in a plain answer, and as JSON writes it: with escapes, and in ASCII or not."""
    return (form.encode(), *(json.dumps(form, ensure_ascii=ascii_only)[1:-1].encode() for ascii_only in (True, False)))


class Mask:
    """The secret of one connection, in all forms that an answer may hold it in."""

    def __init__(self, secret: str, user: str = "") -> None:
        forms = [secret, quote(secret, safe="")] if len(secret) >= LEAST_CHARS else []
        if forms and user:
            forms.append(base64.b64encode(f"{user}:{secret}".encode()).decode().rstrip("="))
        self.forms = tuple(dict.fromkeys(forms))
        self._sought = tuple(dict.fromkeys(sought for form in self.forms for sought in _written(form)))

    def text(self, text: str) -> str:
        """Return a text without the secret."""
        for form in self.forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        return text

    def body(self, body: bytes) -> bytes:
        """Return an answer without the secret; one that does not hold it is only searched."""
        for sought in self._sought:
            if sought in body:
                return self._hidden(body)
        if self._sought and b"\\u00" in body and _ESCAPED.search(body):
            return self._hidden(body)
        return body

    def _hidden(self, body: bytes) -> bytes:
        """Hide it in the texts of JSON, so that names and numbers stay as they are, else wherever it stands."""
        try:
            told = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            for sought in self._sought:
                body = body.replace(sought, HIDDEN.encode())
            return body
        masked = self._within(told)
        return body if masked == told else msgspec.json.encode(masked)

    def _within(self, told: Any) -> Any:  # noqa: ANN401  any JSON
        if isinstance(told, str):
            return self.text(told)
        if isinstance(told, list):
            return [self._within(each) for each in told]
        if isinstance(told, dict):
            return {name: self._within(each) for name, each in told.items()}
        return told

    def target(self, location: str) -> str:
        """Return where a redirect leads, for a sentence: without the secret, and without what looks like one."""
        told = decoded = plain_url(self.text(location))
        for _ in range(_CODED):
            decoded = unquote(decoded)
        if looks_secret(decoded) or self.text(decoded) != decoded:
            told = self.text(decoded)
        return safe(told)
