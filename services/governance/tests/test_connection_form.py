"""The form of a connection: what is particular to a kind is read as its adapter declares it, mistakes beside fields."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.options import Kind, Option
from chassis.partnership import Municipality, ServiceDesk
from chassis.plain import Misfilled
from contracts.partnership import SignedAnswers
from contracts.refusal import Refusals
from governance.domain.connection import NotToBeChecked
from governance.pages.connection_form import Read, given, read, secret_of, takes_answers, values_of

TOWN = Municipality(
    id="ekvik", name="Ekvik", language="sv", country="SE", currency="SEK", timezone="Europe/Stockholm",
    hosts=("desk.ekvik.example", "mail.ekvik.example"),
)  # fmt: skip
KIND = Kind(
    name="Ekviks",
    options=[
        Option(name="flow_field", label="Flow", usual="category", choices={"category": "Category", "type": "Type"}),
        Option(name="folder", label="Folder", usual="INBOX"),
        Option(name="smtp", label="Mail", kind="address", pattern=r"smtps?://[^/]+", example="smtp://mail.example"),
        Option(name="client_secret", label="Client", kind="secret"),
    ],
)
ANY = Kind(name="Any other", answered="signed")
SIGNING = "whsec_" + "QUJD" * 11
FORM: dict[str, Any] = {
    "kind": "ekviks", "flows": "Projekt", "timezone": "Europe/Stockholm", "own": True, "token": "t",
    "api_url": "https://desk.ekvik.example/api",
}  # fmt: skip


def form(kind: Kind | None = KIND, desk: ServiceDesk | None = None, **other: Any) -> Read:
    return read({**FORM, **other}, kind, TOWN, desk)


def a_desk(**other: Any) -> ServiceDesk:
    api = {"url": "https://desk.ekvik.example", "token": "t", "options": {"folder": "Projekt", "client_secret": "s"}}
    known = {"municipality": "ekvik", "system": "ekviks", "kind": "ekviks", "secret": "s" * 16, "api": api}
    return ServiceDesk.model_validate({**known, **other})


def mistakes(kind: Kind | None = KIND, **other: Any) -> set[str | None]:
    with pytest.raises(Refusals) as refused:
        form(kind, **other)
    return {each.field for each in refused.value.refusals}


def test_each_option_is_said_or_as_usual_and_secrets_stand_apart() -> None:
    told = form(options={"flow_field": "category", "folder": "Projekt", "client_secret": "of the client"}).particular
    assert told.options == {"flow_field": None, "folder": "Projekt", "smtp": None}
    assert told.keys == {"client_secret": "of the client"}
    assert told.write_back is None


def test_a_form_that_does_not_show_what_is_particular_says_nothing_of_it() -> None:
    told = form(own=False, options={"folder": "Projekt"}, write_back={"url": "https://desk.ekvik.example"}).particular
    assert (told.options, told.write_back, told.keys) == (None, None, {})


def test_what_no_kind_could_check_is_not_taken() -> None:
    with pytest.raises(NotToBeChecked):
        form(None, options={"folder": "Projekt"})
    assert form(None, own=False).particular.options is None


@pytest.mark.parametrize(
    ("filled", "places"),
    [
        ({"options": {"flow_field": "queue", "smtp": "mail"}}, {"options.flow_field", "options.smtp"}),
        ({"options": {"smtp": "smtp://elsewhere.example"}}, {"options.smtp"}),
        ({"options": {"client_secret": "env:FLODE_DATABASE"}}, {"options.client_secret"}),
        ({"api_url": "", "token": "", "options": {"folder": "Projekt"}}, {"options.folder"}),
        ({"token": ""}, {"token"}),
        ({"token": "env:FLODE_DATABASE"}, {"token"}),
        ({"timezone": "Europe/Ekvik"}, {"timezone"}),
        ({"api_url": "desk.ekvik.example", "url": "desk"}, {"api_url", "url"}),
    ],
)
def test_a_mistake_is_said_beside_its_field(filled: dict[str, Any], places: set[str]) -> None:
    assert mistakes(**filled) == places


@pytest.mark.parametrize(
    ("answers", "places"),
    [
        ({"url": "desk"}, {"write_back.url"}),
        ({"secret": SIGNING}, {"write_back.url"}),
        ({"url": "https://desk.ekvik.example", "secret": "too short"}, {"write_back.secret"}),
    ],
)
def test_a_mistake_in_where_answers_go_is_said_beside_its_field(answers: dict[str, Any], places: set[str]) -> None:
    assert mistakes(ANY, write_back=answers) == places


def test_signed_answers_are_for_what_no_adapter_writes_into_and_where_the_file_has_them() -> None:
    filed = a_desk(write_back={"url": "https://desk.ekvik.example/flode", "secret": SIGNING})
    assert [takes_answers(KIND, None), takes_answers(ANY, None), takes_answers(KIND, filed)] == [False, True, True]
    assert form(write_back={"url": "https://desk.ekvik.example/flode"}).particular.write_back is None


def test_answers_without_a_secret_are_signed_with_one_that_is_made() -> None:
    answers = {"url": "https://desk.ekvik.example/flode"}
    assert form(ANY, write_back=answers).unsigned
    typed = form(ANY, write_back={**answers, "secret": SIGNING})
    assert not typed.unsigned
    assert typed.particular.keys == {"write_back": SIGNING}
    assert typed.particular.write_back == SignedAnswers(url=answers["url"])
    assert not form(ANY, a_desk(write_back={**answers, "secret": SIGNING}), write_back=answers).unsigned


def test_answers_without_an_address_end() -> None:
    filed = a_desk(write_back={"url": "https://desk.ekvik.example/flode", "secret": SIGNING})
    assert form(ANY, filed).particular.write_back == SignedAnswers()


def test_what_holds_is_shown_but_for_secrets() -> None:
    shown = values_of(a_desk(), KIND)
    assert shown["options"] == {"flow_field": "category", "folder": "Projekt", "smtp": ""}
    assert given(a_desk(), KIND) == {"client_secret"}


@pytest.mark.parametrize("typed", ["short", "env:FLODE_DATABASE_URL"])
def test_a_secret_that_could_not_be_used_is_not_taken(typed: str) -> None:
    with pytest.raises(Misfilled):
        secret_of(typed)
