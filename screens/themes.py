"""Our four themes. A theme may give the ``desk-`` variables; ``ink`` derives those that it leaves out."""

from textual.theme import BUILTIN_THEMES, Theme

ALIASES = {
    "mono": "statusdesk-mono",
    "light": "statusdesk-light",
    "colourblind": "statusdesk-colourblind",
    "colorblind": "statusdesk-colourblind",
    "statusdesk-colorblind": "statusdesk-colourblind",
}
"""Short and other spellings of our own themes, as the configuration may have them."""

DARK = Theme(
    name="statusdesk",
    primary="#7aa7d9",
    secondary="#8f9bb3",
    accent="#7aa7d9",
    success="#6fae86",
    warning="#dca54c",
    error="#ff6b5b",
    foreground="#d5dbe3",
    background="#10141a",
    surface="#161b22",
    panel="#1c232d",
    dark=True,
    variables={
        "desk-quiet": "#6d7886",
        "desk-moving": "#62aef0",
        "desk-soaking": "#7cc4d8",
        "desk-skew": "#c792d9",
        "desk-blocked": "#dca54c",
        "desk-tint-0": "#98a3b1",
        "desk-tint-1": "#9db8e8",
        "desk-tint-2": "#93cfc0",
        "desk-tint-3": "#d3bfe6",
        "desk-tint-4": "#dccd9b",
        "desk-tint-5": "#a9d49b",
    },
)

LIGHT = Theme(
    name="statusdesk-light",
    primary="#2f62a3",
    secondary="#5b6779",
    accent="#2f62a3",
    success="#2f7d4f",
    warning="#9a6400",
    error="#c22f1f",
    foreground="#1d232b",
    background="#f7f8fa",
    surface="#eef0f4",
    panel="#e2e6ec",
    dark=False,
    variables={
        "desk-quiet": "#68727f",
        "desk-moving": "#1b63b5",
        "desk-soaking": "#176f83",
        "desk-skew": "#87379f",
        "desk-blocked": "#9a6400",
        "desk-tint-0": "#535e6b",
        "desk-tint-1": "#2c5397",
        "desk-tint-2": "#17695a",
        "desk-tint-3": "#71429a",
        "desk-tint-4": "#6f5b14",
        "desk-tint-5": "#3a6a2b",
    },
)

# The palette of Okabe and Ito; its blue #0072B2 is too dark on this ground and is lightened.
COLOURBLIND = Theme(
    name="statusdesk-colourblind",
    primary="#56b4e9",
    secondary="#8f9bb3",
    accent="#56b4e9",
    success="#009e73",
    warning="#e69f00",
    error="#f0722b",
    foreground="#dfe3e8",
    background="#0f1216",
    surface="#15191f",
    panel="#1d232b",
    dark=True,
    variables={
        "desk-quiet": "#7b8590",
        "desk-moving": "#4ea3dc",
        "desk-soaking": "#56b4e9",
        "desk-skew": "#cc79a7",
        "desk-blocked": "#e69f00",
        "desk-tint-0": "#a3abb5",
        "desk-tint-1": "#56b4e9",
        "desk-tint-2": "#d9d27a",
        "desk-tint-3": "#cc79a7",
        "desk-tint-4": "#e6c78a",
        "desk-tint-5": "#7fd0b5",
    },
)

_DEFAULT = "ansi_default"
MONO = Theme(
    name="statusdesk-mono",
    ansi=True,
    primary=_DEFAULT,
    secondary=_DEFAULT,
    warning=_DEFAULT,
    error=_DEFAULT,
    success=_DEFAULT,
    accent=_DEFAULT,
    foreground=_DEFAULT,
    background=_DEFAULT,
    surface=_DEFAULT,
    panel=_DEFAULT,
    boost=_DEFAULT,
    dark=True,
    variables={
        **dict.fromkeys(BUILTIN_THEMES["ansi-dark"].variables, _DEFAULT),
        "block-cursor-text-style": "reverse",
        "input-cursor-text-style": "reverse",
        "scrollbar": _DEFAULT,
        "scrollbar-background": _DEFAULT,
    },
)

THEMES = (DARK, LIGHT, COLOURBLIND, MONO)
