"""Every message that was ever released is read by today's code, and means what it meant (P16)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from chassis.decode import decode
from contracts.catalogue import CATALOGUE
from contracts.envelope import Envelope, UnknownFact
from contracts.portfolio import StatusReported
from contracts.upcast import STEPS, to_current
from tests.contract.generate import SAMPLES, SCHEMAS
from tests.contract.samples import a_sample

RELEASED = sorted(path.stem for path in SAMPLES.glob("*.json"))
TODAY = [name for name in RELEASED if name in CATALOGUE]


def sample(name: str) -> dict[str, Any]:
    """A released message, as JSON."""
    message: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return message


def sent(message: dict[str, Any]) -> bytes:
    """The bytes of a message: a sample without its layout."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def schema(name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return made


def within(old: Any, new: Any) -> bool:
    """Whether everything that `old` says, `new` says too."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(key in new and within(value, new[key]) for key, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(within, old, new))
    return bool(old == new)


def test_every_fact_of_every_version_has_a_sample() -> None:
    assert set(RELEASED) == {*CATALOGUE, *STEPS}


@pytest.mark.parametrize("name", RELEASED)
def test_a_sample_is_what_the_schemas_say(name: str) -> None:
    message = sample(name)
    check = FormatChecker()
    Draft202012Validator(schema("envelope"), format_checker=check).validate(message)
    Draft202012Validator(schema(name), format_checker=check).validate(message["data"])
    assert message["dataschema"] == schema(name)["$id"]


@pytest.mark.parametrize("name", RELEASED)
def test_a_sample_is_understood_as_a_fact_of_today(name: str) -> None:
    message = sample(name)
    envelope = Envelope.from_bytes(sent(message), sequence=7)
    assert envelope.type == to_current(name, message["data"])[0]
    assert (str(envelope.id), str(envelope.subject), envelope.sequence) == (message["id"], message["subject"], 7)
    assert envelope.data.subject == envelope.subject


@pytest.mark.parametrize("name", TODAY)
def test_a_sample_that_is_read_and_sent_again_has_lost_nothing(name: str) -> None:
    message = sample(name)
    again = Envelope.from_bytes(sent(message)).to_bytes()
    assert within(message, json.loads(again))
    assert Envelope.from_bytes(again) == Envelope.from_bytes(sent(message))


@pytest.mark.parametrize("name", TODAY)
def test_a_fact_sent_today_has_the_bytes_of_its_sample(name: str) -> None:
    """Order and spelling too: hashes are taken of these bytes. Only fields that came later may be missing."""
    message = sample(name)
    again = json.loads(Envelope.from_bytes(sent(message)).to_bytes())
    again["data"] = {key: value for key, value in again["data"].items() if key in message["data"]}
    assert sent(again) == sent(message)


@pytest.mark.parametrize("name", RELEASED)
def test_readers_and_writers_decode_a_message_alike(name: str) -> None:
    raw = sent(sample(name))
    lean, validated = decode(raw, 7), Envelope.from_bytes(raw, 7)
    for attribute in Envelope.__dataclass_fields__:
        assert getattr(lean, attribute) == getattr(validated, attribute), attribute


@pytest.mark.parametrize("name", RELEASED)
def test_fields_that_a_newer_release_adds_crash_nobody(name: str) -> None:
    """P16: readers of today read messages of tomorrow's writers."""
    newer = grown(sample(name))
    raw = sent({**newer, "futureextension": "x"})
    assert Envelope.from_bytes(raw) == Envelope.from_bytes(sent(sample(name)))
    assert decode(raw).data == decode(sent(sample(name))).data


def test_a_message_newer_than_the_catalogue_is_named_and_not_guessed_at() -> None:
    message = {**sample("portfolio.left.v1"), "type": "portfolio.left.v9"}
    for read in (Envelope.from_bytes, decode):
        with pytest.raises(UnknownFact, match=r"portfolio\.left\.v9"):
            read(sent(message))


def test_a_report_with_one_health_judges_all_three_goals_by_it() -> None:
    old = sample("portfolio.status-reported.v1")
    report = Envelope.from_bytes(sent(old)).data
    assert isinstance(report, StatusReported)
    assert (report.time, report.cost, report.result) == ("yellow", "yellow", "yellow")
    assert report.summary == old["data"]["summary"]


@pytest.mark.parametrize("name", STEPS)
def test_a_step_leaves_what_it_was_given_as_it_was(name: str) -> None:
    data = sample(name)["data"]
    _, step = STEPS[name]
    step(data)
    assert data == sample(name)["data"]


@pytest.mark.parametrize("name", STEPS)
def test_every_step_ends_at_a_fact_of_today(name: str) -> None:
    assert to_current(name, sample(name)["data"])[0] in CATALOGUE


@pytest.mark.parametrize("name", TODAY)
def test_a_sample_made_today_would_be_as_readable(name: str) -> None:
    assert Envelope.from_bytes(sent(json.loads(a_sample(CATALOGUE[name])))).type == name


def test_no_sample_holds_a_persons_name() -> None:
    for path in sorted(Path(SAMPLES).glob("*.json")):
        text = path.read_text()
        for name in ("Björkensten", "Fossmark", "Öhrnskog", "Kjærbæk", "Nyströmmen", "Solbakkstrand", "Havtorn"):
            assert name not in text, path.name


def grown(value: Any) -> Any:
    """The same JSON with a field more in every object that is not a free map of names to values."""
    if isinstance(value, list):
        return [grown(each) for each in value]
    if not isinstance(value, dict):
        return value
    free = {"scores", "by_criterion", "names", "params", "states", "guidance", "tie_rule"}
    return {**{key: each if key in free else grown(each) for key, each in value.items()}, "of_tomorrow": {"a": [1]}}
