"""What people type into the issuer's pages, checked; errors are keys for translation, by the field they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from multidict import MultiMapping

from chassis.i18n import LANGUAGES, N_
from chassis.identity import Role
from embedded.people import SHORTEST_PASSWORD

EVERYWHERE = "*"
SOMEBODY_HAS_IT = N_("Somebody has this e-mail address already.")
STAY_OPERATOR = N_("You would no longer be operator. Let another operator change that.")
Fields = MultiMapping[object]


@dataclass(slots=True)
class Form:
    """The values of a form, as typed, and what is wrong with them."""

    values: dict[str, str] = field(default_factory=dict)
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def of_person(fields: Fields, municipalities: Sequence[str], *, needs_email: bool = True) -> Form:
    """Name, e-mail, language and roles of somebody."""
    form = Form(values={name: _text(fields, name) for name in ("name", "email", "language")})
    if not form.values["name"]:
        form.errors["name"] = N_("Write the person's name.")
    at = form.values["email"].partition("@")
    if needs_email and not (at[0] and "." in at[2]):
        form.errors["email"] = N_("Write an e-mail address, such as name@municipality.example.")
    if form.values["language"] not in LANGUAGES:
        form.errors["language"] = N_("Choose one of the languages.")
    form.roles = _roles(fields, municipalities)
    if not form.roles:
        form.errors["roles"] = N_("Choose at least one role.")
    return form


def of_password(fields: Fields, form: Form) -> str:
    """The chosen password, typed twice; what is wrong with it is written into `form`."""
    password = str(fields.get("password", ""))
    if len(password) < SHORTEST_PASSWORD:
        form.errors["password"] = N_("Choose a password of at least 10 characters.")
    elif len(password) > 200:
        form.errors["password"] = N_("Choose a password of at most 200 characters.")
    elif password != str(fields.get("repeated", "")):
        form.errors["repeated"] = N_("The two passwords differ. Write the same twice.")
    return password


def _text(fields: Fields, name: str) -> str:
    return " ".join(str(fields.get(name, "")).split())[:200]


def _roles(fields: Fields, municipalities: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The boxes that were ticked, each "role@municipality"; what we do not know is not taken."""
    chosen: dict[str, tuple[str, ...]] = {}
    ticked = {str(value) for value in fields.getall("role", [])}
    for municipality in (EVERYWHERE, *municipalities):
        held = tuple(role.value for role in Role if f"{role.value}@{municipality}" in ticked)
        if held:
            chosen[municipality] = held
    return chosen
