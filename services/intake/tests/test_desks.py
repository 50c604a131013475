"""A secret with which every delivery would be refused, or an option that no system would understand, is told of before
anything comes: when a process starts, and when a system is connected."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from joserfc.jwk import RSAKey

from chassis.partnership import Partnership
from intake import cli
from intake.adapters import desks
from intake.adapters.port import systems
from intake.main import service

FILE = """
name = "Samverkan vid viken"
host = "ekvik"

[municipalities.ekvik]
name = "Ekvik"
language = "sv"
country = "SE"
currency = "SEK"
timezone = "Europe/Stockholm"
hosts = ["desk.ekvik.example"]

[[service_desks]]
municipality = "ekvik"
system = "desk"
kind = "{kind}"
secret = '''{secret}'''
"""
NO_BASE64 = "ett vanligt lösenord"
WHSEC = "whsec_dGhlIHNlY3JldCBvZiBFa3Zpaw=="
MEANT_AS_BASE64 = ("standard-webhooks", "request-tracker", "servicenow")


def partnership(tmp_path: Path, kind: str, secret: str) -> Path:
    file = tmp_path / "partnership.toml"
    file.write_text(FILE.format(kind=kind, secret=secret), "utf-8")
    return file


@pytest.mark.parametrize("kind", MEANT_AS_BASE64)
def test_a_secret_that_is_no_base64_is_told_with_its_desk_its_field_and_what_to_do(kind: str, tmp_path: Path) -> None:
    (fault,) = desks.faults(Partnership.read(partnership(tmp_path, kind, NO_BASE64)))
    assert fault.startswith(f"service_desks.0.secret, of ekvik.desk ({kind}): it is no Base64")
    assert "openssl rand -base64 32" in fault
    assert NO_BASE64 not in fault
    assert not desks.faults(Partnership.read(partnership(tmp_path, kind, WHSEC)))


def test_the_next_secret_is_looked_at_too(tmp_path: Path) -> None:
    file = partnership(tmp_path, "servicenow", WHSEC)
    file.write_text(file.read_text("utf-8") + f'next_secret = "{NO_BASE64}"\n', "utf-8")
    (fault,) = desks.faults(Partnership.read(file))
    assert fault.startswith("service_desks.0.next_secret, of ekvik.desk")


def test_what_is_to_be_a_public_key_is_one(tmp_path: Path) -> None:
    (fault,) = desks.faults(Partnership.read(partnership(tmp_path, "xurrent", WHSEC)))
    assert "no public key" in fault
    key = RSAKey.generate_key(2048).as_pem(private=False).decode().replace("\n", "\\n")
    assert not desks.faults(Partnership.read(partnership(tmp_path, "xurrent", key)))


@pytest.mark.parametrize("kind", [kind for kind in systems() if kind not in (*MEANT_AS_BASE64, "xurrent")])
def test_for_the_others_any_text_will_do(kind: str, tmp_path: Path) -> None:
    assert not desks.faults(Partnership.read(partnership(tmp_path, kind, NO_BASE64)))


LONG_JQL = f"jql = 'project in ({', '.join(f'P{number}' for number in range(90))})'"
API = """
[service_desks.api]
url = "https://desk.ekvik.example"
token = "t"
options = {{ {options} }}
"""


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("glpi", "flowfield = 'type'", "flowfield, of ekvik.desk (glpi): there is no such option; there are flow_"),
        ("glpi", "api = 'old'", "api, of ekvik.desk (glpi): it is one of high-level, legacy"),
        ("zammad", "flow_field = 'type'", "flow_field, of ekvik.desk (zammad): there is no such option; leave it"),
        ("jira", "organisation_field = 'Kommun'", "organisation_field, of ekvik.desk (jira): This cannot be used here"),
        ("bearer", "from = 'x'", "from, of ekvik.desk (bearer): there is no such option; leave it out"),
    ],
)
def test_an_option_that_the_system_would_not_understand_is_told(
    kind: str, options: str, told: str, tmp_path: Path
) -> None:
    """One that is misspelt would hold for nothing, and nobody would know."""
    file = partnership(tmp_path, kind, NO_BASE64)
    file.write_text(file.read_text("utf-8") + API.format(options=options), "utf-8")
    (fault,) = desks.faults(Partnership.read(file))
    assert fault.startswith(f"service_desks.0.api.options.{told}")


@pytest.mark.parametrize(("kind", "options"), [("glpi", "api = 'legacy', app_token = 'x'"), ("jira", LONG_JQL)])
def test_options_that_its_adapter_declares_are_taken(kind: str, options: str, tmp_path: Path) -> None:
    """In the file also longer ones than a page takes."""
    file = partnership(tmp_path, kind, NO_BASE64)
    file.write_text(file.read_text("utf-8") + API.format(options=options), "utf-8")
    assert not desks.faults(Partnership.read(file))


def test_a_kind_that_has_no_adapter_is_told_with_those_that_have(tmp_path: Path) -> None:
    (fault,) = desks.faults(Partnership.read(partnership(tmp_path, "zamad", NO_BASE64)))
    assert fault.startswith("service_desks.0.kind, of ekvik.desk (zamad): there is no adapter for it; there are e-")
    assert fault.endswith("standard-webhooks, bearer")


def test_no_process_of_intake_starts_with_one() -> None:
    assert service.faults is desks.faults


def test_whoever_connects_a_system_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Told:
        partnership = partnership(tmp_path, "servicenow", NO_BASE64)
        public_url = "https://flode.example"

    monkeypatch.setattr(cli, "_settings", lambda _: Told)
    told = CliRunner().invoke(cli.connect, ["servicenow", "-m", "ekvik", "--name", "desk", "--wait", "0"])
    assert told.exit_code == 1
    assert "service_desks.0.secret, of ekvik.desk (servicenow): it is no Base64" in told.output


def test_a_desk_whose_secret_is_made_elsewhere_is_not_written_with_one_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Told:
        partnership = partnership(tmp_path, "zammad", WHSEC)
        public_url = "https://flode.example"

    before = Told.partnership.read_text("utf-8")
    monkeypatch.setattr(cli, "_settings", lambda _: Told)
    told = CliRunner().invoke(cli.connect, ["xurrent", "-m", "ekvik", "--write", "--wait", "0"])
    assert told.exit_code == 1
    assert "no public key" in told.output
    assert Told.partnership.read_text("utf-8") == before
