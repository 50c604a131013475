"""What happened once is understood for ever: recorded histories are folded by today's code to what they always showed.

When this fails, a view shows something else of the past than it did. If that is meant, raise the view's `version` and
run `python -m tests.histories digests`; if not, something broke.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import fields, replace
from typing import Any
from uuid import UUID

import pytest

from chassis.decode import peek_type
from chassis.service import find_services
from contracts.catalogue import CATALOGUE, SERVICES
from contracts.envelope import Envelope
from tests.histories.history import Recorded, digest_of, digests, histories, name_of, rows_of, views

HISTORIES = histories()
VIEWS = {name_of(service, view): view for service, view in views()}
V1, V2 = "portfolio.status-reported.v1", "portfolio.status-reported.v2"


def test_there_is_a_history_of_the_whole_flow() -> None:
    types = {record.event().data.type.rpartition(".")[0] for record in HISTORIES["whole-flow"]}
    assert types >= {
        "intake.request-registered", "intake.request-changed", "intake.classified-as-project",
        "intake.classified-as-change", "governance.directive-sent", "governance.directive-draft-saved",
        "governance.directive-submitted", "governance.directive-sent-back", "governance.directive-approved",
        "portfolio.entered", "portfolio.follow-up-agreed", "portfolio.round-closed", "portfolio.prioritised",
        "portfolio.assigned", "governance.plan-agreed", "portfolio.work-started", "portfolio.status-reported",
        "portfolio.gate-decided", "portfolio.dialogue-held", "governance.minutes-approved", "governance.cab-decided",
        "portfolio.project-limited", "portfolio.project-completed", "notifications.message-sent",
    }  # fmt: skip


def test_there_is_a_history_of_nearly_every_fact_and_of_an_old_version() -> None:
    """P16: merged, reopened, withdrawn, taken back, put off, stopped; and a report as the first release wrote it."""
    types = {peek_type(record.message) for name in ("every-turn", "settled", "connected") for record in HISTORIES[name]}
    assert V1 in types
    assert len(types & CATALOGUE.keys()) > 0.85 * len(CATALOGUE), sorted(CATALOGUE.keys() - types)


@pytest.mark.parametrize("name", HISTORIES)
def test_what_a_newer_release_adds_to_a_fact_changes_nothing_here(name: str) -> None:
    """P16: an older reader passes over fields it does not know."""
    newer = []
    for record in HISTORIES[name]:
        message = json.loads(record.message)
        message["data"]["added_later"] = {"anything": [1, 2, 3]}
        newer.append(
            replace(record, message=json.dumps({**message, "addedlater": "yes"}, separators=(",", ":")).encode())
        )
    for view, each in VIEWS.items():
        assert digest_of(rows_of(each, newer)) == digests()[name][view], view


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_of_a_recorded_history_what_it_always_showed(name: str, view: str) -> None:
    """P16"""
    assert digest_of(rows_of(VIEWS[view], HISTORIES[name])) == digests()[name][view]


@pytest.mark.parametrize("view", VIEWS)
def test_something_of_the_recorded_histories_concerns_each_view(view: str) -> None:
    """Or what would their digests prove?"""
    assert any(rows_of(VIEWS[view], history) for history in HISTORIES.values())


@pytest.mark.parametrize("name", HISTORIES)
def test_a_recorded_event_is_read_leanly_as_it_is_read_wholly_and_written_as_it_was(name: str) -> None:
    """P16, P12: views read what others validate, and hashes of the bytes hold."""
    for record in HISTORIES[name]:
        lean, whole = record.event(), Envelope.from_bytes(record.message, record.sequence)
        for attribute in fields(whole):
            assert getattr(lean, attribute.name) == getattr(whole, attribute.name), (attribute.name, lean.type)
        if peek_type(record.message) in CATALOGUE:  # what was written by an older version is not written that way now
            assert _without_the_new(json.loads(whole.to_bytes()), json.loads(record.message)) == record.message


def _without_the_new(written: dict[str, Any], recorded: dict[str, Any]) -> bytes:
    """What is written today without the fields of its fact that were added since, and say nothing."""
    added = {name for name, value in written["data"].items() if name not in recorded["data"] and value in (None, [])}
    kept = {name: value for name, value in written["data"].items() if name not in added}
    return json.dumps({**written, "data": kept}, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("name", HISTORIES)
def test_each_service_still_understands_its_own_past(name: str) -> None:
    """P4, P16: every stream counts from 1 without a gap, and its fold raises nothing."""
    streams = defaultdict[tuple[str, UUID], list[Envelope[Any]]](list)
    for record in sorted(HISTORIES[name], key=lambda each: (each.source, each.sequence)):
        streams[record.source, record.event().subject].append(record.event())
    folded = 0
    for service in find_services():
        for (source, _), history in streams.items():
            if source == SERVICES[service.name]:
                (aggregate,) = [each for each in service.aggregates if isinstance(history[0].data, each.facts)]
                assert [event.version for event in history] == list(range(1, len(history) + 1))
                assert aggregate.fold(history) is not None
                folded += 1
    assert folded == len(streams)


def test_an_event_of_an_old_version_is_folded_as_what_it_became() -> None:
    """P16: a report of the first version had one health for all three goals."""
    red = [_reported(record, V2, {"time": "red", "cost": "red", "result": "red"}) for record in HISTORIES["whole-flow"]]
    old = [_reported(record, V1, {"health": "red"}) for record in HISTORIES["whole-flow"]]
    assert red != old
    for name, view in VIEWS.items():
        assert digest_of(rows_of(view, old)) == digest_of(rows_of(view, red)), name


def _reported(record: Recorded, version: str, health: dict[str, str]) -> Recorded:
    message = json.loads(record.message)
    if message["type"] != V2:
        return record
    rest = {name: value for name, value in message["data"].items() if name not in ("time", "cost", "result")}
    changed = {**message, "type": version, "data": {**rest, **health}}
    return replace(record, message=json.dumps(changed, ensure_ascii=False).encode())
