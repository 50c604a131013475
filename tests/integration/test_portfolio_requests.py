"""The one who asked sees how far it has come: by the link in a mail, without an account, and nothing of any other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from chassis.links import Link
from chassis.testing import NOON, Databases
from contracts.governance import DirectiveSent
from contracts.intake import RequestRegistered
from contracts.values import TicketRef
from tests.integration.governance_world import text_of
from tests.integration.portfolio_world import World, a_world
from tests.integration.test_portfolio_pages import sound


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened


def link(world: World, request_id: UUID, name: str = "Sigrid Ek", town: str = "ekvik", purpose: str = "request") -> str:
    made = world.here.links.make(
        Link(
            purpose=purpose,
            municipality=town,
            request_id=request_id,
            person=world.here.person_id(world.email(name)),
            until=NOON + timedelta(days=90),
        )
    )
    return f"/portfolio/request/{made}"


async def test_a_link_shows_its_own_request_and_nothing_of_another(world: World) -> None:
    mine = await world.an_entered_project("Bygglov")
    other = await world.an_entered_project("Tillsyn")
    page = await world.get(link(world, mine), {})
    sound(page)
    assert "Bygglov" in page.text
    assert "Ticket 10081" in text_of(page)
    assert "Tillsyn" not in page.text
    assert "/portfolio/projects/" not in page.text, "what asks for signing in is not offered"
    assert (await world.get(link(world, other, "Greta Lindmark"), {})).status_code == 403
    assert (await world.get(link(world, mine, town="nordvik"), {})).status_code == 403
    assert (await world.get(link(world, mine, purpose="directive"), {})).status_code == 403
    assert (await world.get(f"/portfolio/requests/{mine}", {})).status_code == 303, "it signs nobody in"


async def test_a_link_that_is_old_or_broken_says_what_to_do(world: World) -> None:
    mine = await world.an_entered_project("Bygglov")
    broken = await world.get(link(world, mine)[:-9], {})
    assert (broken.status_code, "Copy the whole link" in text_of(broken)) == (403, True)
    world.clock.advance(timedelta(days=91))
    old = await world.get(link(world, mine), {})
    assert (old.status_code, "latest mail about your request" in text_of(old)) == (410, True)


async def test_whose_turn_it_is_and_the_way_to_the_directive(world: World) -> None:
    sigrid = await world.person("Sigrid Ek")
    request_id, ticket = UUID(int=77), TicketRef(system="zammad", external_id="77", number="10077")
    await world.hear(
        RequestRegistered(request_id=request_id, ticket=ticket, title="Växel", requester=sigrid, opened_at=NOON)
    )
    page = text_of(await world.get(link(world, request_id), {}))
    assert "The PM judges whether it is a project" in page
    due = (NOON + timedelta(days=21)).date()
    request_id = await world.an_entered_project("Bygglov")
    await world.hear(DirectiveSent(request_id=request_id, requester=sigrid, title="Bygglov", language="sv", due=due))
    answer = await world.get(link(world, request_id), {})
    assert "Who has the ball You" in text_of(answer)
    token = answer.text.partition('href="/governance/directive/')[2].partition('"')[0]
    opened = world.here.links.read(token, purpose="directive", now=NOON)
    assert (opened.request_id, opened.person, opened.municipality) == (request_id, sigrid.id, "ekvik")
    assert opened.until == NOON + timedelta(days=90), "it opens no longer than the link that led to it"


async def test_the_list_has_all_that_the_reader_asked_for_and_nothing_else(world: World) -> None:
    mine = await world.an_entered_project("Bygglov")
    await world.a_running_project("Tillsyn")
    sigrid = world.token("Sigrid Ek", ekvik=["requester"])
    listed = await world.get("/portfolio/requests", sigrid)
    sound(listed)
    assert "Bygglov" in listed.text
    assert "The project leader has it carried out" in text_of(listed)
    assert 'href="/portfolio/requests" aria-current="page"' in listed.text, "the menu leads here"
    sound(await world.get(f"/portfolio/requests/{mine}", sigrid))
    stranger = world.token("Greta Lindmark", ekvik=["requester"])
    assert "You have asked for nothing yet" in text_of(await world.get("/portfolio/requests", stranger))
    assert (await world.get(f"/portfolio/requests/{mine}", stranger)).status_code == 404
