"""What must hold between the values of a configuration: names that refer to each other, files that must be there."""

import difflib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from statusdesk.config import CertificateSettings, Config, SecretIdSettings, TokenSettings, VaultSettings
from statusdesk.config_values import Problems


def check_together(config: Config, document: Mapping[str, Any], problems: Problems, *, collecting: bool) -> None:
    """Add a problem for each value that contradicts another one.

    ``document`` is the file as parsed: what is missing there is a problem, what was refused there was told already.
    """
    _check_presence(document, problems)
    _check_names(config, problems)
    _check_stages(config, problems)
    _check_references(config, problems)
    if config.jenkins is not None and config.jenkins.token is not None and not config.jenkins.user:
        problems.add("jenkins", "user is missing; Jenkins takes an API token together with its user's name")
    if config.jenkins is not None and config.jenkins.user and config.jenkins.token is None:
        jenkins = document["jenkins"]
        if not any(key.startswith("token") for key in jenkins):
            problems.add("jenkins", "the token is missing; add token_env, token_file or token_command")
    if config.vault is not None:
        _check_vault(config.vault, problems)
    _check_staleness(config, document, problems)
    if config.environments.work_from == config.environments.work_until:
        problems.add("environments.work_until", "is work_from: that is no working day; make it later")
    if collecting:
        _check_files(config, problems)


def _check_presence(document: Mapping[str, Any], problems: Problems) -> None:
    if not document.get("stages") and not document.get("stage"):
        problems.add("stages", 'no stage is given; add stages = ["testing", "staging", "production"], in that order')
    if not any(name in document for name in ("kubernetes", "cluster", "jenkins", "vault")):
        problems.add("", "no source is given; add [kubernetes], [jenkins] or [vault]")


def _check_vault(vault: VaultSettings, problems: Problems) -> None:
    named = [token.name for token in vault.tokens]
    for index, token in enumerate(vault.tokens, 1):
        where = f"vault.token[{index}]"
        if token.reissue_critical_s > token.reissue_warn_s:
            problems.add(f"{where}.reissue_critical", "is longer than reissue_warn; make it shorter")
        if token.parent == token.name:
            problems.add(f"{where}.parent", "names the token itself; name the one that made it, or none")
        elif token.parent:
            _check_known(f"{where}.parent", "token", (token.parent,), named, problems)
    _check_circles(vault, problems)
    entries: dict[str, tuple[TokenSettings | SecretIdSettings | CertificateSettings, ...]] = {
        "token": vault.tokens,
        "secret_id": vault.secret_ids,
        "certificate": vault.certificates,
    }
    for kind, listed in entries.items():
        for index, entry in enumerate(listed, 1):
            if entry.critical_s > entry.warn_s:
                problems.add(f"vault.{kind}[{index}].critical", "is longer than warn; make it shorter")
    if vault.slow_interval_s < vault.interval_s:
        problems.add("vault.slow_interval", "is shorter than interval; make it longer")


def _check_circles(vault: VaultSettings, problems: Problems) -> None:
    """Tokens that made each other in a circle: each circle is told once, where the first of it stands."""
    parents = {token.name: token.parent for token in vault.tokens if token.parent}
    told: set[str] = set()
    for index, token in enumerate(vault.tokens, 1):
        line, parent = [token.name], token.parent
        while parent in parents and parent not in line:
            line.append(parent)
            parent = parents[parent]
        if parent == token.name and len(line) > 1 and told.isdisjoint(line):
            told.update(line)
            made = ", which was made by ".join(map(repr, [*line[1:], token.name]))
            problems.add(
                f"vault.token[{index}].parent",
                f"makes a circle: {token.name!r} was made by {made}; take out one that is wrong",
            )


def _check_staleness(config: Config, document: Mapping[str, Any], problems: Problems) -> None:
    """What is looked at less often than it becomes stale would swing between known and unknown."""
    stale_s = config.board.stale_after_s
    whole = len(config.clusters) if "kubernetes" in document else 0  # [kubernetes] comes after all [[cluster]]
    intervals = {
        "kubernetes.poll_interval" if number == whole else f"cluster[{number}].poll_interval": cluster.poll_interval_s
        for number, cluster in enumerate(config.clusters, 1)
    }
    if config.jenkins is not None:
        intervals["jenkins.interval"] = config.jenkins.interval_s
    if config.vault is not None:
        intervals["vault.interval"] = config.vault.interval_s
    for key, interval_s in intervals.items():
        if interval_s >= stale_s:
            mend = f"make it longer than {key} ({interval_s:g}s), or that shorter"
            problems.add("board.stale_after", f"{stale_s:g}s is too short: {mend}")


def _check_names(config: Config, problems: Problems) -> None:
    vault = config.vault
    watched = [entry.name for entry in vault.tokens] if vault is not None else []
    watched += [entry.name for entry in vault.secret_ids] if vault is not None else []
    watched += [entry.name for entry in vault.certificates] if vault is not None else []
    for path, names in (
        ("stage", [stage.name for stage in config.stages]),
        ("cluster", [cluster.name for cluster in config.clusters]),
        ("app", [app.name for app in config.apps]),
        ("vault.token", watched),
    ):
        for name, count in Counter(names).items():
            if count > 1:
                problems.add(path, f"the name {name!r} is given {count} times; names must differ")


def _check_stages(config: Config, problems: Problems) -> None:
    production = [stage.name for stage in config.stages if stage.production]
    if len(production) > 1:
        problems.add("stage", f"{' and '.join(production)} are both production; only one stage can be")
    seen: dict[tuple[str, str], str] = {}
    for index, stage in enumerate(config.stages, 1):
        # A stage without clusters is in all of them: those that are configured, and the one without a name.
        clusters = stage.clusters or ("", *(cluster.name for cluster in config.clusters))
        for namespace in stage.namespaces:
            other = next((seen[c, namespace] for c in clusters if (c, namespace) in seen), None)
            if other is not None and other != stage.name:
                problems.add(
                    f"stage[{index}].namespaces", f"{namespace!r} belongs to stage {other!r} already; keep it in one"
                )
            seen.update({(cluster, namespace): stage.name for cluster in clusters})


def _check_references(config: Config, problems: Problems) -> None:
    clusters = [cluster.name for cluster in config.clusters]
    stages = [stage.name for stage in config.stages]
    for index, stage in enumerate(config.stages, 1):
        _check_known(f"stage[{index}].clusters", "cluster", stage.clusters, clusters, problems)
    for index, app in enumerate(config.apps, 1):
        _check_known(f"app[{index}].stages", "stage", app.stages, stages, problems)


def _check_known(path: str, what: str, names: Iterable[str], known: list[str], problems: Problems) -> None:
    for name in names:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            mend = f"did you mean {nearest[0]!r}?" if nearest else "known: " + (", ".join(known) or "none")
            problems.add(path, f"there is no {what} {name!r}; {mend}")


def _check_files(config: Config, problems: Problems) -> None:
    for index, cluster in enumerate(config.clusters, 1):
        _check_readable(f"cluster[{index}].kubeconfig", cluster.kubeconfig, problems)
    if config.jenkins is not None:
        _check_readable("jenkins.ca_file", config.jenkins.ca_file, problems)
    if config.vault is not None:
        _check_readable("vault.ca_file", config.vault.ca_file, problems)


def _check_readable(path: str, file: str, problems: Problems) -> None:
    if not file:
        return
    try:
        with Path(file).open("rb"):
            pass
    except OSError as error:
        problems.add(path, f"{file} cannot be read: {os.strerror(error.errno or 0)}")
