"""Makes the secrets of an installation with compose.yaml, once: passwords of all database roles and the keys.

    python3 new_secrets.py [FOLDER]        default: secrets/ beside this file

What exists is kept, so it can be run again. Keep a copy of the folder apart from the backups of the databases: who has
both can read what is sealed, and who has lost vault-key can read none of it ever again.
"""

from __future__ import annotations

import base64
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

SERVICES = ("intake", "portfolio", "governance", "notifications")
HOST = "postgres:5432"


def make(folder: Path) -> None:
    """Write what is missing. The folder is its owner's alone; a container reads single files of it, as another user."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def once(name: str, text: Callable[[], str]) -> str:
        file = folder / name
        if not file.exists():
            file.write_text(text())
            file.chmod(0o444)
        return file.read_text()

    def password() -> str:
        return secrets.token_urlsafe(32)

    def key() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    def url(role: str, name: str, database: str) -> str:
        return f"postgresql://{role}:{once(name, password)}@{HOST}/{database}"

    vault_key, link_key = once("vault-key", key), once("link-key", key)
    vault = url("vault_client", "vault-password", "flode_vault")
    admin = url("postgres", "postgres-password", "postgres")
    _settings(folder / "admin.env", FLODE_ADMIN_DATABASE=admin)
    for service in SERVICES:
        _settings(
            folder / f"{service}.env",
            FLODE_DATABASE=url(f"{service}_worker", f"{service}-worker-password", f"flode_{service}"),
            FLODE_DATABASE_API=url(f"{service}_api", f"{service}-api-password", f"flode_{service}"),
            FLODE_VAULT_DATABASE=vault,
            FLODE_VAULT_KEY=vault_key,
            FLODE_LINK_KEY=link_key,
        )


def _settings(file: Path, **settings: str) -> None:
    """Made anew each time from the single secrets, so that changing one of those and running this is enough."""
    file.unlink(missing_ok=True)
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    file.chmod(0o444)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "secrets")
