"""The tokens by which the services know who asks: signed with a key of this installation (ES256), short-lived."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from embedded.environment import AUDIENCE
from embedded.home import Home
from embedded.people import Happened, Person

LIFETIME = 8 * 3600
"""Seconds a program's token holds at most, as long as its owner is there, keeps the password and does not sign out
everywhere: a working day."""
FOR_A_SESSION = 300
"""Seconds a token holds that the gateway sends along with a session's requests; it never leaves the machine."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a token is, and by which password it was got, since they signed out everywhere last."""

    id: UUID
    stamp: str


class Signer:
    """Makes this installation's tokens. `issuer` is the address people open."""

    def __init__(self, home: Home, issuer: str, *, now: Callable[[], float] = time.time) -> None:
        pem = home.secret("issuer-key.pem", lambda: ECKey.generate_key("P-256").as_pem(private=True).decode())
        bare = ECKey.import_key(pem)
        self._key = ECKey.import_key(pem, {"kid": bare.thumbprint(), "alg": "ES256", "use": "sig"})
        self.issuer, self._now = issuer, now
        self._lately: dict[UUID, tuple[Person, str, float]] = {}

    def token(self, person: Person, lifetime: int = LIFETIME) -> str:
        """A token that says who somebody is and what roles they have where."""
        now = int(self._now())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + lifetime,
            "stamp": person.stamp,
            **_as_claims(person),
        }
        return jwt.encode({"alg": "ES256", "kid": self._key.kid}, claims, self._key)

    def word(self, happened: Happened, lifetime: int = 120) -> str:
        """Our word of what happened to an account, for governance alone: nobody signs in with it."""
        now = int(self._now())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": f"{AUDIENCE}-accounts",
            "sub": str(happened.person.id),
            "iat": now,
            "exp": now + lifetime,
            "jti": str(happened.id),
            "what": happened.what,
            "at": datetime.fromtimestamp(happened.at, UTC).isoformat(),
            "person": _as_claims(happened.person),
            "by": _as_claims(happened.done_by) if happened.done_by else None,
            **happened.more,
        }
        return jwt.encode({"alg": "ES256", "kid": self._key.kid}, claims, self._key)

    def for_session(self, person: Person) -> str:
        """A token for requests of a session: the one made lately, as long as the person is as they were."""
        known, token, until = self._lately.get(person.id, (None, "", 0.0))
        if known != person or until <= self._now():
            token, until = self.token(person, FOR_A_SESSION), self._now() + FOR_A_SESSION / 2
            self._lately[person.id] = (person, token, until)
        return token

    def owner(self, token: str) -> Owner | None:
        """Whose token this is; None when it is none of ours, or does not hold any more."""
        try:
            claims = jwt.decode(token, self._key, algorithms=["ES256"]).claims
            self._ours.validate(claims)
            return Owner(UUID(claims["sub"]), str(claims.get("stamp", "")))
        except (JoseError, ValueError, TypeError):
            return None

    @property
    def _ours(self) -> jwt.JWTClaimsRegistry:
        essential = {"iss": self.issuer, "aud": AUDIENCE}
        claims: dict[str, Any] = {name: {"essential": True, "value": value} for name, value in essential.items()}
        return jwt.JWTClaimsRegistry(
            now=int(self._now()), leeway=0, exp={"essential": True}, sub={"essential": True}, **claims
        )

    def public_keys(self) -> dict[str, Any]:
        """The key set the services verify with."""
        return {"keys": [self._key.as_dict(private=False)]}


def _as_claims(person: Person) -> dict[str, Any]:
    return {
        "sub": str(person.id),
        "name": person.name,
        "email": person.email,
        "language": person.language,
        "roles": {municipality: list(held) for municipality, held in person.roles.items()},
    }
