"""From a ticket as it was sent to the report that is decided on, with a vault whose keys are in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.partnership import Partnership
from chassis.vault import Vault
from contracts.intake import RequestRegistered
from contracts.refusal import Refusals
from intake.adapters.report import AnotherTenant, Desk, check, report_of
from intake.adapters.ticket import read
from intake.domain.request import Request, evolve, follow
from intake.domain.ticket import Report, request_of

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
EKVIK = Desk("ekvik", "zammad")
CREATED: dict[str, Any] = {
    "external_id": 81,
    "number": "10081",
    "kind": "created",
    "flow": "Projekt",
    "title": "E-tjänst för bygglov",
    "description": "<p>Vi behöver en <b>e-tjänst</b></p>",
    "requester": {"name": "Sigrid Ek", "email": "Sigrid.Ek@ekvik.example", "language": "sv"},
}


@pytest.fixture
def partnership() -> Partnership:
    def town(name: str, language: str, country: str, currency: str, zone: str) -> dict[str, Any]:
        return {
            "name": name,
            "language": language,
            "country": country,
            "currency": currency,
            "timezone": zone,
            "email_domains": [f"{name.lower()}.example"],
        }

    return Partnership.parse(
        {
            "name": "Samverkan",
            "host": "ekvik",
            "municipalities": {
                "ekvik": town("Ekvik", "sv", "SE", "SEK", "Europe/Stockholm"),
                "nordvik": town("Nordvik", "nb", "NO", "NOK", "Europe/Oslo"),
            },
        }
    )


@pytest.fixture
async def vault() -> Vault:
    return await Vault.in_memory()


Make = Callable[..., Any]


@pytest.fixture
def make(vault: Vault, partnership: Partnership) -> Make:
    async def make(present: Request | None = None, **changes: Any) -> Report:
        said = read(CREATED | changes)
        return await report_of(said, EKVIK, present, NOW, vault=vault, partnership=partnership)

    return make


def registered(report: Report) -> Request:
    request_id = request_of("ekvik", "zammad", "81")
    (fact,) = follow(request_id, None, report)
    assert isinstance(fact, RequestRegistered)
    return evolve(None, fact)


async def test_what_people_wrote_is_sealed_and_can_be_opened_again(make: Make, vault: Vault) -> None:
    """P14: no fact holds a name, an address or a description in plain text."""
    report = await make()
    assert "Sigrid" not in repr(report)
    assert "behöver" not in repr(report)
    assert await vault.open(report.requester.name) == "Sigrid Ek"
    assert await vault.open(report.requester.email) == "Sigrid.Ek@ekvik.example"
    assert await vault.open(report.description) == "Vi behöver en e-tjänst"


async def test_the_flow_and_the_ticket_are_as_the_desk_knows_them(make: Make) -> None:
    """IT-03, IT-04"""
    report = await make()
    assert report.in_flow
    assert (report.ticket.system, report.ticket.external_id, report.ticket.number) == ("zammad", "81", "10081")
    assert not (await make(flow="incident")).in_flow


async def test_the_same_text_again_is_no_change_though_it_is_sealed_anew(make: Make) -> None:
    request = registered(await make())
    again = await make(request, kind="changed", description="Vi behöver en e-tjänst")
    assert follow(request.id, request, again) == ()
    edited = await make(request, kind="changed", description="Vi behöver två")
    assert len(follow(request.id, request, edited)) == 1
    emptied = await make(request, kind="changed", description="")
    assert emptied.description is None


async def test_what_a_source_leaves_out_is_as_it_was(make: Make) -> None:
    request = registered(await make())
    report = await make(request, kind="closed", title=None, description=None, requester=None, flow=None)
    assert (report.title, report.description, report.requester) == (
        request.title,
        request.description,
        request.requester,
    )
    assert report.in_flow is None


async def test_the_same_address_is_the_same_person_in_every_ticket(make: Make) -> None:
    first, second = await make(), await make(external_id=82)
    assert first.requester.id == second.requester.id
    nameless = {"name": "Sigrid Ek"}
    assert (await make(requester=nameless)).requester.id != (
        await make(requester=nameless, external_id=82)
    ).requester.id


async def test_a_ticket_that_tells_of_nobody_is_the_desks_own(make: Make, vault: Vault) -> None:
    report = await make(requester=None)
    assert await vault.open(report.requester.name) == "Service Desk, Ekvik"


async def test_a_request_serves_its_own_municipality_first(make: Make) -> None:
    """IT-15"""
    assert (await make(serves=["nordvik", "ekvik", "nordvik"])).serves == ("ekvik", "nordvik")
    assert (await make()).serves == ("ekvik",)


@pytest.mark.parametrize("claim", [{"municipality": "nordvik"}, {"system": "jira"}])
def test_a_ticket_that_claims_another_tenant_is_refused(claim: dict[str, str], partnership: Partnership) -> None:
    """IT-02, P11: the municipality comes from the credential."""
    with pytest.raises(AnotherTenant):
        check(read(CREATED | claim), EKVIK, partnership)
    check(read(CREATED | {"municipality": "ekvik", "system": "zammad"}), EKVIK, partnership)


def test_only_partners_are_served(partnership: Partnership) -> None:
    """IT-15"""
    with pytest.raises(Refusals) as refused:
        check(read(CREATED | {"serves": ["ekvik", "elsewhere"]}), EKVIK, partnership)
    assert [(one.field, str(one)) for one in refused.value.refusals] == [
        ("serves.1", "“elsewhere” is not one of the partner municipalities.")
    ]


def test_a_ticket_reads_as_the_example_says() -> None:
    """The example in the documentation of the generic ticket is one."""
    from intake.adapters import ticket

    assert ticket.__doc__ is not None
    example = json.loads(ticket.__doc__.split("```json")[1].split("```")[0])
    said = read(example)
    assert (said.serves, said.priority, said.revision) == (("ekvik", "nordvik"), 3, 3)
