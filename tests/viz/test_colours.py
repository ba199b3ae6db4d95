"""Colours: text can be read on its ground, and signs are told apart by the colour-blind, in both themes."""

import re
from importlib.resources import files
from itertools import product
from typing import Any

import pytest
from colorspacious import cspace_convert, deltaE

from chainrule.viz.theme import LEVELS, Palette, Theme

THEMES: tuple[Theme, ...] = ("light", "dark")
GROUNDS = ("background", "op", "param", "input", "const", "root")
LEAST_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3, level AA
LEAST_LINE_CONTRAST = 3.0  # 1.4.11, for graphics
LEAST_DISTANCE = 30.0  # CIE76


def rgb(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]


def luminance(colour: str) -> float:
    """Return the relative luminance as WCAG defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48  # the well-known grey that just fails


@pytest.mark.parametrize("theme", THEMES)
def test_words_are_read_on_every_ground(theme: Theme) -> None:
    palette = Palette(theme)
    for text, ground in product(("ink", "muted"), GROUNDS):
        assert contrast(palette[text], palette[ground]) >= LEAST_CONTRAST, (text, ground)


@pytest.mark.parametrize("theme", THEMES)
def test_numbers_are_read_on_their_chips(theme: Theme) -> None:
    palette = Palette(theme)
    sizes = [0.0, float("nan"), float("inf"), *[0.5 * LEVELS[0], *LEVELS]]
    for x in [*sizes, *[-size for size in sizes]]:
        chip = palette.chip(x, 1.0)
        assert contrast(chip.text, chip.ground) >= LEAST_CONTRAST, x


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("deficiency", ["deuteranomaly", "protanomaly", "tritanomaly", None])
def test_equal_sizes_of_opposite_sign_are_told_apart(theme: Theme, deficiency: str | None) -> None:
    palette = Palette(theme)
    sight: Any = "sRGB1"
    if deficiency:  # of full severity: deuteranopia, protanopia, tritanopia
        sight = {"name": "sRGB1+CVD", "cvd_type": deficiency, "severity": 100}
    for level in range(len(LEVELS) + 1):
        seen = [cspace_convert(rgb(palette[f"{sign} {level}"]), sight, "sRGB1") for sign in ("plus", "minus")]
        distance = float(deltaE(*seen, input_space="sRGB1", uniform_space="CIELab"))
        assert distance >= LEAST_DISTANCE, (level, distance)


def test_the_check_would_find_red_and_green() -> None:
    sight = {"name": "sRGB1+CVD", "cvd_type": "deuteranomaly", "severity": 100}
    seen = [cspace_convert(rgb(colour), sight, "sRGB1") for colour in ("#a6d96a", "#fdae61")]
    assert deltaE(*seen, input_space="sRGB1", uniform_space="CIELab") < LEAST_DISTANCE


@pytest.mark.parametrize("theme", THEMES)
def test_lines_are_seen_on_the_ground(theme: Theme) -> None:
    palette = Palette(theme)
    for x in (0.005, 0.05, 0.2, 1.0):
        for value in (x, -x):
            assert contrast(palette.stroke(value, 1.0), palette["background"]) >= 2.5
    assert contrast(palette.stroke(1.0, 1.0), palette["background"]) >= LEAST_LINE_CONTRAST
    assert contrast(palette.stroke(-1.0, 1.0), palette["background"]) >= LEAST_LINE_CONTRAST


@pytest.mark.parametrize("theme", THEMES)
def test_the_pages_own_colours_are_seen_too(theme: Theme) -> None:
    found: dict[str, str] = {}
    for place in ("page/parts/base.css", "learning/page/learning.css"):
        text = files("chainrule.viz").joinpath(*place.split("/")).read_text(encoding="utf-8")
        for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", text):
            found[name] = light if theme == "light" else dark
    palette = Palette(theme)
    texts = ["user", "operand", *[name for name in found if name.startswith("line-")]]
    assert len(texts) == 7
    for name, ground in product(texts, (palette["background"], found["panel"])):
        assert contrast(found[name], ground) >= LEAST_CONTRAST, (name, ground)
