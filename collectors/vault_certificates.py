"""From when until when a certificate is valid, read from its text; nothing else of it is looked at.

Source: RFC 5280, 4.1: Certificate, tbsCertificate, validity; times are UTCTime or GeneralizedTime, in UTC.
"""

import datetime
import ssl

from collectors.transport import VisitFailed

_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
_FORMS = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}


def validity_ms(pem: str) -> tuple[int, int]:
    """Return the first and the last moment. Raises: VisitFailed when it is no certificate."""
    try:
        certificate = _inside(ssl.PEM_cert_to_DER_cert(pem.strip()), _SEQUENCE)
        rest = _inside(certificate, _SEQUENCE)  # tbsCertificate
        if rest[0] == _VERSION:
            _, _, rest = _element(rest)
        for _ in ("serialNumber", "signature", "issuer"):
            _, _, rest = _element(rest)
        first_kind, first, rest = _element(_inside(rest, _SEQUENCE))
        last_kind, last, _ = _element(rest)
        return _moment_ms(first_kind, first), _moment_ms(last_kind, last)
    except (ValueError, IndexError, KeyError):
        said = "Vault sends a certificate that cannot be read: look at the proxy before it"
        raise VisitFailed("NotJson", said) from None


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Return tag, content and what follows of the first element of DER. Raises: ValueError, IndexError"""
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise ValueError("cut off")
    return data[0], data[start : start + length], data[start + length :]


def _inside(data: bytes, tag: int) -> bytes:
    found, content, _ = _element(data)
    if found != tag:
        raise ValueError("another element than expected")
    return content


def _moment_ms(kind: int, text: bytes) -> int:
    moment = datetime.datetime.strptime(text.decode("ascii"), _FORMS[kind]).replace(tzinfo=datetime.UTC)
    return int(moment.timestamp() * 1000)
