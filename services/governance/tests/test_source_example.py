"""The example that came with the template (Uppdragsdirektiv IT-Leverans, autumn 2013), oddities and all.

Its figures are the source's; its people are invented.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from contracts.governance import DirectiveApproved, DirectiveSigned, DirectiveSubmitted
from contracts.values import Money, Person, TimeGoal
from governance.domain import form
from governance.domain.agreement import Agreement, directive_of, evolve
from governance.domain.directive import send
from governance.domain.tree import Draft

IT_LEVERANS: Draft = {
    "title": "IT-Leverans",
    "background": "För många uppdrag under en kort tidsperiod har ställt orimliga krav på leveransen.",
    "sections": [
        {"heading": "Konsekvenser", "text": "Tidigare utlovade leveranser begränsas och skjuts fram."},
    ],
    "orderer": {"name": "Vera Holm", "email": "vera.holm@solviken.example", "phone": "9129"},
    "leader": {"name": "Nils Åker", "email": "nils.aker@solviken.example", "phone": "9142"},
    "contacts": [
        {"role": "Uppdragsledare, chef IT-enheten", "name": "Nils Åker", "phone": "9142"},
        {"role": "Beställare", "name": "Vera Holm", "phone": "9129"},
    ],
    "gates": [
        {"key": "BP1", "on": "2013-09-23", "decision": "Uppdragsdirektiv"},
        {"key": "BP2", "on": "2013-09-23", "decision": "Uppdragsplan hösten 2013"},
        {"key": "BP3", "on": "2013-10-30", "decision": "Ett förslag på övergripande driftsättningsplan"},
        {"key": "BP4", "on": "2013-12-31", "decision": "Förslag på omstart av beställar-utförareorganisation"},
    ],
    "results": [
        {"text": "Driftsättningsplan 2013 och 2014 för projekt", "due": "december 2013", "gate": "BP3"},
        {
            "text": "Projektdirektiv för omstart",
            "alternative": "Organisationsförslag",
            "due": "2013-12-31",
            "gate": "BP4",
        },
        {"text": "Översyn av roller, ansvar och kompetenser", "due": "2013-12-31"},
    ],
    "cost": {"cap": "600 000 mkr", "currency": "SEK", "starts": "2013-09-01", "ends": "2013-12-31"},
    "ranking": ["result", "time", "cost"],
    "cadence": {"short_days": "7", "fixed_days": "14"},
    "financing": {
        "earlier": [{"decided_by": "Planerat 2013", "on": "2013-01-01", "amount": "3 050 000 kr"}],
        "spent": "2 035 000",
        "spent_as_of": "2013-09-11",
        "lines": [
            {
                "kind": "external_consultant",
                "purpose": "Projektledning, workshops samt specialiststöd",
                "hours": "500",
                "rate": "1200 SEK",
            }
        ],
    },
    "rough_plan": "Plan för hösten, driftsättningsplan, förslag på omstart.",
    "competences": [
        {"role": "Projektledare", "competence": "Leverans", "responsibility": "Plan och uppföljning"},
    ],
    "loans": [
        {
            "who": "Projektdeltagare",
            "starts": "2013-09-23",
            "ends": "2013-12-31",
            "deciding_lead": "Uppdragsledaren",
        }
    ],
    "ends": "2013-12-31",
    "delivery_period": "2013H2",
}


def test_the_source_example_is_approved_with_the_two_warnings_it_deserves(
    request_id: UUID, requester: Person, orderer: Person, leader: Person
) -> None:
    """TY-02, TY-03, TY-07, TY-08, TY-09, TY-11, TY-12, TY-14, TY-15, TY-16, TY-17, TY-18, TY-19, TY-20, TY-22, TY-23
    are kept, TY-01 is signed by two; TY-13 ("mkr" for kr) and TY-21 (BP3 in October, its result in December) warn."""
    today = date(2013, 9, 12)
    sent = send(None, request_id=request_id, requester=requester, title="IT-Leverans", language="sv", today=today)
    assert sent is not None
    state = evolve(None, sent)
    people = {"orderer": orderer, "leader": leader, "contacts.0": leader, "contacts.1": orderer}

    returned = directive_of(state).hand_in(form.read(IT_LEVERANS), people)
    assert [(warning.rule, warning.field) for warning in returned.warnings] == [
        ("TY-13", "cost.cap"),
        ("TY-21", "gates.2.on"),
    ]
    assert "600 000 mkr" in returned.warnings[0].params["written"]
    assert returned.warnings[0].params["literal"].startswith("600\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}000")
    assert returned.warnings[1].params == {"gate": "BP3", "day": "2013-10-30", "number": "1", "due": "2013-12"}

    directive = returned.directive
    assert directive.cost.cap == Money(amount=Decimal(600_000), currency="SEK")
    assert directive.gates[0].on == directive.gates[1].on
    assert directive.results[0].due == TimeGoal(on=date(2013, 12, 31), precision="month")
    assert directive.financing.planned == directive.cost.cap.amount
    assert directive.financing.remaining == Decimal(1_015_000)

    state = evolve(state, returned)
    state = evolve(state, directive_of(state).accept(None, version=1))
    state = signed(state, leader)
    state = signed(state, orderer)
    assert directive_of(state).stage == "approved"
    assert directive_of(state).binding == 1


def signed(state: Agreement, person: Person) -> Agreement:
    for fact in directive_of(state).sign(person, version=1):
        assert isinstance(fact, DirectiveSigned | DirectiveApproved | DirectiveSubmitted)
        state = evolve(state, fact)
    return state
