"""No word of one municipality reaches another (P11): not by lists, not by ids that are known, not by links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from html import unescape
from itertools import product
from zoneinfo import ZoneInfo

import httpx
import pytest

from chassis.service import Service, find_services
from contracts.partnership import partner_of
from tests.e2e.flow.private import CANARY, a_marked_request
from tests.e2e.flow.story import Story
from tests.e2e.installation import Installation

SERVICES = tuple(service.name for service in find_services())
ELSEWHERE = ("stranger", "danish manager", "deputy")
"""People of other municipalities; the stranger holds every role in theirs."""
AT_HOME = ("pm", "requester", "leader", "orderer")


@pytest.fixture(scope="session")
def marked(decided: Story) -> str:
    """The id of a request of Lindmåla's that is full of marks."""
    return a_marked_request(decided.here, datetime.now(ZoneInfo("Europe/Stockholm")).date())


@pytest.fixture(scope="session")
def paths(decided: Story, marked: str) -> list[str]:
    """Every address by which its own people can read of it: all of the APIs', and all pages their links lead to."""
    here = decided.here
    messages = [row["message_id"] for row in here.get("pm", f"/notifications/api/messages?about={marked}")]
    files = here.get("pm", f"/intake/api/requests/{marked}")["attachments"]
    ids = {
        "request_id": [marked],
        "key": [file["key"] for file in files],
        "round_id": [decided.ids["round"]],
        "meeting_id": [decided.ids["meeting"]],
        "message_id": messages[:5],
        "account_id": [row["account_id"] for row in here.get("auditor", "/governance/api/settings/accounts")[:1]],
        "partner_id": [str(partner_of("lindmala"))],
    }
    asked = sorted({path for service in find_services() for path in _of_the_api(here, service, ids)})
    also = [f"/notifications/api/messages?about={marked}", "/notifications/api/messages?state=sent",
            "/portfolio/api/projects?everything=true", "/governance/api/directives?which=settled",
            "/governance/api/directives?which=mine"]  # fmt: skip
    return [*asked, *also, *sorted({page for who in AT_HOME for page in _by_links(here, who, marked)})]


def _of_the_api(here: Installation, service: Service, ids: dict[str, list[str]]) -> Iterator[str]:
    """The service's own document says what can be read; an id it asks for that is not known here fails. A hook tells
    nobody anything but the one who proves a secret."""
    document = here.http.get(f"/{service.name}/openapi.json").json()
    for path in (path for path, methods in document["paths"].items() if "get" in methods and "/hooks/" not in path):
        names = re.findall(r"\{(\w+)\}", path)
        if "view" in names:
            keys = {view.name: ids[view.topics[0].subject][0] for view in service.views}
            yield from (path.format(view=view, key=key) for view, key in keys.items())
        else:
            known = product(*(ids[name] for name in names))
            yield from (path.format(**dict(zip(names, chosen, strict=True))) for chosen in known)


def _by_links(here: Installation, who: str, marked: str) -> set[str]:
    """The pages somebody comes to by following links from the services' start pages."""
    waiting, seen, kinds = [f"/{service}/" for service in SERVICES], set[str](), set[str]()
    while waiting:
        path = waiting.pop()
        # One of a kind is enough: of what was at many moments one moment, of a list in many orders one order.
        kind = re.sub(r"\b(as_of|and|sort)=[^&]*", r"\1=", path)
        if kind in kinds:
            continue
        kinds.add(kind)
        seen.add(path)
        answer = _page(here, who, path)
        links = {unescape(link).partition("#")[0] for link in re.findall(r'href="(/[^"]*)"', answer.text)}
        waiting += [
            link
            for link in sorted(links)
            if link.split("/")[1] in SERVICES and not re.search(r"/(static|language)/|after=", link)
            # And of single requests, rounds and meetings the marked one's pages.
            and (not re.search(r"[0-9a-f]{8}-", link) or marked in link)
        ]  # fmt: skip
    assert len(seen) < 300, "the links lead round in circles"
    return seen


def _page(here: Installation, who: str, path: str) -> httpx.Response:
    """A page as a browser gets it: but for the session, redirections followed."""
    headers = {"Authorization": f"Bearer {here.tokens[who]}", **here.after(path)}
    return here.http.get(path, headers=headers, follow_redirects=True)


def _answers(here: Installation, who: str, paths: list[str]) -> dict[str, httpx.Response]:
    """What somebody is answered at each address; a few at a time, because what a view was takes a moment to be read."""
    with ThreadPoolExecutor(4) as few:
        return dict(zip(paths, few.map(lambda path: _page(here, who, path), paths), strict=True))


def test_its_own_people_read_every_mark_so_the_walk_reaches_them(
    installation: Installation, marked: str, paths: list[str]
) -> None:
    pages = [path for path in paths if "/api/" not in path]
    answers = {who: _answers(installation, who, paths if who == "pm" else pages) for who in AT_HOME}
    failed = {path for each in answers.values() for path, answer in each.items() if answer.status_code >= 500}
    assert failed == set()
    read = "\n".join(answer.text for each in answers.values() for answer in each.values())
    marks = set(re.findall(rf"{CANARY}-([a-z]+(?:-[a-z]+)*)", read))
    assert marks >= {
        "accepted", "action", "answer", "competence", "contact", "cost-line", "criterion", "description", "directive",
        "file", "firm", "gate", "gate-note", "judgement", "limited", "member", "new-title", "next", "number",
        "organisation", "plan", "postponed", "promised", "question", "rank", "remark", "report", "resources",
        "responsible", "result", "risk", "role", "scope", "section", "step", "talk", "title", "url",
    } - {"directive"}, marks  # fmt: skip
    assert len(paths) > 60


@pytest.mark.parametrize("who", ELSEWHERE)
def test_people_of_other_municipalities_read_no_mark_anywhere(
    installation: Installation, marked: str, paths: list[str], who: str
) -> None:
    """P11"""
    answers = _answers(installation, who, paths)
    assert {path for path, answer in answers.items() if CANARY in answer.text} == set()
    assert {answer.status_code for path, answer in answers.items() if marked in path} <= {200, 403, 404}
    assert [path for path, answer in answers.items() if answer.status_code >= 500] == []


def test_a_stranger_changes_nothing_of_it_and_is_not_told_that_it_exists(
    installation: Installation, marked: str
) -> None:
    """P11: whatever their roles at home, it is as if there were nothing by that id."""
    for path, said in (
        (f"/intake/api/requests/{marked}/classification", {"outcome": "change", "reason": "x", "criteria": []}),
        (f"/portfolio/api/projects/{marked}/rank", {"rank": 1}),
        (f"/portfolio/api/projects/{marked}/stop", {"reason": "x"}),
        (f"/governance/api/directives/{marked}/accept", {"version": 1}),
        (f"/governance/api/plans/{marked}/acceptances", {"version": 1, "party": "it_team"}),
    ):
        answer = installation.ask("stranger", "POST", path, said)
        assert answer.status_code in (403, 404), f"{path}: {answer.text}"
        assert CANARY not in answer.text


def test_what_is_shared_on_purpose_is_shared(decided: Story) -> None:
    """IT-13, IT-15, IT-21: served municipalities see the project, all partners their round and their meeting."""
    served = decided.here.get("deputy", f"/portfolio/api/projects/{decided.ids['project']}")
    assert served["municipality"] == "lindmala"
    assert decided.here.ask("stranger", "GET", f"/portfolio/api/projects/{decided.ids['project']}").status_code == 404
    for part in ("deputy", "stranger"):
        assert decided.here.ask(part, "GET", f"/portfolio/api/rounds/{decided.ids['round']}").status_code == 200
        assert decided.here.ask(part, "GET", f"/governance/api/meetings/{decided.ids['meeting']}").status_code == 200
