"""What was set in the pages holds over the partnership's file, for everybody who was handed the partnership before."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from chassis.agreed import AgreedRow, Current, evolve, overlaid, proposed
from chassis.partnership import Partnership, PartnershipWrong, ServiceDesk
from chassis.testing import an_envelope, sealed
from chassis.vault import Vault
from contracts.partnership import (
    CadenceSet,
    Connection,
    ConnectionEnded,
    ConnectionKeySet,
    ConnectionSet,
    CriteriaSet,
    DeputyEnded,
    DeputyNamed,
    GuidanceWritten,
    MunicipalityChanged,
    MunicipalityJoined,
    Officer,
    OfficersNamed,
    Settling,
    SignedAnswers,
    Town,
    partner_of,
)
from contracts.values import Cadence, Criterion, Person

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NAMES = {"sv": "Nytta", "da": "Nytte", "nb": "Nytte", "en": "Benefit"}
DEPUTY = UUID("9f0b2c1d-3e4f-4a5b-8c6d-7e8f9a0b1c2d")


def a_file() -> Partnership:
    return Partnership.parse(
        {
            "name": "Samverkan vid fjärden",
            "host": "tallvik",
            "municipalities": {
                "tallvik": a_town("Tallvik") | {"email_domains": ["tallvik.example"]},
                "granby": a_town("Granby") | {"email_domains": ["granby.example"]},
            },
        }
    )


def a_file_with_a_desk() -> Partnership:
    """Tallvik's GLPI, of which the file says things that no page could say before."""
    file = a_file()
    town = file["tallvik"].model_copy(update={"hosts": ("desk.tallvik.example",)})
    desk = ServiceDesk.model_validate(
        {
            "municipality": "tallvik", "system": "glpi", "kind": "glpi", "secret": "a secret of the file",
            "api": {
                "url": "https://desk.tallvik.example", "token": "of the file",
                "options": {"flow_field": "entity", "unheard_of": "stays", "client_secret": "of the file"},
            },
            "write_back": {"url": "https://desk.tallvik.example/file", "secret": "a secret of the file"},
        }
    )  # fmt: skip
    return file.model_copy(
        update={"municipalities": {**file.municipalities, "tallvik": town}, "service_desks": (desk,)}
    )


CONNECTION = Connection(kind="glpi", flows=("Projekt",), api_url="https://desk.tallvik.example")


def a_connection(**said: Any) -> ConnectionSet:
    return ConnectionSet(partner_id=partner_of("tallvik"), system="glpi", connection=CONNECTION, reason="Ny", **said)


def a_key(key: str, secret: str) -> ConnectionKeySet:
    locked = "secret:" + sealed(secret)
    return ConnectionKeySet(partner_id=partner_of("tallvik"), system="glpi", key=key, secret=locked, reason="Ny")


def the_desk(*facts: Settling) -> ServiceDesk:
    now, faults = overlaid(a_file_with_a_desk(), [row_of(*facts)])
    assert faults == []
    desk = now.desk("tallvik", "glpi")
    assert desk is not None
    return desk


def options(*facts: Settling) -> dict[str, str]:
    api = the_desk(*facts).api
    assert api is not None
    return api.options


def test_what_a_page_says_nothing_of_is_as_the_file_says() -> None:
    assert options(a_connection()) == {"flow_field": "entity", "unheard_of": "stays", "client_secret": "of the file"}
    assert the_desk(a_connection()).write_back is not None


def test_options_that_were_set_hold_over_the_file_and_what_is_as_usual_is_left_out() -> None:
    told = options(a_connection(options={"flow_field": None, "api": "legacy"}))
    assert told == {"unheard_of": "stays", "client_secret": "of the file", "api": "legacy"}
    later = a_connection(options={"flow_field": "type", "api": None})
    assert options(a_connection(options={"api": "legacy"}), later)["flow_field"] == "type"
    assert options(later, a_connection())["flow_field"] == "type"


def test_a_secret_of_its_own_holds_over_the_one_of_the_file() -> None:
    told = options(a_connection(), a_key("client_secret", "locked"))
    assert told["client_secret"].startswith("secret:sealed:")


def test_signed_answers_go_where_it_was_set_and_nowhere_when_that_was_ended() -> None:
    there = SignedAnswers(url="https://desk.tallvik.example/page", private=True)
    way = the_desk(a_connection(write_back=there)).write_back
    assert way is not None
    assert (way.url, way.private, way.secret) == (there.url, True, "a secret of the file")
    signed = the_desk(a_connection(write_back=there), a_key("write_back", "another")).write_back
    assert signed is not None
    assert signed.secret.startswith("secret:sealed:")
    assert the_desk(a_connection(write_back=SignedAnswers())).write_back is None


def test_nothing_particular_outlives_the_connection() -> None:
    ended = ConnectionEnded(partner_id=partner_of("tallvik"), system="glpi", reason="Slut")
    holds = row_of(a_connection(options={"api": "legacy"}), a_key("client_secret", "x"), ended).holds
    assert holds == {"municipality/connections/glpi/ended": True}


def a_town(name: str) -> dict[str, Any]:
    return {"name": name, "language": "sv", "country": "SE", "currency": "SEK", "timezone": "Europe/Stockholm"}


def row_of(*facts: Settling, municipality: str = "tallvik") -> AgreedRow:
    row: AgreedRow | None = None
    for at, fact in enumerate(facts, 1):
        row = evolve(row, an_envelope(fact, version=at, municipality=municipality))
    assert row is not None
    return row


def criteria(weight: int = 3) -> CriteriaSet:
    one = Criterion(key="benefit", weight=Decimal(weight), names=NAMES)
    return CriteriaSet(partner_id=partner_of("tallvik"), criteria=(one,), reason="Nytta först")


def joined(name: str = "Birkeli", domain: str = "birkeli.example") -> MunicipalityJoined:
    town = Town(
        name=name, language="nb", country="NO", currency="NOK", timezone="Europe/Oslo", email_domains=(domain,)
    )  # fmt: skip
    return MunicipalityJoined(partner_id=partner_of("birkeli"), town=town, reason="Avtal")


def somebody(name: str) -> Person:
    email = f"{name.lower()}@granby.example"
    return Person(id=uuid4(), name=sealed(name), email=sealed(email))


def deputised(ends: date = date(2026, 3, 8)) -> DeputyNamed:
    return DeputyNamed(
        partner_id=partner_of("granby"), deputy_id=DEPUTY, manager=somebody("Torsten"), deputy=somebody("Asta"),
        starts=date(2026, 3, 1), ends=ends, reason="Semester",
    )  # fmt: skip


def opened(row: AgreedRow, email: str = "asta@granby.example") -> AgreedRow:
    """The row as the vault would open it."""
    holds = {
        path: {**held, "name": "Asta", "email": email, "manager": "Torsten", "manager_email": "torsten@granby.example"}
        if isinstance(held, dict) and "manager" in held else held
        for path, held in row.holds.items()
    }  # fmt: skip
    return row.replace(holds=holds)


def test_what_was_never_set_is_as_the_file_says() -> None:
    assert overlaid(a_file(), []) == (a_file(), [])


def test_what_was_set_last_holds_over_the_file() -> None:
    """IT-12, TY-15"""
    cadence = CadenceSet(
        partner_id=partner_of("tallvik"), cadence=Cadence(short_days=10, fixed_days=30), reason="Lugnt"
    )
    now, faults = overlaid(a_file(), [row_of(criteria(1), cadence, criteria(5))])
    assert faults == []
    assert [(one.key, one.weight) for one in now.criteria] == [("benefit", Decimal(5))]
    assert now.cadence == Cadence(short_days=10, fixed_days=30)
    assert now.size_criteria == a_file().size_criteria


def test_what_holds_for_all_is_only_said_of_the_host() -> None:
    now, _ = overlaid(a_file(), [row_of(criteria(), municipality="granby")])
    assert now.criteria == a_file().criteria


def test_a_municipality_that_joined_is_one_of_the_partners_and_its_addresses_are_known() -> None:
    """IT-01"""
    now, _ = overlaid(a_file(), [row_of(joined(), municipality="birkeli")])
    assert now.ids == {"tallvik", "granby", "birkeli"}
    assert now.home_of("kari@birkeli.example") == "birkeli"
    assert now["birkeli"].formats().country == "NO"


def test_a_change_of_a_municipality_leaves_its_officers() -> None:
    officers = OfficersNamed(
        partner_id=partner_of("granby"),
        officers=(Officer(office="it_manager", person=somebody("Torsten")),),
        reason="Ny",
    )
    changed = MunicipalityChanged(partner_id=partner_of("granby"), town=Town(**a_town("Granby stad")), reason="Namn")
    row = row_of(officers, changed, municipality="granby")
    told = {**row.holds, "municipality/contacts": [
        {"office": "it_manager", "name": "Torsten", "email": "torsten@granby.example", "language": None}
    ]}  # fmt: skip
    now, faults = overlaid(a_file(), [row.replace(holds=told)])
    assert faults == []
    assert (now["granby"].name, [one.name for one in now["granby"].contacts]) == ("Granby stad", ["Torsten"])


def test_help_is_written_section_by_section_and_can_be_taken_away() -> None:
    """IT-11"""

    def guidance(section: str, **words: str) -> GuidanceWritten:
        return GuidanceWritten(
            partner_id=partner_of("tallvik"), section=section, guidance=cast(Any, words), reason="Frågor"
        )

    facts = guidance("cost", sv="Utan moms."), guidance("gates", sv="Fyra."), guidance("cost")
    now, _ = overlaid(a_file(), [row_of(*facts)])
    assert now.guidance == {"gates": {"sv": "Fyra."}}


def test_what_does_not_hold_together_is_left_out_and_the_rest_holds() -> None:
    taken = row_of(joined(domain="granby.example"), municipality="birkeli")
    now, faults = overlaid(a_file(), [taken, row_of(criteria())])
    assert faults == ["email_domains: 'granby.example' stands more than once"]
    assert now.ids == {"tallvik", "granby"}
    assert now.criteria[0].key == "benefit"
    with pytest.raises(PartnershipWrong):
        proposed(a_file(), "birkeli", joined(domain="granby.example").settles)


def test_a_deputy_stands_in_on_the_days_that_were_said_and_no_others() -> None:
    """IT-13: days are those of the municipality."""
    now, faults = overlaid(a_file(), [opened(row_of(deputised(), municipality="granby"))])
    assert faults == []
    for moment, there in [
        (datetime(2026, 2, 28, 22, 59, tzinfo=UTC), False),
        (datetime(2026, 2, 28, 23, 1, tzinfo=UTC), True),
        (datetime(2026, 3, 8, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 8, 23, 1, tzinfo=UTC), False),
    ]:
        assert now.deputises("Asta@granby.example ", moment) == (frozenset({"granby"}) if there else frozenset())
    assert now.deputises("torsten@granby.example", NOON) == frozenset()


def test_a_deputy_who_was_ended_stands_in_no_longer() -> None:
    """IT-13"""
    ended = DeputyEnded(partner_id=partner_of("granby"), deputy_id=DEPUTY, ends=date(2026, 3, 1), reason="Åter")
    now, faults = overlaid(a_file(), [opened(row_of(deputised(), ended, municipality="granby"))])
    assert faults == []
    assert now.deputises("asta@granby.example", NOON) == frozenset()


def test_who_was_erased_holds_nothing() -> None:
    row = opened(row_of(deputised(), municipality="granby"), email="(erased)")
    assert overlaid(a_file(), [row])[1] == []
    assert overlaid(a_file(), [row])[0]["granby"].deputies == ()


async def test_whoever_was_handed_the_partnership_before_sees_what_holds_now() -> None:
    current = Current(a_file())
    handed = cast("Partnership", current)
    assert "birkeli" not in handed.ids
    current.now, _ = overlaid(a_file(), [row_of(joined(), municipality="birkeli")])
    assert "birkeli" in handed.ids
    assert handed["birkeli"].name == "Birkeli"


async def test_names_are_kept_sealed_and_opened_for_the_partnership_alone() -> None:
    """P14"""
    vault = await Vault.in_memory()
    who = vault.person_id("granby", "asta@granby.example")
    person = Person(
        id=who, name=await vault.seal(who, "Asta"), email=await vault.seal(who, "asta@granby.example")
    )  # fmt: skip
    fact = OfficersNamed(
        partner_id=partner_of("granby"), officers=(Officer(office="it_manager", person=person),), reason="Ny"
    )
    row = row_of(fact, municipality="granby")
    assert "asta@granby.example" not in str(row.holds)
    now, _ = overlaid(a_file(), await vault.open_all([row]))
    assert [one.email for one in now["granby"].contacts] == ["asta@granby.example"]
