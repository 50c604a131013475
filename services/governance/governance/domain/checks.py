"""The rules of a directive, TY-01…TY-23, each a small function of what was filled in.

A rule yields a refusal for each field that breaks it. What is merely odd is not here but in `oddities`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import get_args

from contracts.refusal import Refusal, Refusals
from contracts.values import Currency
from governance.domain import mistakes
from governance.domain.filled import Filled
from governance.domain.form import GATES, GOALS
from governance.domain.template import money

KINDS = ("internal", "external_consultant", "licence", "hardware", "other")

ORDER = (
    "title", "orderer", "leader", "background", "predecessor", "sections", "contacts", "gates", "goals",
    "requirements", "wishes", "results", "cost", "ranking", "cadence", "financing.earlier", "financing.spent",
    "financing.lines", "rough_plan", "competences", "loans", "ends", "delivery_period",
)  # fmt: skip
"""The parts of the form from top to bottom."""

Check = Callable[[Filled], Iterator[Refusal]]


def require(filled: Filled) -> None:
    """Raise Refusals, one for each field at fault, in the order of the form; return when there is none."""
    if found := refusals(filled):
        raise Refusals(found)


def refusals(filled: Filled) -> tuple[Refusal, ...]:
    """What must be mended before the directive can be returned. The first refusal of a field stands for it."""
    by_field: dict[str | None, Refusal] = {}
    for refusal in (*filled.unreadable, *(refusal for check in CHECKS for refusal in check(filled))):
        by_field.setdefault(refusal.field, refusal)
    return tuple(sorted(by_field.values(), key=_place))


def is_address(email: str) -> bool:
    """Whether a text can be an e-mail address; whether it is one, only mail can tell."""
    return re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email) is not None


def has_an_orderer(filled: Filled) -> Iterator[Refusal]:
    """TY-01: the orderer is named, with the address by which they are known when they approve."""
    yield from _said(filled.orderer.name, "orderer.name", mistakes.NoOrderer)
    yield from _said(filled.orderer.email, "orderer.email", mistakes.NoOrderer)
    yield from _address(filled.orderer.email, "orderer.email")


def signatories_are_two_people(filled: Filled) -> Iterator[Refusal]:
    """TY-01: orderer and leader are two people. The leader may be left for the PM to name."""
    if filled.leader:
        yield from _said(filled.leader.name, "leader.name", mistakes.LeaderHalfNamed)
        yield from _said(filled.leader.email, "leader.email", mistakes.LeaderHalfNamed)
        yield from _address(filled.leader.email, "leader.email")
        if filled.leader.email and filled.leader.email == filled.orderer.email:
            yield mistakes.SamePerson("leader.email")


def has_a_title(filled: Filled) -> Iterator[Refusal]:
    """TY-02: the assignment has a name."""
    yield from _said(filled.title, "title", mistakes.NoTitle)


def has_a_background(filled: Filled) -> Iterator[Refusal]:
    """TY-03: the background is told; a sub-section has both heading and text."""
    yield from _said(filled.background, "background", mistakes.NoBackground)
    for row in filled.sections:
        yield from _said(row.heading, f"sections.{row.at}.heading", mistakes.HalfASection)
        yield from _said(row.text, f"sections.{row.at}.text", mistakes.HalfASection)


def has_a_rough_plan(filled: Filled) -> Iterator[Refusal]:
    """TY-07: a rough plan, and the roles it needs with their competence and responsibility."""
    yield from _said(filled.rough_plan, "rough_plan", mistakes.NoRoughPlan)
    if not filled.competences:
        yield mistakes.NoRoles("competences.0.role")
    for row in filled.competences:
        for column in ("role", "competence", "responsibility"):
            yield from _said(getattr(row, column), f"competences.{row.at}.{column}", mistakes.HalfARole)


def has_a_contact(filled: Filled) -> Iterator[Refusal]:
    """TY-08: at least one contact, each with role, name, and a telephone number or an e-mail address."""
    if not filled.contacts:
        yield mistakes.NoContact("contacts.0.name")
    for row in filled.contacts:
        yield from _said(row.role, f"contacts.{row.at}.role", mistakes.HalfAContact)
        yield from _said(row.person.name, f"contacts.{row.at}.name", mistakes.HalfAContact)
        if not row.person.email and not row.person.phone:
            yield mistakes.NoWayToReach(f"contacts.{row.at}.phone")
        yield from _address(row.person.email, f"contacts.{row.at}.email")


def has_the_four_gates(filled: Filled) -> Iterator[Refusal]:
    """TY-09: BP1…BP4 in this order, each with its day and what is decided."""
    keys = tuple(gate.key for gate in filled.gates)
    for nth, key in enumerate(GATES):
        if key not in keys:
            yield mistakes.NoGate(f"gates.{nth}.on", gate=key)
    if keys != GATES and set(keys) >= set(GATES):
        yield mistakes.NotTheFourGates("gates.0.on")
    for gate in filled.gates:
        for column in ("on", "decision"):
            if not getattr(gate, column):
                yield mistakes.NoGate(f"gates.{gate.at}.{column}", gate=gate.key)


def gates_do_not_go_back_in_time(filled: Filled) -> Iterator[Refusal]:
    """TY-09: the days of the gates do not decrease; two gates on one day are legal."""
    dated = [(gate, gate.on) for gate in filled.gates if gate.on is not None]
    for (earlier, before), (later, after) in pairwise(dated):
        if after < before:
            yield mistakes.GateBeforeGate(f"gates.{later.at}.on", later=later.key, earlier=earlier.key, day=before)


def results_are_numbered(filled: Filled) -> Iterator[Refusal]:
    """TY-11: at least one result, numbered 1, 2, 3 …, each told; alternatives are legal."""
    if not filled.results:
        yield mistakes.NoResult("results.0.text")
    for nth, row in enumerate(filled.results, start=1):
        if row.number != nth:
            yield mistakes.NotNumbered(f"results.{row.at}.number", number=nth)
        yield from _said(row.text, f"results.{row.at}.text", mistakes.NoResultText)
        if row.gate and row.gate not in GATES:
            yield mistakes.NotAGate(f"results.{row.at}.gate")


def each_result_has_a_time_goal(filled: Filled) -> Iterator[Refusal]:
    """TY-12: one time goal for each result; a month is precise enough."""
    for row in filled.results:
        yield from _said(row.due, f"results.{row.at}.due", mistakes.NoTimeGoal)


def has_a_cost_cap(filled: Filled) -> Iterator[Refusal]:
    """TY-13: a cap above nothing, in a currency, over a period."""
    if filled.cap is None or filled.cap.value <= 0:
        yield mistakes.NoCap("cost.cap")
    yield from _known(filled.currency, get_args(Currency), "cost.currency", mistakes.NoCurrency)
    yield from _said(filled.starts, "cost.starts", mistakes.NoPeriod)
    yield from _said(filled.ends, "cost.ends", mistakes.NoPeriod)
    yield from _in_order(filled.starts, filled.ends, "cost.ends")


def one_currency(filled: Filled) -> Iterator[Refusal]:
    """TY-13: an amount that names a currency names the one the directive is in."""
    written = [("cost.cap", filled.cap), ("financing.spent", filled.spent)]
    written += [(f"financing.earlier.{row.at}.amount", row.amount) for row in filled.earlier]
    written += [(f"financing.lines.{row.at}.rate", row.rate) for row in filled.lines]
    for field, amount in written:
        if amount is not None and amount.currency is not None and amount.currency != filled.currency:
            yield mistakes.AnotherCurrency(field, written=amount.currency)


def goals_are_ranked(filled: Filled) -> Iterator[Refusal]:
    """TY-14: result, time and cost in a strict order, each once."""
    if sorted(filled.ranking) != sorted(GOALS):
        yield mistakes.NotARanking("ranking.0")


def has_two_cadences(filled: Filled) -> Iterator[Refusal]:
    """TY-15: how often the short check-in is, and how often the fixed meeting."""
    if filled.short_days is None or not 1 <= filled.short_days <= 92:
        yield mistakes.NoCadence("cadence.short_days", most=92)
    if filled.fixed_days is None or not 1 <= filled.fixed_days <= 184:
        yield mistakes.NoCadence("cadence.fixed_days", most=184)


def earlier_funding_is_told_whole(filled: Filled) -> Iterator[Refusal]:
    """TY-16: funding decided earlier says by whom, when and how much."""
    for row in filled.earlier:
        for column in ("decided_by", "on", "amount"):
            yield from _said(getattr(row, column), f"financing.earlier.{row.at}.{column}", mistakes.HalfADecision)


def spending_has_a_day(filled: Filled) -> Iterator[Refusal]:
    """TY-17: what is spent is spent as of a day, and out of funding that was decided."""
    if filled.spent is not None:
        yield from _said(filled.spent_as_of, "financing.spent_as_of", mistakes.NoSpentDay)
        if filled.spent.value > 0 and not filled.earlier:
            yield mistakes.SpentOutOfNothing("financing.spent")
    elif filled.spent_as_of is not None:
        yield mistakes.NoSpentAmount("financing.spent")


def lines_are_hours_times_rate(filled: Filled) -> Iterator[Refusal]:
    """TY-18, TY-19: each cost line has a kind, a purpose, hours above nothing and a rate."""
    for row in filled.lines:
        place = f"financing.lines.{row.at}"
        yield from _known(row.kind, KINDS, f"{place}.kind", mistakes.NoKind)
        yield from _said(row.purpose, f"{place}.purpose", mistakes.NoPurpose)
        if not row.hours or row.hours >= 10_000_000:
            yield mistakes.NoHours(f"{place}.hours")
        if row.rate is None or row.rate.value >= 10_000_000_000:
            yield mistakes.NoRate(f"{place}.rate")


def lines_fit_the_cap(filled: Filled) -> Iterator[Refusal]:
    """TY-18: the sum of hours × rate is within the cap of TY-13."""
    if filled.cap is not None and filled.planned > filled.cap.value:
        planned, cap = money(filled.planned, filled.currency), money(filled.cap.value, filled.currency)
        yield mistakes.OverTheCap("cost.cap", planned=planned, cap=cap)


def ends_after_it_starts(filled: Filled) -> Iterator[Refusal]:
    """TY-20: the assignment does not end before its cost period starts."""
    yield from _in_order(filled.starts, filled.ends_on, "ends", mistakes.EndsBeforeItStarts)


def loans_are_told_whole(filled: Filled) -> Iterator[Refusal]:
    """TY-22: people on loan have a period, and a lead who decides over them."""
    for row in filled.loans:
        for column in ("who", "starts", "ends", "deciding_lead"):
            yield from _said(getattr(row, column), f"loans.{row.at}.{column}", mistakes.HalfALoan)
        yield from _in_order(row.starts, row.ends, f"loans.{row.at}.ends", mistakes.LoanEndsBeforeItStarts)


def delivery_is_a_half_year(filled: Filled) -> Iterator[Refusal]:
    """TY-23: what is delivered is planned for a half-year, as 2027H1; it may be left open."""
    if filled.delivery_period and not re.fullmatch(r"\d{4}H[12]", filled.delivery_period):
        yield mistakes.NotAHalfYear("delivery_period")


CHECKS: tuple[Check, ...] = (
    has_an_orderer,
    signatories_are_two_people,
    has_a_title,
    has_a_background,
    has_a_rough_plan,
    has_a_contact,
    has_the_four_gates,
    gates_do_not_go_back_in_time,
    results_are_numbered,
    each_result_has_a_time_goal,
    has_a_cost_cap,
    one_currency,
    goals_are_ranked,
    has_two_cadences,
    earlier_funding_is_told_whole,
    spending_has_a_day,
    lines_are_hours_times_rate,
    lines_fit_the_cap,
    ends_after_it_starts,
    loans_are_told_whole,
    delivery_is_a_half_year,
)
"""All of them, in the order of the form."""


def _place(refusal: Refusal) -> tuple[int, int]:
    """Where the field of a refusal stands in the form."""
    field = refusal.field or ""
    part = next((nth for nth, prefix in enumerate(ORDER) if field.startswith(prefix)), len(ORDER))
    return part, next((int(step) for step in field.split(".") if step.isdecimal()), 0)


def _said(told: object, field: str, mistake: type[Refusal]) -> Iterator[Refusal]:
    if told is None or told == "":
        yield mistake(field)


def _known(word: str, words: Sequence[str], field: str, mistake: type[Refusal]) -> Iterator[Refusal]:
    if word not in words:
        yield mistake(field)


def _in_order(
    starts: date | None, ends: date | None, field: str, mistake: type[Refusal] = mistakes.PeriodEndsBeforeItStarts
) -> Iterator[Refusal]:
    if starts is not None and ends is not None and ends < starts:
        yield mistake(field)


def _address(email: str, field: str) -> Iterator[Refusal]:
    if email and not is_address(email):
        yield mistakes.NoAddress(field)
