"""The README's commands do what it says, and what it points to is there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.installation import Installation

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_its_commands_register_a_ticket_replay_it_and_rebuild_a_view(
    installation: Installation, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "flode"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from chassis.cli import main; main()" "$@"\n')
    program.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FLODE_")} | {
        "FLODE_DATA": str(installation.folder),
        "FLODE_PORT": str(installation.port),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
    }
    script = "set -euo pipefail\n" + "\n".join(blocks("sh"))
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    answer = json.loads((tmp_path / "ticket.json").read_text())
    assert answer["outcome"] == "registered", answer
    assert done.stdout.count("RequestRegistered") == 2, "told by both replays"
    assert "equal to the live view" in done.stdout
    assert re.search(r"inbox is inbox_v\d+_b\d+ again", done.stdout)
    assert re.search(r"intake +relay +0 ", done.stdout)


def test_what_it_points_to_is_there() -> None:
    pointed = [path for path in re.findall(r"\]\(([^)#]+)\)", README) if not path.startswith("https:")]
    assert len(pointed) > 5
    assert [path for path in pointed if not (ROOT / path).exists()] == []


def test_its_two_commands_are_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z0-9-]+)", README, flags=re.MULTILINE))
    assert {"up", "test", "demo"} <= named
    assert named <= targets
