"""What people write in a form, read as values: days, months, amounts and numbers, as four countries write them.

Each reader takes the text and its place in the form, and raises a Refusal naming that place when it cannot be read.
Empty text is nobody's mistake here: it is read as None, and `checks` says where something is missing.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from uuid import UUID

from contracts.refusal import Refusal
from contracts.values import TimeGoal

MONTHS = {
    "january": 1, "januari": 1, "januar": 1,
    "february": 2, "februari": 2, "februar": 2,
    "march": 3, "mars": 3, "marts": 3,
    "april": 4,
    "may": 5, "maj": 5, "mai": 5,
    "june": 6, "juni": 6,
    "july": 7, "juli": 7,
    "august": 8, "augusti": 8,
    "september": 9,
    "october": 10, "oktober": 10,
    "november": 11,
    "december": 12, "desember": 12,
}  # fmt: skip
"""Months in English, Swedish, Danish and Norwegian."""
SCALES = {"": 1, "tkr": 1_000, "mkr": 1_000_000, "mnkr": 1_000_000, "mio": 1_000_000, "mill": 1_000_000}
SURELY_KRONOR = 10_000
"""Nobody counts this many millions of kronor in one directive: such a number was meant in kronor (TY-13)."""
LARGEST = Decimal(10) ** 15
"""Beyond this a number is a mistake of the keyboard, in whatever unit."""

_AMOUNT = re.compile(
    r"^(?P<number>[\d .,]*\d)\s*"
    r"(?P<unit>tkr|mkr|mnkr|mio|mill)?\.?\s*(?:kr|:-|,-)?\.?\s*(?P<currency>SEK|DKK|NOK|EUR)?$",
    re.IGNORECASE,
)
_SPACES = re.compile(r"\s+")


class TooLong(Refusal):
    """There is room for so much, and no more."""

    text = "This is too long: {length} characters, where {limit} fit."
    status = 422


class NoDay(Refusal):
    """What was written is no day of the calendar."""

    text = "“{written}” is not a day. Write it as 2027-05-31."
    status = 422


class NoDayOrMonth(Refusal):
    """A time goal is a day or a month (TY-12)."""

    text = "“{written}” is neither a day nor a month. Write 2027-05-31, 2027-05 or May 2027."
    rule = "TY-12"
    status = 422


class NoTime(Refusal):
    """What was written is no time of the day."""

    text = "“{written}” is not a time of the day. Write it as 09:30."
    status = 422


class NoAmount(Refusal):
    """What was written is no amount of money."""

    text = "“{written}” is not an amount. Write it in figures, as 600 000."
    status = 422


class NoNumber(Refusal):
    """What was written is no number."""

    text = "“{written}” is not a number."
    status = 422


class NoRequest(Refusal):
    """What was written is not the number of a request."""

    text = "“{written}” does not name a request."
    status = 422


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as it was written: the number, the unit beside it (1 for kronor) and the currency if it was said."""

    written: str
    number: Decimal
    scale: int = 1
    currency: str | None = None

    @property
    def literal(self) -> Decimal:
        """What the words say, however unlikely."""
        return self.number * self.scale

    @property
    def slipped(self) -> bool:
        """Whether the unit must be a slip of the pen, as in "600 000 mkr" (TY-13)."""
        return self.scale > 1 and self.number >= SURELY_KRONOR

    @property
    def value(self) -> Decimal:
        """The amount in kronor: a unit that must be a slip is not counted, and a warning says so."""
        return self.number if self.slipped else self.literal


def amount(written: str, field: str) -> Amount | None:
    """An amount: "600 000", "1.250,50 kr", "3 050 000 SEK", "3 mkr". Raises NoAmount."""
    if not (text := _tidy(written)):
        return None
    found = _AMOUNT.match(text)
    number = _figures(found["number"]) if found else None
    if found is None or number is None:
        raise NoAmount(field, written=written)
    currency = found["currency"]
    read = Amount(text, number, SCALES[(found["unit"] or "").lower()], currency.upper() if currency else None)
    if read.literal > LARGEST:
        raise NoAmount(field, written=written)
    return read


def number(written: str, field: str) -> Decimal | None:
    """A number, with a decimal comma or point and at most two decimals. Raises NoNumber."""
    if not (text := _tidy(written)):
        return None
    read = _figures(text)
    if read is None or read > LARGEST:
        raise NoNumber(field, written=written)
    return read


def whole(written: str, field: str) -> int | None:
    """A whole number. Raises NoNumber."""
    read = number(written, field)
    if read is not None and read != int(read):
        raise NoNumber(field, written=written)
    return None if read is None else int(read)


def day(written: str, field: str) -> date | None:
    """A day, as 2027-05-31. Raises NoDay."""
    if not (text := _tidy(written)):
        return None
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else _no_day()
    except ValueError:
        raise NoDay(field, written=written) from None


def time_of_day(written: str, field: str) -> time:
    """A time of the day, as 09:30 or 9.30. Raises NoTime, also for nothing."""
    found = re.fullmatch(r"([01]?\d|2[0-3])[:.]([0-5]\d)", _tidy(written))
    if found is None:
        raise NoTime(field, written=written)
    return time(int(found[1]), int(found[2]))


def day_or_month(written: str, field: str) -> TimeGoal | None:
    """A time goal: a day, or a month written as 2027-05 or "december 2013" (TY-12). Raises NoDayOrMonth."""
    if not (text := _tidy(written)):
        return None
    try:
        if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
            return _month(int(found[1]), int(found[2]))
        if (found := re.fullmatch(r"([^\W\d]+)\.? (\d{4})", text)) and found[1].lower() in MONTHS:
            return _month(int(found[2]), MONTHS[found[1].lower()])
        read = day(text, field)
    except (ValueError, NoDay):
        raise NoDayOrMonth(field, written=written) from None
    assert read is not None, "the text is not empty"
    return TimeGoal(on=read)


def request(written: str, field: str) -> UUID | None:
    """The id of another request. Raises NoRequest."""
    if not (text := _tidy(written)):
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NoRequest(field, written=written) from None


def _month(year: int, month: int) -> TimeGoal:
    first = date(year, month, 1)
    return TimeGoal(on=first.replace(day=monthrange(year, month)[1]), precision="month")


def _figures(text: str) -> Decimal | None:
    """Figures with thousands and decimals set apart by any of space, point and comma; None when it makes no sense."""
    bare = text.replace(" ", "")
    if re.fullmatch(r"\d+", bare):
        return Decimal(bare)
    if re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d{1,2})?", bare):  # 1.250.000,50
        return Decimal(bare.replace(".", "").replace(",", "."))
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d{1,2})?", bare):  # 1,250,000.50
        return Decimal(bare.replace(",", ""))
    if re.fullmatch(r"\d+[.,]\d{1,2}0*", bare):  # 1250,50
        return Decimal(bare.replace(",", ".")).quantize(Decimal("0.01"))
    return None


def _tidy(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def _no_day() -> date:
    raise ValueError
