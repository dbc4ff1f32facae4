"""Takes what has the shape of a secret out of text: tokens by how they begin, and all that its form or name tells.

Loaded when there is something to look at: what it compiles costs a command that prints one line a tenth of its start.
"""

import re
from collections.abc import Collection

from statusdesk.redact_formed import without_formed, without_registries
from statusdesk.redact_json import still_json
from statusdesk.redact_keys import KEY_MARK, without_keys
from statusdesk.redact_named import is_plain, without_named
from statusdesk.redact_said import without_said
from statusdesk.redact_suspect import TOKENISH, folded, may_be_made, may_hold
from statusdesk.redact_values import word_begins
from statusdesk.text import HIDDEN

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
_SUSPECT = re.compile(f"(?:{_TOKEN_TEXT.pattern})|(?:-----BEGIN )|(?:{_JWT_BEGINS.pattern})|(?:{_MADE_TEXT.pattern})")


def suspect(text: str) -> bool:
    """Tell whether a text holds what may be a token, a private key or a signed token, also one that was cut off."""
    return _SUSPECT.search(text) is not None


def redacted(text: str, known: Collection[str] = ()) -> str:
    """Return the text without what looks like a token, and without the ``known`` secrets."""
    for secret in known:
        if secret:
            text = text.replace(secret, HIDDEN)
    return still_json(text, _without_shapes(text), _within, _without_pairs)


def _within(text: str) -> str:
    """Return what one string holds without what looks like a token."""
    return _without_shapes(text) if may_hold(text) else text


def _without_pairs(text: str) -> str:
    """Return a text without what another string names."""
    return without_named(without_registries(text))


def _without_shapes(text: str) -> str:
    if "eyJ" in text:
        text = _JWT_TEXT.sub(HIDDEN, text)
    if "sk-" in text or "pypi-" in text or may_be_made(text):
        text = _MADE_TEXT.sub(HIDDEN, text)
    if TOKENISH.search(text) is not None:
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
