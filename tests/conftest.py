"""Fixtures every test may use."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

if os.environ["KERAS_BACKEND"] == "torch":
    import torch

    # NumPy reads no tensor that could be differentiated; what smug differentiates, it says so.
    torch.set_grad_enabled(False)

if os.environ["KERAS_BACKEND"] == "jax":
    # Tests compile the same small networks over and over: what one compiled, the next one reads.
    _COMPILED = tempfile.TemporaryDirectory(prefix="smug-compiled-")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", _COMPILED.name)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


@pytest.fixture(scope="session")
def shared():
    """Folder with real data and mask problems (``data/``, ``bench/``), named by SMUG_SHARED."""
    folder = os.environ.get("SMUG_SHARED")
    if not folder:
        pytest.skip("SMUG_SHARED names no folder with real data; see DATA.md")
    return Path(folder)


@pytest.fixture(autouse=True)
def _figures_closed():
    """Close what a test has drawn: pyplot keeps every figure, and warns of many."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def pytest_collection_modifyitems(items):
    """Skip what runs with TensorFlow only where Keras runs on another library; say why."""
    running = os.environ["KERAS_BACKEND"]
    for item in items:
        mark = item.get_closest_marker("tensorflow")
        if mark and running != "tensorflow":
            reason = f"TensorFlow only ({mark.args[0]}); Keras runs on {running}"
            item.add_marker(pytest.mark.skip(reason=reason))
