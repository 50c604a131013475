"""Links for those who do not sign in: a requester's link opens their own request, in one municipality, until a day.

The link itself is the credential: it names what it opens and is signed, so nothing has to be looked up to judge it,
and changing one character of it opens nothing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from chassis.identity import Identity, Role
from contracts.refusal import Forbidden

_SIGNATURE_BYTES = 32
DIRECTIVE = "directive"
"""The purpose of a link that opens a requester's directive (IT-09)."""
DIRECTIVE_PATH = "/governance/directive/{link}"
"""Where such a link leads: mails carry it, governance answers it."""
OWN_REQUEST = "request"
"""The purpose of a link that shows requesters how far their own request has come."""
OWN_REQUEST_PATH = "/portfolio/request/{link}"
"""Where that one leads: mails carry it, portfolio answers it."""


class LinkDoesNotOpen(Forbidden):
    """The link was changed, or is not one of ours."""

    text = (
        "This link does not open anything. Is all of it there? Copy the whole link from the mail, or open the latest "
        "mail about your request. If that does not help, ask the PM for a new one."
    )


class LinkExpired(Forbidden):
    """The link was good until a day that has passed."""

    text = (
        "This link was good until {day}. Open the link in the latest mail about your request, or sign in if you have "
        "an account. If you have neither, ask the PM for a new one."
    )
    status = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link opens: a request of a municipality, for one person, for one purpose, until a moment."""

    purpose: str
    municipality: str
    request_id: UUID
    person: UUID
    until: datetime

    def identity(self, language: str) -> Identity:
        """The one who holds the link: a requester in this municipality, and nothing else."""
        roles: Mapping[str, frozenset[Role]] = {self.municipality: frozenset({Role.REQUESTER})}
        return Identity(id=self.person, home=self.municipality, language=language, roles=roles)


class Links:
    """Makes links and judges them, by the key of FLODE_LINK_KEY."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, link: Link) -> str:
        """The text of a link, fit for a path segment. It names nobody: ids are pseudonyms."""
        said = "|".join(
            (link.purpose, link.municipality, link.request_id.hex, link.person.hex, str(int(link.until.timestamp())))
        ).encode()
        return _encoded(self._sign(said) + said)

    def read(self, text: str, *, purpose: str, now: datetime) -> Link:
        """What a link opens. Raises LinkDoesNotOpen and LinkExpired."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise LinkDoesNotOpen from None
        signature, said = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(said)) or text != _encoded(raw):
            raise LinkDoesNotOpen
        meant, municipality, request_id, person, until = said.decode().split("|")
        if meant != purpose:
            raise LinkDoesNotOpen
        link = Link(
            purpose=meant,
            municipality=municipality,
            request_id=UUID(request_id),
            person=UUID(person),
            until=datetime.fromtimestamp(int(until), UTC),
        )
        if now > link.until:
            raise LinkExpired(day=link.until.date())
        return link

    def _sign(self, said: bytes) -> bytes:
        return hmac.digest(self._key, b"flode link 1|" + said, "sha256")


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
