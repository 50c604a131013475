"""What a service process is told by its environment when everything runs on one machine."""

from __future__ import annotations

import json
import os
from urllib.parse import quote

from embedded.broker import Broker, Elsewhere
from embedded.home import Home
from embedded.postgres import Postgres

AUDIENCE = "flode"


def of_service(
    home: Home, server: Postgres, *, service: str, broker: Broker | Elsewhere, public_url: str, port: int
) -> dict[str, str]:
    """The variables of `service`, on top of our own: where its database, broker and address are, and its secrets.

    FLODE_MAIL, FLODE_OTLP and FLODE_LOG are the operator's to set; without FLODE_MAIL, mail is put in the data folder.
    So are all that begin with FLODE_KAFKA, where the brokers are somebody else's.
    """
    ours = {"FLODE_KAFKA_REPLICATION": "1", "FLODE_KAFKA_IDEMPOTENCE": "off"}  # ours keeps no producers apart

    def database(role: str, name: str) -> str:
        return server.dsn(name, user=role, password=home.secret(f"database-{role}"))

    return os.environ | {
        "FLODE_DATABASE": database(f"{service}_worker", f"flode_{service}"),
        "FLODE_DATABASE_API": database(f"{service}_api", f"flode_{service}"),
        "FLODE_VAULT_DATABASE": database("vault_client", "flode_vault"),
        "FLODE_VAULT_KEY": home.key("vault-key"),
        "FLODE_LINK_KEY": home.key("link-key"),
        "FLODE_KAFKA": broker.bootstrap,
        **(ours if isinstance(broker, Broker) else {}),
        "FLODE_ISSUERS": json.dumps(
            [{"issuer": public_url, "audience": AUDIENCE, "jwks_url": f"{public_url}/.well-known/jwks.json"}]
        ),
        "FLODE_PARTNERSHIP": str(home.partnership),
        "FLODE_HTTP": f"127.0.0.1:{port}",
        "FLODE_PUBLIC_URL": public_url,
        "FLODE_SERVICES": "",  # behind one address, where they reach each other too
        "FLODE_MAIL": os.environ.get("FLODE_MAIL") or "spool:" + quote(str(home.mail), safe="/"),
    }


def of_preparation(environment: dict[str, str], server: Postgres) -> dict[str, str]:
    """The same for the moment of preparation, which alone is done as PostgreSQL's superuser."""
    return environment | {"FLODE_ADMIN_DATABASE": server.dsn()}


def here(service: str) -> dict[str, str] | None:
    """The environment of a service of the installation that runs on FLODE_DATA, for the commands of operations."""
    home = Home.from_env()
    running = home.told()
    if running is None:
        return None
    ports = {name: process["port"] for name, process in running["processes"].items()}
    return of_service(
        home,
        Postgres(home.postgres, port=ports["postgres"]),
        service=service,
        broker=Broker(home.broker, port=ports["broker"]) if "broker" in ports else Elsewhere(running["kafka"]),
        public_url=running["url"],
        port=ports[service],
    )
