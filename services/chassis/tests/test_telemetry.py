"""A trace runs on across processes; measures are there for Prometheus; nothing about people is in either."""

from __future__ import annotations

import re

import pytest
from opentelemetry.trace import SpanKind

from chassis.telemetry import TELEMETRY, current_traceparent, links_from, messaging_span, recorded, span


def test_a_trace_goes_on_from_the_traceparent_written_in_an_event() -> None:
    with recorded() as (spans, _):
        with span("register", "server"):
            written = current_traceparent()
        with messaging_span(
            "process", "flode.request", parent=written, group="portfolio.projects", partition=3, offset=7
        ):
            pass
        registered, processed = spans.get_finished_spans()
    assert registered.context is not None
    assert processed.parent is not None
    assert processed.parent.span_id == registered.context.span_id
    assert processed.name == "process flode.request"
    assert processed.kind is SpanKind.CONSUMER
    assert dict(processed.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "flode.request",
        "messaging.destination.partition.id": "3",
        "messaging.consumer.group.name": "portfolio.projects",
        "messaging.kafka.offset": 7,
    }


def test_a_batch_is_linked_to_every_trace_it_was_made_of_once() -> None:
    with recorded():
        traceparents: list[str | None] = []
        for _ in range(3):
            with span("command"):
                traceparents.append(current_traceparent())
        links = links_from([*traceparents, traceparents[0], None, "malformed"])
    assert [f"{link.context.trace_id:032x}" for link in links] == [str(each).split("-")[1] for each in traceparents]


def test_what_an_exception_says_is_not_recorded() -> None:
    with recorded() as (spans, _):
        with pytest.raises(ValueError, match="Alva"), span("command"):
            raise ValueError("Alva Lind has no telephone")
        (failed,) = spans.get_finished_spans()
    assert failed.attributes == {"error.type": "ValueError"}
    assert "Alva" not in failed.to_json()


def test_nothing_is_traced_before_the_start() -> None:
    with span("command"):
        assert current_traceparent() is None


def test_measures_are_there_for_prometheus() -> None:
    with recorded():
        measures = TELEMETRY.measures
        measures.lag("portfolio.projects", events=12, seconds=1.5)
        measures.parked("portfolio.projects", 1)
        measures.backlog("intake", 40)
        measures.pressure("intake", 0.4)
        measures.rebuild("projects", progress=0.25, rate=90_000)
        measures.appended("intake", commands=32, seconds=0.004)
        measures.http("POST", "/intake/hooks/tickets", 202, 0.02)
        measures.processed("flode.request", "portfolio.projects", 100, 0.1)
        text = TELEMETRY.prometheus().decode()
    assert re.search(r'^flode_reader_lag\w*\{.*flode_reader="portfolio.projects".*\} 12.0$', text, re.MULTILINE), text
    for name in (
        "flode_reader_lag_time",
        "flode_reader_parked",
        "flode_relay_backlog",
        "flode_relay_pressure",
        "flode_rebuild_rate",
        "flode_append_batch_size",
        "flode_append_duration",
        "http_server_request_duration",
        "messaging_process",
    ):
        assert name in text, name


def test_where_nobody_is_sent_spans_a_trace_has_its_id_all_the_same_and_costs_no_more() -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    TELEMETRY.start("test")
    try:
        with span("POST", "server", parent=f"00-{trace}-b7ad6b7169203331-01") as current:
            written = current_traceparent()
            assert not current.is_recording()
        assert written is not None
        assert written.split("-")[1] == trace
        assert links_from([written]) == []
    finally:
        TELEMETRY.stop()
