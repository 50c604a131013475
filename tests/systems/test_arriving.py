"""The cases that break intakes, for every system they apply to: whatever a system does to its tickets, each is one
request, nothing authentic is lost, and nothing forged gets in.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.testing import Databases
from tests.systems.peer import OPENED, Event, Peer, Sent, Story, all_peers
from tests.systems.world import Connected, connected

PEERS = all_peers()
PUSHING = {kind: peer for kind, peer in PEERS.items() if peer.sends}
STORY = Story()


def only(*events: Event) -> pytest.MarkDecorator:
    """The systems that tell of these events by webhook."""
    kinds = [kind for kind, peer in PUSHING.items() if set(events) <= peer.sends]
    return pytest.mark.parametrize("kind", kinds, scope="function")


@pytest.fixture
async def desk(kind: str, databases: Databases, tmp_path: Path) -> AsyncIterator[Connected]:
    async with connected(PEERS[kind](), databases, tmp_path) as opened:
        yield opened


# --- 1. the same delivery again ---


@only("created")
async def test_fifty_copies_at_once_are_one_request_and_get_one_answer(desk: Connected) -> None:
    """IT-02, P3, P1"""
    desk.peer.tickets[STORY.number] = STORY
    sent = desk.make(STORY, "created")
    answers = await asyncio.gather(*(desk.send(sent) for _ in range(50)))
    assert {answer.status_code for answer in answers} <= {201, 202}
    assert len({answer.text for answer in answers}) == 1
    await desk.asks()
    assert await desk.world.facts() == ["request-registered"]
    assert len(await desk.outcomes()) == 1


@only("created")
async def test_an_answer_has_a_body_of_json(desk: Connected) -> None:
    """Some senders take a 20x without one for a failure, and try again."""
    answer = await desk.happens(STORY, "created")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["outcome"] in ("registered", "held")


# --- 2. one delivery, two bodies; two updates in one second ---


@only("created", "changed")
async def test_a_delivery_that_says_more_at_its_second_try_is_followed(desk: Connected) -> None:
    await desk.happens(STORY, "created", name="one")
    later = STORY.later(title="E-tjänst för bygglov och marklov")
    await desk.happens(later, "created" if desk.peer.names_delivery else "changed", name="one")
    assert (await desk.request(STORY))["title"] == later.title
    assert len(await desk.outcomes()) == 2


@only("created", "changed")
async def test_of_two_changes_in_one_second_the_later_to_come_is_right(desk: Connected) -> None:
    await desk.happens(STORY, "created")
    first, second = (STORY.later(0, title=title) for title in ("Första", "Andra"))
    await desk.happens(first, "changed")
    await desk.happens(second.later(0), "changed")
    assert (await desk.request(STORY))["title"] == "Andra"


# --- 3. late and out of order ---


@only("created", "changed")
async def test_a_change_that_overtakes_the_creation_makes_the_request_and_is_not_undone(desk: Connected) -> None:
    """P13"""
    later = STORY.later(title="Den nya rubriken")
    early = desk.make(STORY, "created", name="early")
    await desk.happens(later, "changed")
    answer = await desk.send(early)
    if not desk.peer.thin:
        assert answer.status_code == 200
        assert answer.json()["outcome"] == "stale"
    await desk.asks()
    assert (await desk.request(STORY))["title"] == "Den nya rubriken"
    assert (await desk.world.facts()).count("request-registered") == 1


@only("created", "deleted", "changed")
async def test_a_deletion_wins_over_what_comes_after_it(desk: Connected) -> None:
    late = desk.make(STORY.later(title="För sent"), "changed", name="late")
    await desk.happens(STORY, "created")
    await desk.happens(STORY.later(20, deleted=True), "deleted")
    await desk.send(late)
    await desk.asks()
    row = await desk.request(STORY)
    assert (row["state"], row["withdrawn"]) == ("withdrawn", "deleted")


# --- 4. edits after the judgement ---


async def judge(desk: Connected, outcome: str = "project") -> None:
    criteria = [
        {"key": one.key, "met": outcome == "project", "note": ""} for one in desk.world.here.partnership.size_criteria
    ]
    said = {"outcome": outcome, "reason": "Den är stor.", "criteria": criteria}
    path = f"/intake/api/requests/{desk.request_id(STORY)}/classification"
    answer = await desk.world.post(path, desk.world.pm, said)
    assert answer.status_code == 201, answer.text


@only("created", "changed")
async def test_an_edit_after_the_judgement_leaves_what_was_judged_as_it_was(desk: Connected) -> None:
    """IT-05"""
    await desk.happens(STORY, "created")
    await judge(desk)
    await desk.happens(STORY.later(title="En helt annan sak"), "changed")
    row = await desk.request(STORY)
    assert (row["state"], row["title"]) == ("project", "En helt annan sak")
    assert row["judgement"]["title"] == STORY.title


# --- 5. closed and opened again, and what we wrote ourselves ---


@only("created", "closed", "reopened")
async def test_a_ticket_closed_and_opened_again_is_withdrawn_and_waits_again(desk: Connected) -> None:
    await desk.happens(STORY, "created")
    closed = STORY.later(closed=True)
    await desk.happens(closed, "closed")
    assert (await desk.request(STORY))["withdrawn"] == "closed"
    await desk.happens(closed.later(closed=False), "reopened")
    assert (await desk.request(STORY))["state"] == "waiting"


@only("created", "closed")
async def test_a_ticket_closed_because_it_is_a_project_now_stays_one(desk: Connected) -> None:
    await desk.happens(STORY, "created")
    await judge(desk)
    await desk.happens(STORY.later(closed=True), "closed")
    assert (await desk.request(STORY))["state"] == "project"


@pytest.mark.parametrize("event", ["changed", "commented", "closed"])
@only("created")
async def test_the_echo_of_what_we_wrote_ourselves_says_nothing_new(desk: Connected, event: Event) -> None:
    """Two systems that answer each other would never end."""
    if event not in desk.peer.sends:
        return
    await desk.happens(STORY, "created")
    await judge(desk)
    before = await desk.world.facts()
    echo = STORY.later(closed=event == "closed", comments=("Ärendet är ett projekt. [flode:0123456789ab]",))
    await desk.happens(echo, event)
    assert await desk.world.facts() == before


# --- 6. merged ---


@only("created", "merged")
async def test_a_merged_ticket_is_followed_in_the_surviving_one(desk: Connected) -> None:
    """IT-03"""
    other = Story(number=82, title="Samma sak en gång till")
    await desk.happens(other, "created")
    await desk.happens(STORY, "created")
    await desk.happens(STORY.later(into=82), "merged")
    row = await desk.request(STORY)
    assert (row["state"], row["merged_into"]) == ("merged", str(desk.request_id(other)))


@only("created", "merged")
async def test_tickets_merged_into_each_other_make_no_circle(desk: Connected) -> None:
    other = Story(number=82)
    await desk.happens(other, "created")
    await desk.happens(STORY, "created")
    await desk.happens(STORY.later(into=82), "merged")
    await desk.happens(other.later(into=81), "merged")
    assert (await desk.request(other))["state"] == "waiting"
    assert "parked" in await desk.outcomes()


# --- 7. moved ---


@only("created", "moved")
async def test_a_ticket_that_leaves_the_project_flow_is_withdrawn_and_comes_back(desk: Connected) -> None:
    """IT-04"""
    await desk.happens(STORY, "created")
    away = STORY.later(flow="Support")
    await desk.happens(away, "moved")
    assert (await desk.request(STORY))["withdrawn"] == "left_flow"
    await desk.happens(away.later(flow="Projekt"), "moved")
    assert (await desk.request(STORY))["state"] == "waiting"


@only("created")
async def test_a_ticket_of_another_flow_is_not_ours(desk: Connected) -> None:
    """IT-04"""
    await desk.happens(Story(flow="Support"), "created")
    assert await desk.world.facts() == []


@only("created")
async def test_the_municipality_comes_from_the_credential(desk: Connected) -> None:
    """P11: the same ticket number at a neighbour is another request."""
    await desk.happens(STORY, "created")
    answer = await desk.send(desk.make(STORY, "created", secret=desk.peer.neighbour_secret), "nordvik")
    assert answer.status_code in (200, 201, 202), answer.text
    rows = await desk.world.here.db.worker.fetch("SELECT DISTINCT municipality FROM events")
    assert {row["municipality"] for row in rows} <= {"ekvik", "nordvik"}
    assert (await desk.request(STORY))["municipality"] == "ekvik"


# --- 8. clocks ---


@only("created")
async def test_times_are_read_in_the_zone_they_were_written_in(desk: Connected) -> None:
    """P13"""
    await desk.happens(STORY, "created")
    assert (await desk.request(STORY))["opened_at"] == OPENED.isoformat().replace("+00:00", "Z")


@only("created", "changed")
async def test_a_sender_whose_clock_is_an_hour_behind_is_followed_in_its_own_order(desk: Connected) -> None:
    """P13"""
    behind = Story(opened=OPENED - timedelta(hours=1), changed=OPENED - timedelta(hours=1))
    await desk.happens(behind, "created")
    await desk.happens(behind.later(title="Senare"), "changed")
    assert (await desk.request(STORY))["title"] == "Senare"


# --- 9. letters and markup ---


@only("created")
async def test_what_people_wrote_comes_through_whole(desk: Connected) -> None:
    await desk.happens(STORY, "created")
    row = await desk.request(STORY)
    assert row["title"] == "Räksmörgås Ærø Bodø"
    assert row["description"] == STORY.text
    assert (row["requester_name"], row["requester_email"]) == (STORY.name, STORY.email)
    if desk.peer.tells_unit:
        assert row["organisation"] == STORY.unit
    assert row["ticket"]["external_id"] == desk.peer.external_id(STORY)
    assert row["ticket"]["number"] == desk.peer.shown_number(STORY)


@only("created")
async def test_a_name_composed_otherwise_is_the_same_title(desk: Connected) -> None:
    apart = unicodedata.normalize("NFD", STORY.title)
    await desk.happens(Story(title=f"{apart}\u00ad"), "created")
    assert (await desk.request(STORY))["title"] == STORY.title


@only("created")
async def test_scripts_and_tracking_images_are_gone_and_the_text_is_there(desk: Connected) -> None:
    html = '<p>Vi behöver <b>mer</b>.</p><script>alert(1)</script><img src="https://t.example/1.gif" onerror="x()">'
    await desk.happens(Story(text="Vi behöver mer.", html=html), "created")
    said = (await desk.request(STORY))["description"]
    assert "Vi behöver mer" in said
    assert not any(evil in said for evil in ("alert", "t.example", "onerror", "<p>", "<script"))


# --- 10. forged, replayed, huge ---


@only("created")
async def test_whoever_cannot_prove_themselves_gets_one_answer_whatever_is_wrong(desk: Connected) -> None:
    """IT-02, IT-07"""
    good = desk.make(STORY, "created")
    bare = desk.peer.unproven(good)
    wrong = [
        desk.make(STORY, "created", secret="not-the-secret-of-ekvik"),
        desk.make(STORY, "created", secret=desk.peer.neighbour_secret),
        bare,
        Sent(b"", bare.headers),
        Sent(b"\xff\x00 no json", bare.headers),
    ]
    answers = [await desk.send(sent) for sent in wrong]
    unknown = await desk.world.client.post(
        f"/intake/hooks/{desk.peer.kind}/ekvik.nothing", content=good.body, headers=good.raw_headers
    )
    assert {answer.status_code for answer in (*answers, unknown)} == {401}
    assert len({answer.text for answer in (*answers, unknown)}) == 1
    assert await desk.world.facts() == []
    assert await desk.outcomes() == []


@only("created")
async def test_the_next_secret_is_accepted_while_it_is_being_changed(desk: Connected) -> None:
    answer = await desk.send(desk.make(STORY, "created", secret=desk.peer.next_secret))
    assert answer.status_code in (201, 202), answer.text


@only("created")
async def test_an_authentic_delivery_that_cannot_be_read_is_kept_and_not_asked_for_again(desk: Connected) -> None:
    odd = desk.peer.odd(name="odd", secret=desk.peer.secret, at=desk.world.clock.now())
    answer = await desk.send(odd)
    assert answer.status_code == 202, answer.text
    assert answer.json()["errors"]
    assert await desk.outcomes() == ["parked"]
    page = await desk.world.client.get("/intake/deliveries", headers=desk.world.pm)
    assert page.status_code == 200
    assert desk.peer.kind in page.text


# --- what no delivery told of, and what a delivery does not say ---

POLLED = pytest.mark.parametrize("kind", [kind for kind, peer in PEERS.items() if peer.polled])


@POLLED
async def test_a_ticket_that_was_never_delivered_is_found_by_polling(desk: Connected) -> None:
    desk.peer.tickets[STORY.number] = STORY.later(20 * 60)
    await desk.polls()
    row = await desk.request(STORY)
    assert (row["title"], row["description"], row["requester_email"]) == (STORY.title, STORY.text, STORY.email)
    await desk.polls()
    assert await desk.world.facts() == ["request-registered"]


@POLLED
async def test_a_ticket_that_was_delivered_and_polled_is_one_request(desk: Connected) -> None:
    """P3"""
    story = STORY.later(20 * 60)
    if desk.peer.sends:
        await desk.happens(story, "created")
    desk.peer.tickets[story.number] = story
    await desk.polls()
    await desk.polls()
    assert await desk.world.facts() == ["request-registered"]
    if "changed" not in desk.peer.polled:
        return
    desk.peer.tickets[story.number] = story.later(title="Ny rubrik")
    await desk.polls()
    assert await desk.world.facts() == ["request-registered", "request-changed"]


@pytest.mark.parametrize("kind", ["zammad", "jira", "redmine", "topdesk"])
async def test_a_ticket_that_is_dated_in_years_to_come_hides_no_other(desk: Connected) -> None:
    """P13"""
    desk.peer.tickets[82] = Story(number=82).later(3 * 365 * 24 * 60)
    await desk.polls()
    desk.peer.tickets[STORY.number] = STORY.later(20 * 60)
    await desk.polls()
    await desk.polls()
    assert (await desk.request(STORY))["state"] == "waiting"


@POLLED
async def test_a_system_that_does_not_answer_is_polled_again_later(desk: Connected) -> None:
    desk.peer.tickets[STORY.number] = STORY.later(20 * 60)
    desk.peer.fails = [(503, {"Retry-After": "120"})]
    await desk.polls()
    assert await desk.world.facts() == []
    await desk.waits_no_more("poll")
    await desk.polls()
    assert await desk.world.facts() == ["request-registered"]


LOOKS_UP = pytest.mark.parametrize("kind", [kind for kind, peer in PUSHING.items() if "created" in peer.looks_up])


@LOOKS_UP
async def test_a_system_that_cannot_be_asked_loses_no_request(desk: Connected) -> None:
    desk.peer.tickets[STORY.number] = STORY
    desk.peer.fails = [(503, {})] * 40
    answer = await desk.send(desk.make(STORY, "created"))
    assert answer.status_code == 202
    for _ in range(14):
        await desk.asks()
        await desk.waits_no_more()
    assert (await desk.outcomes())[0] in ("registered", "parked")


def test_every_peer_says_what_it_is(subtests: pytest.Subtests) -> None:
    for kind, peer in PEERS.items():
        with subtests.test(kind):
            assert issubclass(peer, Peer)
            assert peer.kind == kind
            assert peer.sends or peer.polled
