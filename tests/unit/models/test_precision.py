"""Models in half precision are explained as the same weights answer in float32."""

import keras
import numpy as np
import pytest
from keras import layers

import smug
from smug.methods import METHODS
from smug.metrics.boxes import opt_box
from smug.metrics.curves import deletion, information_curves, insertion
from smug.metrics.images import kept_probability
from smug.metrics.lsc import box_lsc, map_lsc
from smug.models.precision import in_float32

POLICIES = ["mixed_float16", "mixed_bfloat16", "float16", "bfloat16"]
SETTINGS = {
    "smug": {"steps": 5, "top_k": 10, "gamma": 0.3},
    "smug_base": {"steps": 5, "top_k": 10},
    "integrated_gradients": {"steps": 5},
    "ggig": {"points": 2},
    "geometric_ensemble": {"points": 2, "members": 1, "noise": 1e-6},
    "sis": {"limit": 1},
}


def images(dtype=None):
    inputs = keras.Input((6, 6, 2), dtype=dtype)
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    x = layers.BatchNormalization()(x)
    x = keras.Sequential([layers.Conv2D(3, 3, activation="relu")])(x + 0.5)
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))


def words(_=None):
    inputs = keras.Input((8,), dtype="int32")
    x = layers.Conv1D(5, 3, activation="relu")(layers.Embedding(20, 4)(inputs))
    x = layers.GRU(3, return_sequences=True, recurrent_initializer="glorot_uniform")(x)
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.Flatten()(x)))


def twins(build, policy, dtype=None):
    """A model in half precision, and the same weights in float32."""
    before = keras.config.dtype_policy()
    made = []
    try:
        for name, kind in ((policy, dtype), ("float32", None)):
            keras.config.set_dtype_policy(name)
            keras.utils.set_random_seed(0)
            made.append(build(kind))
    finally:
        keras.config.set_dtype_policy(before)
    made[1].set_weights([np.asarray(value, np.float32) for value in made[0].get_weights()])
    return made


def inputs_of(build):
    rng = np.random.default_rng(0)
    if build is words:
        return rng.integers(1, 20, (2, 8))
    return rng.integers(0, 8, (2, 6, 6, 2)).astype(np.float32) / 4  # exact in half precision


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("build", [images, words])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_every_method_answers_as_in_float32(build, policy):
    half, single = twins(build, policy)
    x = inputs_of(build)
    policies = [layer.dtype_policy for layer in half._flatten_layers()]
    left_out = {"robust"} if build is images else {"robust", "gradcam", "image_sis"}
    methods = [name for name in METHODS if name not in left_out]
    if policy != "mixed_float16":
        methods = ["integrated_gradients", "smug_base"]  # the rest is the same code
    for method in methods:
        settings = SETTINGS.get(method, {})
        made = smug.explain(half, x, method=method, **settings)
        right = smug.explain(single, x, method=method, **settings)
        assert made.values.dtype == right.values.dtype
        assert made.score.dtype == np.float32
        np.testing.assert_allclose(made.values, right.values, rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(made.score, right.score, rtol=1e-5)
    assert policies == [layer.dtype_policy for layer in half._flatten_layers()]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_inputs_and_outputs_of_half_precision(dtype):
    half, single = twins(images, dtype, dtype)
    x = inputs_of(images)
    last = keras.Sequential([half, layers.Lambda(lambda y: keras.ops.cast(y, dtype))])
    for model in (half, last):
        made = smug.explain(model, x, 1, "gradients")
        right = smug.explain(single, x, 1, "gradients")
        scale = np.abs(right.values).max()
        np.testing.assert_allclose(made.values, right.values, atol=0.01 * scale)
    assert half.inputs[0].dtype == dtype


@pytest.mark.parametrize("policy", ["mixed_float16", "float16"])
def test_the_gradient_of_a_small_probability_is_not_lost(policy):
    """About 1e-8, below the least number above 0 that float16 has, 6e-8."""
    half, single = twins(images, policy)
    for model in (half, single):
        kernel, bias = model.layers[-1].get_weights()
        kernel[:, 2] = np.abs(kernel[:, 2])  # so that GradCAM has something to show
        model.layers[-1].set_weights([kernel, bias + np.array([0, 18, 0], bias.dtype)])
    x = inputs_of(images)
    if keras.config.backend() == "tensorflow":  # JAX keeps numbers this small as subnormal ones
        assert not np.asarray(half(x))[:, 2].astype(float).all()
    for method in ("gradients", "integrated_gradients", "gradcam", "smug_base"):
        settings = SETTINGS.get(method, {})
        made = smug.explain(half, x, 2, method, **settings)
        right = smug.explain(single, x, 2, method, **settings)
        assert np.abs(right.values).max() > 0
        scale = np.abs(right.values).max()
        np.testing.assert_allclose(made.values, right.values, rtol=1e-3, atol=1e-4 * scale)


def test_only_half_precision_is_replaced():
    single = images()
    policies = [layer.dtype_policy for layer in single._flatten_layers()]
    with in_float32(single):
        inside = [layer.dtype_policy for layer in single._flatten_layers()]
    assert all(a is b for a, b in zip(policies, inside, strict=True))


def test_a_map_of_zeros_is_told_in_every_method():
    model = images()
    dense = model.layers[-1]
    dense.set_weights([0 * value for value in dense.get_weights()])
    x = inputs_of(images)
    for method in ("gradients", "integrated_gradients", "gradcam", "ggig"):
        with pytest.warns(smug.SmugWarning, match=rf"{method}: the map of input 0 \(and of 1 more"):
            smug.explain(model, x, 0, method, **SETTINGS.get(method, {}))


@pytest.mark.parametrize("policy", POLICIES)
def test_measures_called_alone_are_those_of_float32(policy):
    half, single = twins(images, policy)
    x, target = inputs_of(images), np.array([0, 1])
    maps = np.random.default_rng(1).random((2, 6, 6))
    boxes = np.array([[0, 0, 4, 4], [1, 2, 6, 6]])
    pixels = np.random.default_rng(2).integers(0, 255, (2, 6, 6)).astype(np.uint8)

    def two_channels(pixels):
        return np.stack([pixels, 255 - pixels], axis=-1).astype(np.float32) / 64

    def measured(model):
        yield map_lsc(model, x, target, maps).lsc
        yield box_lsc(model, x, target, boxes).confidence
        yield opt_box(model, x, target, cells=3).lsc
        yield deletion(model, x, target, maps, replacement=0.3).y
        yield insertion(model, x, target, maps).y
        yield kept_probability(model, x, target, maps > 0.5)
        for curve in information_curves(model, pixels, target, maps, preprocessing=two_channels):
            yield curve.y

    for found, right in zip(measured(half), measured(single), strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-5)
