"""From a ticket as it was sent to the report that is decided on: what people wrote is sealed under their own keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID, uuid5

from chassis.partnership import Municipality, Partnership, ServiceDesk
from chassis.vault import Vault
from contracts.personal import Personal
from contracts.refusal import Forbidden, Refusal, Refusals
from contracts.values import Attachment, Person, TicketRef
from intake.adapters.delivery import Delivery
from intake.adapters.ticket import Ref, Requester, Ticket
from intake.domain.request import Request
from intake.domain.ticket import Report, Survivor, folded, is_project_flow, request_of


@dataclass(frozen=True, slots=True)
class Desk:
    """A municipality's Service Desk, speaking through a ticketing system: `flows` names the project flow in it."""

    municipality: str
    system: str
    flows: frozenset[str] = frozenset({"projekt"})

    @classmethod
    def of(cls, credential: ServiceDesk) -> Self:
        """The desk that a credential speaks for."""
        return cls(credential.municipality, credential.system, folded(credential.flows))


class AnotherTenant(Forbidden):
    """A payload claims a municipality or a system that its credential does not speak for (P11)."""

    text = "This credential delivers for {municipality} and its system {system} alone, and the ticket names another."
    rule = "IT-02"


class UnknownMunicipality(Refusal):
    """A ticket serves a municipality that is no partner."""

    text = "“{municipality}” is not one of the partner municipalities."
    status = 422
    rule = "IT-15"


def check(said: Ticket, desk: Desk, partnership: Partnership) -> None:
    """Hold a ticket against its credential: the municipality comes from there, never from what is sent (P11)."""
    if said.municipality not in (None, desk.municipality) or said.system not in (None, desk.system):
        raise AnotherTenant(municipality=desk.municipality, system=desk.system)
    strangers = served_by_none(said.serves, partnership)
    if strangers:
        raise Refusals(strangers)


def served_by_none(serves: tuple[str, ...], partnership: Partnership) -> tuple[Refusal, ...]:
    """A refusal for each municipality that is no partner."""
    return tuple(
        UnknownMunicipality(f"serves.{place}", municipality=name)
        for place, name in enumerate(serves)
        if name not in partnership.ids
    )


def ref_of(system: str, ref: Ref) -> TicketRef:
    """The reference that is kept for ever (IT-03)."""
    return TicketRef(system=system, external_id=ref.external_id, number=ref.number, url=ref.url)


def survivor_of(said: Ticket, desk: Desk) -> Survivor | None:
    """The ticket another was merged into; where that one leads is not known here."""
    if said.into is None:
        return None
    request_id = request_of(desk.municipality, desk.system, said.into.external_id)
    return Survivor(ticket=ref_of(desk.system, said.into), request_id=request_id)


def pseudonym(requester: Requester, home: Municipality, ticket: str, vault: Vault, partnership: Partnership) -> UUID:
    """Who asks: the same person for the same address wherever it is used; without one, whoever asks in this ticket."""
    if requester.email is None:
        return vault.person_id(home.id, ticket)
    return vault.person_id(partnership.home_of(requester.email, home.id), requester.email)


def owner_of(delivery: Delivery, desk: Desk, vault: Vault, partnership: Partnership) -> UUID:
    """Whose words a delivery that cannot be read holds: the requester's, if that much can be made out, so that they
    are erased with the rest; the Service Desk's otherwise."""
    match delivery.content:
        case {"requester": {"email": str(email)}} if "@" in email:
            return vault.person_id(partnership.home_of(email, desk.municipality), email)
        case _:
            return vault.person_id(desk.municipality, f"service desk {desk.system}")


async def person_of(
    requester: Requester, home: Municipality, ticket: str, vault: Vault, partnership: Partnership
) -> Person:
    """The requester with name and address sealed under their own key."""
    person = pseudonym(requester, home, ticket, vault, partnership)
    return Person(
        id=person,
        name=await vault.seal(person, requester.name),
        email=None if requester.email is None else await vault.seal(person, requester.email),
        language=requester.language,
    )


async def description_of(said: Ticket, person: UUID, present: Request | None, vault: Vault) -> Personal | None:
    """The description, sealed; the token that is known already when it says the same, so that equal texts are equal."""
    text = said.plain_description
    known = present.description if present else None
    if text is None:
        return known
    if known is not None and await vault.open(known) == text:
        return known
    return await vault.seal(person, text) if text else None


async def markup_of(
    said: Ticket, text: Personal | None, person: UUID, present: Request | None, vault: Vault
) -> Personal | None:
    """The description with its markup, sealed. It is of the text: as long as that says the same, so does this."""
    if present is not None and text == present.description:
        return present.description_html
    html = said.html_description
    return await vault.seal(person, html) if html else None


async def attachments_of(
    said: Ticket, subject: UUID, person: UUID, present: Request | None, vault: Vault
) -> tuple[Attachment, ...]:
    """The files of the ticket, names and references sealed; those that are known already are the same ones."""
    known = {one.key: one for one in present.attachments} if present else {}
    if said.attachments is None:
        return tuple(known.values())
    hung: dict[UUID, Attachment] = {}
    for one in said.attachments:
        key = uuid5(subject, one.ref)
        had = known.get(key)
        if had and (had.media_type, had.size, await vault.open(had.name)) == (one.type, one.size, one.name):
            hung[key] = had
            continue
        name, reference = await vault.seal(person, one.name), await vault.seal(person, one.ref)
        hung[key] = Attachment(key=key, name=name, reference=reference, media_type=one.type, size=one.size)
    return tuple(hung.values())


async def report_of(
    said: Ticket, desk: Desk, present: Request | None, now: datetime, *, vault: Vault, partnership: Partnership
) -> Report:
    """The report. What the source leaves out is as it is known; a ticket that tells of nobody is the desk's own."""
    home = partnership[desk.municipality]
    if present is None or said.requester is not None:
        requester = said.requester or Requester(name=f"Service Desk, {home.name}")
        person = await person_of(requester, home, f"{desk.system}:{said.external_id}", vault, partnership)
    else:
        person = present.requester
    others = (name for name in said.serves if name != home.id)
    subject = request_of(desk.municipality, desk.system, said.external_id)
    description = await description_of(said, person.id, present, vault)
    return Report(
        kind=said.kind,
        ticket=ref_of(desk.system, said),
        title=said.title or (present.title if present else said.number or said.external_id),
        description=description,
        description_html=await markup_of(said, description, person.id, present, vault),
        attachments=await attachments_of(said, subject, person.id, present, vault),
        requester=person,
        opened_at=said.opened_at or said.updated_at or now,
        changed_at=said.updated_at or now,
        organisation=said.organisation,
        origin=said.origin,
        serves=(home.id, *dict.fromkeys(others)),
        revision=said.revision,
        at=said.updated_at,
        priority=said.priority,
        in_flow=None if said.flow is None else is_project_flow(said.flow, desk.flows),
        is_open=said.open,
        into=survivor_of(said, desk),
        note=said.note,
    )
