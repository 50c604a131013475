"""How what people are told reads, in every language."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import get_args, get_type_hints

import pytest

from chassis import i18n
from chassis.i18n.formats import Formats
from chassis.testing import an_envelope
from contracts.catalogue import CATALOGUE
from contracts.event import Event
from contracts.governance import CabDecided, DirectiveSent, MeetingCalled
from contracts.intake import RequestRegistered
from contracts.personal import is_personal
from contracts.portfolio import GateDecided, ProjectPostponed, RoundOpened, StatusReported
from notifications.adapters.letter import DAYS, as_comment, as_html, as_text, write
from notifications.domain.known import Known, learn
from notifications.domain.letters import LETTERS, WORDS
from notifications.domain.telling import TABLE, Receiver, told_of
from notifications.pages import what_of
from services.notifications.tests.conftest import HALL
from tests.contract.samples import filled

SWEDISH = Formats("sv", "SE", "Europe/Stockholm")
VALUES = {"title": "Bokning av idrottshallar", "ticket": "10081", "due": "2026-03-16"}


@pytest.fixture(autouse=True)
def catalogues() -> None:
    i18n.use("notifications")


def test_a_letter_is_in_the_readers_language_with_days_as_they_are_written_there() -> None:
    """IT-09: the requester is asked to fill in the directive by a day."""
    written = write("directive-sent", VALUES, SWEDISH)
    assert written.subject == "Fyll i projektdirektivet: Bokning av idrottshallar"
    assert "16 mars 2026" in as_text(written, name="Hedda", link=None, partnership="Samverkan")
    danish = write("directive-sent", VALUES, Formats("da", "DK", "Europe/Copenhagen"))
    assert danish.subject != written.subject


def test_a_moment_is_told_in_the_municipalitys_own_time() -> None:
    written = write("meeting-called", {"number": "7", "at": "2026-03-20T12:00:00+00:00", "place": "Rådhuset"}, SWEDISH)
    assert "13:00" in written.subject


def test_a_sentence_whose_value_is_not_known_is_left_out() -> None:
    """TY-04: a project may be postponed until a day, or until nobody knows when."""
    some_day = write("project-postponed", {"title": "Hallar", "until": "2026-09-01", "reason": "x"}, SWEDISH)
    no_day = write("project-postponed", {"title": "Hallar", "until": None, "reason": "x"}, SWEDISH)
    assert len(some_day.paragraphs) == len(no_day.paragraphs) + 1
    assert not any("None" in paragraph or "{" in paragraph for paragraph in no_day.paragraphs)


def test_words_of_the_contract_are_said_in_the_readers_language() -> None:
    values = {"title": "Hallar", "time": "red", "cost": "green", "result": "yellow", "progress": "40", "summary": ""}
    (sentence,) = write("status-reported", values, SWEDISH).paragraphs
    assert "röd" in sentence
    assert "red" not in sentence.replace("redovisade", "")


def test_what_somebody_wrote_stands_apart_in_plain_text_and_cannot_become_markup() -> None:
    values = {"title": "<b>Hallar</b>", "reason": "Se <script>alert(1)</script>\n& vänta"}
    written = write("project-stopped", values, SWEDISH)
    text = as_text(written, name="Hedda", link=None, partnership="Samverkan")
    assert "> Se <script>alert(1)</script>\n> & vänta" in text
    html = as_html(written, name="<Hedda>", link=None, partnership="Samverkan")
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;Hedda&gt;" in html


def test_the_html_says_its_language_has_one_heading_and_a_link_with_words() -> None:
    written = write("directive-sent", VALUES, SWEDISH)
    html = as_html(written, name="Hedda", link="https://flode.example/x?a=1&b=2", partnership="Samverkan")
    seen = Elements(html)
    assert seen.attributes["html"]["lang"] == "sv"
    assert seen.count("h1") == 1
    assert seen.attributes["a"]["href"] == "https://flode.example/x?a=1&b=2"
    assert "Öppna" in seen.text
    assert seen.count("img") == seen.count("script") == seen.count("style") == 0


def test_the_comment_in_a_ticket_holds_no_link() -> None:
    """IT-09: the requester's link opens what is theirs, and a ticket has other readers."""
    comment = as_comment(write("directive-awaited", VALUES, SWEDISH))
    assert "http" not in comment
    assert "16 mars 2026" in comment


def a_subject_of(fact: Event) -> Known | None:
    """What is known once the fact's subject has begun, from facts with every field filled."""
    known: Known | None = None
    for kind in (RequestRegistered, RoundOpened, MeetingCalled):
        if kind.topic is fact.topic:
            known = learn(known, filled(kind))
    return learn(known, fact)


@pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.type)
def test_a_letter_names_only_what_the_fact_tells(kind: type[Event]) -> None:
    fact = filled(kind)
    values = told_of(fact, a_subject_of(fact))
    for telling in TABLE[kind]:
        missing = LETTERS[telling.template].names - values.keys()
        assert not missing, f"{telling.template} names {missing}, which {kind.type} does not tell"


@pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.type)
def test_nothing_about_a_person_is_written_into_a_ticket(kind: type[Event]) -> None:
    """It could not be erased there (P14)."""
    fact = filled(kind)
    values = told_of(fact, a_subject_of(fact))
    for telling in TABLE[kind]:
        if telling.to is Receiver.TICKET:
            assert not [name for name in LETTERS[telling.template].names if is_personal(values[name])]


@pytest.mark.parametrize("language", ["sv", "da", "nb"])
def test_every_letter_reads_whole_in_every_language(language: str) -> None:
    formats = Formats(language, "SE", "Europe/Stockholm")
    for template, letter in LETTERS.items():
        values = {name: "2026-03-16" if name in DAYS else "x" for name in letter.names}
        english, written = write(template, values, Formats("en")), write(template, values, formats)
        assert written.subject != english.subject, template
        assert len(written.paragraphs) == len(letter.body)
        assert not [part for part in (written.subject, *written.paragraphs) if "{" in part]


def test_every_word_of_the_contract_that_a_letter_says_has_a_name() -> None:
    worded = {StatusReported: ("time", "cost", "result"), GateDecided: ("outcome",), CabDecided: ("outcome",)}
    for kind, names in worded.items():
        hints = get_type_hints(kind)
        for name in names:
            assert set(get_args(hints[name])) <= WORDS.keys()


def test_values_are_plain_text_or_days_in_iso(known: Known) -> None:
    fact = ProjectPostponed(request_id=HALL, reason="Later", promised_to=())
    values = told_of(fact, known)
    assert values["until"] is None
    assert values["title"] == "Booking of sports halls"
    assert "promised_to" not in values
    assert all(value is None or isinstance(value, str) for value in values.values())
    sent = filled(DirectiveSent)
    assert told_of(sent, known)["due"] == sent.due.isoformat()
    assert datetime.fromisoformat(told_of(filled(MeetingCalled), None)["at"] or "").tzinfo is UTC
    assert an_envelope(fact).data is fact
    assert {field.name for field in fields(fact)} >= {"reason", "until"}


def test_a_list_says_what_was_told_without_breaking_off() -> None:
    assert {what_of("gate-decided", language) for language in ("sv", "en")} == {"Beslut vid BP", "Decided at BP"}
    assert what_of("meeting-called", "sv") == "Kallelse till CAB"


def test_the_catalogue_of_facts_is_whole_when_the_table_is_read() -> None:
    assert {kind.type for kind in TABLE} <= CATALOGUE.keys()


class Elements(HTMLParser):
    """The elements of a page, their attributes and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes[tag] = dict(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str) -> int:
        return self.names.count(tag)
