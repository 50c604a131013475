"""A command knows who gives it, when and why; a reaction's command is the same each time it is given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from chassis.clock import SetClock, SystemClock
from chassis.context import Context, a_person, a_service_desk, the_system
from chassis.testing import NOON, a_context, an_envelope
from contracts.intake import RequestWithdrawn

EVENT = an_envelope(RequestWithdrawn(request_id=UUID(int=1), reason="closed"), municipality="almby")


def reaction(name: str = "portfolio.on-withdrawn", **changes: object) -> Context:
    given = {"service": "portfolio", "now": NOON} | changes
    return Context.for_reaction(name, EVENT, **given)  # type: ignore[arg-type]  # the values are the test's own


def test_a_reaction_repeats_its_command_exactly() -> None:
    """P3."""
    first, again = reaction(), reaction(now=NOON + timedelta(hours=1))
    assert first.command_id == again.command_id
    assert len({first.command_id, reaction("portfolio.on-other").command_id, reaction(step="2").command_id}) == 3


def test_a_reaction_acts_as_the_system_in_the_events_municipality() -> None:
    context = reaction()
    assert (context.actor, context.municipality) == ("system/portfolio", "almby")
    assert (context.correlation, context.causation) == (EVENT.correlation, EVENT.id)
    assert reaction(municipality="host").municipality == "host"


def test_actors_are_named_by_role_and_pseudonym() -> None:
    assert a_person("pm", UUID(int=7)) == "pm/00000000-0000-0000-0000-000000000007"
    assert a_service_desk("almby") == "service-desk/almby"
    assert the_system("intake") == "system/intake"


def test_a_context_without_a_zone_or_a_municipality_is_none() -> None:
    with pytest.raises(ValueError, match="UTC"):
        a_context(now=datetime(2027, 3, 1))  # noqa: DTZ001 - that is what is wrong with it
    with pytest.raises(ValueError, match="municipality"):
        a_context(municipality="")


def test_a_set_clock_stands_until_it_is_moved() -> None:
    clock = SetClock(NOON)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(hours=-1)) == NOON - timedelta(hours=1) == clock.now()
    assert SystemClock().now().tzinfo is UTC
