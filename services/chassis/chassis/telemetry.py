"""Traces and metrics. One trace runs from the webhook through store, relay, topic and view; batches are linked.

Messaging spans follow OpenTelemetry's messaging conventions as the installed `opentelemetry-semantic-conventions`
names them. Attributes hold ids, names of topics and municipalities; never anything about a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, TypeAlias

from opentelemetry import context as otel_context
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.semconv._incubating.attributes import messaging_attributes as messaging
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry, generate_latest

from chassis.measures import Measures

Attribute: TypeAlias = "str | int | float | bool"
Kind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]
SCHEMA = list(Schemas)[-1].value
_PROPAGATOR = TraceContextTextMapPropagator()


class Telemetry:
    """The tracer and the measures of this process. Before `start` and after `stop` they cost and say nothing."""

    tracer: trace.Tracer
    measures: Measures
    recording: bool
    """Whether anybody is sent spans."""

    def __init__(self) -> None:
        self._silent()

    def _silent(self) -> None:
        self._tracers: TracerProvider | None = None
        self._meters: MeterProvider | None = None
        self._registry: CollectorRegistry | None = None
        self.recording = False
        self.tracer = trace.NoOpTracerProvider().get_tracer("flode")
        self.measures = Measures(metrics.NoOpMeterProvider().get_meter("flode"))

    def start(
        self,
        service: str,
        *,
        otlp: str | None = None,
        processors: Iterable[SpanProcessor] = (),
        readers: Iterable[MetricReader] = (),
    ) -> None:
        """Begin to record. Metrics are always there for Prometheus; with `otlp` both also go to that endpoint."""
        self.stop()
        resource = Resource.create({"service.name": service, "service.namespace": "flode"}, schema_url=SCHEMA)
        self._registry = CollectorRegistry()
        spans = list(processors)
        meters: list[MetricReader] = [PrometheusMetricReader(registry=self._registry), *readers]
        if otlp:
            spans.append(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{otlp}/v1/traces")))
            meters.append(PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{otlp}/v1/metrics")))
        # Where nobody is sent spans, none are made: traces have their ids all the same, for facts and log lines.
        self._tracers = TracerProvider(None if spans else ALWAYS_OFF, resource, shutdown_on_exit=False)
        self.recording = bool(spans)
        for processor in spans:
            self._tracers.add_span_processor(processor)
        self._meters = MeterProvider(meters, resource=resource, shutdown_on_exit=False)
        self.tracer = self._tracers.get_tracer("flode", schema_url=SCHEMA)
        self.measures = Measures(self._meters.get_meter("flode", schema_url=SCHEMA))

    def stop(self) -> None:
        """Send what is left and stop recording."""
        if self._tracers is not None and self._meters is not None:
            self._tracers.shutdown()
            self._meters.shutdown()
        self._silent()

    def prometheus(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return b"" if self._registry is None else generate_latest(self._registry)


TELEMETRY = Telemetry()


@contextmanager
def recorded(service: str = "test") -> Iterator[tuple[InMemorySpanExporter, InMemoryMetricReader]]:
    """Record into memory while the block runs: for tests that ask what was traced and measured."""
    spans, numbers = InMemorySpanExporter(), InMemoryMetricReader()
    TELEMETRY.start(service, processors=[SimpleSpanProcessor(spans)], readers=[numbers])
    try:
        yield spans, numbers
    finally:
        TELEMETRY.stop()


@contextmanager
def span(
    name: str,
    kind: Kind = "internal",
    *,
    parent: str | None = None,
    links: Iterable[Link] = (),
    attributes: Mapping[str, Attribute] | None = None,
) -> Iterator[Span]:
    """A span around a block, child of the current one or of the traceparent `parent`.

    An exception marks it as failed by its kind alone: messages of exceptions may quote what people wrote.
    """
    with TELEMETRY.tracer.start_as_current_span(
        name,
        context=context_from(parent) if parent else None,
        kind=SpanKind[kind.upper()],
        links=list(links),
        attributes=dict(attributes or {}),
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except BaseException as raised:
            current.set_attribute("error.type", type(raised).__qualname__)
            current.set_status(Status(StatusCode.ERROR))
            raise


def current_traceparent() -> str | None:
    """The W3C traceparent of the current span, to be written into what outlives it; None when nothing is traced."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str | None:
    """The current trace's id in hex, for log lines."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def context_from(traceparent: str | None) -> otel_context.Context:
    """The context a traceparent names; an empty one when it is None or malformed, as the W3C asks."""
    return _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {}, context=otel_context.Context())


def links_from(traceparents: Iterable[str | None], *, at_most: int = 100) -> list[Link]:
    """Links to the traces a batch was made of, each once, the first `at_most`; none where nobody is sent spans."""
    links: dict[str, SpanContext] = {}
    if not TELEMETRY.recording:
        return []
    for traceparent in traceparents:
        if traceparent and traceparent not in links:
            context = trace.get_current_span(context_from(traceparent)).get_span_context()
            if context.is_valid:
                links[traceparent] = context
            if len(links) == at_most:
                break
    return [Link(context) for context in links.values()]


def messaging_span(
    operation: Literal["send", "poll", "process"],
    topic: str,
    *,
    parent: str | None = None,
    links: Iterable[Link] = (),
    group: str | None = None,
    partition: int | None = None,
    offset: int | None = None,
    messages: int | None = None,
    message_id: str | None = None,
) -> AbstractContextManager[Span]:
    """A span for work with a topic: named "{operation} {topic}", with the attributes the conventions ask for.

    "send" produces, "poll" receives, "process" handles what was received.
    """
    kinds: dict[str, tuple[Kind, str]] = {
        "send": ("producer", messaging.MessagingOperationTypeValues.SEND.value),
        "poll": ("client", messaging.MessagingOperationTypeValues.RECEIVE.value),
        "process": ("consumer", messaging.MessagingOperationTypeValues.PROCESS.value),
    }
    kind, operation_type = kinds[operation]
    known: dict[str, Attribute | None] = {
        messaging.MESSAGING_SYSTEM: messaging.MessagingSystemValues.KAFKA.value,
        messaging.MESSAGING_OPERATION_NAME: operation,
        messaging.MESSAGING_OPERATION_TYPE: operation_type,
        messaging.MESSAGING_DESTINATION_NAME: topic,
        messaging.MESSAGING_DESTINATION_PARTITION_ID: None if partition is None else str(partition),
        messaging.MESSAGING_CONSUMER_GROUP_NAME: group,
        messaging.MESSAGING_KAFKA_OFFSET: offset,
        messaging.MESSAGING_BATCH_MESSAGE_COUNT: messages,
        messaging.MESSAGING_MESSAGE_ID: message_id,
    }
    attributes = {name: value for name, value in known.items() if value is not None}
    return span(f"{operation} {topic}", kind, parent=parent, links=links, attributes=attributes)
