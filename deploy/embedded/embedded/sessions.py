"""Sessions of people who signed in. A browser holds a random id and nothing else; who that is, and what they may do, is
looked up with every request. So whoever signs out, is removed, gets other roles or another password is that at once.

The file keeps a hash of each id: who reads it cannot act as anybody. A session ends after IDLE seconds in which its
owner asked for nothing, and after LONGEST in any case.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from uuid import UUID

from aiohttp import web

from chassis.auth import SESSION_COOKIE
from embedded.people import People, Person

IDLE = 2 * 3600.0
"""Seconds without a request of the person's own: a meeting and lunch, but not a night."""
LONGEST = 10 * 3600.0
"""Seconds after which one signs in again, however busy: the longest working day."""
NOTED_EVERY = 60.0
"""Use is written down this seldom (seconds), so that looking is not writing."""

HOST_COOKIE = f"__Host-{SESSION_COOKIE}"
"""With this prefix browsers take the cookie from this host alone, for all its paths, and only with TLS."""
COOKIES = frozenset({SESSION_COOKIE, HOST_COOKIE})

Exchange = Callable[[web.Request], str | None]
EXCHANGE: web.AppKey[Exchange] = web.AppKey("exchange")
"""In an application: gives the token for a request's session, or None when there is no session that holds."""

Renew = Callable[[str], str | None]
RENEW: web.AppKey[Renew] = web.AppKey("renew")
"""In an application: gives what goes on to the services in the place of a program's token. A token of somebody else's
is handed back as it is; None says that it is ours and holds no more, because of what happened to its owner."""


def cookie_name(public_url: str) -> str:
    """What the session's cookie is called at an address; without TLS browsers refuse the stricter name."""
    return HOST_COOKIE if is_secure(public_url) else SESSION_COOKIE


def is_secure(public_url: str) -> bool:
    """Whether people open the address with TLS."""
    return public_url.startswith("https:")


class Sessions:
    """The sessions of `people`, kept in the same file. `now` is seconds since 1970."""

    def __init__(self, people: People, *, now: Callable[[], float] = time.time) -> None:
        self._people, self._now = people, now

    def begin(self, person: UUID) -> str:
        """A new session: the id to give to the browser. Those that ended are cleared away."""
        secret, now = secrets.token_urlsafe(32), self._now()
        with self._people.opened() as db:
            db.execute("DELETE FROM session WHERE seen <= ? OR began <= ?", (now - IDLE, now - LONGEST))
            db.execute("INSERT INTO session VALUES (?, ?, ?, ?)", (_digest(secret), str(person), now, now))
        return secret

    def person(self, secret: str, *, used: bool = True) -> Person | None:
        """Whose session this is, as they are now; None when it is none or has ended.

        `used` says that the person asked, and not a page that keeps itself fresh; only then it lasts longer.
        """
        digest, now = _digest(secret), self._now()
        with self._people.opened() as db:
            row = db.execute("SELECT person, began, seen FROM session WHERE hash = ?", (digest,)).fetchone()
            if row is None or row["seen"] <= now - IDLE or row["began"] <= now - LONGEST:
                return None
            if used and row["seen"] <= now - NOTED_EVERY:
                db.execute("UPDATE session SET seen = ? WHERE hash = ?", (now, digest))
        return self._people.find(UUID(row["person"]))

    def end(self, secret: str) -> None:
        """Sign out here."""
        with self._people.opened() as db:
            db.execute("DELETE FROM session WHERE hash = ?", (_digest(secret),))

    def count(self, person: UUID) -> int:
        """In how many browsers somebody is signed in."""
        now = self._now()
        asked = "SELECT count(*) FROM session WHERE person = ? AND seen > ? AND began > ?"
        with self._people.opened() as db:
            return int(db.execute(asked, (str(person), now - IDLE, now - LONGEST)).fetchone()[0])


def asked_by_hand(request: web.Request) -> bool:
    """Whether a person asked, and not a page that looks for news by itself: browsers mark what scripts fetch."""
    return request.method != "GET" or request.headers.get("Sec-Fetch-Dest") != "empty"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
