"""By clicking: an auditor finds what the CAB had before it on a day last spring, and an operator mends an event that
could not be handled and builds a view anew while somebody reads it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from playwright.sync_api import expect

from chassis.flow.names import Names, service_called
from chassis.flow.rebuilds import EQUAL, SWITCHED
from chassis.i18n import translate_many
from chassis.service import find_service, find_services
from chassis.web.told import AT_HEADER
from embedded.postgres import Postgres
from embedded.processes import free_port
from embedded.testing import temporary_folder
from tests.e2e.browser import Visitor, Visitors, chromium
from tests.e2e.cast import CAST, DANE
from tests.e2e.deliveries import a_ticket
from tests.e2e.flow.tickets import CRITERIA
from tests.e2e.installation import Installation
from tests.pdf import text_of_pdf

pytestmark = pytest.mark.browser
TITLE = "Fælles bookingsystem"
NOW = datetime.now(UTC)
SPRING = datetime(NOW.year - (NOW.month < 7), 4, 14, 9, 0, tzinfo=UTC)
"""A Tuesday or near it: the day before the project came into the portfolio."""
RANKED = SPRING + timedelta(days=21)
JUDGEMENT = {"outcome": "project", "reason": "Större än daglig drift.", "criteria": CRITERIA}


@pytest.fixture(scope="module")
def here() -> Iterator[Installation]:
    """An installation of its own, which can be told what time it is, and whose log comes to hold a faulty event."""
    folder = temporary_folder("audit")
    installation = Installation(folder / "data", free_port(), {"FLODE_DEMO": "on"})
    try:
        installation.up()
        it_is(installation, SPRING + timedelta(days=1))  # accounts are facts too: the log begins on that day
        installation.people(("pm", "auditor"))
        yield installation
    finally:
        installation.command("down")
        installation.http.close()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def project(here: Installation) -> str:
    """A project that came into the portfolio in spring, and was ranked three weeks later."""
    it_is(here, SPRING + timedelta(days=1))
    ticket = a_ticket("9001", TITLE, requester=DANE.told, opened_at=SPRING.isoformat())
    request: str = here.deliver_event(ticket).json()["id"]
    here.post("pm", f"/intake/api/requests/{request}/classification", JUDGEMENT)
    agenda = f"/governance/api/views/agenda/{request}"
    here.followed("auditor", agenda, what="the project is a matter for the CAB")
    it_is(here, RANKED)
    here.post("pm", "/portfolio/api/ranking", {"ranks": {request: 7}, "reason": "Brådskar."})
    here.followed("auditor", agenda, lambda told: told["row"]["rank"] == 7, what="its rank is known to the CAB")
    it_is(here, datetime.now(UTC))
    return request


@pytest.fixture(scope="module")
def spoilt(here: Installation, project: str) -> str:
    """A request whose change no reader could take."""
    request: str = here.deliver_event(a_ticket("9002", "Nye skærme", requester=DANE.told)).json()["id"]
    here.levelled()
    asyncio.run(spoil(here, UUID(request)))
    return request


@pytest.fixture
def people(here: Installation) -> Iterator[Visitors]:
    """Everybody, each at a browser of their own."""
    with chromium() as browser:
        yield Visitors(browser, here)


def it_is(here: Installation, moment: datetime) -> None:
    """Say to every service what time it is."""
    for service in find_services():
        answer = here.http.get(f"/{service.name}/health", headers={AT_HEADER: moment.isoformat()})
        assert answer.headers[AT_HEADER][:10] == moment.date().isoformat()


def test_an_auditor_finds_what_the_cab_had_before_it_on_a_day_last_spring(
    people: Visitors, project: str, tmp_path: Path
) -> None:
    day, later = ((each + timedelta(days=2)).date().isoformat() for each in (SPRING, RANKED))
    auditor = people["auditor"]
    auditor.follows("Audit")
    auditor.writes({"q": TITLE.upper()})
    auditor.presses("Find")
    auditor.sees(TITLE)
    auditor.follows("Matters for the CAB")

    auditor.writes({"as_of": day})
    auditor.presses("Show")
    auditor.sees(TITLE)
    assert rank_of(auditor) == "", "it had not been ranked then"
    that_day = auditor.page.url.removeprefix(people.here.url)
    auditor.writes({"and": later})
    auditor.presses("Show")
    auditor.reads("{view}: what changed between two days", view=auditor.words("Matters for the CAB"))
    change = auditor.page.locator(".changes li", has=auditor.page.get_by_text(auditor.words("Rank"), exact=True))
    expect(change.locator("ins")).to_contain_text("7")

    auditor.opens(that_day)
    slides_to_the_first_day(auditor)
    auditor.writes({"as_of": day})
    auditor.presses("Show")
    auditor.clicks(auditor.page.locator("main tbody th a"))
    auditor.reads("The project “{title}” entered the portfolio.", title=TITLE)
    assert auditor.page.locator(".events > li").count() == 1, "what came later is not told of that day"
    takes_it_along(auditor, tmp_path)

    pm = people["pm"]
    pm.opens(auditor.page.url.removeprefix(people.here.url).partition("?")[0])
    pm.reads("The project was ranked number {rank}.", rank=7)
    assert pm.page.locator(".events > li").count() == 2

    auditor.follows("Audit")
    auditor.writes({"q": DANE.email})
    auditor.presses("Find")
    auditor.follows("Find “{words}” in: {part}", words=DANE.email, part=auditor.words("Requests"))
    auditor.sees(TITLE, DANE.email)
    auditor.follows("Who read names here")
    auditor.reads("Search for a person")


def rank_of(visitor: Visitor) -> str:
    """What stands in the column of ranks, in the only row; nothing where there is no such column."""
    heads = visitor.page.locator("main thead th").all_inner_texts()
    name = visitor.words("Rank")
    return visitor.page.locator("main tbody td").nth(heads.index(name) - 1).inner_text() if name in heads else ""


def slides_to_the_first_day(visitor: Visitor) -> None:
    """By keyboard alone."""
    visitor.field("slide").focus()
    stood = visitor.page.locator("output").inner_text()
    visitor.page.keyboard.press("Home")
    told = visitor.page.locator("output").inner_text()
    assert told != stood
    assert told == visitor.field("slide").evaluate("each => each.ariaValueText"), "the day is heard, not how many"
    visitor.page.keyboard.press("Tab")
    with visitor.page.expect_navigation(url=re.compile("as_of=")):
        visitor.page.keyboard.press("Enter")
    visitor.looks()
    first = visitor.field("as_of").input_value()
    assert first == (SPRING + timedelta(days=1)).date().isoformat(), "the day of the first event"
    assert visitor.page.locator("output").inner_text() == told


def takes_it_along(visitor: Visitor, folder: Path) -> None:
    """The signed file and the PDF, which name the same digest, and the key; `flode verify` finds the file genuine."""
    names = {"case.json": "The case as signed JSON", "case.pdf": "The case as a PDF to read"}
    for file, link in names.items():
        with visitor.page.expect_download() as download:
            visitor.page.get_by_role("link", name=visitor.words(link), exact=True).click()
        download.value.save_as(folder / file)
    key = visitor.page.request.get("/governance/audit/key.json")
    (folder / "key.json").write_bytes(key.body())
    told = visitor.here.command("verify", str(folder / "case.json"), "--key", str(folder / "key.json"))
    assert told.exit_code == 0, told.output
    digest = re.search(r"digest: (\w{64})", told.output)
    assert digest is not None
    said = text_of_pdf((folder / "case.pdf").read_bytes()).replace(" ", "")
    assert digest[1] in said
    assert TITLE.replace(" ", "") in said


def test_an_operator_mends_a_parked_event_and_rebuilds_a_view_while_someone_reads_it(
    spoilt: str, people: Visitors
) -> None:
    operator = people["operator"]
    operator.follows("Flow")
    parked = ("{many} event is parked at {service}.", "{many} events are parked at {service}.")
    service = f"{service_called('intake', operator.language)} (intake)"
    operator.waits_for(translate_many(*parked, 2, operator.language, many=2, service=service))
    mends(operator, "intake", "Nye skærme til hallen")
    mends(operator, "notifications", "Nye skærme til hallen")

    reader = people["pm"]
    reader.opens("/intake/")
    reader.sees("Nye skærme til hallen")
    operator.opens("/portfolio/flow/views")
    projects = Names(find_service("portfolio"), operator.language).quoted("projects")
    for work, done in (
        ("Build {view} anew", SWITCHED),
        ("Compare {view} with the log", EQUAL),
    ):
        operator.follows(work, view=projects)
        operator.writes({"reason": "Vi prövar."})
        operator.presses(work, view=projects)
        for _ in range(200):
            reader.page.goto("/portfolio/")
            reader.sees(TITLE)
            operator.page.wait_for_timeout(200)  # their page shows it by itself
            if said_of(operator, done) in operator.page.locator("main").inner_text():
                break
        else:
            raise AssertionError(f"{done!r} never came:\n{operator.page.locator('main').inner_text()}")
        operator.looks()
        assert not reader.complaints
    operator.sees(CAST["operator"].name)


def said_of(visitor: Visitor, result: str) -> str:
    """The longest part of a result's sentence that holds no figure, in the visitor's language."""
    return max(re.split(r"\{\w+\}", visitor.words(result)), key=len)


def mends(operator: Visitor, service: str, title: str) -> None:
    """All that is parked at a service, each by its form, until nothing is."""
    for _ in range(4):
        operator.opens(f"/{service}/flow/parked")
        if operator.page.get_by_text(operator.words("Nothing is parked."), exact=True).count():
            break
        operator.clicks(operator.page.locator("main tbody th a"))
        operator.follows("Mend it")
        data = json.loads(operator.field("data").input_value())
        operator.writes({"data": json.dumps({**data, "title": 8}), "reason": "Fel slag"})
        operator.presses("Check it", refused=422)
        operator.writes({"data": json.dumps({**data, "title": title}), "reason": "Titeln var ett tal"})
        operator.presses("Check it")
        operator.reads("Is this right?")
        operator.presses("Mend it so")
        operator.writes({"reason": "Lagad"})
        operator.presses("Have them handled")
    operator.reads("Nothing is parked.")
    operator.sees("Titeln var ett tal", CAST["operator"].name)


async def spoil(here: Installation, request: UUID) -> None:
    """Put an event into the log of intake that no reader can take: a title that is a number."""
    server = Postgres(here.home.postgres, port=here.processes()["postgres"]["port"])
    connection = await asyncpg.connect(server.dsn("flode_intake"))
    try:
        row = await connection.fetchrow("SELECT municipality, envelope FROM events WHERE subject = $1", request)
        assert row is not None
        before = json.loads(row["envelope"])
        kind = "intake.request-changed.v1"
        event = before | {"id": str(uuid4()), "type": kind, "subjectversion": 2}
        event["data"] = {"request_id": str(request), "title": 7, "changed_at": before["time"]}
        await connection.fetch(
            "SELECT * FROM flode_append($1, $2, $3, $4, $5, $6, $7, $8)",
            [uuid4()], [b"spoilt"], [request], [1], [1], [row["municipality"]], [kind],
            [json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()],
        )  # fmt: skip
    finally:
        await connection.close()
