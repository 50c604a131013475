"""Dates, numbers and money as they are written in a municipality's country, in the reader's language."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import (
    NumberPattern,
    format_currency,
    format_decimal,
    format_percent,
    get_decimal_symbol,
    get_group_symbol,
    parse_pattern,
)
from babel.units import format_unit

Width = Literal["full", "long", "medium", "short"]


@dataclass(frozen=True, slots=True)
class Formats:
    """How a reader of `language` in `country` reads dates, numbers and money; times are told in `timezone`."""

    language: str = "en"
    country: str = "SE"
    timezone: str = "Europe/Stockholm"

    @property
    def locale(self) -> Locale:
        """The locale of language and country, or of the language alone where the two are not a usual pair."""
        return _locale(self.language, self.country)

    def month(self, day: date) -> str:
        """The month of a day, for what is due some time in it."""
        return format_skeleton("yMMMM", day, locale=self.locale)

    def date(self, day: date, width: Width = "medium") -> str:
        """A day. A moment becomes the day it is in the municipality."""
        if isinstance(day, datetime):
            day = day.astimezone(ZoneInfo(self.timezone)).date()
        return _date(self.locale, day, width)

    def datetime(self, moment: datetime) -> str:
        """A moment to the minute, in the municipality's time."""
        return f"{self.date(moment)} {_time(self.locale, moment, self.timezone)}"

    def number(self, number: Decimal | float) -> str:
        """A number with the country's separators."""
        return _number(self.locale, number)

    def size(self, size: int) -> str:
        """How large a file is, from its bytes, in the decimal units that file managers show."""
        for unit, worth in (("megabyte", 10**6), ("kilobyte", 10**3)):
            if size >= worth:
                return format_unit(round(size / worth, 1), f"digital-{unit}", "short", locale=self.locale)
        return format_unit(size, "digital-byte", "short", locale=self.locale)

    def percent(self, share: Decimal | float) -> str:
        """A share of one, as percent."""
        return _percent(self.locale, share)

    def money(self, amount: Decimal | int, currency: str) -> str:
        """An amount in the currency's main unit; öre are shown when there are some."""
        return _money(self.locale, amount, currency)

    def typed_number(self, number: Decimal | float) -> str:
        """A number as `parse_number` reads it again: no thousands, the country's decimal sign."""
        return format(Decimal(str(number)), "f").replace(".", get_decimal_symbol(self.locale))

    def parse_number(self, text: str) -> Decimal:
        """Read what somebody typed: "1 200,50", "1.200,50", "1200.5". Raises ValueError.

        What could be a thousand times more or less than was meant ("1.200" where a comma is usual) is refused.
        """
        bare = _SPACES.sub("", text).replace("\N{MINUS SIGN}", "-")
        groups_by_dot = get_group_symbol(self.locale) == "."
        if _INTEGER.fullmatch(bare):
            return Decimal(bare)
        if _DOTS.fullmatch(bare) and (groups_by_dot or bare.count(".") > 1 or "," in bare):
            return Decimal(bare.replace(".", "").replace(",", "."))
        if _COMMAS.fullmatch(bare):
            return Decimal(bare.replace(",", ""))
        if _DECIMALS.fullmatch(bare) and not _DOUBTFUL.fullmatch(bare):
            return Decimal(bare.replace(",", "."))
        raise ValueError(text)


_SPACES = re.compile(r"[\s']")
_INTEGER = re.compile(r"-?[0-9]{1,30}")
_DOTS = re.compile(r"-?[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]{1,10})?")
_COMMAS = re.compile(r"-?[0-9]{1,3}(,[0-9]{3}){2,}|-?[0-9]{1,3}(,[0-9]{3})+\.[0-9]{1,10}")
_DECIMALS = re.compile(r"-?[0-9]{1,30}[.,][0-9]{1,10}")
_DOUBTFUL = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")


# What a page writes it writes again and again, and so do the pages after it: each is worked out once. What is equal is
# written alike, so a number may be known by an equal one; a locale is known by its language and country.

OFTEN = 8192
"""How many of each are remembered."""


@cache
def _locale(language: str, country: str) -> Locale:
    if country:
        with suppress(UnknownLocaleError):
            return Locale(language, country)
    return Locale("en", "150") if language == "en" else Locale(language)


@lru_cache(OFTEN)
def _date(locale: Locale, day: date, width: Width) -> str:
    return format_date(day, width, locale=locale)


@lru_cache(OFTEN)
def _time(locale: Locale, moment: datetime, timezone: str) -> str:
    return format_time(moment, "short", tzinfo=ZoneInfo(timezone), locale=locale)


@lru_cache(OFTEN, typed=True)
def _number(locale: Locale, number: Decimal | float) -> str:
    return format_decimal(number, locale=locale)


@lru_cache(OFTEN, typed=True)
def _percent(locale: Locale, share: Decimal | float) -> str:
    return format_percent(share, locale=locale)


@lru_cache(OFTEN, typed=True)
def _money(locale: Locale, amount: Decimal | int, currency: str) -> str:
    whole = amount == int(amount)
    pattern = _without_fraction(locale) if whole else None
    return format_currency(amount, currency, pattern, locale=locale, currency_digits=not whole)


@cache
def _without_fraction(locale: Locale) -> NumberPattern:
    return parse_pattern(str(locale.currency_formats["standard"].pattern).replace(".00", ""))
