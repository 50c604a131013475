"""A partnership's file is read whole, and its faults are told in plain words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from chassis.partnership import Partnership, PartnershipWrong

PARTNERSHIP_EXAMPLE = """
name = "Samverkan vid sjön"
host = "almby"
mail_from = "Flöde <flode@almby.example>"
accessibility_contact = "tillganglighet@almby.example"

[municipalities.almby]
name = "Almby kommun"
language = "sv"
country = "SE"
currency = "SEK"
timezone = "Europe/Stockholm"
email_domains = ["almby.example"]

[municipalities.birkelund]
name = "Birkelund Kommune"
language = "da"
country = "DK"
currency = "DKK"
timezone = "Europe/Copenhagen"
email_domains = ["birkelund.example"]
hosts = ["helpdesk.birkelund.example", "desk.birkelund.example"]
accessibility_statement = "https://was.example/birkelund"

[[municipalities.birkelund.contacts]]
office = "it_manager"
name = "Rikke Vestergaard-Holm"
email = "rikke@birkelund.example"
language = "da"

[[service_desks]]
municipality = "birkelund"
system = "helpdesk"
kind = "standard-webhooks"
secret = "env:BIRKELUND_SECRET"
next_secret = "whsec_dGhlIG5leHQgb25lLCBmb3Igcm90YXRpb24="

[service_desks.write_back]
url = "https://helpdesk.birkelund.example/flode"
secret = "whsec_YW5vdGhlciBvbmUsIGZvciB0aGUgd2F5IGJhY2s="
private = true

[[service_desks]]
municipality = "birkelund"
system = "zammad"
kind = "zammad"
secret = "whsec_dGhlIHppbW1hZCBvZiBCaXJrZWx1bmQgc2lnbnM="
url = "https://helpdesk.birkelund.example"
timezone = "Europe/Copenhagen"
flows = ["Projekt"]
closed = ["afsluttet"]
states = { registered = "open", completed = "afsluttet" }

[service_desks.api]
url = "https://desk.birkelund.example/"
user = "flode"
token = "whsec_dGhlIHRva2Vu"
private = true
poll_seconds = 600
options = { group = "Service Desk", client_secret = "env:BIRKELUND_CLIENT" }

[[criteria]]
key = "economy"
weight = 2
names = { sv = "Ekonomi", da = "Økonomi", nb = "Økonomi", en = "Economy" }

[[size_criteria]]
key = "effort"
names = { sv = "Mer än 40 timmar?", en = "More than 40 hours?" }

[cadence]
short_days = 7
fixed_days = 28

[tie_rule]
sv = "Lotten avgör."
en = "Lots are drawn."
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BIRKELUND_SECRET", "whsec_Zm9yIHRlc3RzIG9ubHkgYW5kIG5vdCBlbHNld2hlcmU=")
    monkeypatch.setenv("BIRKELUND_CLIENT", "what Zammad knows us by")
    written = tmp_path / "partnership.toml"
    written.write_text(PARTNERSHIP_EXAMPLE, "utf-8")
    return written


def test_every_line_of_the_example_is_understood(file: Path) -> None:
    partnership = Partnership.read(file)
    assert partnership.ids == {"almby", "birkelund"}
    assert partnership["birkelund"].formats("en").money(Decimal(1200), "DKK") == "1.200\N{NO-BREAK SPACE}kr."
    desk, zammad = partnership.service_desks
    assert zammad.api
    assert (zammad.api.host, zammad.base) == ("desk.birkelund.example", "https://helpdesk.birkelund.example")
    assert desk.secret.startswith("whsec_Zm9y")
    assert zammad.api.options == {"group": "Service Desk", "client_secret": "what Zammad knows us by"}
    assert partnership.accessibility_contact == "tillganglighet@almby.example"
    assert partnership["birkelund"].accessibility_statement == "https://was.example/birkelund"
    assert partnership.criteria[0].weight == 2
    assert partnership.cadence.fixed_days == 28


def test_the_criteria_are_time_economy_and_cooperation_unless_the_file_says_otherwise(file: Path) -> None:
    """IT-12, IT-14."""
    lines = PARTNERSHIP_EXAMPLE.partition("[[criteria]]")[0]
    file.write_text(lines, "utf-8")
    assert [each.key for each in Partnership.read(file).criteria] == ["time", "economy", "cooperation"]


def test_the_desk_of_a_system_is_found_and_no_other(file: Path) -> None:
    partnership = Partnership.read(file)
    desk = partnership.desk("birkelund", "helpdesk")
    assert desk is not None
    assert desk.write_back is not None
    assert partnership.desk("almby", "helpdesk") is None


def test_the_people_of_an_office_are_not_shown(file: Path) -> None:
    """IT-13: the IT managers are told by their office; who they are stands in the file alone."""
    partnership = Partnership.read(file)
    (officer,) = partnership["birkelund"].contacts
    assert (officer.office, officer.email) == ("it_manager", "rikke@birkelund.example")
    assert "Rikke" not in repr(partnership)


def test_secrets_are_not_shown(file: Path) -> None:
    assert "whsec" not in repr(Partnership.read(file))


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('host = "almby"', 'host = "nowhere"', "host: there is no municipality 'nowhere'"),
        ('language = "sv"', 'language = "fi"', "municipalities.almby.language: Choose one of those that are offered."),
        ('"Europe/Stockholm"', '"Europe/Almby"', "'Europe/Almby' is no time zone"),
        ("weight = 2", "weight = 0", "criteria.0.weight: This must be more than 0"),
        ('name = "Samverkan vid sjön"', "", "name: This is needed."),
        ("[cadence]", "[cadense]", "cadense: This is not known here; is it spelled right?"),
        ('"env:BIRKELUND_SECRET"', '"env:NOT_THERE"', "the environment variable NOT_THERE is not set"),
        ('["birkelund.example"]', '["almby.example"]', "email_domains: 'almby.example' stands more than once"),
        ('"env:BIRKELUND_CLIENT"', '"env:NOT_THERE"', "the environment variable NOT_THERE is not set"),
        ("[cadence]", "[cadence", "it cannot be read"),
        ("https://helpdesk", "https://elsewhere", "service_desks.0.write_back.url: its host is not among"),
        ("rikke@birkelund", "rikke at birkelund", "municipalities.birkelund.contacts.0.email: "),
    ],
)
def test_a_fault_is_told_where_it_is(file: Path, was: str, becomes: str, said: str) -> None:
    file.write_text(PARTNERSHIP_EXAMPLE.replace(was, becomes), "utf-8")
    with pytest.raises(PartnershipWrong) as refused:
        Partnership.read(file)
    assert len(refused.value.faults) == 1
    assert said in str(refused.value)


def test_an_address_has_one_home(file: Path) -> None:
    partnership = Partnership.read(file)
    assert partnership.home_of("Freja.Holm@Birkelund.example") == "birkelund"
    assert partnership.home_of("somebody@consultants.example") == "almby"
