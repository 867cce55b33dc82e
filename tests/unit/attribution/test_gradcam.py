import keras
import numpy as np
import pytest
from keras import layers, ops

from smug.attribution.gradcam import gradcam, last_feature_maps
from smug.errors import SmugError
from smug.models.networks import efficientnet_lite0 as lite0
from smug.models.networks import inception_v1

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
    kernel = model.layers[-1].kernel.numpy().astype(float)
    combined = []
    for A, t in zip(maps, target, strict=True):
        weights = kernel[:, t] / A[..., 0].size  # each position has the same gradient
        combined.append(np.maximum((A * weights).sum(axis=-1), 0))
    return ops.image.resize(np.array(combined, np.float32)[..., None], SHAPE[:2])[..., 0]


@pytest.mark.parametrize("target", [[0, 1, 2, 0], [2, 0, 1, 1]])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_equals_the_closed_form(model, images, target):
    found = gradcam(model, images, np.array(target))
    assert found.shape == (4, 12, 10)
    assert found.min() >= 0
    assert found.max() > 0
    np.testing.assert_allclose(found, closed_form(model, images, target), rtol=1e-4, atol=1e-7)


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_named_layers_and_default_agree(model, images):
    target = np.array([0, 1, 2, 0])
    default = gradcam(model, images, target)
    np.testing.assert_array_equal(gradcam(model, images, target, layer="backbone_relu"), default)
    other = gradcam(model, images, target, layer="backbone_first")
    assert np.abs(other - default).max() > 1e-6


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_a_batch_equals_its_singles(model, images):
    target = np.array([0, 1, 2, 0])
    singles = [gradcam(model, images[i : i + 1], target[i : i + 1])[0] for i in range(4)]
    np.testing.assert_allclose(gradcam(model, images, target), singles, rtol=1e-4, atol=1e-7)


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_single_output_ignores_the_target(images):
    model = classifier(1, "sigmoid")
    zero, one = (gradcam(model, images, np.full(4, t)) for t in (0, 1))
    np.testing.assert_array_equal(zero, one)


@pytest.mark.tensorflow("a real network, which takes JAX a minute on a processor")
def test_last_maps_of_real_and_subclassed_models():
    network = lite0.build()
    assert last_feature_maps(network, np.zeros((1, 224, 224, 3))).name == "head_relu6"

    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = layers.Dense(2, activation="softmax")  # made first, run last
            self.second = layers.Conv2D(3, 3, activation="relu", name="second")
            self.first = layers.Conv2D(3, 3, name="first")

        def call(self, x):
            return self.head(ops.mean(self.second(self.first(x)), axis=(1, 2)))

    model = Subclassed()
    model(np.zeros((1, *SHAPE), np.float32))
    assert last_feature_maps(model, np.zeros((1, *SHAPE), np.float32)).name == "second"


def named(tensor, classes=2):
    """Small classifier on the mean of the maps."""
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(tensor)
    scores = layers.Conv2D(classes, 1, activation="softmax")(pooled)
    return layers.Reshape((classes,))(scores)


def test_the_maps_are_those_that_join_the_last_branches(images):
    inputs = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, padding="same", name="last")(inputs)
    added = layers.ReLU(name="joined")(layers.Add()([x, layers.Dense(4)(inputs)]))
    flat = layers.Dense(2, activation="softmax")(layers.Flatten()(added))
    assert last_feature_maps(keras.Model(inputs, flat), images[:1]).name == "joined"

    branches = [layers.Conv2D(3, size, padding="same", activation="relu") for size in (1, 3)]
    concatenated = layers.Concatenate(name="mixed")([branch(inputs) for branch in branches])
    model = keras.Model(inputs, named(concatenated))
    assert last_feature_maps(model, images[:1]).name == "mixed"


def test_a_plain_network_keeps_the_activation_before_its_last_pooling(images):
    inputs = keras.Input(SHAPE)
    x = layers.ReLU(name="last_relu")(layers.Conv2D(4, 3)(inputs))
    x = layers.Dropout(0.5)(layers.MaxPooling2D()(x))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.Flatten()(x)))
    assert last_feature_maps(model, images[:1]).name == "last_relu"


@pytest.mark.tensorflow("a real network, which takes JAX a minute on a processor")
def test_real_networks_with_branches():
    network = inception_v1.build(classes=5)
    image = np.zeros((1, 224, 224, 3), np.float32)
    assert last_feature_maps(network, image).name == "mixed_5b"
    small = np.zeros((1, 64, 64, 3), np.float32)
    for name, last in (("ResNet50", "conv5_block3_out"), ("DenseNet121", "relu")):
        build = getattr(keras.applications, name)
        network = build(weights=None, classes=5, input_shape=small.shape[1:])
        assert last_feature_maps(network, small).name == last


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_the_score_stands_before_the_softmax(images, apart):
    """A probability near 1 has no gradient left; its logit has."""
    linear, model = classifier(activation=None), classifier(activation="softmax")
    model.set_weights(linear.get_weights())
    kernel, bias = model.layers[-1].get_weights()
    for one in (linear, model):
        one.layers[-1].set_weights([kernel, bias + np.float32([200, 0, 0])])
    if apart:
        model = keras.Sequential([linear, layers.Softmax()])
    assert (np.asarray(model(images))[:, 0] == 1).all()
    found = gradcam(model, images, np.zeros(4, int))
    assert found.max() > 0
    np.testing.assert_array_equal(found, gradcam(linear, images, np.zeros(4, int)))


def test_an_activation_that_runs_twice(images):
    """A model of the user's own with one ReLU for all; its second run makes the last maps."""

    class Shared(keras.Model):
        def __init__(self, relus):
            super().__init__()
            self.convolutions = [layers.Conv2D(4, 3), layers.Conv2D(4, 3)]
            self.relus = relus
            self.pool, self.head = layers.GlobalAveragePooling2D(), layers.Dense(3)

        def call(self, x):
            for convolution, relu in zip(self.convolutions, self.relus, strict=True):
                x = relu(convolution(x))
            return self.head(self.pool(x))

    shared, apart = Shared([layers.ReLU()] * 2), Shared([layers.ReLU(), layers.ReLU()])
    for model in (shared, apart):
        model(images)
    apart.set_weights(shared.get_weights())
    right = gradcam(apart, images, np.array([0, 1, 2, 0]))
    assert right.max() > 0
    np.testing.assert_array_equal(gradcam(shared, images, np.array([0, 1, 2, 0])), right)


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
