"""Writes what is made from the code: schemas, AsyncAPI, OpenAPI, the runbook's table of what each kind of ticketing
system has to be told besides, and the sample of a fact that has none yet.

    python -m tests.contract.generate            write what is out of date
    python -m tests.contract.generate --check    only say what is, and fail if anything is

A schema is not written over one it breaks: the fact needs a new version then, and the old schema stays. A sample that
is there is never made again: it was released, and has to be readable for ever.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import version
from pathlib import Path

import yaml

from chassis.asyncapi import document
from chassis.options import Option
from chassis.service import Service, find_services
from chassis.web import bare_app
from contracts.catalogue import CATALOGUE, SERVICES, facts_of
from contracts.compatible import breaks
from contracts.event import Event
from contracts.schema import schema_of, schema_of_envelope
from intake.adapters.port import systems
from tests.contract.samples import a_sample

CONTRACTS = Path(__file__).parents[2] / "contracts"
SCHEMAS, SAMPLES, OPENAPI = CONTRACTS / "schemas", CONTRACTS / "samples", CONTRACTS / "openapi"
ASYNCAPI = CONTRACTS / "asyncapi.yaml"
RUNBOOK = CONTRACTS.parent / "deploy" / "runbooks" / "connect-a-ticketing-system.md"
TABLE = re.compile(r"(?<=<!-- options, by `make schemas` -->\n).*(?=<!-- end of options -->)", re.DOTALL)
HEAD = "# Made from the facts in contracts/ by `make schemas`; edit those, not this.\n"


def schemas() -> dict[Path, str]:
    """Every schema of today's facts, as its file should read."""
    made = {SCHEMAS / f"{name}.json": schema_of(fact) for name, fact in CATALOGUE.items()}
    made[SCHEMAS / "envelope.json"] = schema_of_envelope()
    return {path: json.dumps(schema, ensure_ascii=False, indent=2) + "\n" for path, schema in made.items()}


def read_by(service: Service) -> list[type[Event]]:
    """The facts a service acts on or shows, its own and others'."""
    names = {name for reaction in service.reactions for name in reaction.types}
    names |= {name for view in service.followed for name in view.types}
    return [fact for name, fact in sorted(CATALOGUE.items()) if name in names]


def asyncapi() -> str:
    """The AsyncAPI document, as its file should read."""
    emits = {name: facts_of(name) for name in SERVICES}
    reads = {service.name: read_by(service) for service in find_services()}
    made = document(emits, {name: reads[name] for name in SERVICES}, version=version("flode-contracts"))
    return HEAD + yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=120)


def openapi() -> dict[Path, str]:
    """The OpenAPI document of each service, as its file should read."""
    made = {service.name: bare_app(service.name, service.http).openapi() for service in find_services()}
    return {
        OPENAPI / f"{name}.json": json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        for name, document in made.items()
    }


def options() -> str:
    """The runbook with the table of options, as its file should read."""
    rows = ["| kind | option | what it is | unless said otherwise |", "|---|---|---|---|"]
    for kind, system in systems().items():
        for option in system.options:
            words = " ".join(filter(None, (f"{option.label}.", option.hint, *_choices(option), *_sealed(option))))
            rows.append(f"| `{kind}` | `{option.name}` | {words} | {f'`{option.usual}`' if option.usual else ''} |")
    return TABLE.sub(lambda _: "\n".join(rows) + "\n", RUNBOOK.read_text("utf-8"))


def _choices(option: Option) -> list[str]:
    told = ", ".join(f"`{value}` ({called})" for value, called in option.choices.items())
    return [f"One of {told}."] if told else []


def _sealed(option: Option) -> list[str]:
    return ["Secret."] if option.kind == "secret" else []


def wanted() -> dict[Path, str]:
    """Every file that is made, and what it should hold; of samples only those that are missing."""
    samples = {SAMPLES / f"{name}.json": fact for name, fact in CATALOGUE.items()}
    missing = {path: a_sample(fact) for path, fact in samples.items() if not path.exists()}
    return {**schemas(), ASYNCAPI: asyncapi(), **openapi(), RUNBOOK: options(), **missing}


def broken(path: Path, text: str) -> list[str]:
    """In which ways a new schema is more than an addition to the one that was released."""
    if path.parent != SCHEMAS or not path.exists():
        return []
    return breaks(json.loads(path.read_text()), json.loads(text))


def main(arguments: list[str]) -> int:
    """Write, or with --check only compare. Returns the exit code."""
    stale = {path: text for path, text in wanted().items() if not path.exists() or path.read_text() != text}
    refused = {path: ways for path, text in stale.items() if (ways := broken(path, text))}
    for path, ways in refused.items():
        print(f"{path.stem} is no addition to what was released; raise the fact's version:", *ways, sep="\n  ")
    for path, text in stale.items():
        if "--check" in arguments:
            print(f"{path.relative_to(CONTRACTS.parent)} is out of date: run `make schemas`")
        elif path not in refused:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    return 1 if refused or (stale and "--check" in arguments) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
