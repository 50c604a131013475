"""HTTP for services: what routes use (`Here`, `reply`, `page` …), and the application around them."""

from __future__ import annotations

from chassis.web.answers import answer, caught_up, expected_version, go_to, reply, to_be_saved
from chassis.web.app import bare_app, create_app
from chassis.web.deps import Deps, Here
from chassis.web.forms import Form, filled, form_of, needed, nested
from chassis.web.pages import page
from chassis.web.paging import Listed, PageNumber, next_link

__all__ = [
    "Deps",
    "Form",
    "Here",
    "Listed",
    "PageNumber",
    "answer",
    "bare_app",
    "caught_up",
    "create_app",
    "expected_version",
    "filled",
    "form_of",
    "go_to",
    "needed",
    "nested",
    "next_link",
    "page",
    "reply",
    "to_be_saved",
]
