"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture(scope="session")
def shared():
    """Folder with real data and mask problems (``data/``, ``bench/``), named by SMUG_SHARED."""
    folder = os.environ.get("SMUG_SHARED")
    if not folder:
        pytest.skip("SMUG_SHARED names no folder with real data; see DATA.md")
    return Path(folder)
