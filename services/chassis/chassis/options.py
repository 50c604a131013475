"""What one kind of ticketing system has to be told besides what all are told: its options.

Each is declared once, by the adapter that reads it. The form of a connection, the check of what is filled in there,
what `flode connect` says and the table in the runbook are made of that. Texts are marked for translation where they are
declared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from chassis.i18n import N_, translate
from chassis.partnership import Api
from chassis.plain import NOT_A_CHOICE, Misfilled

LONGEST = 255
NOT_LIKE_THIS = N_("This cannot be used here; write it like “{example}”.")
TOO_LONG = N_("Write at most {max_length} characters.")
FILE_ALONE = N_("What begins with “env:” is read from the server, and may stand in the partnership's file alone.")


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option.

    name     as `api.options` holds it
    label    what it is, as people call it
    hint     what it is for
    kind     "address" is one that is called, so that its host must be among those of the municipality; what is "secret"
             is sealed, and shown to nobody
    usual    what holds when nothing is said
    choices  all that it can be, with the words for them; any text when there are none
    pattern  what its text must look like, and `example` one that does
    """

    name: str
    label: str
    hint: str = ""
    kind: Literal["text", "address", "secret"] = "text"
    usual: str = ""
    choices: dict[str, str] = {}
    pattern: str = ""
    example: str = ""

    def of(self, api: Api | None) -> str:
        """What it is for a desk; empty when neither is said nor usual."""
        return (api.options.get(self.name) if api else None) or self.usual

    def fault(self, text: str, field: str) -> Misfilled | None:
        """What is wrong with what somebody filled in; None for nothing."""
        if (late := from_the_server(text, field)) is not None:
            return late
        if (wrong := self.unknown(text, field)) is not None:
            return wrong
        if self.kind != "secret" and len(text) > LONGEST:
            return Misfilled(TOO_LONG, field, max_length=LONGEST)
        return None

    def unknown(self, text: str, field: str) -> Misfilled | None:
        """What is wrong with a text, wherever it stands, that the system would not understand; None for nothing."""
        if self.choices:
            return None if text in self.choices else Misfilled(NOT_A_CHOICE, field)
        if self.pattern and not re.fullmatch(self.pattern, text):
            return Misfilled(NOT_LIKE_THIS, field, example=self.example)
        return None

    def host(self, text: str) -> str | None:
        """The host that is called because of it; None where none is."""
        return (urlsplit(text).hostname or "") if self.kind == "address" and text else None

    def said_in(self, language: str) -> Option:
        """The same, in a language."""
        return msgspec.structs.replace(
            self,
            label=translate(self.label, language),
            hint=translate(self.hint, language) if self.hint else "",
            choices={value: translate(called, language) for value, called in self.choices.items()},
        )


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of ticketing system, as the service with its adapter tells the others.

    `answered` says how what happens is written into its tickets: by its own "adapter", or by POSTs that are "signed".
    """

    name: str
    options: list[Option] = []
    answered: Literal["adapter", "signed"] = "adapter"


def from_the_server(text: str, field: str) -> Misfilled | None:
    """Whether somebody who fills in a form asks for what stands in the server's environment; the file alone may."""
    return Misfilled(FILE_ALONE, field) if text.startswith("env:") else None


def flow_field(
    usual: str, choices: Mapping[str, str] | None = None, *, hint: str = "", pattern: str = "", example: str = ""
) -> Option:
    """The option by which nearly every kind says which of its fields tells the project flow."""
    return Option(
        name="flow_field",
        label=N_("Field that tells the project flow"),
        hint=hint or N_("A ticket belongs to the project flow by what stands in this field."),
        usual=usual,
        choices=dict(choices or {}),
        pattern=pattern,
        example=example,
    )
