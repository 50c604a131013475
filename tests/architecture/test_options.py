"""What the way back reads of a connection's options is declared, as usual too, by the adapter of the same kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import notifications.adapters
from intake.adapters.port import systems
from notifications.adapters.port import adapter_of

FOLDER = Path(notifications.adapters.__path__[0])


def read_in(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The options a module asks for by name, and what it takes when nothing is said."""
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="options"), attr="get"),
                args=[ast.Constant(value=str(name)), *otherwise],
            ):
                usual = [
                    constants[each.id] if isinstance(each, ast.Name) else ast.literal_eval(each) for each in otherwise
                ]
                yield name, str(*usual)
            case ast.Subscript(value=ast.Attribute(attr="options"), slice=ast.Constant(value=str(name))):
                yield name, ""
            case _:
                pass


@pytest.mark.parametrize("kind", systems())
def test_what_is_read_is_declared(kind: str) -> None:
    declared = {option.name: option.usual for option in systems()[kind].options}
    for name, usual in read_in(ast.parse((FOLDER / f"{kind.replace('-', '_')}.py").read_text("utf-8"))):
        assert name in declared
        assert usual in ("", declared[name]), name


def test_every_kind_with_an_adapter_is_written_into_by_one() -> None:
    """So that signed answers are offered for the others alone."""
    assert all(adapter_of(kind) for kind in systems())
