"""Takes a password out of text that a sentence tells; what a sentence says about one stays."""

import re

from statusdesk.redact_values import ESCAPED, end_of_quoted
from statusdesk.text import HIDDEN

_SAID = re.compile(
    r"pass(?:word|wd|phrase|code)\s{1,9}(?:(?:(?:is|was|has\s{1,9}been)\s{1,9})?set\s{1,9}to|is|was)"
    r"(?:\s{0,9}[:=]\s{0,9}|\s{1,9})"
)
_QUOTE = re.compile(r"(\\{0,7}[\"'`])(?=[^\s\"'`,;}])")
_BARE = re.compile(
    rf"((?:[^\s\"'`,;}}\\]|{ESCAPED})+)"
    r"((?:\\{0,7}[\"'`,;}.]){0,3}\s*$|\\{0,7}[\"'](?=\s*[,:}\])]))?"  # the sentence ends, in quotes or with the text
)
_NO_PASSWORD = re.compile(
    r"(?i)(?:not|no|none|null|nil|true|false|un(?:set|known|changed|safe|available|used)"
    r"|in(?:correct|valid|secure|complete)|wrong|missing|required|mandatory"
    r"|optional|empty|blank|bad|weak|strong|set|expired|expiring|changed|rejected|accepted|refused|denied|ok|okay"
    r"|too|already|never|still|now|valid|correct|about|needed|used|stored|hashed|encrypted|hidden|redacted|masked|here"
    r"|given|read|taken|loaded|found|absent|present|default|disabled|enabled|locked|known|ignored|reset|rotated"
    r"|compromised|outdated|short|long|case-sensitive|plain|configured|defined|provided|specified|supplied)[.!?)\]]*"
)


def without_said(text: str, lower: str) -> str:
    """Return a text without the passwords that its sentences tell, in quotes up to their end; ``lower``: folded."""
    parts, done, said = list[str](), 0, _SAID.search(lower)
    while said is not None:
        at = end = said.end()
        quote = _QUOTE.match(text, at)
        if quote is not None:
            at = quote.end()
            end = end_of_quoted(text, at, quote[1], in_line=True)
            is_told = any(_NO_PASSWORD.fullmatch(word) is None for word in text[at:end].split())
        else:
            bare = _BARE.match(text, at)
            end = bare.end(1) if bare is not None else at
            is_told = bare is not None and not _is_about(said[0], bare[1], ends=bare[2] is not None)
        if is_told:
            parts += text[done:at], HIDDEN
            done = end
        said = _SAID.search(lower, end)
    return "".join(parts) + text[done:] if parts else text


def _is_about(said: str, word: str, *, ends: bool) -> bool:
    """Tell whether a word says something about a password; so does a plain one with which no sentence ends."""
    goes_on = word.isalpha() and not ends and said[-1].isspace() and ":" not in said
    return goes_on or _NO_PASSWORD.fullmatch(word) is not None
