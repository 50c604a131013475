"""The AsyncAPI document is that of today's facts, and keeps the rules of AsyncAPI 3."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from contracts.catalogue import CATALOGUE, facts_of
from contracts.topics import TOPICS
from tests.contract import generate
from tests.contract.test_samples import RELEASED, sample

DOCUMENT: dict[str, Any] = yaml.safe_load(generate.ASYNCAPI.read_text())
KEY = re.compile(r"^[A-Za-z0-9._-]+$")


def at(reference: str) -> Any:
    """What a reference of the document points at."""
    place: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    return place


def references(value: Any) -> list[str]:
    """Every reference in the document."""
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [found for each in value.values() for found in references(each)]
    return [found for each in value for found in references(each)] if isinstance(value, list) else []


def test_the_committed_document_is_that_of_todays_facts() -> None:
    assert generate.ASYNCAPI.read_text() == generate.asyncapi(), "run `make schemas`"


def test_it_is_an_asyncapi_3_document_with_a_name_and_a_version() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"]["title"] == "Flöde"
    assert DOCUMENT["info"]["version"]
    assert set(DOCUMENT) <= {
        "asyncapi",
        "id",
        "info",
        "servers",
        "defaultContentType",
        "channels",
        "operations",
        "components",
    }


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        assert isinstance(at(reference), dict), reference


def test_components_and_operations_have_names_that_are_allowed() -> None:
    for kind in DOCUMENT["components"].values():
        assert all(KEY.match(name) for name in kind)
    assert all(KEY.match(name) for name in DOCUMENT["operations"])


def test_every_topic_is_a_channel_with_its_partitions() -> None:
    channels = DOCUMENT["channels"]
    assert {name: channel["address"] for name, channel in channels.items()} == {t.name: t.name for t in TOPICS}
    for topic in TOPICS:
        binding = channels[topic.name]["bindings"]["kafka"]
        assert binding["partitions"] == topic.partitions
        assert binding["topicConfiguration"]["cleanup.policy"] == ["delete"]


def test_every_fact_is_a_message_of_its_topics_channel() -> None:
    there = {name: channel for channel, each in DOCUMENT["channels"].items() for name in each["messages"]}
    assert there == {name: fact.topic.name for name, fact in CATALOGUE.items()}


def test_every_operation_is_about_messages_of_its_own_channel() -> None:
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] in ("send", "receive"), name
        channel = operation["channel"]["$ref"]
        assert operation["messages"]
        assert all(each["$ref"].startswith(f"{channel}/messages/") for each in operation["messages"])


@pytest.mark.parametrize("service", ["intake", "portfolio", "governance", "notifications"])
def test_a_service_sends_the_facts_that_bear_its_name(service: str) -> None:
    sent = {
        each["$ref"].rpartition("/")[2]
        for name, operation in DOCUMENT["operations"].items()
        if name.startswith(f"{service}-sends-")
        for each in operation["messages"]
    }
    assert sent == {fact.type for fact in facts_of(service)}


def test_the_document_says_which_services_act_on_a_fact() -> None:
    """Decision 9: portfolio reacts to the PM's judgement, and notifications tells people of it."""
    receivers = {
        name.partition("-")[0]
        for name, operation in DOCUMENT["operations"].items()
        if operation["action"] == "receive"
        and {"$ref": "#/channels/flode.request/messages/intake.classified-as-project.v1"} in operation["messages"]
    }
    assert {"portfolio", "notifications"} <= receivers


def test_every_message_is_keyed_by_its_subject_and_says_where_it_stood() -> None:
    for name, message in DOCUMENT["components"]["messages"].items():
        [trait] = [at(each["$ref"]) for each in message["traits"]]
        assert trait["bindings"]["kafka"]["key"]["format"] == "uuid", name
        assert "flode-sequence" in trait["headers"]["required"]
        assert message["summary"]


@pytest.mark.parametrize("name", [name for name in RELEASED if name in CATALOGUE])
def test_a_released_message_is_what_the_document_says(name: str) -> None:
    payload = DOCUMENT["components"]["messages"][name]["payload"]
    Draft202012Validator({**payload, "components": DOCUMENT["components"]}).validate(sample(name))


def test_the_document_tells_one_message_from_another() -> None:
    payload = DOCUMENT["components"]["messages"]["portfolio.left.v1"]["payload"]
    judge = Draft202012Validator({**payload, "components": DOCUMENT["components"]})
    assert judge.is_valid(sample("portfolio.left.v1"))
    assert not judge.is_valid(sample("portfolio.entered.v1"))
    assert not judge.is_valid({**sample("portfolio.left.v1"), "specversion": "0.3"})


def test_no_server_is_named_because_every_cooperation_has_its_own() -> None:
    assert "servers" not in DOCUMENT
    assert all("servers" not in channel for channel in DOCUMENT["channels"].values())
