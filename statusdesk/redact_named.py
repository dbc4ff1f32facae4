"""Takes out of text what stands after a name that says that it is secret, in lists, options and headers too."""

import re
from collections.abc import Callable

from statusdesk.redact_suspect import folded
from statusdesk.redact_values import ESCAPED, Value, value_at, without_values, word_begins
from statusdesk.text import HIDDEN

_QUOTE = r"(?P<quote>\\{0,7}[\"'])"
_BLANKS = r"(?:\s|\\{1,8}t){0,9}"  # tabs in quotes too
_LINK = rf"{_BLANKS}[:=]{{1,2}}>?{_BLANKS}"
_NAMED = re.compile(
    r"(?:(?:client|vault|access|refresh|id|wrapping|auth|api)[_-]?token|secret_?id|private_?key"
    r"|pass(?:word|wd|phrase|wort)|authorization|api[_-]?key"
    r"|client_?secret|secret_?(?:access_?)?key|(?:access|account)[_-]?key)"
    # its value may be told by another name, as those of variables are
    rf"\b(?:{_QUOTE}?{_LINK}"
    rf"|\\{{0,7}}[\"']\s{{0,3}},\s{{0,3}}(?P<other>\\{{0,7}}[\"'])value(?P=other)\s{{0,3}}:\s{{0,3}})"
)
_HEADER = re.compile(r"authorization\\{0,7}[\"']?[\s,]{1,9}(?=\\{0,7}[\"']?(?:basic|bearer|digest|negotiate)\s)")
_PASS = word_begins("p", before="[a-z]") + "(?:ass|wd)"
_SHORT = re.compile(rf"{_PASS}{_QUOTE}{_LINK}")
_ASSIGNED = re.compile(rf"(?:token|secret|{_PASS})(?:=|{_QUOTE}?\s{{0,9}}=>\s{{0,9}})")
_CREDENTIALS = re.compile(r"credentials=")
_ENCRYPTION = re.compile(rf"(?:encryption[_-]?key{_QUOTE}?{_LINK}|{word_begins('otp', before='[a-z]')}=)")
_SETTING = re.compile(r"(?<![a-z])[a-z][a-z0-9_]{0,60}_(?:pass|pwd):\s{1,9}")
_VARIABLE = re.compile(r"SECRET[A-Z0-9_]{0,60}=")
_SAID = re.compile(
    rf"(?:token|secret|api[_-]?key[a-z0-9_-]{{0,40}}|{_PASS}){_QUOTE}?{_BLANKS}:{_BLANKS}"
    r"(?:[\[(]\s{0,3}){0,3}"
)
_OPTION = re.compile(
    word_begins("-", before=r"[\w-]") + r"-?(?:[a-z0-9]{1,20}-){0,3}"
    r"(?:token|pass(?:word|wd|phrase)?|pwd|(?:api|access|secret)-?key|client-?secret|secret-?id)"
    r"(?:\s{1,9}|\\{0,7}[\"']\s{0,3},\s{0,3}(?=\\{0,7}[\"']))(?![-|&<>()\s]|\\{0,7}[\"']?\$[a-z_{(])"
)
_ABOUT_OPTION = re.compile(
    r"(?i)(?:is|are|was|be|must|may|can|cannot|could|should|shall|will|would|has|have|had"
    r"|do|does|did|and|or|nor|not|no|if|to"
    r"|for|from|of|in|into|on|at|as|by|via|with|without|the|a|an|this|that|it|its|given"
    r"|flags?|options?|arguments?|instead"
    r"|needs?|takes?|requires?|required|needed|missing|invalid|unknown|set|unset|empty"
    r"|string|value|text|file|path|token"
    r"|password|when|because|before|after|but|which)[.,:!?)]*"
)
_USER = re.compile(
    rf"(?i){word_begins('curl')}\b[^\n|;]{{0,300}}?\s(?:-[a-z]{{0,8}}u\s{{0,9}}|--(?:proxy-)?user[=\s]\s{{0,9}})"
    r"(?P<in>\\{0,7}[\"'])?[^\s:\"'/\\]{1,100}:(?!\\{0,7}[\"'])"
)
_ARGUMENT = re.compile(rf"(?:[^\s\"'\\]|{ESCAPED})+")
_WORD = re.compile(r"[^\s\"',;&}\\]*")
_NEXT = re.compile(r"\\{0,7}[\"']?\s{0,3},\s{0,3}(?=\\{0,7}[\"'])")
_NUMBER = re.compile(r"-?\d[\d.eE+-]*")
_LEAST_SAID = 12
_PARTS = re.compile(r"[-_./:@+=]+")
_PLAIN_PART = re.compile(r"[a-z]{0,20}(?:[A-Z][a-z]{2,19}){0,5}\d{0,2}|[A-Z]{1,20}\d{0,2}|\d{1,4}")
_COOKIE_BEGINS = re.compile(
    rf"(?i){word_begins('cookie')}s?\\{{0,7}}[\"']?\s{{0,9}}[:=]\s{{0,9}}[\[{{(]?\\{{0,7}}[\"']?"
)
_COOKIE_PAIR = re.compile(r"(\s{0,3}([^\s=;,:\"'{}\[\]&?/]{1,100})=)(\"?\[hidden\]|\"?[^\s;,\"'\\}\])]*)(\"?;?)")
_COOKIE_ABOUT = frozenset(("path", "domain", "expires", "max-age", "samesite", "version"))
_LEAST_COOKIE = 6
_SESSION = re.compile(  # of servlet containers, PHP and others; in a query, a cookie or a line of the log
    r"(?i)((?<![a-z])(?:[a-z]{1,9}[._-]?)?sess(?:ion)?(?P<id>(?:[_-]?(?:id|key|token)){1,2})?"
    r"(?:=|(?P<quote>\\{0,7}[\"'])?\s{0,9}(?::|=>)\s{0,9})(?:[\[(]\s{0,3})?(?P<opens>\\{0,7}[\"'])?)"
    r"(?P<value>[^\s\"',;&}\[\](){\\]{12,})"
)
_MOMENT = re.compile(r"(?i)\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?[.)\]]{0,2}")


def without_named(text: str) -> str:
    """Return a text without what names say to be secret."""
    lower = folded(text)
    if " -" in text or "--" in text or '"-' in text or "'-" in text:
        text = _hidden(text, lower, _OPTION, lambda value: _ABOUT_OPTION.fullmatch(value.content) is None)
    if "curl" in lower:
        text = without_values(text, _USER, _ARGUMENT)
    if "authorization" in lower:
        text = _hidden(text, folded(text), _HEADER, _always)
    if "=" in text or ":" in text:
        text = _hidden(text, folded(text), _NAMED, _always)
        lower = folded(text)
        if "pass" in lower or "pwd" in lower:
            text = _hidden(text, lower, _SHORT, lambda value: _NUMBER.fullmatch(value.content) is None)
            text = _hidden(text, folded(text), _SETTING, lambda value: not is_plain(value.content), deep=False)
        if "=" in text:
            text = _hidden(text, folded(text), _ASSIGNED, _always)
        if "SECRET" in text:
            text = _hidden(text, text, _VARIABLE, _always)
        text = _hidden(text, folded(text), _SAID, _unless_said, deep=False)
        if "encryption" in lower or "credentials=" in lower or "otp=" in lower:
            text = _hidden(text, folded(text), _ENCRYPTION, _always)
            text = _hidden(text, folded(text), _CREDENTIALS, lambda value: not is_plain(value.content))
        text = _without_sessions(text)
    return text


def _hidden(
    text: str, sought: str, names: re.Pattern[str], is_secret: Callable[[Value], bool], *, deep: bool = True
) -> str:
    """Return a text with the values after some names hidden, where they are secret. ``sought`` has the names."""
    name = names.search(sought)
    if name is None:
        return text
    parts, done = list[str](), 0
    while name is not None:
        quoted = name.groupdict()
        quote, at = quoted.get("quote") or quoted.get("other") or "", name.end()
        is_list = not deep and "[" in name[0][-9:]
        while True:
            value = value_at(text, at, quote, deep=deep)
            if value.content and is_secret(value):
                parts += text[done : value.begin], value.hidden
                done = value.end
            following = _NEXT.match(text, value.end) if is_list else None
            if following is None:
                break
            at = following.end()
        name = names.search(sought, max(name.end(), value.end))
    return "".join(parts) + text[done:] if parts else text


def _always(_value: Value) -> bool:
    return True


def _unless_said(value: Value) -> bool:
    """Tell whether a value that may as well be a sentence, a name or a number of something is a secret."""
    found = _WORD.match(value.content)
    word = found[0] if found is not None else ""
    return len(word) >= _LEAST_SAID and not is_plain(word)


def _without_sessions(text: str) -> str:
    """Hide the names by which browsers are known again: the values of cookies, and of sessions in an address."""
    lower = text.lower()
    if "cookie" in lower:
        text = _without_cookies(text)
    return _SESSION.sub(_unless_no_session, text) if "sess" in lower else text


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


def _unless_no_session(found: re.Match[str]) -> str:
    """Hide what a session is known by; where it is named so, a single word is no sentence about it."""
    value = found["value"]
    known_by = found["id"] is not None and len(list(filter(None, _PARTS.split(value)))) < 2
    quote = found["quote"] if found["quote"] and not found["opens"] else ""
    return found[0] if is_plain(value) and not known_by else f"{found[1]}{quote}{HIDDEN}{quote}"


def is_plain(value: str) -> bool:
    """Tell whether a value is a moment, or made of words, as names and sentences are."""
    return _MOMENT.fullmatch(value) is not None or all(map(_PLAIN_PART.fullmatch, _PARTS.split(value)))
