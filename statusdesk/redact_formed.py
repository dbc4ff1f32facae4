"""Takes secrets out of addresses, markup, statements and commands, whose form says where one stands."""

import base64
import binascii
import re

from statusdesk.redact_values import ESCAPED, without_values, word_begins
from statusdesk.text import HIDDEN

_NAME = r"[\w.:-]{0,60}(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|private[_-]?key)"
_LESS, _MORE = r"(?:<|\\{1,7}u003c)", r"(?:>|\\{1,7}u003e)"  # so they are written in JSON that may stand in markup
_SIGNED = re.compile(
    rf"(?i)((?:[?&]|\\u0026)(?:sig|signature)=|{word_begins('x')}-(?:amz|goog)-signature=)([^\s&\"'<>\\]{{6,}})"
)
_HOOK = re.compile(r"(://hooks\.slack\.com/(?:services|workflows|triggers)/)([A-Za-z0-9_/-]{16,})")
_ELEMENT = re.compile(
    rf"(?i)({_LESS}{_NAME}(?:\s[^<>]{{0,200}}?)?{_MORE})((?:(?!{_LESS})[^<>\n]){{1,400}})(?={_LESS}\\{{0,7}}/)"
)
_PROPERTY = re.compile(
    rf"(?i){word_begins('name', 'key', 'id')}=\\{{0,7}}[\"']{_NAME}\\{{0,7}}[\"']\s{{1,9}}value=(?=\\{{0,7}}[\"'])"
)
# Source: MySQL and MariaDB (CREATE USER), PostgreSQL (CREATE ROLE)
_IDENTIFIED = re.compile(rf"(?i){word_begins('identified')} (?:with \S{{1,60}} )?by (?:password )?(?=\\{{0,7}}[\"'])")
_ROLE = re.compile(
    rf"(?i){word_begins('alter', 'create')}\s{{1,9}}(?:user|role)\s"
    r"[^\n;]{1,200}?\bpassword\s{1,9}(?=\\{0,7}[\"'])"
)
# what follows the option is no end of the quotes that it stands in, and no name of a variable
_OPENS = r"(?=\\{0,7}[\"'](?![\s,:;}\])$]|\Z)|[^\s\"'|;&\\$-])"
_DATABASE = re.compile(rf"{word_begins('mysql')}[a-z-]{{0,20}}\s(?:[^\n|;&]{{0,300}}?\s)??-p(?:(?=\$)|{_OPENS})")
_CLIENT = word_begins("docker", "podman", "nerdctl", "buildah", "skopeo", "crane", "helm registry", "oc", "cf")
_LOGIN = re.compile(rf"{_CLIENT} login (?:[^\n|;&]{{0,300}}?\s)??-p[\s=]{{0,3}}{_OPENS}")
_SSH = re.compile(rf"{word_begins('sshpass')}\s{{1,9}}-p\s{{0,3}}{_OPENS}")
_ARGUMENT = re.compile(rf"(?:[^\s\"'|;&\\]|{ESCAPED})+")
_REGISTRY = re.compile(
    r"(\\{0,7}[\"']auth\\{0,7}[\"']\s{0,3}:\s{0,3}\\{0,7}[\"'])([A-Za-z0-9+/]{6,400}={0,2})(?=\\{0,7}[\"'])"
)


def without_formed(text: str, lower: str) -> str:
    """Return a text without what its form says to be a secret; ``lower``: folded."""
    if "sig=" in lower or "signature=" in lower:
        text = _SIGNED.sub(_hidden, text)
    if "://hooks." in text:
        text = _HOOK.sub(_hidden, text)
    if "/" in text and ("<" in text or "u003c" in lower):
        text = _ELEMENT.sub(_hidden, text)
    if "value=" in lower:
        text = without_values(text, _PROPERTY, None)
    if "identified" in lower:
        text = without_values(text, _IDENTIFIED, None)
    if "password " in lower:
        text = without_values(text, _ROLE, None)
    if " -p" in text:
        for command in (_DATABASE, _LOGIN, _SSH):
            text = without_values(text, command, _ARGUMENT)
    return without_registries(text)


def without_registries(text: str) -> str:
    """Return a text without the names and passwords of registries."""
    return _REGISTRY.sub(_unless_word, text) if 'auth"' in text or "auth\\" in text or "auth'" in text else text


def _hidden(found: re.Match[str]) -> str:
    return found[1] + HIDDEN if found[2].strip() else found[0]


def _unless_word(found: re.Match[str]) -> str:
    """Hide a name with its password. Source: ``auth`` of Docker's config.json."""
    try:
        is_pair = b":" in base64.b64decode(found[2] + "=" * (-len(found[2]) % 4))
    except (binascii.Error, ValueError):
        is_pair = False
    return found[1] + HIDDEN if is_pair else found[0]
