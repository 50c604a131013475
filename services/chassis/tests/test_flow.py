"""How events flow, judged and told without a server."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from aiokafka import TopicPartition
from pydantic import TypeAdapter, ValidationError

from chassis.checkpoints import Checkpoint
from chassis.flow.condition import Condition, ReaderNow, Told, Verdict, judge, worst
from chassis.flow.gather import is_rewound, lag
from chassis.flow.hearing import Heard
from chassis.flow.pace import Pace
from chassis.flow.trace import cascades, in_order, steps_of
from chassis.flow.troubles import Trouble, troubles
from chassis.parking import reason_of
from chassis.position import Position
from chassis.testing import NOON, a_person_id, an_envelope, sealed
from chassis.web.flow.drawn import drawn
from contracts.intake import RequestRegistered
from contracts.notifications import MessageDue, MessageSent
from contracts.values import Person, TicketRef

PLACE = TopicPartition("flode.request", 3)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, Verdict.FINE),
        ({"waiting": 4, "waiting_seconds": 1}, Verdict.FINE),
        ({"waiting": 4, "waiting_seconds": 10, "still_seconds": 1}, Verdict.BEHIND),
        ({"waiting": 4, "waiting_seconds": 90, "still_seconds": 1}, Verdict.BEHIND),
        ({"waiting": 4, "waiting_seconds": 90, "still_seconds": 90}, Verdict.STALLED),
        ({"waiting": 1, "waiting_seconds": 1, "still_seconds": 7200}, Verdict.FINE),
        ({"waiting": 4, "waiting_seconds": 90, "still_seconds": 1, "rewound": True}, Verdict.REWOUND),
        ({"waiting": None}, Verdict.UNKNOWN),
        ({"waiting": None, "running": False}, Verdict.STOPPED),
        ({"running": False}, Verdict.STOPPED),
    ],
)
def test_the_flow_is_judged_in_a_word(given: dict[str, object], verdict: Verdict) -> None:
    level: dict[str, object] = {"running": True, "waiting": 0, "waiting_seconds": 0.0, "still_seconds": 0.0}
    assert judge(**{**level, **given}) is verdict  # type: ignore[arg-type]  # given by name


def test_the_worst_of_several_verdicts_stands_for_all() -> None:
    assert worst([Verdict.BEHIND, Verdict.STALLED, Verdict.FINE]) is Verdict.STALLED
    assert worst([]) is Verdict.FINE


def test_a_reader_is_rewound_while_it_stands_before_where_it_has_been() -> None:
    level = {PLACE: Checkpoint(next_offset=12, applied=8, duplicates=3, parked=1)}
    begun_again = {PLACE: Checkpoint(next_offset=2, applied=8, duplicates=5, parked=1)}
    assert not is_rewound(level, {PLACE: 20})
    assert is_rewound(begun_again, {PLACE: 20})
    assert is_rewound(level, {PLACE: 5}), "its topic is shorter than it was"
    assert (lag(level, {PLACE: 20}), lag({}, {PLACE: 20})) == (8, 20)


def test_a_rate_is_of_the_last_minute_and_unknown_at_first() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    pace.note({"projects": 0})
    assert pace.rate("projects") is None
    for second in range(10, 210, 10):
        now[0] = float(second)
        pace.note({"projects": min(second, 100)})
    assert pace.rate("projects") == 0
    assert pace.still_for("projects") == 100
    now[0] = 210.0
    pace.note({"projects": 160})
    assert pace.rate("projects") == pytest.approx(1.0)


def a_condition(**changes: object) -> Condition:
    given: dict[str, object] = {
        "service": "portfolio", "verdict": Verdict.FINE, "roles": [], "relay": None, "readers": [], "channels": [],
        "rebuilds": [], "topics": [], "parked": 0, "broker": Heard.ANSWERS, "broker_seconds": 0.0,
    }  # fmt: skip
    return Condition(**{**given, **changes})  # type: ignore[arg-type]  # given by name


def wrong_with(condition: Condition, language: str = "en") -> list[Trouble]:
    return troubles({condition.service: Told(heard=Heard.ANSWERS, condition=condition)}, language)


def test_what_is_wrong_is_told_with_what_to_do_and_the_serious_first() -> None:
    behind = ReaderNow(
        name="projects", called="Projects", kind="view", verdict=Verdict.BEHIND, topics=["flode.request"], behind=7,
        behind_seconds=9, applied=1, parked=0,
    )  # fmt: skip
    assert wrong_with(a_condition()) == []
    busy = Told(heard=Heard.ANSWERS, condition=a_condition(readers=[behind], parked=2))
    told = troubles({"portfolio": busy, "intake": Told(heard=Heard.GONE)}, "en")
    assert [each.serious for each in told] == [True, True, False]
    assert "/portfolio/flow/parked" in [each.path for each in told]
    assert told[-1].said("en") == "“Projects” of Portfolio (portfolio) is 7 events behind, and moves."


def test_one_is_told_of_as_one_and_many_as_many() -> None:
    for parked, said in (
        (1, "1 event is parked at Portfolio (portfolio)."),
        (2, "2 events are parked at Portfolio (portfolio)."),
    ):
        assert [each.said("en") for each in wrong_with(a_condition(parked=parked))] == [said]


def a_reader(name: str, verdict: Verdict = Verdict.STALLED, behind: int = 1) -> ReaderNow:
    return ReaderNow(
        name=name, called=name.title(), kind="view", verdict=verdict, topics=["flode.request"], behind=behind,
        behind_seconds=60, applied=1, parked=0,
    )  # fmt: skip


def test_readers_that_fare_alike_are_told_of_together() -> None:
    readers = [a_reader("projects"), a_reader("history", behind=9), a_reader("duties")]
    (told,) = wrong_with(a_condition(readers=readers))
    assert told.said("en") == (
        "3 readers of Portfolio (portfolio) stand still: “Projects”, “History”, “Duties”. "
        "Events that wait for the hindmost: 9."
    )
    assert told.path == "/portfolio/flow/views"


def test_who_has_read_what_there_is_of_a_topic_that_is_filled_again_is_no_trouble() -> None:
    assert wrong_with(a_condition(readers=[a_reader("projects", Verdict.REWOUND, behind=0)])) == []


@pytest.mark.parametrize(
    ("heard", "seconds", "serious", "said"),
    [
        (Heard.SLOW, 1.5, False, "Requests (intake) is slow to answer: nothing has come for 2 s."),
        (Heard.SILENT, 41.2, True, "Requests (intake) does not answer: it has been asked in vain for 41 s."),
        (Heard.GONE, 0.01, True, "Requests (intake) does not run: nobody listens at its address."),
        (Heard.UNABLE, 0.0, True, "Requests (intake) answers, but cannot say how it is."),
    ],
)
def test_a_service_that_does_not_tell_is_said_to_be_what_it_is(
    heard: Heard, seconds: float, serious: bool, said: str
) -> None:
    (told,) = troubles({"intake": Told(heard=heard, seconds=seconds)}, "en")
    assert (told.said("en"), told.serious) == (said, serious)


def test_a_broker_that_is_late_once_is_no_alarm_and_one_that_is_silent_is() -> None:
    (late,) = wrong_with(a_condition(broker=Heard.SLOW, broker_seconds=1.0))
    (silent,) = wrong_with(a_condition(broker=Heard.SILENT, broker_seconds=30.0))
    assert (late.serious, late.runbook, silent.serious) == (False, None, True)
    assert "asked in vain for 30 s" in silent.said("en")


def test_the_map_has_a_box_for_a_service_that_does_not_tell_how_it_is() -> None:
    made = drawn(
        {
            "portfolio": Told(heard=Heard.ANSWERS, condition=a_condition()),
            "governance": Told(heard=Heard.SLOW, seconds=1.5),
            "intake": Told(heard=Heard.SILENT, seconds=20),
        },
        "nb",
    )
    assert [(box.name, box.called, box.tone) for box in made.services] == [
        ("portfolio", "Prosjektportefølje", "good"),
        ("governance", "Direktiver og møter", "caution"),
        ("intake", "Henvendelser", "bad"),
    ]


def test_what_is_parked_stands_on_the_map_though_its_reader_goes_on() -> None:
    reader = msgspec.structs.replace(a_reader("projects", Verdict.FINE, behind=0), parked=2)
    condition = a_condition(readers=[reader], parked=2)
    made = drawn({"portfolio": Told(heard=Heard.ANSWERS, condition=condition)}, "en")
    assert [(box.tone, box.parked) for box in (*made.services, *made.readers)] == [("caution", 2)] * 2


def test_why_an_event_is_parked_names_the_field_and_tells_nothing_that_stood_in_it() -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(TicketRef).validate_python({"system": "generic", "external_id": {"name": "Anna Sund"}})
    assert reason_of(raised.value) == "ValidationError: TicketRef: external_id: Input should be a valid string"


def test_a_requests_way_tells_what_answers_what_and_how_long_after() -> None:
    request = UUID(int=7)
    who = Person(id=a_person_id("Anna Sund"), name=sealed("Anna Sund"))
    fact = RequestRegistered(
        request_id=request, ticket=TicketRef(system="generic", external_id="1"), title="Bokning", requester=who,
        opened_at=NOON,
    )  # fmt: skip
    first = an_envelope(fact)
    answer = an_envelope(fact, sequence=2, causation=first.id, time=NOON + timedelta(seconds=2))
    later = an_envelope(fact, sequence=3, causation=answer.id, time=NOON + timedelta(seconds=5))
    stranger = an_envelope(fact, sequence=4, causation=uuid4())
    place = Position("intake", 1, "flode.request", 3)
    steps = steps_of([(place, each) for each in (first, answer, later, stranger)])
    assert [(step.depth, step.cause, step.delay, step.elsewhere) for step in steps] == [
        (0, None, None, False), (1, 1, 2.0, False), (2, 2, 3.0, False), (0, None, None, True),
    ]  # fmt: skip
    assert [(len(each.steps), each.seconds) for each in cascades(steps)] == [(3, 5.0), (1, 0.0)]


def test_what_answers_comes_after_what_it_answers_whatever_the_clocks_of_two_services_say() -> None:
    due = MessageDue(
        message_id=UUID(int=1), about=UUID(int=7), because_of=UUID(int=8), channel="mail", template="told",
    )  # fmt: skip
    first = an_envelope(due)
    sent = an_envelope(
        MessageSent(message_id=UUID(int=1), attempts=3), causation=first.id, time=NOON - timedelta(seconds=1)
    )
    here, there = Position("intake", 1, "flode.request", 3), Position("notifications", 9, "flode.message", 0)
    steps = steps_of(in_order([(there, sent), (here, first)]))
    assert [(step.topic, step.depth, step.attempts) for step in steps] == [
        ("flode.request", 0, None), ("flode.message", 1, 3),
    ]  # fmt: skip
