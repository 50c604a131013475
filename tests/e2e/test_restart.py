"""Whatever is killed: what was acknowledged is there, once, and everything goes on where it was."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from contracts.topics import REQUEST
from tests.e2e.cast import CAST, HOST
from tests.e2e.deliveries import a_ticket
from tests.e2e.flow.story import Story
from tests.e2e.installation import Installation, until
from tests.e2e.kept import topics


@dataclass
class Tickets:
    """Tickets that a Service Desk keeps delivering, and what it was told of each. It tries until it is told."""

    here: Installation
    told: dict[str, str] = field(default_factory=dict)
    """Number to id of the request, for each that was acknowledged."""
    tried: int = 0
    _enough: threading.Event = field(default_factory=threading.Event)

    def deliver(self, first: int) -> None:
        """One after the other, each as often as it takes, as ticketing systems do."""
        number = first
        while not self._enough.is_set():
            ticket = a_ticket(str(number), f"Ärende {number}", requester=CAST["requester"].told)
            if answer := self._try(ticket, f"msg_{number}"):
                self.told[str(number)] = answer.json()["id"]
                number += 1
            time.sleep(0.05)

    def _try(self, ticket: dict[str, object], delivery: str) -> httpx.Response | None:
        self.tried += 1
        try:
            answer = self.here.deliver(HOST, ticket, delivery=delivery)
        except httpx.TransportError:
            return None
        assert answer.status_code in (201, 500, 502, 503), answer.text
        return answer if answer.status_code == 201 else None

    def stop(self) -> None:
        """Deliver no more."""
        self._enough.set()


@contextmanager
def arriving(here: Installation, first: int) -> Iterator[Tickets]:
    """Tickets arrive while the block runs; it begins when the first was acknowledged, and ends some after it."""
    tickets = Tickets(here)
    desk = threading.Thread(target=tickets.deliver, args=(first,), name="service desk")
    desk.start()
    try:
        until(lambda: tickets.told, what="the first ticket")
        yield tickets
        so_far = len(tickets.told)
        until(lambda: len(tickets.told) > so_far + 2 or None, what="tickets after it was started again")
    finally:
        tickets.stop()
        desk.join(60)


def all_there_once(here: Installation, tickets: Tickets) -> None:
    """P1, P3, P5, P7: what was acknowledged is shown, in its topic, and nothing of it twice."""

    def shown() -> dict[str, str] | None:
        rows = here.get("pm", "/intake/api/requests")
        mine = {number: row for row in rows if (number := row["ticket"]["external_id"]) in tickets.told}
        assert {row["version"] for row in mine.values()} <= {1}, "no ticket was registered twice"
        found = {number: row["request_id"] for number, row in mine.items()}
        return found if found == tickets.told else None

    assert until(shown, what="every acknowledged ticket is shown") == tickets.told

    def relayed() -> bool:
        events = {(record.source, record.sequence) for record in topics(here) if record.topic == REQUEST.name}
        ours = sorted(sequence for source, sequence in events if source == "/flode/intake")
        return len(ours) >= len(tickets.told) and ours == list(range(1, len(ours) + 1))

    until(relayed, what="every event of the store in its topic")
    here.levelled()
    mails = [mail for mail in here.mails() if mail.subject.startswith("Din anmälan är mottagen: Ärende ")]
    assert len({mail.subject for mail in mails}) == len(mails), "nobody was told twice"


def test_a_service_killed_while_tickets_arrive_loses_and_doubles_nothing(installation: Installation) -> None:
    """P1, P3, P15"""
    with arriving(installation, 80_000) as tickets:
        installation.kill("intake")
    assert tickets.tried > len(tickets.told), "some were tried while nobody was there"
    all_there_once(installation, tickets)


def test_a_broker_killed_while_tickets_arrive_is_filled_again(decided: Story) -> None:
    """P1, P5, P8: what it held is gone with it and comes back from the stores, nothing before what it rests on."""
    here, request = decided.here, decided.ids["project"]
    before = {(record.source, record.sequence) for record in topics(here)}
    with arriving(here, 81_000) as tickets:
        here.kill("broker")
    until(lambda: before <= {(record.source, record.sequence) for record in topics(here)}, what="the topics filled")
    all_there_once(here, tickets)
    told = here.command("replay", request).output
    names = re.findall(r"^\d{4}-\S+ \S+ UTC · (\w+)", told, re.MULTILINE)
    assert names.index("StatusReported") < names.index("CabDecided"), "the CAB had read the report"
    for view in ("agenda", "projects"):
        assert "equal to the live view" in here.command("rebuild", view).output


def test_a_second_start_on_the_same_data_goes_on_where_it_was(installation: Installation) -> None:
    """The topics are filled again, nobody is told anything anew, and people's sessions hold."""
    here = installation
    with arriving(here, 82_000) as tickets:
        pass
    here.levelled()
    until(lambda: here.get("pm", "/notifications/api/messages?state=due") == [], what="all that is due was sent")
    before = here.get("pm", "/intake/api/requests"), here.get("pm", "/portfolio/api/projects"), len(here.mails())
    here.down()
    assert here.command("status").exit_code == 3, "stopped"
    here.up()
    assert here.command("status", "--json").exit_code == 0
    all_there_once(here, tickets)
    after = here.get("pm", "/intake/api/requests"), here.get("pm", "/portfolio/api/projects"), len(here.mails())
    assert after == before
    assert here.deliver(HOST, a_ticket("83000", "Efter omstarten")).status_code == 201
