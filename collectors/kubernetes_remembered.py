"""What repeats in a cluster's answers, worked out once: clean text, times, the app of a workload."""

import datetime

from collectors.kubernetes_names import AppRules
from collectors.kubernetes_skew import Skew
from statusdesk.redact import safe
from statusdesk.text import MAX_CHARS, clean

MAX_REMEMBERED = 5_000

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MS = datetime.timedelta(milliseconds=1)


class Texts(dict[str, str]):
    """Outside text -> clean text, each made once; forgets everything when it grows too large."""

    def __missing__(self, text: str) -> str:
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        cleaned = self[text] = clean(text)
        return cleaned


class Messages(Texts):
    """Outside text -> clean text without secrets, each made once; what is long hardly ever comes again."""

    def __missing__(self, text: str) -> str:
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        told = safe(text)
        if len(text) <= MAX_CHARS:
            self[text] = told
        return told


class Times(dict[str | None, int | None]):
    """RFC 3339 -> milliseconds of UTC by our clock, each parsed once; None for nothing and for what is no time."""

    def __init__(self, skew: Skew | None = None) -> None:
        super().__init__()
        self._skew = skew or Skew()
        self._skew.follow(self)

    def forget(self) -> None:
        """Tell every time anew."""
        self.clear()

    def __missing__(self, text: str | None) -> int | None:
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        moment_ms = None
        if text:
            try:
                moment_ms = (datetime.datetime.fromisoformat(text) - _EPOCH) // _MS - self._skew.ms
            except (ValueError, TypeError):  # TypeError: a time without a zone
                moment_ms = None
        self[text] = moment_ms
        return moment_ms


class Apps(dict[tuple[str, str], str]):
    """(workload, label) -> app by the rules, each looked for once."""

    def __init__(self, rules: AppRules) -> None:
        super().__init__()
        self._rules = rules

    def __missing__(self, key: tuple[str, str]) -> str:
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        workload, label = key
        app = self[key] = self._rules.app_of(workload, label) if workload else label
        return app
