"""What looks like a secret: told, and taken out of text before it is stored, shown or sent.

The shapes of tokens are written here and nowhere else; an accessor of Vault never has one of them.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from statusdesk.redact_escapes import has_escapes, unescaped
from statusdesk.redact_formed import without_formed, without_registries
from statusdesk.redact_json import still_json
from statusdesk.redact_keys import KEY_MARK, KeyBody, LogStart, edges_of, is_beginning, lines_before_end, without_keys
from statusdesk.redact_named import folded, is_plain, without_named
from statusdesk.redact_said import without_said
from statusdesk.redact_values import HIDDEN as HIDDEN
from statusdesk.redact_values import word_begins
from statusdesk.text import MAX_CHARS, clean, clean_line

LINE_CHARS = 1_000
MAX_KEY_LINES = 200
_TOKEN_BEGINS = re.compile(r"(?:hv[sbr]|[sbr])\.")  # of Vault and OpenBao: service, batch and recovery
_TOKEN = re.compile(_TOKEN_BEGINS.pattern + r"[A-Za-z0-9_-]{20,}")
_TOKEN_TEXT = re.compile(word_begins("[hsbr]") + r"(?:(?<=h)v[sbr]|(?<=[sbr]))\.[A-Za-z0-9_-]{20,}")
_JWT_BEGINS = re.compile(word_begins("eyJ") + r"[A-Za-z0-9_-]{8,}\.")
_JWT_TEXT = re.compile(_JWT_BEGINS.pattern + r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
_USERINFO_TEXT = re.compile(r"(://[^\s/:@\"']{0,200}:)([^\s/\"']{1,400})(?=@)")  # up to the last @
# tokens whose beginning says who made them: GitHub, GitLab, AWS, Slack, npm, Docker, Stripe, Google, OpenShift,
# Anthropic, OpenAI, PyPI, DigitalOcean
_MADE = {
    "g": r"h[pousr]_[A-Za-z0-9]{16,}|ithub_pat_[A-Za-z0-9_]{16,}|lpat-[A-Za-z0-9_-]{16,}",
    "A": r"[KS]IA[A-Z0-9]{16}|Iza[A-Za-z0-9_-]{35}",
    "x": r"ox[abeprs]-[A-Za-z0-9-]{10,}|app-\d-[A-Za-z0-9-]{10,}",
    "n": r"pm_[A-Za-z0-9]{16,}",
    "d": r"ckr_pat_[A-Za-z0-9_-]{16,}|o[opr]_v1_[a-f0-9]{32,}",
    "s": r"k_(?:live|test)_[A-Za-z0-9]{16,}|ha256~[A-Za-z0-9_-]{32,}|k-(?:ant|proj)-[A-Za-z0-9_-]{16,}",
    "r": r"k_(?:live|test)_[A-Za-z0-9]{16,}",
    "p": r"ypi-AgE[A-Za-z0-9_-]{16,}",
}
_MADE_WAYS = "|".join(f"(?<={letter})(?:{ways})" for letter, ways in _MADE.items())
_MADE_TEXT = re.compile(word_begins("[" + "".join(_MADE) + "]") + f"(?:{_MADE_WAYS})")
_DOTTED_WAYS = r"(?<=y)a29\.[A-Za-z0-9._-]{20,}|(?<=S)G\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{16,}"
_DOTTED_TEXT = re.compile(f"{word_begins('[yS]')}(?:{_DOTTED_WAYS})")
_BEARER_TEXT = re.compile(rf"(?i)({word_begins('bearer')}\s{{1,9}})([a-z0-9._~+/-]{{16,}}=*)")
_TOKENISH = re.compile(r"\.[A-Za-z0-9_-]{20}")  # begins with a letter that can be found fast
# words that are looked for together, each marked where that begins which they share: what is rare is found faster
_SOUGHT = (
    ("|key", "to|ken", "coo|kie", "s|k-ant-", "s|k-proj-"),
    ("se|cret", "|credentials="),
    ("|pass", "|pwd", "ot|p=", "|pypi-age"),
    ("aut|horization", 'aut|h"', "aut|h\\", "aut|h'"),
    ("|bearer", " |by '", ' |by "', " |by \\"),
    ("://",),
    ("se|ss",),
    ("cur|l", "mysq|l", " |login "),
    ("si|g=", "si|gnature="),
)
_NEEDLES = tuple(word.replace("|", "") for words in _SOUGHT for word in words)
_LONG_CHARS = 2_000  # from here on an expression finds a word twice as fast as ``in`` does
# each begins with one letter, which is found many times faster than a word; no false "no" for what _MADE_TEXT hides
_AFTER_MAKER = re.compile(r"_[A-Za-z0-9_-]{16}")
_LAB_TOKEN = re.compile("glpat-")
_CHAT_TOKEN = re.compile(r"x(?=ox[abeprs]-|app-\d-)")
_CLOUD_KEY = re.compile(r"A(?:[KS]IA[A-Z0-9]{16}|Iza[A-Za-z0-9_-]{35})")
_SUSPECT = re.compile(f"(?:{_TOKEN_TEXT.pattern})|(?:-----BEGIN )|(?:{_JWT_BEGINS.pattern})|(?:{_MADE_TEXT.pattern})")


def _found_by(words: Sequence[str]) -> str:
    """Return the expression of words that are looked for together."""
    halves = [tuple(map(re.escape, word.rpartition("|")[::2])) for word in words]
    if len(words) == 1:
        ((before, rest),) = halves
        return f"{rest}(?<={before}{rest})" if before else rest
    letter = halves[0][1][0]
    ways = (f"(?<={before}{letter}){rest[1:]}" if before else rest[1:] for before, rest in halves)
    befores = "".join(sorted({before[-1:] for before, _ in halves}))
    guard = f"(?<=[{befores}]{letter})" if all(before for before, _ in halves) else ""  # one look in place of many
    return f"{letter}{guard}(?:{'|'.join(ways)})"


_FINDS = tuple(re.compile(_found_by(words)).search for words in _SOUGHT)


def begins_like_token(text: str) -> bool:
    """Tell whether a text begins as a token of Vault or OpenBao does."""
    return _TOKEN_BEGINS.match(text) is not None


def is_token(text: str) -> bool:
    """Tell whether the whole text has the shape of a token of Vault or OpenBao."""
    return _TOKEN.fullmatch(text) is not None


def looks_secret(text: str) -> bool:
    """Tell whether a text holds what may be a token, a private key or a signed token, also one that was cut off."""
    return _SUSPECT.search(text) is not None


def may_hold_secret(text: str) -> bool:
    """Tell fast whether to look closer: never false for what ``redact`` would change."""
    return _may_hold(text) or (has_escapes(text) and _may_hold(unescaped(text)))


def _may_hold(text: str) -> bool:
    lower = folded(text)
    if len(text) < _LONG_CHARS:
        for needle in _NEEDLES:  # noqa: SIM110  (each line comes by here)
            if needle in lower:
                return True
    elif any(find(lower) is not None for find in _FINDS):
        return True
    return _may_be_made(text) or ("J" in text and "eyJ" in text) or _TOKENISH.search(text) is not None


def _may_be_made(text: str) -> bool:
    if ("~" in text and "sha256~" in text) or _LAB_TOKEN.search(text) is not None:
        return True
    if _CHAT_TOKEN.search(text) is not None:
        return True
    return _AFTER_MAKER.search(text) is not None or _CLOUD_KEY.search(text) is not None


def redact(text: str, known: Collection[str] = ()) -> str:
    """Return the text without what looks like a token, and without the ``known`` secrets.

    Escapes stay as they are where nothing more is found in what they stand for.
    """
    shown = _redacted(text, known)
    if not has_escapes(text):
        return shown
    hidden = _redacted(unescaped(text), known)
    return shown if hidden == unescaped(shown) else hidden


def _redacted(text: str, known: Collection[str]) -> str:
    for secret in known:
        if secret:
            text = text.replace(secret, HIDDEN)
    return still_json(text, _without_shapes(text), _within, _without_pairs)


def _within(text: str) -> str:
    """Return what one string holds without what looks like a token."""
    return _without_shapes(text) if _may_hold(text) else text


def _without_pairs(text: str) -> str:
    """Return a text without what another string names."""
    return without_named(without_registries(text))


def _without_shapes(text: str) -> str:
    if "eyJ" in text:
        text = _JWT_TEXT.sub(HIDDEN, text)
    if "sk-" in text or "pypi-" in text or _may_be_made(text):
        text = _MADE_TEXT.sub(HIDDEN, text)
    if _TOKENISH.search(text) is not None:
        text = _DOTTED_TEXT.sub(HIDDEN, _TOKEN_TEXT.sub(HIDDEN, text))
    if KEY_MARK in text:
        text = without_keys(text)
    lower = folded(text)
    if "bearer" in lower:
        text = _BEARER_TEXT.sub(lambda found: found[0] if is_plain(found[2]) else found[1] + HIDDEN, text)
    if "pass" in lower:
        text = without_said(text, folded(text))
    if "://" in text:
        text = _USERINFO_TEXT.sub(lambda found: found[1] + HIDDEN, text)
    return without_named(without_formed(text, folded(text)))


class PrivateKeys:
    """Hides the bodies of private keys in the lines of one log; it remembers that it is inside one.

    One that has no beginning is known by its end, and where a log begins by lines like those of a key.
    """

    def __init__(self) -> None:
        self._body: KeyBody | None = None  # of the one that goes on
        self._start = LogStart()

    def are_in(self, whole: str) -> bool:
        """Tell fast whether ``redacted`` has to look at the lines that come next, joined."""
        return self._body is not None or KEY_MARK in whole

    def begun(self, lines: list[str]) -> list[str]:
        """Return the lines that come next, hidden as long as all that was read looks like the body of a key."""
        if not self._start.may_go_on:
            return lines
        body = self._start.takes(lines)
        return [HIDDEN] * body + lines[body:]

    def redacted(self, lines: Sequence[str]) -> list[str]:
        """Return the lines that come next redacted, those of keys hidden."""
        found: list[str] = []
        for at, line in enumerate(lines):
            edges = edges_of(line)
            if edges:
                if not is_beginning(edges[0]) and (self._body is None or self._body.bodies):
                    body = lines_before_end(lines[:at], line, edges[0])
                    found[at - body :] = [HIDDEN] * body
                self._body = KeyBody(line, edges[-1]) if is_beginning(edges[-1]) else None
            elif self._body is not None and self._takes(line, self._body):
                found.append(HIDDEN)
                continue
            found.append(redact(line) if may_hold_secret(line) else line)
        return found

    def _takes(self, line: str, body: KeyBody) -> bool:
        """Tell whether a line is one of the key; one that never ends hides no log for ever."""
        is_its = body.takes(line)
        if body.lines >= MAX_KEY_LINES:
            self._body = None
        return is_its


def redact_lines(lines: Iterable[str]) -> list[str]:
    """Return the lines of a log redacted, the bodies of private keys that they hold hidden as well."""
    keys = PrivateKeys()
    return keys.redacted(keys.begun(list(lines)))


def safe(text: str, max_chars: int = MAX_CHARS) -> str:
    """Return outside text on one clean line without secrets; a secret is not saved by being cut in two."""
    if not text:
        return text
    cleaned = clean(text, max_chars * 4)
    return clean(redact(cleaned) if may_hold_secret(cleaned) else cleaned, max_chars)


def safe_lines(lines: Iterable[str], max_chars: int = LINE_CHARS) -> tuple[str, ...]:
    """Return lines of a log, clean, without secrets, each at most ``max_chars`` long; their indentation stays."""
    cleaned = (clean_line(line, max_chars * 4) for line in lines)
    return tuple(clean_line(line, max_chars) for line in redact_lines(cleaned))
