"""What was settled in governance is what the other services go by, without being started anew."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from aiokafka import TopicPartition

from chassis import agreed
from chassis.agreed import Current
from chassis.log import Record
from chassis.partnership import Partnership
from chassis.testing import Databases, an_envelope
from chassis.topics import key_of, partition_of
from chassis.views.follow import ViewFollower
from chassis.web import Deps
from contracts.partnership import CriteriaSet, Question, Settling, SizeCriteriaSet, partner_of
from contracts.topics import PARTNERSHIP
from contracts.values import Criterion
from tests.integration import intake_world, portfolio_world
from tests.integration.test_intake_requests import a_judgement, a_request
from tests.integration.test_portfolio_rounds import a_round

HOST = partner_of("ekvik")
NAMES: dict[Any, str] = {"sv": "Nytta", "da": "Nytte", "nb": "Nytte", "en": "Benefit"}


async def hear(here: Deps, fact: Settling) -> None:
    """A fact of governance comes by the topic; the service's own view follows, and the partnership looks there."""
    event = an_envelope(fact, source="/flode/governance", municipality="ekvik")
    place = TopicPartition(PARTNERSHIP.name, partition_of(event.subject, PARTNERSHIP))
    record = Record(
        topic=place.topic, partition=place.partition, offset=0, timestamp=0, source="/flode/governance", sequence=1,
        key=key_of(event.subject), message=event.to_bytes(),
    )  # fmt: skip
    follower = ViewFollower(agreed.view, here.db)
    await follower.restore()
    await follower.apply({place: [record]})
    await agreed.refresh(here.partnership, here.db, here.vault)


async def test_a_round_is_opened_with_the_criteria_that_were_set_and_an_open_one_keeps_its_own(
    databases: Databases, tmp_path: Path
) -> None:
    """IT-12, IT-14"""
    current = cast("Partnership", Current(portfolio_world.a_partnership()))
    async with portfolio_world.a_world(databases, tmp_path, current) as world:

        async def criteria_of(round_id: str) -> list[str]:
            shown = (await world.get(f"/portfolio/api/rounds/{round_id}", world.pm)).json()
            return [each["key"] for each in shown["criteria"]]

        await world.an_entered_project("Ett")
        await world.an_entered_project("Två")
        before = await a_round(world)
        benefit = Criterion(key="benefit", weight=Decimal(2), names=NAMES)
        await hear(world.here, CriteriaSet(partner_id=HOST, criteria=(benefit,), reason="Nyttan först"))
        assert await criteria_of(before) == ["time", "economy", "cooperation"]
        closed = await world.post(f"/rounds/{before}/cancel", world.pm, {"reason": "Nya kriterier"})
        assert closed.status_code == 201, closed.text
        assert await criteria_of(await a_round(world)) == ["benefit"]


async def test_the_pm_is_asked_the_size_criteria_that_were_set(databases: Databases, tmp_path: Path) -> None:
    """IT-06"""
    current = cast("Partnership", Current(intake_world.a_partnership()))
    async with intake_world.a_world(databases, tmp_path, current) as world:
        request_id = await a_request(world)
        before = a_judgement(world)
        question = Question(key="benefit", names=NAMES)
        await hear(world.here, SizeCriteriaSet(partner_id=HOST, size_criteria=(question,), reason="Enklare"))
        page = await world.get(f"/intake/requests/{request_id}", world.pm)
        assert "Benefit" in page.text
        path = f"/intake/api/requests/{request_id}/classification"
        assert (await world.post(path, world.pm, before)).status_code == 422
        assert (await world.post(path, world.pm, a_judgement(world))).status_code == 201
