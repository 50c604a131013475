"""A service that knows of a fault in the partnership's settings does not start with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.partnership import PartnershipWrong
from chassis.serve import opened
from chassis.service import Service
from chassis.settings import Settings

FILE = """
name = "Samverkan vid sjön"
host = "almby"

[municipalities.almby]
name = "Almby kommun"
language = "sv"
country = "SE"
currency = "SEK"
timezone = "Europe/Stockholm"
"""


async def test_a_fault_that_only_the_service_sees_ends_the_start(tmp_path: Path) -> None:
    file = tmp_path / "partnership.toml"
    file.write_text(FILE, "utf-8")
    settings = Settings(
        service="almost", database="", database_api="", vault_database="", vault_key=b"", link_key=b"", kafka="",
        issuers=(), partnership=file, public_url="",
    )  # fmt: skip
    service = Service(name="almost", package="chassis", faults=lambda known: [f"{known.host}: no secret will do"])
    with pytest.raises(PartnershipWrong, match="almby: no secret will do"):
        async with opened(service, settings):
            pass
