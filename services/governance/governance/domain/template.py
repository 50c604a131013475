"""The template and what is written in it: the form of an empty directive, and of one that is to be changed or shown."""

from __future__ import annotations

from decimal import Decimal

from contracts.values import Cadence, Directive, Person, TimeGoal
from governance.domain.form import GATES, GOALS
from governance.domain.tree import Draft


def blank(*, title: str, currency: str, cadence: Cadence, orderer: Draft | None = None) -> Draft:
    """The empty template, as the requester first sees it (IT-09), with the cadence of the cooperation (TY-15)."""
    return {
        "title": title,
        "orderer": orderer or {},
        "contacts": [{}],
        "gates": [{"key": key} for key in GATES],
        "results": [{}],
        "cost": {"currency": currency},
        "ranking": list(GOALS),
        "cadence": {"short_days": str(cadence.short_days), "fixed_days": str(cadence.fixed_days)},
        "financing": {"earlier": [], "lines": [{}]},
        "competences": [{}],
        "sections": [],
        "loans": [],
    }


def write(directive: Directive) -> Draft:
    """The form of a directive, to be changed or shown; whoever wants to read its people hands it in opened."""
    cost, financing = directive.cost, directive.financing
    return {
        "title": directive.title,
        "background": directive.background,
        "sections": [{"heading": row.heading, "text": row.text} for row in directive.sections],
        "predecessor": _text(directive.predecessor),
        "orderer": _person(directive.orderer),
        "leader": _person(directive.leader),
        "contacts": [{"role": row.role, **_person(row.person)} for row in directive.contacts],
        "gates": [{"key": row.key, "on": _text(row.on), "decision": row.decision} for row in directive.gates],
        "goals": directive.goals,
        "requirements": directive.requirements,
        "wishes": directive.wishes,
        "results": [
            {"text": row.text, "due": goal(row.due), "alternative": row.alternative or "", "gate": row.gate or ""}
            for row in directive.results
        ],
        "cost": {
            "cap": plain(cost.cap.amount),
            "currency": cost.cap.currency,
            "starts": _text(cost.starts),
            "ends": _text(cost.ends),
        },
        "ranking": list(directive.ranking),
        "cadence": {
            "short_days": str(directive.cadence.short_days),
            "fixed_days": str(directive.cadence.fixed_days),
        },
        "financing": {
            "earlier": [
                {"decided_by": row.decided_by, "on": _text(row.on), "amount": plain(row.amount)}
                for row in financing.earlier
            ],
            "spent": plain(financing.spent),
            "spent_as_of": _text(financing.spent_as_of),
            "lines": [
                {"kind": row.kind, "purpose": row.purpose, "hours": plain(row.hours), "rate": plain(row.rate)}
                for row in financing.lines
            ],
        },
        "rough_plan": directive.rough_plan,
        "competences": [
            {"role": row.role, "competence": row.competence, "responsibility": row.responsibility}
            for row in directive.competences
        ],
        "loans": [
            {
                "who": row.who,
                "from_request": _text(row.from_request),
                "starts": _text(row.starts),
                "ends": _text(row.ends),
                "deciding_lead": row.deciding_lead,
            }
            for row in directive.loans
        ],
        "ends": _text(directive.ends),
        "delivery_period": directive.delivery_period or "",
    }


def goal(due: TimeGoal) -> str:
    """A time goal as the form writes it: 2013-12-31, or 2013-12 when a month is meant (TY-12)."""
    return due.on.isoformat() if due.precision == "day" else f"{due.on:%Y-%m}"


def plain(amount: Decimal | None) -> str:
    """An amount in figures, without decimals that say nothing."""
    if amount is None:
        return ""
    return f"{amount:f}" if amount != amount.to_integral_value() else f"{amount.to_integral_value():f}"


def money(amount: Decimal, currency: str) -> str:
    """An amount in figures that can be read in all our languages: 600 000 SEK, with spaces that do not break."""
    whole, _, decimals = plain(abs(amount)).partition(".")
    figures = f"{int(whole):,}".replace(",", "\N{NO-BREAK SPACE}") + (f",{decimals}" if decimals else "")
    return f"{'-' if amount < 0 else ''}{figures}\N{NO-BREAK SPACE}{currency}"


def _person(one: Person | None) -> Draft:
    return {} if one is None else {"name": one.name, "email": one.email or "", "phone": one.phone or ""}


def _text(value: object) -> str:
    return "" if value is None else str(value)
