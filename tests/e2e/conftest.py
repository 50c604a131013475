"""One installation for all end-to-end tests, started when the first of them asks and stopped with the session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from embedded.processes import free_port
from embedded.testing import temporary_folder
from tests.e2e.collector import Collector
from tests.e2e.flow import cab, directive, ranks, tickets, work
from tests.e2e.flow.story import Story
from tests.e2e.installation import Installation


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with an installation of their own come first: the common one, once started, looks for work as long as it
    runs."""
    places = [place for place, item in enumerate(items) if Path(__file__).parent in item.path.parents]
    ours = sorted((items[place] for place in places), key=lambda item: "installation" in _asks_for(item))
    for place, item in zip(places, ours, strict=True):
        items[place] = item


def _asks_for(item: pytest.Item) -> list[str]:
    """The fixtures of a test, and those that they ask for."""
    return item.fixturenames if isinstance(item, pytest.Function) else []


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where the installation's traces and metrics go."""
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="session")
def installation(collector: Collector) -> Iterator[Installation]:
    """A running installation with its people."""
    folder = temporary_folder("e2e")
    environ = {"FLODE_OTLP": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "300", "OTEL_METRIC_EXPORT_INTERVAL": "60000"}
    installation = Installation(folder / "data", free_port(), environ)
    try:
        installation.up()
        installation.people()
        yield installation
    finally:
        installation.command("down")
        installation.http.close()
    shutil.rmtree(folder)


# The whole flow, chapter by chapter. Each goes on from the one before, and is told once.


@pytest.fixture(scope="session")
def registered(installation: Installation) -> Story:
    """Tickets have arrived from three municipalities."""
    return tickets.tickets_arrive(installation)


@pytest.fixture(scope="session")
def judged(registered: Story) -> Story:
    """Three are projects, one is a change."""
    tickets.the_pm_judges(registered)
    return registered


@pytest.fixture(scope="session")
def filled_in(judged: Story) -> Story:
    """The directive of one was filled in, sent back and returned again."""
    directive.the_requester_fills_in(judged, datetime.now(ZoneInfo("Europe/Stockholm")).date())
    return judged


@pytest.fixture(scope="session")
def agreed(filled_in: Story) -> Story:
    """Both signatories approved it."""
    directive.both_agree(filled_in)
    return filled_in


@pytest.fixture(scope="session")
def ranked(agreed: Story) -> Story:
    """The IT managers ranked the three."""
    ranks.the_managers_rank(agreed, datetime.now(UTC))
    return agreed


@pytest.fixture(scope="session")
def planned(ranked: Story) -> Story:
    """The first was assigned, and its plan is agreed."""
    work.it_is_assigned_and_planned(ranked, datetime.now(ZoneInfo("Europe/Stockholm")).date())
    return ranked


@pytest.fixture(scope="session")
def reported(planned: Story) -> Story:
    """It went well, and then red."""
    work.the_leader_reports(planned)
    return planned


@pytest.fixture(scope="session")
def decided(reported: Story) -> Story:
    """The CAB limited it."""
    cab.the_cab_decides(reported, datetime.now(UTC))
    return reported


@pytest.fixture(scope="session")
def completed(decided: Story) -> Story:
    """It is completed: the whole flow has been gone through."""
    cab.it_is_completed(decided)
    return decided
