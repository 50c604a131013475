"""The generic ticket: what any ticketing system may send about one of its tickets, whatever the envelope.

```json
{
  "external_id": "81",
  "number": "10081",
  "url": "https://desk.ekvik.example/#ticket/zoom/81",
  "kind": "created",
  "flow": "projekt",
  "title": "E-tjänst för bygglov",
  "description": "Vi behöver en e-tjänst …",
  "requester": {"name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example", "language": "sv"},
  "organisation": "Samhällsbyggnad",
  "opened_at": "2026-03-02T09:30:00+01:00",
  "updated_at": "2026-03-02T09:30:00+01:00",
  "revision": 3,
  "priority": 3,
  "serves": ["ekvik", "nordvik"],
  "attachments": [
    {"name": "skiss.pdf", "type": "application/pdf", "size": 48213, "ref": "https://desk.ekvik.example/files/12"}
  ],
  "origin": "business"
}
```

Every delivery is a snapshot: the whole ticket as it is now, not what changed. `kind` says what happened: created,
changed, commented, closed, withdrawn, deleted, merged (then `into` names the surviving ticket), reopened, moved. Fields
that are not known here are passed over; `revision` and `updated_at` are what late deliveries are told apart by, so send
one.

The answer is JSON, after everything is written down: 201 a new request; 200 followed, or nothing to do, as `outcome`
says; 202 kept, but `errors` names what must be mended before it can be used; 401 not signed by a Service Desk; 403 it
names a municipality or system that is not the credential's. A delivery that is repeated is answered as it was.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from chassis.plain import in_plain_words
from contracts.refusal import Refusal, Refusals
from contracts.values import Language, Municipality, Origin
from intake.adapters import markup
from intake.domain.text import a_text, a_title
from intake.domain.ticket import Kind

LONGEST_DESCRIPTION = 50_000
MOST_ATTACHMENTS = 100
MEDIA_TYPE = r"^[\w.+-]+/[\w.+-]+$"


def _text(value: object) -> object:
    """Many systems count their tickets; an id that is a number is the same id as its digits."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=200), AfterValidator(a_title)]
Line = Annotated[str, AfterValidator(a_title)]
YEARS = range(1900, 2200)
"""In which a ticket may be opened or changed; a moment at the end of the calendar is none in another zone."""


def _within_years(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise PydanticCustomError("datetime_out_of_range", "a moment of another age")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_within_years)]
Url = Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s<>\"\\^`{|}]+$")]


class UnknownKind(Refusal):
    """Neither the ticket nor its envelope says what happened, in a word that is known here."""

    text = "Say what happened to the ticket, in one of these words: {kinds}."
    status = 422

    def __init__(self) -> None:
        super().__init__("kind", kinds=", ".join(get_args(Kind)))


class Ref(BaseModel):
    """Another ticket of the same system: the one that survives a merge."""

    external_id: Name = Field(description="The id that never changes in the system, even when the number does.")
    number: Name | None = Field(default=None, description="What people call the ticket.")
    url: Url | None = Field(default=None, description="Where the Service Desk opens it.")


class Requester(BaseModel):
    """Who wants it. Sealed under their own key before it is stored."""

    name: Annotated[str, AfterValidator(a_title), Field(min_length=1, max_length=200)]
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    language: Language | None = Field(default=None, description="sv, da, nb or en; the municipality's if not said.")


class Attachment(BaseModel):
    """A file that hangs on the ticket. The file itself is never sent here: it stays where it is."""

    model_config = ConfigDict(title="Attachment")

    name: Annotated[str, AfterValidator(a_title), Field(min_length=1, max_length=255)]
    ref: Annotated[str, Field(min_length=1, max_length=2000)] = Field(
        description="What names it at its source for good: an address, or an id that the source's API knows."
    )
    type: Annotated[str, Field(max_length=127, pattern=MEDIA_TYPE)] | None = Field(
        default=None, description="Its media type."
    )
    size: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(default=None, description="In bytes.")


class Ticket(Ref):
    """A ticket as its system shows it now."""

    model_config = ConfigDict(title="Ticket", str_strip_whitespace=True)

    kind: Kind = Field(description="What happened to the ticket; may stand in the envelope's type instead.")
    system: str | None = Field(default=None, description="Must be the system of the credential, if it is said at all.")
    municipality: Municipality | None = Field(
        default=None, description="Must be the municipality of the credential, if it is said at all."
    )
    flow: Line | None = Field(
        default=None, description="The ticket's flow; only the project flow comes to the PM. Empty for one of none."
    )
    title: Line | None = Field(default=None, description="One line; 255 characters are kept.")
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)] | None = None
    description_format: Literal["text", "html"] | None = Field(default=None, description="Guessed where not said.")
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=MOST_ATTACHMENTS)] | None = Field(
        default=None, description="All that hang on it now; where they are not said, those are kept that are known."
    )
    requester: Requester | None = None
    organisation: Line | None = Field(default=None, description="The requester's unit, as the source names it.")
    opened_at: Moment | None = Field(default=None, description="When the ticket was opened at its source.")
    updated_at: Moment | None = Field(default=None, description="When it came to look like this.")
    revision: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(default=None, description="Grows with each change.")
    priority: Annotated[int, Field(ge=1, le=5)] | None = Field(default=None, description="1 is the most urgent.")
    serves: tuple[Municipality, ...] = Field(default=(), max_length=50, description="Municipalities it would serve.")
    origin: Origin = "business"
    note: Annotated[str, AfterValidator(a_text), Field(max_length=2000)] = ""
    into: Ref | None = Field(default=None, description="The surviving ticket of a merge.")
    open: bool | None = Field(
        default=None, description="Whether it is open; a request withdrawn because it was closed is taken up again."
    )

    @property
    def plain_description(self) -> str | None:
        """The description as text: sanitised, composed, without control characters; None when it was not sent."""
        if self.description is None:
            return None
        return a_text(markup.plain(self.description) if self._is_html else self.description)

    @property
    def html_description(self) -> str | None:
        """The description with its markup, sanitised; None where it was sent as text, or its markup says nothing."""
        if self.description is None or not self._is_html:
            return None
        html = markup.clean(a_text(self.description))
        return html if markup.says_more_than_text(html) else None

    @property
    def _is_html(self) -> bool:
        if self.description_format is None:
            return markup.is_html(self.description or "")
        return self.description_format == "html"


NEEDED: dict[str, tuple[str, ...]] = {
    "created": ("flow", "title"),
    "changed": ("flow", "title"),
    "moved": ("flow", "title"),
    "reopened": ("flow", "title"),
    "merged": ("into",),
}
"""What a kind cannot be understood without; of a ticket that ends, its id is enough. A flow that is empty is one: the
ticket is of none. One that is not said at all may be left out of a payload that somebody laid down."""


def kind_in(envelope_type: str | None) -> str | None:
    """The kind that an envelope's type ends with: "ticket.changed", "se.ekvik.ticket.changed.v1"."""
    if envelope_type is None:
        return None
    return re.sub(r"\.v\d+$", "", envelope_type).rpartition(".")[2]


def _time(text: str | None) -> datetime | None:
    """The time an envelope gives. It only stands in for the ticket's own, so one that cannot be read is none."""
    try:
        return _AWARE.validate_python(text)
    except ValidationError:
        return None


_AWARE: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def read(content: object, *, envelope_type: str | None = None, envelope_time: str | None = None) -> Ticket:
    """Read what a source says of a ticket. Raises Refusals: a sentence for each field that must be mended."""
    if isinstance(content, dict):
        content = {"kind": kind_in(envelope_type), "updated_at": _time(envelope_time)} | content
    try:
        ticket = Ticket.model_validate(content)
    except ValidationError as wrong:
        said = in_plain_words(wrong.errors()).refusals
        raise Refusals(tuple(UnknownKind() if one.field == "kind" else one for one in said)) from None
    lacking: list[Any] = [
        {"type": "missing", "loc": (name,)}
        for name in NEEDED.get(ticket.kind, ())
        if getattr(ticket, name) in ((None,) if name == "flow" else (None, ""))
    ]
    if lacking:
        raise in_plain_words(lacking)
    return ticket
