"""Keep the catalogues complete: `python -m chassis.i18n extract|update|check [PACKAGE …]`.

extract  prints every sentence and where it stands
update   writes new sentences into the catalogues and takes out those that are gone
check    fails when a sentence has no Swedish, Danish or Norwegian, or a translation lost a placeholder
"""

from __future__ import annotations

import io
import re
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po

from chassis.i18n import CATALOGUES
from chassis.i18n.sources import Message, folder_of, messages_of

SHARED = "chassis"
UNSAID = ('"POT-Creation', '"PO-Revision', '"Generated-By', '"Report-Msgid', '"Last-Translator', '"Language-Team')
"""Lines of a catalogue's head that would change with every run, or say nothing."""


def packages() -> list[str]:
    """The chassis, and every package that plugs into it."""
    plugged = {
        point.module.partition(".")[0]
        for group in ("flode.services", "flode.commands")
        for point in entry_points(group=group)
        if find_spec(point.module.partition(".")[0])
    }
    return [SHARED, *sorted(plugged - {SHARED})]


def own_messages(package: str) -> dict[Message, list[tuple[str, int]]]:
    """The sentences a package's own catalogues hold: those of the contracts are the chassis', and what the chassis
    says already is said once."""
    found = messages_of(package)
    if package == SHARED:
        return found | messages_of("contracts")
    shared = own_messages(SHARED)
    return {message: places for message, places in found.items() if message not in shared}


def catalogue_file(package: str, language: str) -> Path:
    """Where a catalogue lies."""
    return folder_of(package) / "locale" / language / "LC_MESSAGES" / "messages.po"


def read(package: str, language: str) -> Catalog:
    """A package's catalogue in a language; empty when there is none yet."""
    file = catalogue_file(package, language)
    if file.is_file():
        return read_po(io.BytesIO(file.read_bytes()), locale=language)
    return Catalog(locale=language, charset="utf-8", fuzzy=False)


def update(package: str, language: str) -> None:
    """Write the catalogue anew with the sentences of today, keeping what is translated."""
    known, file = read(package, language), catalogue_file(package, language)
    head = "# Flöde, EUPL-1.2"
    fresh = Catalog(locale=language, project="Flöde", version="1", charset="utf-8", fuzzy=False, header_comment=head)
    for message, places in sorted(own_messages(package).items(), key=lambda each: str(each[0])):
        before = known.get(message)
        # Only the files are kept: line numbers would change with every edit and say nothing to a translator.
        files = [(name, 0) for name in dict.fromkeys(name for name, _ in places)]
        # What was counted and is not any more, or the other way round, is another sentence.
        same = before is not None and before.id == message
        fresh.add(message, before.string if before and same else None, locations=files)
    if not len(fresh):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    written = io.BytesIO()
    write_po(written, fresh, width=120, include_lineno=False, omit_header=False)
    lines = written.getvalue().decode("utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith(UNSAID)), "utf-8")


def faults(package: str) -> list[str]:
    """What keeps a package's catalogues from being complete, a line each."""
    found: list[str] = []
    messages = own_messages(package)
    for language in CATALOGUES if messages else ():
        known = read(package, language)
        where = f"{package}/{language}"
        for message in messages:
            entry = known.get(message)
            strings = entry.string if entry and isinstance(entry.string, (tuple, list)) else (entry and entry.string,)
            if entry is None or entry.fuzzy or not all(strings):
                found.append(f"{where}: not translated: {message!r}")
                continue
            wanted = _placeholders(message if isinstance(message, str) else message[1])
            found += [
                f"{where}: {each!r} has not the placeholders of {message!r}"
                for each in strings
                if _placeholders(str(each)) != wanted
            ]
        found += [f"{where}: no longer said: {entry.id!r}" for entry in known if entry.id and entry.id not in messages]
    return found


def _placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{[a-z_]*\}|%\([a-z_]+\)[sd]", text))


def main(arguments: list[str]) -> int:
    """Run one of the three; the exit code is 0 when there is nothing to mend."""
    if not arguments or arguments[0] not in ("extract", "update", "check"):
        print(__doc__)
        return 2
    wrong: list[str] = []
    for package in arguments[1:] or packages():
        match arguments[0]:
            case "extract":
                for message, places in own_messages(package).items():
                    print(f"{places[0][0]}:{places[0][1]}: {message!r}")
            case "update":
                for language in CATALOGUES:
                    update(package, language)
            case _:
                wrong += faults(package)
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
