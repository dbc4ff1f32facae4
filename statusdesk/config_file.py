"""The configuration file: found, read strictly, and turned into frozen settings; every problem is told at once."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from statusdesk.accessors import accessor_problem, read_accessor
from statusdesk.board_names import BINDING_IDS, KEYS, key_named
from statusdesk.config import (
    AppSettings,
    BoardSettings,
    CertificateSettings,
    ClusterSettings,
    Config,
    EnvironmentSettings,
    JenkinsSettings,
    RolloutThresholds,
    Secret,
    SecretIdSettings,
    Settings,
    StageSettings,
    StoreSettings,
    TokenSettings,
    VaultSettings,
)
from statusdesk.config_alerts_file import AlertTables
from statusdesk.config_checks import check_together
from statusdesk.config_schema import RULES
from statusdesk.config_values import Problems, Reading, nearest_of
from statusdesk.credentials import problems_of_files

FILE_VERSION = 1
TOP_LEVEL = (
    "version",
    "stages",
    "stage",
    "kubernetes",
    "cluster",
    "app",
    "jenkins",
    "vault",
    "environments",
    "store",
    "thresholds",
    "board",
    "alerts",
    "sink",
    "ha",
    "gate",
)
_FOLLOWING = ("namespaces", "accessor")  # required, but taken from other keys when they are not given
_ACCESSORS = ("accessor", "accessor_env", "accessor_file")
_BY_ACCESSOR = (TokenSettings, SecretIdSettings)
SYSTEM_FILE = Path("/etc/statusdesk/config.toml")


class ConfigError(Exception):
    """The configuration cannot be used; ``problems`` has one sentence for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NoConfigError(ConfigError):
    """There is no configuration file in any place where one is looked for."""


def find_config(flag: str | None, env: Mapping[str, str]) -> Path:
    """Return the file to read: the flag, $STATUSDESK_CONFIG, the user's, the system's; the first that is there.

    The current directory is not searched, because a configuration may name commands to run.

    Raises: NoConfigError when there is none, ConfigError when a file was named that is not there.
    """
    for named, by in ((flag, "--config"), (env.get("STATUSDESK_CONFIG"), "$STATUSDESK_CONFIG")):
        if named:
            path = Path(named).expanduser().absolute()
            if path.is_dir():
                raise ConfigError([f"{path}: is a directory (named by {by}); name the file in it"])
            if not path.exists():
                raise ConfigError([f"{path}: no such file (named by {by})"])
            return path
    home = Path(env.get("XDG_CONFIG_HOME") or Path(env.get("HOME") or Path.home()) / ".config")
    places = (home / "statusdesk" / "config.toml", SYSTEM_FILE)
    for path in places:
        if path.exists():
            return path.absolute()
    looked = " and ".join(map(str, places))
    raise NoConfigError(
        [f"no configuration: --config and $STATUSDESK_CONFIG name none, and none is at {looked}; try `statusdesk demo`"]
    )


def load(path: Path, env: Mapping[str, str], state_dir: str | None = None, *, collecting: bool = True) -> Config:
    """Return the configuration that the file, the environment and the flag ``--state-dir`` give.

    With ``collecting`` false, what only the collector needs (accessors kept elsewhere, CA files, kubeconfigs) may be
    unreadable: a console that reads the store has no business with it.

    Raises: ConfigError with one sentence per problem: file, key, what is wrong, how to mend it.
    """
    document = _parse(path)
    problems = Problems(path, TOP_LEVEL)
    config = _Document(Reading(path, env, problems), document, collecting).config(path, state_dir)
    if problems.sentences or config is None:
        # Whoever mends the file wants to hear of its secrets in the same breath.
        secrets = problems_of_files(config) if collecting and config is not None else []
        raise ConfigError(problems.sentences + secrets)
    return config


def state_directory(flag: str | None, env: Mapping[str, str], in_file: str) -> str:
    """Return where the state is kept: the flag, the environment, systemd's directory, the file, the user's."""
    # $STATE_DIRECTORY may hold several directories; the first is ours.
    systemd = env.get("STATE_DIRECTORY", "").split(":")[0]
    named = flag or env.get("STATUSDESK_STATE_DIR") or systemd or in_file
    if named:
        return str(Path(named).expanduser().absolute())
    home = Path(env.get("XDG_STATE_HOME") or Path(env.get("HOME") or Path.home()) / ".local" / "state")
    return str((home / "statusdesk").absolute())


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {os.strerror(error.errno or 0)}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: is not TOML: {error}"]) from None


class _Document:
    """The tables of one file, read in turn; what cannot be read is left out and told."""

    def __init__(self, reading: Reading, document: dict[str, Any], collecting: bool) -> None:
        self._reading = reading
        self._problems = reading.problems
        self._document = document
        self._collecting = collecting
        self._thresholds: dict[str, Any] = {}

    def config(self, path: Path, state_dir: str | None) -> Config | None:
        for name in self._document:
            if name not in TOP_LEVEL:
                self._problems.unknown("", name, TOP_LEVEL)
        self._version()
        store = self._single("store", StoreSettings)
        store["state_dir"] = state_directory(state_dir, self._reading.env, store.get("state_dir", ""))
        self._thresholds = self._single("thresholds", RolloutThresholds)
        config = Config(
            path=str(path),
            stages=self._stages(),
            clusters=self._clusters(),
            store=StoreSettings(**store),
            jenkins=self._jenkins(),
            vault=self._vault(),
            apps=tuple(AppSettings(**fields) for fields in self._many("app", AppSettings)),
            thresholds=RolloutThresholds(**self._thresholds),
            board=self._board(),
            environments=EnvironmentSettings(**self._single("environments", EnvironmentSettings)),
        )
        told = AlertTables(self._reading, self._document, config)
        config = msgspec.structs.replace(
            config,
            jenkins=_with_token_jobs(config),
            alerts=told.alerts(),
            sinks=told.sinks(),
            ha=told.ha(),
            gate=told.gate(),
        )
        check_together(config, self._document, self._problems, collecting=self._collecting)
        return config

    def _version(self) -> None:
        version = self._document.get("version", FILE_VERSION)
        if version != FILE_VERSION or isinstance(version, bool):
            self._problems.add("version", f"must be {FILE_VERSION}, the only form of this file that is known")

    def _single(self, name: str, settings: type[Settings], also: tuple[str, ...] = ()) -> dict[str, Any]:
        return self._reading.table(name, self._document.get(name, {}), settings, also) or {}

    def _many(self, name: str, settings: type[Settings], also: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        return self._list(name, self._document.get(name, []), settings, also)

    def _list(
        self, path: str, content: object, settings: type[Settings], also: tuple[str, ...] = ()
    ) -> list[dict[str, Any]]:
        """Read ``[[path]]``; only entries with all their required keys are returned."""
        if not isinstance(content, list):
            self._problems.add(path, f"must be written as [[{path}]], once for each")
            return []
        entries = []
        for index, item in enumerate(content, 1):
            where = f"{path}[{index}]"
            fields = self._reading.table(where, item, settings, also)
            if fields is None:
                continue
            self._defaults(where, settings, fields, item)
            if self._reading.require(where, settings, fields, item, _FOLLOWING):
                entries.append(fields)
        return entries

    def _defaults(self, where: str, settings: type[Settings], fields: dict[str, Any], item: dict[str, Any]) -> None:
        """Fill in required fields that follow from others: a stage's namespaces, a token's accessor."""
        if settings is StageSettings and "name" in fields and "namespaces" not in item:
            self._namespaces_by_name(f"{where}.name", fields)
        if settings is StageSettings and "thresholds" in item:
            own = self._reading.table(f"{where}.thresholds", item["thresholds"], RolloutThresholds) or {}
            fields["thresholds"] = RolloutThresholds(**(self._thresholds | own))
        if settings in _BY_ACCESSOR and (accessor := self._accessor(where, item)) is not None:
            fields["accessor"] = accessor
            if "accessor_file" in item:
                fields["accessor_file"] = self._reading.path(item["accessor_file"])

    def _namespaces_by_name(self, where: str, fields: dict[str, Any]) -> None:
        namespaces = (fields["name"],)
        if wrong := RULES[StageSettings, "namespaces"](namespaces):
            self._problems.add(where, f"{wrong}, or give the stage its namespaces")
        else:
            fields["namespaces"] = namespaces

    def _stages(self) -> tuple[StageSettings, ...]:
        names = self._document.get("stages")
        if names is None:
            stages = [StageSettings(**fields) for fields in self._many("stage", StageSettings, ("thresholds",))]
        else:
            if "stage" in self._document:
                self._problems.add("stages", "both stages and [[stage]] are given; keep one")
            stages = []
            for name in self._reading.texts("stages", names) or ():
                fields: dict[str, Any] = {"name": name}
                self._namespaces_by_name("stages", fields)
                if "namespaces" in fields:
                    stages.append(StageSettings(**fields))
        if stages and not any(stage.production for stage in stages):
            stages[-1] = StageSettings(**{**_fields(stages[-1]), "production": True})
        return tuple(stages)

    def _clusters(self) -> tuple[ClusterSettings, ...]:
        clusters = [ClusterSettings(**fields) for fields in self._many("cluster", ClusterSettings)]
        if "kubernetes" in self._document:
            if "cluster" in self._document:
                self._problems.add("kubernetes", "both [kubernetes] and [[cluster]] are given; keep one")
            fields = self._single("kubernetes", ClusterSettings)
            # A key `cluster/namespace/…` is built from the name, so that a context such as an ARN loses its slashes.
            name = fields.get("context", "").replace("/", "-").replace("#", "-") or "default"
            clusters.append(ClusterSettings(**{"name": name, **fields}))
        return tuple(clusters)

    def _jenkins(self) -> JenkinsSettings | None:
        content = self._document.get("jenkins")
        if content is None:
            return None
        fields = self._single("jenkins", JenkinsSettings)
        if not self._reading.require("jenkins", JenkinsSettings, fields, content):
            return None
        return JenkinsSettings(**fields)

    def _vault(self) -> VaultSettings | None:
        content = self._document.get("vault")
        if not isinstance(content, dict):
            if content is not None:
                self._problems.add("vault", "must be a table; write [vault] and its keys below it")
            return None
        for table in ("token", "secret_id"):
            if isinstance(content.get(table), str):
                self._reading.literal_secret(f"vault.{table}")
                content = {key: value for key, value in content.items() if key != table}
        address = self._reading.env.get("VAULT_ADDR")
        if address and "address" not in content:
            content = {"address": address, **content}
        also = ("token", "accessors", "secret_id", "certificate")
        fields = self._reading.table("vault", content, VaultSettings, also) or {}
        tokens = [TokenSettings(**entry) for entry in self._tokens(content)]
        secret_ids = self._list("vault.secret_id", content.get("secret_id", []), SecretIdSettings, _ACCESSORS[1:])
        certificates = self._list("vault.certificate", content.get("certificate", []), CertificateSettings)
        if not self._reading.require("vault", VaultSettings, fields, content):
            return None
        # Every Vault client reads its token from this variable when nothing else is said.
        fields["token"] = fields["token"] or Secret(env="VAULT_TOKEN")
        return VaultSettings(
            **fields,
            tokens=tuple(tokens),
            secret_ids=tuple(SecretIdSettings(**entry) for entry in secret_ids),
            certificates=tuple(CertificateSettings(**entry) for entry in certificates),
        )

    def _tokens(self, content: dict[str, Any]) -> list[dict[str, Any]]:
        entries = self._list("vault.token", content.get("token", []), TokenSettings, _ACCESSORS[1:])
        accessors = content.get("accessors", {})
        if not isinstance(accessors, dict):
            self._problems.add("vault.accessors", 'must be a table such as { payments = "accessor" }')
            return entries
        for name, accessor in accessors.items():
            where = f"vault.accessors.{name}"
            fields = self._reading.field("vault.accessors", TokenSettings, "name", name)
            fields |= self._reading.field(where, TokenSettings, "accessor", accessor)
            if "accessor" in fields and "name" in fields:
                entries.append(fields)
        return entries

    def _accessor(self, where: str, item: dict[str, Any]) -> str | None:
        """Return the accessor that an environment variable or a file holds; None when it stands in the file itself.

        A file that holds none is no problem here, and gives an empty one: it is read again at each visit, and what is
        wrong with the file of one token stops nothing else.
        """
        given = [key for key in _ACCESSORS if key in item]
        if len(given) > 1:
            self._problems.add(where, " and ".join(given) + " are both given; keep one")
        if not given:
            self._problems.add(where, "accessor is missing; add accessor, accessor_env or accessor_file")
        if len(given) != 1 or given[0] == "accessor":
            return None
        key = f"{where}.{given[0]}"
        text = self._reading.text(key, item[given[0]])
        if text is None:
            return None
        if given[0] == "accessor_file":
            return read_accessor(Path(self._reading.path(text))).accessor
        accessor = self._reading.env.get(text)
        if accessor is None:
            if self._collecting:
                self._problems.add(key, f"the environment variable {text} is not set; set it to the accessor")
            return None if self._collecting else ""
        if wrong := accessor_problem(accessor):
            self._problems.add(key, f"what it names {wrong}")
            return None
        return accessor

    def _board(self) -> BoardSettings:
        fields = self._single("board", BoardSettings, also=("keymap",))
        content = self._document.get("board")
        keymap = content.get("keymap", {}) if isinstance(content, dict) else {}
        if not isinstance(keymap, dict):
            self._problems.add("board.keymap", 'must be a table of key names such as board.filter = "slash"')
            keymap = {}
        keys = {name: self._keys(name, value) for name, value in _flat(keymap)}
        return BoardSettings(**fields, keymap=tuple((name, value) for name, value in keys.items() if value))

    def _keys(self, name: str, value: object) -> str:
        """Return the keys of a binding as the console names them, comma after comma."""
        where = f"board.keymap.{name}"
        if name not in BINDING_IDS:
            self._problems.unknown("board.keymap", name, BINDING_IDS)
            return ""
        text = self._reading.text(where, value)
        if text is None:
            return ""
        keys = [key_named(key) for key in text.split(",")] if text.strip() != "," else ["comma"]
        for written, key in zip(text.split(","), keys, strict=False):
            if key is None:
                near = nearest_of(written.strip(), KEYS)
                mend = f"did you mean {near[0]!r}?" if near else 'write it as "f", "slash", "ctrl+q" or "f5"'
                self._problems.add(where, f"no key is called {written.strip()!r}; {mend}")
        return ",".join(key for key in keys if key is not None)


def _with_token_jobs(config: Config) -> JenkinsSettings | None:
    if config.jenkins is None or config.vault is None:
        return config.jenkins
    named = frozenset(token.renewal_job for token in config.vault.tokens if token.renewal_job)
    return msgspec.structs.replace(config.jenkins, token_jobs=named)


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the leaves by dotted names: unquoted, an id such as ``board.filter`` is a table in a table."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _fields(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}
