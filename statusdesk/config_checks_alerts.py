"""What a sink of each type needs, and what it cannot use."""

from collections.abc import Iterator, Set

import msgspec

from statusdesk.config_alerts import SinkSettings

_COMMON = frozenset(
    {"name", "type", "timeout_s", "min_severity", "stages", "send_resolved", "group_wait_s", "repeat_s", "give_up_s"}
)
_HTTP = frozenset({"user", "password", "token", "ca_file"})
_OWN: dict[str, frozenset[str]] = {
    "alertmanager": _HTTP | {"urls", "resend_s", "resolve"},
    "webhook": _HTTP | {"urls", "url"},
    "slack": frozenset({"url", "ca_file"}),
    "pagerduty": frozenset({"key", "urls", "ca_file"}),
    "email": frozenset({"host", "port", "tls", "sender", "to", "user", "password", "ca_file"}),
    "jsonl": frozenset({"path"}),
    "command": frozenset({"command"}),
    "desktop": frozenset(),
    "apprise": frozenset({"url"}),
}
_NEEDS: dict[str, tuple[tuple[str, str], ...]] = {
    "alertmanager": (("urls", 'urls = ["http://alertmanager.example:9093"], each of a cluster by itself'),),
    "slack": (("url", "url_env, url_file or url_command"),),
    "pagerduty": (("key", "key_env, key_file or key_command"),),
    "email": (("host", 'host = "mail.example"'), ("sender", 'sender = "..."'), ("to", 'to = ["..."]')),
    "command": (("command", 'command = ["program", "argument"]'),),
    "apprise": (("url", "url_env, url_file or url_command"),),
}

NEEDED = frozenset(field for needs in _NEEDS.values() for field, _ in needs) | {"urls", "url", "password"}
"""The fields of which is said here that they are missing."""


def check_sink(sink: SinkSettings, wrong: Set[str] = frozenset()) -> Iterator[str]:
    """Yield one sentence for each key that is missing, or that this type of sink has no use for.

    ``wrong``: the fields that were given in a way that is told already: they are not missing.
    """
    for field, example in _NEEDS.get(sink.type, ()):
        if not getattr(sink, field) and field not in wrong:
            yield f"{field} is missing; add {example}"
    if sink.type == "webhook" and wrong.isdisjoint(("url", "urls")) and len(sink.urls) + (sink.url is not None) != 1:
        yield 'needs one address: urls = ["https://..."] with one, or url_env, url_file or url_command'
    if sink.type == "pagerduty" and len(sink.urls) > 1:
        yield "urls: one address is enough, events are sent to the first"
    allowed = _COMMON | _OWN.get(sink.type, frozenset())
    for known in msgspec.structs.fields(SinkSettings):
        if known.name not in allowed and getattr(sink, known.name) != known.default:
            key = known.name.removesuffix("_s")
            yield f"{key} means nothing to a sink of type {sink.type}; take it away"
    if sink.user and sink.password is None and "password" not in wrong and sink.type != "email":
        yield "password is missing; add password_env, password_file or password_command"
    if sink.password is not None and not sink.user:
        yield "user is missing; a password goes with a user's name"
    if sink.token is not None and sink.user:
        yield "both a token and a user are given; keep one"
