"""The minutes as a document: on a page, and as a PDF that says the same (IT-21)."""

from __future__ import annotations

from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.documents import Block, Definitions, Document, Heading, Paragraph, Table, pdf
from chassis.i18n import translate
from chassis.identity import Identity
from chassis.web import Deps, Here, caught_up
from governance.pages import labels
from governance.pages.meetings import row_of
from governance.pages.shown import show
from governance.views import meetings
from governance.views.meetings import MeetingRow

router = APIRouter()


@router.get("/meetings/{meeting_id}/minutes")
async def read_minutes(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """The minutes, for those who may see the meeting."""
    await caught_up(request, here, meetings.view)
    row = await row_of(here, caller, meeting_id)
    document = msgspec.to_builtins(minutes_of(here, caller, row))
    return show(request, "minutes.html", caller, row=row, document=document)


@router.get("/meetings/{meeting_id}/minutes.pdf")
async def minutes_as_pdf(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """The same as a tagged PDF."""
    await caught_up(request, here, meetings.view)
    row = await row_of(here, caller, meeting_id)
    made = await pdf(minutes_of(here, caller, row))
    named = f'attachment; filename="cab-{row.number}.pdf"'
    return Response(made, media_type="application/pdf", headers={"Content-Disposition": named})


def minutes_of(here: Deps, caller: Identity, row: MeetingRow) -> Document:
    """The minutes of a meeting whose people are readable, in the reader's language."""

    def _(text: str, /, **params: object) -> str:
        return translate(text, caller.language, **params)

    title = _("Minutes of CAB {number}", number=row.number)
    return Document(
        title=title,
        language=caller.language,
        made=row.changed_at,
        below_title=here.partnership.name,
        blocks=(
            _card(here, caller, row, title),
            Heading(_("The meeting")),
            Definitions(
                (
                    (_("Number"), str(row.number)),
                    (_("When"), here.formats(caller).datetime(row.at)),
                    (_("Where"), row.place),
                    (_("With the IT-orderer meeting"), row.orderer_meeting),
                )
            ),
            Heading(_("Attendance")),
            *_attendance(here, caller, row),
            Heading(_("Agenda and decisions")),
            *_agenda(here, caller, row),
            Heading(_("Minutes")),
            *_text(here, caller, row),
        ),
    )


def _card(here: Deps, caller: Identity, row: MeetingRow, title: str) -> Definitions:
    """The document card that governing documents carry (LU-28)."""

    def _(text: str, /, **params: object) -> str:
        return translate(text, caller.language, **params)

    formats, last = here.formats(caller), row.minutes[-1] if row.minutes else None
    writer = last.writer.name if last and last.writer else here.partnership[row.municipality].name
    return Definitions(
        (
            (_("Type of document"), _("Minutes")),
            (_("Name of document"), title),
            (_("Established"), formats.date(row.approved_at) if row.approved_at else _("Not approved yet")),
            (_("Responsible for the document"), writer),
            (_("Last revised"), formats.date(last.at if last else row.changed_at)),
            (_("Decision body"), _("CAB")),
            (_("Applies to"), ", ".join(here.partnership[each].name for each in row.shared_with)),
        )
    )


def _attendance(here: Deps, caller: Identity, row: MeetingRow) -> tuple[Block, ...]:
    def _(text: str, /) -> str:
        return translate(text, caller.language)

    if not row.attendees:
        return (Paragraph(_("Attendance has not been recorded yet.")),)
    rows = [
        (
            each.person.name,
            here.partnership[each.municipality].name,
            _(labels.SEATS.get(each.role, each.role)),
            _("Yes") if each.present else _("No"),
            each.deputy_for.name if each.deputy_for else "",
        )
        for each in row.attendees
    ]
    heads = (_("Name"), _("Municipality"), _("Role"), _("Present"), _("Deputy for"))
    return (Table(_("Attendance"), heads, rows),)


def _agenda(here: Deps, caller: Identity, row: MeetingRow) -> list[Block]:
    """Each item and what was decided of it; then what was decided of projects that are no longer on the agenda."""

    def _(text: str, /) -> str:
        return translate(text, caller.language)

    told: list[Block] = []
    for number, item in enumerate(row.agenda, start=1):
        why = ", ".join(_(labels.REASONS[each]) for each in item.reasons)
        told.append(Heading(f"{number}. {item.title}", level=2))
        told.append(Paragraph(f"{here.partnership[item.municipality].name}. {why}."))
        decisions = _decisions(row, caller, item.request_id)
        told.append(Definitions(decisions) if decisions else Paragraph(_("No decision.")))
    if not told:
        told.append(Paragraph(_("The agenda has not been set yet.")))
    gone = {each.request_id for each in row.decisions} - {item.request_id for item in row.agenda}
    others = [pair for request_id in sorted(gone) for pair in _decisions(row, caller, request_id)]
    if others:
        told += [Heading(_("Other decisions"), level=2), Definitions(others)]
    return told


def _decisions(row: MeetingRow, caller: Identity, request_id: UUID) -> list[tuple[str, str]]:
    return [
        (translate(labels.OUTCOMES[each.outcome], caller.language), each.text)
        for each in row.decisions
        if each.request_id == request_id
    ]


def _text(here: Deps, caller: Identity, row: MeetingRow) -> list[Block]:
    def _(text: str, /, **params: object) -> str:
        return translate(text, caller.language, **params)

    moment = here.formats(caller).datetime
    if not row.minutes:
        return [Paragraph(_("No minutes have been written."))]
    last = row.minutes[-1]
    signed = [(_("Written"), f"{last.writer.name}, {moment(last.at)}" if last.writer else moment(last.at))]
    if row.approved_by and row.approved_at:
        signed.append((_("Approved by"), f"{row.approved_by.name}, {moment(row.approved_at)}"))
    return [*(Paragraph(part) for part in last.text.split("\n\n") if part.strip()), Definitions(signed)]
