"""A row and the events that made it so, as an auditor reads them on a page, and takes them along as a signed file and
as a PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.audit import Fields, Step, fields_of, steps
from chassis.case import case_of, digest_of
from chassis.decode import decode
from chassis.documents import Block, Definitions, Document, Heading, Paragraph, Table
from chassis.i18n import translate
from chassis.identity import Identity
from chassis.log import Record
from chassis.rebuild.asof import visible
from chassis.views import View
from chassis.web import past
from chassis.web.deps import Deps
from chassis.web.opening import READERS
from chassis.web.past import Moment
from chassis.web.sentences import Sentences, sentence_of, who_of
from chassis.web.shown import Change, Node, Reader
from contracts.refusal import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What was found of a row: `moment` is what was asked for, `until` that or the present. Names are sealed."""

    view: View[Any]
    key: UUID
    moment: Moment | None
    until: Moment
    records: list[Record]
    steps: list[Step]
    row: Any

    @property
    def looked_at(self) -> Any:
        """The moment that was asked for, as it is written down with who read; None for the present."""
        return self.moment.until if self.moment else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An event in sentences: who (name and role), what it says, what it changed in the row."""

    step: Step
    who: tuple[str, str]
    sentence: str
    data: Node
    changes: list[Change]


async def found(here: Deps, caller: Identity, view: View[Any], key: UUID, day: str | None) -> Case:
    """The case of a row. Raises NotFound where the caller may not see it, and PastIsAway."""
    moment = await past.moment(here, day, here.partnership[caller.home].timezone, "as_of")
    until = moment or past.now(here)
    records = await past.records(here, view, key, until)
    told, row = steps(view, [(record.position, decode(record.message, record.sequence)) for record in records])
    if row is None or not visible(row, caller.scope_of(*READERS)):
        raise NotFound
    return Case(view=view, key=key, moment=moment, until=until, records=records, steps=told, row=row)


def sealed_parts(case: Case) -> tuple[Fields | None, list[Any], list[str | None]]:
    """All of a case that may hold names, to be opened together: the row, each event's before, after and data, who."""
    view = case.view
    events = [(each.before, each.after, fields_of(each.event.data, view.private)) for each in case.steps]
    return fields_of(case.row, view.private), events, [each.event.actor_name for each in case.steps]


def lines(
    case: Case, events: Sequence[Any], names: Sequence[str | None], reader: Reader, sentences: Sentences
) -> list[Line]:
    """The events in sentences. `events` and `names` are those of `sealed_parts`, opened."""
    return [
        Line(
            step=step,
            who=who_of(step.event.actor, name, reader),
            sentence=sentence_of(sentences, step.event, reader, data or {}),
            data=reader.row(data, type(step.event.data)),
            changes=reader.changes(before, after, case.view.row),
        )
        for step, (before, after, data), name in zip(case.steps, events, names, strict=True)
    ]


def exported(here: Deps, caller: Identity, service: str, case: Case) -> dict[str, Any]:
    """What the file of a case says, still to be signed."""
    return case_of(
        case.view, case.row, case.records, here.settings.link_key,
        service=service, key=case.key, as_of=case.until.until, exported_at=here.clock.now(),
        exported_by=caller.actor(caller.home, caller.must(*READERS)),
    )  # fmt: skip


def document(
    here: Deps, caller: Identity, case: Case, row: Fields | None, told: Sequence[Line], reader: Reader,
    said: dict[str, Any],
) -> Document:  # fmt: skip
    """A case to be read on paper; `said` is what its signed file says, whose digest stands in it."""

    def _(text: str, /, **params: object) -> str:
        return translate(text, caller.language, **params)

    formats = reader.formats
    title = title_of(row, case.key)
    moment = case.moment
    as_of = formats.date(moment.day) if moment and moment.day else formats.datetime(case.until.until)
    blocks: list[Block] = [
        Definitions(
            (
                (_("View"), reader.view(case.view.name)),
                (_("Id"), str(case.key)),
                (_("Municipality"), reader.place(case.row.municipality)),
                (_("As of"), as_of),
                (_("Taken along by"), f"{caller.name or caller.id}, {formats.datetime(here.clock.now())}"),
                (_("Digest of the signed file (SHA-256)"), digest_of(said)),
            )
        ),
        Paragraph(
            _(
                "The signed file of this case proves what is written here: `flode verify` says whether it is genuine, "
                "and names the digest above."
            )
        ),
        Heading(_("Why it looks so")),
    ]
    for number, line in enumerate(told, 1):
        blocks += _event(number, line, reader)
    blocks += [Heading(_("The row")), Definitions(tuple(_flat(reader.row(row, case.view.row))))]
    if case.view.private:
        blocks.append(Paragraph(_("What is private in this view, such as drafts and open votes, is not shown.")))
    return Document(
        title=title, language=caller.language, made=case.until.until, below_title=here.partnership.name, blocks=blocks
    )


def title_of(fields: Fields | None, key: UUID | str) -> str:
    """What a row is called: its title, or else its id, or what is known instead of it."""
    return str((fields or {}).get("title") or key)


def _event(number: int, line: Line, reader: Reader) -> list[Block]:
    def _(text: str, /, **params: object) -> str:
        return translate(text, reader.language, **params)

    event = line.step.event
    when = reader.formats.datetime(event.time)
    blocks: list[Block] = [
        Heading(f"{number}. {line.sentence}", 2),
        Paragraph(f"{line.who[0]} ({line.who[1]}), {when}"),
    ]
    if line.step.failed:
        blocks.append(Paragraph(_("This event could not be taken in by the view and changed nothing.")))
    elif line.changes:
        heads = (_("What changed"), _("Before"), _("After"))
        rows = [(each.where, each.before or "–", each.after or "–") for each in line.changes]
        blocks.append(Table(_("The row before and after this"), heads, rows))
    else:
        blocks.append(Paragraph(_("Nothing in this row changed.")))
    proof = _("Fact: {fact}. Position in the log: {position}.", fact=event.data.type, position=str(line.step.position))
    blocks.append(Paragraph(proof))
    return blocks


def _flat(node: Node) -> list[tuple[str, str]]:
    """The texts of a row under each other, each with the labels that lead there."""
    return [(" › ".join(path), text) for path, text in node.leaves()]
