"""Every backend gives the same maps and masks of the same networks."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest

from smug.models.networks import efficientnet_lite0, mnist_mlp, text_cnn
from tests.backends.answers import METHODS

ROOT = Path(__file__).resolve().parents[2]
#: Largest difference of two maps, as a share of the largest value.
SHARE = 1e-4


def answers(folder, backend):
    """Answers of a process of its own on that backend."""
    environment = os.environ | {"KERAS_BACKEND": backend}
    script = [sys.executable, "-m", "tests.backends.answers", str(folder)]
    done = subprocess.run(script, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return dict(np.load(folder / f"{backend}.npz"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    rng = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    networks = {
        "mlp": (mnist_mlp.build(), rng.random((2, 28, 28), np.float32)),
        "table": (
            keras.Sequential(
                [
                    keras.Input((30,)),
                    keras.layers.Dense(16, "relu"),
                    keras.layers.Dense(3, "softmax"),
                ]
            ),
            rng.normal(size=(2, 30)).astype(np.float32),
        ),
        "text": (
            text_cnn.build(num_words=50, max_words=20, filters=16),
            rng.integers(1, 50, (2, 20)).astype(np.int32),
        ),
        "efficientnet_lite0": (
            efficientnet_lite0.import_weights(),
            rng.uniform(-1, 1, (1, 224, 224, 3)).astype(np.float32),
        ),
    }
    assert networks.keys() == METHODS.keys()
    for name, (network, _) in networks.items():
        network.save(folder / f"{name}.keras")
    np.savez(folder / "inputs.npz", **{name: x for name, (_, x) in networks.items()})
    return folder


@pytest.fixture(scope="module")
def on_tensorflow(folder):
    return answers(folder, "tensorflow")


@pytest.mark.tensorflow("it starts a process for each of the others")
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_maps_agree_and_masks_are_the_same(folder, on_tensorflow, backend):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install 'smug[{backend}]'")
    found = answers(folder, backend)
    assert found.keys() == on_tensorflow.keys()
    for name, value in found.items():
        expected = on_tensorflow[name]
        if name.endswith("mask"):
            np.testing.assert_array_equal(value, expected, err_msg=name)
            assert expected.any(), name
        else:
            atol = SHARE * np.abs(expected).max()
            assert atol > 0, name
            np.testing.assert_allclose(value, expected, rtol=0, atol=atol, err_msg=name)
