"""What an auditor is shown: what differs, what an event did, values as a person reads them, and a case that holds."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import pytest

from chassis.audit import difference, steps
from chassis.case import NotGenuine, case_of, digest_of, public_key, sign, verify
from chassis.i18n.formats import Formats
from chassis.log import Record
from chassis.partnership import Partnership
from chassis.position import Position
from chassis.testing import an_envelope
from chassis.views import Row, View
from chassis.web.labels import Labels, fields_within, words_of
from chassis.web.sentences import sentence_of, who_of
from chassis.web.shown import Change, Reader, readable
from contracts.envelope import Envelope
from contracts.intake import RequestReopened, RequestWithdrawn
from contracts.topics import REQUEST
from contracts.values import Caution, Money

REQUEST_ID = UUID(int=42)
SECRET = bytes(range(32))


class BedRow(Row, frozen=True, kw_only=True):
    """A bed of the garden."""

    bed_id: UUID
    municipality: str
    title: str
    state: Literal["left_fallow", "sown"] = "sown"
    sown_on: date | None = None
    price: Money | None = None
    gardener: tuple[str, ...] = ()
    draft: str | None = None


def evolve(row: BedRow | None, event: Envelope[RequestReopened | RequestWithdrawn]) -> BedRow:
    if isinstance(event.data, RequestReopened):
        if event.data.note == "stone":
            raise ValueError("a stone")
        return BedRow(bed_id=event.subject, municipality="almby", title=event.data.note, draft="mine")
    assert row is not None
    return row.replace(state="left_fallow")


VIEW = View(
    "beds", version=1, row=BedRow, facts=RequestReopened | RequestWithdrawn, topics=(REQUEST,), evolve=evolve,
    private=frozenset({"draft", "note"}),
)  # fmt: skip
BEET = RequestReopened(request_id=REQUEST_ID, note="Beet")
STONE = RequestReopened(request_id=REQUEST_ID, note="stone")
FALLOW = RequestWithdrawn(request_id=REQUEST_ID, reason="closed")
ALMBY = {
    "country": "SE", "currency": "SEK", "timezone": "Europe/Stockholm", "name": "Almby kommun", "language": "sv",
    "email_domains": ["almby.example"],
}  # fmt: skip
PARTNERS = Partnership.parse({"name": "Samverkan", "host": "almby", "municipalities": {"almby": ALMBY}})
READER = Reader("en", Formats("en", "SE"), PARTNERS)


def history(*facts: RequestReopened | RequestWithdrawn) -> list[tuple[Position, Envelope[RequestReopened]]]:
    return [
        (Position("intake", number, REQUEST.name, 1), an_envelope(fact, version=number, sequence=number))
        for number, fact in enumerate(facts, 1)
    ]


def test_each_event_tells_the_row_before_and_after_it() -> None:
    told, row = steps(VIEW, history(BEET, FALLOW))
    assert [(each.before is None, each.after["state"] if each.after else None) for each in told] == [
        (True, "sown"),
        (False, "left_fallow"),
    ]
    assert row is not None
    assert row.state == "left_fallow"
    assert all("draft" not in (each.after or {}) for each in told), "what is private is not told"


def test_an_event_that_cannot_be_folded_stops_what_follows_as_in_the_live_view() -> None:
    told, row = steps(VIEW, history(BEET, STONE, FALLOW))
    assert [each.failed for each in told] == [False, True, True]
    assert row is not None
    assert row.state == "sown"


def test_rows_came_went_and_changed() -> None:
    one, two, three = (UUID(int=number) for number in (1, 2, 3))
    found = difference({one: {"title": "A"}, two: {"title": "B"}}, {two: {"title": "C"}, three: {"title": "D"}})
    assert (set(found.came), set(found.went)) == ({three}, {one})
    assert found.changed == {two: ({"title": "B"}, {"title": "C"})}
    assert not difference({one: {"title": "A"}}, {one: {"title": "A"}})


def test_values_are_written_as_a_person_reads_them() -> None:
    row = {
        "municipality": "almby", "title": "Beet", "state": "left_fallow", "sown_on": date(2027, 3, 1),
        "price": Money(amount=Decimal(1200), currency="SEK"), "gardener": ("Alva", "Ebba"),
    }  # fmt: skip
    shown = {label: node.text for label, node in READER.row(row, BedRow).pairs}
    assert shown["Municipality"] == "Almby kommun"
    assert shown["State"] == "Left fallow"
    caution = Caution(rule="TY-13", field="cost", text="{cap} is too much", params={"cap": "12 kr"})
    assert READER.row({"warnings": (caution,)}, BedRow).pairs[0][1].text == "12 kr is too much"
    day = READER.formats.date(date(2027, 3, 1))
    assert shown["Sown on"] == day.replace(" ", "\N{NO-BREAK SPACE}"), "a day is not broken over lines"
    assert shown["Price"] == READER.formats.money(Decimal(1200), "SEK")
    assert shown["Gardener"] == "Alva, Ebba"
    assert readable("portfolio.status-reported.v2") == "Status reported"


def test_a_field_is_called_what_its_service_says_and_else_what_all_services_say() -> None:
    labels = Labels(fields={"BedRow.state": "How it grows", "state": "Condition"}, words={"left_fallow": "Rests"})
    reader = replace(READER, labels=labels)
    shown = {label: node.text for label, node in reader.row({"state": "left_fallow", "title": "Beet"}, BedRow).pairs}
    assert shown == {"How it grows": "Rests", "Title": "Beet"}
    assert reader.label("state") == "Condition"
    assert {(of.__name__, name) for of, name in fields_within(BedRow)} >= {("BedRow", "state"), ("Money", "amount")}
    assert list(words_of(Literal["sown", "left_fallow"] | None)) == ["sown", "left_fallow"]


def test_a_change_is_told_text_by_text() -> None:
    before = {"title": "Beet", "gardener": ("Alva",)}
    assert READER.changes(before, {**before, "title": "Kale"}, BedRow) == [Change("Title", "Beet", "Kale")]
    assert READER.changes(None, {"title": "Kale"}, BedRow) == [Change("Title", "", "Kale")]
    assert READER.changes(before, before, BedRow) == []


def test_an_event_without_a_sentence_is_called_by_its_name() -> None:
    event = an_envelope(FALLOW)
    assert sentence_of({}, event, READER, {}) == "Request withdrawn."
    assert sentence_of({FALLOW.type: "Lost: {note}"}, event, READER, {"note": "frost"}) == "Lost: frost"


@pytest.mark.parametrize(
    ("actor", "name", "who"),
    [
        (f"pm/{UUID(int=1)}", "Maj Ekdal", ("Maj Ekdal", "PM")),
        (f"it-manager/{UUID(int=1)}", None, (str(UUID(int=1)), "IT manager")),
        ("service-desk/almby", None, ("Almby kommun", "Service Desk")),
        ("system/portfolio", None, ("Flöde by itself", "portfolio")),
    ],
)
def test_who_acted_is_told_by_name_and_role(actor: str, name: str | None, who: tuple[str, str]) -> None:
    assert who_of(actor, name, READER) == who


def a_case(*facts: RequestReopened | RequestWithdrawn) -> bytes:
    events = history(*facts)
    records = [
        Record(
            topic=REQUEST.name, partition=1, offset=number, timestamp=0, source=event.source, sequence=event.sequence,
            key=str(REQUEST_ID).encode(), message=event.to_bytes(), kind=event.data.type,
        )
        for number, (_, event) in enumerate(events)
    ]  # fmt: skip
    _, row = steps(VIEW, events)
    said = {"exported_at": datetime(2027, 3, 1, tzinfo=UTC), "exported_by": f"auditor/{UUID(int=7)}"}
    return sign(case_of(VIEW, row, records, SECRET, **said), SECRET)


def test_a_case_verifies_and_one_byte_changed_does_not() -> None:
    file, key = a_case(FALLOW_FIRST, FALLOW), public_key(SECRET)
    assert "d" not in key, "only the public half is given away"
    case = verify(file, key)
    assert len(case["events"]) == 2
    assert digest_of(case) == digest_of({**case, "exported_at": "later", "exported_by": "auditor/another"})
    assert digest_of(case) != digest_of({**case, "events": case["events"][:1]})
    assert base64.b64decode(case["events"][1]["envelope"]).startswith(b'{"specversion":"1.0"')
    for old, new in ((b'"closed"', b'"closet"'), (b'"sha256": "', b'"sha256": "0'), (b"left_fallow", b"left_fellow")):
        if old in file:
            with pytest.raises(NotGenuine):
                verify(file.replace(old, new, 1), key)
    with pytest.raises(NotGenuine, match="signature"):
        verify(file, public_key(bytes(32)))
    whole = json.loads(file)
    whole["case"]["events"].reverse()
    with pytest.raises(NotGenuine):
        verify(json.dumps(whole).encode(), key)


FALLOW_FIRST = RequestReopened(request_id=REQUEST_ID, note="Kale")


def test_what_is_private_stays_out_of_a_case() -> None:
    file = a_case(BEET)
    case = verify(file, public_key(SECRET))
    assert case["events"][0]["withheld"] == ["note"]
    assert "envelope" not in case["events"][0]
    assert "note" not in case["events"][0]["without"]["data"]
    assert "draft" not in case["row"]
