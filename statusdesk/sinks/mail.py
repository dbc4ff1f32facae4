"""Mail, one per message, over SMTP."""

import contextlib
import email.policy
import hashlib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

from statusdesk.config_alerts import SinkSettings
from statusdesk.credentials import CredentialError, ReadSecret, read_secret
from statusdesk.sinks.message import Message
from statusdesk.sinks.sending import PartlySent, Postponed, Refused
from statusdesk.text import clean, counted

MOST_ALERTS = 50
TEMPORARY_CODES = range(400, 500)


class Mail:
    """Opens a connection for each mail: they are few."""

    def __init__(self, sink: SinkSettings, base_dir: Path, read: ReadSecret = read_secret) -> None:
        self._sink = sink
        self._base_dir = base_dir
        self._read_secret = read

    def send(self, message: Message) -> None:
        """Send one mail."""
        try:
            self._send(mail_of(message, self._sink))
        except CredentialError as error:
            raise Postponed(str(error), whole_sink=True) from None
        except ssl.SSLError:
            raise Postponed("its certificate cannot be verified", whole_sink=True) from None
        except smtplib.SMTPAuthenticationError:
            raise Postponed("the mail server does not take user and password", whole_sink=True) from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _by_code(max(codes), "the mail server refuses the recipients") from None
        except smtplib.SMTPResponseException as error:
            raise _by_code(error.smtp_code, f"the mail server answered {error.smtp_code}") from None
        except smtplib.SMTPNotSupportedError:
            raise Postponed('the mail server offers no STARTTLS; set tls = "tls" or "none"', whole_sink=True) from None
        except smtplib.SMTPException as error:
            raise Postponed(f"the mail server broke off ({type(error).__name__})", whole_sink=True) from None
        except TimeoutError:
            raise Postponed(f"no answer within {self._sink.timeout_s:g} s", whole_sink=True) from None
        except OSError as error:
            raise Postponed(
                f"no connection to the mail server: {error.strerror or 'refused'}", whole_sink=True
            ) from None

    def _send(self, mail: EmailMessage) -> None:
        sink = self._sink
        context = self._context()
        opened: smtplib.SMTP
        if sink.tls == "tls":
            opened = smtplib.SMTP_SSL(sink.host, sink.port, timeout=sink.timeout_s, context=context)
        else:
            opened = smtplib.SMTP(sink.host, sink.port, timeout=sink.timeout_s)
        with contextlib.closing(opened) as server:
            if sink.tls == "starttls":
                server.starttls(context=context)
            if sink.user and sink.password is not None:
                server.login(sink.user, self._read_secret(sink.password, self._base_dir))
            refused = server.send_message(mail)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()  # the mail is taken: however this ends, it is not sent again
        if refused:
            said = f"the mail server refuses {len(refused)} of {counted(len(sink.to), 'recipient')}, the others have it"
            raise PartlySent(said)

    def _context(self) -> ssl.SSLContext:
        path = str(self._base_dir / self._sink.ca_file) if self._sink.ca_file else None
        try:
            return ssl.create_default_context(cafile=path)
        except ssl.SSLError:
            why = "holds no certificate"
        except OSError as error:
            why = f"cannot be read: {error.strerror or type(error).__name__}"
        raise Postponed(f"its ca_file {why}", whole_sink=True)

    def close(self) -> None:
        """Nothing stays open."""


def _by_code(code: int, why: str) -> Postponed | Refused:
    return Postponed(why) if code in TEMPORARY_CODES else Refused(why)


def mail_of(message: Message, sink: SinkSettings) -> EmailMessage:
    """Return the mail; one that is sent twice has the same id both times, and a group is one thread."""
    told = message.notification
    mail = EmailMessage(email.policy.SMTP)
    mail["Subject"] = clean(message.title, 200)
    mail["From"] = sink.sender
    mail["To"] = ", ".join(sink.to)
    mail["Date"] = formatdate(told.created_ms / 1000)
    mail["Message-ID"] = _id_of(told.idempotency_key)
    mail["References"] = _id_of(told.group_key)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Idempotency-Key"] = told.idempotency_key
    mail.set_content(message.text(MOST_ALERTS))
    return mail


def _id_of(key: str) -> str:
    """Return a message id of a length that is sent as it is: a longer one would be folded into encoded words.

    Source: RFC 5322 §3.6.4 (no encoded word is part of an id: RFC 2047 §5).
    """
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@statusdesk>"
