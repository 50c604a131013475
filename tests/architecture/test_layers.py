"""Imports point one way: services to chassis to contracts, and never from one service to another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]


def linted(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the linter as it is set in a folder."""
    return subprocess.run(LINT, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **environ})


def test_imports_point_one_way() -> None:
    result = linted(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def test_a_service_that_imports_another_is_found(tmp_path: Path) -> None:
    """The linter is judged too: it finds a break that is planted in packages of the same shape."""
    planted = {"contracts": "", "chassis": "import contracts", "intake": "import portfolio", "portfolio": ""}
    for package, text in planted.items():
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(text)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_packages = ["contracts", "chassis", "intake", "portfolio"]\n'
        '[[tool.importlinter.contracts]]\nname = "one way"\ntype = "layers"\n'
        'layers = ["intake | portfolio", "chassis", "contracts"]\n'
    )
    result = linted(tmp_path, PYTHONPATH=str(tmp_path))
    assert result.returncode == 1
    assert "intake is not allowed to import portfolio" in result.stdout
