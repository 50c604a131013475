"""What each kind of ticketing system has to be told besides: declared by its adapter, and by nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import intake.adapters
from chassis.i18n import LANGUAGES, use
from chassis.options import Option
from chassis.partnership import Api, ServiceDesk
from contracts.partnership import WRITE_BACK
from intake.adapters.port import systems
from intake.pages.connecting import kinds_in, steps_of

EACH = [(kind, option) for kind, system in systems().items() for option in system.options]
NAMED = [f"{kind}-{option.name}" for kind, option in EACH]


@pytest.mark.parametrize(("kind", "option"), EACH, ids=NAMED)
def test_an_option_says_what_it_is_and_takes_what_it_shows(kind: str, option: Option) -> None:
    assert option.label
    assert option.hint
    assert option.name != WRITE_BACK
    assert re.fullmatch(r"[a-z][a-z0-9_]*", option.name)
    assert bool(option.pattern) == bool(option.example)
    for shown in (option.usual, option.example):
        assert not shown or option.fault(shown, "here") is None
    if option.choices:
        assert option.usual in option.choices


@pytest.mark.parametrize("kind", systems())
def test_a_kind_has_each_option_once(kind: str) -> None:
    names = [option.name for option in systems()[kind].options]
    assert len(names) == len(set(names))


def test_adapters_read_options_by_their_declarations_alone() -> None:
    for file in Path(intake.adapters.__path__[0]).glob("*.py"):
        assert ".options.get(" not in file.read_text("utf-8"), file.name


def test_what_is_not_said_is_as_usual() -> None:
    option = Option(name="folder", label="Folder", usual="INBOX")
    api = {"url": "https://desk.ekvik.example", "token": "t"}
    assert option.of(None) == "INBOX"
    assert option.of(Api.model_validate(api)) == "INBOX"
    assert option.of(Api.model_validate({**api, "options": {"folder": "Projekt"}})) == "Projekt"


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        (Option(name="a", label="A", choices={"one": "One"}), "two", "Choose one of those that are offered."),
        (Option(name="a", label="A", pattern=r"u_\w+", example="u_flow"), "flow", "write it like “{example}”"),
        (Option(name="a", label="A"), "x" * 256, "Write at most {max_length} characters."),
        (Option(name="a", label="A", kind="secret"), "env:FLODE_DATABASE", "the partnership's file alone"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(option: Option, text: str, said: str) -> None:
    fault = option.fault(text, "options.a")
    assert fault is not None
    assert said in fault.text
    assert fault.field == "options.a"


def test_only_an_address_is_called() -> None:
    assert Option(name="a", label="A", kind="address").host("smtp://mail.ekvik.example:587") == "mail.ekvik.example"
    assert Option(name="a", label="A").host("https://mail.ekvik.example") is None


@pytest.fixture(autouse=True)
def _in_every_language() -> None:
    use("intake")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", systems())
def test_steps_are_told_in_every_language_with_the_fields_as_the_page_calls_them(kind: str, language: str) -> None:
    desk = ServiceDesk(municipality="ekvik", system=kind, kind=kind, secret="s" * 16, flows=("Projekt",))
    steps = steps_of(desk, "https://flode.example", language)
    assert len(steps) == len(systems()[kind].steps)
    for step in steps:
        assert not re.search(r"\{[a-z_]+\}", step.do), step.do
        assert "s" * 16 not in step.do + step.paste
        for named in kinds_in(language)[kind].options:
            assert f"option_{named.name}" not in step.do


def test_a_step_calls_a_field_as_its_form_does() -> None:
    desk = ServiceDesk(municipality="ekvik", system="glpi", kind="glpi", secret="s" * 16)
    told = " ".join(step.do for step in steps_of(desk, "https://flode.example", "sv"))
    (secret,) = [option.label for option in kinds_in("sv")["glpi"].options if option.name == "client_secret"]
    assert f"”{secret}”" in told
    assert "”Adress till dess API”" in told
    assert "Setup, Webhooks, Add" in told
