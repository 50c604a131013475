"""What is measured of a process: lag, backlog, what is parked, rebuilds, appends, messages, HTTP.

Reach it as `TELEMETRY.measures`. Labels are names of readers, topics, views and routes; never a person, a subject or a
municipality, whose number would grow without bound.
"""

from __future__ import annotations

from opentelemetry.metrics import Meter
from opentelemetry.semconv._incubating.attributes import messaging_attributes as messaging
from opentelemetry.semconv._incubating.metrics import messaging_metrics
from opentelemetry.semconv.attributes import error_attributes, http_attributes
from opentelemetry.semconv.metrics import http_metrics

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Measures:
    """The instruments of one process; each method is one observation."""

    def __init__(self, meter: Meter) -> None:
        gauge, histogram = meter.create_gauge, meter.create_histogram
        self._lag = gauge("flode.reader.lag", "{event}", "Events a reader has not applied yet")
        self._lag_time = gauge("flode.reader.lag.time", "s", "Age of the oldest event a reader has not applied yet")
        self._parked = gauge("flode.reader.parked", "{event}", "Events that wait, parked, for somebody to look at them")
        self._backlog = gauge("flode.relay.backlog", "{event}", "Events committed and not yet in their topic")
        self._pressure = gauge("flode.relay.pressure", "1", "How near writes are to being refused: from 1 they are")
        self._progress = gauge("flode.rebuild.progress", "1", "How much of the log a rebuild has read, 0 to 1")
        self._rate = gauge("flode.rebuild.rate", "{event}/s", "How fast a rebuild reads")
        self._batch = histogram(
            "flode.append.batch.size", "{command}", "Commands in a commit", explicit_bucket_boundaries_advisory=COUNTS
        )
        self._append = histogram(
            "flode.append.duration", "s", "Commit of a batch", explicit_bucket_boundaries_advisory=SECONDS
        )
        self._outbox = gauge("flode.outbox.waiting", "{effect}", "Outward effects that are due and not yet sent")
        self._http = histogram(
            http_metrics.HTTP_SERVER_REQUEST_DURATION,
            "s",
            "Duration of HTTP server requests",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._operation = messaging_metrics.create_messaging_client_operation_duration(meter)
        self._process = messaging_metrics.create_messaging_process_duration(meter)
        self._sent = messaging_metrics.create_messaging_client_sent_messages(meter)
        self._consumed = messaging_metrics.create_messaging_client_consumed_messages(meter)

    def lag(self, reader: str, *, events: int, seconds: float) -> None:
        """How far a reader is behind: in events, and in seconds since the oldest it has not applied."""
        self._lag.set(events, {"flode.reader": reader})
        self._lag_time.set(seconds, {"flode.reader": reader})

    def parked(self, reader: str, events: int) -> None:
        """How many events a reader has parked (P10)."""
        self._parked.set(events, {"flode.reader": reader})

    def backlog(self, service: str, events: int) -> None:
        """How many committed events the relay has still to produce."""
        self._backlog.set(events, {"flode.service": service})

    def pressure(self, service: str, share: float) -> None:
        """How much of what may wait for the broker does wait: from 1 on, writes are refused (P17)."""
        self._pressure.set(share, {"flode.service": service})

    def rebuild(self, view: str, *, progress: float, rate: float) -> None:
        """How far a rebuild has come, from 0 to 1, and its events per second."""
        self._progress.set(progress, {"flode.view": view})
        self._rate.set(rate, {"flode.view": view})

    def appended(self, service: str, *, commands: int, seconds: float) -> None:
        """A commit of the store's writer: how many commands it held and how long it took."""
        self._batch.record(commands, {"flode.service": service})
        self._append.record(seconds, {"flode.service": service})

    def outbox(self, channel: str, waiting: int) -> None:
        """How many outward effects of a channel are due."""
        self._outbox.set(waiting, {"flode.channel": channel})

    def http(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """An answered request, by the template of its route, never its path."""
        attributes: dict[str, str | int] = {
            http_attributes.HTTP_REQUEST_METHOD: method,
            http_attributes.HTTP_RESPONSE_STATUS_CODE: status,
        }
        if route:
            attributes[http_attributes.HTTP_ROUTE] = route
        if status >= 500:
            attributes[error_attributes.ERROR_TYPE] = str(status)
        self._http.record(seconds, attributes)

    def sent(self, topic: str, messages: int, seconds: float) -> None:
        """A batch acknowledged by the broker."""
        attributes = _messaging("send", topic)
        self._sent.add(messages, attributes)
        self._operation.record(seconds, attributes)

    def processed(self, topic: str, reader: str, messages: int, seconds: float) -> None:
        """A batch a reader received and applied."""
        attributes = {**_messaging("process", topic), messaging.MESSAGING_CONSUMER_GROUP_NAME: reader}
        self._consumed.add(messages, attributes)
        self._process.record(seconds, attributes)


def _messaging(operation: str, topic: str) -> dict[str, str]:
    return {
        messaging.MESSAGING_SYSTEM: messaging.MessagingSystemValues.KAFKA.value,
        messaging.MESSAGING_OPERATION_NAME: operation,
        messaging.MESSAGING_OPERATION_TYPE: operation,
        messaging.MESSAGING_DESTINATION_NAME: topic,
    }
