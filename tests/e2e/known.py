"""What an installation with a story in it has: who is signed in, and what may stand in the addresses of its pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from html import unescape

import asyncpg
import httpx

from chassis.auth import SESSION_COOKIE
from chassis.service import find_services
from embedded.postgres import Postgres
from tests.e2e.every_page import NOBODY, Known
from tests.e2e.installation import Installation

PARKED_IN = "intake"
"""The service in which an event is parked, so that the pages about it have something to show."""
PARK = """
INSERT INTO parked (reader, municipality, subject, topic, partition, "offset", source, sequence, type, envelope, reason)
SELECT $1, municipality, subject, $2, 0, 0, 'flode/intake', position, type, envelope, $3 FROM events
ORDER BY position LIMIT 1 ON CONFLICT (reader, source, sequence) DO UPDATE SET state = 'waiting' RETURNING id
"""
REASON = "ReadTimeout: the register of municipalities did not answer"
MANY = 24
"""How many things of a kind are tried at most, to find one that has the page."""


def known_of(here: Installation, sessions: Mapping[str, str], parked: int, days: tuple[date, date]) -> Known:
    """All that its people, by the parts "pm" and "operator", are told. Sessions are those of cookies; `days` are two of
    its past."""
    pm, operator = sessions["pm"], sessions["operator"]

    def listed(path: str, key: str) -> list[str]:
        answer = here.http.get(path, headers={"Cookie": f"{SESSION_COOKIE}={pm}"})
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return [row[key] for row in answer.json()]

    projects = "/portfolio/api/projects?everything=true"
    states = dict(zip(listed(projects, "request_id"), listed(projects, "state"), strict=True))
    requests = [
        *sorted(states, key=lambda each: ("under_way", "limited").count(states[each]), reverse=True),
        *listed("/governance/api/directives?which=open", "request_id"),
        *listed("/intake/api/requests", "request_id"),
    ]
    requests = list(dict.fromkeys(requests))
    of_each_state = list({states.get(each): each for each in reversed(requests)}.values())
    requests = list(dict.fromkeys([requests[0], *of_each_state, *requests]))[:MANY]
    rounds, meetings = listed("/portfolio/api/rounds", "round_id"), listed("/governance/api/meetings", "meeting_id")
    messages = listed("/notifications/api/messages?state=sent", "message_id")[:5]
    links = [re.search(r"/governance/directive/([\w.~-]+)", mail.text) for mail in here.mails()[-400:]]
    asked = [re.search(r"/portfolio/request/([\w.~-]+)", mail.text) for mail in here.mails()[-400:]]
    people = here.http.get("/people", headers={"Cookie": f"{SESSION_COOKIE}={operator}"}).text
    return Known(
        here.url,
        {**sessions, NOBODY: ""},
        {
            "request_id": requests,
            "about": requests,
            "round_id": rounds,
            "meeting_id": meetings,
            "message_id": messages,
            "key": [*requests[:10], *rounds, *meetings, *messages],
            "municipality": sorted(here.partnership.municipalities),
            "town": ["lindmala"],
            "town_id": ["lindmala"],
            "system": ["servicedesk"],
            "account_id": listed("/governance/api/settings/accounts", "account_id")[:1],
            "portfolio.token": list(dict.fromkeys(link[1] for link in reversed(asked) if link)),
            "token": list(dict.fromkeys(link[1] for link in reversed(links) if link)),
            "id": re.findall(r'href="/people/([0-9a-f-]{36})"', people)[:1],
            "secret": [_a_link(here, operator)],
            f"{PARKED_IN}.number": [str(parked)],
            **{f"{each.name}.{name}": [view.name for view in each.views]
               for each in find_services() for name in ("view", "name")},
        },
        *(f"{day}" for day in days),
    )  # fmt: skip


def _a_link(here: Installation, operator: str) -> str:
    """The secret of a link by which somebody new chooses a password."""
    form = {"name": "Ny Medarbetare", "email": "ny.medarbetare@lindmala.example", "language": "sv",
            "role": "technician@lindmala"}  # fmt: skip
    headers = {"Origin": here.url, "Cookie": f"{SESSION_COOKIE}={operator}"}
    with httpx.Client(base_url=here.url, timeout=30, headers=headers) as http:
        answer = http.post("/people", data=form)
        if not (link := re.search(r"/setup/([\w-]+)", unescape(answer.text))):  # they are here already
            everyone = re.findall(r'href="/people/([0-9a-f-]{36})"[^>]*>([^<]*)', http.get("/people").text)
            them = next(person for person, name in everyone if form["name"] in unescape(name))
            answer = http.post(f"/people/{them}/link")
            link = re.search(r"/setup/([\w-]+)", unescape(answer.text))
    assert link, answer.text
    return link[1]


@contextmanager
def a_parked_event(here: Installation) -> Iterator[int]:
    """The number of an event that waits, as if a reader could not handle it, for as long as this lasts. Nothing can be
    made to fail from outside, so it is put where readers put them."""
    server = Postgres(here.home.postgres, port=here.processes()["postgres"]["port"], log=here.home.logs / "x")
    view = next(service for service in find_services() if service.name == PARKED_IN).views[0]

    async def once(query: str, *values: object) -> int:
        connection = await asyncpg.connect(server.dsn(f"flode_{PARKED_IN}"))
        try:
            return int(await connection.fetchval(query, *values) or 0)
        finally:
            await connection.close()

    # On a thread of its own: beside a browser this one runs a loop already.
    with ThreadPoolExecutor(max_workers=1) as thread:
        number = thread.submit(asyncio.run, once(PARK, view.name, view.topics[0].name, REASON)).result()
        try:
            yield number
        finally:
            thread.submit(asyncio.run, once("DELETE FROM parked WHERE id = $1", number)).result()


def sessions_of(here: Installation, people: Mapping[str, str], password: str) -> dict[str, str]:
    """Everybody's session, by part; `people` are their e-mail addresses."""
    sessions: dict[str, str] = {}
    for part, address in people.items():
        with httpx.Client(base_url=here.url, timeout=30, headers={"Origin": here.url}) as http:
            answer = http.post("/sign-in", data={"email": address, "password": password})
            assert answer.status_code == 303, answer.text
            sessions[part] = answer.cookies[SESSION_COOKIE]
    return sessions
