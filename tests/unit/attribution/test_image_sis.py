import keras
import numpy as np
import pytest

from smug.attribution.image_sis import image_sis
from smug.datasets.images import read_image, resize
from smug.datasets.photographs import photograph_records
from smug.errors import SmugError
from smug.models import rewire
from smug.models.networks import efficientnet_lite0
from smug.pipeline.explain import explain_shard


@pytest.fixture(scope="module")
def model():
    """Class 1 is what the brightness of the four pixels in the middle says."""
    weights = np.zeros((6, 6))
    weights[2:4, 2:4] = 2.0
    image = keras.Input((6, 6))
    dense = keras.layers.Dense(2, activation="softmax", name="out")
    made = keras.Model(image, dense(keras.layers.Flatten()(image)))
    dense.set_weights([np.stack([np.zeros(36), weights.ravel()], axis=1), np.array([0.0, -4.0])])
    return made


def test_the_subset_is_what_the_class_stands_on_and_keeps_its_probability(model):
    x = np.ones((2, 6, 6), np.float32)
    target = np.array([1, 1])
    values, mask, _ = image_sis(model, x, target, keep=0.9, window=2)
    expected = np.zeros((6, 6), bool)
    expected[2:4, 2:4] = True
    np.testing.assert_array_equal(mask[0], expected)
    assert ((values > 0) == mask).all()
    whole = rewire.outputs_of(model, x)[:, 1]
    assert (rewire.outputs_of(model, x * mask)[:, 1] >= 0.9 * whole).all()


def test_the_subset_keeps_its_probability_among_replaced_pixels(model):
    x = np.random.default_rng(0).uniform(0, 0.5, (2, 6, 6)).astype(np.float32)
    x[:, 2:4, 2:4] += 0.7
    target = np.array([1, 1])
    whole = rewire.outputs_of(model, x)[:, 1]
    for replacement, instead in [("mean", x.mean(axis=(1, 2), keepdims=True)), (-1.0, -1.0)]:
        _, mask, _ = image_sis(model, x, target, keep=0.9, window=1, replacement=replacement)
        shown = np.where(mask, x, instead).astype(np.float32)
        assert (rewire.outputs_of(model, shown)[:, 1] >= 0.9 * whole).all()
        nothing = np.full_like(x, instead) if replacement == -1.0 else x * 0 + instead
        assert (rewire.outputs_of(model, nothing)[:, 1] < 0.9 * whole).all()
        assert mask.any(axis=(1, 2)).all()
        assert not mask[:, [0, 1, 4, 5]].any()


def test_a_batch_equals_its_singles(model):
    x = np.random.default_rng(0).uniform(0.5, 1, (3, 6, 6)).astype(np.float32)
    target = np.array([1, 0, 1])
    together = image_sis(model, x, target, window=1, share=0.3)[0]
    for i in range(3):
        alone = image_sis(model, x[i : i + 1], target[i : i + 1], window=1, share=0.3)[0]
        np.testing.assert_array_equal(alone[0], together[i])


@pytest.mark.tensorflow("a real network, which takes JAX a minute on a processor")
def test_the_subset_of_a_photograph_is_a_small_part_that_suffices():
    network = efficientnet_lite0.import_weights()
    record = next(one for one in photograph_records()[0] if one.id == "camera")
    pixels = resize(read_image(record.path), efficientnet_lite0.PREPROCESSING.size)
    x = efficientnet_lite0.PREPROCESSING(pixels[np.newaxis])
    whole = rewire.outputs_of(network, x)[0]
    target = int(whole.argmax())
    values, mask, _ = image_sis(network, x, np.array([target]), keep=0.9)
    alone = rewire.outputs_of(network, np.where(mask[..., np.newaxis], x, np.float32(0)))[0]
    assert alone[target] >= 0.9 * whole[target]
    assert 0 < mask.mean() < 0.4
    assert ((values > 0) == mask).all()
    assert values.max() <= 1


def test_settings_out_of_range_are_named(model):
    with pytest.raises(SmugError, match="share=1"):
        image_sis(model, np.ones((1, 6, 6)), np.array([1]), share=1)


def test_a_method_that_fails_on_an_input_does_not_stop_the_others(model, capsys):
    x = np.ones((2, 6, 6), np.float32)
    ids = np.array(["a", "b"])
    made = explain_shard(model, x, np.array([1, 1]), ids, "gradcam", {})
    assert (made.message != "").all()
    assert not made.maps.any()
    assert "a: " in capsys.readouterr().out
    good = explain_shard(model, x, np.array([1, 1]), ids, "gradients", {})
    assert good.maps.shape == (2, 6, 6)
    assert (good.message == "").all()
