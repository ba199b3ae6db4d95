"""Colours by role, for light and dark screens.

Nothing is said by colour alone: a sign is also a minus, kinds are also shapes and words. Orange for
positive and blue for negative stay apart for the colour-blind, where green and red do not.
"""

import math
from dataclasses import dataclass
from typing import Literal

Theme = Literal["auto", "light", "dark"]
THEMES = ("auto", "light", "dark")

# Each role has a light hex of its own, though several look alike: the dark colours of an "auto"
# picture are found by it (see `dark_style`).
_ROLES = {
    "background": ("#ffffff", "#0d1117"),
    "ink": ("#1b1f24", "#e6edf3"),
    "muted": ("#57606a", "#9da7b3"),
    "line": ("#8c959f", "#6e7681"),
    "op": ("#fefefe", "#161b22"),
    "param": ("#fff4d6", "#3a3115"),
    "input": ("#e8f1fb", "#13283f"),
    "const": ("#eeeeee", "#2a2f36"),
    "root": ("#f3e8fd", "#33214a"),
    "zero": ("#e4e7eb", "#30363d"),
    "plus 0": ("#fedcae", "#4a2b08"),
    "plus 1": ("#fdb863", "#8a4f0b"),
    "plus 2": ("#e08214", "#e08214"),
    "plus 3": ("#b35806", "#fdb863"),
    "minus 0": ("#cbe3f3", "#10324d"),
    "minus 1": ("#92c5de", "#1f5a8a"),
    "minus 2": ("#4393c3", "#4393c3"),
    "minus 3": ("#2166ac", "#92c5de"),
    "bad": ("#cf222e", "#ff7b72"),
    "on middle": ("#1b1f25", "#0d1119"),
    "on strong": ("#fdfdfd", "#0d1118"),
}
LEVELS = (0.01, 0.1, 0.4)
"""The shares of the largest size at which the next level begins."""


@dataclass(frozen=True)
class Chip:
    """The colours of a number on a coloured ground."""

    ground: str
    text: str


class Palette:
    """The colours of one theme: `palette["ink"]`, and those that depend on a number."""

    def __init__(self, theme: Theme) -> None:
        dark = theme == "dark"  # "auto" is the light picture with a style sheet for dark screens
        self._colours = {role: pair[dark] for role, pair in _ROLES.items()}

    def __getitem__(self, role: str) -> str:
        return self._colours[role]

    def chip(self, x: float, largest: float) -> Chip:
        """Return the chip for a gradient of `x` in a picture whose largest is `largest`."""
        if not math.isfinite(x):
            return Chip(self["bad"], self["on strong"])
        if x == 0.0:
            return Chip(self["zero"], self["muted"])
        level = _level(x, largest)
        on = "ink" if level < 2 else "on middle" if level == 2 else "on strong"
        return Chip(self[f"{_sign(x)} {level}"], self[on])

    def stroke(self, x: float, largest: float) -> str:
        """Return the colour of a line that carries `x`; strong enough to be seen at any size."""
        if not math.isfinite(x):
            return self["bad"]
        if x == 0.0:
            return self["line"]
        return self[f"{_sign(x)} {max(2, _level(x, largest))}"]


def _sign(x: float) -> str:
    return "plus" if x > 0.0 else "minus"


def _level(x: float, largest: float) -> int:
    return sum(abs(x) >= step * largest for step in LEVELS)


def dark_style(scope: str) -> str:
    """Return the style sheet that turns a light picture dark on dark screens.

    scope: the selector of the picture; a page may hold several, and other things besides.
    """
    rules = [
        f'{scope} [{attribute}="{light}"]{{{attribute}:{dark}}}'
        for light, dark in _ROLES.values()
        if light != dark
        for attribute in ("fill", "stroke")
    ]
    return f"@media screen and (prefers-color-scheme:dark){{{''.join(rules)}}}"


def variables() -> str:
    """Return the colours as CSS custom properties for a page whose `color-scheme` says light or dark."""
    return "".join(
        [f"--{role.replace(' ', '-')}:light-dark({light},{dark});" for role, (light, dark) in _ROLES.items()]
    )
