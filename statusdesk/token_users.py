"""Who uses a token, by the configuration: the one rule for causes, screens and messages."""

import fnmatch

from statusdesk.states import TokenState


def uses(token: TokenState, app: str, namespace: str) -> bool:
    """Whether an app uses a token there, by the configuration; a token without apps is used by none that is known."""
    in_app = any(fnmatch.fnmatchcase(app, glob) for glob in token.apps)
    return in_app and (not token.namespaces or any(fnmatch.fnmatchcase(namespace, glob) for glob in token.namespaces))
