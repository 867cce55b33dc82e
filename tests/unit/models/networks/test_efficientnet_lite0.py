import keras
import numpy as np
import pytest

from smug.datasets.imagenet import validation_records
from smug.datasets.images import prepare_images
from smug.errors import SmugError
from smug.models.networks import efficientnet_lite0 as lite0
from smug.models.weights.npz import assign_weights, load_npz, named_weights, save_npz


@pytest.fixture(scope="module")
def model():
    return lite0.import_weights()


def test_first_layer_is_a_bias_free_convolution_and_output_is_softmax(model):
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    assert (first.name, first.kernel_size, first.strides) == ("stem_conv", (3, 3), (2, 2))
    assert not first.use_bias
    probabilities = np.asarray(model(np.zeros((2, 224, 224, 3), np.float32)))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_a_block_computes_what_the_checkpoint_says(model):
    """Stem at one inner position, by hand from the raw tensors (OIHW, TensorFlow's padding)."""
    raw = lite0.read_torch_checkpoint(lite0.packaged_weights())
    x = np.random.default_rng(1).normal(size=(1, 224, 224, 3)).astype(np.float32)
    part = keras.Model(model.input, model.get_layer("stem_bn").output)
    patch = x[0, 10:13, 20:23].astype(float)  # rows 2 * 5 .. 2 * 5 + 2: nothing padded in front
    response = np.einsum("hwc,ochw->o", patch, raw["_conv_stem.weight"].astype(float))
    mean, var = raw["_bn0.running_mean"], raw["_bn0.running_var"]
    expected = (response - mean) / np.sqrt(var + 1e-3) * raw["_bn0.weight"] + raw["_bn0.bias"]
    np.testing.assert_allclose(part(x)[0, 5, 10], expected, rtol=1e-4, atol=1e-4)


def test_a_batch_equals_its_singles(model):
    x = np.random.default_rng(0).normal(size=(3, 224, 224, 3)).astype(np.float32)
    singles = np.concatenate([np.asarray(model(one[None])) for one in x])
    np.testing.assert_allclose(model(x), singles, rtol=1e-3, atol=1e-6)


def test_npz_round_trip(model, tmp_path):
    save_npz(model, tmp_path / "lite0.npz")
    again = lite0.load(tmp_path / "lite0.npz")
    for name, weight in named_weights(model).items():
        np.testing.assert_array_equal(weight, named_weights(again)[name])
    assert [file.name for file in tmp_path.iterdir()] == ["lite0.npz"]


def test_wrong_weights_name_the_culprit(model, tmp_path):
    wrong = tmp_path / "wrong.pth"
    wrong.write_bytes(b"nothing")
    with pytest.raises(SmugError, match=lite0.SHA256):
        lite0.import_weights(wrong)
    with pytest.raises(SmugError, match=r"nowhere\.npz"):
        load_npz(model, tmp_path / "nowhere.npz")
    arrays = {name: np.asarray(weight) for name, weight in named_weights(model).items()}
    shaped = arrays | {"predictions/bias": np.zeros(10)}
    with pytest.raises(SmugError, match=r"predictions/bias in here has shape \(10,\)"):
        assign_weights(model, shaped, "here")
    with pytest.raises(SmugError, match="unknown \\['strange'\\]"):
        assign_weights(model, arrays | {"strange": np.zeros(1)}, "here")
    del arrays["stem_bn/gamma"]
    with pytest.raises(SmugError, match=r"missing \['stem_bn/gamma'\]"):
        assign_weights(model, arrays, "here")


@pytest.mark.shared
def test_top_1_on_real_images(model, shared):
    records, names = validation_records(shared / "data" / "imagenet")
    prepared, _ = prepare_images(records, names, lite0.PREPROCESSING.size)
    assert len(prepared) == 200
    inputs = lite0.PREPROCESSING(prepared.images)
    predicted = model.predict(inputs, batch_size=20, verbose=0).argmax(axis=1)
    assert (predicted == prepared.labels).mean() >= 0.78
