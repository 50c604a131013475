"""A letter as it is read: sentences in the reader's language, dates as they are written where the reader is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

from chassis.i18n import N_, Term, translate
from chassis.i18n.formats import Formats
from notifications.domain.letters import LETTERS, PLACE, WORDED, WORDS, Page

DAYS = frozenset({"due", "until", "on", "at", "deadline"})
"""The values that are days or moments, in ISO 8601."""
GREETING = N_("Hello {name},")
CLOSING = N_("This was sent by Flöde for {partnership}. Answers to this address are not read.")
_HTML = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)

Values = Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A letter whose sentences are whole."""

    language: str
    subject: str
    paragraphs: tuple[str, ...]
    quote: str | None = None
    to: Page | None = None
    action: str | None = None


def write(template: str, values: Values, formats: Formats) -> Written:
    """A letter in the language of `formats`. Sentences whose values are not known are left out."""
    letter, language = LETTERS[template], formats.language
    shown = {name: _shown(name, value, formats) for name, value in values.items() if value}
    quote = values.get(letter.quote) if letter.quote else None
    return Written(
        language=language,
        subject=" ".join(translate(letter.subject, language, **shown).split()),
        paragraphs=tuple(
            translate(sentence, language, **shown)
            for sentence in letter.body
            if set(PLACE.findall(sentence)) <= shown.keys()
        ),
        quote=quote or None,
        to=letter.to,
        action=translate(letter.to.action, language) if letter.to else None,
    )


def leading(written: Written, to: Page) -> Written:
    """The same letter, leading somewhere."""
    return replace(written, to=to, action=translate(to.action, written.language))


def as_comment(written: Written) -> str:
    """For the ticket: the sentences and what was quoted. No link, because a requester's link is for them alone."""
    return "\n\n".join([*written.paragraphs, *([written.quote] if written.quote else [])])


def as_text(written: Written, *, name: str, link: str | None, partnership: str) -> str:
    """For mail readers that show plain text."""
    parts = [translate(GREETING, written.language, name=name), *written.paragraphs]
    if written.quote:
        parts.append("\n".join(f"> {line}".rstrip() for line in written.quote.splitlines()))
    if link:
        parts.append(f"{written.action}:\n{link}")
    parts.append("-- \n" + translate(CLOSING, written.language, partnership=partnership))
    return "\n\n".join(parts) + "\n"


def as_html(written: Written, *, name: str, link: str | None, partnership: str) -> str:
    """For mail readers that show HTML: one column, plain elements, the reader's own fonts and colours."""
    return _html().render(
        letter=written,
        greeting=translate(GREETING, written.language, name=name),
        closing=translate(CLOSING, written.language, partnership=partnership),
        link=link,
    )


@cache
def _html() -> Template:
    text = (resources.files("notifications") / "templates" / "mail.html").read_text("utf-8")
    return _HTML.from_string(text)


def _shown(name: str, value: str | None, formats: Formats) -> str:
    assert value is not None
    if name in WORDED and value in WORDS:
        return translate(Term(WORDS[value]), formats.language)
    if name not in DAYS:
        return value
    return formats.datetime(datetime.fromisoformat(value)) if "T" in value else formats.date(date.fromisoformat(value))
