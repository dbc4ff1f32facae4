"""Secret-ids and certificates: nothing renews them, so the time that is left, and the uses, are all there is."""

from statusdesk.config import CertificateSettings, SecretIdSettings
from statusdesk.facts import Token
from statusdesk.judge.token_doubts import unread_words
from statusdesk.judge.token_life import moment
from statusdesk.judge.token_rules import FEW_USES
from statusdesk.states import UNREAD, Level, TokenState


def judge_expiry(
    fact: Token, before: TokenState | None, settings: SecretIdSettings | CertificateSettings, now_ms: int
) -> tuple[TokenState, int | None]:
    """Judge what only expires; returns when time alone may change the verdict, too.

    Of what lives shortly, a third and a tenth of its life are time enough to warn in.
    """
    looks: list[int] = []
    level, reason, message = _verdict(fact, before, settings, now_ms, looks)
    known = before if fact.gone and before is not None else None
    dead_ms = known.dead_ms or fact.seen_ms if known is not None else None
    expire_ms = fact.expire_ms if known is None else known.expire_ms
    state = TokenState(
        key=f"{fact.source}/{fact.name}",
        source=fact.source,
        name=fact.name,
        level=level,
        reason=reason,
        message=message,
        kind=fact.kind,
        owner=settings.owner,
        apps=settings.apps,
        namespaces=settings.namespaces,
        accessor_tail=fact.accessor_tail,
        issue_ms=fact.issue_ms if known is None else known.issue_ms,
        expire_ms=expire_ms,
        renewable=False,
        num_uses=fact.num_uses,
        dead_ms=expire_ms if reason == "Lapsed" else dead_ms,
    )
    return state, min(looks, default=None)


def _verdict(
    fact: Token,
    before: TokenState | None,
    settings: SecretIdSettings | CertificateSettings,
    now_ms: int,
    looks: list[int],
) -> tuple[Level, str, str]:
    what = fact.kind
    expire_ms = before.expire_ms if fact.gone and before is not None else fact.expire_ms
    if fact.gone:
        if before is not None and before.until_ms is None and before.reason == "Gone":
            return Level.FAILING, "Gone", before.message  # what is known of its death stays, whatever time passes
        if expire_ms is not None and expire_ms <= now_ms:
            return Level.FAILING, "Gone", f"{what} expired at {moment(expire_ms)}"
        how = "revoked" if fact.kind == "certificate" else "used up, revoked, or its accessor is wrong"
        return Level.FAILING, "Gone", f"{what} is not valid any more: {how}"
    if expire_ms is not None and expire_ms <= now_ms:
        return Level.FAILING, "Lapsed", f"{what} lapsed at {moment(expire_ms)}"
    if fact.problem:
        looks += [expire_ms] if expire_ms is not None else []
        return Level.UNKNOWN, UNREAD, unread_words(fact.problem, expire_ms)
    if 0 < fact.num_uses <= FEW_USES:
        level = Level.FAILING if fact.num_uses == 1 else Level.WARNING
        times = f"{fact.num_uses} more times" if fact.num_uses > 1 else "once more"
        return level, "FewUses", f"{what} can be used {times}"
    if expire_ms is None:
        return Level.OK, "NeverExpires", f"{what} never expires"
    looks.append(expire_ms)
    lifetime_ms = expire_ms - fact.issue_ms if fact.issue_ms is not None else expire_ms
    for level, reason, within_s, share in (
        (Level.FAILING, "LapsesSoon", settings.critical_s, 10),
        (Level.WARNING, "RunningDown", settings.warn_s, 3),
    ):
        from_ms = expire_ms - int(min(within_s * 1000, lifetime_ms / share))
        if from_ms < now_ms:
            return level, reason, f"{what} lapses at {moment(expire_ms)}: issue another one before that"
        looks.append(from_ms + 1)
    return Level.OK, "Running", f"{what} is good until {moment(expire_ms)}"
