"""What looks like a secret: told, and taken out of text before it is stored, shown or sent.

The shapes of tokens are written here and nowhere else; an accessor of Vault never has one of them.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from statusdesk.text import MAX_CHARS, clean, clean_line

LINE_CHARS = 1_000
MAX_KEY_LINES = 200
HIDDEN = "[hidden]"
_TOKEN_BEGINS = re.compile(r"(?:hv[sbr]|[sbr])\.")  # of Vault and OpenBao: service, batch and recovery
_TOKEN = re.compile(_TOKEN_BEGINS.pattern + r"[A-Za-z0-9_-]{20,}")
_TOKEN_TEXT = re.compile(r"\b" + _TOKEN.pattern)
_JWT_BEGINS = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.")
_JWT_TEXT = re.compile(_JWT_BEGINS.pattern + r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
_USERINFO_TEXT = re.compile(r"(://[^\s/:@\"']{0,200}:)([^\s/@\"']{1,400})(?=@)")
# behind a quote all as far as its end, which is another one that is escaped as that is
_QUOTED = r"(?<=\\[\"'])[^\"'\\]+|(?<=\")(?:[^\"\\]|\\.)+|(?<=')(?:[^'\\]|\\.)+"
_NAMED_TEXT = re.compile(
    r"(?i)((?:(?:client|vault|access|refresh|id|wrapping)[_-]?token|secret_?id|private_?key|pass(?:word|wd|phrase)"
    r"|authorization|api[_-]?key|client_?secret|secret_?(?:access_?)?key)\b\\?[\"']?\s{0,9}[:=]\s{0,9}"
    rf"(?:(?:bearer|basic|token)\s{{1,9}})?\\?[\"']?)({_QUOTED}|[^\s\"',;}}\\]+)"
)
# tokens whose beginning says who made them: GitHub, GitLab, AWS, Slack, npm, Docker
_MADE_TEXT = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}|A[KS]IA[A-Z0-9]{16}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}|npm_[A-Za-z0-9]{16,}|dckr_pat_[A-Za-z0-9_-]{16,})"
)
_BEARER_TEXT = re.compile(r"(?i)(\bbearer\s{1,9})([a-z0-9._~+/-]{16,}=*)")
_SAID_TEXT = re.compile(
    r"(?i)((?:token|secret|api[_-]?key[a-z0-9_-]{0,40})\\?[\"']?\s{0,9}:\s{0,9}\\?[\"']?)([^\s\"',;&}\\]{12,})"
)
_VARIABLE_TEXT = re.compile(rf"(SECRET[A-Z0-9_]{{0,60}}=[\"']?)({_QUOTED}|[^\s\"',;&}}]+)")
_PARTS = re.compile(r"[-_./:@+=]+")
_PLAIN_PART = re.compile(r"[a-z]{0,20}(?:[A-Z][a-z]{2,19}){0,5}\d{0,2}|[A-Z]{1,20}\d{0,2}|\d{1,4}")
_ASSIGNED_TEXT = re.compile(rf"(?i)((?:token|secret|(?<![a-z])pwd|(?<![a-z])pass)=[\"']?)({_QUOTED}|[^\s\"',;&}}]+)")
_COOKIE_BEGINS = re.compile(r"(?i)\b(?:set-)?cookies?\\?[\"']?\s{0,9}[:=]\s{0,9}[\[{(]?\\?[\"']?")
_COOKIE_PAIR = re.compile(r"(\s{0,3}([^\s=;,:\"'{}\[\]&?/]{1,100})=)(\"?\[hidden\]|\"?[^\s;,\"'\\}\])]*)(\"?;?)")
_COOKIE_ABOUT = frozenset(("path", "domain", "expires", "max-age", "samesite", "version"))
_LEAST_COOKIE = 6
_SESSION_TEXT = re.compile(  # of servlet containers, PHP and others; in a query, a cookie or a line of the log
    r"(?i)((?<![a-z])(?:[a-z]{1,9}[._-]?)?sess(?:ion)?(?P<id>(?:[_-]?(?:id|key|token)){1,2})?"
    r"(?:=|\\?[\"']?\s{0,9}:\s{0,9}\\?)[\"']?)(?P<value>[^\s\"',;&}\\]{12,})"
)
_MOMENT = re.compile(r"(?i)\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?[.)\]]{0,2}")
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_KEY_TEXT = re.compile(f"({_KEY_BEGINS.pattern})(.+?)(?=-----END |\\Z)", re.DOTALL)
_KEY_ENDS = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_KEY_LINE = re.compile(r"\s*[A-Za-z0-9+/]+={0,2}\s*")
_KEY_PIECE = re.compile(r"[A-Za-z0-9+/=]{20,}")
_KEY_WIDTHS = (64, 76)  # of all lines of a key but the last. Source: RFC 7468 section 2, RFC 2045 section 6.8
_TOKENISH = re.compile(r"\.[A-Za-z0-9_-]{20}")  # begins with a letter that can be found fast
_SAID_PASSWORD_TEXT = re.compile(
    r"(?i)(pass(?:word|wd|phrase|code)\s{1,9}(?:is|was|set\s{1,9}to)(?:\s{0,9}[:=]\s{0,9}|\s{1,9})[\"'`]?)"
    r"([^\s\"'`,;}]+)(?=([\"'`,;}.]{0,3}\s*$)?)"
)
_NO_PASSWORD = re.compile(
    r"(?i)(?:not|no|none|null|nil|true|false|un(?:set|known|changed|safe|available|used)|in(?:correct|valid|secure|complete)|wrong|missing|required|mandatory"
    r"|optional|empty|blank|bad|weak|strong|set|expired|expiring|changed|rejected|accepted|refused|denied|ok|okay"
    r"|too|already|never|still|now|valid|correct|about|needed|used|stored|hashed|encrypted|hidden|redacted|masked|here"
    r"|given|read|taken|loaded|found|absent|present|default|disabled|enabled|locked|known|ignored|reset|rotated"
    r"|compromised|outdated|short|long|case-sensitive|plain|configured|defined|provided|specified|supplied)[.!?)\]]*"
)
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
)
_NEEDLES = tuple(word.replace("|", "") for words in _SOUGHT for word in words)
_LONG_CHARS = 2_000  # from here on an expression finds a word twice as fast as ``in`` does
# each begins with one letter, which is found many times faster than a word; no false "no" for what _MADE_TEXT hides
_AFTER_MAKER = re.compile(r"_[A-Za-z0-9_-]{16}")
_LAB_TOKEN = re.compile("glpat-")
_CHAT_TOKEN = re.compile(r"x(?=ox[abeprs]-)")
_CLOUD_KEY = re.compile(r"A[KS]IA[A-Z0-9]{16}")
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
    lower = text.lower() if text.isascii() else _folded(text)
    if len(text) < _LONG_CHARS:
        if any(needle in lower for needle in _NEEDLES):
            return True
    elif any(find(lower) is not None for find in _FINDS):
        return True
    return _may_be_made(text) or ("J" in text and "eyJ" in text) or _TOKENISH.search(text) is not None


def _folded(text: str) -> str:
    """Return the text in small letters, with those that count as others for an expression without case."""
    return text.replace("\u0130", "i").replace("\u0131", "i").replace("\u017f", "s").lower()


def _may_be_made(text: str) -> bool:
    if _LAB_TOKEN.search(text) is not None or _CHAT_TOKEN.search(text) is not None:
        return True
    return _AFTER_MAKER.search(text) is not None or _CLOUD_KEY.search(text) is not None


def redact(text: str, known: Collection[str] = ()) -> str:
    """Return the text without what looks like a token, and without the ``known`` secrets."""
    for secret in known:
        if secret:
            text = text.replace(secret, HIDDEN)
    text = _TOKEN_TEXT.sub(HIDDEN, text)
    text = _JWT_TEXT.sub(HIDDEN, text)
    if _may_be_made(text):
        text = _MADE_TEXT.sub(HIDDEN, text)
    if "PRIVATE KEY-----" in text:
        text = _KEY_TEXT.sub(lambda found: found[1] + HIDDEN, text)
    text = _BEARER_TEXT.sub(_unless_plain, text)
    text = _SAID_PASSWORD_TEXT.sub(_unless_said_of_it, text)
    if "=" in text or ":" in text:
        text = _USERINFO_TEXT.sub(lambda found: found[1] + HIDDEN, text)
        text = _NAMED_TEXT.sub(lambda found: found[1] + HIDDEN, text)
        text = _ASSIGNED_TEXT.sub(lambda found: found[1] + HIDDEN, text)
        text = _VARIABLE_TEXT.sub(lambda found: found[1] + HIDDEN, text)
        text = _SAID_TEXT.sub(_unless_plain, text)
        text = _without_sessions(text)
    return text


def _unless_said_of_it(found: re.Match[str]) -> str:
    """Hide a password that a sentence tells; what it says about one stays, and a plain word that is not its end."""
    said, ends = found[2], found[3] is not None
    goes_on = said.isalpha() and not ends and found[1][-1].isspace() and ":" not in found[1]
    return found[0] if goes_on or _NO_PASSWORD.fullmatch(said) else found[1] + HIDDEN


def _without_sessions(text: str) -> str:
    """Hide the names by which browsers are known again: the values of cookies, and of sessions in an address."""
    lower = text.lower()
    if "cookie" in lower:
        text = _without_cookies(text)
    return _SESSION_TEXT.sub(_unless_no_session, text) if "sess" in lower else text


def _without_cookies(text: str) -> str:
    parts, done, begins = list[str](), 0, _COOKIE_BEGINS.search(text)
    while begins is not None:
        pair = _COOKIE_PAIR.match(text, begins.end())
        at = begins.end()
        while pair is not None:
            about = len(pair[3]) < _LEAST_COOKIE or pair[2].lower() in _COOKIE_ABOUT
            parts += text[done : pair.end(1)], pair[3] if about else '"' * pair[3].startswith('"') + HIDDEN
            at = done = pair.end(3)
            pair = _COOKIE_PAIR.match(text, pair.end()) if ";" in pair[4] else None
        begins = _COOKIE_BEGINS.search(text, at)
    return "".join(parts) + text[done:]


def _unless_plain(found: re.Match[str]) -> str:
    """Hide what was found unless it is made of words, as names and sentences are."""
    return found[0] if is_plain(found[2]) else found[1] + HIDDEN


def _unless_no_session(found: re.Match[str]) -> str:
    """Hide what a session is known by; where it is named so, a single word is no sentence about it."""
    value = found["value"]
    known_by = found["id"] is not None and len(list(filter(None, _PARTS.split(value)))) < 2
    return found[0] if is_plain(value) and not known_by else found[1] + HIDDEN


def is_plain(value: str) -> bool:
    """Tell whether a value is a moment, or made of words, as names and sentences are."""
    return _MOMENT.fullmatch(value) is not None or all(map(_PLAIN_PART.fullmatch, _PARTS.split(value)))


class PrivateKeys:
    """Hides the bodies of private keys in the lines of one log; it remembers that it is inside one.

    One that has no beginning is known by its end, and where a log begins by lines like those of a key.
    """

    def __init__(self) -> None:
        self._lines = 0  # of the one that goes on, its beginning included
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
                self._lines = 0 if ends else 1
                found.append(redact(line[: begins.end()]) + (HIDDEN if line[begins.end() :].strip() else ""))
                continue
            if self._lines and not ends:
                self._lines = (self._lines + 1) % MAX_KEY_LINES  # one that never ends hides no log for ever
                found.append(HIDDEN)
                continue
            if ends and not self._lines:
                body = next((back for back in range(at) if not _may_be_of_key(lines[at - 1 - back])), at)
                found[at - body :] = [HIDDEN] * body
            self._lines = 0
            found.append(redact(line))
        return found


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
