"""What the builds of renewal jobs keep of their parameters, so that it can be told for which tokens they were."""

import zlib
from collections.abc import Sequence

from collectors.jenkins_attribution import MAX_PARAMETERS, is_secret_name
from collectors.jenkins_wire import Action
from statusdesk.config import TokenSettings
from statusdesk.job_names import spellings
from statusdesk.redact import looks_secret, safe
from statusdesk.renewals import UNSAID, members, names_one_of


class Renewals:
    """The tokens by the jobs that renew them; other jobs' builds keep nothing."""

    def __init__(self, tokens: Sequence[TokenSettings] = ()) -> None:
        self._of_job: dict[str, list[TokenSettings]] = {}
        for token in tokens:
            if token.renewal_job:
                self._of_job.setdefault(token.renewal_job, []).append(token)

    def told_by(self, job: str, actions: Sequence[Action | None] | None) -> tuple[tuple[str, str], ...]:
        """Return the parameters' names, with what of their values names a token, its application or namespace."""
        tokens = [token for name in spellings(job) for token in self._of_job.get(name, ())]
        if not tokens:
            return ()
        lists = [action.parameters for action in actions or () if action and isinstance(action.parameters, list)]
        given = [parameter for each in lists for parameter in each if parameter.name][:MAX_PARAMETERS]
        return tuple((safe(each.name or ""), _value(each.name or "", each.value, tokens)) for each in given)


def _value(name: str, value: object, tokens: Sequence[TokenSettings]) -> str:
    """Return what of a value names a token; of any other text, which is nobody's business, by what it is told apart.

    That is eight bits of a sum, which tell nobody what it was; of what may be secret, that there is something.
    """
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        return ""
    if looks_secret(text):
        return UNSAID
    naming = [each for each in members(tokens, safe(text)) if names_one_of(tokens, each)]
    if naming or is_secret_name(name):
        return ",".join(naming) or UNSAID
    return f"{UNSAID}{zlib.crc32(text.encode(errors='replace')) & 0xFF:02x}"
