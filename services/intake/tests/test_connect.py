"""What an administrator is told who connects a system, and what becomes of the partnership's file."""

from __future__ import annotations

import re
import tomllib

import pytest

from chassis.partnership import Partnership, ServiceDesk
from intake.adapters.port import systems
from intake.cli import as_toml, fill, with_host

FILE = """
name = "Samverkan vid viken"
host = "ekvik"

[municipalities.ekvik]
name = "Ekvik"
language = "sv"
country = "SE"
currency = "SEK"
timezone = "Europe/Stockholm"

[municipalities.nordvik]
name = "Nordvik"
language = "nb"
country = "NO"
currency = "NOK"
timezone = "Europe/Oslo"
hosts = [ "mail.nordvik.example" ]
"""
SECRET = "whsec_dGhlIHNlY3JldCBvZiBFa3Zpaw=="


@pytest.mark.parametrize("kind", systems())
def test_every_system_says_how_it_is_connected_and_leaves_no_place_unfilled(kind: str) -> None:
    desk = ServiceDesk(municipality="ekvik", system=kind, kind=kind, secret=SECRET, flows=("Projekt",))
    steps = [fill(step, systems()[kind], desk, "https://flode.example") for step in systems()[kind].steps]
    whole = "\n".join(f"{step.do}\n{step.paste}" for step in steps)
    assert len(steps) >= 2
    assert not re.search(r"\{(url|secret|flow|api_\w+|desk_url|flows|states|timezone|option_\w+)\}", whole)
    if any("{url}" in step.do + step.paste for step in systems()[kind].steps):
        assert f"https://flode.example/intake/hooks/{kind}/ekvik.{kind}" in whole


@pytest.mark.parametrize("kind", systems())
def test_the_desk_that_is_added_is_understood(kind: str) -> None:
    desk = as_toml(systems()[kind], kind, "ekvik", "desk", "https://desk.ekvik.example/api")
    text = with_host(FILE, "ekvik", "desk.ekvik.example") + "\n" + desk
    partnership = Partnership.parse(tomllib.loads(text))
    found = partnership.desk("ekvik", "desk")
    assert found is not None
    assert found.api is not None
    assert found.kind == kind
    assert len(found.secret) > 40


def test_each_desk_gets_a_secret_of_its_own() -> None:
    adapter = systems()["zammad"]
    assert as_toml(adapter, "zammad", "ekvik", "a", None) != as_toml(adapter, "zammad", "ekvik", "a", None)


@pytest.mark.parametrize(
    ("municipality", "expected"),
    [
        ("ekvik", {"ekvik": ["desk.example"], "nordvik": ["mail.nordvik.example"]}),
        ("nordvik", {"ekvik": [], "nordvik": ["desk.example", "mail.nordvik.example"]}),
    ],
)
def test_a_host_is_added_to_its_municipality_and_no_other(municipality: str, expected: dict[str, list[str]]) -> None:
    towns = tomllib.loads(with_host(FILE, municipality, "desk.example"))["municipalities"]
    assert {name: town.get("hosts", []) for name, town in towns.items()} == expected
