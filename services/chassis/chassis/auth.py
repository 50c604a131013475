"""Signing in: tokens of configured issuers become an `Identity`; without one, pages lead to /sign-in and APIs say 401.
A form that is sent without one is kept on the page that answers.

A token comes as `Authorization: Bearer …` or in the cookie `flode_session`. Claims: iss, aud, exp, sub (all needed),
name, email, language, and roles: {"almby": ["pm"], "*": ["auditor"]}, where "*" is every municipality the issuer may
speak for.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError

from chassis.clock import Clock
from chassis.i18n import LANGUAGES
from chassis.identity import Identity, NotYours, Role
from chassis.jwks import Keys, KeysUnavailable, algorithms_of
from chassis.limits import Limits
from chassis.partnership import Partnership
from chassis.settings import Issuer

__all__ = ["Authenticator", "Caller", "Identity", "KeysUnavailable", "MaybeCaller", "NotSignedIn", "NotYours", "Role"]

SESSION_COOKIE = "flode_session"
LANGUAGE_COOKIE = "flode_language"
MOST_CHARACTERS = 8192
LEEWAY_SECONDS = 30
ALL = "*"


class NotSignedIn(Exception):
    """There is no token, or none that holds. Why is for the log, never for the one who sent it."""


class Authenticator:
    """Judges tokens. `person_id` gives an address its pseudonym (`Vault.person_id`)."""

    def __init__(
        self,
        issuers: tuple[Issuer, ...],
        partnership: Partnership,
        *,
        person_id: Callable[[str, str], UUID],
        clock: Clock,
    ) -> None:
        self._issuers = {issuer.issuer: (issuer, Keys(issuer)) for issuer in issuers}
        self._partnership, self._person_id, self._clock = partnership, person_id, clock

    async def identify(self, token: str) -> Identity:
        """Who a token speaks of. Raises NotSignedIn when it does not hold, KeysUnavailable when it cannot be judged."""
        issuer, claims = await self._proven(token, "", MOST_CHARACTERS)
        return self.whom(issuer, claims)

    async def vouched(self, word: str, purpose: str, *, most: int) -> tuple[Issuer, Mapping[str, Any]]:
        """What an issuer says for a purpose of its own, and which issuer; nobody signs in with it. It is meant for the
        audience with the purpose behind it ("flode-accounts") and has at most `most` characters. Raises as `identify`.
        """
        return await self._proven(word, f"-{purpose}", most)

    async def _proven(self, token: str, purpose: str, most: int) -> tuple[Issuer, Mapping[str, Any]]:
        header, unproven = _peek(token, most)
        if unproven.get("iss") not in self._issuers:
            raise NotSignedIn("the issuer is not one of ours")
        issuer, keys = self._issuers[str(unproven["iss"])]
        key = await keys.find(header.get("kid"))
        if key is None:
            raise NotSignedIn("the issuer has no such key")
        # The algorithm follows from the key and the settings; what the token asks for only has to agree.
        allowed = algorithms_of(key) & set(issuer.algorithms)
        try:
            claims = jwt.decode(token, key, algorithms=sorted(allowed)).claims
            self._registry(issuer, purpose).validate(claims)
        except (JoseError, ValueError, TypeError) as refused:
            raise NotSignedIn(type(refused).__name__) from refused
        return issuer, claims

    def _registry(self, issuer: Issuer, purpose: str) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer.issuer},
            aud={"essential": True, "value": issuer.audience + purpose},
            exp={"essential": True},
            sub={"essential": True},
        )

    def whom(self, issuer: Issuer, claims: Mapping[str, Any]) -> Identity:
        """The person that claims of an issuer speak of."""
        email, name = (claims.get(each) if isinstance(claims.get(each), str) else None for each in ("email", "name"))
        said = claims.get("municipality")
        otherwise = said if said in self._partnership.ids else self._partnership.host
        home = self._partnership.home_of(email, otherwise) if email else otherwise
        language = claims.get("language")
        return Identity(
            id=self._person_id(home, email) if email else uuid5(NAMESPACE_URL, f"{issuer.issuer}#{claims['sub']}"),
            name=name,
            email=email,
            home=home,
            language=language if language in LANGUAGES else self._partnership[home].language,
            roles=self._roles(issuer, claims.get("roles"), email),
        )

    def _roles(self, issuer: Issuer, claimed: object, email: str | None) -> dict[str, frozenset[Role]]:
        reach = self._partnership.ids & set(issuer.municipalities or self._partnership.ids)
        roles: dict[str, set[Role]] = {}
        for municipality, names in claimed.items() if isinstance(claimed, Mapping) else ():
            # What is not known here is not an error: an issuer may know roles and municipalities of other systems.
            known = {role for role in Role if role in names} if isinstance(names, list) else set()
            for each in reach if municipality == ALL else reach & {municipality}:
                roles.setdefault(each, set()).update(known)
        # Who was named deputy in the pages is one for those days, whatever the issuer knows of it.
        for each in reach & self._partnership.deputises(email, self._clock.now()) if email else ():
            roles.setdefault(each, set()).add(Role.DEPUTY)
        return {municipality: frozenset(held) for municipality, held in roles.items() if held}


def _peek(token: str, most: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a token claims before anything is proven, to find the key that could prove it."""
    try:
        if len(token) > most:
            raise ValueError
        header, payload, _ = token.split(".")
        read = [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (header, payload)]
    except (ValueError, RecursionError):
        raise NotSignedIn("this is no token") from None
    if not (isinstance(read[0], dict) and isinstance(read[1], dict) and isinstance(read[0].get("kid", ""), str)):
        raise NotSignedIn("this is no token")
    return read[0], read[1]


def token_of(request: Request) -> str | None:
    """The token a request carries, if any; the header goes before the cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.cookies.get(SESSION_COOKIE)


async def signed_in(request: Request) -> Identity:
    """The dependency behind `Caller`."""
    token = token_of(request)
    if token is None:
        raise NotSignedIn("no token")
    authenticator: Authenticator = request.app.state.here.auth
    identity = await authenticator.identify(token)
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        identity = replace(identity, language=chosen)
    request.state.caller = identity
    limits: Limits = request.app.state.limits
    limits.admit(request, identity.id)
    return identity


async def perhaps_signed_in(request: Request) -> Identity | None:
    """The dependency behind `MaybeCaller`."""
    try:
        return await signed_in(request)
    except NotSignedIn:
        return None


Caller = Annotated[Identity, Depends(signed_in)]
"""A parameter of a route: whoever is signed in. Nobody is: 401, or for a page the way to /sign-in."""

MaybeCaller = Annotated[Identity | None, Depends(perhaps_signed_in)]
"""The same for what may also be reached without signing in, by a link."""
