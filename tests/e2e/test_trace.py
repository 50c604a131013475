"""One trace runs from a ticketing system's request through store, relay, topic and view to the mail it leads to."""

from __future__ import annotations

import re
from uuid import uuid4

import httpx
import pytest

from chassis.service import Service, find_services
from tests.e2e.cast import CAST, HOST
from tests.e2e.collector import Collector, Span
from tests.e2e.deliveries import a_ticket
from tests.e2e.installation import Installation, until

VIEWS = {"inbox", "requests", "projects", "history", "duties", "directives", "plans", "agenda"}
"""The views that read the topic of requests."""


def test_a_trace_runs_from_the_webhook_to_every_view_and_to_the_mail(
    installation: Installation, collector: Collector
) -> None:
    trace, caller = uuid4().hex, uuid4().hex[:16]
    ticket = a_ticket("7400", "Spårbart ärende", requester=CAST["requester"].told)
    answer = installation.deliver(HOST, ticket, traceparent=f"00-{trace}-{caller}-01")
    assert answer.status_code == 201

    def whole() -> tuple[list[Span], list[Span]] | None:
        spans = collector.spans()
        within = [span for span in spans if span.trace == trace]
        linked = [span for span in spans if trace in span.links]
        groups = {span.attributes.get("messaging.consumer.group.name") for span in linked}
        mailed = any(span.name == "send mail" for span in within)
        return (within, linked) if groups >= {*VIEWS, "messages"} and mailed else None

    within, linked = until(whole, what="the spans of one trace")

    (hook,) = [span for span in within if span.kind == "server"]
    assert (hook.service, hook.parent) == ("intake", caller)
    assert hook.name == "POST /intake/hooks/standard-webhooks/{credential}"
    (command,) = [span for span in within if span.name == "request command"]
    assert (command.parent, command.attributes["flode.municipality"]) == (hook.id, HOST)
    (reaction,) = [span for span in within if span.kind == "consumer"]
    assert (reaction.service, reaction.parent) == ("notifications", hook.id), "one event by itself: a child, not a link"
    assert {span.parent for span in within if span.name in ("send mail", "send ticket")} == {reaction.id}

    sent = [span for span in linked if span.kind == "producer"]
    assert {(span.service, span.name) for span in sent} == {
        ("intake", "send flode.request"), ("notifications", "send flode.message"),
    }  # fmt: skip
    for span in linked:
        operation, topic = span.name.split(" ")
        assert span.attributes["messaging.system"] == "kafka"
        assert span.attributes["messaging.operation.name"] == operation
        assert span.attributes["messaging.operation.type"] == operation
        assert span.attributes["messaging.destination.name"] == topic


@pytest.mark.parametrize("service", find_services(), ids=lambda service: service.name)
def test_every_process_says_how_far_behind_it_is(installation: Installation, service: Service) -> None:
    """Lag in events and in seconds, what is parked, what the relay has still to produce."""
    readers = {view.name for view in service.followed} | {reaction.name for reaction in service.reactions}

    port = installation.processes()[service.name]["port"]
    assert installation.http.get(f"/{service.name}/metrics").status_code == 404, "it is nothing for those outside"

    def measured() -> str | None:
        told = httpx.get(f"http://127.0.0.1:{port}/{service.name}/metrics").text
        return told if all(_readers(told, each) >= readers for each in wanted) else None

    wanted = ("flode_reader_lag", "flode_reader_lag_time_seconds", "flode_reader_parked")
    told = until(measured, what=f"the metrics of {service.name}")
    backlog = re.search(rf'^flode_relay_backlog{{flode_service="{service.name}".*}} (\d)', told, re.MULTILINE)
    assert backlog
    assert not any(municipality in told for municipality in installation.partnership.ids), "labels name no tenant"


def _readers(told: str, metric: str) -> set[str]:
    return set(re.findall(rf'^{metric}{{flode_reader="([^"]+)"', told, re.MULTILINE))
