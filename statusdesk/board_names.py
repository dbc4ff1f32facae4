"""The names that ``[board]`` may hold: themes, ids of keys, keys.

Data of its own, so that no command has to load the console to read the configuration; a test holds it against what the
console really has.
"""

import unicodedata

OWN_THEMES = ("statusdesk", "statusdesk-light", "statusdesk-colourblind", "statusdesk-mono")
OTHER_SPELLINGS = ("mono", "light", "colourblind", "colorblind", "statusdesk-colorblind")
TEXTUAL_THEMES = (
    "textual-dark",
    "textual-light",
    "nord",
    "gruvbox",
    "catppuccin-mocha",
    "dracula",
    "tokyo-night",
    "monokai",
    "flexoki",
    "catppuccin-latte",
    "catppuccin-frappe",
    "catppuccin-macchiato",
    "solarized-light",
    "solarized-dark",
    "rose-pine",
    "rose-pine-moon",
    "rose-pine-dawn",
    "atom-one-dark",
    "atom-one-light",
    "ansi-dark",
    "ansi-light",
)
THEMES = (*OWN_THEMES, *OTHER_SPELLINGS, *TEXTUAL_THEMES)

BINDING_IDS = (
    *("app.quit", "app.interrupt"),
    *("board.detail", "board.build", "board.copy", "board.filter", "board.only_bad", "board.order", "board.go_to"),
    *("board.as_of", "board.times", "board.back", "board.help", "board.open", "board.workloads", "board.alerts"),
    *("rollout.proof", "rollout.events", "rollout.commands", "rollout.stages", "rollout.build", "rollout.workloads"),
    *("rollout.next", "rollout.previous", "rollout.all_pods", "rollout.times", "rollout.back", "rollout.help"),
    *("workloads.open", "workloads.filter", "workloads.only_bad", "workloads.before", "workloads.next"),
    *("workloads.stages", "workloads.times", "workloads.back", "workloads.help"),
    *("board.logs", "board.previous", "workloads.logs", "workloads.previous", "rollout.logs", "rollout.container"),
    *("logs.follow", "logs.search", "logs.next", "logs.before", "logs.include", "logs.exclude", "logs.only_bad"),
    *("logs.previous", "logs.containers", "logs.since", "logs.side", "logs.wrap", "logs.times", "logs.mark"),
    *("logs.copy_lines", "logs.save", "logs.back", "logs.whole", "logs.copy_line", "logs.older", "logs.jump"),
    *(
        "logs.fold",
        "logs.raw",
        "logs.redact",
        "logs.wide",
        "logs.drop",
        "logs.to_mark",
        "logs.other",
        "logs.widen",
        "logs.help",
    ),
    *(
        "alerts.open",
        "alerts.logs",
        "alerts.take",
        "alerts.comment",
        "alerts.give_back",
        "alerts.silence",
        "alerts.expire",
    ),
    *("alerts.filter", "alerts.times", "alerts.back", "alerts.help"),
    *("board.tokens", "board.environments"),
    *("builds.open", "builds.console", "builds.by_job", "builds.only_bad", "builds.filter", "builds.all"),
    *("builds.unattributed", "builds.copy", "builds.times", "builds.back", "builds.help"),
    *("build.open", "build.console", "build.copy", "build.builds", "build.times", "build.back", "build.help"),
    *("tokens.open", "tokens.builds", "tokens.only_bad", "tokens.filter", "tokens.times", "tokens.back"),
    *("tokens.help", "token.open", "token.times", "token.back", "token.help"),
    *("environments.open", "environments.builds", "environments.only_bad", "environments.filter"),
    *("environments.times", "environments.back", "environments.help"),
    *("cursor.up", "cursor.down", "cursor.left", "cursor.right", "cursor.page_up", "cursor.page_down"),
    *("cursor.first", "cursor.last"),
)
"""Of the keys of screens and tables; the keys of dialogs cannot be changed."""

_NAMED_KEYS = (
    "escape",
    "return",
    "enter",
    "tab",
    "space",
    "backspace",
    "left",
    "right",
    "up",
    "down",
    "home",
    "end",
    "insert",
    "delete",
    "pageup",
    "pagedown",
)
_PUNCTUATION = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_MODIFIERS = frozenset({"ctrl", "shift", "alt", "super", "hyper", "meta"})


def _name_of(character: str) -> str:
    """Return the name of a key that is printed as one character: ``/`` is ``slash``, a letter is itself."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _PUNCTUATION.get(name, name)


KEYS = (*_NAMED_KEYS, *(f"f{number}" for number in range(1, 25)), *(_name_of(chr(code)) for code in range(33, 127)))


def key_named(text: str) -> str | None:
    """Return a key as the console names it (``?`` is ``question_mark``); None when no keyboard sends it."""
    *modifiers, key = text.strip().split("+") if text.strip() != "+" else ["plus"]
    if len(key) == 1 and key.isprintable() and not key.isspace():
        # With shift it is another character, and that is what has to be named.
        key = _name_of(key) if "shift" not in modifiers else ""
    if len(key) != 1 and key not in KEYS:
        return None
    if len(set(modifiers)) < len(modifiers) or not _MODIFIERS.issuperset(modifiers):
        return None
    return "+".join([*sorted(modifiers), key])
