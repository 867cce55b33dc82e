"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

if os.environ["KERAS_BACKEND"] == "torch":
    import torch

    # NumPy reads no tensor that could be differentiated; what smug differentiates, it says so.
    torch.set_grad_enabled(False)


@pytest.fixture(scope="session")
def shared():
    """Folder with real data and mask problems (``data/``, ``bench/``), named by SMUG_SHARED."""
    folder = os.environ.get("SMUG_SHARED")
    if not folder:
        pytest.skip("SMUG_SHARED names no folder with real data; see DATA.md")
    return Path(folder)


def pytest_collection_modifyitems(items):
    """Skip what only TensorFlow does where Keras runs on another library."""
    running = os.environ["KERAS_BACKEND"]
    for item in items:
        if running != "tensorflow" and item.get_closest_marker("tensorflow"):
            item.add_marker(pytest.mark.skip(reason=f"needs TensorFlow; Keras runs on {running}"))
