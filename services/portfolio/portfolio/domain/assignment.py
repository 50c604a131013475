"""Who does the project: the leader and the group, people on loan, and the start of the work (IT-16, IT-17, TY-22)."""

from __future__ import annotations

from contracts.portfolio import Assigned, PeopleLent, WorkStarted
from contracts.values import Loan, Member, MemberKind, Person
from portfolio.domain.project import Project, may
from portfolio.domain.refusals import LentToItself, MemberTwice, NotAssigned, PeriodEndsBeforeItStarts, ReasonNeeded


def assign(
    project: Project | None,
    *,
    leader: Person,
    group: tuple[Member, ...],
    leader_role: str,
    leader_kind: MemberKind = "it_team",
    reason: str = "",
) -> Assigned:
    """The PM deals a prioritised project out to a leader and a composed group (IT-16, IT-17).

    A leader who is not named in the group is put first in it. Assigning anew needs a reason, because people who had
    the work before are told why they have it no more.
    """
    project = may(project, Assigned)
    if project.leader is not None and not reason.strip():
        raise ReasonNeeded(field="reason")
    people = [member.person.id for member in group]
    for place, person in enumerate(people):
        if person in people[:place]:
            raise MemberTwice(field=f"group.{place}")
    if leader.id not in people:
        group = (Member(person=leader, kind=leader_kind, role=leader_role), *group)
    return Assigned(
        request_id=project.id,
        leader=leader,
        group=group,
        directive_version=project.directive_version,
        reason=reason,
    )


def lend(project: Project | None, other: Project | None, loan: Loan) -> PeopleLent:
    """People of this project work in another for a period, under a deciding lead (TY-22)."""
    project, other = may(project, PeopleLent), may(other, WorkStarted)
    if project.id == other.id:
        raise LentToItself(field="to")
    if loan.ends < loan.starts:
        raise PeriodEndsBeforeItStarts(field="ends")
    return PeopleLent(request_id=project.id, to_request=other.id, loan=loan)


def start(project: Project | None, *, plan_version: int) -> WorkStarted | None:
    """Both parties agreed on the plan, and the project is carried out by it: never before (TY-23, IT-19).

    A newer version of the plan is a start by that version. While a project rests the start is kept, and takes effect
    when it is resumed.
    """
    project = may(project, WorkStarted)
    if project.leader is None:
        raise NotAssigned
    if project.plan_version is not None and plan_version <= project.plan_version:
        return None
    return WorkStarted(request_id=project.id, plan_version=plan_version)
