"""What the cooperation is settled by: refused where nobody could go by it, and never twice the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import reduce
from uuid import UUID

import pytest

from chassis.testing import an_envelope
from contracts.partnership import (
    CriteriaSet,
    DeputyNamed,
    GuidanceWritten,
    Officer,
    PartnershipFact,
    Question,
    Town,
    partner_of,
)
from contracts.refusal import Refusal, Refusals
from contracts.values import Cadence, Criterion, Person
from governance.domain import agreed, refusals, unsettled
from governance.domain.agreed import Partner, evolve
from governance.views import settings

HOST = partner_of("solviken")
DEPUTY = UUID("2f1e0d9c-8b7a-4968-8574-6352413f2e1d")
NAMES = {"sv": "Nytta", "da": "Nytte", "nb": "Nytte", "en": "Benefit"}
BENEFIT = Criterion(key="benefit", weight=Decimal(2), names=NAMES)
TOWN = Town(name="Birkeli", language="nb", country="NO", currency="NOK", timezone="Europe/Oslo")
TODAY = date(2026, 4, 15)


def given(*facts: PartnershipFact) -> Partner | None:
    return reduce(evolve, facts, None)


def refused(decide: Callable[[], object]) -> list[tuple[str | None, type[Refusal]]]:
    with pytest.raises(Refusal) as caught:
        decide()
    found = caught.value.refusals if isinstance(caught.value, Refusals) else (caught.value,)
    return [(one.field, type(one)) for one in found]


def a_deputy(orderer: Person, leader: Person, **changes: object) -> DeputyNamed:
    told = {
        "deputy_id": DEPUTY, "manager": orderer, "deputy": leader, "starts": date(2026, 4, 20),
        "ends": date(2026, 5, 3), "today": TODAY, "reason": "Semester",
    }  # fmt: skip
    return agreed.name_deputy(HOST, **{**told, **changes})  # type: ignore[arg-type]  # a test may say anything


def test_criteria_are_set_with_the_reason() -> None:
    """IT-12, IT-14"""
    fact = agreed.set_criteria(None, HOST, [BENEFIT], " Nyttan först ")
    assert fact == CriteriaSet(partner_id=HOST, criteria=(BENEFIT,), reason="Nyttan först")
    assert refused(lambda: agreed.set_criteria(None, HOST, [BENEFIT], " ")) == [("reason", refusals.SayWhat)]


def test_something_is_judged_by_and_each_criterion_has_its_own_key_and_a_name_in_every_language() -> None:
    """IT-12"""
    nameless = replace(BENEFIT, names={"sv": "Nytta", "en": " "})
    for criteria, expected in [
        ([], [("criteria", unsettled.NothingToJudgeBy)]),
        ([BENEFIT, BENEFIT], [("criteria.1.key", unsettled.TwiceTheKey)]),
        ([replace(BENEFIT, key="Nytta!")], [("criteria.0.key", unsettled.NotAKey)]),
        ([nameless], [(f"criteria.0.names.{each}", refusals.SayWhat) for each in ("da", "nb", "en")]),
    ]:
        assert refused(lambda criteria=criteria: agreed.set_criteria(None, HOST, criteria, "Så")) == expected  # type: ignore[misc]  # the default binds what the loop has


def test_what_holds_already_is_not_set_again() -> None:
    was = given(agreed.set_criteria(None, HOST, [BENEFIT], "Först"))
    assert refused(lambda: agreed.set_criteria(was, HOST, [BENEFIT], "Igen")) == [(None, unsettled.NothingChanges)]
    (again,) = agreed.set_criteria(was, HOST, [replace(BENEFIT, weight=Decimal(3))], "Mer").criteria
    assert again.weight == 3


def test_size_criteria_are_questions_in_every_language() -> None:
    """IT-06"""
    question = Question(key="effort", names={"sv": "Mer än 40 timmar?"})
    assert refused(lambda: agreed.set_size_criteria(None, HOST, [question], "Så")) == [
        (f"size_criteria.0.names.{each}", refusals.SayWhat) for each in ("da", "nb", "en")
    ]


def test_how_often_is_reported_and_what_is_done_with_ties_is_settled() -> None:
    """TY-15, IT-13"""
    cadence = Cadence(short_days=10, fixed_days=40)
    assert agreed.set_cadence(None, HOST, cadence, "Lugnare").cadence == cadence
    assert agreed.set_tie_rule(None, HOST, NAMES, "Så").tie_rule == NAMES
    assert refused(lambda: agreed.set_tie_rule(None, HOST, {"sv": "Lotten"}, "Så"))[0] == (
        "tie_rule.da", refusals.SayWhat,
    )  # fmt: skip


def test_help_is_written_beside_a_section_and_taken_away() -> None:
    """IT-11"""
    fact = agreed.write_guidance(None, HOST, "cost", {"sv": " Utan moms. ", "en": ""}, "Frågor")
    assert fact == GuidanceWritten(partner_id=HOST, section="cost", guidance={"sv": "Utan moms."}, reason="Frågor")
    assert agreed.write_guidance(given(fact), HOST, "cost", {}, "Överflödig").settles == {"guidance/cost": None}
    assert refused(lambda: agreed.write_guidance(None, HOST, "cost", {}, "Så")) == [("guidance.sv", refusals.SayWhat)]
    assert refused(lambda: agreed.write_guidance(None, HOST, "moon", NAMES, "Så")) == [(None, unsettled.NoSuchSection)]


def test_a_municipality_joins_once_and_in_a_time_zone_there_is() -> None:
    """IT-01"""
    at = partner_of("birkeli")
    joined = agreed.join(None, at, "birkeli", TOWN, "Avtal", known=False)
    for decide, expected in [
        (lambda: agreed.join(given(joined), at, "birkeli", TOWN, "Avtal", known=False), unsettled.InAlready),
        (lambda: agreed.join(None, at, "birkeli", TOWN, "Avtal", known=True), unsettled.InAlready),
        (lambda: agreed.join(None, at, "Birkeli!", TOWN, "Avtal", known=False), unsettled.NotAMunicipality),
    ]:
        assert refused(decide) == [("municipality", expected)]
    lost = replace(TOWN, timezone="Mars/Olympus")
    assert refused(lambda: agreed.change(None, at, lost, "Så")) == [("timezone", unsettled.NoZone)]


def test_one_person_holds_an_office_once_and_can_be_written_to(orderer: Person) -> None:
    manager, silent = Officer(office="it_manager", person=orderer), replace(orderer, email=None)
    assert refused(lambda: agreed.name_officers(None, HOST, [manager, manager], "Ny")) == [
        ("officers.1.email", unsettled.TwiceInOffice)
    ]
    assert refused(lambda: agreed.name_officers(None, HOST, [Officer(office="pm", person=silent)], "Ny")) == [
        ("officers.0.email", unsettled.NotAnAddress)
    ]


def test_a_deputy_has_days_to_come_and_is_somebody_else(orderer: Person, leader: Person) -> None:
    """IT-13"""
    for changes, expected in [
        ({"deputy": orderer}, ("deputy.email", unsettled.DeputyOfThemselves)),
        ({"ends": date(2026, 4, 19)}, ("ends", unsettled.EndsBeforeItStarts)),
        ({"starts": date(2026, 4, 1), "ends": date(2026, 4, 14)}, ("ends", unsettled.OverAlready)),
    ]:
        assert refused(lambda changes=changes: a_deputy(orderer, leader, **changes)) == [expected]  # type: ignore[misc]  # the default binds what the loop has
    assert refused(lambda: a_deputy(orderer, orderer, ends=date(2026, 4, 14), reason=" ")) == [
        ("deputy.email", unsettled.DeputyOfThemselves),
        ("ends", unsettled.OverAlready),
        ("reason", refusals.SayWhat),
    ], "all at once"


def test_a_deputy_is_ended_from_today_on_and_only_once(orderer: Person, leader: Person) -> None:
    """IT-13"""
    named = a_deputy(orderer, leader, starts=date(2026, 4, 1))
    ended = agreed.existing(given(named)).end_deputy(HOST, DEPUTY, today=TODAY, reason="Åter")
    assert ended.ends == date(2026, 4, 14)
    over = agreed.existing(given(named, ended))
    assert refused(lambda: over.end_deputy(HOST, DEPUTY, today=TODAY, reason="Åter")) == [
        (None, unsettled.NoSuchDeputy)
    ]


def test_the_settings_tell_the_last_change_first_with_who_and_why() -> None:
    row = None
    for at, weight in enumerate((1, 2), 1):
        fact = agreed.set_criteria(None, HOST, [replace(BENEFIT, weight=Decimal(weight))], f"Skäl {weight}")
        row = settings.evolve(row, an_envelope(fact, version=at, municipality="solviken", actor="pm/maj"))
    assert row is not None
    assert [(one.reason, one.actor, one.settled["criteria"][0]["weight"]) for one in row.changes] == [
        ("Skäl 2", "pm/maj", "2"), ("Skäl 1", "pm/maj", "1"),
    ]  # fmt: skip
