"""The rules by which a token is judged; each says what is wrong, or nothing. The first of the worst is told."""

from collections.abc import Iterable

from statusdesk.judge.token_grants import Effect
from statusdesk.judge.token_life import Life, Verdict, moment
from statusdesk.states import TROUBLED, Level

FEW_USES = 10
LATE_SHARE = 2.5
"""A renewal that is missing for so many intervals is failing however long the token still lives."""


def worst_of(found: Iterable[Verdict | None]) -> Verdict | None:
    """Return the first of those that are failing, else the first that is a warning."""
    verdicts = [verdict for verdict in found if verdict is not None]
    for level in TROUBLED:
        for verdict in verdicts:
            if verdict[0] is level:
                return verdict
    return None


def by_uses(life: Life) -> Verdict | None:
    """A token with few uses left; -1 is what its last use sees."""
    uses = life.token.num_uses
    if not uses or uses > FEW_USES:
        return None
    if uses <= 1:
        return Level.FAILING, "FewUses", "its last use is going on" if uses < 0 else "one use is left of it"
    return Level.WARNING, "FewUses", f"{uses} uses are left of it"


def by_cap(life: Life) -> Verdict | None:
    """Renewals no longer extend it, or soon will not: a person must issue another one before its end."""
    assert life.expire_ms is not None
    end_ms = life.expire_ms if life.at_cap or life.cap_ms is None else life.cap_ms
    if not life.at_cap and life.cap_ms is None:
        return None
    warns, fails = _reissue(life, end_ms)
    end = moment(end_ms - life.skew_ms)
    if life.at_cap:
        level = Level.FAILING if fails else Level.WARNING
        return level, "AtCap", f"at its cap, renewals no longer extend it: re-issue before {end}"
    if not warns:
        return None
    message = f"no renewal takes it beyond {end}, its cap: re-issue before that"
    return (Level.FAILING if fails else Level.WARNING), "NearsCap", message


def by_renewable(life: Life) -> Verdict | None:
    """A token that nobody can renew."""
    if life.renewable or life.expire_ms is None:
        return None
    warns, fails = _reissue(life, life.expire_ms, short=0.5)
    if not warns:
        return None
    level = Level.FAILING if fails else Level.WARNING
    return level, "NotRenewable", f"lapses at {life.when} and cannot be renewed: re-issue before that"


def _reissue(life: Life, end_ms: int, *, short: float = 2.0) -> tuple[bool, bool]:
    """Tell whether to warn and to fail of an end that only another token helps against.

    Of one whose whole life is shorter than ``short`` warning times, half and a quarter of its life are time enough,
    but a renewal's interval is not to pass between the warning and the end.
    """
    lifetime_ms = end_ms - life.issue_ms if life.issue_ms is not None else end_ms
    warn_ms, fail_ms = life.settings.reissue_warn_s * 1000, life.settings.reissue_critical_s * 1000
    if lifetime_ms < short * warn_ms:
        warn_ms = min(warn_ms, lifetime_ms / 2)
    fail_ms = min(fail_ms, lifetime_ms / 4)
    if life.every_ms is not None:
        warn_ms = max(warn_ms, life.every_ms * 1.25)
    fails = life.reached(int(end_ms - fail_ms) + 1)
    return fails or life.reached(int(end_ms - warn_ms) + 1), fails


def by_grant(life: Life) -> Verdict | None:
    """What the last renewal gave, held against the one before."""
    if life.effect is Effect.SHORTENED:
        return Level.FAILING, "RenewalShortened", f"a renewal made it shorter: it lapses at {life.when}"
    if life.effect is Effect.SHRINKS:
        message = f"the last renewal gave less than the one before: it lapses at {life.when}"
        return Level.WARNING, "RenewalShrinks", message
    return None


def by_schedule(life: Life, job: str) -> Verdict | None:
    """The interval of its renewals, configured or learnt, against what they give and how long ago the last one was.

    ``job`` names who renews it, with a leading blank, or is empty.
    """
    rhythm = life.rhythm
    if rhythm is None or life.from_ms is None or life.granted_ms is None or life.expire_ms is None:
        return None
    if life.is_overdue:
        missed = life.missed
        times = "once" if missed == 1 else "twice" if missed == 2 else f"{missed} times"
        perhaps = ""
        if life.is_uneven:
            times, perhaps = f"at least {times}", "perhaps "
        if life.expire_ms <= life.from_ms + rhythm.longest_ms(missed + 1):
            message = f"renewal missed {times}{job}: lapses at {life.when}, {perhaps}before the next run"
            return Level.FAILING, "LapsesBeforeNextRun", message
        late = life.seen_ms - life.from_ms > rhythm.every_ms * LATE_SHARE
        message = f"renewal missed {times}{job}, {_renewed(life)}: lapses at {life.when}"
        return (Level.FAILING if late else Level.WARNING), "RenewalMissed", message
    if life.granted_ms < rhythm.every_ms and life.renewable:
        between = "the longest time" if life.is_uneven else "the time"
        return Level.FAILING, "NeverSurvives", f"it lives shorter than {between} between two renewals{job}"
    return None


def _renewed(life: Life) -> str:
    """Say when it was renewed last; Vault tells no renewal of a token that never was, whoever looked."""
    when = moment(life.skewed_from_ms)
    return f"last renewed {when}" if life.token.last_renewal_ms is not None else f"never since it was issued {when}"


def by_time_left(life: Life) -> Verdict | None:
    """The time that is left: where no interval is known, never earlier than at a third of the grant.

    Source: the usual renewers (Vault Agent, consul-template) renew with 26 to 30 % left.
    """
    if not life.renewable or life.expire_ms is None or life.granted_ms is None:
        return None
    if not life.may_be_due:
        return None  # its next renewal is not due yet, however little is left
    warn_ms = min(life.settings.warn_s * 1000, life.granted_ms / 3)
    critical_ms = min(life.settings.critical_s * 1000, life.granted_ms / 10)
    message = f"lapses at {life.when}, nobody has renewed it in time"
    fails = life.heard(int(life.expire_ms - critical_ms) + 1)
    if fails:
        return Level.FAILING, "LapsesSoon", message
    if life.heard(int(life.expire_ms - warn_ms) + 1):
        return Level.WARNING, "RunningDown", message
    return None


def by_root(life: Life) -> Verdict | None:
    """A token that may do everything."""
    if not life.token.root:
        return None
    if life.expire_ms is None:
        return Level.WARNING, "RootToken", "a root token that never expires"
    return Level.WARNING, "RootToken", f"a root token until {life.when}"


def notes_of(life: Life) -> tuple[str, ...]:
    """Return what is worth knowing of a token and no fault."""
    token, notes = life.token, []
    if token.period_s and not token.explicit_max_s:
        notes.append("periodic: nothing caps it")
    if life.rhythm is not None and life.granted_ms is not None and life.rhythm.lived_through(life.granted_ms) == 1:
        notes.append(f"a single missed run {'may lapse' if life.is_uneven else 'lapses'} it")
    if not token.orphan and token.path.startswith("auth/token/create") and not life.settings.parent:
        notes.append("it dies with the token that made it: name that one as its parent")
    if token.mount_problem and token.expire_ms is not None and not token.period_s:
        notes.append(f"cap of its mount not known: {token.mount_problem}")
    if token.root:
        notes.append("it may do everything")
    return tuple(notes)
