"""Who sat at the CAB, for which municipality, and for whom when they were a deputy (IT-21)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from chassis.auth import Caller
from chassis.i18n import translate
from chassis.identity import Identity, Role
from chassis.store import VersionConflict
from chassis.web import Deps, Here, caught_up, form_of, go_to
from chassis.web.problems import Changed
from contracts.refusal import Refusal, Refusals
from contracts.values import Attendee, Person
from governance.commands import meetings as commands
from governance.commands.meetings import Seat
from governance.domain.filled import FilledPerson
from governance.domain.meeting import DEPUTY
from governance.domain.refusals import NoName
from governance.domain.tree import Draft, Reader
from governance.pages import labels
from governance.pages.meetings import row_of
from governance.pages.shown import Values, row_button, show, with_row, without_row
from governance.views import accounts, meetings
from governance.views.accounts import AccountRow
from governance.views.meetings import MeetingRow

router = APIRouter()
COLUMNS = ("municipality", "role", "name", "email", "present", "deputy_for_name", "deputy_for_email")
TABLE = "attendees"
MANAGER = "it_manager"
"""The seat of a municipality's IT manager."""


@router.get("/meetings/{meeting_id}/attendance")
async def open_attendance(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """The list as it was recorded, or who is expected from each municipality that was invited."""
    caller.must(Role.PM, municipality=here.partnership.host, rule="IT-21")
    await caught_up(request, here, meetings.view)
    row = await row_of(here, caller, meeting_id)
    seats = [_written(each) for each in row.attendees] or await _expected(here, caller, row)
    return await _page(request, here, caller, meeting_id, {TABLE: seats})


async def _page(
    request: Request,
    here: Deps,
    caller: Identity,
    meeting_id: UUID,
    tree: Draft,
    *,
    version: int | None = None,
    refusal: Refusal | None = None,
    changed: bool = False,
) -> HTMLResponse:
    row = await row_of(here, caller, meeting_id)
    return show(
        request,
        "attendance.html",
        caller,
        refusal=refusal,
        row=row,
        value=Values(tree),
        seats=[(key, translate(label, caller.language)) for key, label in labels.SEATS.items()],
        version=row.stream_version if version is None else version,
        changed=changed,
    )


@router.post("/meetings/{meeting_id}/attendance")
async def record(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """Record the list, or change its rows."""
    caller.must(Role.PM, municipality=here.partnership.host, rule="IT-21")
    form = await form_of(request, here.formats(caller))
    tree: Draft = {TABLE: Reader(form.data).texts(TABLE, COLUMNS)}
    match row_button(form.action or ""):
        case ("add", "attendees", _):
            tree = with_row(tree, TABLE)
        case ("remove", "attendees", at):
            tree = without_row(tree, TABLE, at)
        case _:
            context = await here.context(request, caller, here.partnership.host, role=Role.PM)
            try:
                outcome = await commands.record_attendance(
                    here, meeting_id, _seats(tree[TABLE]), caller=caller, context=context, expected=form.version
                )
            except (Refusal, VersionConflict) as trouble:
                refusal = trouble if isinstance(trouble, Refusal) else Changed()
                return await _page(request, here, caller, meeting_id, tree, refusal=_beside(refusal), changed=True)
            return go_to(f"/governance/meetings/{meeting_id}", outcome)
    return await _page(request, here, caller, meeting_id, tree, version=form.version, changed=True)


async def _expected(here: Deps, caller: Identity, row: MeetingRow) -> list[dict[str, Any]]:
    """Who would sit for each municipality: who stands in for its IT manager on that day (IT-13), else its IT managers
    as they have accounts here, else those who sat for it at the meeting before; a seat at least, to be filled in."""
    held = await accounts.holding(here.db, Role.IT_MANAGER, row.shared_with, scope=caller.scope)
    before = await meetings.before(here.db, row.at, scope=caller.scope)
    managers: list[AccountRow]
    managers, sat = await here.vault.open_all((held, before.attendees if before else ()), caller.language)
    seats = []
    for municipality in row.shared_with:
        known = [_seat(municipality, each.person) for each in managers if _manages(each, municipality)]
        last = [
            _seat(municipality, each.person)
            for each in sat
            if (each.municipality, each.role) == (municipality, MANAGER)
        ]
        seats += _standing_in(here, municipality, row.at) or known or last or [_seat(municipality)]
    return seats


def _seat(municipality: str, person: Person | None = None) -> dict[str, Any]:
    seat = {"municipality": municipality, "role": MANAGER, "present": "yes"}
    return seat | {"name": person.name, "email": person.email or ""} if person else seat


def _manages(account: AccountRow, municipality: str) -> bool:
    return any((each.municipality, each.role) == (municipality, Role.IT_MANAGER) for each in account.roles)


def _standing_in(here: Deps, municipality: str, at: datetime) -> list[dict[str, Any]]:
    standing_in = here.partnership[municipality].deputies_at(at) if municipality in here.partnership.ids else ()
    return [
        _seat(municipality)
        | {
            "role": DEPUTY,
            "name": deputy.name,
            "email": deputy.email,
            "deputy_for_name": deputy.manager,
            "deputy_for_email": deputy.manager_email or "",
        }
        for deputy in standing_in[:1]
    ]


def _seats(rows: list[dict[str, str]]) -> list[Seat]:
    """The seats that were filled in. A seat without a name says nothing; each needs one."""
    if missing := [at for at, row in enumerate(rows) if not row.get("name")]:
        raise Refusals(tuple(NoName(f"{TABLE}.{at}.name") for at in missing))
    return [
        Seat(
            municipality=row.get("municipality", ""),
            role=row.get("role", "other"),
            person=FilledPerson(name=row.get("name", ""), email=row.get("email", "").lower()),
            present=row.get("present", "") == "yes",
            deputy_for=_deputy_for(row),
        )
        for row in rows
    ]


def _beside(refusal: Refusal) -> Refusal:
    """The refusal with its fields named as on the page, where each stands in one row."""
    for each in refusal.refusals if isinstance(refusal, Refusals) else (refusal,):
        each.field = each.field.replace("deputy_for.", "deputy_for_") if each.field else None
    return refusal


def _deputy_for(row: dict[str, str]) -> FilledPerson | None:
    told = FilledPerson(name=row.get("deputy_for_name", ""), email=row.get("deputy_for_email", "").lower())
    return told or None


def _written(attendee: Attendee) -> dict[str, Any]:
    """A seat as the form shows it; its people are opened."""
    for_whom = attendee.deputy_for
    return {
        "municipality": attendee.municipality,
        "role": attendee.role,
        "name": attendee.person.name,
        "email": attendee.person.email or "",
        "present": "yes" if attendee.present else "no",
        "deputy_for_name": for_whom.name if for_whom else "",
        "deputy_for_email": (for_whom.email or "") if for_whom else "",
    }
