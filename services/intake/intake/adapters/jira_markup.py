"""What people wrote in Jira, as text: wiki markup (Data Center, and Cloud by version 2 of its API) or a document of the
Atlassian Document Format (version 3). Neither is HTML; what is left of them is escaped wherever it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

DEEPEST = 60
"""How deep a document may be nested; nobody writes deeper, and what is deeper is left out."""

_LITERAL = re.compile(r"\{(noformat|code)(?::[^{}\n]*)?\}")
_MACROS = re.compile(r"\{(?:quote|panel|color|anchor|toc)(?::[^{}\n]*)?\}|\{\{|\}\}")
_HEADING = re.compile(r"^(?:h[1-6]|bq)\.[ \t]+", re.MULTILINE)
_NUMBERED = re.compile(r"^[ \t]*[#*-]*[#*][ \t]+", re.MULTILINE)
_RULE = re.compile(r"^-{4,}[ \t]*$", re.MULTILINE)
_LINK = re.compile(r"\[(?:([^\[\]|\n]+)\|)?([^\[\]|\n]+)(?:\|smart-(?:link|card|embed))?\]")
_ADDRESS = re.compile(r"(?:https?://|mailto:)\S+")
_IMAGE = re.compile(r"!(?=\S)[^!\n]+\.(?:png|jpe?g|gif|svg|webp|bmp)(?:\|[^!\n]*)?!", re.IGNORECASE)
_EMPHASIS = re.compile(r"(?<![\w*_+^~\\])([*_+^~]|\?\?|-)(?=[^\s*_+^~-])([^\n]{0,300}?[^\s\\])\1(?![\w*_+^~-])")
_CELLS = re.compile(r"^[ \t]*(\|\|?)(.*?)\|?\|[ \t]*$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([^\w\s])")
_KEPT = re.compile("\ue000(\\d+)\ue001")


def from_wiki(markup: str) -> str:
    """The text of wiki markup. What is no markup stays as it is: "2 * 3", "en_fil_namn", "C:\\temp"."""
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return f"\ue000{len(kept) - 1}\ue001"

    text = markup.replace("\r\n", "\n").translate({0xE000: None, 0xE001: None})
    text = _without_literals(text, keep)
    text = text.replace("\\\\", "\n")
    text = _ESCAPED.sub(lambda found: keep(found[1]), text)
    text = _LINK.sub(lambda found: keep(_link(found[1], found[2])) if _leads(found) else found[0], text)
    text = _ADDRESS.sub(lambda found: keep(found[0]), text)
    text = _IMAGE.sub("", text)
    for pattern, instead in ((_MACROS, ""), (_HEADING, ""), (_RULE, ""), (_NUMBERED, "- ")):
        text = pattern.sub(instead, text)
    text = _CELLS.sub(lambda found: " | ".join(cell.strip() for cell in re.split(r"\|\|?", found[2])), text)
    for _ in range(3):  # bold within italics within deleted
        text = _EMPHASIS.sub(lambda found: found[2], text)
    while _KEPT.search(text):
        text = _KEPT.sub(lambda found: kept[int(found[1])], text)
    return _tidy(text)


def _without_literals(text: str, keep: Callable[[str], str]) -> str:
    """The text with what stands between {code} and {code} put aside. An opening without an end is none."""
    parts: list[str] = []
    at, endless = 0, set[str]()
    for opening in _LITERAL.finditer(text):
        name = opening[1]
        if opening.start() < at or name in endless:
            continue
        end = text.find(f"{{{name}}}", opening.end())
        if end < 0:
            endless.add(name)
            continue
        parts += (text[at : opening.start()], keep(text[opening.end() : end].strip("\n")))
        at = end + len(name) + 2
    return "".join((*parts, text[at:]))


def _leads(found: re.Match[str]) -> bool:
    """Whether brackets are a link. "[bilaga 1]" is only something in brackets."""
    return found[1] is not None or bool(_ADDRESS.match(found[2])) or found[2].startswith(("~", "#", "^"))


def _link(said: str | None, target: str) -> str:
    target = target.removeprefix("mailto:")
    if target.startswith(("~", "#", "^")):
        return said or target[1:].removeprefix("accountid:")
    return f"{said} ({target})" if said and said != target else target


def from_document(document: dict[str, Any]) -> str:
    """The text of a document of the Atlassian Document Format. Kinds of nodes that are not known give what is in
    them."""
    return _tidy("".join(_written(document, 0)))


def _written(node: Any, depth: int) -> Iterator[str]:
    if not isinstance(node, dict) or depth > DEEPEST:
        return
    kind, inside = node.get("type"), node.get("content")
    given = node.get("attrs")
    attributes: dict[str, Any] = given if isinstance(given, dict) else {}
    if kind == "text":
        yield _with_link(node)
    elif kind == "hardBreak":
        yield "\n"
    elif kind == "date":
        yield _day(attributes.get("timestamp"))
    elif kind in ("mention", "emoji", "status", "inlineCard", "blockCard", "embedCard"):
        yield str(attributes.get("text") or attributes.get("shortName") or attributes.get("url") or "")
    if kind in ("listItem", "taskItem", "decisionItem"):
        yield "\n- "
    for place, child in enumerate(inside if isinstance(inside, list) else []):
        if kind == "tableRow" and place:
            yield " | "
        written = "".join(_written(child, depth + 1))
        yield written.rstrip("\n") if kind in _TIGHT else written
    yield _AFTER.get(str(kind), "")


_TIGHT = ("tableRow", "tableCell", "tableHeader", "listItem", "taskItem", "decisionItem")
_AFTER = {
    "paragraph": "\n\n", "heading": "\n\n", "codeBlock": "\n\n", "blockquote": "\n", "bulletList": "\n\n",
    "orderedList": "\n\n", "taskList": "\n\n", "decisionList": "\n\n", "tableRow": "\n", "table": "\n", "rule": "\n",
    "blockCard": "\n", "embedCard": "\n",
}  # fmt: skip


def _with_link(node: dict[str, Any]) -> str:
    said = str(node.get("text") or "")
    marks = node.get("marks")
    for mark in marks if isinstance(marks, list) else []:
        if isinstance(mark, dict) and mark.get("type") == "link" and isinstance(mark.get("attrs"), dict):
            target = str(mark["attrs"].get("href") or "")
            return _link(said, target) if target else said
    return said


def _day(timestamp: Any) -> str:
    """A day, which is told as milliseconds since 1970 in UTC."""
    try:
        return datetime.fromtimestamp(int(timestamp) / 1000, UTC).date().isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return ""


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
