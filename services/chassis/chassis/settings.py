"""What a process is told by its environment. Read once, at start; all that is missing or wrong is said at once."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Role = Literal["api", "relay", "views", "consumers", "sender", "clockwork"]
ROLES: frozenset[Role] = frozenset(get_args(Role))
T = TypeVar("T")


class SettingsWrong(Exception):
    """The environment does not say what a process needs. Every variable at fault is named, with what to set."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("The environment is not complete:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.faults = faults


class Issuer(BaseModel):
    """Who may vouch for people: tokens of this issuer, meant for this audience, signed by a key of its set.

    `algorithms` are the only ones accepted; symmetric ones and "none" are never among them. `municipalities` are those
    it may give roles in; nothing said means all of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    audience: str
    jwks_url: str | None = None
    jwks_file: Path | None = None
    algorithms: tuple[Literal["ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256"], ...] = ("ES256", "RS256")
    municipalities: tuple[str, ...] | None = None


class Settings(BaseModel):
    """The settings of one process of one service. Secrets are kept out of its repr."""

    model_config = ConfigDict(frozen=True)

    service: str
    database: str = Field(repr=False)
    database_api: str = Field(repr=False)
    admin_database: str | None = Field(default=None, repr=False)
    vault_database: str = Field(repr=False)
    vault_key: bytes = Field(repr=False)
    vault_previous_key: bytes | None = Field(default=None, repr=False)
    link_key: bytes = Field(repr=False)
    kafka: str
    kafka_replication: int = 1
    kafka_idempotence: bool = True
    backlog: int = 100_000
    """How many events may wait in the store for a broker that is away before writes are refused (P17)."""
    issuers: tuple[Issuer, ...]
    partnership: Path
    http_host: str = "127.0.0.1"
    http_port: int = 8000
    public_url: str
    services: str | None = None
    """Where services reach each other, "{service}" being a name, when that is not the public address."""
    otlp: str | None = None
    mail: str = "spool:mail"
    keep_deliveries_days: int = 365
    """How long the bytes of a delivery are kept that has been dealt with."""
    tell_within_days: int = 3
    """Nobody is told by mail, or in a ticket, of what happened longer ago than this, unless somebody asks for it."""
    log: str = "INFO"
    roles: frozenset[Role] = ROLES
    demo: bool = False
    """Whether callers may say when it is, so that a year can be played in a minute: never where facts are true."""

    def address_of(self, service: str) -> str:
        """Where another service is asked by this one: "http://portfolio:8000", its paths beginning with its name."""
        return self.services.replace("{service}", service) if self.services else self.public_url

    @classmethod
    def from_env(cls, service: str, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings of `service`; "{service}" in a database URL stands for its name.

        Raises SettingsWrong with every variable that is missing or cannot be read.
        """
        env = _Environment(os.environ if environ is None else environ, service)
        host, port = env.read("FLODE_HTTP", _address, "host:port to listen on", "127.0.0.1:8000") or ("", 0)
        values = {
            "service": service,
            "database": env.read("FLODE_DATABASE", _postgres, "the URL of this service's database, worker role"),
            "database_api": env.read("FLODE_DATABASE_API", _postgres, "the URL of this service's database, api role"),
            "admin_database": env.maybe("FLODE_ADMIN_DATABASE", _postgres, "the URL of a role that makes databases"),
            "vault_database": env.read("FLODE_VAULT_DATABASE", _postgres, "the URL of flode_vault, vault_client role"),
            "vault_key": env.read("FLODE_VAULT_KEY", _key, "32 random bytes in base64"),
            "vault_previous_key": env.maybe("FLODE_VAULT_PREVIOUS_KEY", _key, "the 32 bytes used before, in base64"),
            "link_key": env.read("FLODE_LINK_KEY", _key, "32 random bytes in base64"),
            "kafka": env.read("FLODE_KAFKA", _bootstrap, "the brokers to start from, host:port,host:port"),
            "kafka_replication": env.read("FLODE_KAFKA_REPLICATION", _positive, "copies of each partition", "1"),
            "kafka_idempotence": env.read(
                "FLODE_KAFKA_IDEMPOTENCE", _on_off, "on, or off for a broker that cannot", "on"
            ),
            "backlog": env.read("FLODE_BACKLOG", _positive, "how many events may wait for the broker", "100000"),
            "issuers": env.read("FLODE_ISSUERS", _issuers, 'JSON: [{"issuer","audience","jwks_url" or "jwks_file"}]'),
            "partnership": env.read("FLODE_PARTNERSHIP", _file, "the path of the partnership's TOML file"),
            "http_host": host,
            "http_port": port,
            "public_url": env.read("FLODE_PUBLIC_URL", _web, "the address people open, https://…"),
            "services": env.maybe("FLODE_SERVICES", _inner, "where services reach each other, http://{service}:8000"),
            "otlp": env.maybe("FLODE_OTLP", _web, "an OTLP/HTTP endpoint, or nothing"),
            "mail": env.read("FLODE_MAIL", _mail, "smtp://host:port or spool:/folder", "spool:mail"),
            "keep_deliveries_days": env.read(
                "FLODE_KEEP_DELIVERIES_DAYS", _positive, "days for which the bytes of deliveries are kept", "365"
            ),
            "tell_within_days": env.read("FLODE_TELL_WITHIN_DAYS", _positive, "days after which nobody is told", "3"),
            "log": env.read("FLODE_LOG", _level, "DEBUG, INFO, WARNING or ERROR", "INFO"),
            "roles": env.read("FLODE_ROLES", _roles, "some of " + ", ".join(sorted(ROLES)), ",".join(ROLES)),
            "demo": env.read("FLODE_DEMO", _on_off, "on in a demo alone, where callers say when it is", "off"),
        }
        if env.faults:
            raise SettingsWrong(env.faults)
        return cls.model_validate(values)


class _Environment:
    def __init__(self, environ: Mapping[str, str], service: str) -> None:
        self.environ, self.service = environ, service
        self.faults: list[str] = []

    def read(self, name: str, parse: Callable[[str], T], wanted: str, default: str | None = None) -> T | None:
        text = self.environ.get(name, "").strip() or default
        if text is None:
            self.faults.append(f"{name} is missing: set it to {wanted}")
            return None
        try:
            return parse(text.replace("{service}", self.service) if parse is _postgres else text)
        except ValueError as wrong:
            # The value itself is not repeated: it may be a secret, and errors are logged.
            self.faults.append(f"{name} is wrong ({wrong}): set it to {wanted}")
            return None

    def maybe(self, name: str, parse: Callable[[str], T], wanted: str) -> T | None:
        return self.read(name, parse, wanted) if self.environ.get(name, "").strip() else None


def _starts(text: str, *beginnings: str) -> str:
    if not text.startswith(beginnings):
        raise ValueError("it must begin with " + " or ".join(beginnings))
    return text


def _postgres(text: str) -> str:
    return _starts(text, "postgresql://", "postgres://")


def _web(text: str) -> str:
    return _starts(text, "http://", "https://").rstrip("/")


def _inner(text: str) -> str:
    if "{service}" not in text:
        raise ValueError('"{service}" is to stand in it where the name of a service goes')
    return _web(text)


def _mail(text: str) -> str:
    return _starts(text, "smtp://", "smtps://", "spool:")


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("it is not base64") from None
    if len(key) != 32:
        raise ValueError(f"it has {len(key)} bytes, not 32")
    return key


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 65536):
        raise ValueError("it is not host:port")
    return host.strip("[]"), int(port)


def _bootstrap(text: str) -> str:
    for broker in text.split(","):
        _address(broker.strip())
    return text


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ValueError("it is not a whole number above 0")
    return int(text)


def _on_off(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("it is neither on nor off")
    return text == "on"


def _issuers(text: str) -> tuple[Issuer, ...]:
    try:
        given = json.loads(text)
    except json.JSONDecodeError:
        raise ValueError("it is not JSON") from None
    if not isinstance(given, list) or not given:
        raise ValueError("it is not a list of at least one issuer")
    try:
        issuers = tuple(Issuer.model_validate(one) for one in given)
    except ValidationError as wrong:
        faults = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in wrong.errors())
        raise ValueError("; ".join(faults)) from None
    if any((issuer.jwks_url is None) == (issuer.jwks_file is None) for issuer in issuers):
        raise ValueError("each issuer needs one of jwks_url and jwks_file")
    return issuers


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError("there is no such file")
    return path


def _level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("it is not a level")
    return text.upper()


def _roles(text: str) -> frozenset[Role]:
    roles = frozenset(part.strip() for part in text.split(","))
    if unknown := roles - ROLES:
        raise ValueError("unknown: " + ", ".join(sorted(unknown)))
    return cast("frozenset[Role]", roles)
