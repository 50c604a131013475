"""Languages: English in the code is the key, the partner municipalities' languages stand in catalogues beside it.

Every package has `locale/{sv,da,nb}/LC_MESSAGES/messages.po`, read at start. `python -m chassis.i18n update` writes new
sentences into them, `check` fails while one has no translation.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from chassis.i18n.formats import Formats
from contracts.values import Caution, Money

LANGUAGES = ("sv", "da", "nb", "en")
CATALOGUES = ("sv", "da", "nb")
"""The languages that have catalogues; English needs none."""

_packages: list[str] = ["chassis"]
_DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


class Term(str):
    """A word of ours inside a sentence: when it is a parameter, it is translated as well."""

    __slots__ = ()


def N_(text: str) -> str:  # noqa: N802 - the name that tools for translators know
    """Mark a text for translation where it is written; it is translated where it is shown."""
    return text


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802 - as N_
    """Mark a text that has another form for many; `translate_many` translates it where it is shown."""
    return one, many


def use(*packages: str) -> None:
    """Read the catalogues of these packages too. What the chassis says already is not said anew by a service."""
    new = [package for package in packages if package not in _packages]
    if new:
        _packages.extend(new)
        translations.cache_clear()


@cache
def translations(language: str) -> NullTranslations:
    """All that is known in a language; for English, and for what is not known, the key itself."""
    known: NullTranslations = NullTranslations()
    for package in reversed(_packages):
        file = resources.files(package) / "locale" / language / "LC_MESSAGES" / "messages.po"
        if file.is_file():
            compiled = io.BytesIO()
            write_mo(compiled, read_po(io.BytesIO(file.read_bytes()), locale=language))
            compiled.seek(0)
            read = Translations(compiled)
            known = read.merge(known) if isinstance(known, Translations) else read
    return known


def translate(text: str, language: str, /, **params: object) -> str:
    """A sentence in a language, its {placeholders} filled."""
    return fill(translations(language).ugettext(text), language, params)


def translate_caution(caution: Caution, language: str) -> str:
    """A caution as a sentence. Its days travel as texts, and are written as usual in the language."""
    days = {name: date.fromisoformat(text) for name, text in caution.params.items() if _DAY.fullmatch(text)}
    return translate(caution.text, language, **{**caution.params, **days})


def translate_many(one: str, many: str, number: int, language: str, /, **params: object) -> str:
    """As `translate`, in the form the number asks for; `{number}` stands for it."""
    return fill(translations(language).ungettext(one, many, number), language, {"number": number, **params})


def fill(text: str, language: str, params: Mapping[str, object]) -> str:
    """Put values into a sentence's placeholders, by name and nothing else: an attribute or index is not followed.

    Days, decimals and money are written as usual in the language.
    """
    for name, value in params.items():
        if f"{{{name}}}" in text:
            text = text.replace(f"{{{name}}}", _shown(value, language))
    return text


def _shown(value: object, language: str) -> str:
    formats = Formats(language, country="")
    match value:
        case Term():
            return translate(value, language)
        case date():
            return formats.date(value)
        case Decimal():
            return formats.number(value)
        case Money():
            return formats.money(value.amount, value.currency)
        case list() | tuple() | set() | frozenset():
            return ", ".join(_shown(each, language) for each in value)
        case _:
            return str(value)


def best_language(accepted: str | None, default: str = "en") -> str:
    """The language of ours a browser's Accept-Language prefers; any Norwegian is bokmål."""
    wanted: list[tuple[float, int, str]] = []
    for order, part in enumerate((accepted or "").split(",")[:20]):
        tag, _, rest = part.strip().partition(";")
        try:
            quality = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            continue
        name = {"no": "nb", "nn": "nb"}.get(tag[:2].lower(), tag[:2].lower())
        if name in LANGUAGES and quality > 0 and tag[2:3] in ("", "-"):
            wanted.append((-quality, order, name))
    return min(wanted)[2] if wanted else default
