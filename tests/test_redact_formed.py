"""What the form of an address, of markup, a statement or a command says to be secret is hidden."""

import pytest

from statusdesk.redact import may_hold_secret, redact

FORMED = [
    ("key sk-ant-api03-{0} used", "key [hidden] used"),
    ("sk-proj-{0}", "[hidden]"),
    ("xapp-1-A0123456789-{0}", "[hidden]"),
    ("pypi-AgEIcHlwaS5vcmc{0}", "[hidden]"),
    ("dop_v1_0123456789abcdef0123456789abcdef", "[hidden]"),
    ("POST https://hooks.slack.com/services/T000/B000/{0} 200", "POST https://hooks.slack.com/services/[hidden] 200"),
    ("GET /x?sig={0}&se=2026", "GET /x?sig=[hidden]&se=2026"),
    ("x?X-Amz-Signature={0}&x=1", "x?X-Amz-Signature=[hidden]&x=1"),
    ("<password>{0}</password>", "<password>[hidden]</password>"),
    ('<property name="password" value="{0}"/>', '<property name="password" value="[hidden]"/>'),
    ("CREATE USER x IDENTIFIED BY '{0}'", "CREATE USER x IDENTIFIED BY '[hidden]'"),
    ("ALTER USER x PASSWORD '{0}'", "ALTER USER x PASSWORD '[hidden]'"),
    ("credentials={0} x", "credentials=[hidden] x"),
    ("otp=123456", "otp=[hidden]"),
    ("encryption_key={0}", "encryption_key=[hidden]"),
    ("SMTP_PASS: {0}", "SMTP_PASS: [hidden]"),
    ("DB_PWD: Abc12345", "DB_PWD: [hidden]"),
    ("Passwort: {0}", "Passwort: [hidden]"),
    ('{{"auths":{{"reg":{{"auth":"dXNlcjpwYXNzd29yZA=="}}}}}}', '{{"auths":{{"reg":{{"auth":"[hidden]"}}}}}}'),
    ("mysql -u root -p{0} db", "mysql -u root -p[hidden] db"),
    ("docker login -u x -p {0} reg", "docker login -u x -p [hidden] reg"),
    ("sshpass -p {0} ssh h", "sshpass -p [hidden] ssh h"),
    ('mysqldump -p"{0} two" db', 'mysqldump -p"[hidden]" db'),
    (r'{{"msg":"mysql -u root -p\"{0}\" db"}}', r'{{"msg":"mysql -u root -p\"[hidden]\" db"}}'),
    (r'{{"msg":"docker login -p \"{0}\" reg"}}', r'{{"msg":"docker login -p \"[hidden]\" reg"}}'),
    (r'{{"msg":"sshpass -p \"{0}\" ssh h"}}', r'{{"msg":"sshpass -p \"[hidden]\" ssh h"}}'),
    (r'{{"msg":"IDENTIFIED BY \"{0}\" x"}}', r'{{"msg":"IDENTIFIED BY \"[hidden]\" x"}}'),
    (r'{{"m":"{{\"msg\":\"mysql -p\\\"{0}\\\"\"}}"}}', r'{{"m":"{{\"msg\":\"mysql -p\\\"[hidden]\\\"\"}}"}}'),
    (r"ALTER USER x PASSWORD 'a\b{0}'", "ALTER USER x PASSWORD '[hidden]'"),
    ("mysql -p{0} db; mysql -px -h h", "mysql -p[hidden] db; mysql -p[hidden] -h h"),
    (r"sshpass -p a\b{0} ssh h", "sshpass -p [hidden] ssh h"),
]


@pytest.mark.parametrize(("text", "left"), FORMED)
def test_what_stands_in_the_place_of_a_secret_is_hidden(text, left):
    text, left = text.format("Hunter2secretABCDEF123"), left.format()
    assert may_hold_secret(text) and redact(text) == left
    assert redact(left) == left
    assert may_hold_secret("an ordinary line\n" * 200 + text), "in a chunk, too"


@pytest.mark.parametrize(
    "text",
    [
        "disk-proj-1 and task-ant-2 are mounted",
        "kill sig=SIGTERM pid=12",
        "<password></password>",
        "fetch credentials=include mode=cors",
        "credentials=true",
        "identified by the operator as stale",
        "tests_pass: 12",
        "first_pass: done",
        '{"auth":"required"}',
        "login -p",
        'run "mysql -p" now, and "x"',
        r'{"cmd":["mysql -p","docker login -p"],"x":"{\"c\":\"mysql -p\",\"d\":1}"}',
        "psql -p 5432 -h db",
        "mysql -P 3306 -h db -p",
        "the user may login with -p or without",
        "pypi-mirror is up",
        "https://hooks.example/services/T000/B000/abcdefghijklmnopqrst",
        "verified signature=ok",
    ],
)
def test_what_has_another_meaning_there_stays(text):
    assert redact(text) == text
