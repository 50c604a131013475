"""Filling the directive in: the same form for the requester, by link or signed in, and for the PM who helps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from chassis.aggregate import Outcome
from chassis.auth import Caller
from chassis.context import Context
from chassis.identity import Identity, Role
from chassis.store import VersionConflict
from chassis.web import Deps, Form, Here, caught_up, form_of, go_to
from contracts.refusal import Refusal
from contracts.values import Caution
from governance.commands import directives as commands
from governance.commands.agreements import Found, find
from governance.domain import checks, form, oddities, template
from governance.domain.agreement import Agreement
from governance.domain.refusals import NoDirective, SayWhat
from governance.domain.tree import Draft
from governance.pages.shown import Values, row_button, show, with_row, without_row
from governance.views import directives
from governance.views.directives import DirectiveRow

router = APIRouter()


class Overtaken(Refusal):
    """Requester and PM may write at the same time; neither loses what the other wrote without knowing (IT-11)."""

    text = (
        "Somebody else saved this form while you wrote. What you wrote is below and not saved yet; "
        "save again to put it in place of theirs."
    )
    rule = "IT-11"
    status = 412


@dataclass(frozen=True, slots=True)
class Desk:
    """Where somebody fills a directive in: who they are, whose directive, and the paths of the form and of what comes
    after it."""

    caller: Identity
    found: Found
    path: str
    done: str

    @property
    def is_requester(self) -> bool:
        """Whether it is theirs to return (IT-10), or they only help (IT-11)."""
        return self.caller.id == self.found.agreement.directive.requester.id


@router.get("/directives/{request_id}/form")
async def open_form(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """The form, for the requester who is signed in and for the PM."""
    desk = await _desk(here, caller, request_id)
    await caught_up(request, here, directives.view)
    if not desk.found.agreement.directive.with_requester:
        return go_to(desk.done)
    return await form_page(request, here, desk)


@router.post("/directives/{request_id}/form")
async def fill_in(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """Save, ask, answer or return, by the button that was pressed."""
    return await filled_in(request, here, await _desk(here, caller, request_id))


async def _desk(here: Deps, caller: Identity, request_id: UUID) -> Desk:
    found = await find(here, request_id, caller)
    found.writer(caller)
    place = f"/governance/directives/{request_id}"
    return Desk(caller, found, f"{place}/form", place)


async def form_page(
    request: Request,
    here: Deps,
    desk: Desk,
    *,
    tree: Draft | None = None,
    version: int | None = None,
    refusal: Refusal | None = None,
    warnings: Sequence[Caution] = (),
    changed: bool = False,
) -> HTMLResponse:
    """The form as it stands, or as it was just written."""
    row = await opened_row(here, desk.found, desk.caller)
    tree = tree if tree is not None else _tree(here, row)
    return show(
        request,
        "directive_form.html",
        desk.caller,
        refusal=refusal,
        row=row,
        desk=desk,
        value=Values(tree),
        filled=form.read(tree),
        version=row.stream_version if version is None else version,
        warnings=warnings,
        changed=changed,
        saved="saved" in request.query_params,
        tables=form.TABLES,
    )


async def filled_in(request: Request, here: Deps, desk: Desk) -> Response:
    """Do what the pressed button says, and show the form again when it cannot be done."""
    given = await form_of(request, here.formats(desk.caller))
    tree = form.keep(given.data)
    match row_button(given.action or ""):
        case ("add", table, _) if table in form.TABLES:
            return await form_page(request, here, desk, tree=with_row(tree, table), version=given.version, changed=True)
        case ("remove", table, at) if table in form.TABLES:
            tree = without_row(tree, table, at)
            return await form_page(request, here, desk, tree=tree, version=given.version, changed=True)
    context = await here.context(request, desk.caller, desk.found.municipality, role=desk.found.writer(desk.caller))
    try:
        if given.action == "return":
            return await _return(request, here, desk, given, tree, context)
        if given.action in ("ask", "answer") and not given.text("said"):
            raise SayWhat("said")
        outcome = await commands.save_draft(
            here, desk.found, tree, caller=desk.caller, context=context, expected=given.version
        )
        if given.action in ("ask", "answer"):
            then = replace(context, command_id=uuid5(context.command_id, "said"))
            outcome = await _say(here, desk, given, then)
    except VersionConflict as conflict:
        return await form_page(
            request, here, desk, tree=tree, version=conflict.present, refusal=Overtaken(), changed=True
        )
    except Refusal as refusal:
        return await form_page(request, here, desk, tree=tree, version=given.version, refusal=refusal, changed=True)
    return go_to(f"{desk.path}?saved=1", outcome)


async def _return(request: Request, here: Deps, desk: Desk, given: Form, tree: Draft, context: Context) -> Response:
    """Return the directive, once its warnings have been seen (TY-13, TY-21)."""
    filled = form.read(tree)
    checks.require(filled)
    odd = oddities.warnings(filled)
    seen = given.data.get("acknowledged", ())
    if any(f"{each.rule} {each.field}" not in seen for each in odd):
        return await form_page(request, here, desk, tree=tree, version=given.version, warnings=odd, changed=True)
    outcome = await commands.hand_in(
        here, desk.found, tree, caller=desk.caller, context=context, expected=given.version
    )
    return go_to(desk.done, outcome)


async def _say(here: Deps, desk: Desk, given: Form, context: Context) -> Outcome[Agreement]:
    text = given.text("said")
    if desk.is_requester:
        return await commands.ask_for_help(here, desk.found, text, field=None, caller=desk.caller, context=context)
    return await commands.give_help(here, desk.found, text, caller=desk.caller, context=context)


async def opened_row(here: Deps, found: Found, caller: Identity) -> DirectiveRow:
    """The directive's row with its people readable; drafts and questions only for those who write in it."""
    row = await directives.view.get(here.db, found.request_id, scope=[found.municipality])
    if row is None:
        raise NoDirective
    if caller.id != row.requester.id and not caller.has(Role.PM, found.municipality):
        row = row.replace(draft=None, said=())
    return await here.vault.open_all(row, caller.language)


def _tree(here: Deps, row: DirectiveRow) -> Draft:
    """What was saved last, or else the version that stands, or else the empty template (IT-09)."""
    if row.draft is not None:
        try:
            saved: Draft = json.loads(row.draft)
        except ValueError:
            pass  # the requester was erased, and the draft with them
        else:
            return saved
    if row.standing is not None:
        return template.write(row.standing.directive)
    currency = here.partnership[row.municipality].currency
    return template.blank(title=row.title, currency=currency, cadence=here.partnership.cadence)
