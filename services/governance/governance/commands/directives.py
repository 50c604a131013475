"""The commands of a directive: save, ask, answer, return, send back, accept, approve, reopen."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal

from chassis.aggregate import Outcome, handle
from chassis.context import Context
from chassis.identity import Identity, Role
from chassis.web import Deps
from contracts.governance import AgreementFact
from contracts.values import Remark
from governance.commands.agreements import AGREEMENT, Found
from governance.commands.people import everybody_in, named, person_of, today
from governance.domain import checks, form
from governance.domain.agreement import Agreement, directive_of
from governance.domain.directive import DirectiveCase
from governance.domain.filled import FilledPerson
from governance.domain.mistakes import NoAddress
from governance.domain.refusals import NoLeaderNamed, NotYourDirective
from governance.domain.tree import Draft
from governance.domain.words import LINE, clean, said

Decide = Callable[[DirectiveCase], AgreementFact | Sequence[AgreementFact] | None]


async def save_draft(
    here: Deps, found: Found, tree: Draft, *, caller: Identity, context: Context, expected: int | None = None
) -> Outcome[Agreement]:
    """Save the form as it stands (IT-10), by the requester or the PM who helps (IT-11).

    It is sealed as the requester's, whoever writes: a half-filled form may hold a name in any field.
    """
    by = found.writer(caller)
    told = json.dumps(form.keep(tree), ensure_ascii=False)
    draft = await here.vault.seal(found.agreement.directive.requester.id, told)
    who = _by(by)
    return await _decide(here, found, context, expected, lambda case: case.save_draft(draft, by=who))


async def ask_for_help(
    here: Deps, found: Found, question: str, *, field: str | None, caller: Identity, context: Context
) -> Outcome[Agreement]:
    """The requester asks the PM something (IT-11)."""
    _is_the_requester(found, caller)
    asked = await _sealed(here, found, question, "question")
    where = clean(field or "")[:LINE] or None
    return await _decide(here, found, context, None, lambda case: case.ask_for_help(asked, field=where))


async def give_help(here: Deps, found: Found, answer: str, *, caller: Identity, context: Context) -> Outcome[Agreement]:
    """The PM answers, or comments (IT-11)."""
    caller.must(Role.PM, municipality=found.municipality, rule="IT-11")
    said = await _sealed(here, found, answer, "answer")
    return await _decide(here, found, context, None, lambda case: case.help(said))


async def hand_in(
    here: Deps, found: Found, tree: Draft, *, caller: Identity, context: Context, expected: int | None = None
) -> Outcome[Agreement]:
    """The requester returns the directive (IT-10). Raises Refusals, each beside its field."""
    _is_the_requester(found, caller)
    filled = form.read(form.keep(tree))
    # A form with mistakes is refused before anybody in it is sealed; an earlier answer to the same command still holds.
    people = {} if checks.refusals(filled) else await everybody_in(here, found.municipality, filled)
    return await _decide(here, found, context, expected, lambda case: case.hand_in(filled, people))


async def send_back(
    here: Deps,
    found: Found,
    remarks: Sequence[Remark],
    *,
    version: int,
    caller: Identity,
    context: Context,
    expected: int | None = None,
) -> Outcome[Agreement]:
    """The PM sends a version back with remarks (IT-10)."""
    caller.must(Role.PM, municipality=found.municipality, rule="IT-10")
    day = today(here, found.municipality)
    return await _decide(
        here, found, context, expected, lambda case: case.send_back(remarks, version=version, today=day)
    )


async def accept(
    here: Deps,
    found: Found,
    leader: FilledPerson,
    *,
    version: int,
    note: str,
    caller: Identity,
    context: Context,
    expected: int | None = None,
) -> Outcome[Agreement]:
    """The PM accepts a version and names who signs as leader (IT-10, TY-01)."""
    caller.must(Role.PM, municipality=found.municipality, rule="IT-10")
    if leader and not checks.is_address(leader.email):
        raise NoAddress("leader.email") if leader.email else NoLeaderNamed("leader.email")
    # Leaders are of the shared IT team unless their address says otherwise.
    person = await named(here, here.partnership.host, leader) if leader.email else None
    return await _decide(here, found, context, expected, lambda case: case.accept(person, version=version, note=note))


async def sign(
    here: Deps, found: Found, *, version: int, caller: Identity, context: Context, expected: int | None = None
) -> Outcome[Agreement]:
    """A signatory approves a version for themselves (TY-01). A link is not enough: it may have been passed on."""
    person = await person_of(here, caller)
    return await _decide(here, found, context, expected, lambda case: case.sign(person, version=version))


async def reopen(
    here: Deps, found: Found, reason: str, *, caller: Identity, context: Context, expected: int | None = None
) -> Outcome[Agreement]:
    """The PM, or the orderer who is to bear the change, reopens an approved directive (TY-06)."""
    document = found.agreement.directive.document
    if document is None or caller.id != document.orderer.id:
        caller.must(Role.PM, municipality=found.municipality, rule="TY-06")
    day = today(here, found.municipality)
    return await _decide(here, found, context, expected, lambda case: case.reopen(reason, today=day))


async def _decide(
    here: Deps, found: Found, context: Context, expected: int | None, decide: Decide
) -> Outcome[Agreement]:
    return await handle(
        here.store,
        AGREEMENT,
        found.request_id,
        lambda state: decide(directive_of(state)),
        context,
        expected=expected,
    )


async def _sealed(here: Deps, found: Found, text: str, field: str) -> str:
    return await here.vault.seal(found.agreement.directive.requester.id, said(text, field))


def _is_the_requester(found: Found, caller: Identity) -> None:
    if caller.id != found.agreement.directive.requester.id:
        raise NotYourDirective


def _by(role: Role) -> Literal["requester", "pm"]:
    return "pm" if role is Role.PM else "requester"
