"""A letter leads to a page that another service has. Services do not import each other, so it is held here."""

from __future__ import annotations

from uuid import UUID

import pytest
from starlette.routing import Match

from chassis.links import DIRECTIVE_PATH
from chassis.service import find_service
from chassis.web import bare_app
from notifications.domain.letters import LETTERS

ABOUT = UUID("6a1f2c3d-0000-4000-8000-000000000001")
PAGES = {letter.to.path for letter in LETTERS.values() if letter.to and letter.to.path}


def shows(path: str) -> bool:
    """Whether the service that owns a path has a page there."""
    service = find_service(path.split("/")[1])
    scope = {"type": "http", "method": "GET", "path": path}
    return any(route.matches(scope)[0] is Match.FULL for route in bare_app(service.name, service.routers).routes)


@pytest.mark.parametrize("page", sorted(PAGES))
def test_the_page_a_letter_leads_to_is_there(page: str) -> None:
    assert shows(page.format(about=ABOUT))


def test_the_requesters_own_link_leads_to_a_page() -> None:
    """IT-09."""
    assert shows(DIRECTIVE_PATH.format(link="a-link"))


def test_a_page_that_is_not_there_is_noticed() -> None:
    assert not shows(f"/portfolio/no-such-page/{ABOUT}/at/all")
