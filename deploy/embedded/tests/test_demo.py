"""A year is played for those who want to look: nothing in it is missing, late, or different the second time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from uuid import NAMESPACE_URL, uuid5

import click
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from chassis.partnership import Partnership
from contracts.catalogue import SERVICES
from embedded.demo import _everybody, play
from embedded.demo.calendar import Frame, calendar
from embedded.demo.cast import Cast
from embedded.demo.programme import Programme
from embedded.demo.stage import KeepsItsOwnTime, OutOfTheStory, Stage
from embedded.demo.tales import COURSES, STOPS, Ending, Tale, Tales
from embedded.demo.world import World
from embedded.demo.year import HERE, WEEKS, Year
from embedded.home import Home
from embedded.people import People
from intake.adapters import cloudevents, standard_webhooks

ENDS = datetime(2027, 11, 23, 16, 20, tzinfo=UTC)
TALES = Tales.read()
EVERY_TALE = [(town, tale) for town, told in TALES.towns.items() for tale in told.requests]


@pytest.fixture
def partnership(tmp_path: Path) -> Partnership:
    return Partnership.read(Home(tmp_path / "home").open().partnership)


# What is told


def test_requests_come_to_every_end_there_is() -> None:
    fates = {tale.fate for _, tale in EVERY_TALE}
    assert fates == {*get_args(Ending), *STOPS, *COURSES}
    assert 60 <= len(EVERY_TALE) <= 90


def test_every_municipality_says_the_same_things_in_its_own_words() -> None:
    first, *others = (town.words for town in TALES.towns.values())
    for words in others:
        assert words.keys() == first.keys()
        differing = [name for name in words if words[name] != first[name]]
        assert len(differing) == len(words), "every sentence is in the town's language"


@pytest.mark.parametrize(("town", "tale"), EVERY_TALE, ids=[f"{town}-{tale.key}" for town, tale in EVERY_TALE])
def test_a_tale_names_nobody_and_nothing_that_is_not_told(town: str, tale: Tale) -> None:
    people, keys = TALES.towns[town].people, [each.key for _, each in EVERY_TALE]
    assert tale.by in people.requesters
    assert tale.orderer is None or tale.orderer in people.orderers
    assert {each for each in (tale.into, tale.lends) if each} <= set(keys)
    assert set(tale.serves) <= TALES.towns.keys() - {town}
    assert 1 <= tale.week <= WEEKS
    assert (tale.into is not None) == (tale.fate in ("merged", "joined"))
    assert (tale.turn or tale.by_cab) or tale.fate not in ("postponed", "limited", "stopped", "resumed")
    assert [each.key for each in TALES.towns[town].requests].count(tale.key) == 1


def test_everybody_has_one_account_and_every_role_is_held(partnership: Partnership) -> None:
    everyone = Cast(TALES, partnership).everyone
    assert len({each.name for each in everyone}) == len(everyone)
    roles = {role for each in everyone for held in each.roles.values() for role in held}
    assert roles == {
        "pm", "operator", "auditor", "technician", "it_manager", "deputy", "service_desk", "leader", "requester",
    }  # fmt: skip
    named = {office.email for town in partnership.municipalities.values() for office in town.contacts}
    assert named <= {each.email for each in everyone}, "who is told by their office can sign in"


# How time goes


async def played(*lives: Callable[[Year], Any]) -> list[datetime]:
    told: list[datetime] = []

    async def tell(moment: datetime) -> None:
        told.append(moment)

    year = Year(ENDS, tell)
    await year.live([life(year) for life in lives])
    return told


async def test_lives_go_on_side_by_side_in_the_order_of_time() -> None:
    seen: list[tuple[str, int]] = []

    async def live(year: Year, name: str, *weeks: int) -> None:
        for week in weeks:
            await year.until(year.week(week))
            seen.append((name, week))

    told = await played(lambda year: live(year, "a", 2, 5, 9), lambda year: live(year, "b", 3, 5, 60))
    assert seen == [("a", 2), ("b", 3), ("a", 5), ("b", 5), ("a", 9)]
    assert len(told) == 4, "what happens together is told once; week 60 never comes"
    assert told == sorted(told)
    assert told[-1] < ENDS


async def test_what_goes_wrong_in_a_life_ends_the_year() -> None:
    async def fail(year: Year) -> None:
        await year.days(3)
        raise OutOfTheStory("a sentence")

    async def sleep(year: Year) -> None:
        await year.until(year.week(40))

    with pytest.raises(ExceptionGroup) as wrong:
        await played(fail, sleep)
    assert wrong.group_contains(OutOfTheStory)


async def test_nobody_works_at_weekends_and_on_holidays() -> None:
    days: list[date] = []

    async def work(year: Year) -> None:
        while True:
            await year.days(1)
            days.append(year.today)

    await played(work)
    assert len(days) > 250
    assert all(day.weekday() < 5 and (day.month, day.day) != (12, 25) for day in days)


# What is planned for a project

DEALT_OUT = date(2027, 2, 1)


def a_frame(ends: date = date(2027, 11, 1), **more: Any) -> Frame:
    gates = [date(2027, 1, 11), date(2027, 2, 22), date(2027, 8, 2), ends]
    return Frame(dealt_out=DEALT_OUT, gates=gates, ends=ends, last=date(2027, 11, 20), **more)


def a_tale(**more: Any) -> Tale:
    return Tale(key="bro", week=3, title="Bro", text="En bro", by="Sigrid Lund", **{"fate": "going", **more})


@pytest.mark.parametrize("cadence", ["7/14", "14/28", "28/56"])
def test_reports_come_before_they_are_due(cadence: str) -> None:
    reports = [act.on for act in calendar(a_tale(cadence=cadence), a_frame()) if act.what == "report"]
    period = timedelta(days=int(cadence.split("/", maxsplit=1)[0]))
    gaps = [later - earlier for earlier, later in zip([DEALT_OUT, *reports], reports, strict=False)]
    assert reports
    assert max(gaps) < period
    assert all(day.weekday() < 5 for day in reports)


def test_late_reports_are_the_last_of_a_project_that_goes_on_and_in_the_middle_of_one_that_is_done() -> None:
    def numbers(ends: date, **more: Any) -> list[int]:
        acts = calendar(a_tale(cadence="14/28", **more), a_frame(ends))
        return [act.number for act in acts if act.what == "report"]

    whole, late = (numbers(date(2028, 2, 1), late=late) for late in (0, 3))
    assert late == whole[:-3]
    done = numbers(date(2027, 11, 1), fate="done", late=3)
    assert set(range(1, done[-1])) - set(done) == {3, 4, 5}


def test_while_a_project_rests_nothing_is_done_in_it() -> None:
    rests, resumes = date(2027, 5, 3), date(2027, 7, 5)
    acts = calendar(a_tale(fate="resumed", turn=20), a_frame(turns=rests, resumes=resumes))
    assert [act.what for act in acts if rests <= act.on <= resumes] == ["turn", "resume"]
    assert next(act.on for act in acts if act.what == "report" and act.on > resumes) < resumes + timedelta(days=28)


def test_a_project_that_is_done_passes_its_gates_in_their_order_and_ends() -> None:
    acts = calendar(a_tale(fate="done"), a_frame())
    assert [act.about for act in acts if act.what == "gate"] == ["BP2", "BP3", "BP4"]
    assert acts[-1].what == "complete"


# The whole year, on a stage where everything succeeds


class Rehearsal(Stage):
    """Writes down what is done, and when."""

    def __init__(self, partnership: Partnership) -> None:
        super().__init__("http://nowhere.example", partnership, str)
        self.log: list[tuple[datetime, str, str, str]] = []

    async def tell(self, moment: datetime) -> None:
        self.now = moment

    async def deliver(self, municipality: str, system: str, ticket: Mapping[str, Any], key: str) -> dict[str, Any]:
        return self._do(f"{municipality}.{system}", "DELIVER", key, ticket)

    async def ask(
        self, email: str, method: str, path: str, said: Mapping[str, Any] | None = None, *, key: str = ""
    ) -> Any:
        return self._do(email, method, key, said) if key else [] if path.endswith("/proposal") else {"agenda": []}

    async def until(self, email: str, path: str, so: Callable[[Any], bool]) -> Any:
        return {"agenda": []}

    def _do(self, who: str, method: str, key: str, said: Mapping[str, Any] | None) -> dict[str, Any]:
        self.log.append((self.now, f"{who} {method}", key, json.dumps(said, default=str)))
        return {"id": str(uuid5(NAMESPACE_URL, key))}


async def rehearsed(partnership: Partnership, ends: datetime = ENDS) -> list[tuple[datetime, str, str, str]]:
    rehearsal, cast = Rehearsal(partnership), Cast(TALES, partnership)
    year = Year(ends, rehearsal.tell)
    await year.live(_everybody(World(TALES, cast, rehearsal, year)))
    return rehearsal.log


async def test_the_year_is_the_same_each_time_it_is_played(partnership: Partnership) -> None:
    first, again = [await rehearsed(partnership) for _ in range(2)]
    assert sorted(first) == sorted(again)
    keys = Counter(key for _, _, key, _ in first)
    assert max(keys.values()) == 1, "each thing has a key of its own"


MONDAY, SUNDAY, LEAP_DAY = (
    datetime(*day, tzinfo=UTC) for day in ((2027, 11, 22, 6), (2027, 1, 3, 23), (2028, 2, 29, 12))
)


@pytest.mark.parametrize("ends", [ENDS, MONDAY, SUNDAY, LEAP_DAY])
async def test_whenever_it_is_played_there_is_something_on_every_page(ends: datetime, partnership: Partnership) -> None:
    log = await rehearsed(partnership, ends)
    assert ends - timedelta(weeks=WEEKS + 1) < log[0][0] < log[-1][0] <= ends
    steps = Counter(key.rpartition("/")[2] for _, _, key, _ in log)
    assert steps["1"] + steps["registered"] == len(EVERY_TALE)
    assert steps["opened"] == 3
    assert steps["closed"] == 2
    assert steps["called"] == 4
    assert steps["approved"] == 3
    for step in ("complete", "lend", "stop", "postpone", "resume", "question", "back 1", "reopened 1", "BP3 held"):
        assert steps[step], step
    assert any(red in said for _, _, _, said in log for red in ('"cost": "red"', '"time": "red"'))


# Speaking to the services

Answer = Callable[[], web.Response]


@asynccontextmanager
async def a_stage(partnership: Partnership, *answers: Answer) -> AsyncIterator[tuple[Stage, list[web.Request]]]:
    """A stage on a server that gives these answers, one after the other, and then the last one again."""
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        asked.append(request)
        return answers[min(len(asked), len(answers)) - 1]()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server, Stage(str(server.make_url("")).rstrip("/"), partnership, str) as opened:
        yield opened, asked


def answered(status: int, **body: Any) -> Answer:
    headers = {"Flode-At": "2027-01-01T00:00:00+00:00"}
    return lambda: web.json_response(body, status=status, headers=headers)


async def test_a_service_that_is_away_is_asked_again_with_the_same_key(partnership: Partnership) -> None:
    async with a_stage(partnership, answered(503), answered(404), answered(201, id="7")) as (stage, asked):
        assert await stage.ask("maja@x.example", "POST", "/portfolio/api/x", {"day": date(2027, 1, 2)}, key="k") == {
            "id": "7"
        }
        assert stage.done == 1
    assert {request.headers["Idempotency-Key"] for request in asked} == {"flode-1/k"}
    assert [request.headers["Authorization"] for request in asked] == ["Bearer maja@x.example"] * 3
    assert {request.headers["Flode-At"] for request in asked} == {stage.now.isoformat()}


async def test_what_is_refused_for_good_is_said(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_stage(partnership, answered(422, detail="Say why.")) as (stage, asked):
        with pytest.raises(OutOfTheStory, match=r"422.*Say why"):
            await stage.ask("maja@x.example", "POST", "/x", {}, key="k")
        assert len(asked) == 1
    monkeypatch.setattr("embedded.demo.stage.PATIENCE", 0.1)
    async with a_stage(partnership, answered(409, detail="Not yet.")) as (stage, _):
        with pytest.raises(OutOfTheStory, match=r"409.*Not yet"):
            await stage.ask("maja@x.example", "POST", "/x", {}, key="k")


async def test_every_service_is_told_the_time_and_one_that_does_not_listen_ends_it(partnership: Partnership) -> None:
    async with a_stage(partnership, answered(200)) as (stage, asked):
        await stage.tell(ENDS)
    assert {request.path for request in asked} == {f"/{service}/health" for service in SERVICES}
    assert {request.headers["Flode-At"] for request in asked} == {ENDS.isoformat()}
    async with a_stage(partnership, lambda: web.json_response({})) as (stage, _):
        with pytest.raises(KeepsItsOwnTime):
            await stage.tell(ENDS)


async def test_tickets_are_signed_as_service_desks_sign_them(partnership: Partnership) -> None:
    ticket = {"kind": "created", "title": "Ny bro över ån"}
    at = ENDS.astimezone(HERE)
    for desk in partnership.service_desks:
        async with a_stage(partnership, answered(201)) as (playing, asked):
            playing.now = at
            await playing.deliver(desk.municipality, desk.system, ticket, "1")
            headers, body = {k.lower(): v for k, v in asked[0].headers.items()}, await asked[0].read()
        if desk.kind == "bearer":
            cloudevents.verify(headers, desk.secrets)
            (delivery,) = cloudevents.read(headers, body)
        else:
            standard_webhooks.verify(headers, body, desk.secrets, ENDS)
            delivery = standard_webhooks.read(headers, body)
        assert delivery.fault is None
        assert delivery.content == ticket


# Where it is played


def test_it_is_played_only_where_something_runs_and_nobody_else_has_an_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home").open()
    with pytest.raises(click.ClickException, match="flode up --demo"):
        play(home)
    monkeypatch.setattr(Home, "told", lambda _: {"url": "http://nowhere.example"})
    People(home.people).add(name="Alva Ek", email="alva@x.example", language="sv", roles={})
    with pytest.raises(click.ClickException, match="accounts here already"):
        play(home)


def test_a_year_that_was_broken_off_is_gone_on_with_and_one_that_was_played_is_over(
    tmp_path: Path, partnership: Partnership, capsys: pytest.CaptureFixture[str]
) -> None:
    rehearsal = Rehearsal(partnership)
    Programme(tmp_path / "demo.json").begin(ENDS)
    later = Programme(tmp_path / "demo.json")
    assert (later.ends, later.played) == (ENDS, False)
    later.shows(rehearsal)(9)
    later.shows(rehearsal)(9)
    later.shows(rehearsal)(10)
    later.end(rehearsal)
    assert Programme(tmp_path / "demo.json").played
    assert Programme(tmp_path / "demo.json").ends == ENDS
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"Playing a year: week 9 of {WEEKS}",
        "The year is over: 0 things were done in it",
    ]
