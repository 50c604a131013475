"""The project stands in the portfolio, and the IT managers rank it in a round."""

from __future__ import annotations

from datetime import date, timedelta

from playwright.sync_api import Locator

from tests.e2e.browser import Visitor, Visitors
from tests.e2e.cast import CAST
from tests.e2e.clicked.request import OTHER, TITLE

ROUND = "Vinterns prioritering"


def it_stands_in_the_portfolio(people: Visitors) -> None:
    """With the budget of its directive."""
    pm = people["pm"]
    pm.opens("/")
    pm.follows("Portfolio")
    pm.waits_for(TITLE, OTHER, "600\xa0000")
    pm.follows(TITLE)
    pm.sees(CAST["orderer"].name, "BP1")
    pm.reads("not ranked yet")


def the_managers_rank(people: Visitors, today: date) -> None:
    """Two vote themselves and one by a deputy; how they voted shows when the PM closes the round, and the ranks too."""
    the_pm_opens_a_round(people["pm"], today)
    a_manager_votes(people["manager"], "Lindmåla kommun", {TITLE: "5", OTHER: "2"})
    a_manager_votes(people["danish manager"], "Sønderlund Kommune", {TITLE: "4", OTHER: "3"})
    a_deputy_votes(people["deputy"], "Fjellvåg kommune", {TITLE: "5", OTHER: "1"})
    the_pm_closes_it(people["pm"])


def the_pm_opens_a_round(pm: Visitor, today: date) -> None:
    """All projects of the portfolio are proposed; a deadline is asked for."""
    pm.opens("/portfolio/")
    pm.follows("Open a prioritisation round")
    pm.writes({"title": ROUND})
    pm.presses("Open the round", refused=422)
    pm.is_told("deadline", holds="")
    pm.reads("This is needed.")
    assert pm.field("title").input_value() == ROUND
    pm.writes({"deadline": f"{today + timedelta(days=14)}T12:00", "weights.cooperation": "2"})
    pm.presses("Open the round")
    pm.sees(TITLE, OTHER)


def a_manager_votes(voter: Visitor, municipality: str, scores: dict[str, str]) -> None:
    """On the page of the round."""
    voter.opens("/portfolio/")
    voter.follows("Prioritisation rounds")
    voter.follows(ROUND)
    voter.follows("Vote for {municipality}", municipality=municipality)
    _scores(voter, scores)
    voter.presses("Give the vote")


def a_deputy_votes(deputy: Visitor, municipality: str, scores: dict[str, str]) -> None:
    """Half a vote is refused with what was scored still there; a vote is taken back and given anew."""
    a_manager_votes(deputy, municipality, dict.fromkeys(scores, "3"))
    deputy.presses("Take the vote of {municipality} back", municipality=municipality)
    deputy.follows("Vote for {municipality}", municipality=municipality)
    _scores(deputy, scores)
    manager = CAST["norwegian manager"]
    deputy.writes({"deputy_for.name": manager.name, "deputy_for.email": manager.email})
    deputy.ticks(_choices(deputy, TITLE)[0].get_by_role("radio"))
    deputy.presses("Give the vote", refused=422)
    assert deputy.field("deputy_for.name").input_value() == manager.name
    chosen = [each.locator("input:checked").input_value() for each in _choices(deputy, TITLE)]
    assert chosen == ["", scores[TITLE], scores[TITLE]]
    _scores(deputy, scores)
    deputy.presses("Give the vote")
    deputy.reads("deputy for {name}", name=manager.name)


def the_pm_closes_it(pm: Visitor) -> None:
    """The ranks follow, and are on the project's page."""
    pm.opens("/portfolio/")
    pm.follows("Prioritisation rounds")
    pm.follows(ROUND)
    pm.sees(CAST["deputy"].name)
    pm.presses("Close the round and give the ranks")
    pm.reads("How it came out")
    pm.reads("How {municipality} voted", municipality="Lindmåla kommun")
    pm.follows("Portfolio")
    pm.waits_for(pm.words("prioritised"))
    pm.follows(TITLE)
    pm.reads("a prioritisation round")


def _choices(voter: Visitor, title: str) -> list[Locator]:
    """The criteria by which a project is scored, each a row of choices."""
    return voter.page.get_by_role("region", name=title, exact=True).get_by_role("group").all()


def _scores(voter: Visitor, scores: dict[str, str]) -> None:
    """For each project the same score by every criterion."""
    for title, score in scores.items():
        for criterion in _choices(voter, title):
            voter.ticks(criterion.get_by_label(score, exact=True))
