"""The tokens by which the services know who asks: signed with a key of this installation (ES256), short-lived."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from embedded.environment import AUDIENCE
from embedded.home import Home
from embedded.people import Happened, Person

LIFETIME = 8 * 3600
"""Seconds a token holds: a working day."""


class Signer:
    """Makes and judges this installation's tokens. `issuer` is the address people open."""

    def __init__(self, home: Home, issuer: str, *, now: Callable[[], float] = time.time) -> None:
        pem = home.secret("issuer-key.pem", lambda: ECKey.generate_key("P-256").as_pem(private=True).decode())
        bare = ECKey.import_key(pem)
        self._key = ECKey.import_key(pem, {"kid": bare.thumbprint(), "alg": "ES256", "use": "sig"})
        self.issuer, self._now = issuer, now

    def token(self, person: Person, lifetime: int = LIFETIME) -> str:
        """A token that says who somebody is and what roles they have where."""
        now = int(self._now())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + lifetime,
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

    def subject(self, token: str) -> str | None:
        """Whom a token of ours speaks of; None when it is not ours, is changed or is too old."""
        registry = jwt.JWTClaimsRegistry(
            now=int(self._now()),
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            claims = jwt.decode(token, self._key, algorithms=["ES256"]).claims
            registry.validate(claims)
        except (JoseError, ValueError):
            return None
        return str(claims["sub"])

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
