"""Takes secrets out of addresses, markup, statements and commands, whose form says where one stands."""

import base64
import binascii
import re

from statusdesk.redact_values import HIDDEN

_NAME = r"[\w.:-]{0,60}(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|private[_-]?key)"
_SIGNED = re.compile(r"(?i)([?&](?:sig|signature)=|\bx-(?:amz|goog)-signature=)([^\s&\"'<>]{6,})")
_HOOK = re.compile(r"(://hooks\.slack\.com/(?:services|workflows|triggers)/)([A-Za-z0-9_/-]{16,})")
_ELEMENT = re.compile(rf"(?i)(<{_NAME}(?:\s[^<>]{{0,200}})?>)([^<>\n]{{1,400}})(?=</)")
_PROPERTY = re.compile(
    rf"(?i)(\b(?:name|key|id)=\\{{0,7}}[\"']{_NAME}\\{{0,7}}[\"']\s{{1,9}}value=\\{{0,7}}[\"'])([^\"'\\<>]{{1,400}})"
)
# Source: MySQL and MariaDB (CREATE USER), PostgreSQL (CREATE ROLE)
_IDENTIFIED = re.compile(r"(?i)(\bidentified (?:with \S{1,60} )?by [\"'])([^\"'\\\n]{1,400})")
_ROLE = re.compile(
    r"(?i)(\b(?:alter|create)\s{1,9}(?:user|role)\s[^\n;]{1,200}?\bpassword\s{1,9}\\{0,7}')([^'\\\n]{1,400})"
)
_DATABASE = re.compile(r"(\bmysql[a-z-]{0,20}\s(?:[^\n|;&]{0,300}?\s)?-p[\"']?)([^\s\"'|;&-][^\s\"'|;&]*)")
_LOGIN = re.compile(
    r"(\b(?:docker|podman|nerdctl|buildah|skopeo|crane|helm registry|oc|cf) login (?:[^\n|;&]{0,300}?\s)?"
    r"-p[\s=]{0,3}[\"']?)([^\s\"'|;&$-][^\s\"'|;&]*)"
)
_SSH = re.compile(r"(\bsshpass\s{1,9}-p\s{0,3}[\"']?)([^\s\"'|;&$-][^\s\"'|;&]*)")
_REGISTRY = re.compile(
    r"(\\{0,7}[\"']auth\\{0,7}[\"']\s{0,3}:\s{0,3}\\{0,7}[\"'])([A-Za-z0-9+/]{6,400}={0,2})(?=\\{0,7}[\"'])"
)


def without_formed(text: str, lower: str) -> str:
    """Return a text without what its form says to be a secret; ``lower``: folded."""
    if "sig=" in lower or "signature=" in lower:
        text = _SIGNED.sub(_hidden, text)
    if "://hooks." in text:
        text = _HOOK.sub(_hidden, text)
    if "</" in text:
        text = _ELEMENT.sub(_hidden, text)
    if "value=" in lower:
        text = _PROPERTY.sub(_hidden, text)
    if "identified" in lower:
        text = _IDENTIFIED.sub(_hidden, text)
    if "password " in lower:
        text = _ROLE.sub(_hidden, text)
    if " -p" in text:
        text = _SSH.sub(_hidden, _LOGIN.sub(_hidden, _DATABASE.sub(_hidden, text)))
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
