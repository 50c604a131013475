"""What every page of governance needs to be shown."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from chassis.identity import Identity
from chassis.web import Deps, page
from contracts.refusal import Refusal
from governance.domain.form import section_of
from governance.domain.tree import Draft
from governance.pages import labels


def show(
    request: Request, template: str, caller: Identity | None, *, refusal: Refusal | None = None, **values: Any
) -> HTMLResponse:
    """Render a template with the words of governance at hand."""
    deps: Deps = request.app.state.here
    return page(
        request,
        template,
        caller,
        refusal=refusal,
        words=labels.WORDS,
        bare=labels.bare,
        section_of=section_of,
        row_of=labels.row_of,
        towns=[(each.id, each.name) for each in deps.partnership.municipalities.values()],
        **values,
    )


class Values:
    """What stands in a form, by the path of its fields."""

    def __init__(self, tree: Draft) -> None:
        self.tree = tree

    def __call__(self, path: str) -> str:
        """The text of a field; empty when there is none."""
        found = self._at(path)
        return found if isinstance(found, str) else ""

    def rows(self, path: str) -> range:
        """The numbers of a table's rows."""
        found = self._at(path)
        return range(len(found) if isinstance(found, list) else 0)

    def _at(self, path: str) -> Any:
        found: Any = self.tree
        for step in path.split("."):
            if isinstance(found, dict):
                found = found.get(step)
            elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                return None
        return found


def with_row(tree: Draft, table: str) -> Draft:
    """The form with an empty row more in a table."""
    _table(tree, table).append({})
    return tree


def without_row(tree: Draft, table: str, at: int) -> Draft:
    """The form without a row of a table."""
    rows = _table(tree, table)
    if 0 <= at < len(rows):
        del rows[at]
    return tree


def _table(tree: Draft, table: str) -> list[Any]:
    *path, last = table.split(".")
    for step in path:
        tree = tree.setdefault(step, {})
    rows: list[Any] = tree.setdefault(last, [])
    return rows


def row_button(action: str) -> tuple[str, str, int] | None:
    """What a button does to the rows of a form: ("add", "results", 0), ("remove", "results", 2); None when nothing."""
    match action.split(":"):
        case ["add", table]:
            return "add", table, 0
        case [("remove" | "up" | "down") as what, table, at] if at.isdecimal() and len(at) < 4:
            return what, table, int(at)
        case _:
            return None
