"""What a PDF of ours says, read from its bytes: its fonts tell which letter each glyph stands for."""

from __future__ import annotations

import re
import zlib

_OBJECT = re.compile(rb"(?m)^(\d+) 0 obj(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/(f\d+) [\d.]+ Tf|(\()")
_MARK = re.compile(rb"\\.|[()]", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_LETTER = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of_pdf(made: bytes) -> str:
    """The words of all pages, with single spaces and without the ends of lines."""
    objects = {int(number): body for number, body in _OBJECT.findall(made)}
    pages = [body for body in objects.values() if re.search(rb"/Type/Page\b", body)]
    return " ".join("".join(_page(objects, page) for page in pages).split())


def _page(objects: dict[int, bytes], page: bytes) -> str:
    resources = objects[_number(rb"/Resources (\d+)", page)]
    fonts = {name: _letters(objects, int(number)) for name, number in re.findall(rb"(f\d+) (\d+) 0 R", resources)}
    content, font, said = _stream(objects[_number(rb"/Contents (\d+)", page)]), b"", ""
    at = 0
    while found := _SHOWN.search(content, at):
        at = found.end()
        if found[1]:
            font = found[1]
            continue
        end = _end_of(content, at)
        glyphs, at = _ESCAPED.sub(_unescaped, content[at:end]), end + 1
        said += "".join(fonts[font].get(glyphs[each : each + 2], "") for each in range(0, len(glyphs), 2))
    return said


def _end_of(content: bytes, begin: int) -> int:
    """Where the string that begins here ends: parentheses within it come in pairs or are escaped."""
    depth = 1
    for mark in _MARK.finditer(content, begin):
        depth += {b"(": 1, b")": -1}.get(mark[0], 0)
        if depth == 0:
            return mark.start()
    raise AssertionError("a string without an end")


def _letters(objects: dict[int, bytes], font: int) -> dict[bytes, str]:
    table = _stream(objects[_number(rb"/ToUnicode (\d+)", objects[font])]).decode()
    pairs = re.findall(r"<([0-9A-F]{4})> <([0-9A-F]+)>\n", table)
    return {bytes.fromhex(glyph): bytes.fromhex(letter).decode("utf-16-be") for glyph, letter in pairs}


def _unescaped(found: re.Match[bytes]) -> bytes:
    told = found[1]
    return bytes([int(told, 8)]) if told.isdigit() else _LETTER.get(told, told)


def _number(pattern: bytes, body: bytes) -> int:
    found = re.search(pattern, body)
    assert found, f"no {pattern!r} in {body[:80]!r}"
    return int(found[1])


def _stream(body: bytes) -> bytes:
    found = _STREAM.search(body)
    assert found, "an object without a stream"
    return zlib.decompress(found[1])
