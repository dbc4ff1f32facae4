"""What the builds of renewal jobs keep of their parameters, so that it can be told for which tokens they were."""

from collections.abc import Sequence

from collectors.jenkins_attribution import MAX_PARAMETERS
from collectors.jenkins_wire import Action
from statusdesk.config import TokenSettings
from statusdesk.job_names import spellings
from statusdesk.redact import looks_secret, safe
from statusdesk.renewals import names_one_of


class Renewals:
    """The tokens by the jobs that renew them; other jobs' builds keep nothing."""

    def __init__(self, tokens: Sequence[TokenSettings] = ()) -> None:
        self._of_job: dict[str, list[TokenSettings]] = {}
        for token in tokens:
            if token.renewal_job:
                self._of_job.setdefault(token.renewal_job, []).append(token)

    def told_by(self, job: str, actions: Sequence[Action | None] | None) -> tuple[tuple[str, str], ...]:
        """Return the parameters' names, with those values that name a token, its application or namespace."""
        tokens = [token for name in spellings(job) for token in self._of_job.get(name, ())]
        if not tokens:
            return ()
        lists = [action.parameters for action in actions or () if action and isinstance(action.parameters, list)]
        given = [parameter for each in lists for parameter in each if parameter.name][:MAX_PARAMETERS]
        return tuple((safe(each.name or ""), _value(each.value, tokens)) for each in given)


def _value(value: object, tokens: Sequence[TokenSettings]) -> str:
    """Return a value that names a token; any other one is nobody's business."""
    text = safe(value.strip()) if isinstance(value, str) and not looks_secret(value) else ""
    return text if text and names_one_of(tokens, text) else ""
