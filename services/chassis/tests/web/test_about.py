"""The design system shows itself whole, and everybody can read for whom the pages work."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources

import httpx
import pytest

from chassis.web.about import components, tokens
from chassis.web.pages import templates_of

Headers = Callable[..., dict[str, str]]


def test_every_component_has_an_example_of_its_own() -> None:
    for each in components(templates_of("chassis")):
        assert f"ui.{each.name}(" in each.call, f"components.html has no example of {each.name}"


def test_every_token_is_shown_in_both_palettes() -> None:
    assert {"ink", "ground", "link", "focus"} <= {token.name for token in tokens()}
    assert all(token.light != token.dark for token in tokens() if token.name in ("ink", "ground"))


async def test_the_design_page_draws_them_all(client: httpx.AsyncClient, as_: Headers) -> None:
    page = await client.get("/garden/design", headers=as_("operator"))
    assert page.status_code == 200
    for each in components(templates_of("chassis")):
        assert f"<code>ui.{each.name}</code>" in page.text
    assert len(ids := re.findall(r' id="([^"]+)"', page.text)) == len(set(ids))
    assert "style=" not in page.text


async def test_only_operators_are_led_to_the_design_page_and_all_to_the_statement(
    client: httpx.AsyncClient, as_: Headers
) -> None:
    operators, others = [(await client.get("/garden/form", headers=as_(role))).text for role in ("operator", "pm")]
    assert 'href="/garden/design"' in operators
    assert 'href="/garden/design"' not in others
    assert 'href="/garden/accessibility"' in others


async def test_the_statement_can_be_read_by_everybody(client: httpx.AsyncClient) -> None:
    page = await client.get("/garden/accessibility")
    assert page.status_code == 200
    assert "WCAG" in page.text
    assert "Service Desk" in page.text


async def test_the_statement_names_the_law_and_the_authority_of_each_country_in_its_language(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/garden/accessibility", headers={"accept-language": "en"})).text
    assert ">Myndigheten för digital förvaltning (Digg)</a>" in page
    assert '<span lang="sv">lagen (2018:1937) om tillgänglighet till digital offentlig service</span>' in page
    assert 'href="https://statements.example/almby" rel="noreferrer">Almby kommun</a>' in page


@pytest.mark.parametrize("name", ["flode.js", "filling.js"])
def test_the_scripts_are_small_and_ask_for_nothing_from_elsewhere(name: str) -> None:
    script = (resources.files("chassis.web") / "static" / name).read_bytes()
    assert len(script) < 7500
    assert not re.search(rb"https?:|import|eval|innerHTML", script)
