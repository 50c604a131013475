"""What a real Redmine 5.0.4 answers for an issue that was deleted, and for one that may not be seen."""

from __future__ import annotations

import pytest

from chassis.outbox import GiveUp
from intake.adapters.port import Arrived
from intake.adapters.redmine import system
from tests.peers.redmine.conftest import RealRedmine
from tests.peers.redmine.test_redmine import TEXT, TITLE, the_way

pytestmark = pytest.mark.peer


async def asked_for(redmine: RealRedmine, issue: int, key: str) -> Arrived:
    assert system.fetch
    return await system.fetch(the_way(redmine, api={"url": redmine.url, "token": key, "private": True}), str(issue))


async def test_an_issue_that_was_deleted_is_told_from_one_that_may_not_be_seen(redmine: RealRedmine) -> None:
    issue = {"project_id": "projekt", "subject": TITLE, "description": TEXT, "is_private": True}
    hidden = int(redmine.ask("POST", "/issues.json", {"issue": issue})["issue"]["id"])
    assert not (await asked_for(redmine, hidden, redmine.key)).gone
    with pytest.raises(GiveUp, match="403"):
        await asked_for(redmine, hidden, redmine.opener)

    redmine.ask("DELETE", f"/issues/{hidden}.json")
    assert (await asked_for(redmine, hidden, redmine.key)).gone
    assert (await asked_for(redmine, hidden, redmine.opener)).gone
