"""Whatever is at work in the flow has a name that an operator understands, in every language, said once."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from chassis.flow.events import EVENTS, event_called
from chassis.flow.gather import role_names
from chassis.flow.names import ROLES, Names, service_called
from chassis.i18n import LANGUAGES, use
from chassis.serve import roles_of
from chassis.service import Service, find_services
from contracts.catalogue import CATALOGUE
from contracts.topics import TOPICS

SETTINGS = SimpleNamespace(
    service="x", roles=ROLES, kafka="", kafka_idempotence=False, mail="spool:x", public_url="", demo=False,
    tell_within_days=1,
)  # fmt: skip
HERE = SimpleNamespace(
    settings=SETTINGS, store=SimpleNamespace(service="x", on_commit=lambda _: None), db=None, clock=None, vault=None,
    partnership=None, links=None, service="x",
)  # fmt: skip
SERVICES = find_services()


def readers_of(service: Service) -> list[str]:
    return [*(view.name for view in service.followed), *(reaction.name for reaction in service.reactions)]


def named(service: Service, language: str) -> Iterator[tuple[str, str]]:
    """Everything of a service that operators see, by its name in the code, and what it is called."""
    use(service.package)
    names = Names(service, language)
    # The roles as a process of the service makes them: its channels and clockworks are known nowhere else.
    for role in {*(each.name for each in roles_of(service, HERE)), *role_names(service)}:  # type: ignore[arg-type]  # enough of it
        yield role, names.role(role)
        if (part := role.partition(" ")[2]) and role != "views named":
            yield part, names.part(part)
    for reader in readers_of(service):
        yield reader, names.reader(reader)
    for topic in TOPICS:
        yield topic.name, names.topic(topic.name)
    yield service.name, service_called(service.name, language)


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_operators_see_has_a_name(service: Service, language: str) -> None:
    for name, called in named(service, language):
        assert called != name, f"{name} of {service.name} has no name in {language}"


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_no_name_is_kept_for_what_is_not_at_work(service: Service) -> None:
    at_work = {role.name.rpartition(" ")[2] for role in roles_of(service, HERE)}  # type: ignore[arg-type]  # as above
    assert set(service.labels.parts) <= {*at_work, *(one.name for one in service.reactions)}


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_the_readers_of_a_service_are_told_apart_by_name(service: Service) -> None:
    use(service.package)
    for language in LANGUAGES:
        called = [Names(service, language).reader(each) for each in readers_of(service)]
        assert len(set(called)) == len(called), called


def test_a_view_is_called_the_same_by_the_name_of_its_table() -> None:
    (portfolio,) = (each for each in SERVICES if each.name == "portfolio")
    assert Names(portfolio, "en").reader("projects_v3_b12") == Names(portfolio, "en").reader("projects") == "Projects"


def test_every_kind_of_event_has_a_name_and_no_name_is_kept_for_none() -> None:
    assert set(EVENTS) == {kind.rpartition(".")[0] for kind in CATALOGUE}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_kinds_of_event_are_called_the_same(language: str) -> None:
    called = [event_called(f"{kind}.v1", language) for kind in EVENTS]
    assert len(set(called)) == len(called)
    assert event_called("orchard.apple-picked.v1", language) == "orchard.apple-picked.v1"
