"""The public keys of an issuer: fetched, kept, and fetched again when a token names one that is not known."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

from chassis.settings import Issuer

KEEP_SECONDS = 600.0
ASK_AGAIN_SECONDS = 10.0
"""How soon an unknown key may cause another fetch, so that made-up tokens cannot make us hammer an issuer."""
MOST_BYTES = 256 * 1024


class KeysUnavailable(Exception):
    """The issuer's keys cannot be had now; nobody's token can be judged."""


class Keys:
    """The key set of one issuer."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._keys: dict[str | None, Key] = {}
        self._fetched = self._asked = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, kid: str | None) -> Key | None:
        """The public key of that id, or the only key when a token names none; None when the issuer has none such.

        Raises KeysUnavailable when the keys were never had. Keys that were had are used on while the issuer is away.
        """
        if kid not in self._keys or time.monotonic() - self._fetched > KEEP_SECONDS:
            async with self._lock:
                await self._refresh(kid)
        return self._keys.get(kid)

    async def _refresh(self, kid: str | None) -> None:
        now = time.monotonic()
        if now - self._asked < ASK_AGAIN_SECONDS and self._keys:
            return
        if kid in self._keys and now - self._fetched <= KEEP_SECONDS:
            return  # somebody else fetched while we waited for the lock
        self._asked = now
        try:
            self._keys = _usable(await self._read())
            self._fetched = now
        except (OSError, aiohttp.ClientError, TimeoutError, ValueError, TypeError, KeyError, JoseError) as failed:
            if not self._keys:
                raise KeysUnavailable(f"the keys of {self._issuer.issuer} cannot be read") from failed

    async def _read(self) -> Any:
        if self._issuer.jwks_file is not None:
            return json.loads(self._issuer.jwks_file.read_bytes())
        assert self._issuer.jwks_url is not None
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.get(self._issuer.jwks_url, allow_redirects=False) as answer,
        ):
            answer.raise_for_status()
            body = await answer.content.read(MOST_BYTES)
            return json.loads(body)


def _usable(given: Any) -> dict[str | None, Key]:
    # A symmetric key in a public set would be everybody's secret; it is not taken, whatever it claims to be for.
    keys: dict[str | None, Key] = {
        key.kid: key for key in KeySet.import_key_set(given) if not isinstance(key, OctKey) and key.get("use") != "enc"
    }
    if not keys:
        raise ValueError("the key set has no key for signatures")
    if len(keys) == 1:
        keys[None] = next(iter(keys.values()))
    return keys


def algorithms_of(key: Key) -> frozenset[str]:
    """The algorithms a key may be used with: the one it declares, or those its kind has. Never "none", never HMAC."""
    match key:
        case RSAKey():
            possible = {"RS256", "PS256"}
        case ECKey():
            possible = {"P-256": {"ES256"}, "P-384": {"ES384"}}.get(key.curve_name, set())
        case OKPKey():
            possible = {"EdDSA", "Ed25519"} if key.curve_name == "Ed25519" else set()
        case _:
            possible = set()
    return frozenset(possible & {key.alg} if key.alg else possible)
