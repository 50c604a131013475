"""Tables on a narrow screen: a row is shown as a card there, and each cell must say itself what its column is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

_STEP = re.compile(r"<(?P<tag>tr|td|th)\b(?P<attributes>[^>]*)>(?P<nothing>\s*–?\s*</td>)?")
_SPAN = re.compile(r'colspan="(\d+)"')


def labelled(rows: str, heads: Sequence[str | Sequence[str]]) -> Markup:
    """The rows of a table, whose cells carry the head of their column for the sheet to show (`data-label`).

    `heads` as `ui.table` has them. A cell that holds nothing, or a dash for it, is marked (`data-none`): a card leaves
    it out. Cells over several columns, and the heads of rows, are left as they are.
    """
    column = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal column
        if found["tag"] == "tr":
            column = 0
            return found[0]
        span = _SPAN.search(found["attributes"])
        at, column = column, column + (int(span[1]) if span else 1)
        if found["tag"] == "th" or span or at >= len(heads):
            return found[0]
        head = heads[at] if isinstance(heads[at], str) else heads[at][0]
        none = " data-none" if found["nothing"] is not None else ""
        return f'<td data-label="{escape(head)}"{none}{found["attributes"]}>{found["nothing"] or ""}'

    return Markup(_STEP.sub(mark, rows))  # noqa: S704  the rows are what a template wrote, the heads are escaped here
