"""The PM's judgement of a request: a project, or a change within daily operation and development (IT-05, IT-06)."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.intake import ClassificationWithdrawn, ClassifiedAsChange, ClassifiedAsProject
from contracts.refusal import NotFound, Refusal, Refusals
from contracts.values import CriterionMet
from intake.domain.request import Judged, Request
from intake.domain.ticket import shown


class NoSuchRequest(NotFound):
    """Nobody registered a request by this name in a municipality the reader may see."""

    text = "There is no such request."


class NeedsAReason(Refusal):
    """A judgement, and taking one back, say why (IT-05)."""

    text = "Say why; the reason stays with the request."
    rule = "IT-05"
    status = 422


class CriterionNotAnswered(Refusal):
    """Every size criterion of the partnership is answered yes or no before a request is judged (IT-06)."""

    text = "Answer yes or no."
    rule = "IT-06"
    status = 422


class UnknownCriterion(Refusal):
    """The answer is to a question the partnership does not ask (IT-06)."""

    text = "“{key}” is not one of the size criteria that the partnership has agreed on."
    rule = "IT-06"
    status = 422


class AlreadyJudged(Refusal):
    """A request is judged once; another judgement needs the first to be taken back."""

    text = "The request is already judged. Take that judgement back first, with a reason."
    rule = "IT-06"


class NotJudged(Refusal):
    """There is no judgement to take back."""

    text = "The request is not judged, so there is no judgement to take back."
    rule = "IT-06"


class ChangeIsFinal(Refusal):
    """A change went back to the Service Desk, which may have acted on it since (IT-06)."""

    text = (
        "The request went back to the Service Desk as a change within daily operation. "
        "Ask the Service Desk to reopen ticket {number} if it is a project after all."
    )
    rule = "IT-06"

    def __init__(self, request: Request) -> None:
        super().__init__(number=shown(request.ticket))


class MergedAway(Refusal):
    """A merged request lives on in another; that one is judged."""

    text = "Ticket {number} was merged with another. Judge the request of the surviving ticket instead."
    rule = "IT-05"

    def __init__(self, request: Request) -> None:
        super().__init__(number=shown(request.ticket))


class Withdrawn(Refusal):
    """What was withdrawn at its source is not judged."""

    text = "Ticket {number} was withdrawn by the Service Desk. If it comes back, it is judged then."
    rule = "IT-05"

    def __init__(self, request: Request) -> None:
        super().__init__(number=shown(request.ticket))


def classify(
    request: Request | None, outcome: Judged, *, reason: str, criteria: Sequence[CriterionMet], asked: Sequence[str]
) -> ClassifiedAsProject | ClassifiedAsChange:
    """Judge a waiting request, with why and an answer to every size criterion `asked` by the partnership (IT-06).

    Who and when stand in the envelope. A project enters the portfolio because of this fact (IT-08); a change goes
    back to the Service Desk and ends here.
    """
    request = _known(request)
    if request.merged_into:
        raise MergedAway(request)
    if request.withdrawn:
        raise Withdrawn(request)
    if request.judged:
        raise AlreadyJudged
    faults: list[Refusal] = [] if reason.strip() else [NeedsAReason("reason")]
    answers = {answer.key: answer for answer in criteria}
    faults += [CriterionNotAnswered(f"criteria.{key}.met") for key in asked if key not in answers]
    faults += [UnknownCriterion(f"criteria.{key}", key=key) for key in answers if key not in asked]
    if faults:
        raise Refusals(tuple(faults))
    answered = tuple(answers[key] for key in asked)
    if outcome == "change":
        return ClassifiedAsChange(
            request_id=request.id,
            reason=reason.strip(),
            criteria=answered,
            requester=request.requester,
            ticket=request.ticket,
        )
    return ClassifiedAsProject(
        request_id=request.id,
        reason=reason.strip(),
        criteria=answered,
        title=request.title,
        requester=request.requester,
        ticket=request.ticket,
        origin=request.origin,
        serves=request.serves,
    )


def withdraw_classification(request: Request | None, *, reason: str) -> ClassificationWithdrawn:
    """Take the judgement "project" back, with a reason; the request waits again (IT-05). A change is final (IT-06)."""
    request = _known(request)
    if request.judged is None:
        raise NotJudged
    if request.judged == "change":
        raise ChangeIsFinal(request)
    if request.merged_into:
        raise MergedAway(request)
    if request.withdrawn:
        raise Withdrawn(request)
    if not reason.strip():
        raise NeedsAReason("reason")
    return ClassificationWithdrawn(request_id=request.id, was="project", reason=reason.strip())


def _known(request: Request | None) -> Request:
    if request is None:
        raise NoSuchRequest
    return request
