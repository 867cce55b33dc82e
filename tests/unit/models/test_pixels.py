"""The scale of pixels, where the model says it: its answer on plain pixels is the right one."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from smug.errors import SmugError
from smug.models.pixels import pixel_scale

APPS = keras.applications
PLAIN, UNIT, CENTRED = (0.0, 1.0), (0.0, 255.0), (127.5, 127.5)


def built(before, dtype="float32"):
    inputs = keras.Input((16, 16, 3), dtype=dtype)
    x = layers.Conv2D(4, 3, name="first")(before(inputs))
    return keras.Model(inputs, layers.Dense(3)(layers.GlobalMaxPooling2D()(x)))


def normalisation(low, high):
    layer = layers.Normalization()
    layer.adapt(np.random.default_rng(0).uniform(low, high, (9, 16, 16, 3)).astype(np.float32))
    return layer


def standardised(x):
    axes = {"axis": (1, 2, 3), "keepdims": True}
    return (x - ops.mean(x, **axes)) / (ops.std(x, **axes) + 1e-6)


EXPECTED = {
    "nothing": (lambda x: x, UNIT),
    "flip": (lambda x: layers.RandomFlip()(ops.flip(x, axis=-1)), UNIT),
    "untrained batch norm": (layers.BatchNormalization(), UNIT),
    "tf": (APPS.mobilenet_v2.preprocess_input, PLAIN),
    "caffe": (APPS.resnet50.preprocess_input, PLAIN),
    "torch": (APPS.densenet.preprocess_input, PLAIN),
    "x / 255": (lambda x: x / 255.0, PLAIN),
    "x / 127.5 - 1": (lambda x: x / 127.5 - 1.0, PLAIN),
    "1 - x / 255": (lambda x: 1.0 - x / 255.0, PLAIN),
    "mean subtracted": (lambda x: x - np.array([123.7, 116.8, 103.9], np.float32), PLAIN),
    "rescaling, resized, padded": (
        lambda x: layers.ZeroPadding2D(5)(layers.Resizing(8, 8)(layers.Rescaling(1 / 255)(x))),
        PLAIN,
    ),
    "normalised pixels": (normalisation(0, 255), PLAIN),
    "cast to bytes": (lambda x: ops.cast(ops.cast(x, "uint8"), "float32") / 255.0, PLAIN),
    "each image by itself": (standardised, PLAIN),
    "normalised 0 to 1": (normalisation(0, 1), UNIT),
    "2 x - 1": (lambda x: 2.0 * x - 1.0, UNIT),
    "x - 0.5": (lambda x: x - 0.5, UNIT),
    "255 x": (lambda x: 255.0 * x, UNIT),
    "clipped": (lambda x: ops.clip(x, 0.0, 1.0), UNIT),
    "normalised -1 to 1": (normalisation(-1, 1), CENTRED),
    "(x + 1) / 2": (lambda x: (x + 1.0) / 2.0, CENTRED),
    "127.5 (x + 1)": (lambda x: 127.5 * (x + 1.0), CENTRED),
}


@pytest.mark.parametrize("case", EXPECTED)
def test_the_scale_is_found_from_the_model(case):
    before, expected = EXPECTED[case]
    found = pixel_scale(built(before))
    assert (found.mean, found.scale) == expected
    assert found.reason


@pytest.mark.parametrize("dtype", ["uint8", "int32", "uint16", "int64"])
def test_whole_numbers_are_pixels(dtype):
    model = built(lambda x: ops.cast(x, "float32") / 127.5 - 1.0, dtype)
    found = pixel_scale(model)
    assert (found.mean, found.scale) == PLAIN
    assert dtype in found.reason


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (lambda x: layers.Rescaling(1 / 127.5, -1)(127.5 * (x + 1.0)), "undo it"),
        (lambda x: x / 10.0, "not clear"),
        (lambda x: x / 255.0 / 255.0, "not clear"),
        (ops.log1p, "bend the scale"),
        (ops.sqrt, "bend the scale"),
        (lambda x: x * 0.0, "look alike"),
    ],
)
def test_where_the_model_does_not_say_it_is_not_guessed(before, said):
    with pytest.raises(SmugError, match=said) as found:
        pixel_scale(built(before))
    assert "--scale" in str(found.value)


def test_bytes_with_a_sign_hold_no_pixels():
    with pytest.raises(SmugError, match="int8 does not hold pixels"):
        pixel_scale(built(lambda x: ops.cast(x, "float32"), "int8"))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv, self.dense = layers.Conv2D(4, 3), layers.Dense(3)

    def call(self, x):
        return self.dense(ops.max(self.conv(x / 127.5 - 1.0), (1, 2)))


class Decorated(Subclassed):
    call = tf.function(Subclassed.call)


@pytest.mark.parametrize(
    "kind",
    [Subclassed, pytest.param(Decorated, marks=pytest.mark.tensorflow("a tf.function of its own"))],
)
def test_operations_of_a_subclassed_model_are_seen(kind):
    inputs = keras.Input((16, 16, 3))
    found = pixel_scale(keras.Model(inputs, kind()(inputs)))
    assert (found.mean, found.scale) == PLAIN
    assert not tf.config.functions_run_eagerly()


def test_half_precision_is_precise_enough():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        found = pixel_scale(built(layers.Rescaling(1 / 127.5, -1)))
    finally:
        keras.config.set_dtype_policy(before)
    assert (found.mean, found.scale) == PLAIN
