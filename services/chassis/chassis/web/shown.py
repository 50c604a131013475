"""Values of any shape as a person reads them: labels for names, and text, lists and definitions for what they hold."""

from __future__ import annotations

import types
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from chassis.audit import fields_of
from chassis.i18n import N_, translate, translate_caution
from chassis.i18n.formats import Formats
from chassis.i18n.halves import in_words
from chassis.partnership import Partnership
from chassis.web.labels import Labels
from contracts.values import Caution, Money, Person, TicketRef

PLACES = frozenset({"municipality", "serves", "shared_with", "voters", "abstained", "missing", "invited"})
"""Fields that hold ids of municipalities, or of none."""
AMOUNTS = frozenset({"budget", "spent", "forecast", "amount", "cap"})
"""Fields that are money when a currency stands beside them."""
HALF_YEARS = frozenset({"release", "period", "delivery_period"})
"""Fields that hold the code of a half-year."""
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A value to be shown: text, or items in order, or labelled parts."""

    text: str = ""
    items: tuple[Node, ...] = ()
    pairs: tuple[tuple[str, Node], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text or self.items or self.pairs)

    def leaves(self, at: Path = ()) -> Iterator[tuple[Path, str]]:
        """Every text in it with the labels and numbers that lead there."""
        if self.text:
            yield at, self.text
        for number, item in enumerate(self.items, 1):
            yield from item.leaves((*at, str(number)))
        for label, part in self.pairs:
            yield from part.leaves((*at, label))


@dataclass(frozen=True, slots=True)
class Change:
    """One text of a row that became another; "" where there was, or is, none."""

    where: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom values are written: their language, and how their country writes dates and money."""

    language: str
    formats: Formats
    partnership: Partnership
    labels: Labels = field(default_factory=Labels)

    def label(self, name: str, of: type[Any] | None = None) -> str:
        """What a field of a class is called, at the head of a column."""
        return translate(self.labels.of_field(name, of) or readable(name), self.language)

    def word(self, word: str) -> str:
        """What a chosen word is called, such as a state."""
        return translate(self.labels.of_word(word) or readable(word), self.language)

    def view(self, name: str) -> str:
        """What a view is called."""
        return translate(self.labels.of_view(name) or readable(name), self.language)

    def parts(self, fields: Mapping[str, Any], of: type[Any] | None = None) -> tuple[tuple[str, Node], ...]:
        """Fields as labelled parts; `of` is the class they are of, which says what is a chosen word."""
        words = _words(of) if of is not None else frozenset()
        return tuple((name, self._field(name, value, fields, words)) for name, value in fields.items())

    def row(self, fields: Mapping[str, Any] | None, of: type[Any]) -> Node:
        """A row, or the data of a fact, as labelled parts."""
        return Node(pairs=tuple((self.label(name, of), node) for name, node in self.parts(fields or {}, of)))

    def changes(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, of: type[Any]) -> list[Change]:
        """What differs between two rows, text by text."""
        was, is_ = dict(self.row(before, of).leaves()), dict(self.row(after, of).leaves())
        return [
            Change(" › ".join(path), was.get(path, ""), is_.get(path, ""))
            for path in dict.fromkeys((*was, *is_))
            if was.get(path) != is_.get(path)
        ]

    def _field(self, name: str, value: Any, beside: Mapping[str, Any], words: Collection[str]) -> Node:
        currency = beside.get("currency")
        if name in PLACES and isinstance(value, str | tuple | list | set | frozenset):
            ids = [value] if isinstance(value, str) else value
            if all(isinstance(each, str) for each in ids):
                return Node(", ".join(self.place(each) for each in ids))
        if name in AMOUNTS and isinstance(value, Decimal) and isinstance(currency, str):
            return Node(self.formats.money(value, currency))
        if name in HALF_YEARS and isinstance(value, str):
            return Node(in_words(value, self.language))
        return self._node(value, chosen=name in words)

    def place(self, municipality: str) -> str:
        """What a municipality is called; one that is no partner any more by its id."""
        known = municipality in self.partnership.ids
        return self.partnership[municipality].name if known else municipality

    def _node(self, value: Any, *, chosen: bool = False) -> Node:
        text = self._text(value, chosen)
        if text is not None:
            return Node(text)
        match value:
            case Mapping():
                return Node(pairs=tuple((str(key), self._node(each)) for key, each in value.items()))
            case list() | tuple() | set() | frozenset():
                nodes = tuple(self._node(each, chosen=chosen) for each in value)
                plain = all(node.text and len(node.text) < SHORT for node in nodes)
                return Node(", ".join(node.text for node in nodes)) if plain else Node(items=nodes)
            case _:
                parts = self.parts(fields_of(value) or {}, type(value))
                return Node(pairs=tuple((self.label(name, type(value)), node) for name, node in parts))

    def _text(self, value: Any, chosen: bool) -> str | None:  # noqa: C901  a case for each kind of value
        """A value that is one text; None for one that has parts."""
        match value:
            case None:
                return ""
            case bool():
                return translate(YES if value else NO, self.language)
            case Enum():
                return self.word(str(value.value))
            case str():
                return self.word(value) if chosen and value else value
            case datetime():
                day, _, hour = self.formats.datetime(value).rpartition(" ")
                return f"{_whole(day)} {hour}"
            case date():
                return _whole(self.formats.date(value))
            case Decimal() | float():
                return self.formats.number(value)
            case int() | UUID():
                return str(value)
            case Money():
                return self.formats.money(value.amount, value.currency)
            case Person():
                return f"{value.name} ({value.email})" if value.email else value.name
            case Caution():
                return translate_caution(value, self.language)
            case TicketRef():
                return f"{value.system} {value.number or value.external_id}"
            case Mapping() | list() | tuple() | set() | frozenset() | msgspec.Struct():
                return None
            case _:
                return None if is_dataclass(value) else str(value)


def _whole(day: str) -> str:
    """A day that is not broken over lines, as narrow columns would break it into four."""
    return day.replace(" ", "\N{NO-BREAK SPACE}")


SHORT = 40
"""Lists of texts shorter than this are written in one line."""
YES, NO = N_("Yes"), N_("No")


def readable(name: str) -> str:
    """A name of the code, or of a fact that travels, as words: "portfolio.status-reported.v2" is "Status reported"."""
    parts = name.split(".")
    bare = parts[1] if len(parts) == 3 else name
    words = bare.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _words(of: type[Any]) -> frozenset[str]:
    """The fields of a class that hold chosen words, which are translated, and not what somebody wrote."""
    if of not in _KNOWN:
        _KNOWN[of] = frozenset(name for name, hint in get_type_hints(of).items() if _chosen(hint))
    return _KNOWN[of]


_KNOWN: dict[type[Any], frozenset[str]] = {}


def _chosen(hint: Any) -> bool:
    if get_origin(hint) in (Union, types.UnionType, tuple):
        return any(_chosen(part) for part in get_args(hint))
    return get_origin(hint) is Literal or (isinstance(hint, type) and issubclass(hint, Enum))
