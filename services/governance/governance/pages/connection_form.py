"""The form of a connection: read, held against what its kind of system knows, and filled with what holds now.

What is particular to a kind is declared by its adapter, in intake, which is asked for it. While intake does not answer,
the form is without that part, and what holds of it stays.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, Field

from chassis.options import Kind, Option, from_the_server
from chassis.partnership import Municipality, ServiceDesk
from chassis.plain import MISSING, SENTENCES, Misfilled
from chassis.web import filled
from contracts.partnership import WRITE_BACK, Connection, SignedAnswers, System
from contracts.refusal import Refusal, Refusals
from governance.domain import connection as domain
from governance.domain.agreed import is_zone
from governance.domain.unsettled import HostNotAmong, NoZone

OWN = "own"
"""The hidden field that says that the form shows what is particular to the kind."""
SHORTEST_SECRET, SHORTEST_KEY = 16, 24
ADDRESSES: Mapping[str, tuple[str, str]] = {
    "url": (r"https?://[^/@\s]+(/\S*)?", "https://desk.example.org"),
    "api_url": (r"(https?|imaps?)://[^/@\s]+(/\S*)?", "https://desk.example.org/api"),
    "write_back.url": (r"https?://[^/@\s]+(/\S*)?", "https://desk.example.org/flode"),
}
"""What an address in the form must look like, and one that does."""


class FilledAnswers(BaseModel):
    """Where signed answers go."""

    url: str | None = None
    private: bool = False
    secret: str = ""


class Filled(BaseModel):
    """The form, as it is filled in; several values of a field stand on a line each."""

    kind: System
    system: System | None = None
    url: str | None = None
    timezone: str = "UTC"
    flows: Annotated[str, Field(min_length=1)]
    closed: str = ""
    states: dict[str, str] = {}
    api_url: str | None = None
    api_user: str | None = None
    token: str = ""
    private: bool = False
    poll_seconds: Annotated[int, Field(ge=0)] = 300
    unheard_hours: Annotated[int, Field(ge=0)] = 24
    own: bool = False
    options: dict[str, str] = {}
    write_back: FilledAnswers = FilledAnswers()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What the form says of a connection; secrets as they were typed, to be locked."""

    system: str
    connection: Connection
    token: str | None
    particular: domain.Particular
    unsigned: bool = False
    """Whether answers are to be signed and there is no secret yet to sign them with."""


def read(data: Mapping[str, Any], kind: Kind | None, town: Municipality, desk: ServiceDesk | None) -> Read:
    """The form of a new connection, or of the one of a desk. Raises Refusals, each beside its field."""
    form = filled(Filled, data)
    if form.own and kind is None:
        raise domain.NotToBeChecked
    options = kind.options if kind is not None and form.own else []
    if mistakes := [*_mistakes(form, desk), *_of_options(form, options, town)]:
        raise Refusals(tuple(mistakes))
    told = form.model_dump(exclude={"system", "token", "own", "options", "write_back"})
    keys = {each.name: form.options[each.name] for each in options if each.kind == "secret" and _said(form, each)}
    answers, signed = form.write_back, form.own and takes_answers(kind, desk)
    if signed and answers.url and answers.secret:
        keys[WRITE_BACK] = answers.secret
    return Read(
        system=form.system or form.kind,
        connection=filled(Connection, told | {"flows": _lines(form.flows), "closed": _lines(form.closed)}),
        token=form.token or None,
        particular=domain.Particular(
            options={each.name: _said(form, each) for each in options if each.kind != "secret"} if form.own else None,
            write_back=SignedAnswers(url=answers.url, private=answers.private) if signed else None,
            keys=keys,
        ),
        unsigned=bool(signed and answers.url and not answers.secret and not (desk and desk.write_back)),
    )


def signed_with(told: Read, secret: str) -> domain.Particular:
    """What is particular to it, with a secret that was made for its answers."""
    return replace(told.particular, keys={**told.particular.keys, WRITE_BACK: secret})


def takes_answers(kind: Kind | None, desk: ServiceDesk | None) -> bool:
    """Whether signed answers are something for it: where no adapter writes into its tickets, or the file says so."""
    return (kind is not None and kind.answered == "signed") or (desk is not None and desk.write_back is not None)


def secret_of(text: str) -> str:
    """The secret that somebody typed for what a system delivers. Raises Misfilled."""
    if late := from_the_server(text, "secret"):
        raise late
    if len(text) < SHORTEST_SECRET:
        raise Misfilled(SENTENCES["string_too_short"], "secret", min_length=SHORTEST_SECRET)
    return text


def values_of(desk: ServiceDesk, kind: Kind | None) -> dict[str, Any]:
    """What holds of a desk now, as its form shows it; no secret is among it."""
    api, answers = desk.api, desk.write_back
    shown = [each for each in (kind.options if kind else ()) if each.kind != "secret"]
    return {
        "kind": desk.kind,
        "url": desk.url,
        "timezone": desk.timezone,
        "flows": "\n".join(desk.flows),
        "closed": "\n".join(desk.closed),
        "states": desk.states,
        "api_url": api.url if api else None,
        "api_user": api.user if api else None,
        "private": api.private if api else False,
        "poll_seconds": api.poll_seconds if api else 300,
        "unheard_hours": api.unheard_hours if api else 24,
        "options": {each.name: each.of(api) if each.choices else _set(each, desk) for each in shown},
        "write_back": {"url": answers.url, "private": answers.private} if answers else {},
    }


def usual(kind: Kind | None) -> dict[str, str]:
    """What is chosen of the options of a kind when nothing is said."""
    return {each.name: each.usual for each in (kind.options if kind else ()) if each.choices}


def given(desk: ServiceDesk, kind: Kind | None) -> set[str]:
    """Which of its own secrets a desk has."""
    there = {each.name for each in (kind.options if kind else ()) if each.kind == "secret" and _set(each, desk)}
    return there | ({WRITE_BACK} if desk.write_back else set())


def _set(option: Option, desk: ServiceDesk) -> str:
    return desk.api.options.get(option.name, "") if desk.api else ""


def _said(form: Filled, option: Option) -> str | None:
    """What was filled in of an option; None for what is as usual."""
    text = form.options.get(option.name) or None
    return None if text == option.usual else text


def _mistakes(form: Filled, desk: ServiceDesk | None) -> Iterator[Refusal]:
    answers = form.write_back
    for name, text in (("url", form.url), ("api_url", form.api_url), ("write_back.url", answers.url)):
        pattern, example = ADDRESSES[name]
        if text and not re.fullmatch(pattern, text):
            yield domain.NotAnAddressOfOurs(name, example=example)
    if not is_zone(form.timezone):
        yield NoZone("timezone")
    if late := from_the_server(form.token, "token"):
        yield late
    if form.api_url and not form.token and not (desk and desk.api):
        yield domain.NotToBeAsked("token")
    if answers.secret and not answers.url:
        yield Misfilled(MISSING, "write_back.url")
    if answers.secret and not _signs(answers.secret):
        yield domain.NotSigningSecret("write_back.secret")


def _of_options(form: Filled, options: list[Option], town: Municipality) -> Iterator[Refusal]:
    for option in options:
        text, place = _said(form, option), f"options.{option.name}"
        if text is None:
            continue
        if fault := option.fault(text, place):
            yield fault
        elif not form.api_url:
            yield domain.NotToldWithoutApi(place)
        elif (host := option.host(text)) is not None and host not in town.hosts:
            yield HostNotAmong(place, host=host, municipality=town.name)


def _signs(secret: str) -> bool:
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= SHORTEST_KEY
    except (binascii.Error, ValueError):
        return False


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for each in text.splitlines() if (line := each.strip()))
