"""A ticket becomes a ranked, assigned, reported project: over the public addresses of a running installation.

What happens is told in `flow/`; here is said what must have come of it, step by step.
"""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.e2e.cast import CAST
from tests.e2e.flow.directive import ANSWER, DRAFT, QUESTION
from tests.e2e.flow.story import Story
from tests.e2e.flow.tickets import DESCRIPTION, TITLE
from tests.e2e.flow.work import TALK

# Tickets


def test_a_signed_ticket_is_registered_once_and_its_copy_answered_the_same(registered: Story) -> None:
    """IT-02, IT-03, P3"""
    first, again = registered.said["a ticket is delivered"], registered.said["it is delivered again"]
    assert (first.status_code, first.json()["outcome"], first.headers["ETag"]) == (201, "registered", '"1"')
    assert first.json()["detail"] == "Ärendet är registrerat och väntar på PM."
    assert (again.status_code, again.content, again.headers["Flode-Duplicate"]) == (201, first.content, "true")
    changed = registered.said["its text is changed"]
    assert (changed.status_code, changed.json()["outcome"], changed.json()["version"]) == (200, "changed", 2)


def test_a_ticket_is_seen_in_the_inbox_as_soon_as_it_is_answered(registered: Story) -> None:
    """IT-05: reading with the position of one's own write waits for it."""
    mine = [row for row in registered.shown["the inbox after the ticket"] if row["number"] == "17081"]
    assert [(row["title"], row["requester_name"], row["priority"]) for row in mine] == [(TITLE, "Sigrid Almlöf", 2)]


def test_cloudevents_are_taken_structured_binary_and_in_batches(registered: Story) -> None:
    """IT-02: one event in two forms is one delivery."""
    first = registered.said["a ticket comes as a CloudEvent"]
    assert (first.status_code, first.json()["detail"]) == (201, "Sagen er registreret og venter på PM.")
    assert registered.said["the same CloudEvent, binary"].json()["id"] == first.json()["id"]
    assert registered.said["the same CloudEvent, binary"].json()["version"] == 1
    batch = registered.said["a batch of CloudEvents"]
    assert batch.status_code == 200
    assert [one["outcome"] for one in batch.json()["results"]] == ["changed", "registered"]


@pytest.mark.parametrize(
    ("sentence", "status", "rule"),
    [
        ("a technician registers by hand", 403, "IT-07"),
        ("the PM registers by hand", 403, "IT-02"),
        ("a ticket is not signed", 401, "IT-02"),
    ],
)
def test_nobody_but_a_service_desk_registers(registered: Story, sentence: str, status: int, rule: str) -> None:
    """IT-02, IT-07"""
    problem = registered.refused(sentence, status, rule)
    if rule == "IT-07":
        assert "Service Desk i Lindmåla kommun" in problem["detail"], "it says where to go"


# The judgement


@pytest.mark.parametrize(
    ("sentence", "status", "rule"),
    [
        ("a technician judges", 403, "IT-07"),
        ("a manager judges", 403, "IT-05"),
        ("the PM judges without criteria", 422, "IT-06"),
        ("the PM judges what has changed", 412, None),
        ("the key is used for something else", 422, None),
        ("the change is judged anew", 409, "IT-06"),
        ("a change is taken back", 409, "IT-06"),
    ],
)
def test_only_the_pm_judges_once_by_criteria_what_stands(judged: Story, sentence: str, status: int, rule: str) -> None:
    """IT-05, IT-06, IT-07"""
    judged.refused(sentence, status, rule)


def test_a_judgement_repeated_with_its_key_is_answered_the_same_and_happens_once(judged: Story) -> None:
    """IT-05, P3"""
    first, again = judged.said["the PM judges"], judged.said["the PM judges again with the same key"]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert judged.shown["the request before it is judged"]["version"] == 2
    row = judged.shown["the request after it is judged"]
    assert (row["version"], row["state"], row["description"]) == (3, "project", DESCRIPTION)
    assert row["judgement"]["by_name"] == "Maja Ek"
    assert {each["key"] for each in row["judgement"]["criteria"] if each["met"]} == {"effort", "cost"}


def test_projects_enter_the_portfolio_and_a_change_ends_there(judged: Story) -> None:
    """IT-06, IT-08"""
    waiting = {row["request_id"] for row in judged.shown["the inbox after all are judged"]}
    assert waiting.isdisjoint(judged.ids.values())
    rows = {row["request_id"]: row for row in judged.shown["the portfolio after the judgements"]}
    projects = [judged.ids[name] for name in ("project", "danish project", "norwegian project")]
    assert rows.keys() == set(projects)
    assert {rows[each]["state"] for each in projects} == {"entered"}
    assert [rows[each]["origin"] for each in projects] == ["business"] * 3
    assert rows[projects[0]]["serves"] == ["lindmala", "fjellvaag"]


# The directive


def test_the_requesters_link_opens_theirs_and_nothing_else(filled_in: Story) -> None:
    """IT-09, P11"""
    page = filled_in.said["the link is opened"]
    assert page.status_code == 200
    assert TITLE in page.text
    assert filled_in.said["the link with another end"].status_code == 403
    elsewhere = filled_in.said["the link at another's directive"]
    assert (elsewhere.status_code, elsewhere.headers["location"].partition("?")[0]) == (303, "/sign-in")
    assert filled_in.said["another site sends the form"].status_code == 403
    filled_in.refused("a stranger reads the directive", 404, "IT-09")


def test_drafts_questions_and_answers_are_the_requesters_and_the_pms_alone(filled_in: Story) -> None:
    """IT-10, IT-11"""
    saved = filled_in.said["a draft is saved by link"]
    assert saved.status_code == 200, "the page after the form shows what was written"
    assert DRAFT in saved.text
    draft = filled_in.shown["the directive while it is filled in"]
    assert (draft["stage"], draft["draft"]["background"], draft["draft_by"]) == ("in_progress", DRAFT, "requester")
    other = filled_in.shown["what an auditor sees of the draft"]
    assert (other["draft"], other["said"]) == (None, [])
    for past in ("the directives as they were", "the plans as they were", "all directives"):
        told = json.dumps(filled_in.shown[past], ensure_ascii=False)
        assert [secret for secret in (DRAFT, QUESTION, ANSWER) if secret in told] == [], past
    after = filled_in.shown["the directive after it was sent back"]
    assert [(said["by"], said["text"]) for said in after["said"]] == [("requester", QUESTION), ("pm", ANSWER)]


def test_mistakes_are_refused_each_beside_its_field_and_oddities_warned_of(filled_in: Story) -> None:
    """TY-09, TY-12, TY-13, TY-14, TY-18, TY-21"""
    problem = filled_in.refused("it is returned with mistakes", 422, "TY-09")
    assert {(each["field"], each["rule"]) for each in problem["errors"]} == {
        ("gates.3.on", "TY-09"), ("results.1.due", "TY-12"), ("ranking.0", "TY-14"), ("cost.cap", "TY-18"),
    }  # fmt: skip
    warned = filled_in.said["it is returned with oddities"].json()
    assert [(each["rule"], each["field"]) for each in warned["warnings"]] == [
        ("TY-13", "cost.cap"), ("TY-21", "gates.2.on"),
    ]  # fmt: skip
    assert filled_in.said["the same return again"].json() == warned
    assert filled_in.said["it is returned again"].json()["warnings"] == []


@pytest.mark.parametrize(
    ("sentence", "status", "rule"),
    [
        ("the PM returns it for them", 403, "IT-11"),
        ("it is signed before it is accepted", 409, "TY-01"),
        ("the orderer accepts", 403, "IT-10"),
        ("an old version is accepted", 409, "TY-06"),
        ("the PM signs", 403, "TY-01"),
        ("the orderer signs for the leader too", 409, "TY-01"),
    ],
)
def test_each_does_their_own_part_of_the_agreement(agreed: Story, sentence: str, status: int, rule: str) -> None:
    """IT-10, IT-11, TY-01, TY-06"""
    agreed.refused(sentence, status, rule)


def test_a_directive_is_sent_back_returned_again_and_signed_by_two(agreed: Story) -> None:
    """IT-10, TY-01"""
    back = agreed.shown["the directive after it was sent back"]
    assert (back["stage"], back["with_whom"], back["version"]) == ("sent_back", "requester", 1)
    assert back["versions"][0]["remarks"] == [{"field": "cost.cap", "text": "Menar ni kronor?"}]
    row = agreed.shown["the approved directive"]
    assert (row["stage"], row["approved_version"], row["with_whom"]) == ("approved", 2, "nobody")
    assert row["versions"][1]["orderer_signed_at"] < row["versions"][1]["leader_signed_at"]
    assert row["versions"][1]["directive"]["leader"]["name"] == "Hanna Bergdal"


def test_the_portfolio_knows_budget_gates_and_cadences_from_the_directive(agreed: Story) -> None:
    """TY-09, TY-13, TY-15"""
    row = agreed.shown["the project with its budget"]
    assert (Decimal(row["budget"]), row["currency"], row["next_gate"]) == (Decimal(600_000), "SEK", "BP1")
    assert [gate["key"] for gate in row["gates"]] == ["BP1", "BP2", "BP3", "BP4"]
    assert row["orderer"]["name"] == "Greta Lindmark"


# The round


@pytest.mark.parametrize(
    ("sentence", "status", "rule"),
    [
        ("it is assigned before it is ranked", 409, "IT-16"),
        ("a manager opens a round", 403, "IT-13"),
        ("Lindmåla votes again", 409, "IT-13"),
        ("Lindmåla votes for Sønderlund", 403, "IT-13"),
        ("the PM votes", 403, "IT-13"),
        ("a vote is half", 422, "IT-12"),
        ("Fjellvåg votes again, by its manager", 409, "IT-13"),
        ("a manager closes the round", 403, "IT-13"),
        ("the round is closed again", 409, "IT-13"),
        ("a vote comes too late", 409, "IT-13"),
    ],
)
def test_nobody_votes_twice_for_another_or_too_late(ranked: Story, sentence: str, status: int, rule: str) -> None:
    """IT-12, IT-13, IT-16"""
    ranked.refused(sentence, status, rule)


def test_a_round_has_all_municipalities_its_criteria_and_secret_votes_until_it_closes(ranked: Story) -> None:
    """IT-12, IT-13, IT-14"""
    assert ranked.said["the PM opens a round"].json() == ranked.said["the same round again"].json()
    row = ranked.shown["the round as the Danish manager sees it"]
    assert {each["key"]: Decimal(each["weight"]) for each in row["criteria"]} == {
        "time": 1, "economy": 1, "cooperation": 2,
    }  # fmt: skip
    assert ranked.shown["the votes while the round is open"].keys() == {"soenderlund"}
    because = ranked.shown["why the round looks so"]["because"]
    given = [event["data"]["scores"] for event in because if event["type"] == "portfolio.scores-given.v1"]
    assert given == [None, None, None], "who may ask what a view showed does not learn of open votes by it"
    votes = ranked.shown["the votes after the round is closed"]
    assert votes.keys() == {"lindmala", "soenderlund", "fjellvaag"}
    assert (votes["fjellvaag"]["as_deputy"], votes["fjellvaag"]["deputy_for"]["name"]) == (True, "Ragna Moen")
    assert not votes["lindmala"]["as_deputy"]


def test_the_closed_round_gives_the_ranks_with_favour_for_those_who_share(ranked: Story) -> None:
    """IT-13, IT-14, IT-15"""
    rows = {row["request_id"]: row for row in ranked.shown["the portfolio after the round"]}
    ranks = {name: rows[ranked.ids[f"{name}project"]] for name in ("", "danish ", "norwegian ")}
    assert [row["rank"] for row in ranks.values()] == [1, 2, 3]
    # Means 11/3, 3 and 7/3; the first serves two municipalities: one point more for cooperation, which weighs half.
    assert [Decimal(row["score"]) for row in ranks.values()] == [Decimal("4.17"), Decimal(3), Decimal("2.33")]
    assert {row["state"] for row in ranks.values()} == {"prioritised"}
    assert ranked.shown["the round after it is closed"]["state"] == "closed"


# Assignment, plan, reports


@pytest.mark.parametrize(
    ("sentence", "status", "rule"),
    [
        ("a manager assigns", 403, "IT-16"),
        ("a volunteer is in the group", 422, None),
        ("the PM assigns on what was seen before", 412, None),
        ("a report of somebody who does not lead it", 403, "IT-20"),
        ("the PM writes the plan", 403, "IT-18"),
        ("a plan from what was never approved", 422, "IT-18"),
        ("the leader accepts for the business", 403, "IT-19"),
        ("the PM accepts it twice", 409, "IT-19"),
        ("a forecast below what is spent", 422, "IT-20"),
    ],
)
def test_the_work_is_dealt_out_planned_and_reported_by_the_right_ones(
    reported: Story, sentence: str, status: int, rule: str
) -> None:
    """IT-16, IT-18, IT-19, IT-20"""
    reported.refused(sentence, status, rule)


def test_a_project_has_a_leader_and_a_group_of_three_kinds(planned: Story) -> None:
    """IT-16, IT-17"""
    row = planned.shown["the project after it is assigned"]
    assert (row["state"], row["leader"]["name"]) == ("assigned", "Hanna Bergdal")
    assert [each["kind"] for each in row["group"]] == ["it_team", "it_team", "external_consultant", "business"]


def test_the_plan_comes_from_a_named_version_and_starts_the_work_when_both_accept(planned: Story) -> None:
    """IT-18, IT-19, TY-23"""
    plan = planned.shown["the plan"]
    assert (plan["state"], plan["agreed_version"], plan["versions"][0]["directive_version"]) == ("agreed", 1, 2)
    accepted = plan["versions"][0]
    assert (accepted["it_team"]["name"], accepted["business"]["name"]) == ("Maja Ek", "Greta Lindmark")
    assert planned.shown["the project when the plan is agreed"]["plan_version"] == 1


def test_reports_gates_and_talks_are_in_the_history(reported: Story) -> None:
    """IT-20, IT-22, TY-09"""
    row = reported.shown["the project after it turned red"]
    assert (row["health"], row["trend"], row["reports"], row["next_gate"]) == ("red", "worse", 2, "BP2")
    told = reported.shown["the history after it turned red"]
    assert [(each["number"], each["cost"]) for each in told["reports"]] == [(1, "green"), (2, "red")]
    assert [(each["with_whom"]["name"], each["note"]) for each in told["dialogue"]] == [("Greta Lindmark", TALK)]


# The CAB, and the end


@pytest.mark.parametrize(
    ("sentence", "status", "rule"),
    [
        ("a manager calls the CAB", 403, "IT-21"),
        ("a decision on what is not on the agenda", 409, "IT-21"),
        ("minutes before attendance", 409, "IT-21"),
        ("a deputy of nobody", 422, "IT-21"),
        ("the writer approves the minutes", 403, "IT-21"),
        ("one who was away approves them", 403, "IT-21"),
        ("the leader completes it", 403, "TY-04"),
        ("it is stopped after its end", 409, "TY-04"),
    ],
)
def test_the_cab_and_the_end_have_their_order(completed: Story, sentence: str, status: int, rule: str) -> None:
    """IT-21, TY-04"""
    completed.refused(sentence, status, rule)


def test_the_agenda_builds_itself_from_what_changed(decided: Story) -> None:
    """IT-21"""
    items = {item["request_id"]: item["reasons"] for item in decided.shown["the proposed agenda"]}
    assert items[decided.ids["project"]] == ["red", "worsened", "gate_due", "ranked", "new"]
    assert items[decided.ids["danish project"]] == ["ranked", "new"]
    assert decided.ids["change"] not in items


def test_the_meeting_is_closed_with_approved_minutes_and_its_deputy_shows(decided: Story) -> None:
    """IT-21"""
    assert decided.said["the PM calls the CAB"].json() == decided.said["the same call again"].json()
    assert decided.said["the CAB limits the project"].json() == decided.said["the same decision again"].json()
    meeting = decided.shown["the meeting after it"]
    assert (meeting["stage"], meeting["approved_by"]["name"]) == ("closed", "Liv Solheim")
    assert [each["outcome"] for each in meeting["decisions"]] == ["limit"]
    sat = {each["person"]["name"]: each for each in meeting["attendees"]}
    assert sat["Liv Solheim"]["deputy_for"]["name"] == "Ragna Moen"
    assert not sat["Bo Vang"]["present"]


def test_the_cabs_decision_is_a_fact_of_the_projects_own_history(decided: Story) -> None:
    """IT-21, TY-04"""
    row = decided.shown["the project after the CAB"]
    assert row["reason"].endswith(": Kartan får vänta till nästa år.")
    turn = decided.shown["the history after the CAB"]["turns"][-1]
    assert turn["turn"] == "limited"
    assert [each["name"] for each in turn["promised_to"]] == [CAST["requester"].name, CAST["orderer"].name]


def test_a_completed_project_is_counted_with_what_it_cost(completed: Story) -> None:
    """TY-04, IT-12"""
    row = completed.shown["the project after its end"]
    assert (row["state"], Decimal(row["spent"])) == ("completed", Decimal(598_000))
    assert {"of": "completed", "spent": "598000.00"}.items() <= completed.shown["the totals"][0].items()
