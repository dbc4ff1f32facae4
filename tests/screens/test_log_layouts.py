"""Lines of JSON in the layouts of well-known programs are words, and are as grave as these say."""

import json

import pytest

from screens.log_gravity import gravity, level_of
from screens.log_json import readable
from screens.log_levels import Gravity

AT = "2026-11-23T14:00:00Z"
MONGO = {"t": {"$date": AT}, "s": "E", "c": "NETWORK", "id": 22943, "ctx": "listener", "msg": "no socket"}
TRACING = {"timestamp": AT, "level": "ERROR", "fields": {"message": "db down", "error": "timeout"}, "target": "my_app"}


@pytest.mark.parametrize(
    ("fields", "words", "level"),
    [
        (MONGO, "ERROR NETWORK: no socket id=22943 ctx=listener", Gravity.ERROR),
        ({**MONGO, "s": "W"}, "WARN  NETWORK: no socket id=22943 ctx=listener", Gravity.WARNING),
        ({**MONGO, "s": "F"}, "FATAL NETWORK: no socket id=22943 ctx=listener", Gravity.FATAL),
        ({**MONGO, "s": "D2"}, "DEBUG NETWORK: no socket id=22943 ctx=listener", Gravity.DEBUG),
        ({"s": "E", "c": 1, "msg": "x"}, "x s=E c=1", Gravity.NONE),
        ({"t": 5, "s": "E", "c": 1, "msg": "x"}, "x t=5 s=E c=1", Gravity.NONE),
        (TRACING, "ERROR my_app: db down error=timeout", Gravity.ERROR),
        ({**TRACING, "fields": {"took": 3}, "level": "WARN"}, "WARN  my_app: took=3", Gravity.WARNING),
        ({**TRACING, "fields": {"message": "x", "level": 5, "span": 1, "name": "bob"}, "span": {"name": "s"}},
         "ERROR my_app: x span={name=s} fields={level=5 span=1 name=bob}", Gravity.ERROR),
        ({"level": "INFO", "fields": {"message": "no ERROR now"}}, "INFO  no ERROR now", Gravity.INFO),
        ({"level": "info", "msg": "x", "fields": {"a": 1}}, "INFO  x fields={a=1}", Gravity.INFO),
        ({"level": "error", "error": "connection refused"}, "ERROR connection refused", Gravity.ERROR),
        ({"level": "error", "err": "refused", "n": 1}, "ERROR refused n=1", Gravity.ERROR),
        ({"level": "warn", "error": {"code": 5}}, "WARN  error={code=5}", Gravity.WARNING),
        ({"level": "info", "status": 200}, "INFO  status=200", Gravity.INFO),
        ({"level": "error", "msg": "x", "error": "y"}, "ERROR x error=y", Gravity.ERROR),
        ({"Timestamp": AT, "SeverityText": "ERROR", "SeverityNumber": 17, "Body": "failed", "TraceId": "8c1"},
         "ERROR failed TraceId=8c1", Gravity.ERROR),
        ({"severity_text": "warn", "body": "slow"}, "WARN  slow", Gravity.WARNING),
        ({"severityNumber": 21, "body": {"stringValue": "gone"}}, "FATAL gone", Gravity.FATAL),
        ({"SeverityText": "Error", "Body": {"event": "x"}}, "ERROR {event=x}", Gravity.ERROR),
        ({"severityNumber": 99, "body": "x"}, "x", Gravity.NONE),
    ],
)  # fmt: skip
def test_other_layouts_are_words(fields, words, level):
    text = json.dumps(fields)
    assert readable(text) == words
    assert level_of(text) is level
    assert gravity(text) is (level if level >= Gravity.WARNING else Gravity.NONE)


@pytest.mark.parametrize("fields", [{"a": 1}, {"level": "shelf 3", "error": "x"}, {"body": "x"}, {"level": 17, "n": 1}])
def test_what_only_looks_like_a_log_stays_as_it_came(fields):
    text = json.dumps(fields)
    assert readable(text) == text
