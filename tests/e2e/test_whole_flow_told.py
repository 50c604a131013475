"""Who was told of the flow, by mail and in the tickets; and what `flode` tells operations of it."""

from __future__ import annotations

import re

import pytest

from tests.e2e.cast import CAST, DANE, NORWEGIAN_REQUESTER, Somebody
from tests.e2e.flow.directive import ANSWER, QUESTION
from tests.e2e.flow.story import Story
from tests.e2e.flow.tickets import TITLE
from tests.e2e.flow.work import TALK
from tests.e2e.installation import until

TOLD: list[tuple[Somebody, str, list[str]]] = [
    (
        CAST["requester"], "sv",
        ["Din anmälan är mottagen", "Fyll i projektdirektivet", "Svar från PM", "Direktivet behöver kompletteras",
         "Direktivet är godkänt", "Prioriterat", "En projektledare är utsedd", "Projektplanen är överenskommen",
         "Arbetet har börjat", "Begränsat", "Avslutat"],
    ),
    (
        CAST["orderer"], "sv",
        ["Ett direktiv väntar på ditt godkännande", "En projektplan väntar på att du godtar den", "Så går det",
         "Antecknat från vårt samtal", "Begränsat", "Avslutat"],
    ),
    (
        CAST["leader"], "sv",
        ["Ett direktiv väntar på ditt godkännande", "Du leder ett projekt", "Skriv projektplanen",
         "Projektplanen är överenskommen", "Beslut i CAB"],
    ),
    (
        CAST["pm"], "sv",
        ["En anmälan väntar på bedömning", "Anmälaren ber om hjälp", "Ett direktiv har lämnats in",
         "En projektplan väntar på att du godtar den", "Så går det", "Avslutat"],
    ),
    (CAST["manager"], "sv", ["Ett projekt rapporterar rött"]),
    (DANE, "da", ["Vurderet som ændring", "Udfyld projektdirektivet", "Prioriteret"]),
    (NORWEGIAN_REQUESTER, "nb", ["Henvendelsen din er mottatt", "Fyll ut prosjektdirektivet", "Prioritert"]),
]  # fmt: skip
ABOUT_THE_FLOW = (TITLE, "Ny printer på 3. sal", "Fælles skærme", "Felles vaktplan")


@pytest.mark.parametrize(("who", "language", "subjects"), TOLD, ids=[who.name for who, _, _ in TOLD])
def test_whoever_is_concerned_is_told_in_their_language_in_the_order_of_what_happened(
    completed: Story, who: Somebody, language: str, subjects: list[str]
) -> None:
    """IT-05, IT-09, IT-10, IT-11, IT-18, IT-20, IT-22, TY-01, TY-04"""

    def all_told() -> list[str] | None:
        mails = [mail for mail in completed.here.mails() if mail.to == who.email]
        heads = [head for mail in mails for head, _, about in [mail.subject.partition(": ")] if about in ABOUT_THE_FLOW]
        return heads if set(subjects) <= set(heads) else None

    heads = until(all_told, what=f"mails to {who.name}")
    firsts = [heads.index(subject) for subject in subjects]
    assert firsts == sorted(firsts)
    assert {mail.language for mail in completed.here.mails() if mail.to == who.email} == {language}


def test_the_managers_of_all_municipalities_are_called_to_vote_and_to_the_cab(completed: Story) -> None:
    """IT-13, IT-21"""
    for part, words in (
        ("manager", ("Poängsätt projekten", "Rundan är stängd", "Kallelse till CAB", "Dagordning", "Protokollet")),
        ("danish manager", ("Giv projekterne point", "Runden er lukket", "Indkaldelse til CAB", "Dagsorden")),
        ("norwegian manager", ("Gi prosjektene poeng", "Runden er lukket", "Innkalling til CAB", "Referatet")),
    ):
        for each in words:
            assert completed.here.mail(CAST[part].email, each).language == CAST[part].language


def test_what_was_said_in_confidence_is_told_to_its_receiver_alone(completed: Story) -> None:
    """IT-11, IT-22"""
    for words, subject, reader in (
        (QUESTION, "Anmälaren ber om hjälp", "pm"),
        (ANSWER, "Svar från PM", "requester"),
        (TALK, "Antecknat från vårt samtal", "orderer"),
    ):
        assert words in " ".join(completed.here.mail(CAST[reader].email, subject).text.replace("\n> ", " ").split())
        assert {mail.to for mail in completed.here.mails() if words[:30] in mail.text} == {CAST[reader].email}


def test_the_ticket_learns_what_became_of_it_in_order_and_once(completed: Story) -> None:
    """IT-03, IT-06, P9"""

    def states(ticket: str) -> list[str]:
        return [note.said for note in completed.here.notes(ticket) if note.what == "state"]

    until(lambda: "completed" in states("7081"), what="the end of ticket 7081")
    assert states("7081") == ["registered", "project", "prioritised", "assigned", "started", "limited", "completed"]
    assert states("7502") == ["registered", "change"]
    (reference,) = [note.said for note in completed.here.notes("7081") if note.what == "reference"]
    assert reference == f"{completed.here.url}/intake/requests/{completed.ids['project']}"
    everything = " ".join(note.said for note in completed.here.notes("7081"))
    assert not any(somebody.name in everything for somebody in CAST.values()), "nobody could be erased in a ticket"


# What operations are told


def test_a_requests_history_is_told_event_by_event_and_as_of_a_moment(completed: Story) -> None:
    request = completed.ids["project"]
    told = completed.here.command("replay", request)
    assert told.exit_code == 0, told.output
    events = re.findall(r"^\d{4}-\S+ \S+ UTC · (\w+)", told.output, re.MULTILINE)
    names = ["RequestRegistered", "ClassifiedAsProject", "DirectiveSubmitted", "Prioritised", "Assigned"]
    places = [events.index(name) for name in (*names, "StatusReported", "CabDecided", "ProjectCompleted")]
    assert places == sorted(places)
    assert not any(somebody.name in told.output for somebody in CAST.values())
    judged = completed.shown["the request after it is judged"]["judgement"]["at"]
    early = completed.here.command("replay", request, "--as-of", judged)
    assert re.findall(r"^\d{4}-\S+ \S+ UTC · (\w+)", early.output, re.MULTILINE) == [
        "RequestRegistered", "RequestChanged", "ClassifiedAsProject",
    ]  # fmt: skip
    unknown = completed.here.command("replay", "00000000-0000-4000-8000-000000000000")
    assert unknown.exit_code != 0


def test_readers_are_level_and_nothing_is_parked(completed: Story) -> None:
    """P10"""
    completed.here.levelled()
    assert "Nothing is parked." in completed.here.command("parked").output
    views = completed.here.command("views").output
    assert {line.split()[1] for line in views.splitlines()[1:]} == {
        "agenda", "directives", "meetings", "plans", "inbox", "requests", "messages", "duties", "history", "projects",
        "rounds", "courses", "accounts", "settings", "agreed",
    }  # fmt: skip


def test_a_rebuilt_view_shows_the_same_and_tells_nobody_anything(completed: Story) -> None:
    """P8, P9"""
    here = completed.here
    here.levelled()
    before = here.get("pm", f"/portfolio/api/projects/{completed.ids['project']}"), {mail.key for mail in here.mails()}
    rebuilt = here.command("rebuild", "projects")
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "equal to the live view" in rebuilt.output
    after = here.get("pm", f"/portfolio/api/projects/{completed.ids['project']}"), {mail.key for mail in here.mails()}
    assert after == before
    assert here.command("rebuild", "projects", "--rollback").exit_code == 0
    assert here.get("pm", f"/portfolio/api/projects/{completed.ids['project']}") == before[0]
