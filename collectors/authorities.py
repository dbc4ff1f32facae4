"""Whose certificates a server may have: the authority that is configured, else those that this machine trusts."""

import ssl
from pathlib import Path


def authorities(ca_file: str, bundle: str | None = None) -> str | bool:
    """Return what ``requests`` verifies with: a file, a directory, or True for the list that it brings along.

    ``bundle``: what the environment names for this client. The system's are those of OpenSSL, which honours
    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``; an authority of one's own organisation is usually there only.
    """
    if ca_file or bundle:
        return ca_file or bundle or True
    paths = ssl.get_default_verify_paths()
    if paths.cafile and Path(paths.cafile).is_file():
        return paths.cafile
    if paths.capath and any(name.endswith(".0") for name in _names(paths.capath)):
        return paths.capath
    return True


def _names(directory: str) -> list[str]:
    try:
        return [each.name for each in Path(directory).iterdir()]
    except OSError:
        return []
