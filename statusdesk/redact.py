"""What looks like a secret: told, and taken out of text before it is stored, shown or sent.

The shapes of tokens are written here and nowhere else; an accessor of Vault never has one of them.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from statusdesk.redact_named import folded, is_plain, without_named
from statusdesk.redact_said import without_said
from statusdesk.redact_values import HIDDEN as HIDDEN
from statusdesk.text import MAX_CHARS, clean, clean_line

LINE_CHARS = 1_000
MAX_KEY_LINES = 200
_TOKEN_BEGINS = re.compile(r"(?:hv[sbr]|[sbr])\.")  # of Vault and OpenBao: service, batch and recovery
_TOKEN = re.compile(_TOKEN_BEGINS.pattern + r"[A-Za-z0-9_-]{20,}")
_TOKEN_TEXT = re.compile(r"\b" + _TOKEN.pattern)
_JWT_BEGINS = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.")
_JWT_TEXT = re.compile(_JWT_BEGINS.pattern + r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
_USERINFO_TEXT = re.compile(r"(://[^\s/:@\"']{0,200}:)([^\s/@\"']{1,400})(?=@)")
# tokens whose beginning says who made them: GitHub, GitLab, AWS, Slack, npm, Docker, Stripe, Google, OpenShift
_MADE_TEXT = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}|A[KS]IA[A-Z0-9]{16}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}|npm_[A-Za-z0-9]{16,}|dckr_pat_[A-Za-z0-9_-]{16,}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{35}|sha256~[A-Za-z0-9_-]{32,})"
)
_DOTTED_TEXT = re.compile(r"\b(?:ya29\.[A-Za-z0-9._-]{20,}|SG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{16,})")
_BEARER_TEXT = re.compile(r"(?i)(\bbearer\s{1,9})([a-z0-9._~+/-]{16,}=*)")
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_KEY_TEXT = re.compile(f"({_KEY_BEGINS.pattern})(.+?)(?=-----END |\\Z)", re.DOTALL)
_KEY_ENDS = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_KEY_LINE = re.compile(r"\s*[A-Za-z0-9+/]+={0,2}\s*")
_KEY_PIECE = re.compile(r"[A-Za-z0-9+/=]{20,}")
_KEY_WIDTHS = (
    64,
    70,
    76,
)  # of all its lines but the last. Source: RFC 7468 section 2, ssh-keygen, RFC 2045 section 6.8
_KEY_FULL = re.compile(  # with something around it, as loggers and sources of programs have
    rf"(?:^|[\s\"'|>:])(?:{'|'.join(f'[A-Za-z0-9+/]{{{width}}}' for width in _KEY_WIDTHS)})(?:\\[nr]|[\s\"'+,;\\])*$"
)
_KEY_LAST = re.compile(r"(?:^|[\s\"'|>:])[A-Za-z0-9+/]{2,75}={1,2}(?:\\[nr]|[\s\"'+,;\\])*$")
_KEY_HEADER = re.compile(r"\s*(?:[A-Z][A-Za-z]*-[A-Za-z-]+: .*)?")  # Source: RFC 1421 section 4.6
_LEAST_KEY_LINE = 16
_TOKENISH = re.compile(r"\.[A-Za-z0-9_-]{20}")  # begins with a letter that can be found fast
# words that are looked for together, each marked where that begins which they share: what is rare is found faster
_SOUGHT = (
    ("|key", "to|ken", "coo|kie"),
    ("secret",),
    ("pass",),
    ("pwd",),
    ("authorization",),
    ("bearer",),
    ("://",),
    ("se|ss",),
    ("cur|l",),
)
_NEEDLES = tuple(word.replace("|", "") for words in _SOUGHT for word in words)
_LONG_CHARS = 2_000  # from here on an expression finds a word twice as fast as ``in`` does
# each begins with one letter, which is found many times faster than a word; no false "no" for what _MADE_TEXT hides
_AFTER_MAKER = re.compile(r"_[A-Za-z0-9_-]{16}")
_LAB_TOKEN = re.compile("glpat-")
_CHAT_TOKEN = re.compile(r"x(?=ox[abeprs]-)")
_CLOUD_KEY = re.compile(r"A(?:[KS]IA[A-Z0-9]{16}|Iza[A-Za-z0-9_-]{35})")
_SUSPECT = re.compile(f"(?:{_TOKEN_TEXT.pattern})|(?:-----BEGIN )|(?:{_JWT_BEGINS.pattern})|(?:{_MADE_TEXT.pattern})")


def _found_by(words: Sequence[str]) -> str:
    """Return the expression of words that are looked for together."""
    halves = [word.rpartition("|")[::2] for word in words]
    if len(words) == 1:
        ((before, rest),) = halves
        return f"{rest}(?<={before}{rest})" if before else rest
    letter = halves[0][1][0]
    ways = (f"(?<={before}{letter}){rest[1:]}" if before else rest[1:] for before, rest in halves)
    return f"{letter}(?:{'|'.join(ways)})"


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
    lower = folded(text)
    if len(text) < _LONG_CHARS:
        if any(needle in lower for needle in _NEEDLES):
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
    """Return the text without what looks like a token, and without the ``known`` secrets."""
    for secret in known:
        if secret:
            text = text.replace(secret, HIDDEN)
    if "eyJ" in text:
        text = _JWT_TEXT.sub(HIDDEN, text)
    if _may_be_made(text):
        text = _MADE_TEXT.sub(HIDDEN, text)
    if _TOKENISH.search(text) is not None:
        text = _DOTTED_TEXT.sub(HIDDEN, _TOKEN_TEXT.sub(HIDDEN, text))
    if "PRIVATE KEY-----" in text:
        text = _KEY_TEXT.sub(lambda found: found[1] + HIDDEN, text)
    lower = folded(text)
    if "bearer" in lower:
        text = _BEARER_TEXT.sub(lambda found: found[0] if is_plain(found[2]) else found[1] + HIDDEN, text)
    if "pass" in lower:
        text = without_said(text, folded(text))
    if "://" in text:
        text = _USERINFO_TEXT.sub(lambda found: found[1] + HIDDEN, text)
    return without_named(text)


class PrivateKeys:
    """Hides the bodies of private keys in the lines of one log; it remembers that it is inside one.

    One that has no beginning is known by its end, and where a log begins by lines like those of a key.
    """

    def __init__(self) -> None:
        self._lines = 0  # since the beginning of the one that goes on, which is counted too
        self._bodies = 0  # those of them that were its
        self._is_torn = False  # something else stands among them
        self._begins = True  # nothing was read yet that cannot be of a key,
        self._inside = False  # and something that looks like a line of one

    def are_in(self, whole: str) -> bool:
        """Tell fast whether ``redacted`` has to look at the lines that come next, joined."""
        return self._lines > 0 or "PRIVATE KEY-----" in whole

    def begun(self, lines: list[str]) -> list[str]:
        """Return the lines that come next, hidden as long as all that was read looks like the body of a key."""
        if not self._begins:
            return lines
        full = next((at for at, line in enumerate(lines) if not _is_full_of_key(line)), len(lines))
        self._inside = self._inside or full > 0
        # only the last line of a key is shorter
        short = full == len(lines) - 1 and _KEY_LINE.fullmatch(lines[full]) is not None
        self._begins = self._inside and (full == len(lines) or short)
        return [HIDDEN] * len(lines) if self._begins else lines

    def redacted(self, lines: Sequence[str]) -> list[str]:
        """Return the lines that come next redacted, those of keys hidden."""
        found: list[str] = []
        for at, line in enumerate(lines):
            begins, ends = _KEY_BEGINS.search(line), _KEY_ENDS.search(line) is not None
            if begins is not None:
                self._lines, self._bodies, self._is_torn = 0 if ends else 1, 0, False
                found.append(redact(line[: begins.end()]) + (HIDDEN if line[begins.end() :].strip() else ""))
                continue
            if self._lines and not ends:
                self._lines = (self._lines + 1) % MAX_KEY_LINES  # one that never ends hides no log for ever
                found.append(HIDDEN if self._goes_on(line) else redact(line))
                continue
            if ends and not self._lines:
                body = next((back for back in range(at) if not _may_be_of_key(lines[at - 1 - back])), at)
                found[at - body :] = [HIDDEN] * body
            self._lines = 0
            found.append(redact(line))
        return found

    def _goes_on(self, line: str) -> bool:
        """Tell whether a line belongs to the key that has begun, as far as that is more than a mention of one."""
        body = line.strip()
        if _KEY_FULL.search(line) is not None:
            self._bodies += 1
            return True
        if self._is_torn:
            return False
        if not self._bodies and _KEY_HEADER.fullmatch(body) is not None:
            return True
        is_bare = _KEY_LINE.fullmatch(body) is not None
        if is_bare and len(body) >= _LEAST_KEY_LINE:
            self._bodies += 1
            return True
        self._is_torn = True  # a short one is the last
        return self._bodies > 0 and (is_bare or _KEY_LAST.search(line) is not None)


def _is_full_of_key(line: str) -> bool:
    """Tell whether a line looks like one of a private key; one of numbers to the base of sixteen does not."""
    body = line.strip()
    is_mixed = not body.islower() and not body.isupper()
    return is_mixed and len(body) in _KEY_WIDTHS and _KEY_LINE.fullmatch(body) is not None


def _may_be_of_key(line: str) -> bool:
    """Tell whether a line may stand right before the end of a key: a whole one, or with something around it."""
    return _KEY_LINE.fullmatch(line) is not None or _KEY_PIECE.search(line) is not None


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
