"""Which rule is kept where, and which test proves it: found by reading the code, never written by hand.

    python -m tests.architecture.rules       the table rule → code → test, in Markdown

A rule is named by its id, IT-07. In code it stands in a docstring, or is the `rule` of a refusal; "IT-12…IT-15" there
names the two and those between. In a test it stands in the docstring or, as it_07, in the name; a range proves nothing.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
RULES: dict[str, str] = tomllib.loads((ROOT / "contracts/decisions/rules.toml").read_text())
ID = re.compile(r"\b(IT|TY)[-_](\d\d)\b")
IN_NAME = re.compile(r"(?:^|_)(it|ty)_(\d\d)(?=_|$)")
RANGE = re.compile(r"\b(IT|TY)-(\d\d)\s?…\s?(?:\1-)?(\d\d)\b")
Definition = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Found:
    """Where a rule is named: in code that keeps it, and in tests that prove it."""

    code: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)


def ids(text: str, *, ranges: bool) -> set[str]:
    """The rules that a text names. With `ranges`, also those between the ends of a range."""
    found = {f"{kind}-{number}" for kind, number in ID.findall(text)}
    for kind, first, last in RANGE.findall(text):
        between = {f"{kind}-{number:02}" for number in range(int(first), int(last) + 1)}
        found = found | between if ranges else found - {f"{kind}-{first}", f"{kind}-{last}"}
    return found


def in_code(source: str) -> Iterator[tuple[str, str]]:
    """Pairs of rule and definition ("IT-07", "RequestRefused") of one file of code; "" is the file itself."""
    for name, node in definitions(ast.parse(source)):
        said = ast.get_docstring(node) or ""
        for each in node.body:
            if isinstance(each, ast.Assign | ast.AnnAssign) and isinstance(each.value, ast.Constant):
                said += f" {each.value.value!r}"
        said += " ".join(str(rule.value) for rule in _arguments(node))
        for rule in sorted(ids(said, ranges=True)):
            yield rule, name


def in_tests(source: str) -> Iterator[tuple[str, str]]:
    """Pairs of rule and test of one file of tests."""
    for name, node in definitions(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            found = ids(ast.get_docstring(node) or "", ranges=False)
            found |= {f"{kind.upper()}-{number}" for kind, number in IN_NAME.findall(node.name)}
            for rule in sorted(found):
                yield rule, name


def definitions(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    """The module, its classes and functions, each with its dotted name."""
    waiting: list[tuple[str, Definition]] = [("", tree)]
    while waiting:
        name, node = waiting.pop(0)
        yield name, node
        waiting.extend(
            (f"{name}.{each.name}".removeprefix("."), each)
            for each in node.body
            if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        )


def _arguments(node: Definition) -> Iterator[ast.Constant]:
    """What a function hands to others as `rule=`."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for call in ast.walk(node):
            if isinstance(call, ast.keyword) and call.arg == "rule" and isinstance(call.value, ast.Constant):
                yield call.value


def sources() -> Iterator[tuple[Path, bool]]:
    """Every Python file of the project, and whether it is a test."""
    for folder in ("contracts", "services", "deploy", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, "tests" in path.relative_to(ROOT).parts


def table() -> dict[str, Found]:
    """Every rule of the list, and where it is found."""
    found = {rule: Found() for rule in RULES}
    for path, is_test in sources():
        where, source = path.relative_to(ROOT), path.read_text()
        for rule, name in in_tests(source) if is_test else in_code(source):
            if rule in found:
                place = f"{where}::{name}" if name else str(where)
                (found[rule].tests if is_test else found[rule].code).append(place)
    return found


def printed(found: dict[str, Found]) -> Iterator[str]:
    """The table in Markdown."""
    yield "| rule | what it says | kept by | proved by |"
    yield "|---|---|---|---|"
    for rule, places in found.items():
        cells = [" ".join(f"`{place}`" for place in each) or "**nowhere**" for each in (places.code, places.tests)]
        yield f"| {rule} | {RULES[rule]} | {cells[0]} | {cells[1]} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join(printed(table())) + "\n")
