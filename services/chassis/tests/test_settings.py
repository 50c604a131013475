"""A process says at once everything its environment lacks."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from chassis.settings import ROLES, Settings, SettingsWrong

KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def a_complete_environment(tmp_path: Path) -> dict[str, str]:
    partnership = tmp_path / "partnership.toml"
    partnership.write_text("")
    return {
        "FLODE_DATABASE": "postgresql://{service}_worker:s3cret@localhost/flode_{service}",
        "FLODE_DATABASE_API": "postgresql://{service}_api:s3cret@localhost/flode_{service}",
        "FLODE_VAULT_DATABASE": "postgresql://vault_client:s3cret@localhost/flode_vault",
        "FLODE_VAULT_KEY": KEY,
        "FLODE_LINK_KEY": KEY,
        "FLODE_KAFKA": "localhost:9092,localhost:9093",
        "FLODE_ISSUERS": json.dumps(
            [{"issuer": "https://id.test", "audience": "flode", "jwks_url": "https://id.test/k"}]
        ),
        "FLODE_PARTNERSHIP": str(partnership),
        "FLODE_PUBLIC_URL": "https://flode.test/",
    }


def test_a_complete_environment_is_read(a_complete_environment: dict[str, str]) -> None:
    settings = Settings.from_env("intake", {**a_complete_environment, "FLODE_HTTP": "0.0.0.0:8101"})
    assert settings.database == "postgresql://intake_worker:s3cret@localhost/flode_intake"
    assert (settings.http_host, settings.http_port) == ("0.0.0.0", 8101)
    assert settings.vault_key == bytes(range(32))
    assert settings.public_url == "https://flode.test"
    assert settings.roles == ROLES
    assert settings.address_of("portfolio") == "https://flode.test"
    inside = Settings.from_env("intake", {**a_complete_environment, "FLODE_SERVICES": "http://{service}:8000/"})
    assert inside.address_of("portfolio") == "http://portfolio:8000"


def test_everything_missing_is_named_at_once_with_what_to_set() -> None:
    with pytest.raises(SettingsWrong) as refused:
        Settings.from_env("intake", {})
    missing = {fault.split()[0] for fault in refused.value.faults}
    assert missing >= {"FLODE_DATABASE", "FLODE_VAULT_KEY", "FLODE_KAFKA", "FLODE_ISSUERS", "FLODE_PUBLIC_URL"}
    assert "FLODE_VAULT_KEY is missing: set it to 32 random bytes in base64" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("FLODE_DATABASE", "mysql://x", "it must begin with postgresql://"),
        ("FLODE_VAULT_KEY", base64.b64encode(b"short").decode(), "it has 5 bytes, not 32"),
        ("FLODE_LINK_KEY", "not base64!", "it is not base64"),
        ("FLODE_KAFKA", "localhost", "it is not host:port"),
        ("FLODE_SERVICES", "http://intake:8000", "is to stand in it"),
        ("FLODE_ISSUERS", "{", "it is not JSON"),
        ("FLODE_ISSUERS", '[{"issuer":"a","audience":"b"}]', "one of jwks_url and jwks_file"),
        ("FLODE_ISSUERS", '[{"issuer":"a","audience":"b","jwks_url":"c","algorithms":["HS256"]}]', "algorithms.0: "),
        ("FLODE_PARTNERSHIP", "/nowhere", "there is no such file"),
        ("FLODE_ROLES", "api,dancer", "unknown: dancer"),
        ("FLODE_LOG", "LOUD", "it is not a level"),
    ],
)
def test_a_wrong_value_is_explained(a_complete_environment: dict[str, str], name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsWrong) as refused:
        Settings.from_env("intake", {**a_complete_environment, name: value})
    assert len(refused.value.faults) == 1
    assert refused.value.faults[0].startswith(f"{name} is wrong")
    assert says in refused.value.faults[0]


def test_settings_do_not_show_their_secrets(a_complete_environment: dict[str, str]) -> None:
    settings = Settings.from_env("intake", a_complete_environment)
    shown = repr(settings) + str(settings)
    assert "s3cret" not in shown
    assert repr(settings.vault_key) not in shown


def test_callers_say_when_it_is_only_where_the_environment_says_it_is_a_demo(
    a_complete_environment: dict[str, str],
) -> None:
    assert not Settings.from_env("intake", a_complete_environment).demo
    assert Settings.from_env("intake", {**a_complete_environment, "FLODE_DEMO": "on"}).demo
