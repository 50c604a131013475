"""What people are called and what they wrote is kept sealed, and is gone when their key is destroyed (P14)."""

from __future__ import annotations

import base64
import re

from tests.e2e.cast import CAST, CONSULTANT, DANE, HOST, NORWEGIAN_REQUESTER, Somebody
from tests.e2e.collector import Collector
from tests.e2e.deliveries import a_ticket
from tests.e2e.flow.directive import ANSWER, DRAFT, QUESTION
from tests.e2e.flow.story import Story
from tests.e2e.flow.tickets import CRITERIA, DESCRIPTION
from tests.e2e.flow.work import TALK
from tests.e2e.installation import Installation, until
from tests.e2e.kept import Kept, everything, found

PEOPLE = (*CAST.values(), DANE, NORWEGIAN_REQUESTER, CONSULTANT)
# The officers stand in the partnership's settings, not in what was said; their names are sealed in facts all the same.
PERSONAL = (
    *(somebody.name for somebody in PEOPLE),
    *(somebody.email for somebody in PEOPLE),
    *("0123-100 200", "0123-100 300", DESCRIPTION, DRAFT, QUESTION, ANSWER, TALK),
)


def test_no_database_topic_or_log_holds_what_people_are_called_or_wrote(completed: Story) -> None:
    """P14, P11: not the raw deliveries either, nor what is on its way out."""
    kept = list(everything(completed.here))
    assert {"flode_intake.public.deliveries", "flode_notifications.public.effects", "flode.request", "flode.message",
            "flode.round", "flode.meeting", "logs/intake.log"} <= {each.where for each in kept}  # fmt: skip
    assert found(kept, PERSONAL) == set()


def test_what_is_no_secret_is_found_so_the_search_can_find(completed: Story) -> None:
    kept = list(everything(completed.here))
    places = {where for _, where in found(kept, ["E-tjänst för bygglov"])}
    assert {"flode_intake.public.events", "flode_notifications.public.effects", "flode.request"} <= places
    assert any(where.startswith("flode_portfolio.views.projects") for where in places)
    planted = [Kept("bytes", DRAFT.encode()), Kept("JSON", DRAFT.encode("unicode_escape")), Kept("nothing", b"")]
    planted += [Kept(f"base64 {n}", base64.b64encode(b"x" * n + DRAFT.encode() + b"yz")) for n in range(3)]
    assert {where for _, where in found(planted, [DRAFT])} == {each.where for each in planted} - {"nothing"}


def test_no_span_names_anybody(completed: Story, collector: Collector) -> None:
    assert collector.bodies
    assert found([Kept("spans", body) for body in collector.bodies], PERSONAL) == set()


def test_a_person_whose_key_two_people_destroyed_is_erased_everywhere(installation: Installation) -> None:
    """P14: at once in what every service shows, and in whatever is built anew; the history itself stays whole."""
    here, gone = installation, Somebody("Ebba Försvinnande", "ebba.f@lindmala.example", "sv", ())
    ticket = a_ticket("7300", "Ärende vars anmälare glöms", description="Ebbas egna ord.", requester=gone.told)
    request = here.deliver(HOST, ticket).json()["id"]
    path = f"/intake/api/requests/{request}"
    judgement = {"outcome": "project", "reason": "Större än daglig drift.", "criteria": CRITERIA}
    here.post("pm", f"{path}/classification", judgement)
    places = (
        path,
        f"/intake/requests/{request}",
        f"/portfolio/api/projects/{request}",
        f"/governance/api/directives/{request}",
        f"/notifications/api/messages?about={request}",
    )
    until(lambda: all("Ebba" in _shown(here, place) for place in places), what="her name everywhere")
    before = here.get("pm", path)
    assert (before["requester_name"], before["description"]) == ("Ebba Försvinnande", "Ebbas egna ord.")

    _destroy(here, gone)
    until(lambda: not any("Ebba" in _shown(here, place) for place in places), what="her name nowhere")
    assert all("(raderad)" in _shown(here, place) for place in places)
    erased = here.get("pm", path)
    assert (erased["requester_name"], erased["description"], erased["requester_email"]) == ("(raderad)",) * 3
    assert (erased["title"], erased["version"]) == (before["title"], before["version"])
    assert here.command("rebuild", "requests").exit_code == 0
    assert here.get("pm", path) == erased
    for shown in (f"{path}/history", "/intake/api/inbox"):
        assert "Ebba" not in _shown(here, shown), shown
    again = here.deliver(HOST, {**ticket, "kind": "withdrawn"}).json()
    assert again["outcome"] == "withdrawn", "the request goes on without its requester"


def _shown(here: Installation, path: str) -> str:
    """What the PM reads there, in a program or in the browser."""
    if "/api/" in path:
        return here.ask("pm", "GET", path).text
    return here.http.get(path, headers={"Authorization": f"Bearer {here.tokens['pm']}"}).text


def _destroy(here: Installation, somebody: Somebody) -> None:
    """As two archivists do; one alone cannot."""
    reason = ("--reason", "Gallringsbeslut 7/2026")
    proposed = here.command("vault", "propose", HOST, somebody.email, *reason, "--by", "Arkivarie Ett")
    assert proposed.exit_code == 0, proposed.output
    found = re.search(r"flode vault erase (\S+)", proposed.output)
    assert found, proposed.output
    assert here.command("vault", "erase", found[1], "--by", "Arkivarie Ett").exit_code != 0
    assert here.command("vault", "erase", found[1], "--by", "Arkivarie Två").exit_code == 0
