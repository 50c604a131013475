"""deploy/compose.yaml says what the code reads, names one version of everything, and holds no password."""

from __future__ import annotations

import inspect
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.settings import Settings
from contracts.catalogue import SERVICES

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
BROKERS = [name for name in CONTAINERS if name.startswith("kafka-")]


def pairs(text: str) -> dict[str, str]:
    """The assignments of an env file."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def interpolated(text: str, values: dict[str, str]) -> str:
    """What compose makes of ${NAME:?why}, ${NAME:-default} and ${NAME}."""

    def value(found: re.Match[str]) -> str:
        name, kind, word = found.groups()
        return values.get(name) or (word if kind == ":-" else values[name])

    return re.sub(r"\$\{(\w+)(?:(:[?-])([^}]*))?\}", value, text)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    runpy.run_path(str(DEPLOY / "new_secrets.py"))["make"](tmp_path / "secrets")
    return tmp_path / "secrets"


def environment(container: str, secrets: Path, partnership: Path) -> dict[str, str]:
    """What a container of ours is told, with example.env copied and the secrets made, as the first lines say."""
    example = pairs((DEPLOY / "example.env").read_text("utf-8"))
    told = {name: interpolated(value, example) for name, value in CONTAINERS[container]["environment"].items()}
    for file in CONTAINERS[container]["env_file"]:
        if isinstance(file, str):
            told |= pairs((secrets.parent / file).read_text("utf-8"))
    return told | {"FLODE_PARTNERSHIP": str(partnership)}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_all_it_needs_and_nothing_it_does_not_know(
    service: str, secrets: Path, tmp_path: Path
) -> None:
    partnership = tmp_path / "partnership.toml"
    partnership.touch()
    told = environment(service, secrets, partnership)
    settings = Settings.from_env(service, told)
    assert settings.database.split("@")[0].startswith(f"postgresql://{service}_worker:")
    assert settings.kafka_replication == len(BROKERS) == 3
    assert len(settings.kafka.split(",")) == 3
    assert settings.address_of("portfolio") == "http://portfolio:8000", "as Caddy reaches it"
    known = set(re.findall(r'"(FLODE_\w+)"', Path(inspect.getfile(Settings)).read_text("utf-8")))
    assert told.keys() <= known


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_preparation_of_a_service_is_told_the_administrators_password(
    service: str, secrets: Path, tmp_path: Path
) -> None:
    assert "FLODE_ADMIN_DATABASE" not in environment(service, secrets, tmp_path)
    assert "FLODE_ADMIN_DATABASE" in environment(f"prepare-{service}", secrets, tmp_path)
    assert CONTAINERS[service]["depends_on"][f"prepare-{service}"]["condition"] == "service_completed_successfully"


def test_each_service_is_reached_at_the_one_address_and_its_measures_are_not() -> None:
    edge = (DEPLOY / "Caddyfile").read_text("utf-8")
    for service in SERVICES:
        assert f"@{service} path /{service} /{service}/*" in edge
        assert f"reverse_proxy @{service} {service}:8000" in edge
    hidden = re.search(r"path_regexp (\S+)", edge)
    assert hidden is not None
    assert all(re.match(hidden[1], f"/{service}/metrics") for service in SERVICES)
    assert [name for name, container in CONTAINERS.items() if "ports" in container] == ["edge"]


def test_secrets_are_made_once_and_differ_for_every_role(secrets: Path) -> None:
    before = {file.name: file.read_text("utf-8") for file in secrets.iterdir()}
    runpy.run_path(str(DEPLOY / "new_secrets.py"))["make"](secrets)
    assert {file.name: file.read_text("utf-8") for file in secrets.iterdir()} == before
    single = [text for name, text in before.items() if not name.endswith(".env")]
    assert len(set(single)) == len(single) == 12
    assert min(map(len, single)) >= 43
    assert secrets.stat().st_mode & 0o077 == 0


def test_no_password_stands_in_a_file() -> None:
    suspects = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY", re.IGNORECASE)
    for name, container in CONTAINERS.items():
        for variable, value in container.get("environment", {}).items():
            assert not suspects.search(variable) or value.startswith("/run/secrets"), f"{name}: {variable}"
    assert "://" not in "".join(
        value for name, value in pairs((DEPLOY / "example.env").read_text("utf-8")).items() if "DATABASE" in name
    )


def test_every_image_has_one_exact_version() -> None:
    ours = {container["image"] for container in CONTAINERS.values() if "build" in container}
    assert ours == {"flode:local"}
    others = {container["image"] for container in CONTAINERS.values()} - ours
    bases = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    for image in others | set(bases):
        assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z-]+)?$", image), image
    assert len(set(bases)) == 1, "what is installed in one Python must be run by the same"


def test_the_brokers_in_containers_are_of_the_version_the_suites_run_on() -> None:
    tested = re.search(r"<kafka.version>([\d.]+)<", (DEPLOY / "kafka" / "pom.xml").read_text("utf-8"))
    assert tested is not None
    assert {CONTAINERS[name]["image"] for name in BROKERS} == {f"apache/kafka:{tested[1]}"}


def test_what_a_broker_acknowledges_is_on_two_and_topics_are_only_made_on_purpose() -> None:
    for number, name in enumerate(BROKERS, start=1):
        settings = CONTAINERS[name]["environment"]
        assert settings["KAFKA_NODE_ID"] == str(number)
        assert settings["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{name}:9092"
        assert settings["KAFKA_MIN_INSYNC_REPLICAS"] == "2"
        assert settings["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
        assert settings["KAFKA_UNCLEAN_LEADER_ELECTION_ENABLE"] == "false"


def test_the_image_runs_as_nobody_special_and_installs_only_what_the_lock_holds() -> None:
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    assert lines.index("USER 10001:10001") > max(n for n, line in enumerate(lines) if line.startswith("FROM"))
    steps = "\n".join(lines).replace("\\\n", " ")
    fetching = re.findall(r"^.*\bpip (?:install|download|wheel)\b.*$", steps, re.MULTILINE)
    assert fetching
    for step in fetching:
        for part in step.split("&&"):
            if re.search(r"\bpip (install|download|wheel)\b", part):
                assert "--require-hashes" in part or "--no-index" in part, part
