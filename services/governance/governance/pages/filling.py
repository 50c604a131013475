"""Filling the directive in: the same form for the requester, by link or signed in, and for the PM who helps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from chassis.aggregate import Outcome
from chassis.auth import Caller
from chassis.context import Context
from chassis.i18n import N_, translate
from chassis.i18n.halves import half_years
from chassis.identity import Identity, Role
from chassis.links import OWN_REQUEST, OWN_REQUEST_PATH, Link
from chassis.store import VersionConflict
from chassis.web import Deps, Form, Here, caught_up, form_of, go_to
from chassis.web.problems import errors_of
from contracts.refusal import Refusal
from contracts.values import Caution
from governance.commands import directives as commands
from governance.commands.agreements import Found, find
from governance.commands.people import today
from governance.domain import checks, form, oddities, template
from governance.domain.agreement import Agreement
from governance.domain.merge import Merged, merge
from governance.domain.refusals import NoDirective, SayWhat
from governance.domain.tree import Draft
from governance.pages import labels
from governance.pages.progress import ORDER, following, progress, said_by_section, sections_of, told_of, unfolded
from governance.pages.shown import Values, row_button, show, with_row, without_row
from governance.views import directives
from governance.views.directives import DirectiveRow

router = APIRouter()
UNFOLD = {"unfold": " ".join(ORDER), "fold": ""}
"""The sections that stand open after the button for all of them; a script does it without loading the page anew."""
AUTOSAVE = "autosave"
"""The button that a script presses while somebody writes: what it saves is answered in JSON and shown beside."""
SAVED_AT = N_("Saved at {time}")
BOTH = N_(
    "Somebody else wrote in this form meanwhile. What you wrote is here and not saved yet: save the draft to see both."
)
THEIRS = N_("Somebody else wrote here meanwhile: “{text}”")


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
    link: Link | None = None
    """The link they came by; None for who is signed in."""

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
    merged: Merged | None = None,
    asked: dict[str, str] | None = None,
    stood_open: str = "",
    saved_at: str = "",
) -> HTMLResponse:
    """The form as it stands, or as it was just written; with `merged`, what somebody else wrote meanwhile beside it.
    `stood_open` names the sections that stood open."""
    row = await opened_row(here, desk.found, desk.caller)
    tree = tree if tree is not None else _tree(here, row)
    wrong = sections_of(each.field for each in errors_of(refusal, "en")) if refusal else []
    both = merged.collisions if merged else ()
    shown = _told_of(here, desk, row, tree, wrong)
    return show(
        request,
        "directive_form.html",
        desk.caller,
        refusal=refusal,
        row=row,
        value=Values(tree),
        filled=form.read(tree),
        version=row.stream_version if version is None else version,
        warnings=warnings,
        changed=changed,
        saved_at=saved_at,
        saved="saved" in request.query_params,
        tables=form.TABLES,
        **shown,
        unfolded=unfolded(
            shown["parts"],
            stood_open or request.query_params.get("unfolded", ""),
            wrong=wrong + sections_of([*(each.field for each in warnings), *(each.field for each in both)]),
            waiting=shown["remarked"] + shown["waiting"],
        ),
        half_years=half_years(today(here, row.municipality), ahead=7, also=Values(tree)("delivery_period")),
        said_of=said_by_section(row.said),
        merged=merged,
        asked=asked or {},
        own_request=own_request(here, desk),
    )


def _told_of(here: Deps, desk: Desk, row: DirectiveRow, tree: Draft, wrong: Sequence[str] = ()) -> dict[str, Any]:
    """What stands in _parts.html."""
    return {"desk": desk, **told_of(row, progress(tree, _blank(here, row)), wrong, is_requester=desk.is_requester)}


async def filled_in(request: Request, here: Deps, desk: Desk) -> Response:
    """Do what the pressed button says, and show the form again when it cannot be done."""
    given = await form_of(request, here.formats(desk.caller))
    tree = form.keep(given.data)
    stood_open = given.text("unfolded")
    again = partial(form_page, request, here, desk, version=given.version, changed=True, stood_open=stood_open)
    if given.action in UNFOLD:
        return await again(tree=tree, stood_open=UNFOLD[given.action])
    match row_button(given.action or ""):
        case ("add", table, _) if table in form.TABLES:
            return await again(tree=with_row(tree, table))
        case ("remove", table, at) if table in form.TABLES:
            return await again(tree=without_row(tree, table, at))
    context = await here.context(request, desk.caller, desk.found.municipality, role=desk.found.writer(desk.caller))
    try:
        if given.action == "return":
            return await _return(request, here, desk, given, tree, context)
        said, section = _question(given)
        if given.action and given.action.partition(":")[0] in ("ask", "answer") and not said:
            raise SayWhat(f"question.{section}" if section else "said")
        merged, outcome = await _save(here, desk, given, tree, context)
        if given.action == AUTOSAVE:
            return await _told(request, here, desk, given, merged, outcome)
        if said:
            then = replace(context, command_id=uuid5(context.command_id, "said"))
            outcome = await _say(here, desk, said, section, then)
    except VersionConflict as conflict:
        if given.action == AUTOSAVE:
            return await _overtaken(here, desk, given, tree)
        merged = await _merged(here, desk, given.version, tree)
        return await again(tree=merged.tree, version=conflict.present, refusal=Overtaken(), merged=merged)
    except Refusal as refusal:
        if given.action == AUTOSAVE:
            raise
        told = given.data.get("question")
        kept = await _kept(here, desk, given, tree, context) if given.action == "return" else {"tree": tree}
        return await again(**kept, refusal=refusal, asked=told if isinstance(told, dict) else None)
    return go_to(_place(desk, given, section), outcome)


def _place(desk: Desk, given: Form, asked_in: str | None) -> str:
    """Where in the form they go on: in the section after the one they are done with, or else where they were."""
    what, _, done = (given.action or "").partition(":")
    if what == "next" and done in labels.SECTIONS:
        section = following(done)
        query, place = {"unfolded": section}, f"s-{section}" if section else "finished"
    else:
        query, place = {"unfolded": given.text("unfolded")}, f"s-{asked_in}" if asked_in else ""
    return f"{desk.path}?{urlencode({'saved': 1, **query})}{'#' if place else ''}{place}"


async def _kept(here: Deps, desk: Desk, given: Form, tree: Draft, context: Context) -> dict[str, Any]:
    """Save what cannot be returned yet, so that nobody loses it, and how the form is shown then. What somebody else
    wrote in too is not saved: the next button says so."""
    try:
        merged, outcome = await _save(here, desk, given, tree, context)
    except VersionConflict:
        return {"tree": tree, "version": given.version, "changed": True}
    tree = merged.tree if merged else tree
    return {"tree": tree, "version": outcome.version, "changed": False, "saved_at": _saved_at(here, desk)}


async def _return(request: Request, here: Deps, desk: Desk, given: Form, tree: Draft, context: Context) -> Response:
    """Return the directive, once its warnings have been seen (TY-13, TY-21)."""
    filled = form.read(tree)
    checks.require(filled)
    odd = oddities.warnings(filled)
    seen = given.data.get("acknowledged", ())
    if any(f"{each.rule} {each.field}" not in seen for each in odd):
        kept = await _kept(here, desk, given, tree, context)
        return await form_page(request, here, desk, **kept, warnings=odd, stood_open=given.text("unfolded"))
    try:
        outcome = await commands.hand_in(
            here, desk.found, tree, caller=desk.caller, context=context, expected=given.version
        )
    except VersionConflict as conflict:
        merged = await _merged(here, desk, given.version, tree)
        if merged.collisions or merged.taken or merged.reshaped:
            raise
        # Nobody wrote anything else: it was the form that saved itself, or an answer of the PM's.
        outcome = await commands.hand_in(
            here, desk.found, tree, caller=desk.caller, context=context, expected=conflict.present
        )
    return go_to(desk.done, outcome)


def _question(given: Form) -> tuple[str, str | None]:
    """What is asked or answered, and the section it was asked in; nothing unless a button says so."""
    what, _, section = (given.action or "").partition(":")
    if what not in ("ask", "answer"):
        return "", None
    if section in labels.SECTIONS:
        told = given.data.get("question")
        return str(told.get(section, "")) if isinstance(told, dict) else "", section
    return given.text("said"), None


async def _say(here: Deps, desk: Desk, text: str, section: str | None, context: Context) -> Outcome[Agreement]:
    if desk.is_requester:
        return await commands.ask_for_help(here, desk.found, text, field=section, caller=desk.caller, context=context)
    return await commands.give_help(here, desk.found, text, caller=desk.caller, context=context)


def own_request(here: Deps, desk: Desk) -> str | None:
    """Where requesters see how far their request has come: by a link as good as theirs, or signed in."""
    if desk.link is not None:
        return OWN_REQUEST_PATH.format(link=here.links.make(replace(desk.link, purpose=OWN_REQUEST)))
    return f"/portfolio/requests/{desk.found.request_id}" if desk.is_requester else None


async def _save(
    here: Deps, desk: Desk, given: Form, tree: Draft, context: Context
) -> tuple[Merged | None, Outcome[Agreement]]:
    """Save; where somebody else saved other fields meanwhile, theirs and these together. Raises VersionConflict when
    both wrote in the same field."""
    if given.action in (AUTOSAVE, "return") and given.version == desk.found.version:
        # Leaving a field asks whether it is right, and need not have changed anything: then there is nothing to save.
        found = desk.found
        if form.keep(await _as_of(here, desk, found.version)) == tree:
            return None, Outcome(
                subject=found.request_id, version=found.version, state=found.agreement, facts=(), position=None
            )
    try:
        return None, await commands.save_draft(
            here, desk.found, tree, caller=desk.caller, context=context, expected=given.version
        )
    except VersionConflict as conflict:
        merged = await _merged(here, desk, given.version, tree)
        # A script cannot show rows that came or went: whoever presses the button is shown the whole.
        if merged.collisions or (given.action == AUTOSAVE and merged.reshaped):
            raise
        outcome = await commands.save_draft(
            here, desk.found, merged.tree, caller=desk.caller, context=context, expected=conflict.present
        )
        return merged, outcome


async def _merged(here: Deps, desk: Desk, version: int | None, mine: Draft) -> Merged:
    """What was written here, and what others saved since the form was shown at a version."""
    return merge(await _as_of(here, desk, version or 0), mine, await _as_of(here, desk, None))


async def _as_of(here: Deps, desk: Desk, version: int | None) -> Draft:
    """What stood in the form at a version of the stream, or stands there now; the log says it before any view does."""
    history = await here.store.load(desk.found.request_id)
    row: DirectiveRow | None = reduce(directives.evolve, history[:version], None)
    opened = await here.vault.open_all(row, desk.caller.language)
    return {} if opened is None else _tree(here, opened)


async def _told(
    request: Request, here: Deps, desk: Desk, given: Form, merged: Merged | None, outcome: Outcome[Agreement]
) -> Response:
    """What the script shows after it saved: when, what is wrong in the fields that were left, what others wrote."""
    language = desk.caller.language
    tree = merged.tree if merged else form.keep(given.data)
    row = await opened_row(here, desk.found, desk.caller)
    touched = set(given.data.get("touched", ()))
    wrong = {each.field: each for each in checks.refusals(form.read(tree)) if each.field in touched}
    parts = show(request, "_parts.html", desk.caller, **_told_of(here, desk, row, tree))
    return JSONResponse(
        {
            "version": outcome.version,
            "said": _saved_at(here, desk),
            "errors": {field: errors_of(refusal, language)[0].detail for field, refusal in wrong.items()},
            "parts": bytes(parts.body).decode(),
            "taken": merged.taken if merged else {},
            "reload": len(row.said) > _count(given),
        }
    )


def _saved_at(here: Deps, desk: Desk) -> str:
    local = here.clock.now().astimezone(ZoneInfo(here.partnership[desk.found.municipality].timezone))
    return translate(SAVED_AT, desk.caller.language, time=local.strftime("%H:%M"))


def _count(given: Form) -> int:
    seen = given.text("seen")
    return int(seen) if seen.isdecimal() else 0


async def _overtaken(here: Deps, desk: Desk, given: Form, tree: Draft) -> Response:
    """Both wrote in the same field: nothing is saved, and each is told what the other wrote."""
    merged = await _merged(here, desk, given.version, tree)
    language = desk.caller.language
    return JSONResponse(
        {
            "detail": translate(BOTH, language),
            "errors": {
                each.field: translate(THEIRS, language, text=each.theirs) for each in merged.collisions if each.theirs
            },
        },
        status_code=412,
    )


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
    return _blank(here, row)


def _blank(here: Deps, row: DirectiveRow) -> Draft:
    currency = here.partnership[row.municipality].currency
    return template.blank(title=row.title, currency=currency, cadence=here.partnership.cadence)
