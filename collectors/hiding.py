"""The secrets of the configuration hidden in whatever a source tells: a job may print what another source was given."""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from collectors.masking import Mask
from statusdesk.config import Secret
from statusdesk.credentials import SECRETS_KEPT, CredentialError, read_secret
from statusdesk.facts import Changed, KnownUntil, Message, Pod, Visited
from statusdesk.redact import HIDDEN
from statusdesk.redact_named import is_plain
from statusdesk.text import CUT

_START = 12
_ADDRESSES = ("http://", "https://", "http%3A", "https%3A")


class Hiding:
    """Gives on what collectors tell, without the secrets that it was told of; it may be called by any thread.

    What is made of words is passed over, as a password may be: names would go with it.
    """

    def __init__(self, emit: Callable[[Message], None], base_dir: Path) -> None:
        self._emit = emit
        self._base_dir = base_dir
        self._learning = threading.Lock()
        self._masks: tuple[Mask, ...] = ()
        self._sought: tuple[bytes, ...] = ()
        # of each that is configured, and with whom it is sent, those read last, the newest at the end
        self._known: dict[tuple[Secret, str], dict[str, Mask]] = {}

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Hide these from now on; one that a command tells is known once it is used, as ``reader`` reads it."""
        for secret in secrets:
            if not secret.command:
                with contextlib.suppress(CredentialError):  # whoever needs it tells
                    self.know(secret, read_secret(secret, self._base_dir))

    def reader(self, secret: Secret | None, user: str = "") -> Callable[[], str] | None:
        """Return what reads a secret as it is then, which is hidden from then on, also as it is sent with ``user``."""

        def read(of: Secret) -> str:
            known = read_secret(of, self._base_dir)
            self.know(of, known, user)
            return known

        return None if secret is None else functools.partial(read, secret)

    def know(self, of: Secret, secret: str, user: str = "") -> None:
        """Hide from now on what was read of a secret, also as it is sent with ``user``."""
        if is_plain(secret):
            return
        with self._learning:
            known = self._known.setdefault((of, user), {})
            mask = known.pop(secret, None)
            known[secret] = mask or Mask(secret, user)
            if mask is not None:
                return
            if len(known) > SECRETS_KEPT:  # one that is issued anew each hour
                del known[next(iter(known))]
            self._seek(mask for each in self._known.values() for mask in each.values())

    def _seek(self, masks: Iterable[Mask]) -> None:
        self._masks = tuple(masks)
        # an address begins as others do; all else is known by its beginning, also where a long text was cut in it
        forms = (form for mask in self._masks for form in mask.forms)
        starts = dict.fromkeys(form if form.startswith(_ADDRESSES) else form[:_START] for form in forms)
        self._sought = tuple(start.encode() for start in starts)

    def __call__(self, message: Message) -> None:
        """Give a message on; one that holds no secret is only searched."""
        if self._sought and self._may_hold(message):
            message = self._within(message)
        self._emit(message)

    def _may_hold(self, message: Message) -> bool:
        """Search a message as it would be written, which is many times faster than text by text."""
        if _tells_names_only(message):
            return False
        try:
            written = msgspec.msgpack.encode(message, enc_hook=_nothing)
        except (OverflowError, UnicodeError):  # a number or a character that cannot be written
            return True
        return any(start in written for start in self._sought)

    def _within(self, told: Any) -> Any:  # noqa: ANN401  any part of a message
        if type(told) is str:
            return self.hide(told)
        if isinstance(told, msgspec.Struct):
            fields = ((name, getattr(told, name)) for name in told.__struct_fields__)
            changed = {name: new for name, old in fields if (new := self._within(old)) is not old}
            return msgspec.structs.replace(told, **changed) if changed else told
        if isinstance(told, tuple):
            parts = [self._within(each) for each in told]
            if all(new is old for new, old in zip(parts, told, strict=True)):
                return told
            return type(told)(*parts) if hasattr(told, "_fields") else tuple(parts)
        return told

    def hide(self, text: str) -> str:
        """Return a text without the secrets that it was told of."""
        for mask in self._masks:
            text = mask.text(text)
            for form in mask.forms if text.endswith(CUT) else ():
                at = text.rfind(form[:_START])
                if at >= 0 and form.startswith(text[at : -len(CUT)]):
                    text = text[:at] + HIDDEN
        return text


def _tells_names_only(message: Message) -> bool:
    """Tell whether a message is of pods that say nothing in words: most messages are, and the search costs more."""
    if isinstance(message, (Visited, KnownUntil)) or message.kind is not Pod:
        return False
    for pod in message.seen if isinstance(message, Changed) else message.facts:
        if not isinstance(pod, Pod) or pod.message or pod.scheduled_message:
            return False
        for container in pod.containers:
            if container.message or container.last_message:
                return False
    return True


def _nothing(kind: object) -> None:
    """Write the class that a message tells of as nothing."""
