"""Pages: Jinja templates of the service over the chassis' layout, in the reader's language, without a script."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Undefined, pass_context
from jinja2.runtime import Context as Names

from chassis.i18n import LANGUAGES, N_, translate, translate_caution, translate_many
from chassis.i18n.formats import Formats
from chassis.i18n.halves import in_words
from chassis.identity import Identity
from chassis.views import View
from chassis.web.answers import AFTER
from chassis.web.deps import KEY_FIELD, Deps
from chassis.web.navigation import places_for
from chassis.web.problems import TITLES, ComesLater, FieldError, errors_of, language_of, retry_after
from chassis.web.tables import labelled
from contracts.refusal import Refusal

LANGUAGE_NAMES: Mapping[str, str] = {"sv": "Svenska", "da": "Dansk", "nb": "Norsk bokmål", "en": "English"}


NO_NUMBER = N_("without a number")


@dataclass(frozen=True, slots=True)
class Errors:
    """The sentences that belong on a page, each beside its field or above them all."""

    all: tuple[FieldError, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    """What the fields of the page are called, by their paths; the macros of forms.html tell it as they are written."""
    alike: set[str] = field(default_factory=set)
    """Fields of which rules speak in the same words, so that each sentence must name its own."""

    def call(self, field: str, label: str, *, alike: bool = False) -> str:
        """Remember what a field is called. Writes nothing."""
        self.labels[field] = label
        if alike:
            self.alike.add(field)
        return ""

    def told(self, error: FieldError) -> str:
        """The sentence as it stands above them all, where nothing else says which field it is of. A rule's own sentence
        says it by itself, and is left as it is; "This is needed." does not."""
        path = error.field or ""
        label = self.labels.get(path, "").rstrip(":") if error.rule is None or path in self.alike else ""
        return f"{label}{' ' if label[-1] in '?.!' else ': '}{error.detail}" if label else error.detail

    def at(self, field: str) -> list[str]:
        """The sentences beside a field."""
        return [error.detail for error in self.all if error.field == field]

    def __bool__(self) -> bool:
        return bool(self.all)


def page(
    request: Request,
    template: str,
    caller: Identity | None,
    *,
    status: int | None = None,
    refusal: Refusal | None = None,
    live: Iterable[View[Any]] = (),
    every: int | None = None,
    **values: Any,
) -> HTMLResponse:
    """Render a template of the service.

    `live` names the views the page shows: where there is a script it shows what comes, without being loaded again. A
    page that shows what no view holds says after how many seconds (`every`) it is made anew.

    With a `refusal` its sentences stand above the page and beside their fields, and the status is its own. `data` is
    what the fields of a form hold. In the template: `_("…", name=…)` and `ngettext` translate; the filters `day`,
    `moment`, `money(currency)`, `number`, `percent`, `size` (of a file) and `named` (a name per language) write values
    as the reader's country does; `ui` holds the macros of forms.html.
    """
    deps: Deps = request.app.state.here
    language = caller.language if caller else language_of(request)
    names = {
        "data": {},
        **values,
        "caller": caller,
        "language": language,
        "languages": LANGUAGE_NAMES,
        "formats": deps.formats(caller, language),
        "errors": Errors(errors_of(refusal, language) if refusal else ()),
        "partnership": deps.partnership,
        "has_account": deps.keeps_accounts,
        "places": places_for(caller),
        "service": deps.service,
        "pages_of": f"/{deps.service}",
        # A form that was refused stands at an address that only takes forms: it cannot be asked for anew.
        "live": _live(request, live) if request.method == "GET" and refusal is None else None,
        "every": every if request.method == "GET" and refusal is None else None,
        "path": request.url.path,
        # `go_to` leads here after a form that was taken, and names where to wait for it.
        "just_done": request.method == "GET" and AFTER in request.query_params and refusal is None,
        "here_and_now": quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""), safe="/"),
        "static": f"/{deps.service}/static",
        "version_of_static": static_version(),
    }
    environment: Environment = request.app.state.templates
    names["ui"] = environment.get_template("forms.html").make_module(names)
    text = environment.get_template(template).render(names)
    return HTMLResponse(text, status or (refusal.status if refusal else 200), {"Content-Language": language})


def _live(request: Request, views: Iterable[View[Any]]) -> tuple[str, str] | None:
    """The names of the views, and where they stood before the page read them (nothing when it did not look)."""
    names = [view.name for view in views]
    known: Mapping[str, str] = getattr(request.state, "marks", {})
    return (",".join(names), ".".join(known.get(name, "") for name in names)) if names else None


def problem_page(request: Request, refusal: Refusal) -> HTMLResponse:
    """A page that says what cannot be done, for refusals that no page of the service shows beside a field."""
    caller: Identity | None = getattr(request.state, "caller", None)
    if isinstance(refusal, ComesLater):
        # It was done and is only not seen yet: a page that said "mistake" would have it done twice.
        answer = page(request, "later.html", caller, status=refusal.status, said=refusal.text)
    else:
        title = TITLES.get(refusal.status, TITLES[400])
        answer = page(request, "problem.html", caller, refusal=refusal, problem=refusal, title=title)
    if refusal.status in (429, 503):
        answer.headers.update(retry_after(refusal))
    return answer


async def signed_out_page(request: Request) -> HTMLResponse:
    """A form whose sender's session has ended: what they wrote, to be sent once they are signed in again.

    It keeps its key, so that it is done once however often it is sent.
    """
    given = await request.form()
    written = [(name, value) for name, value in given.multi_items() if isinstance(value, str)]
    return page(request, "signed_out.html", None, status=401, written=written)


@cache
def templates_of(package: str) -> Environment:
    """The templates of a service, and under them the chassis'; one environment, so that each is compiled once."""
    found = resources.files(package) / "templates"
    loaders = [PackageLoader("chassis.web")]
    if found.is_dir():
        loaders.insert(0, PackageLoader(package))
    environment = Environment(
        loader=ChoiceLoader(loaders), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {"_": _gettext, "gettext": _gettext, "ngettext": _ngettext, "new_key": lambda: uuid4().hex}
    environment.globals |= {"key_field": KEY_FIELD, "typed": _typed, "ticked": _ticked}
    environment.filters |= {
        "day": _day,
        "month": _month,
        "moment": _moment,
        "money": _money,
        "number": _number,
        "percent": _percent,
        "size": _size,
        "named": _named,
        "field_id": lambda name: "f-" + name.partition(":")[0].replace(".", "-"),
        "field_path": lambda name: name.partition(":")[0],
        "caution": _caution,
        "labelled": labelled,
        "ticket": _ticket,
        "half_year": _half_year,
        "half_years": _half_years,
    }
    return environment


@cache
def static_version() -> str:
    """Changes when a static file does, so that a browser asks for the new one."""
    content = hashlib.sha256()
    for file in sorted((resources.files("chassis.web") / "static").iterdir(), key=lambda file: file.name):
        content.update(file.read_bytes())
    return content.hexdigest()[:12]


@pass_context
def _gettext(names: Names, text: str, /, **params: object) -> str:
    return translate(text, names["language"], **params)


@pass_context
def _ngettext(names: Names, one: str, many: str, number: int, /, **params: object) -> str:
    return translate_many(one, many, number, names["language"], **params)


def _formats(names: Names) -> Formats:
    formats: Formats = names["formats"]
    return formats


@pass_context
def _half_year(names: Names, code: str | None) -> str:
    return in_words(code or "", names["language"])


@pass_context
def _half_years(names: Names, codes: Iterable[str]) -> list[tuple[str, str]]:
    return [(code, in_words(code, names["language"])) for code in codes]


@pass_context
def _typed(names: Names, name: str, value: object) -> str:
    """What stands in a field: the value given, or what the page's `data` holds at the field's path."""
    if value is None or isinstance(value, Undefined):
        value = value_at(names.get("data"), name.partition(":")[0])
    match value:
        case None | False:
            return ""
        case Decimal() | float():
            return _formats(names).typed_number(value)
        case _:
            return str(value)


@pass_context
def _ticked(names: Names, name: str, values: Iterable[object] | None) -> list[str]:
    """Which of several boxes are ticked."""
    found = values if values is not None else value_at(names.get("data"), name.partition(":")[0])
    return [str(each) for each in found] if isinstance(found, (list, tuple, set, frozenset)) else []


def value_at(data: object, path: str) -> Any:
    """What a value holds at a dotted path; None where it holds nothing."""
    for step in path.split("."):
        match data:
            case Mapping():
                data = data.get(step)
            case list() | tuple():
                data = data[int(step)] if step.isdecimal() and int(step) < len(data) else None
            case _:
                data = getattr(data, step, None)
    return data


@pass_context
def _day(names: Names, day: date | None) -> str:
    return "" if day is None else _formats(names).date(day)


@pass_context
def _month(names: Names, day: date) -> str:
    return _formats(names).month(day)


@pass_context
def _moment(names: Names, moment: datetime | None) -> str:
    return "" if moment is None else _formats(names).datetime(moment)


@pass_context
def _money(names: Names, amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else _formats(names).money(amount, currency)


@pass_context
def _number(names: Names, number: Decimal | float | None) -> str:
    return "" if number is None else _formats(names).number(number)


@pass_context
def _size(names: Names, size: int | None) -> str:
    return "" if size is None else _formats(names).size(size)


@pass_context
def _percent(names: Names, share: Decimal | float | None) -> str:
    return "" if share is None else _formats(names).percent(share)


@pass_context
def _named(names: Names, per_language: Mapping[str, str]) -> str:
    """A name that stands in a file in several languages, in the reader's or the nearest to it."""
    for language in (names["language"], "en", *LANGUAGES):
        if language in per_language:
            return per_language[language]
    return next(iter(per_language.values()), "")


@pass_context
def _ticket(names: Names, number: str) -> str:
    """A ticket's number; that it has none, where an id of ours stands for it, as when a request came by phone."""
    try:
        UUID(number)
    except ValueError:
        return number
    return translate(NO_NUMBER, names["language"])


@pass_context
def _caution(names: Names, caution: Any) -> str:
    """A contracts' Caution as a sentence."""
    return translate_caution(caution, names["language"])
