import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from smug.attribution.gradcam import gradcam, last_convolution
from smug.errors import SmugError
from smug.models import efficientnet_lite0 as lite0

SHAPE = (12, 10, 3)


def backbone(name="backbone"):
    inputs = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, strides=2, activation="relu", name=f"{name}_first")(inputs)
    x = layers.Conv2D(5, 3, use_bias=False, name=f"{name}_last")(x)
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return keras.Model(inputs, layers.ReLU(name=f"{name}_relu")(x), name=name)


def classifier(classes=3, activation="softmax"):
    keras.utils.set_random_seed(4)
    inputs = keras.Input(SHAPE)
    x = layers.GlobalAveragePooling2D()(backbone()(inputs))
    return keras.Model(inputs, layers.Dense(classes, activation=activation)(x), name="nested")


@pytest.fixture(scope="module")
def model():
    return classifier()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(4, *SHAPE)).astype(np.float32)


def closed_form(model, images, target):
    """After average pooling and a dense layer the gradient is known without a tape."""
    maps = np.asarray(model.get_layer("backbone")(images)).astype(float)
    probabilities = np.asarray(model(images)).astype(float)
    kernel = model.layers[-1].kernel.numpy().astype(float)
    combined = []
    for A, p, t in zip(maps, probabilities, target, strict=True):
        logits = p[t] * ((np.arange(len(p)) == t) - p)  # d p_t / d logits
        weights = kernel @ logits / A[..., 0].size  # each position has the same gradient
        combined.append(np.maximum((A * weights).sum(axis=-1), 0))
    return tf.image.resize(np.array(combined)[..., None], SHAPE[:2])[..., 0]


@pytest.mark.parametrize("target", [[0, 1, 2, 0], [2, 2, 1, 1]])
def test_equals_the_closed_form(model, images, target):
    found = gradcam(model, images, np.array(target))
    assert found.shape == (4, 12, 10)
    assert found.min() >= 0
    assert found.max() > 0
    np.testing.assert_allclose(found, closed_form(model, images, target), rtol=1e-4, atol=1e-7)


def test_named_layers_and_default_agree(model, images):
    target = np.array([0, 1, 2, 0])
    default = gradcam(model, images, target)
    np.testing.assert_array_equal(gradcam(model, images, target, layer="backbone_relu"), default)
    other = gradcam(model, images, target, layer="backbone_first")
    assert np.abs(other - default).max() > 1e-6


def test_a_batch_equals_its_singles(model, images):
    target = np.array([0, 1, 2, 0])
    singles = [gradcam(model, images[i : i + 1], target[i : i + 1])[0] for i in range(4)]
    np.testing.assert_allclose(gradcam(model, images, target), singles, rtol=1e-4, atol=1e-7)


def test_single_output_ignores_the_target(images):
    model = classifier(1, "sigmoid")
    zero, one = (gradcam(model, images, np.full(4, t)) for t in (0, 1))
    np.testing.assert_array_equal(zero, one)


def test_last_convolution_of_real_and_subclassed_models():
    network = lite0.build()
    assert last_convolution(network, np.zeros((1, 224, 224, 3))).name == "head_relu6"

    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = layers.Dense(2, activation="softmax")  # made first, run last
            self.second = layers.Conv2D(3, 3, activation="relu", name="second")
            self.first = layers.Conv2D(3, 3, name="first")

        def call(self, x):
            return self.head(tf.reduce_mean(self.second(self.first(x)), axis=(1, 2)))

    model = Subclassed()
    model(np.zeros((1, *SHAPE), np.float32))
    assert last_convolution(model, np.zeros((1, *SHAPE), np.float32)).name == "second"


def test_activations_after_a_branch_do_not_count(images):
    inputs = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, padding="same", name="last")(inputs)
    x = layers.ReLU()(layers.Add()([x, layers.Dense(4)(inputs)]))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.Flatten()(x)))
    assert last_convolution(model, images[:1]).name == "last"


def test_models_without_maps_are_named(model, images):
    plain = [keras.Input(SHAPE), layers.Flatten(), layers.Dense(2, activation="softmax")]
    dense = keras.Sequential(plain, name="only_dense")
    with pytest.raises(SmugError, match=r"only_dense.*no two-dimensional convolution"):
        gradcam(dense, images, np.zeros(4, int))
    with pytest.raises(SmugError, match="backbone_last"):
        gradcam(model, images, np.zeros(4, int), layer="backbone_lost")
    name = model.layers[-1].name
    with pytest.raises(SmugError, match=name):
        gradcam(model, images, np.zeros(4, int), layer=name)
    with pytest.raises(SmugError, match="target"):
        gradcam(model, images, np.full(4, 9))
