"""One table of the configuration file at a time: values converted and checked, every problem gathered."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from statusdesk.config import Secret, Settings
from statusdesk.config_schema import (
    RULES,
    SECRET_SOURCES,
    Key,
    Kind,
    is_variable_name,
    keys_of,
    names_of,
)
from statusdesk.config_schema_alerts import ALERT_RULES
from statusdesk.durations import parse_duration_ms
from statusdesk.nearest import nearest_of as nearest_of
from statusdesk.redact import begins_like_token, is_token

_SECRET_WORDS = ("password", "passwd", "secret", "api_token", "apitoken", "token", "secret_id", "api_key", "apikey")


class Problems:
    """The problems of one configuration file, in the order in which they were met."""

    def __init__(self, file: Path, top_level: Collection[str]) -> None:
        self._file = file
        self._top_level = top_level
        self.sentences: list[str] = []

    def add(self, key: str, what: str) -> None:
        """Add one sentence: file, key, what is wrong and how to mend it."""
        self.sentences.append(f"{self._file}: {key}: {what}" if key else f"{self._file}: {what}")

    def unknown(self, path: str, key: str, known: Collection[str]) -> None:
        """Add an unknown key, with the nearest one that is known."""
        where = f"{path}.{key}" if path else key
        nearest = nearest_of(key, known)
        if path and key in self._top_level:
            self.add(where, f"unknown key; {key} belongs at the top of the file, before the first [table]")
        elif nearest:
            self.add(where, f"unknown key; did you mean {' or '.join(nearest)}?")
        else:
            self.add(where, "unknown key; known here: " + ", ".join(sorted(known)))


class Reading:
    """What reading values needs to know: where the file is, the environment, and where problems go."""

    def __init__(self, file: Path, env: Mapping[str, str], problems: Problems) -> None:
        self.base = file.parent
        self.env = env
        self.problems = problems

    def table(
        self, path: str, content: object, settings: type[Settings], also: Collection[str] = ()
    ) -> dict[str, Any] | None:
        """Return the fields that the table gives, converted; None when it is no table.

        ``also`` names keys that the caller reads itself.
        """
        if not isinstance(content, dict):
            self.problems.add(path, f"must be a table, not {_type_name(content)}")
            return None
        fields: dict[str, Any] = {}
        keys = keys_of(settings)
        known = [*names_of(settings), *also]
        for name, value in content.items():
            if name in also:
                continue
            key = keys.get(name)
            if key is not None and key.kind is not Kind.SECRET:
                self._field(f"{path}.{name}", settings, key, value, fields)
            elif key is not None or name in _SECRET_WORDS:
                self.literal_secret(f"{path}.{name}", name if key is not None else "token")
            elif name not in known:
                self.problems.unknown(path, name, known)
        for key in keys.values():
            if key.kind is Kind.SECRET:
                fields[key.field] = self._secret(path, key.name, content)
        return fields

    def field(self, path: str, settings: type[Settings], name: str, value: object) -> dict[str, Any]:
        """Return the one field that a key gives, converted; nothing when it cannot be. ``path`` is what to call it."""
        fields: dict[str, Any] = {}
        self._field(path, settings, keys_of(settings)[name], value, fields)
        return fields

    def require(
        self,
        path: str,
        settings: type[Settings],
        fields: Mapping[str, Any],
        content: object,
        told: Collection[str] = (),
    ) -> bool:
        """Tell whether every required field is there; a key that is not in the file is a problem, unless ``told``."""
        missing = [k for k in keys_of(settings).values() if k.required and k.field not in fields]
        for key in missing:
            if isinstance(content, dict) and key.name not in content and key.name not in told:
                self.problems.add(path, f"{key.name} is missing; add {key.name} = {_EXAMPLES.get(key.kind, '...')}")
        return not missing

    def literal_secret(self, path: str, name: str = "token") -> None:
        """Add the problem of a secret that stands in the file; ``name`` is its key."""
        self.problems.add(
            path,
            f"a secret does not belong in this file; name where it is kept with {name}_env, {name}_file"
            f" or {name}_command",
        )

    def text(self, path: str, value: object) -> str | None:
        """Return the value if it is a harmless text; anything else is a problem."""
        if not isinstance(value, str):
            self.problems.add(path, f"must be {Kind.TEXT.value}, not {_type_name(value)}")
        elif is_token(value):
            self.literal_secret(path)
        elif not value.isprintable():
            self.problems.add(path, "must not hold control characters")
        else:
            return value
        return None

    def texts(self, path: str, value: object) -> tuple[str, ...] | None:
        """Return the value if it is a list of different harmless texts; anything else is a problem."""
        if not isinstance(value, list):
            self.problems.add(path, f"must be {Kind.TEXTS.value}, not {_type_name(value)}")
            return None
        texts = [self.text(f"{path}[{index}]", item) for index, item in enumerate(value, 1)]
        good = tuple(text for text in texts if text is not None)
        for text in sorted({text for text in good if good.count(text) > 1}):
            self.problems.add(path, f"names {text!r} more than once; keep one")
        return good if len(good) == len(texts) == len(set(good)) else None

    def path(self, text: str) -> str:
        """Return an absolute path: ``~`` is the home directory, a relative one starts at the file's directory."""
        if not text:
            return ""
        return str(self.base / Path(text).expanduser())

    def _field(self, path: str, settings: type[Settings], key: Key, value: object, fields: dict[str, Any]) -> None:
        rule = RULES.get((settings, key.field)) or ALERT_RULES.get((settings, key.field))
        if key.field == "accessor" and rule is not None and isinstance(value, str) and begins_like_token(value):
            # Whoever wrote a token here wants to hear of accessors, not of secrets in general.
            self.problems.add(path, rule(value))
            return
        converted = self._convert(path, key.kind, value)
        if converted is None:
            return
        if rule is not None and (wrong := rule(converted)):
            self.problems.add(path, wrong)
            return
        fields[key.field] = converted

    def _convert(self, path: str, kind: Kind, value: object) -> Any:  # noqa: ANN401 - any field's type
        if kind is Kind.TEXT:
            return self.text(path, value)
        if kind is Kind.TEXTS:
            return self.texts(path, value)
        if kind is Kind.PATH:
            text = self.text(path, value)
            return None if text is None else self.path(text)
        if kind in (Kind.SECONDS, Kind.MILLIS):
            return self._duration(path, kind, value)
        # bool is a kind of int in Python, but `page_size = true` is a mistake.
        if kind is Kind.FLAG and isinstance(value, bool):
            return value
        if kind is Kind.INTEGER and isinstance(value, int) and not isinstance(value, bool):
            return value
        if kind is Kind.NUMBER and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        self.problems.add(path, f"must be {kind.value}, not {_type_name(value)}")
        return None

    def _duration(self, path: str, kind: Kind, value: object) -> float | int | None:
        if not isinstance(value, str):
            what = f"must be {kind.value}, not {_type_name(value)}"
            if isinstance(value, int | float) and not isinstance(value, bool):
                what = f'must be {kind.value}; write the unit: "{value}s"'
            self.problems.add(path, what)
            return None
        try:
            ms = parse_duration_ms(value)
        except ValueError as error:
            self.problems.add(path, str(error))
            return None
        return ms if kind is Kind.MILLIS else ms / 1000

    def _secret(self, path: str, name: str, content: Mapping[str, object]) -> Secret | None:
        given = [source for source in SECRET_SOURCES if f"{name}_{source}" in content]
        if len(given) > 1:
            both = " and ".join(f"{name}_{source}" for source in given)
            self.problems.add(path, f"{both} are both given; keep one")
        if len(given) != 1:
            return None
        source = given[0]
        where = f"{path}.{name}_{source}"
        value = content[f"{name}_{source}"]
        if source == "command":
            return self._command(where, value)
        text = self.text(where, value)
        if text is None:
            return None
        if source == "env" and not is_variable_name(text):
            self.problems.add(where, "must be the name of an environment variable, such as JENKINS_TOKEN")
            return None
        if not text:
            self.problems.add(where, "is empty; name a file")
            return None
        return Secret(env=text) if source == "env" else Secret(file=self.path(text))

    def _command(self, where: str, value: object) -> Secret | None:
        if not isinstance(value, list):
            self.problems.add(where, 'must be a list such as ["pass", "show", "jenkins"]; it is not run by a shell')
            return None
        argv = [self.text(f"{where}[{index}]", item) for index, item in enumerate(value, 1)]
        words = tuple(word for word in argv if word is not None)
        if len(words) != len(argv):
            return None
        if not words or not words[0]:
            self.problems.add(where, "is empty; name a program and its arguments")
            return None
        return Secret(command=words)


_EXAMPLES: Mapping[Kind, str] = {Kind.TEXT: '"..."', Kind.TEXTS: '["..."]', Kind.INTEGER: "1", Kind.SECONDS: '"30s"'}


def _type_name(value: object) -> str:
    names = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")
