"""A message: due once, handed over or given up, and sent again only when it was given up."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from chassis.testing import an_envelope, folded, specification
from contracts.notifications import MessageDue, MessageDueAgain, MessageGivenUp, MessageSent
from notifications.domain import message
from notifications.domain.message import Message, NoSuchMessage, NotGivenUp, message_id
from notifications.views.messages import MessageRow
from notifications.views.messages import evolve as fold
from services.notifications.tests.conftest import HALL, HEDDA, LEADER, TICKET

given = specification(message.evolve)
FACT = UUID(int=77)
ID = message_id(FACT, HEDDA, "project-stopped")
DUE = MessageDue(
    message_id=ID, about=HALL, because_of=FACT, channel="mail", template="project-stopped", to=HEDDA
)  # fmt: skip
SENT = MessageSent(message_id=ID, attempts=2)
GIVEN_UP = MessageGivenUp(message_id=ID, attempts=12, reason="the mail server answered 550")
AGAIN = MessageDueAgain(message_id=ID, reason="The address was mended")


def test_the_same_fact_makes_the_same_message_due_only_once() -> None:
    """P9: whoever reads a fact again finds the message that it made."""
    given().when(partial(message.due, fact=DUE)).then(DUE)
    for history in ((DUE,), (DUE, SENT), (DUE, GIVEN_UP)):
        given(*history).when(partial(message.due, fact=DUE)).then_nothing()


def test_a_message_is_told_apart_by_its_fact_its_receiver_and_what_it_says() -> None:
    ids = {
        message_id(fact, to, template)
        for fact in (FACT, UUID(int=78))
        for to in (HEDDA, LEADER, TICKET)
        for template in ("project-stopped", "project-resumed")
    }
    assert len(ids) == 12
    assert ID in ids


def test_what_was_handed_over_is_said_once_however_many_senders_report_it() -> None:
    given(DUE).when(partial(message.sent, attempts=2)).then(SENT)
    given(DUE, SENT).when(partial(message.sent, attempts=1)).then_nothing()
    given(DUE, SENT).when(partial(message.given_up, attempts=12, reason="late")).then_nothing()


def test_what_could_not_be_handed_over_is_given_up_with_the_reason() -> None:
    decide = partial(message.given_up, attempts=12, reason="the mail server answered 550")
    given(DUE).when(decide).then(GIVEN_UP)


def test_a_message_that_was_given_up_can_be_sent_again() -> None:
    decide = partial(message.again, reason="The address was mended")
    given(DUE, GIVEN_UP).when(decide).then(AGAIN)
    given(DUE, GIVEN_UP, AGAIN).when(partial(message.sent, attempts=2)).then(SENT)


def test_what_was_sent_or_is_on_its_way_is_not_sent_again_by_hand() -> None:
    given(DUE, SENT).when(message.again).then_refused(NotGivenUp)
    given(DUE).when(message.again).then_refused(NotGivenUp)
    given(DUE, GIVEN_UP, AGAIN).when(message.again).then_refused(NotGivenUp)


def test_a_message_nobody_knows_can_be_neither_reported_nor_sent_again() -> None:
    for decide in (message.again, partial(message.sent, attempts=1)):
        given().when(decide).then_refused(NoSuchMessage)


def row_after(*facts: MessageDue | MessageSent | MessageGivenUp | MessageDueAgain) -> MessageRow:
    events = [an_envelope(fact, version=version) for version, fact in enumerate(facts, 1)]
    row: MessageRow = folded(fold, events)
    return row


def test_the_list_shows_whom_a_message_is_for_and_what_became_of_it() -> None:
    due = row_after(DUE)
    assert (due.state, due.to_name, due.ticket, due.attempts, due.about) == ("due", HEDDA.name, None, 0, HALL)
    sent = row_after(DUE, SENT)
    assert (sent.state, sent.attempts, sent.reason, sent.version) == ("sent", 2, None, 2)
    given_up = row_after(DUE, GIVEN_UP)
    assert (given_up.state, given_up.attempts, given_up.reason) == ("given_up", 12, "the mail server answered 550")


def test_the_list_counts_all_attempts_and_forgets_why_once_it_was_sent() -> None:
    again = row_after(DUE, GIVEN_UP, AGAIN)
    assert (again.state, again.reason) == ("due", "the mail server answered 550")
    sent = row_after(DUE, GIVEN_UP, AGAIN, SENT)
    assert (sent.state, sent.attempts, sent.reason) == ("sent", 14, None)


def test_a_message_for_a_ticket_shows_the_number_people_know_it_by() -> None:
    fact = MessageDue(
        message_id=message_id(FACT, TICKET, "work-started"), about=HALL, because_of=FACT, channel="ticket",
        template="work-started", ticket=TICKET,
    )  # fmt: skip
    row = row_after(fact)
    assert (row.ticket, row.to_name) == ("10081", None)


def test_the_state_a_command_is_decided_on_is_all_there_is() -> None:
    assert message.evolve(Message(id=ID), GIVEN_UP) == Message(id=ID, state="given_up")
