"""What people decide: a ticket is typed in, a request is judged, a judgement is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chassis.aggregate import Outcome, handle
from chassis.context import Context
from contracts.values import CriterionMet
from intake.adapters.report import Desk, check, report_of
from intake.adapters.ticket import Ticket
from intake.commands import REQUEST, Means
from intake.domain import classification, request
from intake.domain.request import Judged, Request
from intake.domain.ticket import request_of


async def register(here: Means, said: Ticket, desk: Desk, context: Context) -> Outcome[Request]:
    """Register a ticket that a person at the Service Desk typed in (IT-02), with its reference (IT-03)."""
    check(said, desk, here.partnership)
    subject = request_of(desk.municipality, desk.system, said.external_id)
    report = await report_of(said, desk, None, context.now, vault=here.vault, partnership=here.partnership)
    return await handle(here.store, REQUEST, subject, lambda state: request.register(subject, state, report), context)


async def classify(
    here: Means,
    subject: UUID,
    outcome: Judged,
    *,
    reason: str,
    criteria: Sequence[CriterionMet],
    context: Context,
    expected: int | None = None,
) -> Outcome[Request]:
    """Judge a request a project or a change, by the size criteria of the partnership (IT-05, IT-06)."""
    asked = [criterion.key for criterion in here.partnership.size_criteria]
    return await handle(
        here.store,
        REQUEST,
        subject,
        lambda state: classification.classify(state, outcome, reason=reason, criteria=criteria, asked=asked),
        context,
        expected=expected,
    )


async def withdraw_classification(
    here: Means, subject: UUID, *, reason: str, context: Context, expected: int | None = None
) -> Outcome[Request]:
    """Take a judgement back, with a reason (IT-05)."""
    return await handle(
        here.store,
        REQUEST,
        subject,
        lambda state: classification.withdraw_classification(state, reason=reason),
        context,
        expected=expected,
    )
