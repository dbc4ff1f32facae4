"""All pages of a list in one API server, in memory at once: for lists that are short, or of little of each thing."""

import msgspec

from collectors.kubernetes_api import KubernetesApi
from collectors.kubernetes_connection import JSON, Query
from collectors.kubernetes_problems import ApiProblem
from collectors.kubernetes_wire import ItemT, ListWire

PAGE = 500


def all_pages(
    api: KubernetesApi,
    path: str,
    query: Query,
    decoder: msgspec.json.Decoder[ListWire[ItemT]],
    accept: str = JSON,
) -> tuple[list[ItemT], str]:
    """Return what a list holds, and its version to watch from. Raises: ApiProblem."""
    found: list[ItemT] = []
    token = ""
    while True:
        more = [("continue", token)] if token else []
        body = api.get(path, [*query, ("limit", str(PAGE)), *more], accept)
        try:
            page = decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ApiProblem("NotJson", f"{api.host} answers with something else than a list") from error
        found += page.items or ()
        if page.metadata.continue_ in ("", token):
            return found, page.metadata.resource_version
        token = page.metadata.continue_
