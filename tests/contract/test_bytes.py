"""The bytes of a message are what a JSON encoder makes of it, whatever the texts in it are."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chassis.testing import an_envelope
from contracts.catalogue import CATALOGUE
from contracts.envelope import Envelope, adapter
from contracts.intake import RequestWithdrawn
from tests.contract.samples import a_sample


def as_an_encoder_makes_it(envelope: Envelope[Any]) -> bytes:
    """The envelope in CloudEvents' structured mode, attribute by attribute."""
    optional = {
        "actorname": envelope.actor_name,
        "causation": envelope.causation and str(envelope.causation),
        "cause": envelope.cause,
        "traceparent": envelope.traceparent,
    }
    message = {
        "specversion": "1.0",
        "id": str(envelope.id),
        "source": envelope.source,
        "type": envelope.type,
        "subject": str(envelope.subject),
        "time": envelope.time.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "dataschema": f"urn:flode:schema:{envelope.type}",
        "subjectversion": envelope.version,
        "municipality": envelope.municipality,
        "actor": envelope.actor,
        "correlation": envelope.correlation,
        **{name: value for name, value in optional.items() if value is not None},
        "data": adapter(type(envelope.data)).dump_python(envelope.data, mode="json"),
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_fact_has_the_bytes_an_encoder_makes(name: str) -> None:
    envelope = replace(Envelope.from_bytes(a_sample(CATALOGUE[name]).encode()), sequence=0)
    assert envelope.to_bytes() == as_an_encoder_makes_it(envelope)


TEXTS = some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(said=TEXTS, actor=TEXTS, correlation=TEXTS, cause=some.none() | TEXTS, at=some.datetimes())
def test_no_text_breaks_out_of_its_place(said: str, actor: str, correlation: str, cause: str, at: datetime) -> None:
    fact = RequestWithdrawn(request_id=UUID(int=1), reason="closed", note=f"Å{said}")
    envelope = an_envelope(fact, actor=actor, correlation=correlation, cause=cause, time=at.replace(tzinfo=UTC))
    assert envelope.to_bytes() == as_an_encoder_makes_it(envelope)
    assert json.loads(envelope.to_bytes())["correlation"] == correlation
