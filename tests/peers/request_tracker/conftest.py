"""Request Tracker's database, made once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.request_tracker.installed import prepare


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As it is before the first ticket; each test has a copy."""
    return prepare(tmp_path_factory.mktemp("prepared"))
