import pickletools

import keras
import numpy as np
import pytest

from smug.datasets.imagenet import validation_records
from smug.datasets.images import prepare_images
from smug.errors import SmugError
from smug.models.first_layer import find_first_layer
from smug.models.networks import squeezenet
from smug.models.weights.npz import named_weights, save_npz


@pytest.fixture(scope="module")
def model():
    return squeezenet.import_weights()


def test_it_is_the_published_network(model):
    """Numbers of weights and layers as the paper of SqueezeNet v1.1 counts them."""
    assert model.count_params() == 1_235_496
    convolutions = [one for one in model.layers if isinstance(one, keras.layers.Conv2D)]
    assert len(convolutions) == 26
    assert all(one.use_bias for one in convolutions)
    assert not [one for one in model.layers if "batch" in type(one).__name__.lower()]
    sides = [model.get_layer(name).output.shape[1] for name in ("conv1", "pool1", "fire4", "fire9")]
    assert sides == [113, 56, 27, 13]
    probabilities = np.asarray(model(np.zeros((2, 227, 227, 3), np.float32)))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_the_first_layer_computes_what_the_file_says(model):
    """One inner position by hand; the bytes as they stand in the file, in its own order."""
    data = squeezenet.packaged_weights().read_bytes()
    raw = [told for code, told, _ in pickletools.genops(data) if code.name.endswith("BINBYTES")]
    kernel, bias = (np.frombuffer(one, "<f4").astype(float) for one in raw[1:3])
    kernel = kernel.reshape(3, 3, 3, 64)  # height, width, channels, filters
    x = np.random.default_rng(1).normal(size=(1, 227, 227, 3)).astype(np.float32)
    expected = np.einsum("hwc,hwco->o", x[0, 10:13, 20:23].astype(float), kernel) + bias
    found = keras.Model(model.input, model.get_layer("conv1").output)(x)[0, 5, 10]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_pixels_are_fed_as_caffe_does():
    pixels = np.zeros((1, 227, 227, 3), np.uint8) + np.array([10, 20, 30], np.uint8)
    fed = squeezenet.PREPROCESSING(pixels)[0, 0, 0]
    np.testing.assert_allclose(fed, [30 - 104.006, 20 - 116.669, 10 - 122.679], rtol=1e-6)


def test_npz_round_trip(model, tmp_path):
    save_npz(model, tmp_path / "squeezenet.npz")
    again = squeezenet.load(tmp_path / "squeezenet.npz")
    for name, weight in named_weights(model).items():
        np.testing.assert_array_equal(weight, named_weights(again)[name])


def test_another_file_is_refused_by_its_hash(tmp_path):
    wrong = tmp_path / "wrong.pkl"
    wrong.write_bytes(b"nothing")
    with pytest.raises(SmugError, match=squeezenet.SHA256):
        squeezenet.import_weights(wrong)


def test_masks_keep_the_response_with_its_bias(model):
    """No batch norm follows, so that the response is the paper's."""
    first = find_first_layer(model)
    assert first.name == "conv1"
    assert first.linear.resolve_response("auto") == "paper"


@pytest.mark.shared
def test_top_1_and_top_5_on_real_images(model, shared):
    records, names = validation_records(shared / "data" / "imagenet")
    prepared, _ = prepare_images(records, names, squeezenet.PREPROCESSING.size)
    assert len(prepared) == 200
    inputs = squeezenet.PREPROCESSING(prepared.images)
    ranked = np.argsort(-model.predict(inputs, batch_size=20, verbose=0), axis=1)
    right = ranked[:, :5] == prepared.labels[:, None]
    assert right[:, 0].mean() == pytest.approx(0.765, abs=0.01)
    assert right.any(axis=1).mean() == pytest.approx(0.910, abs=0.01)
