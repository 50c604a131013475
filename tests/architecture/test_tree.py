"""Where things are. A newcomer who knows one service knows where to look in the next."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "portfolio", "governance", "notifications")
FOLDERS = {"contracts", "deploy", "services", "tests"}
NAMES = {
    "__init__.py", "py.typed", "main.py", "settings.py", "api.py", "pages.py", "templates", "consumers.py",
    "commands.py", "api", "pages", "commands", "domain", "views", "adapters", "locale", "tables.sql", "cli.py",
    "waiting.py",
}  # fmt: skip
WITH_ADAPTERS = {"intake", "notifications"}


def files() -> list[PurePosixPath]:
    """Every file that is, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    return [PurePosixPath(line) for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


FILES = files()


def test_the_top_level_folders_are_those_of_the_architecture() -> None:
    there = {path.parts[0] for path in FILES if len(path.parts) > 1}
    assert {name for name in there if not name.startswith(".")} == FOLDERS


def test_the_services_are_four_and_what_they_stand_on() -> None:
    assert {path.parts[1] for path in FILES if path.parts[0] == "services"} == {*SERVICES, "chassis"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_names_every_service_has_and_no_others(service: str) -> None:
    within = [path.parts[3] for path in FILES if path.parts[:3] == ("services", service, service)]
    allowed = NAMES if service in WITH_ADAPTERS else NAMES - {"adapters"}
    assert set(within) <= allowed
    assert "main.py" in within
    beside = {path.parts[2] for path in FILES if path.parts[:2] == ("services", service)}
    assert beside <= {service, "tests", "pyproject.toml"}


def test_a_file_of_ours_is_read_on_a_few_screens() -> None:
    long = {
        str(path): lines
        for path in FILES
        if path.suffix == ".py" and (lines := len((ROOT / path).read_text().splitlines())) > 400
    }
    assert long == {}


def test_no_python_file_waits_for_something_to_be_done_later() -> None:
    later = re.compile(r"\b(TODO|FIXME|XXX)\b|mark\.(skip|xfail)|pytest\.(skip|xfail)\(")
    unreasoned = re.compile(r"type: ignore(\[[a-z-, ]+\])?\s*$")
    for path in FILES:
        if path.suffix == ".py" and path.name != Path(__file__).name:
            for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
                assert not later.search(line), f"{path}:{number}"
                assert not unreasoned.search(line), f"{path}:{number}: say why"


def test_the_repository_stands_alone() -> None:
    """Nothing reads the folder of sources that may lie beside it, nor any place of one machine."""
    elsewhere = re.compile(r"\.\./shared|(?<![\w.])/(work|root)/")
    for path in FILES:
        if path.suffix in {".py", ".toml", ".md", ".yaml", ".yml", ".sh", ".html", ".sql"} or path.name == "Makefile":
            assert elsewhere.findall((ROOT / path).read_text()) == [], path


def test_no_lock_names_a_host() -> None:
    """What is installed is known by its hash; from where is the installer's own affair."""
    locks = [path for path in FILES if path.name.endswith(".lock")]
    assert locks, "what is installed is locked somewhere"
    for path in locks:
        text = (ROOT / path).read_text()
        assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text), path
        assert "--hash=sha256:" in text, path
