"""What must be true of any log the flow can leave, told without the domain: looked for in the events alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, get_args
from uuid import UUID

from chassis.views import View, fold_batch
from contracts import governance, intake, portfolio
from contracts.envelope import Envelope
from tests.integration.flow_world import World

Log = Iterable[Envelope[Any]]


def the_log_keeps_its_promises(log: Log) -> None:
    """Every promise, of every subject; causes come before effects in the log that is given."""
    log = list(log)
    for promise in (
        histories_are_whole,
        judged_by_the_pm_alone,
        dealt_out_in_order,
        agreed_by_both,
        voted_once,
        decided_at_the_table,
    ):
        promise(log)


def histories_are_whole(log: Log) -> None:
    """P4: in each service the versions of a subject are 1..n; P3: no event is there twice."""
    seen: dict[tuple[str, UUID], int] = defaultdict(int)
    ids: set[UUID] = set()
    for event in log:
        seen[event.source, event.subject] += 1
        assert event.version == seen[event.source, event.subject], event
        assert event.id not in ids, event
        ids.add(event.id)


def judged_by_the_pm_alone(log: Log) -> None:
    """IT-05: the PM judges. IT-02, IT-07: the Service Desk registers, and never a technician."""
    judgements = (intake.ClassifiedAsProject, intake.ClassifiedAsChange, intake.ClassificationWithdrawn)
    for event in log:
        role = event.actor.partition("/")[0]
        if isinstance(event.data, judgements):
            assert role == "pm", event
        if isinstance(event.data, intake.RequestRegistered):
            assert role in ("service-desk", "service_desk"), event


def dealt_out_in_order(log: Log) -> None:
    """IT-16: no assignment before a priority. IT-18: no plan before an assignment, or from what is not approved.
    TY-23: no work, and no end of it, before a plan is agreed."""
    ranked, assigned, started = set[UUID](), set[UUID](), set[UUID]()
    approved, agreed = set[tuple[UUID, int]](), set[tuple[UUID, int]]()
    for event in log:
        match event.data:
            case portfolio.EnteredPortfolio():
                ranked.discard(event.subject)
                started.discard(event.subject)
            case portfolio.Prioritised():
                ranked.add(event.subject)
            case portfolio.Assigned():
                assert event.subject in ranked, event
                assigned.add(event.subject)
            case governance.DirectiveApproved(version=version):
                approved.add((event.subject, version))
            case governance.PlanCommissioned():
                assert event.subject in assigned, event
            case governance.PlanWritten(directive_version=version):
                assert event.subject in assigned, event
                assert (event.subject, version) in approved, event
            case governance.PlanAgreed(version=version):
                agreed.add((event.subject, version))
            case portfolio.WorkStarted(plan_version=version):
                assert (event.subject, version) in agreed, event
                started.add(event.subject)
            case portfolio.ProjectCompleted():
                assert event.subject in started, event
            case _:
                pass


def agreed_by_both(log: Log) -> None:
    """TY-01: a directive is approved by two people, as orderer and as leader. IT-19: a plan is agreed by both parties,
    each accepting that version of it."""
    signed: dict[tuple[UUID, int], dict[str, UUID]] = defaultdict(dict)
    accepted: dict[tuple[UUID, int], set[str]] = defaultdict(set)
    for event in log:
        match event.data:
            case governance.DirectiveSubmitted(version=version) | governance.DirectiveSentBack(version=version):
                signed.pop((event.subject, version), None)
            case governance.DirectiveSigned(version=version, signatory=signatory, person=person):
                signed[event.subject, version][signatory] = person.id
            case governance.DirectiveApproved(version=version):
                both = signed[event.subject, version]
                assert both.keys() == {"orderer", "leader"}, event
                assert len(set(both.values())) == 2, event
            case governance.PlanAccepted(version=version, party=party):
                accepted[event.subject, version].add(party)
            case governance.PlanAgreed(version=version):
                assert accepted[event.subject, version] == {"it_team", "business"}, event
            case _:
                pass


def voted_once(log: Log) -> None:
    """IT-13: a municipality votes once until it takes its vote back. IT-12: the ranks of a round are 1..n, and each
    rank that was given by a round is the round's. IT-20: each due report is missed once."""
    voted = set[tuple[UUID, str]]()
    ranks: dict[UUID, dict[UUID, int]] = {}
    missed = set[tuple[Any, ...]]()
    for event in log:
        match event.data:
            case portfolio.ScoresGiven(municipality=municipality):
                assert (event.subject, municipality) not in voted, event
                voted.add((event.subject, municipality))
            case portfolio.ScoresWithdrawn(municipality=municipality):
                voted.discard((event.subject, municipality))
            case portfolio.RoundClosed(standings=standings):
                assert event.subject not in ranks, event
                ranks[event.subject] = {each.request_id: each.rank for each in standings}
                assert sorted(ranks[event.subject].values()) == list(range(1, len(standings) + 1)), event
            case portfolio.Prioritised(by="round", round_id=round_id, rank=rank) if round_id is not None:
                assert ranks[round_id][event.subject] == rank, event
            case portfolio.StatusReportMissed(cadence=cadence, due=due):
                assert (event.subject, cadence, due) not in missed, event
                missed.add((event.subject, cadence, due))
            case _:
                pass


def decided_at_the_table(log: Log) -> None:
    """IT-21: the CAB decides of what stands on its agenda, and what reaches a project is what was recorded, once; its
    minutes are approved by somebody who attended and did not write them, and nothing happens after that."""
    agenda, present = dict[UUID, set[UUID]](), dict[UUID, set[UUID]]()
    recorded, writer, over = dict[UUID, tuple[Any, ...]](), dict[UUID, UUID](), set[UUID]()
    for event in log:
        if isinstance(event.data, get_args(governance.MeetingFact)):
            assert event.subject not in over, event
        match event.data:
            case governance.AgendaSet(items=items):
                agenda[event.subject] = {item.request_id for item in items}
            case governance.AttendanceRecorded(attendees=attendees):
                present[event.subject] = {each.person.id for each in attendees if each.present}
            case governance.DecisionRecorded(decision_id=decision, request_id=request, outcome=outcome):
                assert request in agenda[event.subject], event
                recorded[decision] = (event.subject, request, outcome)
            case governance.CabDecided(decision_id=decision, meeting_id=meeting, outcome=outcome):
                assert recorded.pop(decision) == (meeting, event.subject, outcome), event
            case governance.MinutesWritten(writer=person) if person is not None:
                writer[event.subject] = person.id
            case governance.MinutesApproved(person=person):
                assert person.id in present[event.subject] - {writer[event.subject]}, event
                over.add(event.subject)
            case governance.MeetingCancelled():
                over.add(event.subject)
            case _:
                pass
    assert recorded == {}, "what the CAB decided has reached its project"


async def views_are_folds_of(world: World, log: Log) -> None:
    """P7: the rows of every view are the fold of the log; and every history folds (P4)."""
    scope = next(iter(world.running.values())).here.partnership.ids
    log = list(log)
    for each in world.running.values():
        for view in each.service.views:
            expected = rows_of(view, log)
            key = view.columns[0].name
            found = await view.select(each.here.db, f"{key} = ANY($1::uuid[])", list(expected), scope=scope)
            shown = {getattr(row, key): row for row in found}
            assert shown == {at: row for at, row in expected.items() if row is not None}, view.name
        for aggregate in each.service.aggregates:
            kinds = get_args(aggregate.facts)
            histories: dict[UUID, list[Envelope[Any]]] = defaultdict(list)
            for event in log:
                if isinstance(event.data, kinds):
                    histories[event.subject].append(event)
            for history in histories.values():
                aggregate.fold(history)


def rows_of(view: View[Any], log: Log, only: Callable[[Envelope[Any]], bool] = lambda _: True) -> dict[UUID, Any]:
    """The rows a view has after this log, None where it has none."""
    topics = {topic.name for topic in view.topics}
    rows: dict[UUID, Any] = {}
    mine = (event for event in log if event.data.type in view.types and event.data.topic.name in topics and only(event))
    fold_batch(view, rows, mine)
    return rows
