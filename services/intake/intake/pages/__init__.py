"""Intake in the browser: the PM's inbox, a request, the Service Desk's form, one's own requests, what is parked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from chassis.auth import Caller
from chassis.i18n import N_, translate
from chassis.identity import Identity, Role
from chassis.store import VersionConflict
from chassis.web import Deps, Form, Here, PageNumber, caught_up, filled, form_of, go_to, needed, page
from chassis.web.deps import correlation_of
from chassis.web.problems import Changed
from contracts.intake import (
    ClassificationWithdrawn,
    ClassifiedAsChange,
    ClassifiedAsProject,
    IntakeFact,
    RequestChanged,
    RequestMerged,
    RequestRegistered,
    RequestReopened,
    RequestWithdrawn,
)
from contracts.refusal import Refusal, together
from contracts.values import TicketRef
from intake.adapters import markup
from intake.adapters.by_hand import Registration
from intake.adapters.packing import to_be_read
from intake.api import requests as api
from intake.commands import files, taking
from intake.domain.access import may_register
from intake.domain.classification import NoSuchRequest
from intake.domain.request import AlreadyRegistered, wrong_with_a_reference
from intake.domain.text import difference
from intake.domain.ticket import PHONE, request_of, shown
from intake.views import deliveries, inbox, requests
from intake.views.requests import Judgement, RequestRow

router = APIRouter(include_in_schema=False)

PARKED_SHOWN = 20
"""Deliveries on one page, each of which has two forms."""
KEEPERS = (Role.SERVICE_DESK, Role.PM, Role.OPERATOR)
"""Who sees what could not be read, and deals with it."""

STATES: dict[str, tuple[str, str]] = {
    "waiting": (N_("Waits for the PM"), "caution"),
    "project": (N_("Project"), "good"),
    "change": (N_("Change within daily operation"), "neutral"),
    "withdrawn": (N_("Withdrawn"), "neutral"),
    "merged": (N_("Merged"), "neutral"),
}
"""What each state is called, and its tone."""
WITHDRAWN: dict[str, str] = {
    "left_flow": N_("The ticket left the project flow."),
    "closed": N_("The ticket was closed."),
    "deleted": N_("The ticket was deleted."),
    "withdrawn": N_("The ticket was taken back."),
}


def told(fact: IntakeFact, language: str) -> str:
    """A fact as a person would tell it."""
    match fact:
        case RequestRegistered():
            return translate(N_("The Service Desk registered ticket {number}."), language, number=shown(fact.ticket))
        case RequestChanged(ticket=TicketRef() as called):
            return translate(N_("The ticket was changed. It is called {number} now."), language, number=shown(called))
        case RequestChanged():
            return translate(N_("The ticket was changed."), language)
        case RequestWithdrawn():
            return translate(WITHDRAWN[fact.reason], language)
        case RequestMerged():
            return translate(N_("The ticket was merged into {number}."), language, number=shown(fact.into_ticket))
        case RequestReopened():
            return translate(N_("The ticket came back into the project flow."), language)
        case ClassifiedAsProject():
            return translate(N_("The PM judged it a project."), language)
        case ClassifiedAsChange():
            return translate(N_("The PM judged it a change within daily operation."), language)
        case ClassificationWithdrawn():
            return translate(N_("The PM took the judgement back."), language)


@router.get("/intake/")
async def start(
    request: Request,
    caller: Caller,
    here: Here,
    at: UUID | None = None,
    judged: UUID | None = None,
    number: PageNumber = 1,
) -> Response:
    """What waits for the PM, the longest waiting first, with one of it opened beside to be judged (IT-05), and the ways
    on from here. `at` is the one that is open, the first if not said; `judged` the one that was judged just now."""
    await caught_up(request, here, inbox.view, requests.view)
    readable = caller.scope_of(*api.READERS)
    waiting = await inbox.page_of(here.db, scope=readable, number=number)
    opened = at or next((one.request_id for one in waiting.rows), None)
    row = await requests.view.get(here.db, opened, scope=readable) if opened else None
    known = await _of_one(here, caller, row) if row and row.state == "waiting" else {"row": None}
    parked = await deliveries.how_many_parked(here.db, scope=caller.scope_of(*KEEPERS))
    return page(
        request,
        "inbox.html",
        caller,
        live=(inbox.view, requests.view),
        rows=waiting.rows,
        waiting=waiting.total,
        page_number=waiting.number,
        last_page=waiting.last,
        judged=await requests.view.get(here.db, judged, scope=readable) if judged else None,
        reads_any=bool(readable),
        registers=caller.has(Role.SERVICE_DESK),
        keeps=bool(caller.scope_of(*KEEPERS)),
        parked=parked,
        **known,
    )


@router.get("/intake/requests")
async def all_requests(
    request: Request, caller: Caller, here: Here, state: str = "", number: PageNumber = 1
) -> Response:
    """The requests of the municipalities the reader works for, the latest first."""
    await caught_up(request, here, requests.view)
    chosen: Any = state if state in STATES else None
    found = await requests.page_of(here.db, scope=caller.scope_of(*api.READERS), state=chosen, number=number)
    opened = await here.vault.open_all([listed(row) for row in found.rows], caller.language)
    return page(request, "requests.html", caller, rows=opened, found=found, states=STATES, state=chosen)


def listed(row: RequestRow) -> RequestRow:
    """A request without what no list shows, so that nothing sealed is opened for nothing."""
    return row.replace(description=None, description_html=None, requester_email=None, attachments=(), judgement=None)


@router.get("/intake/mine")
async def my_requests() -> Response:
    """What the reader asked for themselves is shown where its whole way is known: in the portfolio's list."""
    return go_to("/portfolio/requests")


# --- one request ---


@router.get("/intake/requests/{request_id}")
async def one_request(request_id: UUID, request: Request, caller: Caller, here: Here) -> Response:
    """All that is known of a request, and what the reader may do with it."""
    row = await api.readable(request_id, request, caller, here)
    return await _request_page(request, caller, here, row)


@router.post("/intake/requests/{request_id}")
async def judge(request_id: UUID, request: Request, caller: Caller, here: Here) -> Response:
    """The PM judges the request, or takes the judgement back (IT-05, IT-06); the button says which."""
    form = await form_of(request, here.formats(caller))
    try:
        outcome = await (_withdraw if form.action == "withdraw" else _classify)(request_id, form, request, caller, here)
    except (Refusal, VersionConflict) as refused:
        row = await requests.view.get(here.db, request_id, scope=caller.scope_of(*api.READERS))
        if row is None:
            raise
        refusal = refused if isinstance(refused, Refusal) else Changed()
        return await _request_page(request, caller, here, row, refusal=refusal, data=form.data)
    if form.text("next") == "inbox":
        return go_to(f"/intake/?judged={request_id}", outcome)
    return go_to(f"/intake/requests/{request_id}", outcome)


async def _classify(request_id: UUID, form: Form, request: Request, caller: Identity, here: Deps) -> Any:
    needed(form, "outcome")
    answers = form.data.get("criteria")
    criteria = [
        {"key": key, **answer}
        for key, answer in (answers if isinstance(answers, dict) else {}).items()
        if isinstance(answer, dict) and "met" in answer
    ]
    given = filled(api.Classification, {**form.data, "reason": form.text("reason"), "criteria": criteria})
    return await api.classify(request_id, given, request, caller, here, expected=form.version)


async def _withdraw(request_id: UUID, form: Form, request: Request, caller: Identity, here: Deps) -> Any:
    given = filled(api.Withdrawal, {"reason": form.text("reason")})
    return await api.withdraw(request_id, given, request, caller, here, expected=form.version)


async def _request_page(
    request: Request,
    caller: Identity,
    here: Deps,
    row: RequestRow,
    *,
    refusal: Refusal | None = None,
    data: dict[str, Any] | None = None,
) -> Response:
    known = await _of_one(here, caller, row)
    row = known["row"]
    history = await here.store.load(row.request_id)
    actors = await here.vault.open_all([event.actor_name for event in history], caller.language)
    judged = row.judgement
    return page(
        request,
        "request.html",
        caller,
        refusal=refusal,
        state=STATES[row.state],
        withdrawn=WITHDRAWN.get(row.withdrawn or ""),
        difference=difference(_text(judged), _text(row)) if judged and row.differs_from_what_was_judged else (),
        names={criterion.key: criterion.names for criterion in here.partnership.size_criteria},
        history=[
            (event.time, told(event.data, caller.language), name) for event, name in zip(history, actors, strict=True)
        ],
        **(known | {"data": data or {}}),
    )


async def _of_one(here: Deps, caller: Identity, row: RequestRow) -> dict[str, Any]:
    """What the pieces of a page need that tell of one request and ask for a judgement of it."""
    row = await here.vault.open_all(row, caller.language)
    readable = caller.scope_of(*api.READERS)
    return {
        "row": row,
        "written": Markup(markup.clean(row.description_html)) if row.description_html else None,  # noqa: S704  # cleaned
        "opens": files.opens(here, row.municipality, row.ticket.system) is not None,
        "questions": here.partnership.size_criteria,
        "judges": caller.has(Role.PM, row.municipality),
        "reads": row.municipality in readable,
        "like": await requests.like(here.db, row, scope=readable) if row.state in ("waiting", "project") else (),
        "states": STATES,
        "data": {},
    }


def _text(said: RequestRow | Judgement) -> str:
    """What is compared of a ticket: its text, and the names of its files."""
    return "\n".join((said.title, said.description or "", *(file.name for file in said.attachments)))


# --- the Service Desk's form ---


@router.get("/intake/register")
async def registration(request: Request, caller: Caller, here: Here) -> Response:
    """The form for a ticket that came by phone; a technician is told where to go instead (IT-07)."""
    _desk_of(caller, here)
    return _registration_page(request, caller, here, {})


@router.post("/intake/register")
async def register(request: Request, caller: Caller, here: Here) -> Response:
    """Register the ticket (IT-02)."""
    form = await form_of(request, here.formats(caller))
    _desk_of(caller, here)
    given: Registration | None = None
    try:
        given = filled(Registration, form.data)
        outcome = await api.register(given, request, caller, here)
    except Refusal as refusal:
        existing = None
        if given is None:
            ticket = form.data.get("ticket") or {}
            refusal = together([refusal, *wrong_with_a_reference(ticket.get("system") or PHONE, ticket.get("number"))])
        elif isinstance(refusal, AlreadyRegistered):
            number = given.ticket.external_id or given.ticket.number or ""
            existing = request_of(given.municipality, given.ticket.system, number)
        return _registration_page(request, caller, here, form.data, refusal=refusal, existing=existing)
    return go_to(f"/intake/requests/{outcome.subject}", outcome)


def _desk_of(caller: Identity, here: Deps) -> None:
    name = here.partnership[caller.home].name
    may_register(name, service_desk=caller.has(Role.SERVICE_DESK), technician=caller.has(Role.TECHNICIAN))


def _registration_page(
    request: Request,
    caller: Identity,
    here: Deps,
    data: dict[str, Any],
    *,
    refusal: Refusal | None = None,
    existing: UUID | None = None,
) -> Response:
    mine = caller.scope_of(Role.SERVICE_DESK)
    systems = {desk.system for desk in here.partnership.service_desks if desk.municipality in mine}
    return page(
        request,
        "register.html",
        caller,
        refusal=refusal,
        data=data,
        existing=existing,
        municipalities=[(town.id, town.name) for town in here.partnership.municipalities.values() if town.id in mine],
        partners=[(town.id, town.name) for town in here.partnership.municipalities.values()],
        systems=sorted(systems),
        phone=PHONE,
    )


# --- what could not be read ---


@router.get("/intake/deliveries")
async def parked_deliveries(request: Request, caller: Caller, here: Here, number: PageNumber = 1) -> Response:
    """What is authentic and could not be used, with a sentence on what to mend at its source."""
    return await _deliveries_page(request, caller, here, number=number)


@router.post("/intake/deliveries/{delivery_id}")
async def deal_with(delivery_id: UUID, request: Request, caller: Caller, here: Here) -> Response:
    """Try a parked delivery again, or set it aside with a reason."""
    form = await form_of(request, here.formats(caller))
    parked = await deliveries.parked_one(here.db, delivery_id, scope=caller.scope_of(*KEEPERS))
    if parked is None:
        raise NoSuchRequest
    try:
        if form.action == "aside":
            await taking.set_aside(here, parked, by=caller.actor(parked.municipality), reason=form.text("reason"))
        else:
            credential = next(
                desk
                for desk in here.partnership.service_desks
                if (desk.municipality, desk.system) == (parked.municipality, parked.system)
            )
            by, known_by = caller.actor(parked.municipality), correlation_of(request)
            await taking.try_again(here, credential, parked, by=by, correlation=known_by)
    except Refusal as refusal:
        return await _deliveries_page(request, caller, here, refusal=refusal, refused=delivery_id)
    return go_to("/intake/deliveries")


async def _deliveries_page(
    request: Request,
    caller: Identity,
    here: Deps,
    *,
    refusal: Refusal | None = None,
    refused: UUID | None = None,
    number: int = 1,
) -> Response:
    caller.must(*KEEPERS)
    scope = caller.scope_of(*KEEPERS)
    total = await deliveries.how_many_parked(here.db, scope=scope)
    last = max(1, -(-total // PARKED_SHOWN))
    number = min(number, last)
    rows = await deliveries.parked(here.db, scope=scope, limit=PARKED_SHOWN, skip=(number - 1) * PARKED_SHOWN)
    if refused is not None and all(row.id != refused for row in rows):
        said_of = await deliveries.parked_one(here.db, refused, scope=scope)
        rows = [*([said_of] if said_of else []), *rows]  # on whichever page its form stood
    # What is in them may be about anybody: for those who work with tickets, and not for those who run the service.
    readable = caller.scope_of(Role.SERVICE_DESK, Role.PM)
    raw = await here.vault.open_all({row.id: row.raw for row in rows if row.municipality in readable}, caller.language)
    return page(
        request, "deliveries.html", caller,
        bodies={key: to_be_read(each) for key, each in raw.items()},
        refusal=refusal, refused=refused, rows=rows, page_number=number, last_page=last, total=total,
    )  # fmt: skip
