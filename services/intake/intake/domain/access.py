"""Who may hand over a request and who may judge it. The answer to those who may not says where to go."""

from __future__ import annotations

from contracts.refusal import Forbidden


class OnlyTheServiceDesk(Forbidden):
    """Projects are reported to the Service Desk, the single point of contact; there is no other entry (IT-02)."""

    text = "Only the Service Desk of {municipality} registers requests. Report the project there."
    rule = "IT-02"


class TechniciansTakeNoOrders(Forbidden):
    """A technician neither creates nor accepts a project order (IT-07)."""

    text = (
        "A technician cannot take on a project order. "
        "Ask the one who wants it to report it to the Service Desk of {municipality}."
    )
    rule = "IT-07"


class OnlyThePM(Forbidden):
    """The first judgement is the PM's (IT-05)."""

    text = "Only the PM judges whether a request is a project."
    rule = "IT-05"


def may_register(municipality: str, *, service_desk: bool, technician: bool) -> None:
    """Let the Service Desk of the municipality pass (IT-02), and refuse a technician (IT-07) and everyone else.

    Who is both acts at the desk when they register there.
    """
    if service_desk:
        return
    if technician:
        raise TechniciansTakeNoOrders(municipality=municipality)
    raise OnlyTheServiceDesk(municipality=municipality)


def may_judge(municipality: str, *, pm: bool, technician: bool) -> None:
    """Let the PM pass (IT-05) and refuse everyone else; a technician cannot accept an order either (IT-07)."""
    if pm:
        return
    if technician:
        raise TechniciansTakeNoOrders(municipality=municipality)
    raise OnlyThePM
