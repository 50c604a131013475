"""The IT managers rank the portfolio in a round: criteria, votes, a deputy, the PM closes it (IT-12…IT-15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.cast import CAST
from tests.e2e.flow.story import Story
from tests.e2e.installation import until

ASSIGNMENT = {"leader": CAST["leader"].told}


def scores(story: Story, project: int, danish: int, norwegian: int) -> dict[str, Any]:
    """The same score for a project by every criterion."""
    given = {"project": project, "danish project": danish, "norwegian project": norwegian}
    return {
        "scores": {
            story.ids[name]: dict.fromkeys(("time", "economy", "cooperation"), score) for name, score in given.items()
        }
    }


def the_managers_rank(story: Story, now: datetime) -> None:
    """Three municipalities, one of them by its deputy; nobody twice, nobody for another."""
    here = story.here
    opening = {
        "title": "Höstens prioritering",
        "deadline": (now.astimezone(UTC) + timedelta(days=14)).isoformat(),
        "candidates": [story.ids[name] for name in ("project", "danish project", "norwegian project")],
        "weights": {"cooperation": "2"},
    }
    project = f"/portfolio/api/projects/{story.ids['project']}"
    story.tried("it is assigned before it is ranked", "pm", "POST", f"{project}/assign", ASSIGNMENT)
    story.tried("a manager opens a round", "manager", "POST", "/portfolio/api/rounds", opening)
    opened = story.done("the PM opens a round", "pm", "/portfolio/api/rounds", opening, key="round-1")
    story.tried("the same round again", "pm", "POST", "/portfolio/api/rounds", opening, key="round-1")
    story.ids["round"] = opened.json()["id"]
    path = f"/portfolio/api/rounds/{story.ids['round']}"
    story.saw("the round as the Danish manager sees it", "danish manager", path)

    story.done_by_put("Lindmåla votes", "manager", f"{path}/votes/lindmala", scores(story, 3, 3, 2))
    again = scores(story, 5, 5, 5)
    story.tried("Lindmåla votes again", "manager", "PUT", f"{path}/votes/lindmala", again)
    story.tried("Lindmåla votes for Sønderlund", "manager", "PUT", f"{path}/votes/soenderlund", again)
    story.tried("the PM votes", "pm", "PUT", f"{path}/votes/soenderlund", again)
    half = {"scores": {story.ids["project"]: {"time": 9, "economy": 3}}}
    story.tried("a vote is half", "danish manager", "PUT", f"{path}/votes/soenderlund", half)
    story.done_by_put("Sønderlund votes", "danish manager", f"{path}/votes/soenderlund", scores(story, 3, 4, 2))
    story.saw("the votes while the round is open", "danish manager", f"{path}/votes")
    story.done_by_put("Fjellvåg votes by its deputy", "deputy", f"{path}/votes/fjellvaag", scores(story, 5, 2, 3))
    ragna = scores(story, 1, 1, 5)
    story.tried("Fjellvåg votes again, by its manager", "norwegian manager", "PUT", f"{path}/votes/fjellvaag", ragna)
    story.saw("the round before it is closed", "deputy", path)
    story.saw("why the round looks so", "auditor", f"/portfolio/api/views/rounds/{story.ids['round']}")

    story.tried("a manager closes the round", "manager", "POST", f"{path}/close")
    story.done("the PM closes the round", "pm", f"{path}/close", key="close-1")
    story.tried("the round is closed again", "pm", "POST", f"{path}/close")
    story.tried("a vote comes too late", "manager", "PUT", f"{path}/votes/lindmala", again)
    story.saw("the round after it is closed", "danish manager", path)
    story.saw("the votes after the round is closed", "danish manager", f"{path}/votes")
    mine = set(story.ids.values())

    def ranked() -> Any:
        rows = [row for row in here.get("pm", "/portfolio/api/projects") if row["request_id"] in mine]
        return rows if all(row["rank"] for row in rows) else None

    story.shown["the portfolio after the round"] = until(ranked, what="three ranks")
