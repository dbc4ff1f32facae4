"""Mail against a small server of our own, which speaks as much SMTP as a mail needs."""

import email
import email.policy
import re
import socketserver
import threading

import pytest
from msgspec.structs import replace

from statusdesk.sinks.mail import Mail
from statusdesk.sinks.sending import PartlySent, Postponed, Refused
from tests.sinks.make import ALERT, HOSTILE, message, sink


class Mailbox:
    """Takes mail; ``refuse`` maps a command to what is answered instead."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []
        self.sent: list[bytes] = []  # as they came over the wire
        self.recipients: list[str] = []
        self.refuse: dict[str, str] = {}
        box = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

            def handle(self) -> None:
                self.say("220 here")
                while line := self.rfile.readline().decode().strip():
                    word = line.split()[0].upper()
                    refused = next((each for each in box.refuse if line.upper().startswith(each.upper())), "")
                    if refused and not box.refuse[refused]:
                        return
                    if refused:
                        self.say(box.refuse[refused])
                    elif word == "DATA":
                        self.say("354 go on")
                        lines = iter(self.rfile.readline, b".\r\n")
                        content = b"".join(each[1:] if each.startswith(b"..") else each for each in lines)
                        box.sent.append(content)
                        box.mails.append(email.message_from_bytes(content, policy=email.policy.default))
                        self.say("250 taken")
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        if word == "RCPT":
                            box.recipients.append(line)
                        self.say("250 ok")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def box():
    made = Mailbox()
    yield made
    made.close()


def mail(box, tmp_path, **fields):
    given = {"host": "127.0.0.1", "port": box.port, "sender": "desk@example.com", "tls": "none", "timeout_s": 3.0}
    return Mail(sink("email", to=("team@example.com", "kim@example.com"), **(given | fields)), tmp_path)


def test_a_mail_says_it_all_and_sent_twice_has_one_id(box, tmp_path):
    for _ in range(2):
        mail(box, tmp_path).send(message())
    first, second = box.mails
    assert first["Subject"] == "[FIRING] critical RolloutFailing shop/orders" and first["From"] == "desk@example.com"
    assert first["Message-ID"] == second["Message-ID"] and first["References"] and first["Auto-Submitted"]
    assert "statusdesk logs orders -n shop" in first.get_content() and "now: 2 firing" in first.get_content()
    assert len(box.recipients) == 4


def test_the_mails_of_a_group_are_one_thread_also_with_long_names(box, tmp_path):
    group = "{}:" + ",".join(f"name-{number}=value-{number}" for number in range(30))
    first, second = message(), message()
    told = [replace(each, notification=replace(each.notification, group_key=group)) for each in (first, second)]
    for each in told:
        mail(box, tmp_path).send(each)
    references = [re.findall(rb"^References: (<[0-9a-f]+@statusdesk>)\r$", sent, re.MULTILINE) for sent in box.sent]
    assert references[0] and references[0] == references[1]


def test_nothing_in_a_name_becomes_a_header(box, tmp_path):
    told = message(replace(ALERT, app="x\r\nBcc: all@example.com", summary=HOSTILE + "\r\n.\r\nQUIT"))
    mail(box, tmp_path).send(told)
    (got,) = box.mails
    assert got["Bcc"] is None and len(box.recipients) == 2 and "漢字" in got.get_content()


@pytest.mark.parametrize(
    ("word", "answer", "raises", "says"),
    [
        ("RCPT", "550 no such user", Refused, "refuses the recipients"),
        ("RCPT", "451 later", Postponed, "refuses the recipients"),
        ("DATA", "554 no", Refused, "answered 554"),
        ("MAIL", "421 too busy", Postponed, "answered 421"),
    ],
)
def test_what_the_server_refuses(box, tmp_path, word, answer, raises, says):
    box.refuse[word] = answer
    with pytest.raises(raises, match=says):
        mail(box, tmp_path).send(message())


def test_no_starttls_no_mail(box, tmp_path):
    with pytest.raises(Postponed, match="STARTTLS"):
        mail(box, tmp_path, tls="starttls").send(message())
    assert box.mails == []


def test_nobody_there(box, tmp_path):
    with pytest.raises(Postponed, match="no connection to the mail server"):
        mail(box, tmp_path, port=9).send(message())


@pytest.mark.parametrize("answer", ["421 too busy", "500 what", ""], ids=["busy", "unknown", "hangs up"])
def test_a_mail_that_was_taken_is_sent_whatever_comes_after(box, tmp_path, answer):
    box.refuse["QUIT"] = answer
    mail(box, tmp_path).send(message())
    assert len(box.mails) == 1


def test_a_mail_that_only_some_have_is_sent_and_the_others_are_told_of(box, tmp_path):
    box.refuse["RCPT TO:<kim"] = "550 no such user"
    with pytest.raises(PartlySent, match="refuses 1 of 2 recipients"):
        mail(box, tmp_path).send(message())
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    ("text", "says"), [(None, "cannot be read: No such file"), ("nothing", "holds no certificate")]
)
def test_an_authority_that_cannot_be_read_is_no_matter_of_the_server(box, tmp_path, text, says):
    if text is not None:
        (tmp_path / "ca.pem").write_text(text)
    with pytest.raises(Postponed, match=f"its ca_file {says}"):
        mail(box, tmp_path, ca_file="ca.pem").send(message())
