"""Where the sentences of a package stand: `_("…")` in code and templates, the texts of refusals and cautions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TypeAlias

from jinja2.ext import babel_extract

Message: TypeAlias = "str | tuple[str, str]"
ONE = {"_", "N_", "Term", "gettext", "translate"}
MANY = {"NN_", "ngettext", "translate_many"}
TEMPLATE_KEYWORDS = ["_", "gettext", "ngettext"]


def folder_of(package: str) -> Path:
    """The folder of an installed package. It must lie on the disk, as a workspace's packages do."""
    with resources.as_file(resources.files(package)) as path:
        return Path(path)


def messages_of(package: str) -> dict[Message, list[tuple[str, int]]]:
    """Every sentence of a package, and the files and lines it stands in, in the order they are read."""
    found: dict[Message, list[tuple[str, int]]] = {}
    root = folder_of(package)
    for path in sorted(root.rglob("*")):
        if path.suffix == ".py":
            messages = in_python(path.read_text("utf-8"))
        elif path.suffix in (".html", ".txt") and "templates" in path.parts:
            messages = in_template(path)
        else:
            continue
        for line, message in messages:
            found.setdefault(message, []).append((f"{package}/{path.relative_to(root).as_posix()}", line))
    return found


def in_template(path: Path) -> Iterator[tuple[int, Message]]:
    """The sentences of a Jinja template."""
    with path.open("rb") as file:
        options = {"encoding": "utf-8", "silent": "false", "trimmed": "true"}
        for line, function, said, _ in babel_extract(file, TEMPLATE_KEYWORDS, [], options):
            # In `_("…", name=name)` what follows are values for the placeholders.
            message = said[0] if isinstance(said, tuple) and function != "ngettext" else said
            if isinstance(message, tuple):
                one, many, *_ = message
                assert one, f"{path}:{line} needs both forms as plain text"
                assert many, f"{path}:{line} needs both forms as plain text"
                yield line, (one, many)
            elif message:
                yield line, message


def in_python(source: str) -> Iterator[tuple[int, Message]]:
    """The sentences of a Python module: marked by a call, or the `text` of a refusal's class or of a caution."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(text)), *_]
            ) if name in ONE:
                yield node.lineno, text
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name),
                args=[ast.Constant(value=str(one)), ast.Constant(value=str(many)), *_],
            ) if name in MANY:
                yield node.lineno, (one, many)
            case ast.Call(func=ast.Name(id="Caution") | ast.Attribute(attr="Caution"), keywords=keywords):
                for keyword in keywords:
                    if keyword.arg == "text" and isinstance(keyword.value, ast.Constant):
                        yield node.lineno, str(keyword.value.value)
            case ast.ClassDef(body=body):
                yield from _texts(body)
            case _:
                pass


def _texts(body: list[ast.stmt]) -> Iterator[tuple[int, Message]]:
    for statement in body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="text")], value=ast.Constant(value=str(text)))
                | ast.AnnAssign(target=ast.Name(id="text"), value=ast.Constant(value=str(text)))
            ) if text:
                yield statement.lineno, text
            case _:
                pass
