"""What an accessor of Vault looks like, by which a token is known without being held."""

import re

from statusdesk.redact import begins_like_token


def accessor_problem(accessor: str) -> str:
    """Return what is wrong with an accessor and how to mend it, for a sentence; empty where nothing is."""
    if begins_like_token(accessor):
        return "looks like a token, not an accessor; put what `vault token lookup` calls accessor, and revoke it"
    if not accessor or re.search(r"\s", accessor):
        return "is no accessor; put what `vault token lookup` calls accessor"
    return ""
