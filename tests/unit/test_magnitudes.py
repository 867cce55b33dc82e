"""Numbers that a model's type cannot hold: one sentence, no overflow on the way."""

import keras
import numpy as np
import pytest
from keras import layers

import smug
from smug.errors import SmugError
from smug.methods import METHODS, method_settings
from smug.metrics.curves import deletion

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

X = np.random.default_rng(0).random((1, 6, 6, 1)).astype(np.float32)
LARGEST = r"3\.4028235e\+38"


def image_model(dtype="float32"):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 1), dtype=dtype)
    maps = layers.Conv2D(3, 3, activation="relu", dtype=dtype)(inputs)
    outputs = layers.Dense(3, "softmax", dtype=dtype)(layers.Flatten(dtype=dtype)(maps))
    return keras.Model(inputs, outputs, dtype=dtype)


def table_model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(3, "softmax")(layers.Dense(4, "relu")(inputs)))


class Subclass(keras.Model):
    def __init__(self):
        super().__init__()
        self.top = layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.top(x)


def large_values(method):
    """Numbers, arrays and pairs of 1e300 for each setting that takes them."""
    for name, setting in method_settings(method).items():
        if setting.parts == 2:
            yield name, (0, 1e300)
            yield name, (-1e300, np.ones(()))
        elif list in setting.kinds:
            yield name, np.full((6, 6, 1), -1e300)
        if float in setting.kinds:
            yield name, 1e300


@pytest.mark.parametrize(
    ("method", "name", "value"),
    [(method, name, value) for method in METHODS for name, value in large_values(method)],
)
def test_a_setting_beyond_the_largest_number_is_named(method, name, value):
    model, x = (table_model(), X[:, 0, :4, 0]) if method == "robust" else (image_model(), X)
    with pytest.raises(SmugError, match=rf"^{name}\b.*({LARGEST}|is outside)"):
        smug.explain(model, x, None, method, **{name: value})


@pytest.mark.parametrize("model", [image_model(), Subclass()])
def test_an_input_beyond_the_largest_number_is_named(model):
    x = X.astype(np.float64) if model.built else np.ones((1, 6))
    model(x.astype(np.float32))
    with pytest.raises(SmugError, match=rf"holds 1e\+300, .* float32 cannot hold: .*{LARGEST}"):
        smug.explain(model, x * 0 + 1e300, None, "gradients")


@pytest.mark.tensorflow("a model in float64, which JAX has only when told at its start")
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_a_model_in_float64_takes_larger_numbers():
    made = smug.explain(image_model("float64"), X, 0, "sis", replacement=1e200, limit=1)
    assert np.isfinite(made.values).all()


@pytest.mark.parametrize("value", [3e38, -3e38])
@pytest.mark.parametrize(
    "method",
    [
        pytest.param(
            "integrated_gradients",
            marks=pytest.mark.skipif(
                keras.backend.backend() == "torch", reason="torch's overflows, and says so"
            ),
        ),
        pytest.param("ggig", marks=pytest.mark.tensorflow("JAX's overflows, and says so")),
    ],
)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_what_overflows_on_the_way_is_no_warning_of_numpy(method, value):
    x = -np.sign(value) * X * np.float32(3e38)
    assert np.isfinite(smug.explain(image_model(), x, 0, method, baseline=value).values).all()


def test_the_replacement_of_a_curve_is_held_against_the_input_type():
    with pytest.raises(SmugError, match=rf"^replacement holds 1e\+300, .*{LARGEST}"):
        deletion(image_model(), X, [0], X[..., 0], replacement=1e300)
    pixels = keras.Sequential(
        [
            keras.Input((6, 6, 1), dtype="uint8"),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )
    with pytest.raises(SmugError, match=r"replacement holds 300\.0, .* uint8 .* from 0 to 255"):
        deletion(pixels, X.astype(np.uint8), [0], X[..., 0], replacement=300)
