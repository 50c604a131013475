"""Seal, open, erase."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.i18n import N_, translate
from chassis.settings import Settings
from chassis.vault.keys import KeyStore, PostgresKeys, Wrapped, new_disposal
from chassis.vault.memory import MemoryKeys
from chassis.vault.walk import replaced, tokens_in
from contracts.personal import parts, token
from contracts.refusal import NotFound, Refusal

T = TypeVar("T")
NONCE_BYTES = 12
ERASED = N_("(erased)")
PSEUDONYMS = b"flode pseudonyms"


class CannotOpen(Exception):
    """A token has no key here, or was changed: it was sealed in another vault, or under another wrapping key."""


class TwoPeopleNeeded(Refusal):
    """Nobody erases a person alone."""

    text = "Somebody else than the one who proposed the disposal has to confirm it."


class NoSuchDisposal(NotFound):
    """The disposal was never proposed, or is done."""

    text = "There is no such disposal waiting to be confirmed."


@dataclass(frozen=True, slots=True)
class _Ring:
    """A person's keys as far as they are alive, and whether one was destroyed."""

    alive: AESGCM | None
    destroyed: bool


class Vault:
    """Seals and opens personal data. Start it before use; `async with` does.

    An opened key is remembered until it is destroyed, which every vault is told wherever that happens, and for `ttl`
    seconds at most: that long a process that could not be told may still show the text.
    """

    def __init__(
        self, keys: KeyStore, key: bytes, previous: bytes | None = None, *, ttl: float = 30.0, most: int = 10_000
    ) -> None:
        self._keys, self._ttl, self._most = keys, ttl, most
        self._wrapping = _Wrapping(key)
        self._known = {each.id: each for each in (self._wrapping, *([_Wrapping(previous)] if previous else []))}
        self._rings: OrderedDict[UUID, tuple[float, _Ring]] = OrderedDict()
        self._destroyed = 0
        self._secret: bytes | None = None

    @classmethod
    async def connect(cls, settings: Settings) -> Vault:
        """The vault of the settings, started."""
        pool = await asyncpg.create_pool(settings.vault_database, min_size=1, max_size=6)
        vault = cls(PostgresKeys(pool), settings.vault_key, settings.vault_previous_key)
        try:
            return await vault.start()
        except BaseException:
            await vault.close()
            raise

    @classmethod
    async def in_memory(cls) -> Vault:
        """A vault for tests without a server, started."""
        return await cls(MemoryKeys(), bytes(32)).start()

    async def start(self) -> Vault:
        """Read the secret that pseudonyms are made with; the first vault ever makes it. Raises CannotOpen.

        From then on the vault is told of keys that are destroyed, in this process or another.
        """
        offered = self._wrapping.wrap(secrets.token_bytes(32), PSEUDONYMS)
        self._secret = self._unwrap(await self._keys.pseudonym_secret(offered), PSEUDONYMS)
        self._keys.tell(self._forget)
        return self

    async def close(self) -> None:
        """Forget the keys and let go of the database."""
        self._rings.clear()
        await self._keys.close()

    async def __aenter__(self) -> Vault:
        return await self.start()

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def person_id(self, municipality: str, email: str) -> UUID:
        """The pseudonym of an address in a municipality: always the same, and not to be guessed from the address."""
        assert self._secret is not None, "the vault has not been started"
        address = unicodedata.normalize("NFC", email).strip().lower()
        digest = bytearray(hmac.digest(self._secret, f"{municipality}/{address}".encode(), "sha256")[:16])
        digest[6] = digest[6] & 0x0F | 0x80  # RFC 9562, version 8: an id by one's own rule
        digest[8] = digest[8] & 0x3F | 0x80
        return UUID(bytes=bytes(digest))

    async def seal(self, person: UUID, text: str) -> str:
        """The token of a text about a person. A person without a living key is given one."""
        ring = (await self._rings_of([person])).get(person)
        if ring is None or ring.alive is None:
            await self._keys.new_key(person, self._wrapping.wrap(secrets.token_bytes(32), person.bytes))
            ring = (await self._rings_of([person], anew=True))[person]
        assert ring.alive is not None
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + ring.alive.encrypt(nonce, text.encode(), person.bytes)
        return token(person, base64.urlsafe_b64encode(sealed).rstrip(b"=").decode())

    async def open(self, sealed: str, language: str = "en") -> str:
        """The text of a token; "(erased)" in the language when its key was destroyed. Raises CannotOpen."""
        opened: str = await self.open_all(sealed, language)
        return opened

    async def open_all(self, value: T, language: str = "en") -> T:
        """A value with every token in it opened, at whatever depth. Keys are fetched together."""
        texts = dict.fromkeys(tokens_in(value), "")
        if not texts:
            return value
        pieces = {sealed: parts(sealed) for sealed in texts}
        rings = await self._rings_of({person for person, _ in pieces.values()})
        for sealed, (person, text) in pieces.items():
            opened = _open(rings.get(person), person, text)
            texts[sealed] = translate(ERASED, language) if opened is None else opened
        result: T = replaced(value, texts.__getitem__)
        return result

    async def propose_disposal(
        self, person: UUID, *, municipality: str, reason: str, proposed_by: str, at: datetime
    ) -> UUID:
        """Propose to erase a person. Nothing happens until somebody else confirms it by `destroy`."""
        disposal = new_disposal(person, municipality=municipality, reason=reason, proposed_by=proposed_by, at=at)
        await self._keys.propose(disposal)
        return disposal.id

    async def destroy(self, disposal: UUID, *, confirmed_by: str, at: datetime) -> None:
        """Destroy the key of a proposed disposal, for ever. Raises TwoPeopleNeeded and NoSuchDisposal.

        The key lives on in backups of the vault's database for as long as those are kept; keep them briefly.
        """
        match await self._keys.destroy(disposal, confirmed_by, at):
            case "same":
                raise TwoPeopleNeeded
            case "unknown":
                raise NoSuchDisposal
            case "done":
                self._forget(None)

    async def rewrap(self) -> int:
        """Wrap everything by the current key that the previous one wraps still; how many keys were.

        When it returns 0 the previous key can be taken from the environment.
        """
        secret = await self._keys.pseudonym_secret(self._wrapping.wrap(b"", PSEUDONYMS))
        if secret.by != self._wrapping.id:
            await self._keys.rewrap(None, secret, self._wrapping.wrap(self._unwrap(secret, PSEUDONYMS), PSEUDONYMS))
        count = 0
        while some := await self._keys.wrapped_otherwise(self._wrapping.id, 500):
            for person, was in some:
                key = self._unwrap(was, person.bytes)
                await self._keys.rewrap(person, was, self._wrapping.wrap(key, person.bytes))
            count += len(some)
        return count

    def _forget(self, person: UUID | None) -> None:
        """Remember the key of this person no more, or of nobody."""
        self._destroyed += 1
        if person is None:
            self._rings.clear()
        else:
            self._rings.pop(person, None)

    async def _rings_of(self, people: Iterable[UUID], *, anew: bool = False) -> dict[UUID, _Ring]:
        now, found, wanted = time.monotonic(), {}, []
        for person in people:
            until, ring = self._rings.get(person, (0.0, None))
            if ring is None or until < now or anew:
                wanted.append(person)
            else:
                self._rings.move_to_end(person)
                found[person] = ring
        if wanted:
            before = self._destroyed
            for person, keys in (await self._keys.keys_of(wanted)).items():
                alive = [AESGCM(self._unwrap(key, person.bytes)) for key in keys if key is not None]
                found[person] = _Ring(alive[0] if alive else None, destroyed=None in keys)
                if self._destroyed == before:  # or the answer may be older than the destruction it would outlive
                    self._rings[person] = (now + self._ttl, found[person])
                    self._rings.move_to_end(person)
            while len(self._rings) > self._most:
                self._rings.popitem(last=False)
        return found

    def _unwrap(self, wrapped: Wrapped, about: bytes) -> bytes:
        wrapping = self._known.get(wrapped.by)
        if wrapping is None:
            raise CannotOpen("a key is wrapped by neither FLODE_VAULT_KEY nor FLODE_VAULT_PREVIOUS_KEY")
        return wrapping.unwrap(wrapped, about)


class _Wrapping:
    """A key that wraps keys, known by a fingerprint of itself."""

    def __init__(self, key: bytes) -> None:
        self.id = hashlib.sha256(b"flode wrapping key" + key).digest()[:8]
        self._cipher = AESGCM(key)

    def wrap(self, key: bytes, about: bytes) -> Wrapped:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return Wrapped(self.id, nonce + self._cipher.encrypt(nonce, key, about))

    def unwrap(self, wrapped: Wrapped, about: bytes) -> bytes:
        try:
            return self._cipher.decrypt(wrapped.key[:NONCE_BYTES], wrapped.key[NONCE_BYTES:], about)
        except InvalidTag:
            raise CannotOpen("a wrapped key was changed where it is kept") from None


def _open(ring: _Ring | None, person: UUID, text: str) -> str | None:
    """The text, or None when the key it was sealed with is destroyed."""
    if ring is None:
        raise CannotOpen(f"there is no key of {person}")
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if ring.alive is not None and len(sealed) > NONCE_BYTES:
            return ring.alive.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], person.bytes).decode()
    except (InvalidTag, ValueError):
        pass
    if ring.destroyed:
        return None
    raise CannotOpen(f"a token of {person} was changed, or sealed in another vault")
