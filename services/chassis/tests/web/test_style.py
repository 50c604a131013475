"""The style sheet keeps text readable: WCAG 2.2 AA asks for a contrast of 4.5 to 1, and 3 to 1 for what is not text."""

from __future__ import annotations

import re
from importlib import resources

import pytest

SHEET = (resources.files("chassis.web") / "static" / "flode.css").read_text("utf-8")
DARK = "@media screen and (prefers-color-scheme: dark) {"


def tokens(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", text))


LIGHT_ONES, DARK_ONES = (tokens(part) for part in SHEET.split(DARK))
COLOURS = {"light": LIGHT_ONES | {"white": "#ffffff"}, "dark": LIGHT_ONES | DARK_ONES | {"white": "#ffffff"}}
SCHEMES = pytest.mark.parametrize("scheme", COLOURS)


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(scheme: str, one: str, other: str) -> float:
    lighter, darker = sorted((luminance(COLOURS[scheme][one]), luminance(COLOURS[scheme][other])), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@SCHEMES
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink", "ground"),
        ("ink", "ground-soft"),
        ("ink", "caution-ground"),
        ("ink-soft", "ground"),
        ("link", "ground"),
        ("link", "caution-ground"),
        ("brand-ink", "ground"),
        ("white", "brand"),
        ("good", "good-ground"),
        ("caution", "caution-ground"),
        ("bad", "bad-ground"),
        ("bad", "ground"),
    ],
)
def test_text_stands_out_from_its_ground(scheme: str, text: str, ground: str) -> None:
    assert contrast(scheme, text, ground) >= 4.5


@SCHEMES
@pytest.mark.parametrize("edge", ["line", "ink", "bad"])
def test_the_edge_of_a_field_stands_out(scheme: str, edge: str) -> None:
    assert contrast(scheme, edge, "ground") >= 3


@SCHEMES
@pytest.mark.parametrize("ground", ["ground", "ground-soft", "brand", "good-ground", "caution-ground", "bad-ground"])
def test_one_of_the_two_rings_of_the_focus_stands_out_from_whatever_it_lies_on(scheme: str, ground: str) -> None:
    assert max(contrast(scheme, ring, ground) for ring in ("ink", "focus")) >= 3


def test_every_colour_has_its_counterpart_in_the_dark() -> None:
    assert LIGHT_ONES.keys() - DARK_ONES.keys() <= {"focus"}


def test_the_sheet_asks_for_nothing_from_elsewhere() -> None:
    assert "url(" not in SHEET
    assert "@import" not in SHEET
