"""``smug.explain`` on the kinds of models that users have."""

import keras
import numpy as np
import pytest
from keras import layers

import smug
from smug.methods import METHODS, method_settings
from smug.models.first_layer import find_first_layer

SETTINGS = {"smug": {"steps": 16, "top_k": 20, "gamma": 0.3}, "smug_base": {"steps": 16}}
SETTINGS["integrated_gradients"] = {"steps": 16}
SETTINGS["sis"] = {"limit": 1}


def sequential():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def functional():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6.0)(x)
    outputs = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, outputs)


def nested():
    keras.utils.set_random_seed(2)
    inputs = keras.Input((8, 8, 3))
    return keras.Model(inputs, sequential()(layers.Rescaling(2.0, -0.5)(inputs)))


MODELS = {"sequential": sequential, "functional": functional, "nested": nested}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return MODELS[request.param]()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((3, 8, 8, 3)).astype(np.float32)


@pytest.mark.parametrize(
    "method",
    [name for name in METHODS if name != "robust"],  # takes plain ReLUs only
)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_a_batch_equals_its_singles(model, images, method):
    settings = SETTINGS.get(method, {})
    batch = smug.explain(model, images, method=method, **settings)
    assert batch.values.shape[:3] == (3, 8, 8)
    assert (batch.mask is not None) == METHODS[method].mask
    assert batch.saliency().shape == (3, 8, 8)
    outputs = np.asarray(model(images))
    np.testing.assert_array_equal(batch.target, outputs.argmax(axis=1))
    np.testing.assert_allclose(batch.score, outputs.max(axis=1), rtol=1e-5)
    for i in range(3):
        single = smug.explain(model, images[i], method=method, **settings)
        assert len(single) == 1
        scale = np.abs(batch.values[i]).max()
        np.testing.assert_allclose(single.values[0], batch.values[i], rtol=1e-4, atol=1e-5 * scale)
        if batch.mask is not None:
            np.testing.assert_array_equal(single.mask[0], batch.mask[i])


def test_a_smug_mask_is_proven_and_scores_lie_on_it(model, images):
    made = smug.explain(model, images, **SETTINGS["smug"])
    assert made.solver["status"].tolist() == ["optimal"] * 3
    np.testing.assert_array_equal(made.mask.sum(axis=(1, 2)), made.solver["objective"])
    assert (made.values[~made.mask] == 0).all()
    assert (made.values[made.mask] > 0).all()


def test_the_target_can_be_chosen(images):
    model = sequential()
    one = smug.explain(model, images, 2, "gradients")
    each = smug.explain(model, images, np.array([2, 2, 2]), "gradients")
    np.testing.assert_array_equal(one.values, each.values)
    assert one.target.tolist() == [2, 2, 2]
    with pytest.raises(smug.SmugError, match="3"):
        smug.explain(model, images, 3, "gradients")


def test_a_digit_model_is_explained_on_its_pixels():
    keras.utils.set_random_seed(0)
    from smug.models.networks import mnist_mlp

    made = smug.explain(mnist_mlp.build((8,)), np.full((28, 28), 0.5, np.float32), gamma=0.5)
    assert made.mask.shape == (1, 28, 28)
    assert made.solver["status"][0] in ("optimal", "feasible")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"method": "smugg"}, "unknown method 'smugg'; known: .*gradcam, .*Did you mean 'smug'"),
        ({"topk": 3}, "unknown setting of method 'smug' 'topk'; known: .*Did you mean 'top_k'"),
        ({"gamma": 1.0}, r"gamma=1.0 is outside \[0, 1\)"),
        ({"top_k": 10**6}, "top_k=1000000 is outside"),
        ({"window": 9}, r"window=9 is outside \[1, 8\]"),
        ({"solver": "cplex"}, "unknown solver 'cplex'"),
        ({"x": np.full((8, 8, 3), np.nan)}, "NaN"),
        ({"x": np.zeros((7, 8, 3))}, r"\(1, 7, 8, 3\).*\(None, 8, 8, 3\)"),
        ({"x": np.zeros((0, 8, 8, 3))}, "no input"),
    ],
)
def test_mistakes_are_named(images, call, said):
    settings = {"x": images[0], "steps": 4} | call
    with pytest.raises(smug.SmugError, match=said):
        smug.explain(sequential(), **settings)


def test_models_without_a_linear_first_layer_are_refused(images):
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(2)]
    )
    with pytest.raises(smug.SmugError, match="MaxPooling2D"):
        smug.explain(model, images)


@pytest.mark.parametrize("method", [m for m in METHODS if "layer" in method_settings(m)])
def test_a_layer_may_be_given_by_its_name(images, method):
    model = sequential()
    layer = model.layers[0]
    settings = SETTINGS.get(method, {})
    by_name = smug.explain(model, images[:1], method=method, layer=layer.name, **settings)
    given = find_first_layer(model) if method.startswith("smug") else layer
    same = smug.explain(model, images[:1], method=method, layer=given, **settings)
    np.testing.assert_array_equal(by_name.values, same.values)
