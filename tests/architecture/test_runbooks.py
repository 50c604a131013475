"""A runbook is read when something is wrong: every command in it exists, with these arguments and options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from chassis.cli import main
from chassis.service import find_services

RUNBOOKS = Path(__file__).resolve().parents[2] / "deploy" / "runbooks"


def commands() -> list[tuple[str, str]]:
    """Every `flode …` that stands in a runbook as code, with the runbook's name."""
    found = []
    for book in sorted(RUNBOOKS.glob("*.md")):
        text = book.read_text("utf-8")
        blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        lines = [line.strip() for block in blocks for line in block.splitlines()]
        spans = re.findall(r"`(flode [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        found += [(book.name, one) for one in [*lines, *spans] if one.startswith("flode ")]
    return found


def test_the_runbooks_have_commands() -> None:
    assert len(commands()) > 25


@pytest.mark.parametrize(("book", "command"), commands())
def test_a_command_of_a_runbook_exists(book: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(RUNBOOKS)
    words = [_example.get(word, word) for word in shlex.split(command)[1:]]
    here: click.Command = main
    context = click.Context(main, info_name="flode")
    while isinstance(here, click.Group) and words:
        name, found, words = here.resolve_command(context, words)
        assert found is not None
        here, context = found, click.Context(found, info_name=name, parent=context)
    if not (isinstance(here, click.Group) and here.invoke_without_command):
        here.make_context("flode", words)  # parses, raising what a person would be told; runs nothing


_example = {"REQUEST": "6f1d3a52-5d0e-4b0b-9c57-2f6c2f7f5a10", "corrected.json": "README.md"}


def test_the_views_that_runbooks_rebuild_exist() -> None:
    views = {view.name for service in find_services() for view in service.views}
    named = {command.split()[2] for _, command in commands() if command.startswith("flode rebuild ")}
    assert named - {"VIEW"} <= views


def test_every_runbook_is_in_the_table() -> None:
    table = (RUNBOOKS / "README.md").read_text("utf-8")
    assert {book.name for book in RUNBOOKS.glob("*.md")} - {"README.md"} == set(re.findall(r"\((\S+\.md)\)", table))
