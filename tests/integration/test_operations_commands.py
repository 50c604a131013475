"""Commands of operations that work on the vault and on every service's secrets."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from click.testing import CliRunner, Result

from chassis.cli import main
from chassis.cli.common import environment_of
from chassis.testing import Databases
from chassis.vault import prepare_vault

KEY, NEXT_KEY = (base64.b64encode(bytes(range(at, at + 32))).decode() for at in (0, 1))


@pytest.fixture
def vault(databases: Databases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An empty vault, and an environment that names it."""
    administrator = databases.like("vault_commands", lambda url: prepare_vault(url, _as_client(url)))
    (tmp_path / "partnership.toml").touch()
    for name, value in {
        "DATABASE": "postgresql://intake_worker@nowhere/flode_intake",
        "DATABASE_API": "postgresql://intake_api@nowhere/flode_intake",
        "VAULT_DATABASE": _as_client(administrator),
        "VAULT_KEY": KEY,
        "LINK_KEY": KEY,
        "KAFKA": "nowhere:9092",
        "ISSUERS": '[{"issuer":"https://login.example","audience":"flode","jwks_url":"https://login.example/keys"}]',
        "PARTNERSHIP": str(tmp_path / "partnership.toml"),
        "PUBLIC_URL": "https://flode.example",
    }.items():
        monkeypatch.setenv(f"FLODE_{name}", value)
    return administrator


def _as_client(url: str) -> str:
    there = urlsplit(url)
    return urlunsplit(there._replace(netloc=f"vault_client:s3cret@{there.hostname}:{there.port}"))


def flode(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_a_person_is_erased_by_two_people_and_only_once(vault: str) -> None:
    """P14's beginning: the key goes by a decision of two."""
    proposed = flode("vault", "propose", "granby", "alva@granby.example", "--reason", "Dnr 2027/12", "--by", "Ebba")
    assert proposed.exit_code == 0, proposed.output
    disposal = proposed.output.split("erase ")[1].split(" ")[0]
    alone = flode("vault", "erase", disposal, "--by", "Ebba")
    assert alone.exit_code == 1
    assert "nobody erases a person alone" in alone.output
    assert "is destroyed" in flode("vault", "erase", disposal, "--by", "Nils").output
    again = flode("vault", "erase", disposal, "--by", "Nils")
    assert again.exit_code == 1
    assert "is done" in again.output


def test_the_wrapping_key_is_changed_without_losing_anybody(vault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    who = ("vault", "propose", "granby", "alva@granby.example", "--reason", "Dnr 2027/12", "--by", "Ebba")
    assert flode(*who).exit_code == 0
    monkeypatch.setenv("FLODE_VAULT_PREVIOUS_KEY", KEY)
    monkeypatch.setenv("FLODE_VAULT_KEY", NEXT_KEY)
    assert "wrapped anew" in flode("vault", "rewrap").output
    monkeypatch.delenv("FLODE_VAULT_PREVIOUS_KEY")
    assert flode(*who).exit_code == 0, "the new key alone opens the vault"
    monkeypatch.setenv("FLODE_VAULT_KEY", KEY)
    assert "does not open" in flode(*who).output, "the old one does so no more"


def test_a_container_of_operations_knows_each_services_own_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in ("intake", "portfolio"):
        (tmp_path / f"{service}.env").write_text(f"FLODE_DATABASE=postgresql://{service}_worker:a=b@x/y\n")
    monkeypatch.setenv("FLODE_SECRETS", str(tmp_path))
    monkeypatch.setenv("FLODE_KAFKA", "kafka-1:9092")
    told = environment_of("portfolio")
    assert told["FLODE_DATABASE"] == "postgresql://portfolio_worker:a=b@x/y"
    assert told["FLODE_KAFKA"] == "kafka-1:9092"
