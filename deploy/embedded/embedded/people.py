"""The people of one installation, their roles and passwords, in a file of their own (SQLite).

Only the issuer reads it. Passwords are kept as scrypt hashes, links and sessions as hashes too: who reads the file can
neither sign in nor open a link. Roles are those of `chassis.identity`, per municipality; "*" is every municipality.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid4

Roles = Mapping[str, tuple[str, ...]]
"""Municipality, or "*", to the names of roles."""

LINK_LIFETIME = 7 * 24 * 3600.0
"""Seconds in which somebody who was added must have chosen a password."""
SHORTEST_PASSWORD = 10
WORK = 16
"""How hard a password is to try: scrypt with N = 2**WORK, 64 MB and some 0.2 s a try."""

TABLES = """
CREATE TABLE IF NOT EXISTS person (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, language TEXT NOT NULL,
    roles TEXT NOT NULL, password TEXT, signed_out TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS link (hash TEXT PRIMARY KEY, person TEXT UNIQUE, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS session (
    hash TEXT PRIMARY KEY, person TEXT NOT NULL, began REAL NOT NULL, seen REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS session_of_person ON session (person);
CREATE TABLE IF NOT EXISTS untold (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, what TEXT NOT NULL,
    person TEXT NOT NULL, done_by TEXT, more TEXT NOT NULL, refused TEXT
);
"""
"""`untold` is what governance has still to be told of, written with the change itself; a row goes when it was heard."""


class AlreadyKnown(Exception):
    """Somebody has this e-mail address already."""


class Newcomer(Protocol):
    """Somebody who is to have an account."""

    @property
    def name(self) -> str:
        """What they are called."""
        ...

    @property
    def email(self) -> str:
        """By which they sign in."""
        ...

    @property
    def language(self) -> str:
        """In which they read."""
        ...

    @property
    def roles(self) -> Roles:
        """What they are, and where."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in, once a password is chosen."""

    id: UUID
    name: str
    email: str
    language: str
    roles: Roles
    ready: bool = False
    stamp: str = ""
    """Another with each password, and after each time they were signed out everywhere; it tells nothing of either."""

    def has(self, role: str) -> bool:
        """Whether this person holds a role anywhere."""
        return any(role in held for held in self.roles.values())


@dataclass(frozen=True, slots=True)
class Happened:
    """A change of somebody's account. `person` is as it is afterwards (or was, if removed); `done_by` is who did it as
    they were then, or None for a command of operations."""

    number: int
    id: UUID
    at: float
    """In seconds since 1970."""
    what: str
    person: Person
    done_by: Person | None
    more: Mapping[str, object]
    refused: str | None = None
    """Why governance did not take it, if it said so; such a change waits until somebody has looked."""


@dataclass(frozen=True, slots=True)
class Link:
    """An unused link: whose password it sets, or None when it makes the first account."""

    person: Person | None


class People:
    """The people in `file`, which is made when it is missing. `now` is seconds since 1970."""

    def __init__(self, file: Path, *, now: Callable[[], float] = time.time, work: int = WORK) -> None:
        self._file, self._now, self._work = file, now, work
        file.touch(mode=0o600)
        with closing(sqlite3.connect(file, timeout=10)) as db:
            db.executescript(TABLES)
            if "signed_out" not in {column[1] for column in db.execute("PRAGMA table_info(person)")}:
                db.execute("ALTER TABLE person ADD COLUMN signed_out TEXT NOT NULL DEFAULT ''")
        self._tell_of_those_found()

    def _tell_of_those_found(self) -> None:
        """Accounts that were there before changes were written down are told of as they are found."""
        with self.opened() as db:
            if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                for row in db.execute("SELECT * FROM person ORDER BY rowid").fetchall():
                    self._note(db, "opened", _person(row), None, how="found")
                db.execute("PRAGMA user_version = 1")

    @cached_property
    def _nobody(self) -> str:
        """What an unknown address is compared with, so that it takes as long as a known one."""
        return _hash("", secrets.token_bytes(16), self._work)

    def everyone(self) -> list[Person]:
        """All people, by name."""
        with self.opened() as db:
            return [_person(row) for row in db.execute("SELECT * FROM person ORDER BY name, email")]

    def find(self, person_id: UUID) -> Person | None:
        """The person with this id."""
        with self.opened() as db:
            row = db.execute("SELECT * FROM person WHERE id = ?", (str(person_id),)).fetchone()
        return _person(row) if row else None

    def named(self, email: str) -> Person:
        """The person with this address. Raises KeyError when there is none."""
        with self.opened() as db:
            row = db.execute("SELECT * FROM person WHERE email = ?", (_address(email),)).fetchone()
        if row is None:
            raise KeyError(email)
        return _person(row)

    def add(self, *, name: str, email: str, language: str, roles: Roles, by: Person | None = None) -> Person:
        """Somebody new, who cannot sign in before a link has been used. Raises AlreadyKnown."""
        with self.opened() as db:
            person = self._add(db, name, email, language, roles)
            self._note(db, "opened", person, by, how="added")
        return person

    def enrol(self, many: Iterable[Newcomer], password: str) -> None:
        """Many who share one password, which is hashed once. Whoever is known already stays as they are."""
        hashed = _hash(password, secrets.token_bytes(16), self._work)
        with self.opened() as db:
            for each in many:
                with suppress(AlreadyKnown):
                    person = self._add(db, each.name, each.email, each.language, each.roles)
                    db.execute("UPDATE person SET password = ? WHERE id = ?", (hashed, str(person.id)))
                    self._note(db, "opened", person, None, how="enrolled")

    def change(self, person_id: UUID, *, name: str, language: str, roles: Roles, by: Person | None = None) -> None:
        """Give somebody another name, language or other roles; their sessions and programs know at once."""
        with self.opened() as db:
            before = self._of(db, person_id)
            db.execute(
                "UPDATE person SET name = ?, language = ?, roles = ? WHERE id = ?",
                (name.strip(), language, _text(roles), str(person_id)),
            )
            after = self._of(db, person_id)
            if before is not None and after is not None and before != after:
                renamed = (before.name, before.language) != (after.name, after.language)
                self._note(db, "changed", after, by, renamed=renamed)

    def remove(self, person_id: UUID, *, by: Person | None = None) -> None:
        """Forget somebody, and end their sessions."""
        with self.opened() as db:
            person = self._of(db, person_id)
            db.execute("DELETE FROM session WHERE person = ?", (str(person_id),))
            db.execute("DELETE FROM link WHERE person = ?", (str(person_id),))
            db.execute("DELETE FROM person WHERE id = ?", (str(person_id),))
            if person is not None:
                self._note(db, "closed", person, by)

    def sign_out(self, person_id: UUID) -> None:
        """End all that somebody opened with their password: the sessions of browsers, and the tokens of programs."""
        with self.opened() as db:
            db.execute("DELETE FROM session WHERE person = ?", (str(person_id),))
            db.execute("UPDATE person SET signed_out = ? WHERE id = ?", (secrets.token_urlsafe(12), str(person_id)))

    def link_for(self, person_id: UUID | None, *, by: Person | None = None) -> str:
        """The secret of a new link, which ends the earlier one: to choose a password or, for None, to begin."""
        secret = secrets.token_urlsafe(24)
        whom = str(person_id) if person_id else "first"
        with self.opened() as db:
            db.execute("DELETE FROM link WHERE person = ?", (whom,))
            db.execute("INSERT INTO link VALUES (?, ?, ?)", (_digest(secret), whom, self._now() + LINK_LIFETIME))
            if person_id is not None and (person := self._of(db, person_id)) is not None:
                self._note(db, "link-made", person, by)
        return secret

    def opened_by(self, secret: str) -> Link | None:
        """What a link is for; None when it is unknown, used or too old."""
        with self.opened() as db:
            whom = self._whom(db, secret)
        if whom is None:
            return None
        return Link(None if whom == "first" else self.find(UUID(whom)))

    def begin(self, secret: str, *, name: str, email: str, language: str, roles: Roles, password: str) -> Person | None:
        """The first account, by the link for it; None when that link no longer opens or somebody was first."""
        hashed = _hash(password, secrets.token_bytes(16), self._work)
        with self.opened() as db:
            if self._whom(db, secret) != "first" or db.execute("SELECT 1 FROM person").fetchone():
                return None
            db.execute("DELETE FROM link WHERE hash = ?", (_digest(secret),))
            person = self._add(db, name, email, language, roles)
            db.execute("UPDATE person SET password = ? WHERE id = ?", (hashed, str(person.id)))
            self._note(db, "opened", person, person, how="first")
        return person

    def choose_password(self, secret: str, password: str) -> Person | None:
        """Set the password of the person a link was made for, and end the link and all their sessions; None when the
        link no longer opens."""
        hashed = _hash(password, secrets.token_bytes(16), self._work)
        with self.opened() as db:
            whom = self._whom(db, secret)
            if whom in (None, "first"):
                return None
            db.execute("DELETE FROM link WHERE hash = ?", (_digest(secret),))
            db.execute("UPDATE person SET password = ? WHERE id = ?", (hashed, whom))
            db.execute("DELETE FROM session WHERE person = ?", (whom,))
            person = _person(db.execute("SELECT * FROM person WHERE id = ?", (whom,)).fetchone())
            self._note(db, "password-chosen", person, person)
            return person

    def signing_in(self, email: str, password: str) -> Person | None:
        """The person with this address and password. Takes as long when there is none."""
        with self.opened() as db:
            row = db.execute("SELECT * FROM person WHERE email = ?", (_address(email),)).fetchone()
        known = row["password"] if row and row["password"] else self._nobody
        held = _matches(password, known)
        return _person(row) if held and row and row["password"] else None

    def _add(self, db: sqlite3.Connection, name: str, email: str, language: str, roles: Roles) -> Person:
        person = Person(uuid4(), name.strip(), _address(email), language, dict(roles))
        try:
            db.execute(
                "INSERT INTO person (id, name, email, language, roles) VALUES (?, ?, ?, ?, ?)",
                (str(person.id), person.name, person.email, language, _text(roles)),
            )
        except sqlite3.IntegrityError:
            raise AlreadyKnown(email) from None
        return person

    # What governance has still to be told of

    def untold(self, most: int = 100) -> list[Happened]:
        """What happened and was not told yet, oldest first; not what was refused."""
        with self.opened() as db:
            rows = db.execute("SELECT * FROM untold WHERE refused IS NULL ORDER BY number LIMIT ?", (most,)).fetchall()
        return [_happened(row) for row in rows]

    def refused(self) -> list[Happened]:
        """What governance did not take."""
        with self.opened() as db:
            rows = db.execute("SELECT * FROM untold WHERE refused IS NOT NULL ORDER BY number").fetchall()
        return [_happened(row) for row in rows]

    def told(self, number: int) -> None:
        """A change was heard, and need not be remembered here."""
        with self.opened() as db:
            db.execute("DELETE FROM untold WHERE number = ?", (number,))

    def was_refused(self, number: int, reason: str) -> None:
        """A change was not taken, and telling it again as it is would not help."""
        with self.opened() as db:
            db.execute("UPDATE untold SET refused = ? WHERE number = ?", (reason, number))

    def try_again(self) -> None:
        """Have what was refused told once more."""
        with self.opened() as db:
            db.execute("UPDATE untold SET refused = NULL")

    def _note(self, db: sqlite3.Connection, what: str, person: Person, by: Person | None, **more: object) -> None:
        """Write down what happened, in the transaction in which it does."""
        db.execute(
            "INSERT INTO untold (id, at, what, person, done_by, more) VALUES (?, ?, ?, ?, ?, ?)",
            (str(uuid4()), self._now(), what, _written(person), _written(by) if by else None, json.dumps(more)),
        )

    def _of(self, db: sqlite3.Connection, person_id: UUID) -> Person | None:
        row = db.execute("SELECT * FROM person WHERE id = ?", (str(person_id),)).fetchone()
        return _person(row) if row else None

    def _whom(self, db: sqlite3.Connection, secret: str) -> str | None:
        row = db.execute("SELECT person, expires FROM link WHERE hash = ?", (_digest(secret),)).fetchone()
        return row["person"] if row and row["expires"] > self._now() else None

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """The file, for the length of a block; what is written in it is kept when the block ends well."""
        with closing(sqlite3.connect(self._file, timeout=10, isolation_level="IMMEDIATE")) as db:
            db.row_factory = sqlite3.Row
            with db:
                yield db


def _person(row: sqlite3.Row) -> Person:
    roles = {municipality: tuple(held) for municipality, held in json.loads(row["roles"]).items()}
    password = row["password"]
    stamp = _digest(password + row["signed_out"])[:16] if password else ""
    return Person(UUID(row["id"]), row["name"], row["email"], row["language"], roles, password is not None, stamp)


def _written(person: Person) -> str:
    return json.dumps(
        {"id": str(person.id), "name": person.name, "email": person.email, "language": person.language}
        | {"roles": {municipality: list(held) for municipality, held in person.roles.items()}}
    )


def _read(text: str) -> Person:
    said = json.loads(text)
    roles = {municipality: tuple(held) for municipality, held in said["roles"].items()}
    return Person(UUID(said["id"]), said["name"], said["email"], said["language"], roles)


def _happened(row: sqlite3.Row) -> Happened:
    return Happened(
        number=row["number"],
        id=UUID(row["id"]),
        at=row["at"],
        what=row["what"],
        person=_read(row["person"]),
        done_by=_read(row["done_by"]) if row["done_by"] else None,
        more=json.loads(row["more"]),
        refused=row["refused"],
    )


def _text(roles: Roles) -> str:
    return json.dumps({municipality: sorted(held) for municipality, held in roles.items() if held}, sort_keys=True)


def _address(email: str) -> str:
    return email.strip().casefold()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _hash(password: str, salt: bytes, work: int) -> str:
    made = hashlib.scrypt(password.encode(), salt=salt, n=2**work, r=8, p=1, maxmem=2 ** (work + 11), dklen=32)
    return "$".join(["scrypt", str(work), base64.b64encode(salt).decode(), base64.b64encode(made).decode()])


def _matches(password: str, known: str) -> bool:
    _, work, salt, _ = known.split("$")
    return hmac.compare_digest(_hash(password, base64.b64decode(salt), int(work)), known)
