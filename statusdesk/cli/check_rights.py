"""The rights that ``statusdesk check`` finds missing in a cluster, told together where they are mended together."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collectors.kubernetes_probe import Lack, ProbeResult


Rights = tuple[tuple[str, "Lack"], ...]


def missing_rights(results: "Iterable[ProbeResult]") -> Iterator[tuple[str, bool]]:
    """Yield what to say of the results that lack a right, and whether the board works without it; what it needs first.

    Namespaces that lack the same share a sentence, and a command that mends all of them.
    """
    by_place: dict[tuple[str, bool], Rights] = {}
    for result in results:
        if result.lack is not None:
            place = (result.namespace, result.optional)
            by_place[place] = (*by_place.get(place, ()), (f"{result.verb} {result.resource}", result.lack))
    together: dict[tuple[bool, Rights], list[str]] = {}
    for (namespace, optional), rights in by_place.items():
        together.setdefault((optional, rights), []).append(namespace)
    for (optional, rights), namespaces in sorted(together.items(), key=lambda group: group[0][0]):
        yield _sentence(rights, namespaces), optional


def _sentence(rights: Rights, namespaces: Sequence[str]) -> str:
    named = [f"{right} ({lack.loss} without it)" if lack.loss else right for right, lack in rights]
    where = ", ".join(namespaces) if any(namespaces) else "all namespaces"
    return f"{where}: may not {', '.join(named)}\n{_mend(rights[0][1], namespaces)}"


def _mend(lack: "Lack", namespaces: Sequence[str]) -> str:
    from collectors.kubernetes_problems import grant

    if lack.whole:
        return grant(lack.user, "")
    if len(namespaces) == 1:
        return grant(lack.user, namespaces[0])
    return f"for n in {' '.join(namespaces)}; do {grant(lack.user, '$n')}; done"
